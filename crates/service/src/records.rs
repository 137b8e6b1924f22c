//! Records: domain objects sealed for the store, and opened again.
//!
//! A record is one format byte and JSON, sealed under a key derived from the store key; kind,
//! account, Region, name and version are authenticated with it, so that whoever can write the
//! database can neither change a record nor put one in another's place.

use crate::error::{Damaged, ServiceError};
use crate::last_usage::LastUsage;
use crate::material::material_spec;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use trent_core::grant::Principal;
use trent_core::key_material::Sealed;
use trent_core::{AccountId, Alias, AliasName, Grant, KeyArn, KeyId, KmsKey, Region};
use trent_crypto::CryptoError;
use trent_crypto::key_ring::{KeyRing, RingSealer};
use trent_crypto::store_key::{Purpose, StoreKeyId, sealed_under};
use trent_keystore::KeyStoreError;
use trent_keystore::software::SoftwareKeyStore;
use trent_store::{Kind, Record, RecordId, Store, StoreError};

/// Something read from the store, with the version that a change of it must name.
#[derive(Clone, Debug)]
pub(crate) struct Versioned<T> {
    pub(crate) value: T,
    pub(crate) version: u64,
}

/// Seals and opens records.
pub(crate) struct Records {
    sealer: RingSealer,
    /// Seals anew what is under an old store key.
    key_store: SoftwareKeyStore,
}

impl Records {
    pub(crate) fn new(ring: &KeyRing) -> Self {
        Self { sealer: ring.sealer(Purpose::Record), key_store: SoftwareKeyStore::new(ring) }
    }

    /// What opens the key material in records of keys.
    pub(crate) fn key_store(&self) -> &SoftwareKeyStore {
        &self.key_store
    }

    /// The record under the store key that seals now, its key material too; none if all of it is
    /// already.
    pub(crate) fn reseal(&self, record: &Record) -> Result<Option<Vec<u8>>, Damaged> {
        if record.id.kind == Kind::Key {
            let key = self.open_key(record)?.value;
            let anew = self.with_materials_sealed_anew(&key);
            if let Some(key) = anew.map_err(|error| damaged(&record.id, &error))? {
                let sealed = self.seal(record.id.clone(), record.version, &key);
                return Ok(Some(sealed.map_err(|error| damaged(&record.id, &error))?.sealed));
            }
        }
        if self.sealer.is_current(&record.sealed) {
            return Ok(None);
        }
        let associated = associated(&record.id, record.version);
        let plain = self.sealer.open(&associated.parts(), &record.sealed);
        let sealed = plain.and_then(|plain| self.sealer.seal(&associated.parts(), &plain));
        sealed.map(Some).map_err(|error| damaged(&record.id, &error))
    }

    /// The store keys that a record and the key material in it are under.
    pub(crate) fn sealed_under(
        &self,
        record: &Record,
    ) -> Result<BTreeSet<StoreKeyId>, Box<dyn std::error::Error>> {
        let mut ids = BTreeSet::from([sealed_under(&record.sealed)?]);
        if record.id.kind == Kind::Key {
            let key = self.open_key(record)?.value;
            let materials = key.materials.iter().chain(&key.pending_material);
            for material in materials.filter_map(|material| material.sealed.as_ref()) {
                ids.insert(sealed_under(&material.0)?);
            }
        }
        Ok(ids)
    }

    /// Key material that was read before the store key changed is not written back as it was: its
    /// store key may be forgotten by then.
    pub(crate) fn seal_key(&self, key: &KmsKey, version: u64) -> Result<Record, KeyStoreError> {
        let anew = self.with_materials_sealed_anew(key)?;
        let key = anew.as_ref().unwrap_or(key);
        let id = key_record_id(&key.arn());
        let due_at = key.next_job().map(|job| job.due().as_millisecond());
        Ok(Record { due_at, ..self.seal(id, version, key)? })
    }

    pub(crate) fn open_key(&self, record: &Record) -> Result<Versioned<KmsKey>, Damaged> {
        self.open(record)
    }

