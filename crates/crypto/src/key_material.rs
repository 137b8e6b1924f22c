//! Symmetric key material: the 256 bits behind one version of a KMS key with the key spec
//! SYMMETRIC_DEFAULT.
//!
//! What key material does is elsewhere ([`crate::ciphertext_blob`]); where it is kept is not this
//! crate's concern.

use aws_lc_rs::hmac;

use crate::{
    error::CryptoError,
    secret::{KEY_BYTES, Secret},
};

/// What the identity of key material is computed over, before the id of the KMS key.
///
/// INVARIANT (distinct uses): the same bytes key the KDF, whose HMAC input begins with a counter
/// and so with a zero byte. This label does not, so an identity never equals derived key bytes.
const ID_LABEL: &[u8] = b"trent key material id";

/// 256 bits of symmetric key material. Zeroized on drop, never printed.
#[derive(Clone, Debug)]
pub struct SymmetricKey(Secret);

impl SymmetricKey {
    /// New random key material.
    pub fn generate() -> Result<Self, CryptoError> {
        Secret::generate().map(Self)
    }

    /// The key material with these bytes, which must be exactly 32.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        Secret::from_bytes(bytes).map(Self)
    }

    /// The secret bytes.
    pub fn as_bytes(&self) -> &[u8; KEY_BYTES] {
        self.0.as_bytes()
    }

    /// The identity of this key material within the KMS key `key_id`: HMAC-SHA256, keyed with the
    /// material, over a fixed label and the key id. It is not secret, stable, equal for
    /// re-imported equal material, and different when two KMS keys hold equal material.
    pub fn id(&self, key_id: &[u8; 16]) -> [u8; 32] {
        id(self.as_bytes(), key_id)
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.0
    }
}

/// The identity of the key material `bytes` within the KMS key `key_id`, as it stands at
/// [`SymmetricKey::id`].
pub(crate) fn id(bytes: &[u8], key_id: &[u8; 16]) -> [u8; 32] {
    let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, bytes));
    mac.update(ID_LABEL);
    mac.update(key_id);
    let mut id = [0; 32];
    id.copy_from_slice(mac.sign().as_ref());
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_shows_no_byte;

    #[test]
    fn only_32_bytes_are_key_material() {
        for len in [0, 16, 31, 33, 64] {
            let error = SymmetricKey::from_bytes(&vec![1; len]).unwrap_err();
            assert_eq!(error, CryptoError::KeyLength { expected: 32, actual: len });
        }
        assert_eq!(SymmetricKey::from_bytes(&[1; 32]).unwrap().as_bytes(), &[1; 32]);
    }

    #[test]
    fn id_depends_on_material_and_kms_key_alone() {
        let key = SymmetricKey::generate().unwrap();
        let again = SymmetricKey::from_bytes(key.as_bytes()).unwrap();
        assert_eq!(key.id(&[1; 16]), again.id(&[1; 16]));
        assert_ne!(key.id(&[1; 16]), key.id(&[2; 16]));
        assert_ne!(key.id(&[1; 16]), SymmetricKey::generate().unwrap().id(&[1; 16]));
    }

    #[test]
    fn debug_is_redacted() {
        let key = SymmetricKey::from_bytes(&[0xe7; 32]).unwrap();
        assert_eq!(format!("{key:?}"), "SymmetricKey(..)");
        assert_shows_no_byte(&format!("{key:#?}"), key.as_bytes());
    }
}
