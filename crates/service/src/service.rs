//! The service: what all requests and jobs share, and how keys and aliases are read and written.

use crate::audit::AuditSink;
use crate::authenticate::Credentials;
use crate::authorize::request::RequestFacts;
use crate::cache::{AliasId, Cache, GrantsByGrantee, OpenKey};
use crate::change_set::ChangeSet;
use crate::clock::Clock;
use crate::error::{ServiceError, from_key_store, from_store, too_old};
use crate::events::EventSink;
use crate::events::outbox::Outbox;
use crate::following::Following;
use crate::freshness::Freshness;
use crate::identity::directory::Directory;
use crate::jobs::JobStatus;
use crate::key_quota::KeyCounts;
use crate::last_usage::LastUsages;
use crate::material::material_spec;
use crate::measures::StoreCounts;
use crate::measures::measured_store::MeasuredStore;
use crate::records::{Records, Versioned, alias_record_id, grant_record_id, key_record_id};
use crate::root_keys::RootKeys;
use crate::throttle::Throttle;
use crate::token::Tokens;
use crate::web_identity::WebIdentities;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard, Notify, Semaphore};
use trent_api::KmsError;
use trent_core::key_material::Sealed;
use trent_core::lifecycle::{NewKey, NewKind};
use trent_core::managed;
use trent_core::{
    AccountId, Alias, Grant, KeyArn, KeyId, KeyMaterial, KeyMaterialId, KmsKey, Region,
};
use trent_crypto::attestation::Roots;
use trent_keystore::software::SoftwareKeyStore;
use trent_store::{Store, StoreError, bounds};

/// What an operator chooses.
pub struct Settings {
    /// Who may sign requests.
    pub credentials: Credentials,
    /// The account of callers without one of their own, and of seeds.
    pub account: AccountId,
    /// The Region of seeds.
    pub region: Region,
    /// The Regions that are answered, and keys replicated to; all of them when it is empty.
    pub regions: Vec<Region>,
    /// How long an on-demand rotation takes.
    pub on_demand_rotation_delay: SignedDuration,
    /// Whether CreateKey heeds the tags `_custom_id_` and `_custom_key_material_`.
    pub custom_keys: bool,
    /// How long a replica key is Creating, and keys that exchange their roles are Updating.
    pub replication_delay: SignedDuration,
    /// What attestation documents of recipients must chain up to.
    pub attestation_roots: Roots,
    /// Whether the request quotas of AWS KMS are enforced.
    pub throttle: bool,
    /// How many customer managed keys an account may have in a Region.
    pub keys_per_region_max: u32,
    /// How many opened keys (and as many aliases) are kept in memory.
    pub cached_keys_max: u64,
    /// Whether key policies, IAM policies and grants decide who may do what.
    pub enforce: bool,
    /// Whose web identity tokens are accepted; nobody's without.
    pub web_identities: Option<WebIdentities>,
    /// Where the audit log is kept; without it there is none.
    pub audit: Option<Arc<dyn AuditSink>>,
    /// Where nodes share a store: how old what this one knows of the others may be.
    pub staleness_bound: Duration,
    /// Where events go, each sink once; without any there are none.
    pub event_sinks: Vec<EventSink>,
}

impl Settings {
    /// The usual settings: everything enforced, nothing delayed, no quota of requests.
    pub fn new(credentials: Credentials) -> Result<Self, ServiceError> {
        let failed = |what: &str| ServiceError::Internal(what.to_owned());
        let roots = Roots::from_pem(AWS_NITRO_ROOT);
        Ok(Self {
            credentials,
            account: AccountId::parse("000000000000").ok_or_else(|| failed("no account"))?,
            region: Region::parse("us-east-1").ok_or_else(|| failed("no Region"))?,
            regions: Vec::new(),
            on_demand_rotation_delay: SignedDuration::ZERO,
            custom_keys: false,
            replication_delay: SignedDuration::ZERO,
            attestation_roots: roots.map_err(|error| failed(&error.to_string()))?,
            throttle: false,
            keys_per_region_max: KEYS_PER_REGION_MAX,
            cached_keys_max: CACHED_KEYS_MAX,
            enforce: true,
            web_identities: None,
            audit: None,
            staleness_bound: STALENESS_BOUND,
            event_sinks: Vec::new(),
        })
    }
}

/// Customer managed keys that an account may have in a Region unless the operator says otherwise
/// (AWS KMS Developer Guide, "Resource quotas").
pub const KEYS_PER_REGION_MAX: u32 = 100_000;

/// Keys kept opened in memory unless the operator says otherwise.
pub const CACHED_KEYS_MAX: u64 = 100_000;

