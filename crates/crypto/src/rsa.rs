//! RSA (RFC 8017): OAEP encryption, and the parsed keys of it and of both signature schemes.
//!
//! An RSA ciphertext is plain RSA, decryptable anywhere with the private key: it names no KMS key
//! and binds no encryption context.

use std::sync::OnceLock;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    error::KeyRejected,
    rsa::{
        KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm,
        OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
        PublicEncryptingKey,
    },
    signature::{self, KeyPair as _, ParsedPublicKey, RsaEncoding, RsaKeyPair, RsaParameters},
};
use zeroize::Zeroizing;

use crate::{
    error::CryptoError,
    key_pair::{self, KeyPair, KeyPairSpec, PrivateKey, PublicKey},
    once::get_or_make,
    signing::{Input, SigningAlgorithm},
};

/// RSAES-OAEP (RFC 8017 §7.1), with MGF1 over the same hash and an empty label.
///
/// AWS: <https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EncryptionAlgorithm {
    /// With SHA-1.
    RsaesOaepSha1,
    /// With SHA-256.
    RsaesOaepSha256,
}

impl EncryptionAlgorithm {
    /// The longest plaintext for keys of this spec (RFC 8017 §7.1.1), or `None` if it is not RSA.
    pub fn plaintext_bytes_max(self, spec: KeyPairSpec) -> Option<usize> {
        let hash_bytes = match self {
            Self::RsaesOaepSha1 => 20,
            Self::RsaesOaepSha256 => 32,
        };
        Some(key_size(spec)?.len() - 2 * hash_bytes - 2)
    }

    fn oaep(self) -> &'static OaepAlgorithm {
        match self {
            Self::RsaesOaepSha1 => &OAEP_SHA1_MGF1SHA1,
            Self::RsaesOaepSha256 => &OAEP_SHA256_MGF1SHA256,
        }
    }
}

/// Length of the ciphertexts of keys of this spec, or `None` if it is not RSA.
pub fn ciphertext_bytes(spec: KeyPairSpec) -> Option<usize> {
    key_size(spec).map(KeySize::len)
}

impl KeyPair {
    /// `plaintext` encrypted to this key. Fails with [`CryptoError::TooLong`] if it is longer than
    /// [`EncryptionAlgorithm::plaintext_bytes_max`].
    pub fn encrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.public_half().encrypt(algorithm, plaintext)
    }

    /// The plaintext of `ciphertext`. Whatever is wrong with it, the error is
    /// [`CryptoError::InvalidCiphertext`].
    pub fn decrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let PrivateKey::Rsa(key) = &self.private else {
            return Err(CryptoError::AlgorithmUnsuited);
        };
        let key = key.decrypting()?;
        let mut plaintext = Zeroizing::new(vec![0; key.min_output_size()]);
        let len = key
            .decrypt(algorithm.oaep(), ciphertext, &mut plaintext, None)
            .map_err(|_| CryptoError::InvalidCiphertext)?
            .len();
        plaintext.truncate(len);
        Ok(plaintext)
    }
}

impl PublicKey {
    /// `plaintext` encrypted to this key. Fails with [`CryptoError::TooLong`] if it is longer than
    /// [`EncryptionAlgorithm::plaintext_bytes_max`].
    pub fn encrypt(
        &self,
        algorithm: EncryptionAlgorithm,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let key_pair::ParsedPublicKey::Rsa(key) = &self.key else {
            return Err(CryptoError::AlgorithmUnsuited);
        };
        if plaintext.len() > key.encrypting.max_plaintext_size(algorithm.oaep()) {
            return Err(CryptoError::TooLong);
        }
        let mut ciphertext = vec![0; key.encrypting.ciphertext_size()];
        let len = key
            .encrypting
            .encrypt(algorithm.oaep(), plaintext, &mut ciphertext, None)
            .map_err(|_| CryptoError::Library)?
            .len();
        ciphertext.truncate(len);
        Ok(ciphertext)
    }
}

/// A parsed private key. The library parses one for signing and one for decrypting, and a KMS key
/// does only one of the two: the other is made when it is needed.
pub(crate) struct RsaPrivateKey {
    signing: RsaKeyPair,
    decrypting: OnceLock<OaepPrivateDecryptingKey>,
}

impl RsaPrivateKey {
    pub(crate) fn generate_pkcs8(spec: KeyPairSpec) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let size = key_size(spec).ok_or(CryptoError::Library)?;
        let key = RsaKeyPair::generate(size).map_err(|_| CryptoError::Library)?;
        pkcs8(&key)
    }

    /// PKCS#8 of an `RSAPrivateKey` (RFC 8017 appendix A.1.2).
    pub(crate) fn pkcs8_of_pkcs1(der: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        pkcs8(&RsaKeyPair::from_der(der).map_err(|_| CryptoError::NotThisSpec)?)
    }

    /// The library checks that there are two factors whose product is the modulus, that the
    /// exponents are inverse to each other modulo both, and the CRT parameters (`RSA_check_key`).
    pub(crate) fn from_pkcs8(spec: KeyPairSpec, der: &[u8]) -> Result<Self, CryptoError> {
        let signing = RsaKeyPair::from_pkcs8(der).map_err(|_| CryptoError::NotThisSpec)?;
        let modulus = signing.public_key().modulus().big_endian_without_leading_zero();
        if Some(bits(modulus)) != key_size(spec).map(|size| size.len() * 8) {
            return Err(CryptoError::NotThisSpec);
        }
        Ok(Self { signing, decrypting: OnceLock::new() })
    }

    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        pkcs8(&self.signing)
    }

    pub(crate) fn spki(&self) -> Result<Vec<u8>, CryptoError> {
        let der: PublicKeyX509Der<'_> =
            self.signing.public_key().as_der().map_err(|_| CryptoError::NotThisSpec)?;
        Ok(der.as_ref().to_vec())
    }

    pub(crate) fn sign(
        &self,
        algorithm: SigningAlgorithm,
        input: &Input<'_>,
    ) -> Result<Vec<u8>, CryptoError> {
        let scheme = SCHEMES.iter().find(|scheme| scheme.algorithm == algorithm);
        let (Some(scheme), Input::Digest(digest)) = (scheme, input) else {
            return Err(CryptoError::AlgorithmUnsuited);
        };
        let mut signature = vec![0; self.signing.public_modulus_len()];
        self.signing
            .sign_digest(scheme.encoding, digest, &mut signature)
            .map_err(|_| CryptoError::Library)?;
        Ok(signature)
    }

    fn decrypting(&self) -> Result<&OaepPrivateDecryptingKey, CryptoError> {
        get_or_make(&self.decrypting, || {
            let key = PrivateDecryptingKey::from_pkcs8(&self.to_pkcs8()?)
                .map_err(|_| CryptoError::Library)?;
            OaepPrivateDecryptingKey::new(key).map_err(|_| CryptoError::Library)
        })
    }
}

