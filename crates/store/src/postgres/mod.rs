//! The store in a PostgreSQL database, which several nodes may share.
//!
//! - [`options`]: where the database is and how to log in.
//! - [`queries`]: every SQL statement of the store.
//! - [`connections`]: opening, sharing and closing connections.
//! - [`schema`]: recognizing a database and bringing it up to date.
//! - [`transaction`]: a batch of change sets, written.
//! - [`snapshot`]: reading everything as it is at one point in time.
//! - [`listener`]: hearing of the commits of other nodes.

mod connections;
mod listener;
mod options;
mod queries;
mod schema;
mod snapshot;
mod transaction;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgRow, Postgres};
use sqlx::query::Query;
use tokio::time::{sleep, timeout};
use url::Url;

use self::connections::{
    ANSWER_TIMEOUT, Pool, failure, is_conflict, is_disconnected, is_text_with_nul, within,
};
use self::listener::Listener;
use self::schema::State;
use self::snapshot::PostgresSnapshot;
use self::transaction::Failure;
use crate::error::StoreError;
use crate::record::{Change, Kind, Record, RecordId, check_changes, check_claim, check_limit};
use crate::row::{self, column, number};
use crate::writer::{Backend, Work, Writer};
use crate::{Changes, Snapshot, Store};

/// How to log in to a database. Has the password in it, which it does not show.
#[derive(Clone)]
pub(crate) struct Login(PgConnectOptions);

impl Login {
    /// From a `postgres:` URL. What is wrong with it is told without the password.
    pub(crate) fn parse(url: &Url) -> Result<Self, String> {
        options::options(url).map(Self)
    }

