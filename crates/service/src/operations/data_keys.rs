//! Data keys and random bytes.

use super::encryption::{check_usable, current_material, current_material_id, encrypted};
use super::recipient::{attested, delivered, told_material_id};
use super::{check_dry_run, check_grant_tokens};
use crate::context::{AuthorizedKey, Context};
use crate::dispatch::not_built;
use crate::material::key_pair_spec;
use std::collections::BTreeMap;
use trent_api::enums::{DataKeyPairSpec, DataKeySpec, EncryptionAlgorithmSpec};
use trent_api::structures::{
    GenerateDataKeyPairRequest, GenerateDataKeyPairResponse,
    GenerateDataKeyPairWithoutPlaintextRequest, GenerateDataKeyPairWithoutPlaintextResponse,
    GenerateDataKeyRequest, GenerateDataKeyResponse, GenerateDataKeyWithoutPlaintextRequest,
    GenerateDataKeyWithoutPlaintextResponse, GenerateRandomRequest, GenerateRandomResponse,
};
use trent_api::wire::Blob;
use trent_api::{ErrorCode, KmsError};
use trent_crypto::key_pair::{KeyPair, KeyPairSpec};
use zeroize::Zeroizing;

/// GenerateDataKey. Raises what Encrypt does, and `ValidationException` unless exactly one of
/// KeySpec and NumberOfBytes is given.
pub(crate) async fn generate_data_key(
    cx: &Context<'_>,
    request: GenerateDataKeyRequest,
) -> Result<GenerateDataKeyResponse, KmsError> {
    let cx = &attested(cx, request.recipient.as_ref())?;
    let length = data_key_length(request.key_spec, request.number_of_bytes)?;
    check_grant_tokens(cx, request.grant_tokens.as_deref()).await?;
    let key = usable_key(cx, &request.key_id).await?;
    check_dry_run(request.dry_run)?;
    let data_key = random(length)?;
    let context = request.encryption_context.unwrap_or_default();
    let blob = encrypted(&key, SYMMETRIC, &context, &data_key)?;
    let data_key = delivered(cx, data_key)?;
    cx.facts.audit.key_material(current_material(&key));
    cx.note_use(&key);
    Ok(GenerateDataKeyResponse {
        ciphertext_blob: Some(blob),
        plaintext: data_key.plaintext,
        key_id: Some(key.arn().text()),
        ciphertext_for_recipient: data_key.ciphertext_for_recipient,
        key_material_id: told_material_id(cx, current_material_id(&key)),
    })
}

/// GenerateDataKeyWithoutPlaintext. Raises what GenerateDataKey does.
pub(crate) async fn generate_data_key_without_plaintext(
    cx: &Context<'_>,
    request: GenerateDataKeyWithoutPlaintextRequest,
) -> Result<GenerateDataKeyWithoutPlaintextResponse, KmsError> {
    let length = data_key_length(request.key_spec, request.number_of_bytes)?;
    check_grant_tokens(cx, request.grant_tokens.as_deref()).await?;
    let key = usable_key(cx, &request.key_id).await?;
    check_dry_run(request.dry_run)?;
    cx.facts.audit.key_material(current_material(&key));
    cx.note_use(&key);
    let context = request.encryption_context.unwrap_or_default();
    Ok(GenerateDataKeyWithoutPlaintextResponse {
        ciphertext_blob: Some(encrypted(&key, SYMMETRIC, &context, &random(length)?)?),
        key_id: Some(key.arn().text()),
        key_material_id: current_material_id(&key),
    })
}

/// GenerateDataKeyPair. Raises what Encrypt does, and `UnsupportedOperationException`.
pub(crate) async fn generate_data_key_pair(
    cx: &Context<'_>,
    request: GenerateDataKeyPairRequest,
) -> Result<GenerateDataKeyPairResponse, KmsError> {
    let cx = &attested(cx, request.recipient.as_ref())?;
    check_grant_tokens(cx, request.grant_tokens.as_deref()).await?;
    cx.charge_key_pair(request.key_pair_spec)?;
    let key = usable_key(cx, &request.key_id).await?;
    let spec = supported(request.key_pair_spec)?;
    check_dry_run(request.dry_run)?;
    let context = request.encryption_context.unwrap_or_default();
    let pair = cx.service.new_key_pair(spec).await?;
    let key = if cx.must_renew().await? { usable_key(cx, &request.key_id).await? } else { key };
    let pair = DataKeyPair::new(cx, &key, &pair, &context)?;
    let private_key = delivered(cx, pair.private_key)?;
    Ok(GenerateDataKeyPairResponse {
        private_key_ciphertext_blob: Some(pair.private_key_ciphertext),
        private_key_plaintext: private_key.plaintext,
        public_key: Some(pair.public_key),
        key_id: Some(key.arn().text()),
        key_pair_spec: Some(request.key_pair_spec),
        ciphertext_for_recipient: private_key.ciphertext_for_recipient,
        key_material_id: told_material_id(cx, current_material_id(&key)),
    })
}

