//! Key material of every kind: made, adopted and opened by its spec.
//!
//! A symmetric encryption key has several materials, all others have one.

use trent_crypto::CryptoError;
use trent_crypto::key_pair::{KeyPair, KeyPairSpec};
use trent_crypto::mac::{MacAlgorithm, MacKey};
use zeroize::Zeroizing;

use crate::error::KeyStoreError;
use crate::software::{KIND_SYMMETRIC, NewKeyMaterial, SoftwareKeyStore, SymmetricMaterials};

/// What kind of key material there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaterialSpec {
    /// A key pair.
    KeyPair(KeyPairSpec),
    /// A secret for MACs.
    Mac(MacAlgorithm),
    /// A secret for encryption.
    Symmetric,
}

/// The opened key materials of one KMS key.
#[derive(Debug)]
pub enum Materials {
    /// A key pair.
    KeyPair(Box<KeyPair>),
    /// A secret for MACs.
    Mac(Box<MacKey>),
    /// None: they are still to be imported.
    Missing,
    /// Secrets for encryption.
    Symmetric(SymmetricMaterials),
}

impl SoftwareKeyStore {
    /// New random key material. Slow for RSA: to be called off the async threads.
    pub fn generate(
        &self,
        spec: MaterialSpec,
        key_id: &[u8; 16],
    ) -> Result<NewKeyMaterial, KeyStoreError> {
        match spec {
            MaterialSpec::KeyPair(spec) => self.adopt_key_pair(key_id, &KeyPair::generate(spec)?),
            MaterialSpec::Mac(algorithm) => self.seal_mac(key_id, &MacKey::generate(algorithm)?),
            MaterialSpec::Symmetric => self.generate_symmetric(key_id),
        }
    }

    /// Given key material: PKCS#8 of a key pair, else the secret. It is checked to be of the spec.
    pub fn adopt(
        &self,
        spec: MaterialSpec,
        key_id: &[u8; 16],
        bytes: &[u8],
    ) -> Result<NewKeyMaterial, KeyStoreError> {
        match spec {
            MaterialSpec::KeyPair(spec) => {
                self.adopt_key_pair(key_id, &KeyPair::import_pkcs8(spec, bytes)?)
            }
            MaterialSpec::Mac(algorithm) => {
                self.seal_mac(key_id, &MacKey::from_bytes(algorithm, bytes)?)
            }
            MaterialSpec::Symmetric => self.adopt_symmetric(key_id, bytes),
        }
    }

    /// Opens key materials, each given as its id and what is sealed; `current` is the id of the
    /// one at work. Without that one, nothing can be used.
    pub fn open(
        &self,
        spec: MaterialSpec,
        key_id: &[u8; 16],
        current: &[u8; 32],
        materials: &[([u8; 32], &[u8])],
    ) -> Result<Materials, KeyStoreError> {
        let Some((id, sealed)) = materials.iter().find(|(id, _)| id == current) else {
            return Ok(Materials::Missing);
        };
        let open = |kind: &[u8]| self.sealer().open(&[kind, key_id, id], sealed);
        let of_material = |error: CryptoError| KeyStoreError::of_material(id, error);
        Ok(match spec {
            MaterialSpec::KeyPair(spec) => {
                let pkcs8 = open(KIND_KEY_PAIR).map_err(of_material)?;
                let pair = KeyPair::from_pkcs8(spec, &pkcs8).map_err(of_material)?;
                Materials::KeyPair(Box::new(pair))
            }
            MaterialSpec::Mac(algorithm) => {
                let bytes = open(KIND_MAC).map_err(of_material)?;
                let key = MacKey::from_bytes(algorithm, &bytes).map_err(of_material)?;
                Materials::Mac(Box::new(key))
            }
            MaterialSpec::Symmetric => {
                Materials::Symmetric(self.open_symmetric(key_id, current, materials)?)
            }
        })
    }

