//! A store that several services share, each over a connection of its own that can be cut.

use crate::signature::signature;
use async_trait::async_trait;
use aws_credential_types::Credentials as Signing;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use trent_core::AccountId;
use trent_iam::Request;
use trent_keystore::root_key::Access;
use trent_service::root_keys::RootKeys;
use trent_service::{Credential, Credentials, Origin, Service, Settings};
use trent_store::{
    Change, Changes, Kind, Record, RecordId, Snapshot, SqliteStore, Store, StoreError,
};
use zeroize::Zeroizing;

/// Long enough that a busy machine is not taken for a node that is cut off.
pub(crate) const BOUND: Duration = Duration::from_millis(1500);

/// What all nodes share.
pub(crate) struct Database {
    records: SqliteStore,
    /// What was changed; none: everything.
    log: tokio::sync::Mutex<Vec<Option<Vec<RecordId>>>>,
    length: watch::Sender<usize>,
    claims: Mutex<HashMap<String, (String, Instant)>>,
    /// Whether claims are heeded.
    pub(crate) has_claims: AtomicBool,
}

impl Database {
    pub(crate) async fn new() -> Arc<Self> {
        Arc::new(Self {
            records: SqliteStore::open_in_memory().await.unwrap(),
            log: tokio::sync::Mutex::default(),
            length: watch::Sender::new(0),
            claims: Mutex::default(),
            has_claims: AtomicBool::new(true),
        })
    }
}

/// What has become of the way to the database.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Open,
    /// Every call fails at once.
    Refusing,
    /// No call returns.
    Hanging,
}

/// How commits end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Commits {
    Answered,
    /// They take a while.
    Slow,
    /// They are carried out, and the way is cut before the answer has come.
    Lost,
}

pub(crate) struct Connection {
    database: Arc<Database>,
    way: AtomicU8,
    commits: AtomicU8,
    /// Whether changes of others are told late: the node polls, and nobody wakes it.
    is_deaf: AtomicBool,
}

impl Connection {
    async fn reach(&self) -> Result<&SqliteStore, StoreError> {
        match self.way.load(Ordering::SeqCst) {
            0 => Ok(&self.database.records),
            1 => Err(StoreError::Unavailable(Arc::from(Box::from("cut off")))),
            _ => std::future::pending().await,
        }
    }

    async fn write(
        &self,
        changed: Option<Vec<RecordId>>,
        write: impl Future<Output = Result<(), StoreError>>,
    ) -> Result<(), StoreError> {
        let mut log = self.database.log.lock().await;
        write.await?;
        log.push(changed);
        self.database.length.send_replace(log.len());
        Ok(())
    }
}

fn id_of(change: &Change) -> RecordId {
    match change {
        Change::Put(record) | Change::Restore(record) => record.id.clone(),
        Change::Reseal { id, .. }
        | Change::Delete { id, .. }
        | Change::Expect { id, .. }
        | Change::ExpectAbsent { id } => id.clone(),
    }
}

#[async_trait]
impl Store for Connection {
    async fn commit(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        let records = self.reach().await?;
        let changed = changes
            .iter()
            .filter(|change| !matches!(change, Change::Expect { .. } | Change::ExpectAbsent { .. }))
            .map(id_of)
            .collect();
        let commits = self.commits.load(Ordering::SeqCst);
        if commits == Commits::Slow as u8 {
            tokio::time::sleep(SLOW).await;
        }
        let written = self.write(Some(changed), records.commit(changes)).await;
        if commits == Commits::Lost as u8 {
            self.way.store(Way::Hanging as u8, Ordering::SeqCst);
            self.reach().await?;
        }
        written
    }

    async fn get(&self, id: &RecordId) -> Result<Option<Record>, StoreError> {
        self.reach().await?.get(id).await
    }

    async fn find(
        &self,
        kind: Kind,
        region: &str,
        name: &str,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        self.reach().await?.find(kind, region, name, limit).await
    }