    pub(crate) fn seal_alias(&self, alias: &Alias, version: u64) -> Result<Record, CryptoError> {
        let id = alias_record_id(alias.account, &alias.region, &alias.name);
        Ok(Record { owner: Some(alias.target.to_string()), ..self.seal(id, version, alias)? })
    }

    pub(crate) fn open_alias(&self, record: &Record) -> Result<Versioned<Alias>, Damaged> {
        self.open(record)
    }

    pub(crate) fn seal_grant(&self, grant: &Grant, version: u64) -> Result<Record, CryptoError> {
        let id = grant_record_id(&grant.key_arn(), &grant.id);
        Ok(Record { owner: Some(grant.key.to_string()), ..self.seal(id, version, grant)? })
    }

    pub(crate) fn open_grant(&self, record: &Record) -> Result<Versioned<Grant>, Damaged> {
        self.open(record)
    }

    /// That the retiring principal of the grant may retire it.
    pub(crate) fn seal_retirable(&self, grant: &Grant) -> Option<Result<Record, CryptoError>> {
        let id = retirable_record_id(grant)?;
        let owner = grant.terms.retiring.as_ref().map(|one| one.as_str().to_owned());
        let target = GrantName { key: grant.key_arn(), id: grant.id.clone() };
        Some(self.seal(id, 1, &target).map(|record| Record { owner, ..record }))
    }

    pub(crate) fn open_retirable(&self, record: &Record) -> Result<Versioned<GrantName>, Damaged> {
        self.open(record)
    }

    pub(crate) fn seal_last_usage(
        &self,
        arn: &KeyArn,
        version: u64,
        usage: &LastUsage,
    ) -> Result<Record, CryptoError> {
        self.seal(last_usage_record_id(arn), version, usage)
    }

    pub(crate) fn open_last_usage(&self, record: &Record) -> Result<Versioned<LastUsage>, Damaged> {
        self.open(record)
    }

    pub(crate) fn seal_setting<T: Serialize>(
        &self,
        name: &str,
        version: u64,
        value: &T,
    ) -> Result<Record, CryptoError> {
        self.seal(setting_id(name), version, value)
    }

    pub(crate) fn open_setting<T: DeserializeOwned>(
        &self,
        record: &Record,
    ) -> Result<Versioned<T>, Damaged> {
        self.open(record)
    }

    /// Makes sure that the store is sealed under these store keys, marking a new store with them.
    pub(crate) async fn check_store_key(
        &self,
        store: &dyn Store,
        ring: &KeyRing,
    ) -> Result<(), ServiceError> {
        let Some(record) = Self::mark(store).await? else {
            let record = self
                .seal(setting_id(ROOT_KEY_SETTING), 1, &ring.current().to_string())
                .map_err(|error| ServiceError::Internal(error.to_string()))?;
            return match store.commit(vec![trent_store::Change::Put(record)]).await {
                // Another node has marked it a moment ago: with the same key, if all is well.
                Err(StoreError::Conflict) => Box::pin(self.check_store_key(store, ring)).await,
                written => Ok(written?),
            };
        };
        match self.sealer.open(&associated(&record.id, record.version).parts(), &record.sealed) {
            Ok(_) => Ok(()),
            Err(CryptoError::WrongStoreKey { sealed_under, current }) => {
                Err(ServiceError::WrongStoreKey {
                    sealed_under: sealed_under.to_string(),
                    given: current.to_string(),
                })
            }
            Err(error) => Err(damaged(&record.id, &error).into()),
        }
    }

    /// The record that marks under which store key a store is sealed.
    pub(crate) async fn mark(store: &dyn Store) -> Result<Option<Record>, ServiceError> {
        Ok(store.get(&setting_id(ROOT_KEY_SETTING)).await?)
    }

