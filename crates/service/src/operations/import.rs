//! Imported key material: GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial.
//!
//! An import token holds the private wrapping key, sealed together with the key that it is for and
//! the time until which it is good; nothing of it is kept here.

use crate::context::{AuthorizedKey, Context};
use crate::material::material_spec;
use hex::FromHex;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Mutex;
use trent_api::enums::{AlgorithmSpec, KeySpec, WrappingKeySpec};
use trent_api::structures::{
    DeleteImportedKeyMaterialRequest, DeleteImportedKeyMaterialResponse,
    GetParametersForImportRequest, GetParametersForImportResponse, ImportKeyMaterialRequest,
    ImportKeyMaterialResponse,
};
use trent_api::wire::{Blob, SensitiveBytes, Timestamp as WireTimestamp};
use trent_api::{ErrorCode, KmsError};
use trent_core::import::{NewImport, valid_to};
use trent_core::key_material::Sealed;
use trent_core::key_spec::{SpecKind, spec_kind};
use trent_core::key_state::check_key_state;
use trent_core::{KeyMaterialId, KmsKey};
use trent_crypto::CryptoError;
use trent_crypto::key_pair::{KeyPair, KeyPairSpec};
use trent_crypto::key_wrap::{self, WrappingAlgorithm};
use trent_keystore::KeyStoreError;
use zeroize::Zeroizing;

/// What an import token says, before the private wrapping key.
#[derive(Serialize, Deserialize)]
struct Token {
    key: String,
    algorithm: AlgorithmSpec,
    spec: WrappingKeySpec,
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    valid_to: Timestamp,
}

/// GetParametersForImport: a public wrapping key and its token, good for 24 hours. Raises
/// `NotFoundException`, `InvalidArnException`, `UnsupportedOperationException`,
/// `KMSInvalidStateException`, `ValidationException`.
pub(crate) async fn get_parameters_for_import(
    cx: &Context<'_>,
    request: GetParametersForImportRequest,
) -> Result<GetParametersForImportResponse, KmsError> {
    let key = importable_key(cx, &request.key_id).await?;
    let wrapping_spec = wrapping_key_spec(request.wrapping_key_spec)?;
    check_suits(key.spec, request.wrapping_algorithm, request.wrapping_key_spec)?;
    let pair = cx.service.new_key_pair(wrapping_spec).await?;
    let valid_to = cx.now.checked_add(PARAMETERS_VALID).map_err(KmsError::internal)?;
    let token = Token {
        key: key.arn().text(),
        algorithm: request.wrapping_algorithm,
        spec: request.wrapping_key_spec,
        valid_to,
    };
    let mut content = Zeroizing::new(serde_json::to_vec(&token).map_err(KmsError::internal)?);
    content.push(b'\n');
    content.extend_from_slice(&pair.to_pkcs8().map_err(KmsError::internal)?);
    Ok(GetParametersForImportResponse {
        key_id: Some(key.arn().text()),
        import_token: Some(Blob(cx.service.tokens.seal_bytes(IMPORT_TOKEN, &content)?)),
        public_key: Some(SensitiveBytes(pair.public_key().to_vec().into())),
        parameters_valid_to: Some(WireTimestamp(valid_to)),
    })
}

/// ImportKeyMaterial. Raises `NotFoundException`, `InvalidArnException`,
/// `UnsupportedOperationException`, `KMSInvalidStateException`, `ValidationException`,
/// `InvalidImportTokenException`, `ExpiredImportTokenException`, `InvalidCiphertextException`,
/// `IncorrectKeyMaterialException`.
pub(crate) async fn import_key_material(
    cx: &Context<'_>,
    request: ImportKeyMaterialRequest,
) -> Result<ImportKeyMaterialResponse, KmsError> {
    let key = importable_key(cx, &request.key_id).await?;
    let valid_to =
        valid_to(request.expiration_model, request.valid_to.map(|moment| moment.0), cx.now)?;
    let expected_id = request.key_material_id.as_deref().map(material_id).transpose()?;
    let bytes = unwrapped(cx, &key, &request)?;
    let spec = material_spec(key.spec).ok_or_else(|| KmsError::internal("no such material"))?;
    let new = cx.service.key_store.adopt(spec, key.id.as_bytes(), &bytes).map_err(not_adopted)?;
    let id = KeyMaterialId(new.id);
    let import = NewImport {
        id,
        sealed: Sealed(new.sealed),
        public_key: new.public_key.map(Sealed),
        import_type: request.import_type,
        expected_id,
        description: request.key_material_description,
        valid_to,
    };
    let key = cx.change_key(&request.key_id, |key| key.with_import(import.clone(), cx.now)).await?;
    let is_symmetric = spec_kind(key.spec) == SpecKind::Symmetric;
    Ok(ImportKeyMaterialResponse {
        key_id: Some(key.arn().text()),
        key_material_id: is_symmetric.then(|| id.to_string()),
    })
}

/// DeleteImportedKeyMaterial; doing it again is harmless. Raises `NotFoundException`,
/// `InvalidArnException`, `UnsupportedOperationException`, `KMSInvalidStateException`.
pub(crate) async fn delete_imported_key_material(
    cx: &Context<'_>,
    request: DeleteImportedKeyMaterialRequest,
) -> Result<DeleteImportedKeyMaterialResponse, KmsError> {
    let id = request.key_material_id.as_deref().map(material_id).transpose()?;
    let deleted = Mutex::new(None);
    let key = cx
        .change_key(&request.key_id, |key| {
            let (changed, id) = key.without_import(id)?;
            if let Ok(mut deleted) = deleted.lock() {
                *deleted = id;
            }
            Ok(changed)
        })
        .await?;
    let is_symmetric = spec_kind(key.spec) == SpecKind::Symmetric;
    let deleted = deleted.into_inner().ok().flatten().filter(|_| is_symmetric);
    Ok(DeleteImportedKeyMaterialResponse {
        key_id: Some(key.arn().text()),
        key_material_id: deleted.map(|id: KeyMaterialId| id.to_string()),
    })
}

