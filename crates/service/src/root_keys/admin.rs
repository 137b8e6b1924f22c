//! Administration of root keys and store keys, for the command line. It works on the store of a
//! running server, which notices within a second.

use super::table::{self, Entry, Found, Retired, StoreKeys, Table};
use super::{RootKeys, direct, internal, open_all, unlock};
use crate::clock::Clock;
use crate::error::ServiceError;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use trent_crypto::store_key::StoreKey;
use trent_keystore::root_key::{Access, Provider, RootKey};
use trent_store::{Snapshot, Store, StoreError};

/// How long an old store key opens after a rotation, if nobody says otherwise: longer than anything
/// lives that was handed out under it. Import tokens are valid for 24 hours, sessions for at most 12.
pub const KEEP_OLD: SignedDuration = SignedDuration::from_hours(25);

/// The shortest time: longer than any server may take to notice the new store key and to finish
/// what it was writing under the old one.
pub const KEEP_OLD_MIN: SignedDuration = SignedDuration::from_secs(60);

/// The longest time.
pub const KEEP_OLD_MAX: SignedDuration = SignedDuration::from_hours(24 * 365);

/// What there is.
#[derive(Clone, Debug)]
pub struct Status {
    /// The root keys, in the order in which they were added.
    pub root_keys: Vec<RootKeyStatus>,
    /// The store keys, the current one first, then the oldest.
    pub store_keys: Vec<StoreKeyStatus>,
    /// Records that cannot be opened.
    pub damaged_records: u64,
}

/// A root key.
#[derive(Clone, Debug)]
pub struct RootKeyStatus {
    /// Its name, 16 hexadecimal digits.
    pub id: String,
    /// How it is found.
    pub provider: Provider,
    /// When it was added; unknown of the one that a store began with.
    pub created: Option<Timestamp>,
    /// Whether it is the one that opened the store just now.
    pub is_in_use: bool,
}

/// A store key.
#[derive(Clone, Debug)]
pub struct StoreKeyStatus {
    /// Its name, 16 hexadecimal digits.
    pub id: String,
    /// When it is forgotten at the earliest; none of the current one.
    pub until: Option<Timestamp>,
    /// Records that are under it, as a whole or in part.
    pub records: u64,
}

impl RootKeys {
    /// Which root keys there are.
    pub async fn known(&self) -> Result<Vec<RootKeyStatus>, ServiceError> {
        Ok(self.root_keys_in(&self.find().await?).await)
    }

    /// Which root keys and store keys there are. Reads the whole store.
    pub async fn status(&self) -> Result<Status, ServiceError> {
        let found = self.find().await?;
        let root_keys = self.root_keys_in(&found).await;
        let counted = self.count().await?;
        let until: HashMap<&str, Timestamp> =
            found.table.retired.iter().map(|one| (one.id.as_str(), one.until)).collect();
        let store_keys = found.table.store_keys().into_iter().map(|id| StoreKeyStatus {
            id: id.to_owned(),
            until: until.get(id).copied(),
            records: counted.under.get(id).copied().unwrap_or_default(),
        });
        Ok(Status { root_keys, store_keys: store_keys.collect(), damaged_records: counted.damaged })
    }

    async fn root_keys_in(&self, found: &Found) -> Vec<RootKeyStatus> {
        let in_use = self.loaded.lock().await.root.id().to_string();
        let is_direct = found.version == 0;
        let root_keys = found.table.root_keys.iter().map(|entry| RootKeyStatus {
            id: entry.id.clone(),
            provider: entry.provider.clone(),
            created: (!is_direct).then_some(entry.created),
            is_in_use: entry.id == in_use,
        });
        root_keys.collect()
    }

    /// Adds a root key: every store key is sealed under it, too. On a token a new key is made.
    /// Returns its name.
    pub async fn add(&self, access: &Access) -> Result<String, ServiceError> {
        let (provider, root) = create(access).await?;
        let id = root.id().to_string();
        self.change(async |found, keys| {
            let mut table = found.table;
            if table.root_keys.iter().any(|entry| entry.id == id) {
                let message = format!("root key `{id}` is a root key of this store already");
                return Err(ServiceError::Refused(message));
            }
            table.root_keys.push(Entry::new(&root, provider.clone(), now(), keys)?);
            Ok((table, None))
        })
        .await?;
        Ok(id)
    }

