//! Encrypt, Decrypt, ReEncrypt.

use super::recipient::{attested, delivered, told_material_id};
use super::{check_algorithm, check_dry_run, check_grant_tokens, check_usage, would_succeed};
use crate::context::{AuthorizedKey, Context, Naming};
use crate::error::from_key_store;
use crate::material::rsa_algorithm;
use crate::throttle::share_quota;
use std::collections::BTreeMap;
use trent_api::enums::{DryRunModifierType, EncryptionAlgorithmSpec, KeyUsageType};
use trent_api::structures::{
    DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse, ReEncryptRequest,
    ReEncryptResponse,
};
use trent_api::wire::Blob;
use trent_api::{ErrorCode, KmsError};
use trent_core::KeyMaterialId;
use trent_core::key_spec::{SpecKind, encryption_algorithms, spec_kind};
use trent_core::key_state::check_key_state;
use trent_core::{KeyId, KmsKey};
use trent_crypto::{CryptoError, ciphertext_blob};
use zeroize::Zeroizing;

/// Encrypt. Raises `NotFoundException`, `InvalidKeyUsageException`, `DisabledException`,
/// `KMSInvalidStateException`, `InvalidGrantTokenException`, `DryRunOperationException`.
pub(crate) async fn encrypt(
    cx: &Context<'_>,
    request: EncryptRequest,
) -> Result<EncryptResponse, KmsError> {
    let algorithm = algorithm(request.encryption_algorithm);
    check_grant_tokens(cx, request.grant_tokens.as_deref()).await?;
    let key = cx.key_by_any_name(&request.key_id).await?;
    cx.charge_use(key.spec)?;
    check_usable(cx, &key, algorithm)?;
    let context = request.encryption_context.unwrap_or_default();
    let blob = encrypted(&key, algorithm, &context, &request.plaintext.0)?;
    check_dry_run(request.dry_run)?;
    cx.facts.audit.key_material(current_material(&key));
    cx.note_use(&key);
    Ok(EncryptResponse {
        ciphertext_blob: Some(blob),
        key_id: Some(key.arn().text()),
        encryption_algorithm: Some(algorithm),
    })
}

/// Decrypt. Raises what Encrypt does, and `IncorrectKeyException`, `InvalidCiphertextException`.
pub(crate) async fn decrypt(
    cx: &Context<'_>,
    request: DecryptRequest,
) -> Result<DecryptResponse, KmsError> {
    let cx = &attested(cx, request.recipient.as_ref())?;
    check_grant_tokens(cx, request.grant_tokens.as_deref()).await?;
    let source = Source {
        ciphertext: request.ciphertext_blob,
        key_id: request.key_id,
        key_id_member: "KeyId",
        algorithm: algorithm(request.encryption_algorithm),
        context: request.encryption_context.unwrap_or_default(),
        dry_run: request.dry_run == Some(true),
        ignores_ciphertext: ignores_ciphertext(request.dry_run_modifiers.as_deref()),
    };
    let opened = source.open(cx).await?;
    check_dry_run(request.dry_run)?;
    let delivered = delivered(cx, opened.plaintext)?;
    cx.facts.audit.key_material(opened.material_id);
    cx.note_use(&opened.key);
    Ok(DecryptResponse {
        key_id: Some(opened.key.arn().text()),
        plaintext: delivered.plaintext,
        encryption_algorithm: Some(source.algorithm),
        ciphertext_for_recipient: delivered.ciphertext_for_recipient,
        key_material_id: told_material_id(cx, opened.material_id.map(|id| id.to_string())),
    })
}

