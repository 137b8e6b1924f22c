//! The file of identities: YAML, in which unknown or repeated members are refused.
//!
//! ```yaml
//! accounts:
//!   "111122223333":
//!     users:
//!       alice:
//!         policies:
//!           decrypt: { Version: "2012-10-17", Statement: [ … ] }
//! ```

use crate::error::ServiceError;
use jiff::SignedDuration;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::marker::PhantomData;
use trent_core::AccountId;
use trent_core::identity::{IdentityName, SESSION_SECONDS_DEFAULT};
use zeroize::Zeroizing;

/// What accounts, users and roles there are to be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityFile {
    pub(super) accounts: Named<AccountId, Option<AccountEntry>>,
}

impl IdentityFile {
    /// Reads a file. Fails with [`ServiceError::Refused`], which names the place.
    pub fn parse(yaml: &str) -> Result<Self, ServiceError> {
        if yaml.len() > IDENTITIES_BYTES_MAX {
            let message = format!("the file has more than {IDENTITIES_BYTES_MAX} bytes");
            return Err(ServiceError::Refused(message));
        }
        serde_norway::from_str(yaml).map_err(|error| ServiceError::Refused(told(&error)))
    }
}

/// An account with its identities.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AccountEntry {
    pub(super) name: Option<String>,
    pub(super) users: Named<IdentityName, Option<UserEntry>>,
    pub(super) roles: Named<IdentityName, RoleEntry>,
}

/// A user.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct UserEntry {
    pub(super) path: Option<String>,
    pub(super) tags: Named<String, String>,
    pub(super) policies: Named<IdentityName, Document>,
    pub(super) boundary: Option<Document>,
    pub(super) access_keys: Vec<AccessKeyEntry>,
}

/// A role.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoleEntry {
    pub(super) trust_policy: Document,
    #[serde(default)]
    pub(super) path: Option<String>,
    #[serde(default = "usual_session", deserialize_with = "seconds")]
    pub(super) max_session: u32,
    #[serde(default)]
    pub(super) tags: Named<String, String>,
    #[serde(default)]
    pub(super) policies: Named<IdentityName, Document>,
    #[serde(default)]
    pub(super) boundary: Option<Document>,
}

/// An access key that is known already.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessKeyEntry {
    pub(super) id: String,
    pub(super) secret: Zeroizing<String>,
}

/// A policy as JSON: given as a text, or as a mapping of YAML.
pub(super) struct Document(pub(super) String);

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Refuses members that occur twice, which a value of JSON would not.
        match serde_norway::Value::deserialize(deserializer)? {
            serde_norway::Value::String(text) => Ok(Self(text.trim().to_owned())),
            serde_norway::Value::Mapping(mapping) => {
                serde_json::to_string(&mapping).map(Self).map_err(D::Error::custom)
            }
            _ => Err(D::Error::custom("a policy is a mapping, or JSON in a text")),
        }
    }
}

/// Things by their names, of which none occurs twice.
pub(super) struct Named<K, V>(pub(super) BTreeMap<K, V>);

impl<K, V> Default for Named<K, V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Deserialize<'de> for Named<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NamedVisitor(PhantomData))
    }
}

struct NamedVisitor<K, V>(PhantomData<(K, V)>);

impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Visitor<'de> for NamedVisitor<K, V> {
    type Value = Named<K, V>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a mapping")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Named::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut named = BTreeMap::new();
        while let Some(key) = map.next_key::<K>()? {
            let Entry::Vacant(place) = named.entry(key) else {
                return Err(A::Error::custom("a name occurs twice"));
            };
            place.insert(map.next_value()?);
        }
        Ok(Named(named))
    }
}

fn usual_session() -> u32 {
    SESSION_SECONDS_DEFAULT
}

/// Whole seconds of a duration such as `1h` or `PT1H`.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let text = String::deserialize(deserializer)?;
    let duration: Option<SignedDuration> = text.parse().ok();
    let seconds = duration.and_then(|duration| u32::try_from(duration.as_secs()).ok());
    seconds.ok_or_else(|| D::Error::custom("max_session is a duration such as 1h"))
}

/// What is wrong with a file, and where. A misplaced secret is not repeated.
fn told(error: &serde_norway::Error) -> String {
    let text = error.to_string();
    match (text.split_once(": "), error.location()) {
        (Some((place, _)), Some(at)) if place.contains("access_keys") => format!(
            "{place}: access keys are a list, each with `id` and `secret`, at line {} column {}",
            at.line(),
            at.column()
        ),
        _ => text,
    }
}

/// A file of identities is at most this large.
pub const IDENTITIES_BYTES_MAX: usize = 16 * 1024 * 1024;