    /// Removes a root key, which then opens the store no more. Never the last one.
    pub async fn remove(&self, id: &str) -> Result<(), ServiceError> {
        self.change(async |found, _| {
            let mut table = found.table;
            let before = table.root_keys.len();
            table.root_keys.retain(|entry| entry.id != id);
            if table.root_keys.len() == before {
                return Err(ServiceError::Refused(format!("there is no root key `{id}`")));
            }
            if table.root_keys.is_empty() {
                let message =
                    format!("root key `{id}` is the last one: without it nothing can be opened");
                return Err(ServiceError::Refused(message));
            }
            Ok((table, None))
        })
        .await
    }

    /// The table and the store keys as they are in a snapshot; with `own`, under that root key and no
    /// other. On a token a new key is made, unless one there is a root key of the store.
    pub(crate) async fn in_snapshot(
        &self,
        snapshot: &mut dyn Snapshot,
        own: Option<&Access>,
    ) -> Result<(Table, StoreKeys), ServiceError> {
        let found = snapshot.get(&table::table_id()).await?;
        let found = found.map(|record| table::parse(&record)).transpose()?;
        let Found { mut table, version } = match found {
            Some(found) => found,
            None => self.direct_table()?,
        };
        let keys = self.store_keys_of(&table, version).await?;
        if let Some(own) = own {
            let known = table::unlock_one(own, &table).await?.map(|root| root.id().to_string());
            if let Some(id) = known {
                table.root_keys.retain(|entry| entry.id == id);
            } else {
                let (provider, root) = create(own).await?;
                table.root_keys = vec![Entry::new(&root, provider, now(), &keys)?];
            }
        }
        let table = table.under(&keys.current)?;
        Ok((table, keys))
    }

    /// Makes a new store key, sealed under every root key; those that this value was not opened
    /// with are found with `others`. From now on it seals. The old one opens for the time of
    /// `keep_old` and while something is under it. Returns the name of the new one.
    pub async fn rotate(
        &self,
        others: &[Access],
        keep_old: SignedDuration,
    ) -> Result<String, ServiceError> {
        if !(KEEP_OLD_MIN..=KEEP_OLD_MAX).contains(&keep_old) {
            let message = format!(
                "an old store key is kept for {KEEP_OLD_MIN:#} at least and {KEEP_OLD_MAX:#} at most"
            );
            return Err(ServiceError::Refused(message));
        }
        let new = StoreKey::generate().map_err(internal)?;
        self.change(async |found, keys| {
            let mut table = found.table;
            let roots = self.root_keys_of(&table, others).await?;
            for (entry, root) in table.root_keys.iter_mut().zip(&roots) {
                // What does not open the old store key must not get the new one.
                entry.open(root, &table.current)?;
                entry.add(root, &new)?;
            }
            let until = now() + keep_old;
            table.retired.push(Retired { id: keys.current.id().to_string(), until });
            table.current = new.id().to_string();
            Ok((table, Some(new.clone())))
        })
        .await?;
        Ok(new.id().to_string())
    }

    /// Forgets the store keys whose time is over. The caller knows that nothing is under them.
    /// Where others are changing the table, it is left to the next time.
    pub(super) async fn forget(&self, moment: Timestamp) -> Result<(), ServiceError> {
        let Found { mut table, version } = self.find().await?;
        let keys = self.store_keys_of(&table, version).await?;
        table.retired.retain(|one| one.until > moment);
        let kept: Vec<String> = table.store_keys().into_iter().map(str::to_owned).collect();
        table.root_keys.iter_mut().for_each(|entry| entry.keep(&kept));
        if self.write(table, &keys.current, version).await? {
            tracing::info!("old store keys forgotten");
        }
        Ok(())
    }

    /// The table, or what it would be of a store that has none: then its version is 0.
    pub(super) async fn find(&self) -> Result<Found, ServiceError> {
        if let Some(found) = table::read(&*self.store).await? {
            return Ok(found);
        }
        self.direct_table()
    }

    /// What the table would be of a store that has none.
    fn direct_table(&self) -> Result<Found, ServiceError> {
        let (root, keys) = direct(&self.access)?;
        Ok(Found { table: with_one(&root, Provider::File, &keys)?, version: 0 })
    }

