//! Errors of the crates below, turned into exceptions in one place.

use std::error::Error;
use trent_api::{ErrorCode, KmsError};
use trent_keystore::KeyStoreError;
use trent_keystore::root_key::RootKeyError;
use trent_store::StoreError;

/// Why the service cannot start or cannot do what its operator asked for.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The store cannot be read or written.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The store cannot be opened with the root key that was given; the text says why.
    #[error("{0}")]
    RootKey(String),
    /// The store key at hand is not the one that the store is sealed under. A store that began with
    /// a root key file is sealed under the key in it.
    #[error("the store is sealed under root key {sealed_under}, but root key {given} was given")]
    WrongStoreKey {
        /// The store key that the store names.
        sealed_under: String,
        /// The store key that was given.
        given: String,
    },
    /// A record does not authenticate or is no record.
    #[error("{0}")]
    Damaged(#[from] Damaged),
    /// A backup is not as it was made, or is none; the text says why.
    #[error("{0}")]
    Backup(String),
    /// A seed file says something that cannot be done.
    #[error("{0}")]
    Seed(String),
    /// What an administrator asked for cannot be done; the text says why.
    #[error("{0}")]
    Refused(String),
    /// The clock cannot be moved as asked.
    #[error("{0}")]
    Clock(String),
    /// The audit log cannot be written.
    #[error("{0}")]
    Audit(#[from] crate::audit::AuditError),
    /// Something else failed.
    #[error("{0}")]
    Internal(String),
}

impl From<RootKeyError> for ServiceError {
    fn from(error: RootKeyError) -> Self {
        Self::RootKey(error.to_string())
    }
}

/// A sealed record that cannot be opened.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the record of {record} is damaged: {cause}")]
pub struct Damaged {
    /// Which record.
    pub record: String,
    /// What is wrong with it.
    pub cause: String,
}

impl From<Damaged> for KmsError {
    fn from(damaged: Damaged) -> Self {
        let message = format!("The record of {} is damaged.", damaged.record);
        Self::new(ErrorCode::KmsInternal, message).because(damaged)
    }
}

/// A failure of the store as an exception. `Conflict` is retried before it could come here.
pub(crate) fn from_store(error: StoreError) -> KmsError {
    KmsError::internal(error)
}

/// What was read is too old, because the store cannot be asked: `ServiceUnavailable`, which clients
/// and load balancers try again, elsewhere if they can.
///
/// AWS: AWS KMS API Reference, "Common Errors".
pub(crate) fn too_old() -> KmsError {
    unavailable("the store has not told in time what other nodes changed")
}

/// The failure of a request that has written nothing, over a store that other nodes share: they may
/// reach it where this one does not.
pub(crate) fn tried_elsewhere(error: KmsError) -> KmsError {
    match error.source().and_then(|cause| cause.downcast_ref::<StoreError>()) {
        Some(cause @ StoreError::Unavailable(_)) => unavailable(cause.clone()),
        _ => error,
    }
}

fn unavailable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> KmsError {
    let message = "The request has failed due to a temporary failure of the server.";
    KmsError::new(ErrorCode::ServiceUnavailable, message).because(cause)
}

/// A failure of the key store as an exception. All decrypt failures look the same.
pub(crate) fn from_key_store(error: KeyStoreError) -> KmsError {
    match error {
        KeyStoreError::InvalidCiphertext => KmsError::bare(ErrorCode::InvalidCiphertext),
        KeyStoreError::Damaged { .. }
        | KeyStoreError::KeyMaterialLength { .. }
        | KeyStoreError::Library
        | KeyStoreError::MissingCurrent { .. }
        | KeyStoreError::Random
        | KeyStoreError::Refused(_)
        | KeyStoreError::TooLong
        | KeyStoreError::UnknownFormat { .. }
        | KeyStoreError::WrongStoreKey { .. } => KmsError::internal(error),
    }
}
