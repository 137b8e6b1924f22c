//! Signatures: which algorithm takes which key and which type of message, and what is fed to it.
//!
//! RSA and ECDSA sign a digest, which is either computed here ([`Message::Raw`]) or given
//! ([`Message::Digest`], never hashed again): both give the same signatures, and what is signed as
//! the one can be verified as the other. ML-DSA likewise, with [`Message::ExternalMu`]. Ed25519
//! and Ed25519ph are different schemes, each with one type of message.

use aws_lc_rs::digest;

use crate::{
    error::CryptoError,
    key_pair::{KeyPair, KeyPairSpec, ParsedPublicKey, PrivateKey, PublicKey},
};

/// How to sign.
///
/// AWS: <https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SigningAlgorithm {
    /// RSASSA-PSS (RFC 8017 §8.1), MGF1 with the same hash, salt as long as the hash.
    RsassaPssSha256,
    /// The same with SHA-384.
    RsassaPssSha384,
    /// The same with SHA-512.
    RsassaPssSha512,
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
    RsassaPkcs1V15Sha256,
    /// The same with SHA-384.
    RsassaPkcs1V15Sha384,
    /// The same with SHA-512.
    RsassaPkcs1V15Sha512,
    /// ECDSA (FIPS 186-5 §6) with P-256 or secp256k1; signatures are DER (RFC 3279 §2.2.3).
    EcdsaSha256,
    /// ECDSA with P-384.
    EcdsaSha384,
    /// ECDSA with P-521.
    EcdsaSha512,
    /// Ed25519 (RFC 8032 §5.1), of the message itself.
    Ed25519Sha512,
    /// Ed25519ph (RFC 8032 §5.1, FIPS 186-5 §7.8), without context.
    Ed25519PhSha512,
    /// ML-DSA (FIPS 204), hedged, with an empty context.
    MlDsaShake256,
}

impl SigningAlgorithm {
    /// Every algorithm there is.
    pub const ALL: [Self; 12] = [
        Self::RsassaPssSha256,
        Self::RsassaPssSha384,
        Self::RsassaPssSha512,
        Self::RsassaPkcs1V15Sha256,
        Self::RsassaPkcs1V15Sha384,
        Self::RsassaPkcs1V15Sha512,
        Self::EcdsaSha256,
        Self::EcdsaSha384,
        Self::EcdsaSha512,
        Self::Ed25519Sha512,
        Self::Ed25519PhSha512,
        Self::MlDsaShake256,
    ];

    /// Whether keys of this spec sign with this algorithm.
    pub fn suits(self, spec: KeyPairSpec) -> bool {
        use KeyPairSpec as Spec;
        match self {
            Self::RsassaPssSha256
            | Self::RsassaPssSha384
            | Self::RsassaPssSha512
            | Self::RsassaPkcs1V15Sha256
            | Self::RsassaPkcs1V15Sha384
            | Self::RsassaPkcs1V15Sha512 => {
                matches!(spec, Spec::Rsa2048 | Spec::Rsa3072 | Spec::Rsa4096)
            }
            Self::EcdsaSha256 => matches!(spec, Spec::EccNistP256 | Spec::EccSecgP256k1),
            Self::EcdsaSha384 => spec == Spec::EccNistP384,
            Self::EcdsaSha512 => spec == Spec::EccNistP521,
            Self::Ed25519Sha512 | Self::Ed25519PhSha512 => spec == Spec::EccNistEdwards25519,
            Self::MlDsaShake256 => matches!(spec, Spec::MlDsa44 | Spec::MlDsa65 | Spec::MlDsa87),
        }
    }

