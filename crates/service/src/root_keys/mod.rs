//! Root keys: what the store keys are sealed under, and which store keys there are.
//!
//! 1. A store key seals everything in the store. Every store key is sealed under every root key;
//!    the sealed ones stand in one record of the store, the table (`table.rs`).
//! 2. A store without a table is sealed under the key in its root key file directly, as every store
//!    is that never had another root key and no rotation.
//! 3. Administration (`admin.rs`) changes the table. A running server asks twice a second whether
//!    it has changed, and at once when it reads something under a key that it does not know
//!    (`reading.rs`). The new keys then are in the ring that all sealers share.
//! 4. After a rotation everything is sealed anew (`reseal.rs`), and the old store key is forgotten
//!    when its time is over and nothing is under it.
//!
//! A server that knows the table to have changed and cannot open it writes nothing: what it would
//! write, it would seal under a key that may be forgotten.

pub mod admin;
mod reading;
mod reseal;
pub(crate) mod table;

use self::reading::CheckedStore;
pub use self::reseal::Pass;
pub(crate) use self::table::table_id;
use self::table::{Found, StoreKeys, Table};
use crate::audit::AUDIT_SIGNING_KEY;
use crate::error::ServiceError;
use crate::records::{Records, setting_id};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Mutex, watch};
use trent_crypto::key_ring::KeyRing;
use trent_crypto::store_key::StoreKey;
use trent_keystore::root_key::{Access, RootKey};
use trent_keystore::software::SoftwareKeyStore;
use trent_store::{Change, Record, Store};

/// The store keys of one store, opened with one root key.
pub struct RootKeys {
    /// As it was given; readings of others go through [`CheckedStore`].
    store: Arc<dyn Store>,
    access: Access,
    ring: KeyRing,
    loaded: Mutex<Loaded>,
    /// The table has changed and is not opened.
    is_stale: AtomicBool,
    /// Tells that other keys are in the ring.
    changed: watch::Sender<()>,
    /// The name of this process among those that seal the store anew.
    node: String,
}

/// What was last read of the table.
struct Loaded {
    root: Arc<RootKey>,
    found: Option<Found>,
}

impl RootKeys {
    /// Opens the store keys of a store with the root key that `access` gives, and makes sure that
    /// the store is sealed under them. A new store is marked with its store key.
    pub async fn open(store: Arc<dyn Store>, access: Access) -> Result<Arc<Self>, ServiceError> {
        crate::backup::check_is_whole(&*store).await?;
        let found = table::read(&*store).await?;
        let (root, keys) = match &found {
            Some(found) => unlock(&access, &found.table).await?,
            None => direct(&access)?,
        };
        let ring = KeyRing::new(keys.current.clone());
        ring.replace(keys.current, keys.retired);
        let loaded = Mutex::new(Loaded { root, found });
        let is_stale = AtomicBool::new(false);
        let changed = watch::Sender::new(());
        let node = uuid::Uuid::new_v4().to_string();
        let opened = Arc::new(Self { store, access, ring, loaded, is_stale, changed, node });
        opened.records().check_store_key(&*opened.store, &opened.ring).await?;
        Ok(opened)
    }

    /// As [`RootKeys::open`], of a store that may be new: then it gets a store key that is sealed
    /// under the root key, unless that is a file, whose key is the store key itself.
    pub async fn open_new(
        store: Arc<dyn Store>,
        access: Access,
    ) -> Result<Arc<Self>, ServiceError> {
        let is_new = table::read(&*store).await?.is_none()
            && Records::mark(&*store).await?.is_none()
            && !matches!(access, Access::File(_));
        if is_new {
            admin::begin(&*store, &access).await?;
        }
        Self::open(store, access).await
    }

    /// The store, whose readings see to it that the keys of what they return are at hand.
    pub fn store(self: &Arc<Self>) -> Arc<dyn Store> {
        Arc::new(CheckedStore::new(Arc::clone(self)))
    }

    pub(crate) fn ring(&self) -> &KeyRing {
        &self.ring
    }

    pub(crate) fn records(&self) -> Records {
        Records::new(&self.ring)
    }