async fn importable_key(cx: &Context<'_>, name: &str) -> Result<AuthorizedKey, KmsError> {
    let key = cx.key(name).await?;
    key.check_is_imported()?;
    check_key_state(cx.operation, &key, cx.now)?;
    Ok(key)
}

/// Opens the token and unwraps the material with the key in it.
fn unwrapped(
    cx: &Context<'_>,
    key: &KmsKey,
    request: &ImportKeyMaterialRequest,
) -> Result<Zeroizing<Vec<u8>>, KmsError> {
    let invalid = || KmsError::bare(ErrorCode::InvalidImportToken);
    let content =
        cx.service.tokens.open_bytes(IMPORT_TOKEN, &request.import_token.0).ok_or_else(invalid)?;
    let end = content.iter().position(|byte| *byte == b'\n').ok_or_else(invalid)?;
    let token: Token = serde_json::from_slice(&content[..end]).map_err(|_| invalid())?;
    if token.key != key.arn().text() {
        return Err(invalid());
    }
    if token.valid_to <= cx.now {
        return Err(KmsError::bare(ErrorCode::ExpiredImportToken));
    }
    let pair = KeyPair::from_pkcs8(wrapping_key_spec(token.spec)?, &content[end + 1..])
        .map_err(KmsError::internal)?;
    let algorithm = wrapping_algorithm(token.algorithm).ok_or_else(invalid)?;
    key_wrap::unwrap(&pair, algorithm, &request.encrypted_key_material.0).map_err(|error| {
        match error {
            CryptoError::Library => KmsError::internal(error),
            _ => KmsError::bare(ErrorCode::InvalidCiphertext),
        }
    })
}

fn not_adopted(error: KeyStoreError) -> KmsError {
    match error {
        KeyStoreError::KeyMaterialLength { .. } | KeyStoreError::Refused(_) => KmsError::new(
            ErrorCode::IncorrectKeyMaterial,
            "The key material is not of the key spec of the KMS key.",
        ),
        other => KmsError::internal(other),
    }
}

/// Raises `ValidationException` for a wrapping algorithm that does not suit the material, and
/// `UnsupportedOperationException` for one that is not supported any more.
fn check_suits(
    spec: KeySpec,
    algorithm: AlgorithmSpec,
    wrapping: WrappingKeySpec,
) -> Result<(), KmsError> {
    use AlgorithmSpec as A;
    let is_oaep = matches!(algorithm, A::RsaesOaepSha1 | A::RsaesOaepSha256);
    let suits = match spec_kind(spec) {
        _ if wrapping_algorithm(algorithm).is_none() => {
            let message = format!("WrappingAlgorithm {algorithm} is not supported.");
            return Err(KmsError::new(ErrorCode::UnsupportedOperation, message));
        }
        SpecKind::Symmetric | SpecKind::Hmac => is_oaep,
        SpecKind::Asymmetric => match spec {
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => !is_oaep,
            KeySpec::EccNistP521 => !(is_oaep && wrapping == WrappingKeySpec::Rsa2048),
            _ => true,
        },
    };
    if suits {
        return Ok(());
    }
    let message = format!(
        "WrappingAlgorithm {algorithm} with WrappingKeySpec {wrapping} is not compatible with \
         KeySpec {spec}."
    );
    Err(KmsError::new(ErrorCode::Validation, message))
}

fn wrapping_algorithm(algorithm: AlgorithmSpec) -> Option<WrappingAlgorithm> {
    match algorithm {
        AlgorithmSpec::RsaesOaepSha1 => Some(WrappingAlgorithm::RsaesOaepSha1),
        AlgorithmSpec::RsaesOaepSha256 => Some(WrappingAlgorithm::RsaesOaepSha256),
        AlgorithmSpec::RsaAesKeyWrapSha1 => Some(WrappingAlgorithm::RsaAesKeyWrapSha1),
        AlgorithmSpec::RsaAesKeyWrapSha256 => Some(WrappingAlgorithm::RsaAesKeyWrapSha256),
        AlgorithmSpec::RsaesPkcs1V15 | AlgorithmSpec::Sm2pke => None,
    }
}

fn wrapping_key_spec(spec: WrappingKeySpec) -> Result<KeyPairSpec, KmsError> {
    match spec {
        WrappingKeySpec::Rsa2048 => Ok(KeyPairSpec::Rsa2048),
        WrappingKeySpec::Rsa3072 => Ok(KeyPairSpec::Rsa3072),
        WrappingKeySpec::Rsa4096 => Ok(KeyPairSpec::Rsa4096),
        WrappingKeySpec::Sm2 => {
            let message = "WrappingKeySpec SM2 is not supported.";
            Err(KmsError::new(ErrorCode::UnsupportedOperation, message))
        }
    }
}

/// The model has checked that it is 64 hexadecimal digits.
fn material_id(text: &str) -> Result<KeyMaterialId, KmsError> {
    FromHex::from_hex(text).map(KeyMaterialId).map_err(KmsError::internal)
}

/// What an import token is sealed for.
const IMPORT_TOKEN: &[&[u8]] = &[b"import token"];

/// How long wrapping key and token are good.
const PARAMETERS_VALID: SignedDuration = SignedDuration::from_hours(24);