    /// The sealed key material `id` under the store key that seals now; none if it is already.
    pub fn reseal(
        &self,
        spec: MaterialSpec,
        key_id: &[u8; 16],
        id: &[u8; 32],
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, KeyStoreError> {
        if self.sealer().is_current(sealed) {
            return Ok(None);
        }
        let kind = match spec {
            MaterialSpec::KeyPair(_) => KIND_KEY_PAIR,
            MaterialSpec::Mac(_) => KIND_MAC,
            MaterialSpec::Symmetric => KIND_SYMMETRIC,
        };
        let associated: [&[u8]; 3] = [kind, key_id, id];
        let opened = self.sealer().open(&associated, sealed);
        let resealed = opened.and_then(|bytes| self.sealer().seal(&associated, &bytes));
        resealed.map(Some).map_err(|error| KeyStoreError::of_material(id, error))
    }

    /// A given key pair. It has been checked when it was read.
    pub fn adopt_key_pair(
        &self,
        key_id: &[u8; 16],
        pair: &KeyPair,
    ) -> Result<NewKeyMaterial, KeyStoreError> {
        let id = pair.id(key_id)?;
        let pkcs8: Zeroizing<Vec<u8>> = pair.to_pkcs8()?;
        let sealed = self.sealer().seal(&[KIND_KEY_PAIR, key_id, &id], &pkcs8)?;
        Ok(NewKeyMaterial { id, sealed, public_key: Some(pair.public_key().to_vec()) })
    }

    fn seal_mac(&self, key_id: &[u8; 16], key: &MacKey) -> Result<NewKeyMaterial, KeyStoreError> {
        let id = key.id(key_id);
        let sealed = self.sealer().seal(&[KIND_MAC, key_id, &id], key.as_bytes())?;
        Ok(NewKeyMaterial { id, sealed, public_key: None })
    }
}

/// The kinds of sealed key material beside the symmetric one; none is ever opened as another.
const KIND_KEY_PAIR: &[u8] = b"key pair";
const KIND_MAC: &[u8] = b"mac";

#[cfg(test)]
mod tests {
    use super::*;
    use trent_crypto::key_ring::KeyRing;
    use trent_crypto::store_key::StoreKey;

    const KEY_ID: [u8; 16] = [1; 16];
    const SPECS: [MaterialSpec; 4] = [
        MaterialSpec::Symmetric,
        MaterialSpec::Mac(MacAlgorithm::HmacSha256),
        MaterialSpec::KeyPair(KeyPairSpec::EccNistP256),
        MaterialSpec::KeyPair(KeyPairSpec::EccNistEdwards25519),
    ];

    fn store() -> SoftwareKeyStore {
        SoftwareKeyStore::new(&ring())
    }

    fn ring() -> KeyRing {
        KeyRing::new(store_key(0xe7))
    }

    fn store_key(byte: u8) -> StoreKey {
        StoreKey::from_bytes(&[byte; 32]).unwrap()
    }

    #[test]
    fn resealed_material_opens_without_the_old_store_key() {
        for spec in SPECS {
            let ring = ring();
            let store = SoftwareKeyStore::new(&ring);
            let new = store.generate(spec, &KEY_ID).unwrap();
            assert_eq!(store.reseal(spec, &KEY_ID, &new.id, &new.sealed).unwrap(), None);
            ring.replace(store_key(2), vec![store_key(0xe7)]);
            let resealed = store.reseal(spec, &KEY_ID, &new.id, &new.sealed).unwrap().unwrap();
            ring.replace(store_key(2), vec![]);
            let open = |sealed| store.open(spec, &KEY_ID, &new.id, &[(new.id, sealed)]);
            assert!(open(&new.sealed).is_err());
            assert!(open(&resealed).is_ok());
            assert_eq!(store.reseal(spec, &KEY_ID, &new.id, &resealed).unwrap(), None);
            assert!(store.reseal(spec, &KEY_ID, &new.id, &new.sealed).is_err());
        }
    }

    #[test]
    fn what_was_made_opens_as_its_own_kind_and_no_other() {
        for made_as in SPECS {
            let new = store().generate(made_as, &KEY_ID).unwrap();
            for opened_as in SPECS {
                let opened = store().open(opened_as, &KEY_ID, &new.id, &[(new.id, &new.sealed)]);
                assert_eq!(opened.is_ok(), made_as == opened_as, "{made_as:?} {opened_as:?}");
            }
        }
    }

    #[test]
    fn a_key_of_which_the_current_material_is_missing_opens_as_missing() {
        for spec in SPECS {
            let opened = store().open(spec, &KEY_ID, &[0; 32], &[]).unwrap();
            assert!(matches!(opened, Materials::Missing));
        }
    }

    #[test]
    fn adopted_material_has_the_same_identity_each_time() {
        let secret = [7; 32];
        for spec in [SPECS[0], SPECS[1]] {
            let first = store().adopt(spec, &KEY_ID, &secret).unwrap();
            let second = store().adopt(spec, &KEY_ID, &secret).unwrap();
            assert_eq!(first.id, second.id);
            assert!(store().adopt(spec, &KEY_ID, &secret[..31]).is_err());
        }
        assert!(store().adopt(SPECS[2], &KEY_ID, &secret).is_err());
    }
}
