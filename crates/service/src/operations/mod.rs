//! The operations, a family a file. Each is a function from the context and a request to a reply.

pub(crate) mod aliases;
pub(crate) mod data_keys;
pub(crate) mod deletion;
pub(crate) mod encryption;
pub(crate) mod keys;
pub(crate) mod policies;
pub(crate) mod rotation;
pub(crate) mod tags;

use crate::dispatch::not_built;
use trent_api::structures::RecipientInfo;
use trent_api::{ErrorCode, KmsError};

/// Raises `DryRunOperationException` when the request only asks whether it would succeed.
fn check_dry_run(dry_run: Option<bool>) -> Result<(), KmsError> {
    if dry_run == Some(true) { Err(would_succeed()) } else { Ok(()) }
}

fn would_succeed() -> KmsError {
    let message = "The request would have succeeded, but the DryRun option is set.";
    KmsError::new(ErrorCode::DryRunOperation, message)
}

/// Raises `InvalidGrantTokenException` for any grant token: no grant exists.
fn check_grant_tokens(tokens: Option<&[String]>) -> Result<(), KmsError> {
    match tokens {
        None | Some([]) => Ok(()),
        Some(_) => Err(KmsError::new(ErrorCode::InvalidGrantToken, "Invalid grant token.")),
    }
}

/// A plaintext asked for under an enclave's public key must never be answered in the clear.
fn check_recipient(recipient: Option<&RecipientInfo>) -> Result<(), KmsError> {
    match recipient {
        None => Ok(()),
        Some(_) => Err(not_built("The Recipient parameter is")),
    }
}
