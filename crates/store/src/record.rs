//! What is stored, what can be done to it, and the bounds of both. Nothing here knows what is
//! inside the sealed bytes.

use crate::error::StoreError;

/// Which kinds of records there are, and what is in them, as a number that grows with each new kind:
/// what a backup says, so that an older version of the program refuses it as a whole. The schema of
/// the database is a matter of its own.
pub const RECORD_SCHEMA: u32 = 3;

/// What a record is about.
///
/// Stored as small integers that never change. A new kind comes with a new schema version, even
/// if no table changes, so that older versions of the program refuse the store instead of
/// stumbling over its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A fact about the installation.
    Setting,
    /// A KMS key with its key materials.
    Key,
    /// An alias; its owner is the key it points at.
    Alias,
    /// A grant; its owner is its key.
    Grant,
    /// That somebody may retire a grant; its owner is who.
    RetirableGrant,
    /// When a key was last used.
    LastUsage,
    /// An account.
    Account,
    /// An IAM user.
    User,
    /// An IAM role.
    Role,
    /// An access key; its owner is the user.
    AccessKey,
    /// An event that waits to be delivered.
    Event,
}

impl Kind {
    /// The small integer.
    pub fn code(self) -> i64 {
        match self {
            Self::Setting => 1,
            Self::Key => 2,
            Self::Alias => 3,
            Self::Grant => 4,
            Self::RetirableGrant => 5,
            Self::LastUsage => 6,
            Self::Account => 7,
            Self::User => 8,
            Self::Role => 9,
            Self::AccessKey => 10,
            Self::Event => 11,
        }
    }

    /// The kind of a small integer.
    pub fn from_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::Setting),
            2 => Some(Self::Key),
            3 => Some(Self::Alias),
            4 => Some(Self::Grant),
            5 => Some(Self::RetirableGrant),
            6 => Some(Self::LastUsage),
            7 => Some(Self::Account),
            8 => Some(Self::User),
            9 => Some(Self::Role),
            10 => Some(Self::AccessKey),
            11 => Some(Self::Event),
            _ => None,
        }
    }
}

/// The name of a record. No two records have the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordId {
    /// What the record is about.
    pub kind: Kind,
    /// The account it is in; may be empty. At most [`bounds::ACCOUNT_BYTES_MAX`].
    pub account: String,
    /// The region it is in; may be empty. At most [`bounds::REGION_BYTES_MAX`].
    pub region: String,
    /// Its name there, not empty. At most [`bounds::NAME_BYTES_MAX`].
    pub name: String,
}

impl RecordId {
    /// Into how many parts all records fall, for nodes that share work.
    pub const PARTS: u32 = 16;

    /// The part that the record is in: by the last character of its name, where that is a
    /// hexadecimal digit, as ids of keys end with, and else the first part.
    pub fn part(&self) -> u32 {
        let last = self.name.chars().last().and_then(|last| PART_DIGITS.find(last));
        let place = last.and_then(|place| u32::try_from(place + 1).ok());
        place.unwrap_or_default() % Self::PARTS
    }
}

/// What the queries of the stores compute parts with, too.
const PART_DIGITS: &str = "0123456789abcdef";

/// A sealed record with the columns that queries need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The name of the record.
    pub id: RecordId,
    /// 1 when it is first written, one more with each write.
    pub version: u64,
    /// The content, which only the caller can open. At most [`bounds::SEALED_BYTES_MAX`].
    pub sealed: Vec<u8>,
    /// The name of what it belongs to, such as the key that an alias points at. Not empty, at
    /// most [`bounds::NAME_BYTES_MAX`].
    pub owner: Option<String>,
    /// When a job has to look at it, in milliseconds since the epoch.
    pub due_at: Option<i64>,
}

/// One step of a change set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Writes the record. The stored version must be one less than the version of the record; at
    /// version 1 there must be no such record.
    Put(Record),
    /// Writes the content anew, sealed under another key. Nothing else changes, the version
    /// neither: it must be `version`.
    Reseal {
        /// The record.
        id: RecordId,
        /// Its version.
        version: u64,
        /// The same content.
        sealed: Vec<u8>,
    },
    /// Writes the record as it was in another store or in a backup, with its version. There must be no such
    /// record.
    Restore(Record),
    /// Removes the record. The stored version must be `version`.
    Delete {
        /// The record to remove.
        id: RecordId,
        /// Its version.
        version: u64,
    },
    /// Writes nothing. The stored version must be `version`.
    Expect {
        /// The record that must be there.
        id: RecordId,
        /// Its version.
        version: u64,
    },
    /// Writes nothing. There must be no such record.
    ExpectAbsent {
        /// The record that must not be there.
        id: RecordId,
    },
}

