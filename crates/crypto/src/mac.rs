//! HMAC (FIPS 198-1) with the hash functions of SHA-2, and its keys.
//!
//! Tags have the full length of the hash, and only such are accepted.

use std::fmt;

use aws_lc_rs::{digest, hmac};
use zeroize::Zeroizing;

use crate::{error::CryptoError, key_material, random};

/// The longest key that can be imported, in bytes: 1024 bits.
///
/// AWS: <https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-conceptual.html>
pub const KEY_BYTES_MAX: usize = 128;

/// What is hashed before the bytes of a key into what its identity is computed with.
const ID_LABEL: &[u8] = b"trent mac key material id";

/// A hash function for HMAC. A key has one and no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MacAlgorithm {
    /// HMAC with SHA-224.
    HmacSha224,
    /// HMAC with SHA-256.
    HmacSha256,
    /// HMAC with SHA-384.
    HmacSha384,
    /// HMAC with SHA-512.
    HmacSha512,
}

impl MacAlgorithm {
    /// Every algorithm there is.
    pub const ALL: [Self; 4] =
        [Self::HmacSha224, Self::HmacSha256, Self::HmacSha384, Self::HmacSha512];

    /// Length of a tag, of a generated key, and the least length of an imported one.
    pub fn bytes(self) -> usize {
        self.library().tag_len()
    }

    fn library(self) -> hmac::Algorithm {
        match self {
            Self::HmacSha224 => hmac::HMAC_SHA224,
            Self::HmacSha256 => hmac::HMAC_SHA256,
            Self::HmacSha384 => hmac::HMAC_SHA384,
            Self::HmacSha512 => hmac::HMAC_SHA512,
        }
    }
}

/// A key for one algorithm. Zeroized on drop, never printed.
pub struct MacKey {
    algorithm: MacAlgorithm,
    bytes: Zeroizing<Vec<u8>>,
    /// With the padded key hashed already.
    key: hmac::Key,
}

impl MacKey {
    /// A new random key, as long as the hash.
    pub fn generate(algorithm: MacAlgorithm) -> Result<Self, CryptoError> {
        Self::from_bytes(algorithm, &random::bytes(algorithm.bytes())?)
    }

    /// The key with these bytes: at least as many as the hash has, at most [`KEY_BYTES_MAX`].
    pub fn from_bytes(algorithm: MacAlgorithm, bytes: &[u8]) -> Result<Self, CryptoError> {
        if !(algorithm.bytes()..=KEY_BYTES_MAX).contains(&bytes.len()) {
            return Err(CryptoError::KeyLength {
                expected: algorithm.bytes(),
                actual: bytes.len(),
            });
        }
        let key = hmac::Key::new(algorithm.library(), bytes);
        Ok(Self { algorithm, bytes: Zeroizing::new(bytes.to_vec()), key })
    }

    /// The secret bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The algorithm of this key.
    pub fn algorithm(&self) -> MacAlgorithm {
        self.algorithm
    }

    /// The tag of `message`.
    pub fn generate_mac(&self, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.key, message).as_ref().to_vec()
    }

    /// Fails with [`CryptoError::InvalidMac`] unless `mac` is the tag of `message`, in a time that
    /// does not tell where they differ.
    pub fn verify_mac(&self, message: &[u8], mac: &[u8]) -> Result<(), CryptoError> {
        hmac::verify(&self.key, message, mac).map_err(|_| CryptoError::InvalidMac)
    }

    /// The identity of this key material within the KMS key `key_id`, as that of
    /// [`key_material::SymmetricKey::id`].
    ///
    /// INVARIANT (distinct uses): the identity is not secret and is an HMAC, so it must not be one
    /// under the very key whose HMACs are its use. It is one under a hash of it.
    pub fn id(&self, key_id: &[u8; 16]) -> [u8; 32] {
        let mut hash = digest::Context::new(&digest::SHA256);
        hash.update(ID_LABEL);
        hash.update(&self.bytes);
        key_material::id(hash.finish().as_ref(), key_id)
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MacKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// HMAC-SHA256 under a secret of any length: for signatures in formats of others. What a KMS key
/// does is done by [`MacKey`].
pub fn hmac_sha256(secret: &[u8], message: &[u8]) -> [u8; 32] {
    let mut tag = [0; 32];
    tag.copy_from_slice(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message).as_ref());
    tag
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_shows_no_byte;

    #[test]
    fn lengths_of_keys() {
        for (algorithm, bytes) in MacAlgorithm::ALL.into_iter().zip([28, 32, 48, 64]) {
            assert_eq!(MacKey::generate(algorithm).unwrap().as_bytes().len(), bytes);
            for len in [bytes, bytes + 1, 64, 65, 127, 128] {
                let key = MacKey::from_bytes(algorithm, &vec![7; len]).unwrap();
                assert_eq!(key.as_bytes(), vec![7; len]);
            }
            for len in [0, bytes - 1, 129] {
                let error = MacKey::from_bytes(algorithm, &vec![7; len]).unwrap_err();
                assert_eq!(error, CryptoError::KeyLength { expected: bytes, actual: len });
            }
        }
    }

    #[test]
    fn only_the_full_tag_of_the_message_is_valid() {
        for algorithm in MacAlgorithm::ALL {
            let key = MacKey::generate(algorithm).unwrap();
            let tag = key.generate_mac(b"message");
            assert_eq!(tag.len(), algorithm.bytes());
            assert_eq!(key.verify_mac(b"message", &tag), Ok(()));
            assert_eq!(key.verify_mac(b"massage", &tag), Err(CryptoError::InvalidMac));
            let other = MacKey::generate(algorithm).unwrap();
            assert_eq!(other.verify_mac(b"message", &tag), Err(CryptoError::InvalidMac));
            for len in 0..tag.len() {
                assert_eq!(key.verify_mac(b"message", &tag[..len]), Err(CryptoError::InvalidMac));
            }
            for bit in 0..tag.len() * 8 {
                let mut flipped = tag.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(key.verify_mac(b"message", &flipped), Err(CryptoError::InvalidMac));
            }
        }
    }

    #[test]
    fn an_id_is_no_tag() {
        let key = MacKey::from_bytes(MacAlgorithm::HmacSha256, &[7; 32]).unwrap();
        let longer = MacKey::from_bytes(MacAlgorithm::HmacSha256, &[7; 33]).unwrap();
        assert_eq!(key.id(&[1; 16]), key.id(&[1; 16]));
        assert_ne!(key.id(&[1; 16]), key.id(&[2; 16]));
        assert_ne!(key.id(&[1; 16]), longer.id(&[1; 16]));
        let forged = [b"trent key material id".as_slice(), &[1; 16]].concat();
        assert_eq!(key_material::id(&[7; 32], &[1; 16]).as_slice(), key.generate_mac(&forged));
        assert_ne!(key.id(&[1; 16]).as_slice(), key.generate_mac(&forged));
    }

    #[test]
    fn debug_is_redacted() {
        let key = MacKey::from_bytes(MacAlgorithm::HmacSha256, &[0xe7; 32]).unwrap();
        assert_eq!(format!("{key:?}"), "MacKey { algorithm: HmacSha256, .. }");
        assert_shows_no_byte(&format!("{key:#?}"), key.as_bytes());
    }
}
