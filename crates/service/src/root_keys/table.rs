//! The table of root keys: which there are, and every store key sealed under every one of them.
//!
//! It is the one record of the store that is not sealed: one format byte and JSON. Nothing in it is
//! secret. What is sealed in it is bound to its place, and the whole is authenticated under the
//! current store key, so that whoever can write the database can only put back an older table.

use super::{blocking, internal};
use crate::error::{Damaged, ServiceError};
use crate::records::setting_id;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hex::FromHex;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use trent_crypto::root_key::RootKeyId;
use trent_crypto::store_key::{Purpose, StoreKey, StoreKeyId};
use trent_keystore::root_key::{Access, Provider, RootKey};
use trent_store::{Change, Record, RecordId, Store};

/// The table as it stands in the store.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) table: Table,
    /// Of its record.
    pub(super) version: u64,
}

/// The table.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    /// The store key that seals.
    pub(crate) current: String,
    /// Store keys that only open, oldest first.
    pub(super) retired: Vec<Retired>,
    pub(crate) root_keys: Vec<Entry>,
    /// What authenticates everything else.
    #[serde(default)]
    pub(super) authentication: String,
}

/// A store key that only opens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Retired {
    pub(super) id: String,
    /// When it is forgotten at the earliest.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub(super) until: Timestamp,
}

/// A root key, and what is sealed under it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) provider: Provider,
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub(super) created: Timestamp,
    /// Sealed store keys by their names.
    store_keys: BTreeMap<String, String>,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.provider {
            Provider::File | Provider::Passphrase { .. } => {
                write!(f, "`{}` ({})", self.id, self.provider.kind())
            }
            Provider::Systemd { name } => write!(f, "`{}` (systemd, `{name}`)", self.id),
            Provider::Pkcs11 { token } => write!(f, "`{}` (pkcs11, token `{token}`)", self.id),
        }
    }
}

/// Store keys, opened.
pub(crate) struct StoreKeys {
    pub(crate) current: StoreKey,
    pub(crate) retired: Vec<StoreKey>,
}

impl StoreKeys {
    pub(super) fn iter(&self) -> impl Iterator<Item = &StoreKey> {
        std::iter::once(&self.current).chain(&self.retired)
    }
}

impl Entry {
    /// A root key with these store keys sealed under it.
    pub(super) fn new(
        root: &RootKey,
        provider: Provider,
        created: Timestamp,
        keys: &StoreKeys,
    ) -> Result<Self, ServiceError> {
        let id = root.id().to_string();
        let mut entry = Self { id, provider, created, store_keys: BTreeMap::new() };
        keys.iter().try_for_each(|key| entry.add(root, key))?;
        Ok(entry)
    }

    /// Seals one more store key.
    pub(super) fn add(&mut self, root: &RootKey, key: &StoreKey) -> Result<(), ServiceError> {
        let name = key.id().to_string();
        let place = self.place(&name)?;
        let sealed = root.seal(&place.each_ref().map(Vec::as_slice), key)?;
        self.store_keys.insert(name, STANDARD.encode(sealed));
        Ok(())
    }

    /// Removes all store keys but those of these names.
    pub(super) fn keep(&mut self, names: &[String]) {
        self.store_keys.retain(|name, _| names.contains(name));
    }

    /// Opens the store key of this name.
    pub(super) fn open(&self, root: &RootKey, name: &str) -> Result<StoreKey, ServiceError> {
        let sealed = self.store_keys.get(name).and_then(|text| STANDARD.decode(text).ok());
        let sealed = sealed.ok_or_else(|| damaged(format!("no store key `{name}` in {self}")))?;
        let place = self.place(name)?;
        let key = root.open(&place.each_ref().map(Vec::as_slice), &sealed)?;
        if key.id().to_string() == name {
            Ok(key)
        } else {
            Err(damaged(format!("`{name}` is another store key in {self}")))
        }
    }

    /// What is authenticated with a sealed store key.
    fn place(&self, name: &str) -> Result<[Vec<u8>; 4], ServiceError> {
        let provider = serde_json::to_vec(&self.provider).map_err(internal)?;
        let [root, name] = [&self.id, name].map(|text| text.as_bytes().to_vec());
        Ok([b"store key".to_vec(), root, name, provider])
    }
}

