//! What can go wrong in this crate.
//!
//! One small enum that knows nothing of AWS. No variant carries secret bytes.

use thiserror::Error;

use crate::root_key::RootKeyId;

/// Why a cryptographic operation failed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CryptoError {
    /// A sealed thing does not authenticate: it was altered, cut, moved to another place, or
    /// sealed for another purpose.
    #[error("the sealed data is damaged")]
    Damaged,

    /// A ciphertext blob cannot be decrypted. Wrong key, wrong encryption context and damaged
    /// blob are deliberately the same error.
    #[error("the ciphertext is invalid")]
    InvalidCiphertext,

    /// Given key bytes have the wrong length.
    #[error("the key has {actual} bytes instead of {expected}")]
    KeyLength {
        /// The length that the key must have.
        expected: usize,
        /// The length that was given.
        actual: usize,
    },

    /// The cryptographic library refused an operation that cannot fail for valid arguments.
    #[error("the cryptographic library failed")]
    Library,

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

    /// A sealed thing names another root key than the one at hand.
    #[error("sealed under root key `{sealed_under}`, but the current root key is `{current}`")]
    WrongRootKey {
        /// The root key that the sealed thing names.
        sealed_under: RootKeyId,
        /// The root key that was to open it.
        current: RootKeyId,
    },
}
