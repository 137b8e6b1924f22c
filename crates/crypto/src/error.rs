//! What can go wrong in this crate.
//!
//! One small enum that knows nothing of AWS. No variant carries secret bytes.

use thiserror::Error;

use crate::store_key::StoreKeyId;

/// Why a cryptographic operation failed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CryptoError {
    /// The algorithm is none of this key's spec.
    #[error("the algorithm does not suit the key")]
    AlgorithmUnsuited,

    /// A sealed thing does not authenticate: it was altered, cut, moved to another place, or
    /// sealed for another purpose.
    #[error("the sealed data is damaged")]
    Damaged,

    /// A digest, or a message representative of ML-DSA, has the wrong length for the algorithm.
    #[error("the digest has {actual} bytes instead of {expected}")]
    DigestLength {
        /// The length that the algorithm takes.
        expected: usize,
        /// The length that was given.
        actual: usize,
    },

    /// A ciphertext cannot be decrypted. Wrong key, wrong encryption context and damaged
    /// ciphertext are deliberately the same error.
    #[error("the ciphertext is invalid")]
    InvalidCiphertext,

    /// A MAC is not that of the message.
    #[error("the MAC is invalid")]
    InvalidMac,

    /// The bytes are no `SubjectPublicKeyInfo`, not one of this key spec, or no valid key.
    #[error("the public key is invalid")]
    InvalidPublicKey,

    /// A signature is not one over the message.
    #[error("the signature is invalid")]
    InvalidSignature,

    /// Given key bytes have the wrong length.
    #[error("the key has {actual} bytes instead of {expected}")]
    KeyLength {
        /// The length that the key must have, or for HMAC the least one.
        expected: usize,
        /// The length that was given.
        actual: usize,
    },

    /// The cryptographic library refused an operation that cannot fail for valid arguments.
    #[error("the cryptographic library failed")]
    Library,

    /// The algorithm takes no message of this type.
    #[error("the type of the message does not suit the algorithm")]
    MessageTypeUnsuited,

    /// The bytes are no PKCS#8 document, hold a key of another spec, or one whose parts disagree.
    #[error("not a private key of this spec")]
    NotThisSpec,

    /// The random number generator failed.
    #[error("the random number generator failed")]
    Random,

    /// The input is longer than the format can hold.
    #[error("the input is too long")]
    TooLong,

    /// A sealed thing begins with a format number that this version does not know, typically
    /// because a newer version wrote it.
    #[error("unknown format {0} of sealed data")]
    UnknownFormat(u8),

    /// A sealed thing names another key than those at hand.
    #[error("sealed under key `{sealed_under}`, but the key at hand is `{current}`")]
    WrongStoreKey {
        /// The key that the sealed thing names.
        sealed_under: StoreKeyId,
        /// The key that was to open it, or the newest of them.
        current: StoreKeyId,
    },
}