/// How old what a node knows of the others may be, unless the operator says otherwise.
pub const STALENESS_BOUND: Duration = Duration::from_secs(2);

/// A key management service over one store.
pub struct Service {
    pub(crate) settings: Settings,
    /// The name of this node among those that share the store.
    pub(crate) node: String,
    pub(crate) clock: Clock,
    /// Never a store as such, but one that `root_keys` gives.
    pub(crate) store: Arc<dyn Store>,
    pub(crate) root_keys: Arc<RootKeys>,
    pub(crate) store_counts: Arc<StoreCounts>,
    pub(crate) records: Arc<Records>,
    pub(crate) key_store: SoftwareKeyStore,
    /// None where nobody else writes to the store.
    pub(crate) freshness: Option<Freshness>,
    pub(crate) following: Following,
    pub(crate) cache: Arc<Cache>,
    pub(crate) key_counts: Arc<KeyCounts>,
    pub(crate) tokens: Tokens,
    pub(crate) directory: Directory,
    /// None where requests are not limited.
    pub(crate) throttle: Option<Throttle>,
    pub(crate) job_status: JobStatus,
    pub(crate) last_usages: LastUsages,
    /// Records of what the jobs did that are not kept yet.
    pub(crate) unkept_events: std::sync::Mutex<Vec<Vec<u8>>>,
    /// Of each sink of events.
    pub(crate) outboxes: Vec<Outbox>,
    /// Places for work that takes long.
    pub(crate) slow_work: Semaphore,
    /// Something may have become due.
    pub(crate) wake_jobs: Notify,
    /// Held while due jobs are run or time is played through.
    pub(crate) running_jobs: Mutex<()>,
    /// Changes of one key or alias wait for each other here instead of racing in the store.
    changing: Vec<Mutex<()>>,
}

impl Service {
    /// Opens the service over a store of which the store keys have been opened.
    pub async fn open(root_keys: Arc<RootKeys>, settings: Settings) -> Result<Self, ServiceError> {
        let store_counts = Arc::default();
        let store: Arc<dyn Store> = Arc::new(MeasuredStore::new(root_keys.store(), &store_counts));
        let records = root_keys.records();
        let freshness = store.is_shared().then(|| Freshness::new(settings.staleness_bound));
        // Before anything is read that is kept.
        let following = Following::begin(&*store, freshness.as_ref()).await?;
        let clock = crate::time_travel::stored_clock(&*store, &records).await?;
        Ok(Self {
            node: uuid::Uuid::new_v4().to_string(),
            freshness,
            following,
            clock,
            cache: Arc::new(Cache::new(settings.cached_keys_max)),
            directory: Directory::new(Arc::clone(&store)),
            key_counts: Arc::new(KeyCounts::new()),
            throttle: settings.throttle.then(Throttle::new),
            outboxes: settings.event_sinks.iter().copied().map(Outbox::new).collect(),
            settings,
            store,
            store_counts,
            records: Arc::new(records),
            key_store: root_keys.key_store(),
            tokens: Tokens::new(root_keys.ring()),
            root_keys,
            job_status: JobStatus::default(),
            last_usages: LastUsages::default(),
            unkept_events: std::sync::Mutex::default(),
            slow_work: Semaphore::new(slow_work_places()),
            wake_jobs: Notify::new(),
            running_jobs: Mutex::new(()),
            changing: (0..CHANGE_LOCKS).map(|_| Mutex::new(())).collect(),
        })
    }

    /// Whether there are keys of this Region here.
    pub(crate) fn has_region(&self, region: &Region) -> bool {
        self.settings.regions.is_empty() || self.settings.regions.contains(region)
    }

    /// The clock of the service.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whether the store answers, what other nodes do is known, and the audit log can be written.
    pub async fn is_ready(&self) -> bool {
        let audit = self.settings.audit.as_ref();
        if self.freshness.as_ref().is_some_and(|freshness| !freshness.is_current()) {
            return false;
        }
        let asked = async { self.store.next_due().await.map_err(from_store) };
        let answers = self.unless_silent(&RequestFacts::default(), asked).await.is_ok();
        answers && audit.is_none_or(|sink| sink.failure().is_none())
    }

    /// Finishes what is under way in the store and closes it.
    pub async fn close(&self) {
        self.write_last_usages().await;
        // What was cut off must not wait until claims end by themselves.
        if self.store.is_shared() {
            self.give_up_all().await;
        }
        self.store.close().await;
        if let Err(error) = self.keep_events().await {
            tracing::error!(%error, "events were lost");
        }
        if let Some(sink) = &self.settings.audit {
            sink.close();
        }
    }

