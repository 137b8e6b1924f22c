//! GenerateMac, VerifyMac.

use super::{check_algorithm, check_dry_run, check_grant_tokens, check_usage};
use crate::context::{AuthorizedKey, Context};
use trent_api::enums::{KeyUsageType, MacAlgorithmSpec};
use trent_api::structures::{
    GenerateMacRequest, GenerateMacResponse, VerifyMacRequest, VerifyMacResponse,
};
use trent_api::wire::Blob;
use trent_api::{ErrorCode, KmsError};
use trent_core::key_spec::mac_algorithms;
use trent_core::key_state::check_key_state;

/// GenerateMac. Raises `NotFoundException`, `InvalidKeyUsageException`, `DisabledException`,
/// `KMSInvalidStateException`, `InvalidGrantTokenException`, `DryRunOperationException`.
pub(crate) async fn generate_mac(
    cx: &Context<'_>,
    request: GenerateMacRequest,
) -> Result<GenerateMacResponse, KmsError> {
    check_grant_tokens(cx, request.grant_tokens.as_deref()).await?;
    let key = mac_key(cx, &request.key_id, request.mac_algorithm).await?;
    check_dry_run(request.dry_run)?;
    let mac = key.mac_key()?.generate_mac(&request.message.0);
    cx.note_use(&key);
    Ok(GenerateMacResponse {
        mac: Some(Blob(mac)),
        mac_algorithm: Some(request.mac_algorithm),
        key_id: Some(key.arn().text()),
    })
}

/// VerifyMac. Raises what GenerateMac does, and `KMSInvalidMacException`.
pub(crate) async fn verify_mac(
    cx: &Context<'_>,
    request: VerifyMacRequest,
) -> Result<VerifyMacResponse, KmsError> {
    check_grant_tokens(cx, request.grant_tokens.as_deref()).await?;
    let key = mac_key(cx, &request.key_id, request.mac_algorithm).await?;
    key.mac_key()?
        .verify_mac(&request.message.0, &request.mac.0)
        .map_err(|_| KmsError::bare(ErrorCode::KmsInvalidMac))?;
    check_dry_run(request.dry_run)?;
    cx.note_use(&key);
    Ok(VerifyMacResponse {
        key_id: Some(key.arn().text()),
        mac_valid: Some(true),
        mac_algorithm: Some(request.mac_algorithm),
    })
}

async fn mac_key(
    cx: &Context<'_>,
    name: &str,
    algorithm: MacAlgorithmSpec,
) -> Result<AuthorizedKey, KmsError> {
    let key = cx.key_by_any_name(name).await?;
    check_usage(cx, &key, KeyUsageType::GenerateVerifyMac)?;
    check_key_state(cx.operation, &key, cx.now)?;
    let suits = mac_algorithms(key.spec).contains(&algorithm);
    check_algorithm(&key, algorithm.as_str(), suits)?;
    Ok(key)
}