/// ReEncrypt. Raises what Decrypt does, for either key.
pub(crate) async fn re_encrypt(
    cx: &Context<'_>,
    request: ReEncryptRequest,
) -> Result<ReEncryptResponse, KmsError> {
    check_grant_tokens(cx, request.grant_tokens.as_deref()).await?;
    let destination_algorithm = algorithm(request.destination_encryption_algorithm);
    let source = Source {
        ciphertext: request.ciphertext_blob,
        key_id: request.source_key_id,
        key_id_member: "SourceKeyId",
        algorithm: algorithm(request.source_encryption_algorithm),
        context: request.source_encryption_context.unwrap_or_default(),
        dry_run: request.dry_run == Some(true),
        ignores_ciphertext: ignores_ciphertext(request.dry_run_modifiers.as_deref()),
    };
    let mut cx_to = cx.with_action("ReEncryptTo");
    if cx.service.settings.enforce {
        // Only conditions ask for it.
        let (to, _) = cx_to.resolve(&request.destination_key_id, Naming::WithAlias).await?;
        cx_to.re_encrypts_on_same_key = Some(source.key_id(cx).await == Some(to.key_id));
    }
    let destination = cx_to.key_by_any_name(&request.destination_key_id).await?;
    let cx = &cx_to.with_action(cx.action);
    check_usable(cx, &destination, destination_algorithm)?;
    let opened = source.open(&cx.with_action("ReEncryptFrom")).await?;
    if !share_quota(opened.key.spec, destination.spec) {
        cx.charge_use(destination.spec)?;
    }
    let context = request.destination_encryption_context.unwrap_or_default();
    let blob = encrypted(&destination, destination_algorithm, &context, &opened.plaintext)?;
    check_dry_run(request.dry_run)?;
    cx.facts.audit.key_material(opened.material_id);
    cx.facts.audit.key_material(current_material(&destination));
    cx.note_use(&opened.key);
    cx.note_use(&destination);
    Ok(ReEncryptResponse {
        ciphertext_blob: Some(blob),
        source_key_id: Some(opened.key.arn().text()),
        key_id: Some(destination.arn().text()),
        source_encryption_algorithm: Some(source.algorithm),
        destination_encryption_algorithm: Some(destination_algorithm),
        source_key_material_id: opened.material_id.map(|id| id.to_string()),
        destination_key_material_id: current_material_id(&destination),
    })
}

/// The key material that a new ciphertext of the key is under; none of asymmetric keys.
pub(super) fn current_material_id(key: &AuthorizedKey) -> Option<String> {
    current_material(key).map(|id| id.to_string())
}

/// The same, as an id.
pub(super) fn current_material(key: &AuthorizedKey) -> Option<KeyMaterialId> {
    Some(KeyMaterialId(*key.symmetric().ok()?.current()))
}

/// Encrypts under the current key material.
///
/// Raises `ValidationException` for an encryption context with an asymmetric key, and for a
/// plaintext that is longer than the algorithm takes.
pub(super) fn encrypted(
    key: &AuthorizedKey,
    algorithm: EncryptionAlgorithmSpec,
    context: &BTreeMap<String, String>,
    plaintext: &[u8],
) -> Result<Blob, KmsError> {
    let Some(rsa) = rsa_algorithm(algorithm) else {
        let blob = key.symmetric()?.encrypt(key.id.is_multi_region(), context, plaintext);
        return Ok(Blob(blob.map_err(from_key_store)?));
    };
    check_no_context(context)?;
    let pair = key.key_pair()?;
    let blob = pair.encrypt(rsa, plaintext).map_err(|error| match error {
        CryptoError::TooLong => invalid(format!(
            "Algorithm {algorithm} and key spec {} cannot encrypt data larger than {} bytes.",
            key.spec,
            rsa.plaintext_bytes_max(pair.spec()).unwrap_or_default()
        )),
        other => KmsError::internal(other),
    })?;
    Ok(Blob(blob))
}

/// Whether the key, in its state, encrypts with the algorithm.
pub(super) fn check_usable(
    cx: &Context<'_>,
    key: &KmsKey,
    algorithm: EncryptionAlgorithmSpec,
) -> Result<(), KmsError> {
    check_usage(cx, key, KeyUsageType::EncryptDecrypt)?;
    check_key_state(cx.operation, key, cx.now)?;
    let suits = encryption_algorithms(key.spec, key.usage).contains(&algorithm);
    check_algorithm(key, algorithm.as_str(), suits)
}

fn check_no_context(context: &BTreeMap<String, String>) -> Result<(), KmsError> {
    if context.is_empty() {
        return Ok(());
    }
    Err(invalid("EncryptionContext is supported for symmetric encryption keys only."))
}

fn ignores_ciphertext(modifiers: Option<&[DryRunModifierType]>) -> bool {
    modifiers.unwrap_or_default().contains(&DryRunModifierType::IgnoreCiphertext)
}

fn algorithm(given: Option<EncryptionAlgorithmSpec>) -> EncryptionAlgorithmSpec {
    given.unwrap_or(EncryptionAlgorithmSpec::SymmetricDefault)
}

/// A ciphertext to be decrypted, with what the request says of it.
struct Source {
    ciphertext: Option<Blob>,
    key_id: Option<String>,
    /// How the request calls its key, for messages.
    key_id_member: &'static str,
    algorithm: EncryptionAlgorithmSpec,
    context: BTreeMap<String, String>,
    dry_run: bool,
    ignores_ciphertext: bool,
}

