//! Seeds: keys and aliases from a YAML file in the format of local-kms, for development mode.
//!
//! What exists already is never overwritten.

use crate::change_set::ChangeSet;
use crate::error::ServiceError;
use crate::material::{key_pair_spec_of, stored};
use crate::service::{CommitError, Service};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;
use trent_api::enums::{KeySpec, KeyUsageType, OriginType, RotationType};
use trent_core::key_material::{Import, Sealed};
use trent_core::key_policy::default_key_policy;
use trent_core::key_spec::key_usage;
use trent_core::lifecycle::{NewKey, NewKind};
use trent_core::rotation::{AutomaticRotation, ROTATION_PERIOD_DAYS_DEFAULT, Rotation};
use trent_core::{Alias, KeyArn, KeyId, KeyMaterial, KeyMaterialId, KmsKey, alias};
use trent_crypto::private_key_pem;
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
        let seed: Option<Seed> = serde_norway::from_str(yaml)
            .map_err(|error| seed_error(without_quoted(&error.to_string())))?;
        let seed = seed.unwrap_or_default();
        let mut seeded = Seeded::default();
        for (index, entry) in seed.keys.symmetric.aes.iter().enumerate() {
            let place = format!("Keys.Symmetric.Aes[{index}]");
            let key =
                self.seeded_key(entry).map_err(|cause| seed_error(format!("{place}: {cause}")))?;
            let set = ChangeSet::new(&self.records).create_key(&key);
            seeded.keys += self.seed_one(&place, set).await?;
        }
        let Asymmetric { rsa, ecc } = &seed.keys.asymmetric;
        for (family, entries, specs) in [("Rsa", rsa, RSA), ("Ecc", ecc, ECC)] {
            for (index, entry) in entries.iter().enumerate() {
                let place = format!("Keys.Asymmetric.{family}[{index}]");
                let key = self
                    .seeded_key_pair(entry, specs)
                    .map_err(|cause| seed_error(format!("{place}: {cause}")))?;
                let set = ChangeSet::new(&self.records).create_key(&key);
                seeded.keys += self.seed_one(&place, set).await?;
            }
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
        let id = entry.metadata.id()?;
        let now = self.clock.now();
        let origin = entry.metadata.origin.unwrap_or(OriginType::AwsKms);
        let import = match (origin, entry.backing_keys.len()) {
            (OriginType::AwsKms, 0) => return Err("BackingKeys is empty".to_owned()),
            (OriginType::AwsKms, _) => None,
            (OriginType::External, 0 | 1) => Some(Import::default()),
            (OriginType::External, _) => {
                return Err("BackingKeys has more than one of Origin EXTERNAL".to_owned());
            }
            _ => return Err(format!("Origin {origin} cannot be seeded")),
        };
        let materials = entry
            .backing_keys
            .iter()
            .enumerate()
            .map(|(index, digits)| {
                let mut bytes = Zeroizing::new([0; 32]);
                hex::decode_to_slice(digits, bytes.as_mut_slice())
                    .map_err(|_| format!("BackingKeys[{index}] is not 64 hexadecimal digits"))?;
                let material = self
                    .key_store
                    .adopt_symmetric(id.as_bytes(), bytes.as_slice())
                    .map_err(|error| error.to_string())?;
                let id = KeyMaterialId(material.id);
                let rotation =
                    (index > 0).then_some(Rotation { date: now, kind: RotationType::Automatic });
                let sealed = Sealed(material.sealed);
                let import = import.clone();
                Ok(KeyMaterial { rotation, import, ..KeyMaterial::new(id, sealed, now) })
            })
            .collect::<Result<Vec<_>, String>>()?;
        let new = self.new_key(id, &entry.metadata);
        let mut key = KmsKey::new(new, NewKind { origin, ..NewKind::SYMMETRIC }, materials, now);
        key.automatic_rotation = entry
            .next_key_rotation
            .map(|next| AutomaticRotation { period_days: ROTATION_PERIOD_DAYS_DEFAULT, next });
        Ok(key)
    }

    /// The key of an entry whose private key must be of one of `specs`.
    fn seeded_key_pair(&self, entry: &KeyPairEntry, specs: &[KeySpec]) -> Result<KmsKey, String> {
        let id = entry.metadata.id()?;
        let suiting: Vec<_> = specs.iter().filter_map(|spec| key_pair_spec_of(*spec)).collect();
        let pair = private_key_pem::key_pair(&entry.private_key_pem, &suiting)
            .map_err(|error| format!("PrivateKeyPem: {error}"))?;
        let spec = specs.iter().find(|spec| key_pair_spec_of(**spec) == Some(pair.spec()));
        let spec = *spec.ok_or("PrivateKeyPem: unknown key spec")?;
        let usage = key_usage(spec, entry.metadata.key_usage)
            .map_err(|error| error.message().unwrap_or_default().to_owned())?;
        let material = self
            .key_store
            .adopt_key_pair(id.as_bytes(), &pair)
            .map_err(|error| format!("PrivateKeyPem: {error}"))?;
        let now = self.clock.now();
        let kind = NewKind { spec, usage, origin: OriginType::AwsKms };
        let new = self.new_key(id, &entry.metadata);
        Ok(KmsKey::new(new, kind, vec![stored(material, now)], now))
    }

    fn new_key(&self, id: KeyId, metadata: &Metadata) -> NewKey {
        let (account, region) = (self.settings.account, self.settings.region.clone());
        let policy = default_key_policy(&region, account);
        let description = metadata.description.clone();
        NewKey { account, region, id, description, policy, tags: BTreeMap::new() }
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

/// A message of the parser without the text that it repeats, which may be a secret.
fn without_quoted(message: &str) -> String {
    match (message.find('"'), message.rfind('"')) {
        (Some(first), Some(last)) if first < last => {
            format!("{}…{}", &message[..=first], &message[last..])
        }
        _ => message.to_owned(),
    }
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
    asymmetric: Asymmetric,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Symmetric {
    aes: Vec<AesEntry>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Asymmetric {
    rsa: Vec<KeyPairEntry>,
    ecc: Vec<KeyPairEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyPairEntry {
    metadata: Metadata,
    private_key_pem: Zeroizing<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AesEntry {
    metadata: Metadata,
    /// Key material in hexadecimal digits, oldest first.
    // The word is that of the file format.
    #[serde(default)]
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
    /// Of secrets: `AWS_KMS`, which is usual, or `EXTERNAL`.
    #[serde(default)]
    origin: Option<OriginType>,
    /// Of key pairs.
    #[serde(default)]
    key_usage: Option<KeyUsageType>,
}

impl Metadata {
    fn id(&self) -> Result<KeyId, String> {
        KeyId::parse(&self.key_id)
            .filter(|id| !id.is_multi_region())
            .ok_or_else(|| format!("KeyId `{}` is not a UUID", self.key_id))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AliasEntry {
    alias_name: String,
    target_key_id: String,
}

/// What the private keys under `Rsa` may be.
const RSA: &[KeySpec] = &[KeySpec::Rsa2048, KeySpec::Rsa3072, KeySpec::Rsa4096];

/// What the private keys under `Ecc` may be.
const ECC: &[KeySpec] = &[
    KeySpec::EccNistP256,
    KeySpec::EccNistP384,
    KeySpec::EccNistP521,
    KeySpec::EccSecgP256k1,
    KeySpec::EccNistEdwards25519,
];