    async fn list(
        &self,
        kind: Kind,
        account: &str,
        region: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        self.reach().await?.list(kind, account, region, after, limit).await
    }

    async fn list_names(
        &self,
        kind: Kind,
        account: &str,
        region: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        self.reach().await?.list_names(kind, account, region, after, limit).await
    }

    async fn list_owned(
        &self,
        kind: Kind,
        account: &str,
        region: &str,
        owner: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        self.reach().await?.list_owned(kind, account, region, owner, after, limit).await
    }

    async fn scan(&self, after: Option<&RecordId>, limit: u32) -> Result<Vec<Record>, StoreError> {
        self.reach().await?.scan(after, limit).await
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        self.reach().await?.snapshot().await
    }

    async fn due(&self, until: i64, limit: u32) -> Result<Vec<Record>, StoreError> {
        self.reach().await?.due(until, limit).await
    }

    async fn due_in(&self, part: u32, until: i64, limit: u32) -> Result<Vec<Record>, StoreError> {
        self.reach().await?.due_in(part, until, limit).await
    }

    async fn next_due(&self) -> Result<Option<i64>, StoreError> {
        self.reach().await?.next_due().await
    }

    async fn count(&self, kind: Kind, account: &str, region: &str) -> Result<u64, StoreError> {
        self.reach().await?.count(kind, account, region).await
    }

    async fn count_owned(
        &self,
        kind: Kind,
        account: &str,
        region: &str,
        owner: &str,
    ) -> Result<u64, StoreError> {
        self.reach().await?.count_owned(kind, account, region, owner).await
    }

    async fn clear(&self) -> Result<(), StoreError> {
        let records = self.reach().await?;
        self.write(None, records.clear()).await
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn changes(&self, after: u64) -> Result<Changes, StoreError> {
        self.reach().await?;
        let log = self.database.log.lock().await;
        let after = usize::try_from(after).unwrap();
        let records: Option<Vec<Vec<RecordId>>> = log[after..].iter().cloned().collect();
        let sequence = u64::try_from(log.len()).unwrap();
        Ok(Changes { sequence, records: records.map(|records| records.concat()) })
    }

    async fn await_change(&self, after: u64, at_most: Duration) {
        let mut length = self.database.length.subscribe();
        let after = usize::try_from(after).unwrap();
        let is_deaf = self.is_deaf.load(Ordering::SeqCst);
        let change = length.wait_for(|length| *length > after && !is_deaf);
        let _ = tokio::time::timeout(at_most, change).await;
    }

    async fn claim(&self, work: &str, node: &str, lease: Duration) -> Result<bool, StoreError> {
        self.reach().await?;
        if !self.database.has_claims.load(Ordering::SeqCst) {
            return Ok(true);
        }
        let mut claims = self.database.claims.lock().unwrap();
        let now = Instant::now();
        let is_taken = claims.get(work).is_some_and(|(owner, until)| owner != node && *until > now);
        if !is_taken {
            claims.insert(work.to_owned(), (node.to_owned(), now + lease));
        }
        Ok(!is_taken)
    }

    async fn close(&self) {}
}

/// A service with a connection of its own.
pub(crate) struct Node {
    pub(crate) service: Arc<Service>,
    pub(crate) root_keys: Arc<RootKeys>,
    connection: Arc<Connection>,
    following: JoinHandle<()>,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.following.abort();
    }
}

/// Three nodes over one database.
pub(crate) async fn nodes(change: impl Fn(&mut Settings)) -> (Arc<Database>, [Node; 3]) {
    let database = Database::new().await;
    let nodes = [
        Node::new(&database, &change).await,
        Node::new(&database, &change).await,
        Node::new(&database, &change).await,
    ];
    (database, nodes)
}

