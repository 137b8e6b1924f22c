//! Identities: accounts, IAM users, IAM roles and access keys, with their policies as texts.
//!
//! What a policy allows is decided elsewhere. Source: IAM User Guide, "IAM identifiers",
//! "IAM and AWS STS quotas".

use crate::id::AccountId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use zeroize::Zeroizing;

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its 12 digits.
    pub id: AccountId,
    /// A friendly name; may be empty.
    pub name: String,
    /// When it was created.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created: Timestamp,
}

/// The name of an IAM user, IAM role or policy: 1 to 64 letters, digits and
/// `+=,.@_-`. Names that differ only in case are
/// the same; it is kept as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdentityName(String);

impl IdentityName {
    /// Reads a name.
    pub fn parse(text: &str) -> Option<Self> {
        is_name(text, 1, NAME_CHARACTERS_MAX).then(|| Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdentityName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for IdentityName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("`{text}` is not a name: {NAME_RULE}"))
    }
}

impl From<IdentityName> for String {
    fn from(name: IdentityName) -> Self {
        name.0
    }
}

/// What names of identities are made of, for messages.
pub const NAME_RULE: &str = "1 to 64 letters, digits and +=,.@_-";

/// Policies of an identity, its boundary and its tags.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// Inline policies by name, as they were put.
    pub policies: BTreeMap<IdentityName, String>,
    /// The permissions boundary: what the policies can allow at most.
    pub boundary: Option<String>,
    /// Tags, at most [`IDENTITY_TAGS_MAX`].
    pub tags: BTreeMap<String, String>,
}

/// An IAM user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The account.
    pub account: AccountId,
    /// `/`, or what stands before the name in the ARN, such as `/division/team/`.
    pub path: String,
    /// The name, unique in the account.
    pub name: IdentityName,
    /// The unique id, `AIDA…`: another user of the same name has another.
    pub id: String,
    /// When the user was created.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created: Timestamp,
    /// What the user may do.
    pub permissions: Permissions,
}

/// An IAM role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// The account.
    pub account: AccountId,
    /// `/`, or what stands before the name in the ARN.
    pub path: String,
    /// The name, unique in the account.
    pub name: IdentityName,
    /// The unique id, `AROA…`.
    pub id: String,
    /// When the role was created.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created: Timestamp,
    /// Who may assume the role.
    pub trust_policy: String,
    /// The unique ids that user and role ARNs in the trust policy stood for when it was put: another
    /// principal of the same name is not meant.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trust_principals: BTreeMap<String, String>,
    /// How long a session lasts at most, in seconds: 3,600 to 43,200.
    pub max_session_seconds: u32,
    /// What sessions of the role may do.
    pub permissions: Permissions,
}

/// A long-term access key.
#[derive(Clone, Serialize, Deserialize)]
pub struct AccessKey {
    /// The access key id, 16 to 128 letters and digits.
    pub id: String,
    /// The account.
    pub account: AccountId,
    /// Whose it is; `None` for the root of the account.
    pub user: Option<IdentityName>,
    /// The secret access key.
    pub secret: Zeroizing<String>,
    /// Whether it is accepted.
    pub is_active: bool,
    /// When it was created.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created: Timestamp,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl User {
    /// The ARN in a partition such as `aws`.
    pub fn arn(&self, partition: &str) -> String {
        format!("arn:{partition}:iam::{}:user{}{}", self.account, self.path, self.name)
    }
}

impl Role {
    /// The ARN in a partition such as `aws`.
    pub fn arn(&self, partition: &str) -> String {
        format!("arn:{partition}:iam::{}:role{}{}", self.account, self.path, self.name)
    }

    /// The ARN of a session of the role.
    pub fn session_arn(&self, partition: &str, session: &str) -> String {
        format!("arn:{partition}:sts::{}:assumed-role/{}/{session}", self.account, self.name)
    }
}

/// The ARN of the root of an account.
pub fn root_arn(partition: &str, account: AccountId) -> String {
    format!("arn:{partition}:iam::{account}:root")
}

