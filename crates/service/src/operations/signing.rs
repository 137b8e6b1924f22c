//! Sign, Verify, GetPublicKey.

use super::{check_algorithm, check_dry_run, check_grant_tokens, check_usage};
use crate::context::{AuthorizedKey, Context};
use crate::material::signing_algorithm;
use trent_api::enums::{CustomerMasterKeySpec, KeyUsageType, MessageType, SigningAlgorithmSpec};
use trent_api::structures::{
    GetPublicKeyRequest, GetPublicKeyResponse, SignRequest, SignResponse, VerifyRequest,
    VerifyResponse,
};
use trent_api::wire::{Blob, SensitiveBytes};
use trent_api::{ErrorCode, KmsError};
use trent_core::key::listed;
use trent_core::key_spec::{self, SpecKind, spec_kind};
use trent_core::key_state::{check_key_state, pending_import};
use trent_crypto::CryptoError;
use trent_crypto::signing::{Message, SigningAlgorithm};

/// Sign. Raises `NotFoundException`, `InvalidKeyUsageException`, `DisabledException`,
/// `KMSInvalidStateException`, `ValidationException`, `InvalidGrantTokenException`,
/// `DryRunOperationException`.
pub(crate) async fn sign(cx: &Context<'_>, request: SignRequest) -> Result<SignResponse, KmsError> {
    check_grant_tokens(cx, request.grant_tokens.as_deref()).await?;
    let (key, algorithm) = signing_key(cx, &request.key_id, request.signing_algorithm).await?;
    let message = message(request.message_type, &request.message);
    let signature = key
        .key_pair()?
        .sign(algorithm, message)
        .map_err(|error| refused(error, request.signing_algorithm, request.message_type))?;
    check_dry_run(request.dry_run)?;
    cx.note_use(&key);
    Ok(SignResponse {
        key_id: Some(key.arn().text()),
        signature: Some(Blob(signature)),
        signing_algorithm: Some(request.signing_algorithm),
    })
}

/// Verify. Raises what Sign does, and `KMSInvalidSignatureException`.
pub(crate) async fn verify(
    cx: &Context<'_>,
    request: VerifyRequest,
) -> Result<VerifyResponse, KmsError> {
    check_grant_tokens(cx, request.grant_tokens.as_deref()).await?;
    let (key, algorithm) = signing_key(cx, &request.key_id, request.signing_algorithm).await?;
    let message = message(request.message_type, &request.message);
    key.key_pair()?
        .verify(algorithm, message, &request.signature.0)
        .map_err(|error| refused(error, request.signing_algorithm, request.message_type))?;
    check_dry_run(request.dry_run)?;
    cx.note_use(&key);
    Ok(VerifyResponse {
        key_id: Some(key.arn().text()),
        signature_valid: Some(true),
        signing_algorithm: Some(request.signing_algorithm),
    })
}

/// GetPublicKey. Raises `NotFoundException`, `InvalidArnException`, `KMSInvalidStateException`,
/// `UnsupportedOperationException`, `InvalidGrantTokenException`.
pub(crate) async fn get_public_key(
    cx: &Context<'_>,
    request: GetPublicKeyRequest,
) -> Result<GetPublicKeyResponse, KmsError> {
    check_grant_tokens(cx, request.grant_tokens.as_deref()).await?;
    let key = cx.key_by_any_name(&request.key_id).await?;
    if spec_kind(key.spec) != SpecKind::Asymmetric {
        return Err(KmsError::bare(ErrorCode::UnsupportedOperation));
    }
    check_key_state(cx.operation, &key, cx.now)?;
    let public_key = key.current_material().and_then(|material| material.public_key.as_ref());
    let public_key = public_key.ok_or_else(|| pending_import(&key.arn()))?;
    let (spec, usage) = (key.spec, key.usage);
    Ok(GetPublicKeyResponse {
        key_id: Some(key.arn().text()),
        public_key: Some(Blob(public_key.0.clone())),
        customer_master_key_spec: CustomerMasterKeySpec::from_name(spec.as_str()),
        key_spec: Some(spec),
        key_usage: Some(usage),
        encryption_algorithms: listed(key_spec::encryption_algorithms(spec, usage)),
        signing_algorithms: listed(key_spec::signing_algorithms(spec, usage)),
        key_agreement_algorithms: listed(key_spec::key_agreement_algorithms(usage)),
        encapsulation_algorithms: listed(key_spec::encapsulation_algorithms(usage)),
    })
}

async fn signing_key(
    cx: &Context<'_>,
    name: &str,
    algorithm: SigningAlgorithmSpec,
) -> Result<(AuthorizedKey, SigningAlgorithm), KmsError> {
    let key = cx.key_by_any_name(name).await?;
    cx.charge_use(key.spec)?;
    check_usage(cx, &key, KeyUsageType::SignVerify)?;
    check_key_state(cx.operation, &key, cx.now)?;
    let suiting = key_spec::signing_algorithms(key.spec, key.usage);
    check_algorithm(&key, algorithm.as_str(), suiting.contains(&algorithm))?;
    let algorithm = signing_algorithm(algorithm)
        .ok_or_else(|| KmsError::internal("a suiting algorithm is not known"))?;
    Ok((key, algorithm))
}

fn message(message_type: Option<MessageType>, bytes: &SensitiveBytes) -> Message<'_> {
    match message_type.unwrap_or(MessageType::Raw) {
        MessageType::Raw => Message::Raw(&bytes.0),
        MessageType::Digest => Message::Digest(&bytes.0),
        MessageType::ExternalMu => Message::ExternalMu(&bytes.0),
    }
}

fn refused(
    error: CryptoError,
    algorithm: SigningAlgorithmSpec,
    message_type: Option<MessageType>,
) -> KmsError {
    let invalid = |message: String| KmsError::new(ErrorCode::Validation, message);
    match error {
        CryptoError::InvalidSignature => KmsError::bare(ErrorCode::KmsInvalidSignature),
        CryptoError::DigestLength { .. } => {
            invalid(format!("Digest is invalid length for algorithm {algorithm}."))
        }
        CryptoError::MessageTypeUnsuited => {
            let message_type = message_type.unwrap_or(MessageType::Raw);
            invalid(format!("MessageType {message_type} is not valid for algorithm {algorithm}."))
        }
        other => KmsError::internal(other),
    }
}
