//! Seeds: keys and aliases from a YAML file in the format of local-kms, for development mode.
//!
//! What exists already is never overwritten.

use crate::change_set::ChangeSet;
use crate::error::ServiceError;
use crate::service::{CommitError, Service};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;
use trent_api::enums::RotationType;
use trent_core::key_material::{Sealed, from_hex};
use trent_core::key_policy::default_key_policy;
use trent_core::lifecycle::{NewKey, NewKind};
use trent_core::rotation::{AutomaticRotation, ROTATION_PERIOD_DAYS_DEFAULT, Rotation};
use trent_core::{Alias, KeyArn, KeyId, KeyMaterial, KeyMaterialId, KmsKey, alias};
use zeroize::Zeroizing;

/// A seed file is at most this large.
pub const SEED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What a seed made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seeded {
    /// Keys that did not exist before.
    pub keys: usize,
    /// Aliases that did not exist before.
    pub aliases: usize,
}

impl Service {
    /// Makes the keys and aliases of a seed file that do not exist yet.
    pub async fn seed(&self, yaml: &str) -> Result<Seeded, ServiceError> {
        if yaml.len() > SEED_BYTES_MAX {
            return Err(seed_error(format!("the file has more than {SEED_BYTES_MAX} bytes")));
        }
        let seed: Option<Seed> =
            serde_norway::from_str(yaml).map_err(|error| seed_error(error.to_string()))?;
        let seed = seed.unwrap_or_default();
        if seed.keys.asymmetric.is_some() {
            return Err(seed_error("asymmetric keys are not supported yet".to_owned()));
        }
        let mut seeded = Seeded::default();
        for (index, entry) in seed.keys.symmetric.aes.iter().enumerate() {
            let place = format!("Keys.Symmetric.Aes[{index}]");
            let key =
                self.seeded_key(entry).map_err(|cause| seed_error(format!("{place}: {cause}")))?;
            let set = ChangeSet::new(&self.records).create_key(&key);
            seeded.keys += self.seed_one(&place, set).await?;
        }
        for (index, entry) in seed.aliases.iter().enumerate() {
            let place = format!("Aliases[{index}]");
            let alias = self
                .seeded_alias(entry)
                .await
                .map_err(|cause| seed_error(format!("{place}: {cause}")))?;
            let set = ChangeSet::new(&self.records).put_alias(&alias, 0);
            seeded.aliases += self.seed_one(&place, set).await?;
        }
        Ok(seeded)
    }

    async fn seed_one(
        &self,
        place: &str,
        set: Result<ChangeSet<'_>, trent_api::KmsError>,
    ) -> Result<usize, ServiceError> {
        let failed = |error| seed_error(format!("{place}: {error}"));
        match self.commit(set.map_err(failed)?).await {
            Ok(()) => Ok(1),
            // It exists already.
            Err(CommitError::Raced) => Ok(0),
            Err(CommitError::Failed(error)) => Err(failed(error)),
        }
    }

    fn seeded_key(&self, entry: &AesEntry) -> Result<KmsKey, String> {
        let id = KeyId::parse(&entry.metadata.key_id)
            .filter(|id| !id.is_multi_region())
            .ok_or_else(|| format!("KeyId `{}` is not a UUID", entry.metadata.key_id))?;
        let now = self.clock.now();
        if entry.backing_keys.is_empty() {
            return Err("BackingKeys is empty".to_owned());
        }
        let materials = entry
            .backing_keys
            .iter()
            .enumerate()
            .map(|(index, digits)| {
                let bytes = from_hex(digits).map(Zeroizing::new);
                let bytes = bytes
                    .filter(|bytes| bytes.len() == 32)
                    .ok_or_else(|| format!("BackingKeys[{index}] is not 64 hexadecimal digits"))?;
                let material = self
                    .key_store
                    .adopt_symmetric(id.as_bytes(), &bytes)
                    .map_err(|error| error.to_string())?;
                let id = KeyMaterialId(material.id);
                let rotation =
                    (index > 0).then_some(Rotation { date: now, kind: RotationType::Automatic });
                let sealed = Sealed(material.sealed);
                Ok(KeyMaterial { rotation, ..KeyMaterial::new(id, sealed, now) })
            })
            .collect::<Result<Vec<_>, String>>()?;
        let new = NewKey {
            account: self.settings.account,
            region: self.settings.region.clone(),
            id,
            description: entry.metadata.description.clone(),
            policy: default_key_policy(&self.settings.region, self.settings.account),
            tags: BTreeMap::new(),
        };
        let mut key = KmsKey::new(new, NewKind::SYMMETRIC, materials, now);
        key.automatic_rotation = entry
            .next_key_rotation
            .map(|next| AutomaticRotation { period_days: ROTATION_PERIOD_DAYS_DEFAULT, next });
        Ok(key)
    }

    async fn seeded_alias(&self, entry: &AliasEntry) -> Result<Alias, String> {
        let name = alias::customer_alias_name(&entry.alias_name)
            .map_err(|error| error.message().unwrap_or_default().to_owned())?;
        let not_found = || format!("TargetKeyId `{}` is no key", entry.target_key_id);
        let arn = KeyArn {
            region: self.settings.region.clone(),
            account: self.settings.account,
            key_id: KeyId::parse(&entry.target_key_id).ok_or_else(not_found)?,
        };
        let key = self.key(&arn).await.map_err(|error| error.to_string())?;
        let target = key.ok_or_else(not_found)?.key.value.id;
        let now = self.clock.now();
        let KeyArn { region, account, .. } = arn;
        Ok(Alias { account, region, name, target, created: now, updated: now })
    }
}

fn seed_error(cause: String) -> ServiceError {
    ServiceError::Seed(cause)
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Seed {
    keys: Keys,
    aliases: Vec<AliasEntry>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Keys {
    symmetric: Symmetric,
    asymmetric: Option<serde_norway::Value>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Symmetric {
    aes: Vec<AesEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AesEntry {
    metadata: Metadata,
    /// Key material in hexadecimal digits, oldest first.
    // The word is that of the file format.
    backing_keys: Vec<Zeroizing<String>>,
    #[serde(default)]
    next_key_rotation: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    key_id: String,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AliasEntry {
    alias_name: String,
    target_key_id: String,
}
