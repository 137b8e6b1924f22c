//! DeriveSharedSecret, Encapsulate, Decapsulate.

use super::recipient::{attested, delivered};
use super::{check_dry_run, check_grant_tokens, check_usage};
use crate::context::{AuthorizedKey, Context};
use trent_api::enums::KeyUsageType;
use trent_api::structures::{
    DecapsulateRequest, DecapsulateResponse, DeriveSharedSecretRequest, DeriveSharedSecretResponse,
    EncapsulateRequest, EncapsulateResponse,
};
use trent_api::wire::{Blob, SensitiveBytes};
use trent_api::{ErrorCode, KmsError};
use trent_core::key_state::check_key_state;
use trent_crypto::CryptoError;

/// DeriveSharedSecret: the x coordinate of the ECDH point. Raises `NotFoundException`,
/// `InvalidKeyUsageException`, `DisabledException`, `KMSInvalidStateException`,
/// `ValidationException`, `InvalidGrantTokenException`, `DryRunOperationException`.
pub(crate) async fn derive_shared_secret(
    cx: &Context<'_>,
    request: DeriveSharedSecretRequest,
) -> Result<DeriveSharedSecretResponse, KmsError> {
    let cx = &attested(cx, request.recipient.as_ref())?;
    check_grant_tokens(cx, request.grant_tokens.as_deref()).await?;
    let key = usable_key(cx, &request.key_id, KeyUsageType::KeyAgreement).await?;
    let secret = key.key_pair()?.derive_shared_secret(&request.public_key.0).map_err(|error| {
        match error {
            // AWS answers without a text.
            CryptoError::InvalidPublicKey => KmsError::bare(ErrorCode::Validation),
            other => KmsError::internal(other),
        }
    })?;
    check_dry_run(request.dry_run)?;
    let secret = delivered(cx, secret)?;
    cx.note_use(&key);
    Ok(DeriveSharedSecretResponse {
        key_id: Some(key.arn().text()),
        shared_secret: secret.plaintext,
        ciphertext_for_recipient: secret.ciphertext_for_recipient,
        key_agreement_algorithm: Some(request.key_agreement_algorithm),
        key_origin: Some(key.origin),
    })
}

/// Encapsulate. Raises `NotFoundException`, `InvalidKeyUsageException`, `DisabledException`,
/// `KMSInvalidStateException`, `InvalidGrantTokenException`, `DryRunOperationException`.
pub(crate) async fn encapsulate(
    cx: &Context<'_>,
    request: EncapsulateRequest,
) -> Result<EncapsulateResponse, KmsError> {
    check_grant_tokens(cx, request.grant_tokens.as_deref()).await?;
    let key = usable_key(cx, &request.key_id, KeyUsageType::EncapsulateDecapsulate).await?;
    check_dry_run(request.dry_run)?;
    let made = key.key_pair()?.encapsulate().map_err(KmsError::internal)?;
    cx.note_use(&key);
    Ok(EncapsulateResponse {
        key_id: Some(key.arn().text()),
        shared_secret: Some(SensitiveBytes(made.shared_secret)),
        shared_secret_ciphertext_blob: Some(Blob(made.ciphertext)),
        encapsulation_algorithm: Some(request.encapsulation_algorithm),
    })
}

/// Decapsulate: a ciphertext of the right length always yields a secret (FIPS 203, implicit
/// rejection). Raises what Encapsulate does, and `InvalidCiphertextException`.
pub(crate) async fn decapsulate(
    cx: &Context<'_>,
    request: DecapsulateRequest,
) -> Result<DecapsulateResponse, KmsError> {
    check_grant_tokens(cx, request.grant_tokens.as_deref()).await?;
    let key = usable_key(cx, &request.key_id, KeyUsageType::EncapsulateDecapsulate).await?;
    let secret =
        key.key_pair()?.decapsulate(&request.shared_secret_ciphertext_blob.0).map_err(|error| {
            match error {
                CryptoError::InvalidCiphertext => KmsError::bare(ErrorCode::InvalidCiphertext),
                other => KmsError::internal(other),
            }
        })?;
    check_dry_run(request.dry_run)?;
    cx.note_use(&key);
    Ok(DecapsulateResponse {
        key_id: Some(key.arn().text()),
        shared_secret: Some(SensitiveBytes(secret)),
        encapsulation_algorithm: Some(request.encapsulation_algorithm),
    })
}

async fn usable_key(
    cx: &Context<'_>,
    name: &str,
    usage: KeyUsageType,
) -> Result<AuthorizedKey, KmsError> {
    let key = cx.key_by_any_name(name).await?;
    cx.charge_use(key.spec)?;
    check_usage(cx, &key, usage)?;
    check_key_state(cx.operation, &key, cx.now)?;
    Ok(key)
}
