//! The Recipient parameter: an answer that only an enclave or instance can read which proves, with
//! an attestation document, what it runs. What it must run is for the policies to say.

use crate::context::Context;
use std::borrow::Cow;
use trent_api::enums::KeyEncryptionMechanism;
use trent_api::structures::RecipientInfo;
use trent_api::wire::{Blob, SensitiveBytes};
use trent_api::{ErrorCode, KmsError};
use trent_crypto::attestation::verify;
use trent_crypto::recipient::encrypt_for;
use zeroize::Zeroizing;

/// The request with what its recipient, if it names one, has attested.
///
/// Raises `ValidationException` if the recipient is incomplete or its document is not genuine: in
/// the form that AWS specifies, recent, with a public key, and signed under a configured root. The
/// document is of real time, like a signature, wherever the clock has travelled to.
pub(super) fn attested<'c, 'a>(
    cx: &'c Context<'a>,
    recipient: Option<&RecipientInfo>,
) -> Result<Cow<'c, Context<'a>>, KmsError> {
    let Some(recipient) = recipient else { return Ok(Cow::Borrowed(cx)) };
    let (Some(KeyEncryptionMechanism::RsaesOaepSha256), Some(Blob(document))) =
        (recipient.key_encryption_algorithm, &recipient.attestation_document)
    else {
        return Err(invalid(
            "Recipient needs both KeyEncryptionAlgorithm and AttestationDocument.",
        ));
    };
    let now = cx.service.clock.real_now().as_millisecond();
    let now_ms = u64::try_from(now).map_err(KmsError::internal)?;
    let attestation = verify(document, &cx.service.settings.attestation_roots, now_ms, AGE_MS_MAX)
        .map_err(|refusal| invalid(format!("Recipient is refused: {refusal}.")))?;
    Ok(Cow::Owned(cx.with_attestation(attestation)))
}

/// A plaintext as the reply has it: in the clear or, if the request has a recipient, encrypted
/// under the recipient's public key.
pub(super) struct Delivered {
    pub(super) plaintext: Option<SensitiveBytes>,
    pub(super) ciphertext_for_recipient: Option<Blob>,
}

/// Prepares a plaintext for the reply.
pub(super) fn delivered(
    cx: &Context<'_>,
    plaintext: Zeroizing<Vec<u8>>,
) -> Result<Delivered, KmsError> {
    let Some(attestation) = &cx.attestation else {
        let plaintext = Some(SensitiveBytes(plaintext));
        return Ok(Delivered { plaintext, ciphertext_for_recipient: None });
    };
    let encrypted = encrypt_for(&attestation.recipient, &plaintext).map_err(KmsError::internal)?;
    Ok(Delivered { plaintext: None, ciphertext_for_recipient: Some(Blob(encrypted)) })
}

/// The id of key material as the reply has it: not if the request has a recipient.
pub(super) fn told_material_id(cx: &Context<'_>, id: Option<String>) -> Option<String> {
    id.filter(|_| cx.attestation.is_none())
}

fn invalid(message: impl Into<String>) -> KmsError {
    KmsError::new(ErrorCode::Validation, message)
}

// DEVIATION: an attestation document may be five minutes old, its clock five minutes ahead; what
// AWS KMS takes, and its words for a document that it refuses, are not published.
/// The greatest age of an attestation document: long enough for a request with retries.
const AGE_MS_MAX: u64 = 5 * 60 * 1000;