fn pkcs8(key: &RsaKeyPair) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let der: Pkcs8V1Der<'_> = key.as_der().map_err(|_| CryptoError::Library)?;
    Ok(Zeroizing::new(der.as_ref().to_vec()))
}

/// A parsed public key, with a key of the library for each signature scheme. Parsing them is cheap
/// beside parsing the private key.
pub(crate) struct RsaPublicKey {
    encrypting: OaepPublicEncryptingKey,
    verifying: Vec<(SigningAlgorithm, ParsedPublicKey)>,
}

impl RsaPublicKey {
    pub(crate) fn from_spki(spec: KeyPairSpec, der: &[u8]) -> Result<Self, CryptoError> {
        let key = PublicEncryptingKey::from_der(der).map_err(|_| CryptoError::InvalidPublicKey)?;
        if Some(key.key_size_bits()) != key_size(spec).map(|size| size.len() * 8) {
            return Err(CryptoError::InvalidPublicKey);
        }
        let encrypting = OaepPublicEncryptingKey::new(key).map_err(|_| CryptoError::Library)?;
        let verifying = SCHEMES
            .iter()
            .map(|scheme| Ok((scheme.algorithm, ParsedPublicKey::new(scheme.parameters, der)?)))
            .collect::<Result<_, KeyRejected>>()
            .map_err(|_| CryptoError::InvalidPublicKey)?;
        Ok(Self { encrypting, verifying })
    }

    pub(crate) fn verify(
        &self,
        algorithm: SigningAlgorithm,
        input: &Input<'_>,
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        let Input::Digest(digest) = input else { return Err(CryptoError::AlgorithmUnsuited) };
        let (_, key) = self
            .verifying
            .iter()
            .find(|(scheme, _)| *scheme == algorithm)
            .ok_or(CryptoError::AlgorithmUnsuited)?;
        key.verify_digest_sig(digest, signature).map_err(|_| CryptoError::InvalidSignature)
    }
}

fn key_size(spec: KeyPairSpec) -> Option<KeySize> {
    match spec {
        KeyPairSpec::Rsa2048 => Some(KeySize::Rsa2048),
        KeyPairSpec::Rsa3072 => Some(KeySize::Rsa3072),
        KeyPairSpec::Rsa4096 => Some(KeySize::Rsa4096),
        _ => None,
    }
}

/// The bits of a big-endian number without leading zero bytes.
fn bits(number: &[u8]) -> usize {
    let leading_zeros = number.first().map_or(0, |byte| byte.leading_zeros() as usize);
    number.len() * 8 - leading_zeros
}

/// How the library signs and verifies with an algorithm.
struct Scheme {
    algorithm: SigningAlgorithm,
    encoding: &'static dyn RsaEncoding,
    parameters: &'static RsaParameters,
}

/// The salts of PSS are as long as the hash, both made and accepted.
const SCHEMES: [Scheme; 6] = [
    Scheme {
        algorithm: SigningAlgorithm::RsassaPssSha256,
        encoding: &signature::RSA_PSS_SHA256,
        parameters: &signature::RSA_PSS_2048_8192_SHA256,
    },
    Scheme {
        algorithm: SigningAlgorithm::RsassaPssSha384,
        encoding: &signature::RSA_PSS_SHA384,
        parameters: &signature::RSA_PSS_2048_8192_SHA384,
    },
    Scheme {
        algorithm: SigningAlgorithm::RsassaPssSha512,
        encoding: &signature::RSA_PSS_SHA512,
        parameters: &signature::RSA_PSS_2048_8192_SHA512,
    },
    Scheme {
        algorithm: SigningAlgorithm::RsassaPkcs1V15Sha256,
        encoding: &signature::RSA_PKCS1_SHA256,
        parameters: &signature::RSA_PKCS1_2048_8192_SHA256,
    },
    Scheme {
        algorithm: SigningAlgorithm::RsassaPkcs1V15Sha384,
        encoding: &signature::RSA_PKCS1_SHA384,
        parameters: &signature::RSA_PKCS1_2048_8192_SHA384,
    },
    Scheme {
        algorithm: SigningAlgorithm::RsassaPkcs1V15Sha512,
        encoding: &signature::RSA_PKCS1_SHA512,
        parameters: &signature::RSA_PKCS1_2048_8192_SHA512,
    },
];