    /// The key of this ARN, opened, or none.
    pub(crate) async fn key(&self, arn: &KeyArn) -> Result<Option<Arc<OpenKey>>, KmsError> {
        if let Some(key) = self.cache.key(arn) {
            return Ok(Some(key));
        }
        let mark = self.cache.mark(arn);
        let Some(record) = self.store.get(&key_record_id(arn)).await.map_err(from_store)? else {
            return Ok(None);
        };
        let key = Arc::new(self.open_key(self.records.open_key(&record)?)?);
        self.cache.keep_key(mark, arn.clone(), &key);
        Ok(Some(key))
    }

    /// The alias, or none.
    pub(crate) async fn alias(
        &self,
        id: &AliasId,
    ) -> Result<Option<Arc<Versioned<Alias>>>, KmsError> {
        if let Some(alias) = self.cache.alias(id) {
            return Ok(Some(alias));
        }
        let mark = self.cache.mark(id);
        let record_id = alias_record_id(id.0, &id.1, &id.2);
        let Some(record) = self.store.get(&record_id).await.map_err(from_store)? else {
            return Ok(None);
        };
        let alias = Arc::new(self.records.open_alias(&record)?);
        self.cache.keep_alias(mark, id.clone(), &alias);
        Ok(Some(alias))
    }

    /// The aliases of a key, at most `limit`, in the order of their names.
    pub(crate) async fn aliases_of(
        &self,
        arn: &KeyArn,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Versioned<Alias>>, KmsError> {
        let KeyArn { region, account, key_id } = arn;
        let owner = key_id.to_string();
        let records = self
            .store
            .list_owned(
                trent_store::Kind::Alias,
                account.as_str(),
                region.as_str(),
                &owner,
                after,
                limit,
            )
            .await
            .map_err(from_store)?;
        let mut aliases = Vec::with_capacity(records.len());
        for record in &records {
            let alias = self.records.open_alias(record)?;
            // The owner column is not authenticated; the target is.
            if alias.value.target == *key_id {
                aliases.push(alias);
            } else {
                tracing::error!(alias = alias.value.arn(), owner, "alias filed under another key");
            }
        }
        Ok(aliases)
    }

    /// A new symmetric encryption key for the service behind a predefined alias, and the alias.
    pub(crate) fn new_managed_key(
        &self,
        (account, region, name): AliasId,
        now: Timestamp,
    ) -> Result<(KmsKey, Alias), KmsError> {
        let mut random = [0; 16];
        trent_crypto::random::fill(&mut random).map_err(KmsError::internal)?;
        let id = KeyId::single_region(random);
        let new = NewKey {
            account,
            region: region.clone(),
            id,
            description: managed::description(&name),
            policy: managed::key_policy(&name, &region, account),
            tags: BTreeMap::new(),
        };
        let made = self.key_store.generate_symmetric(id.as_bytes()).map_err(from_key_store)?;
        let material = KeyMaterial::new(KeyMaterialId(made.id), Sealed(made.sealed), now);
        let key = KmsKey::new(new, NewKind::SYMMETRIC, vec![material], now);
        let key = key.managed_by_service(now)?;
        let alias = Alias { account, region, name, target: id, created: now, updated: now };
        Ok((key, alias))
    }

    /// Writes an AWS managed key and its alias, if it does not have one yet.
    pub(crate) async fn create_managed_key(
        &self,
        key: &KmsKey,
        alias: &Alias,
    ) -> Result<(), KmsError> {
        let set = ChangeSet::new(&self.records).create_key(key)?.put_alias(alias, 0)?;
        match self.commit(set).await {
            // Somebody else was faster: there is one now.
            Ok(()) | Err(CommitError::Raced) => Ok(()),
            Err(CommitError::Failed(error)) => Err(error),
        }
    }

    /// All grants on a key by their grantees.
    pub(crate) async fn granted(&self, arn: &KeyArn) -> Result<Arc<GrantsByGrantee>, KmsError> {
        if let Some(grants) = self.cache.grants(arn) {
            return Ok(grants);
        }
        let mark = self.cache.mark(arn);
        let mut grants = GrantsByGrantee::new();
        let mut after = None::<String>;
        loop {
            let page = self.grants_of(arn, after.as_deref(), bounds::LIMIT_MAX).await?;
            let Some(last) = page.last() else { break };
            after = Some(grant_record_id(arn, &last.value.id).name);
            for grant in page {
                let grantee = grant.value.terms.grantee.as_str().to_owned();
                grants.entry(grantee).or_default().push(grant.value);
            }
        }
        let grants = Arc::new(grants);
        self.cache.keep_grants(mark, arn.clone(), &grants);
        Ok(grants)
    }

    /// Up to `limit` grants on a key, beginning after the name of a record.
    pub(crate) async fn grants_of(
        &self,
        arn: &KeyArn,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Versioned<Grant>>, KmsError> {
        let KeyArn { region, account, key_id } = arn;
        let (kind, owner) = (trent_store::Kind::Grant, key_id.to_string());
        let records = self
            .store
            .list_owned(kind, account.as_str(), region.as_str(), &owner, after, limit)
            .await
            .map_err(from_store)?;
        records.iter().map(|record| Ok(self.records.open_grant(record)?)).collect()
    }

    /// The grant of this id on the key, or none.
    pub(crate) async fn grant(
        &self,
        key: &KeyArn,
        id: &str,
    ) -> Result<Option<Versioned<Grant>>, KmsError> {
        let record = self.store.get(&grant_record_id(key, id)).await.map_err(from_store)?;
        record.map(|record| Ok(self.records.open_grant(&record)?)).transpose()
    }

    /// Adds a changed key to a set, and to its replicas what they share with it.
    pub(crate) async fn put_shared<'a>(
        &'a self,
        set: ChangeSet<'a>,
        before: &Versioned<KmsKey>,
        changed: &KmsKey,
    ) -> Result<ChangeSet<'a>, KmsError> {
        let mut set = set.put_key(changed, before.version)?;
        if !changed.shares_all_with(&before.value) {
            for arn in changed.replicas() {
                // A replica that is being created is not there yet.
                if let Some(replica) = self.key(&arn).await? {
                    let synchronized = replica.key.value.synchronized(changed);
                    set = set.put_key(&synchronized, replica.key.version)?;
                }
            }
        }
        Ok(set)
    }

