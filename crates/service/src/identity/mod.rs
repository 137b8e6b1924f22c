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
pub(crate) mod named;
pub(crate) mod principal;

use crate::records::setting_id;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trent_core::AccountId;
use trent_core::identity::unique_id;
use trent_crypto::error::CryptoError;
use trent_store::{Kind, RecordId};
use zeroize::Zeroizing;

/// The id of a new access key: `prefix`, such as `AKIA`, and 16 random letters and digits.
pub(crate) fn new_access_key_id(prefix: &str) -> Result<String, CryptoError> {
    let mut random = [0; 17];
    trent_crypto::random::fill(&mut random)?;
    let mut id = unique_id(prefix, random);
    id.truncate(ACCESS_KEY_ID_CHARACTERS);
    Ok(id)
}

/// A new secret access key: 40 characters of base64, as AWS's are.
pub(crate) fn new_secret() -> Result<Zeroizing<String>, CryptoError> {
    let random = trent_crypto::random::bytes(SECRET_BYTES)?;
    Ok(Zeroizing::new(STANDARD.encode(&*random)))
}

/// The record of an account.
pub(crate) fn account_id(account: AccountId) -> RecordId {
    record_id(Kind::Account, "", account.as_str())
}

/// The record of a user or role. Names that differ only in case are the same name.
pub(crate) fn named_id(kind: Kind, account: AccountId, name: &str) -> RecordId {
    record_id(kind, account.as_str(), &name.to_ascii_lowercase())
}

/// The record of an access key. It is in no account, since a request names no other thing.
pub(crate) fn access_key_id(id: &str) -> RecordId {
    record_id(Kind::AccessKey, "", id)
}

/// Whom an access key belongs to, as the owner of its record.
pub(crate) fn access_key_owner(account: AccountId, user: Option<&str>) -> String {
    format!("{account}/{}", user.unwrap_or_default().to_ascii_lowercase())
}

/// The setting that every change of an identity writes.
pub(crate) fn changes_id() -> RecordId {
    setting_id(changes::CHANGES)
}

fn record_id(kind: Kind, account: &str, name: &str) -> RecordId {
    RecordId { kind, account: account.to_owned(), region: String::new(), name: name.to_owned() }
}

/// Access key ids as AWS makes them.
const ACCESS_KEY_ID_CHARACTERS: usize = 20;

/// What is in a secret access key.
const SECRET_BYTES: usize = 30;