impl Node {
    pub(crate) async fn new(database: &Arc<Database>, change: &impl Fn(&mut Settings)) -> Self {
        let account = AccountId::parse(ACCOUNT).unwrap();
        let secret = Zeroizing::new(SECRET.to_owned()).into();
        // It is known without the store.
        let known = Credential { access_key_id: ACCOUNT.to_owned(), secret, account };
        let credentials = Credentials::accepting_unknown(account, vec![known]);
        let mut settings =
            Settings { staleness_bound: BOUND, ..Settings::new(credentials).unwrap() };
        change(&mut settings);
        let connection = Arc::new(Connection {
            database: Arc::clone(database),
            way: AtomicU8::new(0),
            commits: AtomicU8::new(0),
            is_deaf: AtomicBool::new(false),
        });
        let access = Access::File(Zeroizing::new(vec![0x51; 32]));
        let root_keys = RootKeys::open(Arc::clone(&connection) as _, access).await.unwrap();
        let service = Service::open(Arc::clone(&root_keys), settings).await.unwrap();
        let service = Arc::new(service);
        let following = tokio::spawn({
            let service = Arc::clone(&service);
            async move { service.follow().await }
        });
        Self { service, root_keys, connection, following }
    }

    pub(crate) fn cut(&self, way: Way) {
        self.connection.way.store(way as u8, Ordering::SeqCst);
    }

    pub(crate) fn let_commits_be(&self, commits: Commits) {
        self.connection.commits.store(commits as u8, Ordering::SeqCst);
    }

    /// The node is not told of changes any more, and must ask.
    pub(crate) fn deafen(&self) {
        self.connection.is_deaf.store(true, Ordering::SeqCst);
    }

    /// Stops following, as if the process had no time for it.
    pub(crate) fn stop_following(&self) {
        self.following.abort();
    }

    /// Calls an operation as the root of the account; its reply, or the name of its exception.
    pub(crate) async fn call(&self, operation: &str, request: Value) -> Result<Value, String> {
        self.call_as(ACCOUNT, operation, request).await
    }

    /// Calls an operation with an access key, such as the digits of an account.
    pub(crate) async fn call_as(
        &self,
        access_key: &str,
        operation: &str,
        request: Value,
    ) -> Result<Value, String> {
        let body = request.to_string();
        let target = format!("TrentService.{operation}");
        let mut headers = vec![
            ("host".to_owned(), "localhost".to_owned()),
            ("content-type".to_owned(), "application/x-amz-json-1.1".to_owned()),
            ("x-amz-target".to_owned(), target),
        ];
        let credentials = Signing::new(access_key, SECRET, None, None, "test");
        let signed = signature(credentials, "kms", &headers, body.as_bytes());
        headers.extend(signed);
        let headers: Vec<(&str, &[u8])> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let body = body.as_bytes();
        let request = Request { method: "POST", path: "/", query: "", headers: &headers, body };
        let answer = self.service.answer(&request, Origin::default(), "request").await;
        let reply: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        match answer.error {
            Some(code) if code.as_str() == "ServiceUnavailable" => {
                assert_eq!(answer.status, 503);
                Err(code.as_str().to_owned())
            }
            Some(code) => Err(code.as_str().to_owned()),
            None => Ok(reply),
        }
    }

    /// A new key.
    pub(crate) async fn key(&self) -> String {
        let reply = self.call("CreateKey", json!({})).await.unwrap();
        reply["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn encrypt(&self, key: &str) -> Result<Value, String> {
        self.call("Encrypt", json!({"KeyId": key, "Plaintext": "eA=="})).await
    }
}

/// Waits until what is asked for is so; says how long that took. Panics where it takes longer than
/// the bound and what a busy machine may need.
pub(crate) async fn within_bound(mut is_so: impl AsyncFnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < BOUND, "not within the bound");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    begun.elapsed()
}

/// How long a slow commit takes.
pub(crate) const SLOW: Duration = Duration::from_millis(200);

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const OTHER: &str = "444455556666";

const SECRET: &str = "secret";