    /// Writes a change set; the store's `Conflict` comes back as `Raced`. Goes on to its end when the
    /// request does not, whose client has gone away: else memory would keep what was changed.
    pub(crate) async fn commit(&self, set: ChangeSet<'_>) -> Result<(), CommitError> {
        // A node that does not know what others do writes nothing.
        if self.freshness.as_ref().is_some_and(|freshness| !freshness.is_current()) {
            return Err(CommitError::Failed(too_old()));
        }
        let ChangeSet { changes, keys, expected, aliases, granted, key_counts, .. } = set;
        let (store, cache) = (Arc::clone(&self.store), Arc::clone(&self.cache));
        let counts = Arc::clone(&self.key_counts);
        let writing = tokio::spawn(async move {
            let written = store.commit(changes).await;
            // Also after a failure: it is not known what was written.
            cache.forget(&keys, &aliases, &granted);
            match &written {
                Ok(()) => counts.add(&key_counts),
                Err(StoreError::Conflict) => cache.forget(&expected, &[], &[]),
                Err(_) => {}
            }
            written
        });
        match writing.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(StoreError::Conflict)) => Err(CommitError::Raced),
            Ok(Err(error)) => Err(CommitError::Failed(from_store(error))),
            Err(panicked) => Err(CommitError::Failed(KmsError::internal(panicked))),
        }
    }

    /// Waits until no other change of what hashes like `name` is under way.
    pub(crate) async fn lock(&self, name: &impl std::hash::Hash) -> MutexGuard<'_, ()> {
        use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(name);
        let index = usize::try_from(hash % CHANGE_LOCKS).unwrap_or_default();
        self.changing[index].lock().await
    }

    fn open_key(&self, key: Versioned<KmsKey>) -> Result<OpenKey, KmsError> {
        let spec = material_spec(key.value.spec)
            .ok_or_else(|| KmsError::internal("a key of a spec that is not supported"))?;
        let materials: Vec<([u8; 32], &[u8])> = key
            .value
            .materials
            .iter()
            .filter_map(|material| Some((material.id.0, material.sealed.as_ref()?.0.as_slice())))
            .collect();
        let current = key.value.current_material().map_or([0; 32], |material| material.id.0);
        let materials = self
            .key_store
            .open(spec, key.value.id.as_bytes(), &current, &materials)
            .map_err(from_key_store)?;
        Ok(OpenKey::new(key, materials))
    }
}

/// Why a change set was not written.
pub(crate) enum CommitError {
    /// Something it builds on has changed since it was read: read again.
    Raced,
    /// The store failed.
    Failed(KmsError),
}

/// One processor is left to those who wait for quick answers.
fn slow_work_places() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).saturating_sub(1).max(1)
}

/// The root of AWS's Nitro attestation PKI, in PEM.
/// AWS: <https://docs.aws.amazon.com/enclaves/latest/user/verify-root.html>
pub const AWS_NITRO_ROOT: &str = include_str!("aws_nitro_root_g1.pem");

/// Locks that keep changes of one key apart; a number that makes accidental sharing rare.
const CHANGE_LOCKS: u64 = 1024;