    /// Writes the table that `plan` makes of the one that is there, with the store key that is the
    /// current one afterwards if that changes. Whoever loses a race starts again.
    async fn change(
        &self,
        plan: impl AsyncFn(Found, &StoreKeys) -> Result<(Table, Option<StoreKey>), ServiceError>,
    ) -> Result<(), ServiceError> {
        for _ in 0..RACES_MAX {
            let found = self.find().await?;
            let version = found.version;
            let keys = self.store_keys_of(&found.table, version).await?;
            let (table, current) = plan(found, &keys).await?;
            if self.write(table, current.as_ref().unwrap_or(&keys.current), version).await? {
                return Ok(());
            }
            tokio::time::sleep(RACE_PAUSE).await;
        }
        Err(ServiceError::Internal("root keys are being changed by others; try again".to_owned()))
    }

    /// The store keys of a table of this version, opened.
    async fn store_keys_of(&self, table: &Table, version: u64) -> Result<StoreKeys, ServiceError> {
        if version == 0 {
            return Ok(direct(&self.access)?.1);
        }
        let root = Arc::clone(&self.loaded.lock().await.root);
        open_all(&root, table).await
    }

    /// Writes the table over the one of `version`, and takes it over; whether nobody was faster.
    async fn write(
        &self,
        table: Table,
        current: &StoreKey,
        version: u64,
    ) -> Result<bool, ServiceError> {
        match self.store.commit(vec![table.put(current, version)?]).await {
            Err(StoreError::Conflict) => Ok(false),
            Err(error) => Err(error.into()),
            // A root key that was just removed cannot open the table any more.
            Ok(()) => match self.refresh().await {
                Err(ServiceError::RootKey(_)) | Ok(()) => Ok(true),
                Err(error) => Err(error),
            },
        }
    }

    /// The root keys of a table, in its order.
    async fn root_keys_of(
        &self,
        table: &Table,
        others: &[Access],
    ) -> Result<Vec<Arc<RootKey>>, ServiceError> {
        let mut known = vec![Arc::clone(&self.loaded.lock().await.root)];
        for access in others {
            known.push(unlock(access, table).await?.0);
        }
        let (mut roots, mut missing) = (Vec::new(), Vec::new());
        for entry in &table.root_keys {
            match known.iter().find(|root| root.id().to_string() == entry.id) {
                Some(root) => roots.push(Arc::clone(root)),
                None => missing.push(entry.to_string()),
            }
        }
        if missing.is_empty() {
            return Ok(roots);
        }
        Err(ServiceError::Refused(format!(
            "a new store key is sealed under every root key, and not given are: {}; give them with \
             --provider, or remove them first",
            missing.join(", ")
        )))
    }
}

/// Gives a store that has nothing in it a store key, sealed under a new root key.
pub(super) async fn begin(store: &dyn Store, access: &Access) -> Result<(), ServiceError> {
    let (provider, root) = create(access).await?;
    let current = StoreKey::generate().map_err(internal)?;
    let keys = StoreKeys { current, retired: Vec::new() };
    let table = with_one(&root, provider, &keys)?;
    match store.commit(vec![table.put(&keys.current, 0)?]).await {
        // Another node has begun a moment ago: its table is opened next.
        Err(StoreError::Conflict) => Ok(()),
        written => Ok(written?),
    }
}

fn with_one(root: &RootKey, provider: Provider, keys: &StoreKeys) -> Result<Table, ServiceError> {
    let entry = Entry::new(root, provider, now(), keys)?;
    let current = keys.current.id().to_string();
    Ok(Table { current, root_keys: vec![entry], ..Table::default() })
}

async fn create(access: &Access) -> Result<(Provider, Arc<RootKey>), ServiceError> {
    let access = access.clone();
    let (provider, root) = super::blocking(move || RootKey::create(&access)).await??;
    Ok((provider, Arc::new(root)))
}

/// Root keys are of the real world, whatever the clock of a store in development mode says.
pub(crate) fn now() -> Timestamp {
    Clock::default().real_now()
}

/// How often a change is tried again from the reading.
const RACES_MAX: usize = 100;

/// Lets the winner of a race finish.
const RACE_PAUSE: Duration = Duration::from_millis(2);
