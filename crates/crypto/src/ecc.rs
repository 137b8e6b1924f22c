//! Keys on the curves P-256, P-384, P-521 (NIST SP 800-186) and secp256k1 (SEC 2), for ECDSA
//! (FIPS 186-5 §6) and, but for secp256k1, ECDH.

use std::sync::OnceLock;

use aws_lc_rs::{
    agreement,
    encoding::{AsBigEndian, AsDer, EcPrivateKeyBin, PublicKeyX509Der},
    signature::{
        self, EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, KeyPair as _,
        ParsedPublicKey,
    },
};
use zeroize::Zeroizing;

use crate::{
    der,
    error::CryptoError,
    key_pair::KeyPairSpec,
    once::get_or_make,
    signing::{Input, SigningAlgorithm},
};

/// A parsed private key.
pub(crate) struct EccPrivateKey {
    curve: &'static Curve,
    signing: EcdsaKeyPair,
    /// Made when it is needed: a KMS key either signs or agrees.
    agreeing: OnceLock<agreement::PrivateKey>,
}

impl EccPrivateKey {
    pub(crate) fn generate_pkcs8(spec: KeyPairSpec) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let curve = Curve::of(spec)?;
        let key = EcdsaKeyPair::generate(curve.signing).map_err(|_| CryptoError::Library)?;
        pkcs8(&key)
    }

    /// PKCS#8 of an `ECPrivateKey` (RFC 5915) on the curve of `spec`.
    pub(crate) fn pkcs8_of_sec1(
        spec: KeyPairSpec,
        der: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let key = EcdsaKeyPair::from_private_key_der(Curve::of(spec)?.signing, der);
        pkcs8(&key.map_err(|_| CryptoError::NotThisSpec)?)
    }

    /// The library checks that the private key is in range, and that the public point, if it is
    /// given, lies on the curve and belongs to the private key.
    pub(crate) fn from_pkcs8(spec: KeyPairSpec, der: &[u8]) -> Result<Self, CryptoError> {
        let curve = Curve::of(spec)?;
        // Version 1 or 2 of PKCS#8, then the curve.
        if !der::sequence(der).is_some_and(|content| {
            content.split_first_chunk().is_some_and(|(version, rest)| {
                matches!(version, [2, 1, 0 | 1]) && rest.starts_with(curve.identifier)
            })
        }) {
            return Err(CryptoError::NotThisSpec);
        }
        let mut signing =
            EcdsaKeyPair::from_pkcs8(curve.signing, der).map_err(|_| CryptoError::NotThisSpec)?;
        // The library remembers whether the point was left out or compressed, and writes the key
        // as it was read; every key is to have one encoding.
        if !pkcs8(&signing)?.ends_with(signing.public_key().as_ref()) {
            let private: EcPrivateKeyBin<'_> =
                signing.private_key().as_be_bytes().map_err(|_| CryptoError::Library)?;
            signing = EcdsaKeyPair::from_private_key_and_public_key(
                curve.signing,
                private.as_ref(),
                signing.public_key().as_ref(),
            )
            .map_err(|_| CryptoError::NotThisSpec)?;
        }
        Ok(Self { curve, signing, agreeing: OnceLock::new() })
    }

    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        pkcs8(&self.signing)
    }

    pub(crate) fn spki(&self) -> Result<Vec<u8>, CryptoError> {
        let der: PublicKeyX509Der<'_> =
            self.signing.public_key().as_der().map_err(|_| CryptoError::Library)?;
        Ok(der.as_ref().to_vec())
    }

    pub(crate) fn signing_algorithm(&self) -> SigningAlgorithm {
        self.curve.algorithm
    }

    pub(crate) fn sign(&self, input: &Input<'_>) -> Result<Vec<u8>, CryptoError> {
        let Input::Digest(digest) = input else { return Err(CryptoError::AlgorithmUnsuited) };
        let signature = self.signing.sign_digest(digest).map_err(|_| CryptoError::Library)?;
        Ok(signature.as_ref().to_vec())
    }

    /// Whether `peer` is a `SubjectPublicKeyInfo` that names this curve.
    pub(crate) fn is_same_curve(&self, peer: &[u8]) -> bool {
        self.curve.is_named_by(peer)
    }

    /// The algorithm and the private key of ECDH, but for secp256k1.
    pub(crate) fn agreeing(
        &self,
    ) -> Result<(&'static agreement::Algorithm, &agreement::PrivateKey), CryptoError> {
        let algorithm = self.curve.agreement.ok_or(CryptoError::AlgorithmUnsuited)?;
        let key = get_or_make(&self.agreeing, || {
            agreement::PrivateKey::from_private_key_der(algorithm, &self.to_pkcs8()?)
                .map_err(|_| CryptoError::Library)
        })?;
        Ok((algorithm, key))
    }
}

