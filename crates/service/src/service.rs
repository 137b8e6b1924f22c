//! The service: what all requests and jobs share, and how keys and aliases are read and written.

use crate::authenticate::Credentials;
use crate::cache::{AliasId, Cache, OpenKey};
use crate::change_set::ChangeSet;
use crate::clock::Clock;
use crate::error::{ServiceError, from_key_store, from_store};
use crate::jobs::JobStatus;
use crate::paging::Markers;
use crate::records::{Records, Versioned, alias_record_id, key_record_id};
use jiff::SignedDuration;
use std::sync::Arc;
use tokio::sync::{Mutex, MutexGuard, Notify};
use trent_api::KmsError;
use trent_core::{AccountId, Alias, KeyArn, KmsKey, Region};
use trent_crypto::root_key::RootKey;
use trent_keystore::software::SoftwareKeyStore;
use trent_store::{Store, StoreError};

/// What an operator chooses.
pub struct Settings {
    /// Who may sign requests.
    pub credentials: Credentials,
    /// The account of callers without one of their own, and of seeds.
    pub account: AccountId,
    /// The Region of seeds.
    pub region: Region,
    /// How long an on-demand rotation takes.
    pub on_demand_rotation_delay: SignedDuration,
    /// How many opened keys (and as many aliases) are kept in memory.
    pub cached_keys_max: u64,
}

/// A key management service over one store.
pub struct Service {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) records: Records,
    pub(crate) key_store: SoftwareKeyStore,
    pub(crate) cache: Cache,
    pub(crate) markers: Markers,
    pub(crate) job_status: JobStatus,
    /// Something may have become due.
    pub(crate) wake_jobs: Notify,
    /// Held while due jobs are run or time is played through.
    pub(crate) running_jobs: Mutex<()>,
    /// Changes of one key or alias wait for each other here instead of racing in the store.
    changing: Vec<Mutex<()>>,
}

impl Service {
    /// Opens the service over a store that is sealed under `root`.
    pub async fn open(
        store: Arc<dyn Store>,
        root: &RootKey,
        settings: Settings,
    ) -> Result<Self, ServiceError> {
        let records = Records::new(root);
        records.check_root_key(&*store, root).await?;
        let clock = crate::time_travel::stored_clock(&*store, &records).await?;
        Ok(Self {
            clock,
            cache: Cache::new(settings.cached_keys_max),
            settings,
            store,
            records,
            key_store: SoftwareKeyStore::new(root),
            markers: Markers::new(root),
            job_status: JobStatus::default(),
            wake_jobs: Notify::new(),
            running_jobs: Mutex::new(()),
            changing: (0..CHANGE_LOCKS).map(|_| Mutex::new(())).collect(),
        })
    }

    /// The clock of the service.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whether the store answers.
    pub async fn is_ready(&self) -> bool {
        self.store.next_due().await.is_ok()
    }

    /// Finishes what is under way in the store and closes it.
    pub async fn close(&self) {
        self.store.close().await;
    }

    /// The key of this ARN, opened, or none.
    pub(crate) async fn key(&self, arn: &KeyArn) -> Result<Option<Arc<OpenKey>>, KmsError> {
        if let Some(key) = self.cache.key(arn) {
            return Ok(Some(key));
        }
        let mark = self.cache.mark();
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
        let mark = self.cache.mark();
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
        records.iter().map(|record| Ok(self.records.open_alias(record)?)).collect()
    }

    /// Writes a change set; the store's `Conflict` comes back as `Raced`.
    pub(crate) async fn commit(&self, set: ChangeSet<'_>) -> Result<(), CommitError> {
        let ChangeSet { changes, keys, aliases, .. } = set;
        let written = self.store.commit(changes).await;
        // Also after a failure: it is not known what was written.
        self.cache.forget(&keys, &aliases);
        match written {
            Ok(()) => Ok(()),
            Err(StoreError::Conflict) => Err(CommitError::Raced),
            Err(error) => Err(CommitError::Failed(from_store(error))),
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
        let materials: Vec<([u8; 32], &[u8])> = key
            .value
            .materials
            .iter()
            .filter_map(|material| Some((material.id.0, material.sealed.as_ref()?.0.as_slice())))
            .collect();
        let current = key.value.current_material().map_or([0; 32], |material| material.id.0);
        let materials = self
            .key_store
            .open_symmetric(key.value.id.as_bytes(), &current, &materials)
            .map_err(from_key_store)?;
        Ok(OpenKey { key, materials })
    }
}

/// Why a change set was not written.
pub(crate) enum CommitError {
    /// Something it builds on has changed since it was read: read again.
    Raced,
    /// The store failed.
    Failed(KmsError),
}

/// Locks that keep changes of one key apart; a number that makes accidental sharing rare.
const CHANGE_LOCKS: u64 = 1024;