    /// The key with all of its key material under the store key that seals now; none if it is.
    fn with_materials_sealed_anew(&self, key: &KmsKey) -> Result<Option<KmsKey>, KeyStoreError> {
        let mut changed: Option<KmsKey> = None;
        for (place, material) in key.materials.iter().chain(&key.pending_material).enumerate() {
            let (Some(Sealed(sealed)), Some(spec)) = (&material.sealed, material_spec(key.spec))
            else {
                continue;
            };
            let anew = self.key_store.reseal(spec, key.id.as_bytes(), &material.id.0, sealed)?;
            if let Some(anew) = anew {
                let key = changed.get_or_insert_with(|| key.clone());
                let mut materials = key.materials.iter_mut().chain(&mut key.pending_material);
                if let Some(material) = materials.nth(place) {
                    material.sealed = Some(Sealed(anew));
                }
            }
        }
        Ok(changed)
    }

    pub(crate) fn seal_owned<T: Serialize>(
        &self,
        id: RecordId,
        version: u64,
        owner: Option<String>,
        value: &T,
    ) -> Result<Record, CryptoError> {
        self.seal(id, version, value).map(|record| Record { owner, ..record })
    }

    fn seal<T: Serialize>(
        &self,
        id: RecordId,
        version: u64,
        value: &T,
    ) -> Result<Record, CryptoError> {
        let mut plain = vec![FORMAT];
        // Domain objects have string keys and finite numbers: they always serialize.
        serde_json::to_writer(&mut plain, value).map_err(|_| CryptoError::Library)?;
        let sealed = self.sealer.seal(&associated(&id, version).parts(), &plain)?;
        Ok(Record { id, version, sealed, owner: None, due_at: None })
    }

    pub(crate) fn open<T: DeserializeOwned>(
        &self,
        record: &Record,
    ) -> Result<Versioned<T>, Damaged> {
        let plain = self
            .sealer
            .open(&associated(&record.id, record.version).parts(), &record.sealed)
            .map_err(|error| damaged(&record.id, &error))?;
        let value = match plain.split_first() {
            Some((&FORMAT, json)) => {
                serde_json::from_slice(json).map_err(|error| damaged(&record.id, &error))?
            }
            Some((format, _)) => {
                return Err(damaged(&record.id, &format_args!("unknown format {format}")));
            }
            None => return Err(damaged(&record.id, &"it is empty")),
        };
        Ok(Versioned { value, version: record.version })
    }
}

pub(crate) fn key_record_id(arn: &KeyArn) -> RecordId {
    RecordId {
        kind: Kind::Key,
        account: arn.account.to_string(),
        region: arn.region.to_string(),
        name: arn.key_id.to_string(),
    }
}

pub(crate) fn alias_record_id(account: AccountId, region: &Region, name: &AliasName) -> RecordId {
    RecordId {
        kind: Kind::Alias,
        account: account.to_string(),
        region: region.to_string(),
        name: name.to_string(),
    }
}

pub(crate) fn grant_record_id(key: &KeyArn, grant_id: &str) -> RecordId {
    let name = format!("{}/{grant_id}", key.key_id);
    RecordId { kind: Kind::Grant, name, ..key_record_id(key) }
}

/// The record that lists a grant under its retiring principal, in the Region of the key.
pub(crate) fn retirable_record_id(grant: &Grant) -> Option<RecordId> {
    let (account, name) = match grant.terms.retiring.as_ref()? {
        Principal::Arn(arn) => (arn.split(':').nth(4).unwrap_or_default(), arn),
        Principal::Service(service) => ("", service),
    };
    Some(RecordId {
        kind: Kind::RetirableGrant,
        account: account.to_owned(),
        region: grant.region.to_string(),
        name: format!("{name}/{}/{}/{}", grant.account, grant.key, grant.id),
    })
}

pub(crate) fn last_usage_record_id(key: &KeyArn) -> RecordId {
    RecordId { kind: Kind::LastUsage, ..key_record_id(key) }
}

/// A grant, named.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct GrantName {
    pub(crate) key: KeyArn,
    pub(crate) id: String,
}

pub(crate) fn setting_id(name: &str) -> RecordId {
    RecordId {
        kind: Kind::Setting,
        account: String::new(),
        region: String::new(),
        name: name.to_owned(),
    }
}

/// The key that a record of a key is about; none if the columns are not those of a key.
pub(crate) fn arn_of_record(id: &RecordId) -> Option<KeyArn> {
    Some(KeyArn {
        region: Region::parse(&id.region)?,
        account: AccountId::parse(&id.account)?,
        key_id: KeyId::parse(&id.name)?,
    })
}