/// Whether a text can be the name of a session: 2 to 64 letters, digits and `+=,.@_-`
/// (AWS STS API Reference, "AssumeRole").
pub fn is_session_name(text: &str) -> bool {
    is_name(text, 2, NAME_CHARACTERS_MAX)
}

/// Whether a text is `/`, or 1 to 512 visible ASCII characters between slashes.
pub fn is_path(text: &str) -> bool {
    text.len() <= PATH_CHARACTERS_MAX
        && text.starts_with('/')
        && text.ends_with('/')
        && !text.contains("//")
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether a text can be an access key id.
pub fn is_access_key_id(text: &str) -> bool {
    (16..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The unique id of an identity: a prefix of four letters and 17 of the alphabet of base 32,
/// drawn from `random`.
pub fn unique_id(prefix: &str, random: [u8; 17]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let letters = random.map(|byte| char::from(ALPHABET[usize::from(byte & 31)]));
    prefix.chars().chain(letters).collect()
}

/// The prefix of the unique ids of users.
pub const USER_ID_PREFIX: &str = "AIDA";
/// The prefix of the unique ids of roles.
pub const ROLE_ID_PREFIX: &str = "AROA";
/// The prefix of the ids of long-term access keys.
pub const ACCESS_KEY_PREFIX: &str = "AKIA";
/// The prefix of the ids of temporary access keys.
pub const SESSION_KEY_PREFIX: &str = "ASIA";

/// Tags that a user or role may have.
pub const IDENTITY_TAGS_MAX: usize = 50;
/// Access keys that one user may have.
pub const ACCESS_KEYS_PER_USER_MAX: usize = 2;
/// Characters of all inline policies of a user together, without white space.
pub const USER_POLICIES_CHARACTERS_MAX: usize = 2_048;
/// Characters of all inline policies of a role together, without white space.
pub const ROLE_POLICIES_CHARACTERS_MAX: usize = 10_240;
/// Characters of one inline policy or permissions boundary, without white space.
pub const POLICY_CHARACTERS_MAX: usize = 10_240;
/// Characters of a trust policy, without white space.
pub const TRUST_POLICY_CHARACTERS_MAX: usize = 4_096;
/// How long a session of a role lasts unless the role says otherwise, in seconds.
pub const SESSION_SECONDS_DEFAULT: u32 = 3_600;
/// The longest that a role may let its sessions last, in seconds.
pub const SESSION_SECONDS_MAX: u32 = 43_200;
/// The shortest session, in seconds.
pub const SESSION_SECONDS_MIN: u32 = 900;

fn is_name(text: &str, characters_min: usize, characters_max: usize) -> bool {
    (characters_min..=characters_max).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte))
}

const NAME_CHARACTERS_MAX: usize = 64;

const PATH_CHARACTERS_MAX: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_have_bounds() {
        for name in ["a", "Alice.Smith+x=1,2@example_com-", &"n".repeat(64)] {
            assert!(IdentityName::parse(name).is_some(), "{name}");
        }
        for name in ["", "a b", "a/b", "ä", "a:b", "a*", &"n".repeat(65)] {
            assert!(IdentityName::parse(name).is_none(), "{name}");
        }
        assert!(!is_session_name("a") && is_session_name("ab"));
        for path in ["/", "/a/", "/division/team-1/"] {
            assert!(is_path(path), "{path}");
        }
        for path in ["", "a", "/a", "a/", "//", "/a//b/", "/a b/", "/ä/"] {
            assert!(!is_path(path), "{path}");
        }
    }

    #[test]
    fn an_access_key_does_not_print_its_secret() {
        let key = AccessKey {
            id: "AKIA0123456789ABCDEF".to_owned(),
            account: AccountId::parse("111122223333").unwrap(),
            user: None,
            secret: Zeroizing::new("very secret".to_owned()),
            is_active: true,
            created: Timestamp::UNIX_EPOCH,
        };
        assert!(!format!("{key:?}").contains("secret"));
    }

    #[test]
    fn unique_ids_are_of_their_alphabet() {
        let id = unique_id(USER_ID_PREFIX, [255; 17]);
        assert_eq!(id, format!("AIDA{}", "7".repeat(17)));
    }
}
