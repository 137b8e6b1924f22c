//! A 256-bit key at rest in memory.
//!
//! On the heap, so that moving a key leaves no copy behind on the stack; zeroized on drop; never
//! printed. Deliberately without `PartialEq`: nothing here needs to compare keys.

use std::fmt;

use zeroize::Zeroizing;

use crate::{error::CryptoError, random};

/// Length of every symmetric key in this crate, in bytes.
pub(crate) const KEY_BYTES: usize = 32;

/// A 256-bit key.
#[derive(Clone)]
pub(crate) struct Secret(Box<Zeroizing<[u8; KEY_BYTES]>>);

impl Secret {
    /// A new random key.
    pub(crate) fn generate() -> Result<Self, CryptoError> {
        Self::fill_with(random::fill)
    }

    /// The key with these bytes, which must be exactly [`KEY_BYTES`].
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        if bytes.len() != KEY_BYTES {
            return Err(CryptoError::KeyLength { expected: KEY_BYTES, actual: bytes.len() });
        }
        Self::fill_with(|key| {
            key.copy_from_slice(bytes);
            Ok(())
        })
    }

    /// A key written in place by `fill`.
    pub(crate) fn fill_with(
        fill: impl FnOnce(&mut [u8]) -> Result<(), CryptoError>,
    ) -> Result<Self, CryptoError> {
        let mut key = Box::new(Zeroizing::new([0; KEY_BYTES]));
        fill(key.as_mut_slice())?;
        Ok(Self(key))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}