pub(crate) fn damaged(id: &RecordId, cause: &dyn std::fmt::Display) -> Damaged {
    let record = match (id.kind, arn_of_record(id)) {
        (Kind::Key, Some(arn)) => arn.to_string(),
        (kind, _) => format!("{kind:?} {}/{}/{}", id.account, id.region, id.name),
    };
    Damaged { record, cause: cause.to_string() }
}

/// What is authenticated with a record and not in it.
struct Associated<'a> {
    id: &'a RecordId,
    kind: [u8; 1],
    version: [u8; 8],
}

impl Associated<'_> {
    fn parts(&self) -> [&[u8]; 5] {
        let RecordId { account, region, name, .. } = self.id;
        [&self.kind, account.as_bytes(), region.as_bytes(), name.as_bytes(), &self.version]
    }
}

fn associated(id: &RecordId, version: u64) -> Associated<'_> {
    let kind = match id.kind {
        Kind::Setting => 0,
        Kind::Key => 1,
        Kind::Alias => 2,
        Kind::Grant => 3,
        Kind::RetirableGrant => 4,
        Kind::LastUsage => 5,
        Kind::Account => 6,
        Kind::User => 7,
        Kind::Role => 8,
        Kind::AccessKey => 9,
        Kind::Event => 10,
    };
    Associated { id, kind: [kind], version: version.to_be_bytes() }
}

/// The format of the records written here.
const FORMAT: u8 = 1;

/// The setting that shows under which store key a store is sealed.
const ROOT_KEY_SETTING: &str = "root-key";

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use trent_core::lifecycle::{NewKey, NewKind};
    use trent_core::{KeyMaterial, KeyMaterialId};
    use trent_crypto::store_key::StoreKey;

    #[test]
    fn all_key_material_of_a_key_is_sealed_anew() {
        let [old, new] = [1, 2].map(|byte| StoreKey::from_bytes(&[byte; 32]).unwrap());
        let ring = KeyRing::new(old.clone());
        let (records, key_store) = (Records::new(&ring), SoftwareKeyStore::new(&ring));
        let id = KeyId::single_region([7; 16]);
        let material = || {
            let made = key_store.generate_symmetric(id.as_bytes()).unwrap();
            KeyMaterial::new(KeyMaterialId(made.id), Sealed(made.sealed), Timestamp::UNIX_EPOCH)
        };
        let terms = NewKey {
            account: AccountId::parse("000000000000").unwrap(),
            region: Region::parse("us-east-1").unwrap(),
            id,
            description: String::new(),
            policy: String::new(),
            tags: std::collections::BTreeMap::new(),
        };
        let materials = vec![material(), material()];
        let mut key = KmsKey::new(terms, NewKind::SYMMETRIC, materials, Timestamp::UNIX_EPOCH);
        // Imported material that waits for its rotation is lost with the old store key, too.
        key.pending_material = Some(material());
        let record = records.seal_key(&key, 3).unwrap();
        assert_eq!(records.sealed_under(&record).unwrap(), BTreeSet::from([old.id()]));
        ring.replace(new.clone(), vec![old]);
        let written = records.seal_key(&key, 4).unwrap();
        let sealed = records.reseal(&record).unwrap().unwrap();
        ring.replace(new.clone(), Vec::new());
        for record in [written, Record { sealed, ..record }] {
            assert_eq!(records.sealed_under(&record).unwrap(), BTreeSet::from([new.id()]));
            let key = records.open_key(&record).unwrap().value;
            let materials: Vec<_> = key.materials.iter().chain(&key.pending_material).collect();
            assert_eq!(materials.len(), 3);
            let spec = material_spec(key.spec).unwrap();
            for material in materials {
                let one = [(material.id.0, material.sealed.as_ref().unwrap().0.as_slice())];
                key_store.open(spec, key.id.as_bytes(), &material.id.0, &one).unwrap();
            }
            assert!(records.reseal(&record).unwrap().is_none());
        }
    }
}
