//! What can go wrong in a key store.
//!
//! One small enum that knows nothing of AWS. No variant carries secret bytes; the id of a key
//! material is not secret.

use thiserror::Error;
use trent_crypto::{CryptoError, store_key::StoreKeyId};

/// Why a key store could not do what it was asked for.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum KeyStoreError {
    /// Sealed key material does not authenticate as the material that it is said to be.
    #[error("key material `{material_id}` is damaged")]
    Damaged {
        /// The id of the material, in hexadecimal.
        material_id: String,
    },

    /// A ciphertext cannot be decrypted. Another KMS key, unknown key material, a wrong encryption
    /// context and a damaged ciphertext are deliberately the same error.
    #[error("the ciphertext is invalid")]
    InvalidCiphertext,

    /// Given key material has the wrong length.
    #[error("the key material has {actual} bytes instead of {expected}")]
    KeyMaterialLength {
        /// The length that the material must have.
        expected: usize,
        /// The length that was given.
        actual: usize,
    },

    /// The cryptographic library refused an operation that cannot fail for valid arguments.
    #[error("the cryptographic library failed")]
    Library,

    /// The material that is to encrypt is not among the given ones.
    #[error("current key material `{material_id}` is missing")]
    MissingCurrent {
        /// The id of the material, in hexadecimal.
        material_id: String,
    },

    /// The random number generator failed.
    #[error("the random number generator failed")]
    Random,

    /// The plaintext is longer than a ciphertext can hold.
    #[error("the plaintext is too long")]
    TooLong,

    /// Sealed key material has a format that this version does not know, typically because a newer
    /// version wrote it.
    #[error("key material `{material_id}` is sealed in the unknown format {format}")]
    UnknownFormat {
        /// The id of the material, in hexadecimal.
        material_id: String,
        /// The format number.
        format: u8,
    },

    /// What was asked does not suit the key, or does not verify.
    #[error("{0}")]
    Refused(CryptoError),

    /// Key material is sealed under another store key than those at hand.
    #[error(
        "key material `{material_id}` is sealed under store key `{sealed_under}`, \
         but the store key at hand is `{current}`"
    )]
    WrongStoreKey {
        /// The id of the material, in hexadecimal.
        material_id: String,
        /// The store key that the material is sealed under.
        sealed_under: StoreKeyId,
        /// The store key that was to open it.
        current: StoreKeyId,
    },
}

impl KeyStoreError {
    /// An error of sealed key material, with the name of the material.
    pub(crate) fn of_material(id: &[u8; 32], error: CryptoError) -> Self {
        let material_id = hex::encode(id);
        match error {
            CryptoError::UnknownFormat(format) => Self::UnknownFormat { material_id, format },
            CryptoError::WrongStoreKey { sealed_under, current } => {
                Self::WrongStoreKey { material_id, sealed_under, current }
            }
            CryptoError::AlgorithmUnsuited
            | CryptoError::Damaged
            | CryptoError::DigestLength { .. }
            | CryptoError::InvalidCiphertext
            | CryptoError::InvalidMac
            | CryptoError::InvalidPublicKey
            | CryptoError::InvalidSignature
            | CryptoError::KeyLength { .. }
            | CryptoError::MessageTypeUnsuited
            | CryptoError::NotThisSpec
            | CryptoError::TooLong => Self::Damaged { material_id },
            CryptoError::Library => Self::Library,
            CryptoError::Random => Self::Random,
        }
    }

    pub(crate) fn missing_current(id: &[u8; 32]) -> Self {
        Self::MissingCurrent { material_id: hex::encode(id) }
    }
}

/// Errors of working with opened key material.
impl From<CryptoError> for KeyStoreError {
    fn from(error: CryptoError) -> Self {
        match error {
            CryptoError::InvalidCiphertext => Self::InvalidCiphertext,
            CryptoError::KeyLength { expected, actual } => {
                Self::KeyMaterialLength { expected, actual }
            }
            CryptoError::Random => Self::Random,
            CryptoError::TooLong => Self::TooLong,
            CryptoError::AlgorithmUnsuited
            | CryptoError::DigestLength { .. }
            | CryptoError::InvalidMac
            | CryptoError::InvalidPublicKey
            | CryptoError::InvalidSignature
            | CryptoError::MessageTypeUnsuited
            | CryptoError::NotThisSpec => Self::Refused(error),
            // Only opening raises the last three, and names the material then.
            CryptoError::Library
            | CryptoError::Damaged
            | CryptoError::UnknownFormat(_)
            | CryptoError::WrongStoreKey { .. } => Self::Library,
        }
    }
}
