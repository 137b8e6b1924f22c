//! The store keys at hand: one seals, each opens what names it.
//!
//! While the store key is changed, there are things under the old one and under the new one. Who
//! puts which keys into the ring, and when, is not decided here.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use zeroize::Zeroizing;

use crate::error::CryptoError;
use crate::store_key::{Purpose, StoreKey, StoreKeyId, sealed_under};

/// Store keys, of which the first seals. Cheap to clone; the clones and the sealers share the keys.
#[derive(Clone)]
pub struct KeyRing {
    keys: Arc<RwLock<Keys>>,
}

#[derive(Clone)]
struct Keys {
    current: Arc<StoreKey>,
    others: Vec<Arc<StoreKey>>,
}

impl KeyRing {
    /// A ring of one key.
    pub fn new(current: StoreKey) -> Self {
        let keys = Keys { current: Arc::new(current), others: Vec::new() };
        Self { keys: Arc::new(RwLock::new(keys)) }
    }

    /// Puts these keys in place of those that are there.
    pub fn replace(&self, current: StoreKey, others: Vec<StoreKey>) {
        let others = others.into_iter().map(Arc::new).collect();
        let keys = Keys { current: Arc::new(current), others };
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// The name of the key that seals.
    pub fn current(&self) -> StoreKeyId {
        self.current_key().id()
    }

    /// The key that seals.
    pub fn current_key(&self) -> Arc<StoreKey> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner).current)
    }

    /// The key of this name, if it is at hand.
    pub fn find(&self, id: StoreKeyId) -> Option<Arc<StoreKey>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let mut all = std::iter::once(&keys.current).chain(&keys.others);
        all.find(|key| key.id() == id).cloned()
    }

    /// What seals and opens for `purpose` under the keys that are in the ring at that moment.
    pub fn sealer(&self, purpose: Purpose) -> RingSealer {
        RingSealer { ring: self.clone(), purpose }
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("current", &self.current()).finish_non_exhaustive()
    }
}

/// Seals and opens for one purpose under the keys of a ring. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RingSealer {
    ring: KeyRing,
    purpose: Purpose,
}

impl RingSealer {
    /// Seals under the current key, as [`Sealer::seal`](crate::store_key::Sealer::seal).
    pub fn seal(&self, associated: &[&[u8]], plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.ring.current_key().sealer(self.purpose).seal(associated, plaintext)
    }

    /// Opens with the key that `sealed` names, as [`Sealer::open`](crate::store_key::Sealer::open).
    pub fn open(
        &self,
        associated: &[&[u8]],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let id = sealed_under(sealed)?;
        let key = self.ring.find(id).ok_or_else(|| CryptoError::WrongStoreKey {
            sealed_under: id,
            current: self.ring.current(),
        })?;
        key.sealer(self.purpose).open(associated, sealed)
    }

    /// Whether `sealed` is under the key that seals now.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        sealed_under(sealed) == Ok(self.ring.current())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> StoreKey {
        StoreKey::from_bytes(&[byte; 32]).unwrap()
    }

    #[test]
    fn the_current_key_seals_and_every_key_opens() {
        let ring = KeyRing::new(key(1));
        let sealer = ring.sealer(Purpose::Record);
        let old = sealer.seal(&[b"a"], b"old").unwrap();
        assert!(sealer.is_current(&old));
        ring.replace(key(2), vec![key(1)]);
        let new = sealer.seal(&[b"a"], b"new").unwrap();
        assert_eq!(sealed_under(&new), Ok(key(2).id()));
        assert!(sealer.is_current(&new) && !sealer.is_current(&old));
        assert_eq!(sealer.open(&[b"a"], &old).unwrap().as_slice(), b"old");
        assert_eq!(sealer.open(&[b"a"], &new).unwrap().as_slice(), b"new");
        assert_eq!(sealer.open(&[b"b"], &old).unwrap_err(), CryptoError::Damaged);
    }

    #[test]
    fn a_key_that_is_gone_is_named() {
        let ring = KeyRing::new(key(1));
        let sealer = ring.sealer(Purpose::Marker);
        let sealed = sealer.seal(&[], b"").unwrap();
        ring.replace(key(2), vec![]);
        let expected =
            CryptoError::WrongStoreKey { sealed_under: key(1).id(), current: key(2).id() };
        assert_eq!(sealer.open(&[], &sealed).unwrap_err(), expected);
        assert!(ring.find(key(1).id()).is_none());
    }

    #[test]
    fn what_names_no_key_is_refused() {
        let sealer = KeyRing::new(key(1)).sealer(Purpose::Record);
        assert_eq!(sealer.open(&[], &[]).unwrap_err(), CryptoError::Damaged);
        assert_eq!(sealer.open(&[], &[9; 60]).unwrap_err(), CryptoError::UnknownFormat(9));
        assert!(!sealer.is_current(&[]));
    }
}
