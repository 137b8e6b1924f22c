//! Key material in software: at rest sealed under a store key, at work in this process.
//!
//! 1. New or given key material is sealed, bound to its kind, its KMS key and its own id.
//! 2. The service stores what is sealed, and gives it back to be opened.
//! 3. Opened materials of one KMS key encrypt with the current one and decrypt with the one that
//!    the ciphertext names. There is no trial decryption.
//!
//! AWS KMS keeps its key material in the same way, as exported key tokens that only its hardware
//! opens (AWS KMS Cryptographic Details); here the store key stands in place of the domain keys.

use std::{collections::BTreeMap, fmt};

use trent_crypto::{
    ciphertext_blob::{self, Header},
    key_material::SymmetricKey,
    key_ring::{KeyRing, RingSealer},
    store_key::Purpose,
};
use zeroize::Zeroizing;

use crate::error::KeyStoreError;

/// The kind of sealed symmetric key material. Other kinds will have other names, so that no
/// material is ever opened as another kind.
pub(crate) const KIND_SYMMETRIC: &[u8] = b"symmetric";

/// Makes, seals and opens key material. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SoftwareKeyStore {
    sealer: RingSealer,
}

/// New key material, ready to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKeyMaterial {
    /// The identity of the material, not secret.
    pub id: [u8; 32],
    /// The sealed material.
    pub sealed: Vec<u8>,
    /// The public key of a key pair, SPKI DER (RFC 5280).
    pub public_key: Option<Vec<u8>>,
}

impl SoftwareKeyStore {
    /// The key store under the store keys of this ring.
    pub fn new(ring: &KeyRing) -> Self {
        Self { sealer: ring.sealer(Purpose::KeyMaterial) }
    }

    /// New random symmetric key material for the KMS key `key_id`.
    pub fn generate_symmetric(&self, key_id: &[u8; 16]) -> Result<NewKeyMaterial, KeyStoreError> {
        self.seal_symmetric(key_id, &SymmetricKey::generate()?)
    }

    /// Given symmetric key material, exactly 32 bytes, for the KMS key `key_id`.
    pub fn adopt_symmetric(
        &self,
        key_id: &[u8; 16],
        material: &[u8],
    ) -> Result<NewKeyMaterial, KeyStoreError> {
        self.seal_symmetric(key_id, &SymmetricKey::from_bytes(material)?)
    }

    /// Opens key materials of the KMS key `key_id`, each given as its id and what is sealed.
    /// `current` is the id of the one that encrypts. One that does not open fails the whole and is
    /// named by the error.
    pub fn open_symmetric(
        &self,
        key_id: &[u8; 16],
        current: &[u8; 32],
        materials: &[([u8; 32], &[u8])],
    ) -> Result<SymmetricMaterials, KeyStoreError> {
        let current = materials
            .iter()
            .position(|(id, _)| id == current)
            .ok_or_else(|| KeyStoreError::missing_current(current))?;
        let materials = materials
            .iter()
            .map(|&(id, sealed)| self.open_one_symmetric(key_id, id, sealed))
            .collect::<Result<_, _>>()?;
        Ok(SymmetricMaterials { key_id: *key_id, materials, current })
    }

    pub(crate) fn sealer(&self) -> &RingSealer {
        &self.sealer
    }

    fn seal_symmetric(
        &self,
        key_id: &[u8; 16],
        key: &SymmetricKey,
    ) -> Result<NewKeyMaterial, KeyStoreError> {
        let id = key.id(key_id);
        let sealed = self.sealer.seal(&[KIND_SYMMETRIC, key_id, &id], key.as_bytes())?;
        Ok(NewKeyMaterial { id, sealed, public_key: None })
    }

    fn open_one_symmetric(
        &self,
        key_id: &[u8; 16],
        id: [u8; 32],
        sealed: &[u8],
    ) -> Result<Material, KeyStoreError> {
        let key = self
            .sealer
            .open(&[KIND_SYMMETRIC, key_id, &id], sealed)
            .and_then(|bytes| SymmetricKey::from_bytes(&bytes))
            .map_err(|error| KeyStoreError::of_material(&id, error))?;
        Ok(Material { id, key })
    }
}

/// The opened key materials of one KMS key. Zeroized on drop, never printed.
pub struct SymmetricMaterials {
    key_id: [u8; 16],
    materials: Vec<Material>,
    /// The place of the current material among `materials`.
    current: usize,
}

struct Material {
    id: [u8; 32],
    key: SymmetricKey,
}

impl Material {
    /// What a ciphertext blob holds of the id.
    fn prefix(&self) -> [u8; 16] {
        std::array::from_fn(|i| self.id[i])
    }
}