    pub(crate) fn key_store(&self) -> SoftwareKeyStore {
        SoftwareKeyStore::new(&self.ring)
    }

    /// Takes over the store keys of the table if it has changed.
    pub(crate) async fn refresh(&self) -> Result<(), ServiceError> {
        let mut loaded = self.loaded.lock().await;
        let Some(found) = table::read(&*self.store).await? else { return Ok(()) };
        if loaded.found.as_ref().is_some_and(|known| known.version == found.version) {
            return Ok(());
        }
        // Until they are opened, nothing is sealed under the old ones any more.
        self.is_stale.store(true, Ordering::Release);
        let keys = open_all(&loaded.root, &found.table).await?;
        let has_changed = match &loaded.found {
            Some(known) => known.table.store_keys() != found.table.store_keys(),
            None => found.table.store_keys() != [self.ring.current().to_string()],
        };
        if has_changed {
            tracing::info!(store_key = %keys.current.id(), "store keys have changed");
            self.ring.replace(keys.current, keys.retired);
            self.changed.send_replace(());
        }
        loaded.found = Some(found);
        self.is_stale.store(false, Ordering::Release);
        Ok(())
    }

    /// What must be written again into a store that is emptied.
    pub(crate) async fn kept_by_reset(&self) -> Result<Vec<Change>, ServiceError> {
        let mark = Records::mark(&*self.store).await?;
        let table = self.store.get(&table_id()).await?;
        let audit_key = self.store.get(&setting_id(AUDIT_SIGNING_KEY)).await?;
        // The versions of the mark and of the audit key never change, and the table does not depend
        // on its own.
        let first = |record| Change::Put(Record { version: 1, ..record });
        Ok([mark, table, audit_key].into_iter().flatten().map(first).collect())
    }

    /// Tells when there are other store keys from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Whether the table is known to have changed and could not be opened.
    pub(crate) fn is_stale(&self) -> bool {
        self.is_stale.load(Ordering::Acquire)
    }
}

/// Opens the store keys of a table with the root key that `access` gives.
pub(crate) async fn open_table(access: &Access, table: &Table) -> Result<StoreKeys, ServiceError> {
    unlock(access, table).await.map(|(_, keys)| keys)
}

/// The keys of a store without a table.
fn direct(access: &Access) -> Result<(Arc<RootKey>, StoreKeys), ServiceError> {
    let Access::File(bytes) = access else {
        return Err(ServiceError::RootKey(format!(
            "the store has no root key but that in its root key file; with it, add the one of \
             provider `{}` (`trent root-key add`)",
            access.kind()
        )));
    };
    let (_, root) = RootKey::create(access)?;
    let current = StoreKey::from_bytes(bytes).map_err(internal)?;
    Ok((Arc::new(root), StoreKeys { current, retired: Vec::new() }))
}

/// Finds and unlocks the root key that `access` gives, and opens the store keys with it.
async fn unlock(access: &Access, table: &Table) -> Result<(Arc<RootKey>, StoreKeys), ServiceError> {
    let Some(root) = table::unlock_one(access, table).await? else {
        let kind = access.kind();
        let known: Vec<String> = table.root_keys.iter().map(ToString::to_string).collect();
        return Err(ServiceError::RootKey(format!(
            "the {} is not that of a root key of this store, which are: {}",
            if kind == "passphrase" { kind.to_owned() } else { format!("{kind} root key") },
            known.join(", ")
        )));
    };
    let keys = open_all(&root, table).await?;
    Ok((root, keys))
}

/// Opens the store keys of a table.
async fn open_all(root: &Arc<RootKey>, table: &Table) -> Result<StoreKeys, ServiceError> {
    let (root, table) = (Arc::clone(root), table.clone());
    blocking(move || table.open(&root)).await?
}

/// Does what may take long, such as to ask a token, beside the threads that answer requests.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ServiceError> {
    tokio::task::spawn_blocking(work).await.map_err(internal)
}

fn internal(error: impl std::fmt::Display) -> ServiceError {
    ServiceError::Internal(error.to_string())
}
