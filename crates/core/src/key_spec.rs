//! What each key spec is for and can do: the tables of the AWS KMS Developer Guide, "Key spec
//! reference".

use trent_api::enums::{
    EncapsulationAlgorithmSpec, EncryptionAlgorithmSpec, KeyAgreementAlgorithmSpec, KeySpec,
    KeyUsageType, MacAlgorithmSpec, OriginType, SigningAlgorithmSpec,
};
use trent_api::{ErrorCode, KmsError};

/// The key usages that a key of this spec may be created with.
pub const fn key_usages(spec: KeySpec) -> &'static [KeyUsageType] {
    use KeySpec as S;
    use KeyUsageType as U;
    match spec {
        S::SymmetricDefault => &[U::EncryptDecrypt],
        S::Rsa2048 | S::Rsa3072 | S::Rsa4096 => &[U::EncryptDecrypt, U::SignVerify],
        S::EccNistP256 | S::EccNistP384 | S::EccNistP521 => &[U::SignVerify, U::KeyAgreement],
        S::Hmac224 | S::Hmac256 | S::Hmac384 | S::Hmac512 => &[U::GenerateVerifyMac],
        S::Sm2 => &[U::EncryptDecrypt, U::SignVerify, U::KeyAgreement],
        S::EccSecgP256k1 | S::EccNistEdwards25519 | S::MlDsa44 | S::MlDsa65 | S::MlDsa87 => {
            &[U::SignVerify]
        }
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

/// What kind of key material a spec has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecKind {
    /// One secret key for encryption.
    Symmetric,
    /// A secret for MACs.
    Hmac,
    /// A key pair.
    Asymmetric,
}

/// The kind of a spec.
pub const fn spec_kind(spec: KeySpec) -> SpecKind {
    match spec {
        KeySpec::SymmetricDefault => SpecKind::Symmetric,
        KeySpec::Hmac224 | KeySpec::Hmac256 | KeySpec::Hmac384 | KeySpec::Hmac512 => SpecKind::Hmac,
        _ => SpecKind::Asymmetric,
    }
}

/// Whether key material of this spec can be imported.
pub const fn can_be_imported(spec: KeySpec) -> bool {
    use KeySpec as S;
    !matches!(
        spec,
        S::MlDsa44 | S::MlDsa65 | S::MlDsa87 | S::MlKem512 | S::MlKem768 | S::MlKem1024 | S::Sm2
    )
}

/// The encryption algorithms of a key.
pub const fn encryption_algorithms(
    spec: KeySpec,
    usage: KeyUsageType,
) -> &'static [EncryptionAlgorithmSpec] {
    use EncryptionAlgorithmSpec as A;
    use KeySpec as S;
    match (spec, usage) {
        (S::SymmetricDefault, _) => &[A::SymmetricDefault],
        (S::Rsa2048 | S::Rsa3072 | S::Rsa4096, KeyUsageType::EncryptDecrypt) => {
            &[A::RsaesOaepSha1, A::RsaesOaepSha256]
        }
        _ => &[],
    }
}

/// The signing algorithms of a key.
pub const fn signing_algorithms(
    spec: KeySpec,
    usage: KeyUsageType,
) -> &'static [SigningAlgorithmSpec] {
    use KeySpec as S;
    use SigningAlgorithmSpec as A;
    if !matches!(usage, KeyUsageType::SignVerify) {
        return &[];
    }
    match spec {
        S::Rsa2048 | S::Rsa3072 | S::Rsa4096 => &[
            A::RsassaPkcs1V15Sha256,
            A::RsassaPkcs1V15Sha384,
            A::RsassaPkcs1V15Sha512,
            A::RsassaPssSha256,
            A::RsassaPssSha384,
            A::RsassaPssSha512,
        ],
        S::EccNistP256 | S::EccSecgP256k1 => &[A::EcdsaSha256],
        S::EccNistP384 => &[A::EcdsaSha384],
        S::EccNistP521 => &[A::EcdsaSha512],
        S::EccNistEdwards25519 => &[A::Ed25519Sha512, A::Ed25519PhSha512],
        S::MlDsa44 | S::MlDsa65 | S::MlDsa87 => &[A::MlDsaShake256],
        _ => &[],
    }
}

/// The MAC algorithms of a key.
pub const fn mac_algorithms(spec: KeySpec) -> &'static [MacAlgorithmSpec] {
    use MacAlgorithmSpec as A;
    match spec {
        KeySpec::Hmac224 => &[A::HmacSha224],
        KeySpec::Hmac256 => &[A::HmacSha256],
        KeySpec::Hmac384 => &[A::HmacSha384],
        KeySpec::Hmac512 => &[A::HmacSha512],
        _ => &[],
    }
}

/// The key agreement algorithms of a key.
pub const fn key_agreement_algorithms(usage: KeyUsageType) -> &'static [KeyAgreementAlgorithmSpec] {
    match usage {
        KeyUsageType::KeyAgreement => &[KeyAgreementAlgorithmSpec::Ecdh],
        _ => &[],
    }
}

/// The encapsulation algorithms of a key.
pub const fn encapsulation_algorithms(
    usage: KeyUsageType,
) -> &'static [EncapsulationAlgorithmSpec] {
    match usage {
        KeyUsageType::EncapsulateDecapsulate => &[EncapsulationAlgorithmSpec::MlKem],
        _ => &[],
    }
}

/// The origins that a key of this spec may have.
pub fn check_origin(spec: KeySpec, origin: OriginType) -> Result<(), KmsError> {
    let suits = match origin {
        OriginType::AwsKms => true,
        OriginType::External => can_be_imported(spec),
        OriginType::AwsCloudhsm | OriginType::ExternalKeyStore => {
            spec_kind(spec) == SpecKind::Symmetric
        }
    };
    if suits {
        return Ok(());
    }
    let message = format!("KeySpec {spec} is not supported with Origin {origin}.");
    Err(KmsError::new(ErrorCode::UnsupportedOperation, message))
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

    #[test]
    fn every_usage_of_every_spec_but_those_of_china_has_an_algorithm() {
        for spec in KeySpec::ALL.iter().filter(|spec| **spec != KeySpec::Sm2) {
            for usage in key_usages(*spec) {
                let count = encryption_algorithms(*spec, *usage).len()
                    + signing_algorithms(*spec, *usage).len()
                    + mac_algorithms(*spec).len()
                    + key_agreement_algorithms(*usage).len()
                    + encapsulation_algorithms(*usage).len();
                assert!(count > 0, "{spec} {usage}");
            }
        }
    }
}
