//! What each key spec is for: the table of the AWS KMS Developer Guide, "Key spec reference".

use trent_api::enums::{KeySpec, KeyUsageType};
use trent_api::{ErrorCode, KmsError};

/// The key usages that a key of this spec may be created with.
pub const fn key_usages(spec: KeySpec) -> &'static [KeyUsageType] {
    use KeySpec as S;
    use KeyUsageType as U;
    match spec {
        S::SymmetricDefault => &[U::EncryptDecrypt],
        S::Rsa2048 | S::Rsa3072 | S::Rsa4096 => &[U::EncryptDecrypt, U::SignVerify],
        S::EccNistP256 | S::EccNistP384 | S::EccNistP521 => &[U::SignVerify, U::KeyAgreement],
        S::EccSecgP256k1 | S::EccNistEdwards25519 => &[U::SignVerify],
        S::Hmac224 | S::Hmac256 | S::Hmac384 | S::Hmac512 => &[U::GenerateVerifyMac],
        S::Sm2 => &[U::EncryptDecrypt, U::SignVerify, U::KeyAgreement],
        S::MlDsa44 | S::MlDsa65 | S::MlDsa87 => &[U::SignVerify],
        S::MlKem512 | S::MlKem768 | S::MlKem1024 => &[U::EncapsulateDecapsulate],
    }
}

/// The usage of a new key: as given, or ENCRYPT_DECRYPT for a symmetric encryption key without one.
///
/// Raises `ValidationException` when it is missing or does not suit the spec.
pub fn key_usage(spec: KeySpec, given: Option<KeyUsageType>) -> Result<KeyUsageType, KmsError> {
    let invalid = |message: String| Err(KmsError::new(ErrorCode::Validation, message));
    match given {
        Some(usage) if key_usages(spec).contains(&usage) => Ok(usage),
        Some(usage) => invalid(format!("KeyUsage {usage} is not compatible with KeySpec {spec}")),
        None if spec == KeySpec::SymmetricDefault => Ok(KeyUsageType::EncryptDecrypt),
        None => invalid(
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption \
             keys."
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usage_must_suit_its_spec() {
        for spec in KeySpec::ALL {
            for usage in KeyUsageType::ALL {
                let result = key_usage(*spec, Some(*usage));
                assert_eq!(result.is_ok(), key_usages(*spec).contains(usage), "{spec} {usage}");
            }
            let may_be_omitted = *spec == KeySpec::SymmetricDefault;
            assert_eq!(key_usage(*spec, None).is_ok(), may_be_omitted, "{spec}");
        }
        let error = key_usage(KeySpec::Hmac256, Some(KeyUsageType::SignVerify)).unwrap_err();
        assert_eq!(
            error.message(),
            Some("KeyUsage SIGN_VERIFY is not compatible with KeySpec HMAC_256")
        );
    }
}