fn pkcs8(key: &EcdsaKeyPair) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let document = key.to_pkcs8v1().map_err(|_| CryptoError::Library)?;
    Ok(Zeroizing::new(document.as_ref().to_vec()))
}

/// A parsed public key.
pub(crate) struct EccPublicKey(ParsedPublicKey);

impl EccPublicKey {
    pub(crate) fn from_spki(spec: KeyPairSpec, der: &[u8]) -> Result<Self, CryptoError> {
        let curve = Curve::of(spec)?;
        if !curve.is_named_by(der) {
            return Err(CryptoError::InvalidPublicKey);
        }
        let key = ParsedPublicKey::new(curve.verification, der);
        key.map(Self).map_err(|_| CryptoError::InvalidPublicKey)
    }

    pub(crate) fn verify(&self, input: &Input<'_>, signature: &[u8]) -> Result<(), CryptoError> {
        let Input::Digest(digest) = input else { return Err(CryptoError::AlgorithmUnsuited) };
        self.0.verify_digest_sig(digest, signature).map_err(|_| CryptoError::InvalidSignature)
    }
}

/// What the library does on a curve.
struct Curve {
    /// The `AlgorithmIdentifier` of keys on the curve, which names it (RFC 5480 §2.1.1). The
    /// library also takes the curve's parameters one by one, and then not all of them.
    identifier: &'static [u8],
    algorithm: SigningAlgorithm,
    signing: &'static EcdsaSigningAlgorithm,
    verification: &'static EcdsaVerificationAlgorithm,
    agreement: Option<&'static agreement::Algorithm>,
}

impl Curve {
    fn of(spec: KeyPairSpec) -> Result<&'static Self, CryptoError> {
        match spec {
            KeyPairSpec::EccNistP256 => Ok(&P256),
            KeyPairSpec::EccNistP384 => Ok(&P384),
            KeyPairSpec::EccNistP521 => Ok(&P521),
            KeyPairSpec::EccSecgP256k1 => Ok(&SECP256K1),
            _ => Err(CryptoError::AlgorithmUnsuited),
        }
    }

    fn is_named_by(&self, spki: &[u8]) -> bool {
        der::sequence(spki).is_some_and(|content| content.starts_with(self.identifier))
    }
}

static P256: Curve = Curve {
    identifier:
        b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07",
    algorithm: SigningAlgorithm::EcdsaSha256,
    signing: &signature::ECDSA_P256_SHA256_ASN1_SIGNING,
    verification: &signature::ECDSA_P256_SHA256_ASN1,
    agreement: Some(&agreement::ECDH_P256),
};

static P384: Curve = Curve {
    identifier: b"\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22",
    algorithm: SigningAlgorithm::EcdsaSha384,
    signing: &signature::ECDSA_P384_SHA384_ASN1_SIGNING,
    verification: &signature::ECDSA_P384_SHA384_ASN1,
    agreement: Some(&agreement::ECDH_P384),
};

static P521: Curve = Curve {
    identifier: b"\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23",
    algorithm: SigningAlgorithm::EcdsaSha512,
    signing: &signature::ECDSA_P521_SHA512_ASN1_SIGNING,
    verification: &signature::ECDSA_P521_SHA512_ASN1,
    agreement: Some(&agreement::ECDH_P521),
};

static SECP256K1: Curve = Curve {
    identifier: b"\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x0a",
    algorithm: SigningAlgorithm::EcdsaSha256,
    signing: &signature::ECDSA_P256K1_SHA256_ASN1_SIGNING,
    verification: &signature::ECDSA_P256K1_SHA256_ASN1,
    agreement: None,
};