/// How large everything may be. Checked before anything reaches a backend, so that every backend
/// accepts the same.
pub mod bounds {
    /// An account is 12 digits; this leaves room for other partitions.
    pub const ACCOUNT_BYTES_MAX: usize = 64;
    /// The longest name of an AWS region has 14 letters.
    pub const REGION_BYTES_MAX: usize = 64;
    /// Names and owners. An alias has at most 256 characters, an IAM path and name 576.
    pub const NAME_BYTES_MAX: usize = 1024;
    /// One record. A key with a hundred rotated materials needs less than 1 MiB.
    pub const SEALED_BYTES_MAX: usize = 4 << 20;
    /// Changes in a set.
    pub const CHANGES_MAX: usize = 1000;
    /// The sealed bytes of all records in a set, since a set is held in memory as a whole.
    pub const SET_BYTES_MAX: usize = 64 << 20;
    /// The largest version, since databases have signed integers.
    pub const VERSION_MAX: u64 = i64::MAX.unsigned_abs();
    /// Records that a reading returns at once.
    pub const LIMIT_MAX: u32 = 10_000;
}

/// Holds a whole change set against the bounds.
pub(crate) fn check_changes(changes: &[Change]) -> Result<(), StoreError> {
    ensure(changes.len() <= bounds::CHANGES_MAX, "the change set has too many changes")?;
    let mut set_bytes = 0;
    for change in changes {
        let (id, version) = match change {
            Change::Put(record) | Change::Restore(record) => {
                let bytes = record.sealed.len();
                ensure(bytes <= bounds::SEALED_BYTES_MAX, "`sealed` is too long")?;
                set_bytes += bytes;
                if let Some(owner) = &record.owner {
                    check_text(owner, 1, bounds::NAME_BYTES_MAX, "`owner`")?;
                }
                (&record.id, record.version)
            }
            Change::Reseal { id, version, sealed } => {
                ensure(sealed.len() <= bounds::SEALED_BYTES_MAX, "`sealed` is too long")?;
                set_bytes += sealed.len();
                (id, *version)
            }
            Change::Delete { id, version } | Change::Expect { id, version } => (id, *version),
            Change::ExpectAbsent { id } => (id, 1),
        };
        check_text(&id.account, 0, bounds::ACCOUNT_BYTES_MAX, "`account`")?;
        check_text(&id.region, 0, bounds::REGION_BYTES_MAX, "`region`")?;
        check_text(&id.name, 1, bounds::NAME_BYTES_MAX, "`name`")?;
        ensure((1..=bounds::VERSION_MAX).contains(&version), "`version` is out of range")?;
    }
    ensure(set_bytes <= bounds::SET_BYTES_MAX, "the change set is too large")
}

/// Holds the limit of a reading against its bound.
pub(crate) fn check_limit(limit: u32) -> Result<(), StoreError> {
    ensure(limit <= bounds::LIMIT_MAX, "`limit` is too large")
}

/// Holds the names of a [`claim`](crate::Store::claim) against their bounds.
pub(crate) fn check_claim(work: &str, node: &str) -> Result<(), StoreError> {
    check_text(work, 1, bounds::NAME_BYTES_MAX, "`work`")?;
    check_text(node, 1, bounds::NAME_BYTES_MAX, "`node`")
}

/// A NUL is refused because not every database can store it in a text.
fn check_text(
    text: &str,
    bytes_min: usize,
    bytes_max: usize,
    what: &'static str,
) -> Result<(), StoreError> {
    let fits = (bytes_min..=bytes_max).contains(&text.len()) && !text.contains('\0');
    ensure(fits, what)
}

fn ensure(holds: bool, what: &'static str) -> Result<(), StoreError> {
    if holds { Ok(()) } else { Err(StoreError::InvalidRecord { what }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_never_change() {
        let codes = [
            (Kind::Setting, 1),
            (Kind::Key, 2),
            (Kind::Alias, 3),
            (Kind::Grant, 4),
            (Kind::RetirableGrant, 5),
            (Kind::LastUsage, 6),
            (Kind::Account, 7),
            (Kind::User, 8),
            (Kind::Role, 9),
            (Kind::AccessKey, 10),
            (Kind::Event, 11),
        ];
        for (kind, code) in codes {
            assert_eq!(kind.code(), code);
            assert_eq!(Kind::from_code(code), Some(kind));
        }
        // Whoever adds a kind changes both.
        assert_eq!((RECORD_SCHEMA, codes.len()), (3, 11));
        for unknown in [0, codes.len() + 1] {
            assert_eq!(Kind::from_code(i64::try_from(unknown).unwrap()), None);
        }
    }
}
