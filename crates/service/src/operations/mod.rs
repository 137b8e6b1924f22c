//! The operations, a family a file. Each is a function from the context and a request to a reply.

pub(crate) mod agreement;
pub(crate) mod aliases;
mod custom_key;
pub(crate) mod data_keys;
pub(crate) mod deletion;
pub(crate) mod encryption;
pub(crate) mod grants;
pub(crate) mod import;
pub(crate) mod keys;
pub(crate) mod mac;
pub(crate) mod policies;
mod recipient;
pub(crate) mod replication;
pub(crate) mod rotation;
pub(crate) mod signing;
pub(crate) mod tags;

use crate::context::Context;
use trent_api::enums::KeyUsageType;
use trent_api::{ErrorCode, KmsError};
use trent_core::KmsKey;

/// Raises `DryRunOperationException` when the request only asks whether it would succeed.
fn check_dry_run(dry_run: Option<bool>) -> Result<(), KmsError> {
    if dry_run == Some(true) { Err(would_succeed()) } else { Ok(()) }
}

fn would_succeed() -> KmsError {
    let message = "The request would have succeeded, but the DryRun option is set.";
    KmsError::new(ErrorCode::DryRunOperation, message)
}

/// Raises `InvalidGrantTokenException` for a token of no existing grant, or `ValidationException`
/// where the operation (DescribeKey) does not declare that. The grant of a token is in force here
/// from now on, whichever node has given it a moment ago.
async fn check_grant_tokens(cx: &Context<'_>, tokens: Option<&[String]>) -> Result<(), KmsError> {
    for token in tokens.unwrap_or_default() {
        let Some(grant) = cx.grant_of_token(token).await? else {
            let declared = cx.operation.errors().contains(&ErrorCode::InvalidGrantToken);
            let code = if declared { ErrorCode::InvalidGrantToken } else { ErrorCode::Validation };
            return Err(KmsError::new(code, grants::INVALID_GRANT_TOKEN));
        };
        cx.service.cache.meet_grant(&grant.value);
    }
    Ok(())
}

/// Raises `InvalidKeyUsageException` when the key is for something else.
fn check_usage(cx: &Context<'_>, key: &KmsKey, usage: KeyUsageType) -> Result<(), KmsError> {
    if key.usage == usage {
        return Ok(());
    }
    let (arn, operation) = (key.arn(), cx.operation.as_str());
    let message = format!("{arn} key usage is {} which is not valid for {operation}.", key.usage);
    Err(KmsError::new(ErrorCode::InvalidKeyUsage, message))
}

/// Raises `InvalidKeyUsageException` unless the algorithm suits the key.
fn check_algorithm(key: &KmsKey, algorithm: &str, suits: bool) -> Result<(), KmsError> {
    if suits {
        return Ok(());
    }
    let message = format!("Algorithm {algorithm} is incompatible with key spec {}.", key.spec);
    Err(KmsError::new(ErrorCode::InvalidKeyUsage, message))
}
