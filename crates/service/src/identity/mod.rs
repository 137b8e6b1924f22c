//! Identities as records: accounts, users, roles and access keys, administered here and read by
//! `directory.rs`, which knows who calls.
//!
//! They are sealed records of the same store as keys, and may be changed by another process than
//! the one that serves. Every change also writes one setting, whose version tells the servers that
//! what they hold in memory is old.

pub mod admin;
pub mod apply;
mod changes;
mod checks;
pub(crate) mod directory;
pub mod file;
pub(crate) mod principal;

use crate::records::setting_id;
use trent_core::AccountId;
use trent_store::{Kind, RecordId};

/// The record of an account.
fn account_id(account: AccountId) -> RecordId {
    record_id(Kind::Account, "", account.as_str())
}

/// The record of a user or role. Names that differ only in case are the same name.
fn named_id(kind: Kind, account: AccountId, name: &str) -> RecordId {
    record_id(kind, account.as_str(), &name.to_ascii_lowercase())
}

/// The record of an access key. It is in no account, since a request names no other thing.
fn access_key_id(id: &str) -> RecordId {
    record_id(Kind::AccessKey, "", id)
}

/// Whom an access key belongs to, as the owner of its record.
fn access_key_owner(account: AccountId, user: Option<&str>) -> String {
    format!("{account}/{}", user.unwrap_or_default().to_ascii_lowercase())
}

/// The setting that every change of an identity writes.
fn changes_id() -> RecordId {
    setting_id(changes::CHANGES)
}

fn record_id(kind: Kind, account: &str, name: &str) -> RecordId {
    RecordId { kind, account: account.to_owned(), region: String::new(), name: name.to_owned() }
}