impl Table {
    /// All store keys, opened with a root key of this table. The whole is authenticated.
    pub(super) fn open(&self, root: &RootKey) -> Result<StoreKeys, ServiceError> {
        let id = root.id().to_string();
        let entry = self.root_keys.iter().find(|entry| entry.id == id);
        let entry = entry.ok_or_else(|| {
            ServiceError::RootKey(format!("root key `{id}` has been removed from the store"))
        })?;
        let current = entry.open(root, &self.current)?;
        let sealed = STANDARD.decode(&self.authentication).map_err(damaged)?;
        let text = self.authenticated()?;
        let sealer = current.sealer(Purpose::Record);
        sealer.open(&[TABLE.as_bytes(), &text], &sealed).map_err(damaged)?;
        let retired = self.retired.iter().map(|one| entry.open(root, &one.id));
        Ok(StoreKeys { retired: retired.collect::<Result<_, _>>()?, current })
    }

    /// The change that writes the table over the one of `version_before` (0: there is none).
    pub(crate) fn put(
        self,
        current: &StoreKey,
        version_before: u64,
    ) -> Result<Change, ServiceError> {
        let mut bytes = vec![FORMAT];
        serde_json::to_writer(&mut bytes, &self.under(current)?).map_err(internal)?;
        Ok(Change::Put(Record {
            id: table_id(),
            version: version_before + 1,
            sealed: bytes,
            owner: None,
            due_at: None,
        }))
    }

    /// The table, authenticated under the current store key.
    pub(crate) fn under(mut self, current: &StoreKey) -> Result<Self, ServiceError> {
        let count = self.root_keys.len().max(self.retired.len() + 1);
        if count > KEYS_MAX {
            let message = format!("there are at most {KEYS_MAX} root keys and as many store keys");
            return Err(ServiceError::Refused(message));
        }
        let text = self.authenticated()?;
        let sealer = current.sealer(Purpose::Record);
        let sealed = sealer.seal(&[TABLE.as_bytes(), &text], &[]).map_err(internal)?;
        self.authentication = STANDARD.encode(sealed);
        Ok(self)
    }

    /// Refuses a table of more keys than there may be.
    pub(crate) fn check(&self) -> Result<(), ServiceError> {
        if self.root_keys.len() > KEYS_MAX || self.retired.len() >= KEYS_MAX {
            return Err(damaged("it has too many keys"));
        }
        Ok(())
    }

    /// The names of all store keys, the current one first.
    pub(super) fn store_keys(&self) -> Vec<&str> {
        let retired = self.retired.iter().map(|one| one.id.as_str());
        std::iter::once(self.current.as_str()).chain(retired).collect()
    }

    fn authenticated(&self) -> Result<Vec<u8>, ServiceError> {
        let whole = Self { authentication: String::new(), ..self.clone() };
        serde_json::to_vec(&whole).map_err(internal)
    }
}

/// The table of a store, if it has one.
pub(super) async fn read(store: &dyn Store) -> Result<Option<Found>, ServiceError> {
    store.get(&table_id()).await?.map(|record| parse(&record)).transpose()
}

/// The table in its record.
pub(super) fn parse(record: &Record) -> Result<Found, ServiceError> {
    match record.sealed.split_first() {
        _ if record.sealed.len() > TABLE_BYTES_MAX => Err(damaged("it is too long")),
        Some((&FORMAT, json)) => {
            let table: Table = serde_json::from_slice(json).map_err(damaged)?;
            table.check()?;
            Ok(Found { table, version: record.version })
        }
        Some((format, _)) => Err(damaged(format!("unknown format {format}"))),
        None => Err(damaged("it is empty")),
    }
}

/// The root key of the table that `access` gives; none if it gives none of them.
pub(super) async fn unlock_one(
    access: &Access,
    table: &Table,
) -> Result<Option<Arc<RootKey>>, ServiceError> {
    for entry in &table.root_keys {
        let (access, provider) = (access.clone(), entry.provider.clone());
        let id = key_id(&entry.id)?;
        let unlocked = blocking(move || RootKey::unlock(&access, &provider, id)).await?;
        match unlocked {
            Ok(Some(root)) => return Ok(Some(Arc::new(root))),
            Ok(None) => {}
            Err(error) => {
                return Err(ServiceError::RootKey(format!("root key {entry}: {error}")));
            }
        }
    }
    Ok(None)
}

/// The record of the table.
pub(crate) fn table_id() -> RecordId {
    setting_id(TABLE)
}

fn key_id(text: &str) -> Result<RootKeyId, ServiceError> {
    let bytes = FromHex::from_hex(text).map(StoreKeyId::from_bytes);
    bytes.map_err(|_| damaged(format!("`{text}` is no id of a key")))
}

fn damaged(cause: impl fmt::Display) -> ServiceError {
    Damaged { record: "the root keys".to_owned(), cause: cause.to_string() }.into()
}

const TABLE: &str = "store-keys";

/// The format of the table written here.
const FORMAT: u8 = 1;

/// More than anybody has. Every root key seals every store key.
const KEYS_MAX: usize = 16;

/// More than the largest table.
const TABLE_BYTES_MAX: usize = 256 * 1024;