struct Opened {
    key: AuthorizedKey,
    plaintext: Zeroizing<Vec<u8>>,
    /// None of asymmetric keys.
    material_id: Option<KeyMaterialId>,
}

impl Source {
    async fn open(&self, cx: &Context<'_>) -> Result<Opened, KmsError> {
        if self.ignores_ciphertext {
            return Err(self.verdict_without_ciphertext(cx).await);
        }
        let Some(Blob(ciphertext)) = &self.ciphertext else {
            return Err(invalid(
                "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy \
                 constraint: Member must not be null",
            ));
        };
        let key = self.key(cx, ciphertext).await?;
        cx.charge_use(key.spec)?;
        check_usable(cx, &key, self.algorithm)?;
        let Some(rsa) = rsa_algorithm(self.algorithm) else {
            let opened = key.symmetric()?.decrypt(ciphertext, &self.context);
            let (plaintext, id) = opened.map_err(from_key_store)?;
            return Ok(Opened { key, plaintext, material_id: Some(KeyMaterialId(id)) });
        };
        check_no_context(&self.context)?;
        let plaintext = key.key_pair()?.decrypt(rsa, ciphertext).map_err(|error| match error {
            CryptoError::InvalidCiphertext => KmsError::bare(ErrorCode::InvalidCiphertext),
            other => KmsError::internal(other),
        })?;
        Ok(Opened { key, plaintext, material_id: None })
    }

    /// The id of the key that the request or else its ciphertext names, if there is one.
    async fn key_id(&self, cx: &Context<'_>) -> Option<KeyId> {
        if let Some(name) = &self.key_id {
            return Some(cx.resolve(name, Naming::WithAlias).await.ok()?.0.key_id);
        }
        let header = ciphertext_blob::header(self.ciphertext.as_ref()?.0.as_slice()).ok()?;
        Some(KeyId::from_parts(header.key_id, header.multi_region))
    }

    /// The key of the ciphertext, which must be the one that the request names, if it does.
    async fn key(&self, cx: &Context<'_>, ciphertext: &[u8]) -> Result<AuthorizedKey, KmsError> {
        if self.algorithm != EncryptionAlgorithmSpec::SymmetricDefault && self.key_id.is_none() {
            return Err(invalid(format!(
                "{} is required when the encryption algorithm is {}.",
                self.key_id_member, self.algorithm
            )));
        }
        let header = || {
            ciphertext_blob::header(ciphertext)
                .map_err(|_| KmsError::bare(ErrorCode::InvalidCiphertext))
        };
        let Some(name) = &self.key_id else {
            let header = header()?;
            return cx
                .key_of_ciphertext(KeyId::from_parts(header.key_id, header.multi_region))
                .await;
        };
        let key = cx.key_by_any_name(name).await?;
        let incorrect = || {
            KmsError::new(
                ErrorCode::IncorrectKey,
                "The key ID in the request does not identify a CMK that can perform this operation.",
            )
        };
        if key.usage != KeyUsageType::EncryptDecrypt {
            return Err(incorrect());
        }
        let is_symmetric = spec_kind(key.spec) == SpecKind::Symmetric;
        if is_symmetric && self.algorithm == EncryptionAlgorithmSpec::SymmetricDefault {
            // Before the state: a disabled key that is the wrong one is the wrong one.
            let header = header()?;
            if header.key_id != *key.id.as_bytes() {
                return Err(incorrect());
            }
        }
        Ok(key)
    }

    /// `IGNORE_CIPHERTEXT`: whether the key could be used, whatever the ciphertext. The answer is
    /// an exception either way.
    async fn verdict_without_ciphertext(&self, cx: &Context<'_>) -> KmsError {
        match self.check_key_alone(cx).await {
            Ok(()) => would_succeed(),
            Err(error) => error,
        }
    }

    async fn check_key_alone(&self, cx: &Context<'_>) -> Result<(), KmsError> {
        if !self.dry_run {
            return Err(invalid("DryRunModifiers can only be specified when DryRun is true."));
        }
        let Some(name) = &self.key_id else {
            return Err(invalid(format!(
                "{} is required when DryRunModifiers contains IGNORE_CIPHERTEXT.",
                self.key_id_member
            )));
        };
        let key = cx.key_by_any_name(name).await?;
        cx.charge_use(key.spec)?;
        check_usable(cx, &key, self.algorithm)
    }
}

fn invalid(message: impl Into<String>) -> KmsError {
    KmsError::new(ErrorCode::Validation, message)
}