/// GenerateDataKeyPairWithoutPlaintext. Raises what GenerateDataKeyPair does.
pub(crate) async fn generate_data_key_pair_without_plaintext(
    cx: &Context<'_>,
    request: GenerateDataKeyPairWithoutPlaintextRequest,
) -> Result<GenerateDataKeyPairWithoutPlaintextResponse, KmsError> {
    check_grant_tokens(cx, request.grant_tokens.as_deref()).await?;
    cx.charge_key_pair(request.key_pair_spec)?;
    let key = usable_key(cx, &request.key_id).await?;
    let spec = supported(request.key_pair_spec)?;
    check_dry_run(request.dry_run)?;
    let context = request.encryption_context.unwrap_or_default();
    let pair = cx.service.new_key_pair(spec).await?;
    let key = if cx.must_renew().await? { usable_key(cx, &request.key_id).await? } else { key };
    let pair = DataKeyPair::new(cx, &key, &pair, &context)?;
    Ok(GenerateDataKeyPairWithoutPlaintextResponse {
        private_key_ciphertext_blob: Some(pair.private_key_ciphertext),
        public_key: Some(pair.public_key),
        key_id: Some(key.arn().text()),
        key_pair_spec: Some(request.key_pair_spec),
        key_material_id: current_material_id(&key),
    })
}

/// A new key pair for use outside: PKCS#8, in the clear and encrypted, and SPKI.
struct DataKeyPair {
    private_key: Zeroizing<Vec<u8>>,
    private_key_ciphertext: Blob,
    public_key: Blob,
}

impl DataKeyPair {
    fn new(
        cx: &Context<'_>,
        key: &AuthorizedKey,
        pair: &KeyPair,
        context: &BTreeMap<String, String>,
    ) -> Result<Self, KmsError> {
        let private_key = pair.to_pkcs8().map_err(KmsError::internal)?;
        let private_key_ciphertext = encrypted(key, SYMMETRIC, context, &private_key)?;
        cx.facts.audit.key_material(current_material(key));
        cx.note_use(key);
        let public_key = Blob(pair.public_key().to_vec());
        Ok(Self { private_key, private_key_ciphertext, public_key })
    }
}

fn supported(spec: DataKeyPairSpec) -> Result<KeyPairSpec, KmsError> {
    key_pair_spec(spec).ok_or_else(|| not_built(&format!("KeyPairSpec {spec} is")))
}

/// GenerateRandom, 1 to 1024 bytes. Raises `ValidationException` and, as there are no custom key
/// stores, `CustomKeyStoreNotFoundException`.
pub(crate) async fn generate_random(
    cx: &Context<'_>,
    request: GenerateRandomRequest,
) -> Result<GenerateRandomResponse, KmsError> {
    let cx = &attested(cx, request.recipient.as_ref())?;
    cx.authorize_identity("*")?;
    if let Some(store) = request.custom_key_store_id {
        let message = format!("Custom key store '{store}' does not exist");
        return Err(KmsError::new(ErrorCode::CustomKeyStoreNotFound, message));
    }
    let length = request
        .number_of_bytes
        .ok_or_else(|| KmsError::new(ErrorCode::Validation, "NumberOfBytes is required."))?;
    let bytes = delivered(cx, random(length)?)?;
    Ok(GenerateRandomResponse {
        plaintext: bytes.plaintext,
        ciphertext_for_recipient: bytes.ciphertext_for_recipient,
    })
}

async fn usable_key(cx: &Context<'_>, name: &str) -> Result<AuthorizedKey, KmsError> {
    let key = cx.key_by_any_name(name).await?;
    check_usable(cx, &key, SYMMETRIC)?;
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

const SYMMETRIC: EncryptionAlgorithmSpec = EncryptionAlgorithmSpec::SymmetricDefault;