impl SymmetricMaterials {
    /// Encrypts with the current key material.
    pub fn encrypt(
        &self,
        multi_region: bool,
        context: &BTreeMap<String, String>,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, KeyStoreError> {
        let material = &self.materials[self.current];
        let header = Header { multi_region, key_id: self.key_id, material: material.prefix() };
        Ok(ciphertext_blob::encrypt(&material.key, &header, context, plaintext)?)
    }

    /// Decrypts with the key material that the blob names, and tells the id of that material.
    pub fn decrypt(
        &self,
        blob: &[u8],
        context: &BTreeMap<String, String>,
    ) -> Result<(Zeroizing<Vec<u8>>, [u8; 32]), KeyStoreError> {
        let header = ciphertext_blob::header(blob)?;
        if header.key_id != self.key_id {
            return Err(KeyStoreError::InvalidCiphertext);
        }
        let material = self
            .materials
            .iter()
            .find(|material| material.prefix() == header.material)
            .ok_or(KeyStoreError::InvalidCiphertext)?;
        let plaintext = ciphertext_blob::decrypt(&material.key, blob, context)?;
        Ok((plaintext, material.id))
    }

    /// The id of the key material that encrypts.
    pub fn current(&self) -> &[u8; 32] {
        &self.materials[self.current].id
    }
}

impl fmt::Debug for SymmetricMaterials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SymmetricMaterials")
            .field("materials", &self.materials.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trent_crypto::store_key::StoreKey;

    const KEY_ID: [u8; 16] = [1; 16];
    const OTHER_KEY_ID: [u8; 16] = [2; 16];

    fn root() -> StoreKey {
        StoreKey::from_bytes(&[0xe7; 32]).unwrap()
    }

    fn store() -> SoftwareKeyStore {
        SoftwareKeyStore::new(&KeyRing::new(root()))
    }

    /// Opens `materials` of the first KMS key, the last of them current.
    fn open(materials: &[&NewKeyMaterial]) -> SymmetricMaterials {
        let current = materials.last().unwrap().id;
        let materials: Vec<_> =
            materials.iter().map(|new| (new.id, new.sealed.as_slice())).collect();
        store().open_symmetric(&KEY_ID, &current, &materials).unwrap()
    }

    fn no_context() -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    fn check_invalid(materials: &SymmetricMaterials, blob: &[u8]) {
        let error = materials.decrypt(blob, &no_context()).unwrap_err();
        assert_eq!(error, KeyStoreError::InvalidCiphertext);
    }

    #[test]
    fn every_material_decrypts_what_it_encrypted() {
        let new: Vec<_> = (0..4).map(|_| store().generate_symmetric(&KEY_ID).unwrap()).collect();
        let new: Vec<_> = new.iter().collect();
        let blobs: Vec<_> = (0..new.len())
            .map(|rotations| {
                let materials = open(&new[..=rotations]);
                assert_eq!(*materials.current(), new[rotations].id);
                materials
                    .encrypt(false, &no_context(), &[u8::try_from(rotations).unwrap()])
                    .unwrap()
            })
            .collect();
        let materials = open(&new);
        for (rotations, blob) in blobs.iter().enumerate() {
            let (plaintext, id) = materials.decrypt(blob, &no_context()).unwrap();
            assert_eq!(*plaintext, [u8::try_from(rotations).unwrap()]);
            assert_eq!(id, new[rotations].id);
        }
    }

    #[test]
    fn the_current_material_is_the_named_one() {
        let [one, other] = [(); 2].map(|()| store().generate_symmetric(&KEY_ID).unwrap());
        let given = [(one.id, one.sealed.as_slice()), (other.id, other.sealed.as_slice())];
        for id in [one.id, other.id] {
            let materials = store().open_symmetric(&KEY_ID, &id, &given).unwrap();
            let blob = materials.encrypt(false, &no_context(), b"x").unwrap();
            assert_eq!(materials.decrypt(&blob, &no_context()).unwrap().1, id);
        }
        for given in [&given[..1], &[]] {
            let error = store().open_symmetric(&KEY_ID, &other.id, given).unwrap_err();
            assert_eq!(error, KeyStoreError::MissingCurrent { material_id: hex::encode(other.id) });
        }
    }

    #[test]
    fn a_blob_carries_what_its_header_says() {
        let new = store().generate_symmetric(&KEY_ID).unwrap();
        for multi_region in [false, true] {
            let blob = open(&[&new]).encrypt(multi_region, &no_context(), b"x").unwrap();
            let header = ciphertext_blob::header(&blob).unwrap();
            assert_eq!((header.multi_region, header.key_id), (multi_region, KEY_ID));
            assert_eq!(header.material, new.id[..16]);
        }
    }

    #[test]
    fn unknown_material_wrong_context_and_garbage_are_one_error() {
        let [one, other] = [(); 2].map(|()| store().generate_symmetric(&KEY_ID).unwrap());
        let mut blob = open(&[&one]).encrypt(false, &no_context(), b"x").unwrap();
        check_invalid(&open(&[&other]), &blob);
        check_invalid(&open(&[&one]), &blob[..20]);
        check_invalid(&open(&[&one]), &[]);

        let context = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        let error = open(&[&one]).decrypt(&blob, &context).unwrap_err();
        assert_eq!(error, KeyStoreError::InvalidCiphertext);

        // Naming another material that is there does not help either.
        blob[18..34].copy_from_slice(&other.id[..16]);
        check_invalid(&open(&[&one, &other]), &blob);
    }

    #[test]
    fn kms_keys_with_equal_material_do_not_decrypt_each_other() {
        let one = store().adopt_symmetric(&KEY_ID, &[5; 32]).unwrap();
        let other = store().adopt_symmetric(&OTHER_KEY_ID, &[5; 32]).unwrap();
        assert_ne!(one.id, other.id);

        let given = [(other.id, other.sealed.as_slice())];
        let others = store().open_symmetric(&OTHER_KEY_ID, &other.id, &given).unwrap();
        let mut blob = others.encrypt(false, &no_context(), b"x").unwrap();
        check_invalid(&open(&[&one]), &blob);
        blob[2..18].copy_from_slice(&KEY_ID);
        blob[18..34].copy_from_slice(&one.id[..16]);
        check_invalid(&open(&[&one]), &blob);
    }

    #[test]
    fn equal_material_is_adopted_under_the_same_id() {
        let one = store().adopt_symmetric(&KEY_ID, &[5; 32]).unwrap();
        let again = store().adopt_symmetric(&KEY_ID, &[5; 32]).unwrap();
        assert_eq!(one.id, again.id);
        assert_ne!(one.sealed, again.sealed);
        let blob = open(&[&one]).encrypt(false, &no_context(), b"x").unwrap();
        assert_eq!(open(&[&again]).decrypt(&blob, &no_context()).unwrap().1, one.id);
    }

    #[test]
    fn only_32_bytes_are_adopted() {
        for len in [0, 16, 31, 33] {
            let error = store().adopt_symmetric(&KEY_ID, &vec![5; len]).unwrap_err();
            assert_eq!(error, KeyStoreError::KeyMaterialLength { expected: 32, actual: len });
        }
    }

    #[test]
    fn damaged_material_is_named() {
        let [good, bad] = [(); 2].map(|()| store().generate_symmetric(&KEY_ID).unwrap());
        let check = |key_id, id: [u8; 32], sealed: &[u8]| {
            let given = [(good.id, good.sealed.as_slice()), (id, sealed)];
            // The good material comes first, so under another KMS key it is the one named.
            let named = if key_id == KEY_ID { id } else { good.id };
            let error = store().open_symmetric(&key_id, &good.id, &given).unwrap_err();
            assert_eq!(error, KeyStoreError::Damaged { material_id: hex::encode(named) });
        };
        let mut flipped = bad.sealed.clone();
        *flipped.last_mut().unwrap() ^= 1;
        check(KEY_ID, bad.id, &flipped);
        check(KEY_ID, bad.id, &bad.sealed[..30]);
        check(KEY_ID, bad.id, &[]);
        // One material in the place of another, or under another KMS key.
        check(KEY_ID, bad.id, &good.sealed);
        check(OTHER_KEY_ID, bad.id, &bad.sealed);
        // Sealed for another purpose, as another kind, or not 32 bytes long.
        let associated: [&[u8]; 3] = [KIND_SYMMETRIC, &KEY_ID, &bad.id];
        let record = root().sealer(Purpose::Record).seal(&associated, &[5; 32]).unwrap();
        check(KEY_ID, bad.id, &record);
        let other_kind: [&[u8]; 3] = [b"hmac", &KEY_ID, &bad.id];
        check(KEY_ID, bad.id, &store().sealer.seal(&other_kind, &[5; 32]).unwrap());
        check(KEY_ID, bad.id, &store().sealer.seal(&associated, &[5; 31]).unwrap());
    }

    #[test]
    fn another_store_key_or_format_is_named() {
        let mut new = store().generate_symmetric(&KEY_ID).unwrap();
        let material_id = hex::encode(new.id);
        let other = StoreKey::from_bytes(&[1; 32]).unwrap();
        let opened = |store: &SoftwareKeyStore, new: &NewKeyMaterial| {
            store.open_symmetric(&KEY_ID, &new.id, &[(new.id, &new.sealed)])
        };
        assert_eq!(
            opened(&SoftwareKeyStore::new(&KeyRing::new(other.clone())), &new).unwrap_err(),
            KeyStoreError::WrongStoreKey {
                material_id: material_id.clone(),
                sealed_under: root().id(),
                current: other.id(),
            }
        );
        new.sealed[0] = 9;
        assert_eq!(
            opened(&store(), &new).unwrap_err(),
            KeyStoreError::UnknownFormat { material_id, format: 9 }
        );
    }

    #[test]
    fn too_long_a_plaintext_is_refused() {
        let new = store().generate_symmetric(&KEY_ID).unwrap();
        let error = open(&[&new]).encrypt(false, &no_context(), &[0; 6144]).unwrap_err();
        assert_eq!(error, KeyStoreError::TooLong);
    }

    #[test]
    fn debug_is_redacted() {
        let new = store().adopt_symmetric(&KEY_ID, &[0xe7; 32]).unwrap();
        let materials = open(&[&new]);
        assert_eq!(format!("{materials:?}"), "SymmetricMaterials { materials: 1, .. }");
        let shown = format!("{:?}", store());
        assert!(shown.contains(&root().id().to_string()), "{shown}");
        assert!(!shown.contains("e7e7") && !shown.contains("231, 231"), "{shown}");
    }
}
