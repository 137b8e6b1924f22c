//! Unwrapping of imported key material.
//!
//! Whoever imports key material encrypts it to the public half of a wrapping key, an RSA key pair
//! that is made for the purpose: either itself (RSAES-OAEP, RFC 8017 §7.1), or under an AES key
//! that is encrypted so (`CKM_RSA_AES_KEY_WRAP` of PKCS#11):
//!
//! ```text
//! RSAES-OAEP(AES-256 key) ‖ AES key wrap with padding (RFC 5649) of the key material
//! ```
//!
//! AWS: <https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-encrypt-key-material.html>
//!
//! What the key material is, is not looked at.

use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use zeroize::Zeroizing;

use crate::{
    error::CryptoError,
    key_pair::KeyPair,
    rsa::{self, EncryptionAlgorithm},
};

/// AWS: the longest `EncryptedKeyMaterial` that ImportKeyMaterial takes.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ImportKeyMaterial.html>
pub const WRAPPED_BYTES_MAX: usize = 6144;

/// How key material is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WrappingAlgorithm {
    /// RSAES-OAEP with SHA-1.
    RsaesOaepSha1,
    /// RSAES-OAEP with SHA-256.
    RsaesOaepSha256,
    /// AES key wrap under a key encrypted by RSAES-OAEP with SHA-1.
    RsaAesKeyWrapSha1,
    /// AES key wrap under a key encrypted by RSAES-OAEP with SHA-256.
    RsaAesKeyWrapSha256,
}

/// The key material that was wrapped for `wrapping_key`. Whatever is wrong with `wrapped`, the
/// error is [`CryptoError::InvalidCiphertext`].
pub fn unwrap(
    wrapping_key: &KeyPair,
    algorithm: WrappingAlgorithm,
    wrapped: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    if wrapped.len() > WRAPPED_BYTES_MAX {
        return Err(CryptoError::InvalidCiphertext);
    }
    match algorithm {
        WrappingAlgorithm::RsaesOaepSha1 => {
            wrapping_key.decrypt(EncryptionAlgorithm::RsaesOaepSha1, wrapped)
        }
        WrappingAlgorithm::RsaesOaepSha256 => {
            wrapping_key.decrypt(EncryptionAlgorithm::RsaesOaepSha256, wrapped)
        }
        WrappingAlgorithm::RsaAesKeyWrapSha1 => {
            unwrap_in_two_steps(wrapping_key, EncryptionAlgorithm::RsaesOaepSha1, wrapped)
        }
        WrappingAlgorithm::RsaAesKeyWrapSha256 => {
            unwrap_in_two_steps(wrapping_key, EncryptionAlgorithm::RsaesOaepSha256, wrapped)
        }
    }
}

/// INVARIANT (one error): both steps are answered alike, so that nobody learns which one failed.
fn unwrap_in_two_steps(
    wrapping_key: &KeyPair,
    algorithm: EncryptionAlgorithm,
    wrapped: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let modulus_bytes =
        rsa::ciphertext_bytes(wrapping_key.spec()).ok_or(CryptoError::AlgorithmUnsuited)?;
    let (aes_key, material) =
        wrapped.split_at_checked(modulus_bytes).ok_or(CryptoError::InvalidCiphertext)?;
    let aes_key = wrapping_key.decrypt(algorithm, aes_key)?;
    // Refuses any other length than that of an AES-256 key.
    let aes_key = AesKek::new(&AES_256, &aes_key).map_err(|_| CryptoError::InvalidCiphertext)?;
    let mut output = Zeroizing::new(vec![0; material.len()]);
    let len = aes_key
        .unwrap_with_padding(material, &mut output)
        .map_err(|_| CryptoError::InvalidCiphertext)?
        .len();
    output.truncate(len);
    Ok(output)
}