    /// What is fed to the primitive for `message`.
    fn input(self, message: Message<'_>) -> Result<Input<'_>, CryptoError> {
        match self {
            Self::RsassaPssSha256 | Self::RsassaPkcs1V15Sha256 | Self::EcdsaSha256 => {
                digest_of(&digest::SHA256, message)
            }
            Self::RsassaPssSha384 | Self::RsassaPkcs1V15Sha384 | Self::EcdsaSha384 => {
                digest_of(&digest::SHA384, message)
            }
            Self::RsassaPssSha512 | Self::RsassaPkcs1V15Sha512 | Self::EcdsaSha512 => {
                digest_of(&digest::SHA512, message)
            }
            Self::Ed25519Sha512 => match message {
                Message::Raw(message) => Ok(Input::Message(message)),
                Message::Digest(_) | Message::ExternalMu(_) => {
                    Err(CryptoError::MessageTypeUnsuited)
                }
            },
            Self::Ed25519PhSha512 => match message {
                Message::Digest(digest) => fixed(digest).map(Input::Ed25519Ph),
                Message::Raw(_) | Message::ExternalMu(_) => Err(CryptoError::MessageTypeUnsuited),
            },
            Self::MlDsaShake256 => match message {
                Message::Raw(message) => Ok(Input::Message(message)),
                Message::ExternalMu(mu) => fixed(mu).map(Input::Mu),
                Message::Digest(_) => Err(CryptoError::MessageTypeUnsuited),
            },
        }
    }
}

/// What is signed.
#[derive(Clone, Copy)]
pub enum Message<'a> {
    /// The message. Not for [`SigningAlgorithm::Ed25519PhSha512`].
    Raw(&'a [u8]),
    /// The digest of the message, of the algorithm's hash function: for RSA and ECDSA, where it is
    /// not hashed again, and for [`SigningAlgorithm::Ed25519PhSha512`], whose message it is.
    ///
    /// AWS: Ed25519ph hashes its message (FIPS 186-5 §7.8.1), and KMS does so with the digest that
    /// it is given: the caller hashes the data, and KMS the digest.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html>
    Digest(&'a [u8]),
    /// The 64-byte message representative mu of FIPS 204 §5.3 (algorithm 7, line 6), for ML-DSA
    /// alone.
    ExternalMu(&'a [u8]),
}

/// What is fed to a primitive.
pub(crate) enum Input<'a> {
    Digest(digest::Digest),
    Message(&'a [u8]),
    Ed25519Ph(&'a [u8; 64]),
    Mu(&'a [u8; 64]),
}

fn digest_of(
    algorithm: &'static digest::Algorithm,
    message: Message<'_>,
) -> Result<Input<'static>, CryptoError> {
    match message {
        Message::Raw(message) => Ok(Input::Digest(digest::digest(algorithm, message))),
        Message::Digest(bytes) => {
            let digest = digest::Digest::import_less_safe(bytes, algorithm);
            digest.map(Input::Digest).map_err(|_| CryptoError::DigestLength {
                expected: algorithm.output_len(),
                actual: bytes.len(),
            })
        }
        Message::ExternalMu(_) => Err(CryptoError::MessageTypeUnsuited),
    }
}

fn fixed(bytes: &[u8]) -> Result<&[u8; 64], CryptoError> {
    bytes.try_into().map_err(|_| CryptoError::DigestLength { expected: 64, actual: bytes.len() })
}

impl KeyPair {
    /// A signature over `message`.
    pub fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
    ) -> Result<Vec<u8>, CryptoError> {
        if !algorithm.suits(self.spec()) {
            return Err(CryptoError::AlgorithmUnsuited);
        }
        let input = algorithm.input(message)?;
        match &self.private {
            PrivateKey::Rsa(key) => key.sign(algorithm, &input),
            PrivateKey::Ecc(key) => key.sign(&input),
            PrivateKey::Ed25519(key) => key.sign(&input),
            PrivateKey::MlDsa(key) => key.sign(&input),
            PrivateKey::MlKem(_) => Err(CryptoError::AlgorithmUnsuited),
        }
    }

    /// Fails with [`CryptoError::InvalidSignature`] unless `signature` is one over `message`.
    pub fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        self.public_half().verify(algorithm, message, signature)
    }
}

impl PublicKey {
    /// Fails with [`CryptoError::InvalidSignature`] unless `signature` is one over `message`.
    pub fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        if !algorithm.suits(self.spec()) {
            return Err(CryptoError::AlgorithmUnsuited);
        }
        let input = algorithm.input(message)?;
        match &self.key {
            ParsedPublicKey::Rsa(key) => key.verify(algorithm, &input, signature),
            ParsedPublicKey::Ecc(key) => key.verify(&input, signature),
            ParsedPublicKey::Ed25519(key) => key.verify(&input, signature),
            ParsedPublicKey::MlDsa(key) => key.verify(&input, signature),
            ParsedPublicKey::MlKem(_) => Err(CryptoError::AlgorithmUnsuited),
        }
    }
}