    pub(crate) fn with_password(self, password: &str) -> Self {
        Self(self.0.password(password))
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

/// A store in a PostgreSQL database.
///
/// It belongs to the tokio runtime in which it was opened. Dropping it closes it as
/// [`Store::close`] does, in the background.
#[derive(Debug)]
pub(crate) struct PostgresStore {
    database: Arc<Database>,
    writer: Writer,
    listener: Listener,
}

impl PostgresStore {
    /// Logs in and brings the schema up to date.
    ///
    /// # Errors
    /// - [`StoreError::Foreign`]: the schema has tables of some other program.
    /// - [`StoreError::Newer`]: it was written by a newer version of this program.
    /// - [`StoreError::Unavailable`]: it cannot be reached, or not be written to.
    pub(crate) async fn open(login: &Login) -> Result<Self, StoreError> {
        Self::open_or(login, schema::Missing::IsMade).await
    }

    /// As [`open`](Self::open), but without tables of ours nothing is made:
    /// [`StoreError::Foreign`].
    pub(crate) async fn open_existing(login: &Login) -> Result<Self, StoreError> {
        Self::open_or(login, schema::Missing::IsRefused).await
    }

    async fn open_or(Login(options): &Login, missing: schema::Missing) -> Result<Self, StoreError> {
        let writing = Pool::new(options, 1);
        let channel = schema::prepare(&writing, missing).await?;
        let listener = Listener::start(options.clone(), channel.clone());
        let database = Arc::new(Database {
            reading: Pool::new(options, READERS),
            asking: Pool::new(options, ASKERS),
            writing,
            channel,
        });
        let writer = Writer::start(Arc::clone(&database));
        Ok(Self { database, writer, listener })
    }

    async fn read(&self, query: impl Fn() -> Statement) -> Result<Vec<PgRow>, StoreError> {
        fetch(&self.database.reading, query).await
    }

    async fn read_records(&self, query: impl Fn() -> Statement) -> Result<Vec<Record>, StoreError> {
        self.read(query).await?.iter().map(row::record).collect()
    }

    async fn read_count(&self, query: impl Fn() -> Statement) -> Result<u64, StoreError> {
        self.read(query).await?.first().map_or(Ok(0), |row| number(row, 0))
    }
}

type Statement = Query<'static, Postgres, PgArguments>;

/// The connections by their purpose, so that none waits for another: a node must learn of changes
/// and keep its claims while it is busy reading.
#[derive(Debug)]
struct Database {
    reading: Pool,
    writing: Pool,
    asking: Pool,
    /// On which commits are told.
    channel: String,
}

/// Executes a query that may be executed again: when the connection turns out to be broken, once
/// more on a new one.
async fn fetch(pool: &Pool, query: impl Fn() -> Statement) -> Result<Vec<PgRow>, StoreError> {
    let mut lease = pool.acquire().await?;
    let mut result = within(ANSWER_TIMEOUT, query().fetch_all(&mut lease.connection)).await;
    if result.as_ref().is_err_and(is_disconnected) {
        drop(lease);
        lease = pool.acquire_new().await?;
        result = within(ANSWER_TIMEOUT, query().fetch_all(&mut lease.connection)).await;
    }
    match result {
        Ok(rows) => {
            lease.give_back();
            Ok(rows)
        }
        // No record has one.
        Err(error) if is_text_with_nul(&error) => Ok(Vec::new()),
        // The connection is not given back.
        Err(error) => Err(failure(error)),
    }
}

impl Backend for Database {
    async fn transact(&self, works: Vec<Work>) -> Result<Vec<bool>, StoreError> {
        // When it takes too long, nobody knows how far it has come, as with a failed commit.
        let late = |_| StoreError::unavailable("a transaction took too long");
        timeout(TRANSACTION_TIMEOUT, self.transact_patiently(&works)).await.map_err(late)?
    }

    async fn close(&self) {
        for pool in [&self.writing, &self.asking, &self.reading] {
            pool.close().await;
        }
    }
}

impl Database {
    /// Again, as long as nothing was written and it may succeed.
    async fn transact_patiently(&self, works: &[Work]) -> Result<Vec<bool>, StoreError> {
        let mut attempt = 1;
        loop {
            let mut lease = match attempt {
                1 => self.writing.acquire().await?,
                _ => self.writing.acquire_new().await?,
            };
            let result = transaction::transact(&mut lease.connection, works, &self.channel).await;
            let error = match result {
                Ok(held) => {
                    lease.give_back();
                    return Ok(held);
                }
                Err(Failure::Store(error)) => return Err(error),
                Err(Failure::AtCommit(error)) if !is_conflict(&error) => {
                    return Err(failure(error));
                }
                Err(Failure::AtCommit(error) | Failure::Before(error)) => error,
            };
            if attempt == ATTEMPTS || !(is_conflict(&error) || is_disconnected(&error)) {
                return Err(failure(error));
            }
            tracing::debug!(%error, attempt, "a transaction is tried again");
            drop(lease);
            sleep(RETRY_PAUSE * attempt).await;
            attempt += 1;
        }
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn commit(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        check_changes(&changes)?;
        self.writer.write(Work::Commit(changes)).await
    }

    async fn get(&self, id: &RecordId) -> Result<Option<Record>, StoreError> {
        let RecordId { kind, account, region, name } = id;
        let query = || {
            let query = sqlx::query(queries::GET).bind(kind.code()).bind(account.as_str());
            query.bind(region.as_str()).bind(name.as_str())
        };
        Ok(self.read_records(query).await?.pop())
    }

    async fn find(
        &self,
        kind: Kind,
        region: &str,
        name: &str,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        check_limit(limit)?;
        self.read_records(|| {
            let query = sqlx::query(queries::FIND).bind(kind.code());
            query.bind(region).bind(name).bind(i64::from(limit))
        })
        .await
    }

    async fn list(
        &self,
        kind: Kind,
        account: &str,
        region: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        check_limit(limit)?;
        self.read_records(|| {
            let query = sqlx::query(queries::LIST).bind(kind.code()).bind(account).bind(region);
            query.bind(after.unwrap_or("")).bind(i64::from(limit))
        })
        .await
    }

    async fn list_names(
        &self,
        kind: Kind,
        account: &str,
        region: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        check_limit(limit)?;
        let query = || {
            let query = sqlx::query(queries::LIST_NAMES).bind(kind.code()).bind(account);
            query.bind(region).bind(after.unwrap_or("")).bind(i64::from(limit))
        };
        self.read(query).await?.iter().map(|row| column(row, 0)).collect()
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
        check_limit(limit)?;
        self.read_records(|| {
            let query = sqlx::query(queries::LIST_OWNED).bind(kind.code()).bind(account);
            let query = query.bind(region).bind(owner).bind(after.unwrap_or(""));
            query.bind(i64::from(limit))
        })
        .await
    }

    async fn scan(&self, after: Option<&RecordId>, limit: u32) -> Result<Vec<Record>, StoreError> {
        check_limit(limit)?;
        // Kinds begin at 1.
        let kind = after.map_or(0, |id| id.kind.code());
        let [account, region, name] = after
            .map_or(["", "", ""], |RecordId { account, region, name, .. }| [account, region, name]);
        self.read_records(|| {
            let query = sqlx::query(queries::SCAN).bind(kind).bind(account).bind(region);
            query.bind(name).bind(i64::from(limit))
        })
        .await
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        Ok(Box::new(PostgresSnapshot::take(&self.database.reading).await?))
    }

    async fn due(&self, until: i64, limit: u32) -> Result<Vec<Record>, StoreError> {
        check_limit(limit)?;
        self.read_records(|| sqlx::query(queries::DUE).bind(until).bind(i64::from(limit))).await
    }

    async fn due_in(&self, part: u32, until: i64, limit: u32) -> Result<Vec<Record>, StoreError> {
        check_limit(limit)?;
        self.read_records(|| {
            let query = sqlx::query(queries::DUE_IN).bind(until).bind(i64::from(part));
            query.bind(i64::from(limit))
        })
        .await
    }

    async fn next_due(&self) -> Result<Option<i64>, StoreError> {
        let rows = self.read(|| sqlx::query(queries::NEXT_DUE)).await?;
        rows.first().map(|row| column(row, 0)).transpose()
    }

    async fn count(&self, kind: Kind, account: &str, region: &str) -> Result<u64, StoreError> {
        self.read_count(|| sqlx::query(queries::COUNT).bind(kind.code()).bind(account).bind(region))
            .await
    }

    async fn count_owned(
        &self,
        kind: Kind,
        account: &str,
        region: &str,
        owner: &str,
    ) -> Result<u64, StoreError> {
        self.read_count(|| {
            let query = sqlx::query(queries::COUNT_OWNED).bind(kind.code()).bind(account);
            query.bind(region).bind(owner)
        })
        .await
    }

    async fn clear(&self) -> Result<(), StoreError> {
        self.writer.write(Work::Clear).await
    }

    fn is_shared(&self) -> bool {
        true
    }

    async fn changes(&self, after: u64) -> Result<Changes, StoreError> {
        let after_signed = i64::try_from(after).unwrap_or(i64::MAX);
        let query = || sqlx::query(queries::CHANGES).bind(after_signed).bind(CHANGES_TOLD_MAX);
        let rows = fetch(&self.database.asking, query).await?;
        let first = rows.first().ok_or_else(|| StoreError::damaged("`trent_store` is empty"))?;
        let State { sequence, trimmed } = State::of(first)?;
        if column(first, 3)? {
            return Err(StoreError::unavailable("the database has become a standby"));
        }
        if after == sequence {
            return Ok(Changes { sequence, records: Some(Vec::new()) });
        }
        // Less than all, or a state of before a restoration: it cannot be told.
        let is_all = after.checked_add(rows.len() as u64) == Some(sequence);
        if after < trimmed || !is_all {
            return Ok(Changes { sequence, records: None });
        }
        let records = rows.iter().map(|row| row::record_id(row, 4));
        let mut records = records.collect::<Result<Vec<_>, _>>()?;
        records.sort_unstable();
        records.dedup();
        Ok(Changes { sequence, records: Some(records) })
    }

    async fn await_change(&self, after: u64, at_most: Duration) {
        self.listener.await_sequence(after, at_most).await;
    }

    async fn claim(&self, work: &str, node: &str, lease: Duration) -> Result<bool, StoreError> {
        check_claim(work, node)?;
        let micros = i64::try_from(lease.min(LEASE_MAX).as_micros()).unwrap_or(i64::MAX);
        let query = || sqlx::query(queries::CLAIM).bind(work).bind(node).bind(micros);
        Ok(!fetch(&self.database.asking, query).await?.is_empty())
    }

    async fn close(&self) {
        self.listener.stop();
        self.writer.close().await;
    }
}

/// Readers of a node. A reading is short, and a connection costs the database some megabytes.
const READERS: usize = 8;

/// Connections for changes and claims.
const ASKERS: usize = 2;

/// How often a transaction is tried that has written nothing, and how long to wait in between.
const ATTEMPTS: u32 = 3;
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// How long a transaction takes at most, with all its attempts.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(30);

/// Changes that are told at once. Whoever has missed more begins anew.
const CHANGES_TOLD_MAX: i64 = 10_000;

/// As long as a year.
const LEASE_MAX: Duration = Duration::from_hours(365 * 24);
