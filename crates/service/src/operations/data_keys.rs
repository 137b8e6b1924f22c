//! Data keys and random bytes.

use super::encryption::{check_usable, current_material_id, encrypted};
use super::{check_dry_run, check_grant_tokens, check_recipient};
use crate::context::{AuthorizedKey, Context};
use trent_api::enums::{DataKeySpec, EncryptionAlgorithmSpec};
use trent_api::structures::{
    GenerateDataKeyRequest, GenerateDataKeyResponse, GenerateDataKeyWithoutPlaintextRequest,
    GenerateDataKeyWithoutPlaintextResponse, GenerateRandomRequest, GenerateRandomResponse,
};
use trent_api::wire::SensitiveBytes;
use trent_api::{ErrorCode, KmsError};
use zeroize::Zeroizing;

/// GenerateDataKey. Raises what Encrypt does, and `ValidationException` unless exactly one of
/// KeySpec and NumberOfBytes is given.
pub(crate) async fn generate_data_key(
    cx: &Context<'_>,
    request: GenerateDataKeyRequest,
) -> Result<GenerateDataKeyResponse, KmsError> {
    check_recipient(request.recipient.as_ref())?;
    let length = data_key_length(request.key_spec, request.number_of_bytes)?;
    check_grant_tokens(request.grant_tokens.as_deref())?;
    let key = usable_key(cx, &request.key_id).await?;
    check_dry_run(request.dry_run)?;
    let data_key = random(length)?;
    let context = request.encryption_context.unwrap_or_default();
    Ok(GenerateDataKeyResponse {
        ciphertext_blob: Some(encrypted(&key, &context, &data_key)?),
        plaintext: Some(SensitiveBytes(data_key)),
        key_id: Some(key.arn().to_string()),
        ciphertext_for_recipient: None,
        key_material_id: Some(current_material_id(&key)),
    })
}

/// GenerateDataKeyWithoutPlaintext. Raises what GenerateDataKey does.
pub(crate) async fn generate_data_key_without_plaintext(
    cx: &Context<'_>,
    request: GenerateDataKeyWithoutPlaintextRequest,
) -> Result<GenerateDataKeyWithoutPlaintextResponse, KmsError> {
    let length = data_key_length(request.key_spec, request.number_of_bytes)?;
    check_grant_tokens(request.grant_tokens.as_deref())?;
    let key = usable_key(cx, &request.key_id).await?;
    check_dry_run(request.dry_run)?;
    let context = request.encryption_context.unwrap_or_default();
    Ok(GenerateDataKeyWithoutPlaintextResponse {
        ciphertext_blob: Some(encrypted(&key, &context, &random(length)?)?),
        key_id: Some(key.arn().to_string()),
        key_material_id: Some(current_material_id(&key)),
    })
}

/// GenerateRandom, 1 to 1024 bytes. Raises `ValidationException` and, as there are no custom key
/// stores, `CustomKeyStoreNotFoundException`.
pub(crate) async fn generate_random(
    _cx: &Context<'_>,
    request: GenerateRandomRequest,
) -> Result<GenerateRandomResponse, KmsError> {
    check_recipient(request.recipient.as_ref())?;
    if let Some(store) = request.custom_key_store_id {
        let message = format!("Custom key store '{store}' does not exist");
        return Err(KmsError::new(ErrorCode::CustomKeyStoreNotFound, message));
    }
    let length = request
        .number_of_bytes
        .ok_or_else(|| KmsError::new(ErrorCode::Validation, "NumberOfBytes is required."))?;
    Ok(GenerateRandomResponse {
        plaintext: Some(SensitiveBytes(random(length)?)),
        ciphertext_for_recipient: None,
    })
}

async fn usable_key(cx: &Context<'_>, name: &str) -> Result<AuthorizedKey, KmsError> {
    let key = cx.key_by_any_name(name).await?;
    check_usable(cx, &key, EncryptionAlgorithmSpec::SymmetricDefault)?;
    Ok(key)
}

fn data_key_length(spec: Option<DataKeySpec>, bytes: Option<i32>) -> Result<i32, KmsError> {
    match (spec, bytes) {
        (Some(DataKeySpec::Aes128), None) => Ok(16),
        (Some(DataKeySpec::Aes256), None) => Ok(32),
        (None, Some(bytes)) => Ok(bytes),
        _ => Err(KmsError::new(
            ErrorCode::Validation,
            "Please specify either number of bytes or key spec.",
        )),
    }
}

/// Random bytes; the length was checked to be 1 to 1024.
fn random(length: i32) -> Result<Zeroizing<Vec<u8>>, KmsError> {
    let length = usize::try_from(length).map_err(KmsError::internal)?;
    trent_crypto::random::bytes(length).map_err(KmsError::internal)
}
