//! A root key in memory: 32 bytes, or a passphrase that gives them. It seals store keys and nothing
//! else.
//!
//! A sealed store key has the format of everything else that is sealed (`store_key.rs`) and names
//! the root key. A passphrase becomes 32 bytes by Argon2id version 1.3 (RFC 9106).

use std::fmt;
use std::ops::RangeInclusive;

use argon2::{Algorithm, Argon2, Params, Version};

use crate::error::CryptoError;
use crate::kdf;
use crate::random;
use crate::secret::{KEY_BYTES, Secret};
use crate::store_key::{ID_BYTES, ID_LABEL, Sealer, StoreKey, StoreKeyId};

/// The name of a root key. Not secret. That of a software root key is derived from it.
pub type RootKeyId = StoreKeyId;

/// A root key in memory. Zeroized on drop, never printed.
pub struct RootKey {
    sealer: Sealer,
}

impl RootKey {
    /// The root key with these bytes, which must be exactly 32.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        Self::new(&Secret::from_bytes(bytes)?)
    }

    /// The root key that a passphrase gives. Takes time and memory on purpose.
    pub fn from_passphrase(passphrase: &[u8], cost: &PassphraseCost) -> Result<Self, CryptoError> {
        let refused = |_| CryptoError::Library;
        let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(KEY_BYTES));
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.map_err(refused)?);
        let secret = Secret::fill_with(|key| {
            argon2.hash_password_into(passphrase, &cost.salt, key).map_err(refused)
        })?;
        Self::new(&secret)
    }

    fn new(secret: &Secret) -> Result<Self, CryptoError> {
        let mut id = [0; ID_BYTES];
        kdf::derive(secret.as_bytes(), ID_LABEL, &[], &mut id)?;
        Ok(Self { sealer: Sealer::derive(secret, StoreKeyId(id), SEAL_LABEL)? })
    }

    /// The name of this root key.
    pub fn id(&self) -> RootKeyId {
        self.sealer.under()
    }

    /// Seals a store key, bound to the parts of `associated`.
    pub fn seal(&self, associated: &[&[u8]], key: &StoreKey) -> Result<Vec<u8>, CryptoError> {
        self.sealer.seal(associated, key.to_bytes().as_slice())
    }

    /// Opens what [`RootKey::seal`] sealed with the same `associated` parts.
    pub fn open(&self, associated: &[&[u8]], sealed: &[u8]) -> Result<StoreKey, CryptoError> {
        StoreKey::from_bytes(&self.sealer.open(associated, sealed)?)
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootKey({})", self.id())
    }
}

/// With which salt, and at what cost, a passphrase becomes a key. Not secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassphraseCost {
    /// Random.
    pub salt: [u8; SALT_BYTES],
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes that can be computed in parallel.
    pub lanes: u32,
}

impl PassphraseCost {
    /// A new salt, and the cost that RFC 9106 §4 recommends where 2 GiB are too much: 64 MiB,
    /// 3 passes, 4 lanes.
    pub fn recommended() -> Result<Self, CryptoError> {
        let mut salt = [0; SALT_BYTES];
        random::fill(&mut salt)?;
        Ok(Self { salt, memory_kib: *MEMORY_KIB.start(), passes: *PASSES.start(), lanes: 4 })
    }

    /// Whether it is neither too cheap nor more than a computer should be asked for.
    pub fn is_sound(&self) -> bool {
        MEMORY_KIB.contains(&self.memory_kib)
            && PASSES.contains(&self.passes)
            && LANES.contains(&self.lanes)
    }
}

/// Length of a salt, as RFC 9106 §4 recommends.
pub const SALT_BYTES: usize = 16;

/// From what is recommended here to the 2 GiB of RFC 9106's first recommendation.
const MEMORY_KIB: RangeInclusive<u32> = 64 * 1024..=2 * 1024 * 1024;
const PASSES: RangeInclusive<u32> = 3..=16;
const LANES: RangeInclusive<u32> = 1..=16;

const SEAL_LABEL: &str = "trent seal store key";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store_key::Purpose;
    use crate::testing::{assert_shows_no_byte, hex};

    fn root(byte: u8) -> RootKey {
        RootKey::from_bytes(&[byte; 32]).unwrap()
    }

    fn store_key() -> StoreKey {
        StoreKey::from_bytes(&[0xe7; 32]).unwrap()
    }

    #[test]
    fn a_sealed_store_key_opens_under_its_root_key_alone() {
        let sealed = root(1).seal(&[b"a"], &store_key()).unwrap();
        assert_eq!(root(1).open(&[b"a"], &sealed).unwrap().id(), store_key().id());
        assert_eq!(root(1).open(&[b"b"], &sealed).unwrap_err(), CryptoError::Damaged);
        let expected =
            CryptoError::WrongStoreKey { sealed_under: root(1).id(), current: root(2).id() };
        assert_eq!(root(2).open(&[b"a"], &sealed).unwrap_err(), expected);
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(root(1).open(&[b"a"], &flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn the_same_bytes_seal_differently_as_store_key_and_as_root_key() {
        let root = RootKey::from_bytes(&[0xe7; 32]).unwrap();
        // A store that has no other key is sealed under the bytes of its root key.
        assert_eq!(root.id(), store_key().id());
        let sealed = store_key().sealer(Purpose::Record).seal(&[], &[1; 32]).unwrap();
        assert_eq!(root.open(&[], &sealed).unwrap_err(), CryptoError::Damaged);
    }

    /// Known answer of the reference implementation: `printf password | argon2 saltsaltsaltsalt
    /// -id -v 13 -t 3 -k 65536 -p 4 -l 32 -r`, and of the Python package `cryptography`.
    #[test]
    fn a_passphrase_becomes_a_key_by_argon2id() {
        let cost =
            PassphraseCost { salt: *b"saltsaltsaltsalt", memory_kib: 65536, passes: 3, lanes: 4 };
        let key = hex(ARGON2ID_ANSWER);
        let root = RootKey::from_passphrase(b"password", &cost).unwrap();
        assert_eq!(root.id(), RootKey::from_bytes(&key).unwrap().id());
        let other = RootKey::from_passphrase(b"Password", &cost).unwrap();
        assert_ne!(root.id(), other.id());
    }

    #[test]
    fn the_recommended_cost_is_sound_and_its_salt_new() {
        let cost = PassphraseCost::recommended().unwrap();
        assert!(cost.is_sound());
        assert_ne!(cost.salt, PassphraseCost::recommended().unwrap().salt);
        assert!(!PassphraseCost { memory_kib: 65535, ..cost.clone() }.is_sound());
        assert!(!PassphraseCost { memory_kib: u32::MAX, ..cost.clone() }.is_sound());
        assert!(!PassphraseCost { passes: 2, ..cost.clone() }.is_sound());
        assert!(!PassphraseCost { lanes: 0, ..cost }.is_sound());
    }

    #[test]
    fn debug_is_redacted() {
        let shown = format!("{:?}", root(1));
        assert_eq!(shown, format!("RootKey({})", root(1).id()));
        assert_shows_no_byte(&shown, &[1; 32]);
    }

    const ARGON2ID_ANSWER: &str =
        "ac15942c3e63386a50cb7dab2ef19c9af40c56a2153409ab0ad7a45af500f1bc";
}
