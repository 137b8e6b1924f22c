//! A store key and sealing: everything that is stored is sealed under keys derived from it.
//!
//! ```text
//! 0x01 ‖ store key id (8) ‖ N (16) ‖ ciphertext ‖ tag (16)
//! ```
//!
//! 1. From the store key, the KDF of NIST SP 800-108r1 derives its id and one key per [`Purpose`],
//!    each with a label of its own; the store key itself encrypts nothing.
//! 2. From a purpose's key and the random N, it derives AES-256-GCM key and IV of one sealed
//!    thing, as for a ciphertext blob (NIST SP 800-38D).
//! 3. Authenticated besides the ciphertext: everything before it, then what the caller associates
//!    (such as table, primary key, version), each part with its length before it as 32 bits,
//!    big-endian. What is moved to another place therefore does not open.
//!
//! A sealed thing names the store key that it is under, so that the store key can be changed while
//! the old one still reads (`key_ring.rs`). At rest a store key is itself sealed, under root keys
//! (`root_key.rs`); where they are kept is not this crate's concern.

use std::fmt;

use zeroize::Zeroizing;

use crate::{
    error::CryptoError,
    kdf,
    message_key::{MessageKey, N, N_BYTES, TAG_BYTES, new_n, push_length_prefixed},
    secret::{KEY_BYTES, Secret},
};

const FORMAT: u8 = 1;
pub(crate) const ID_BYTES: usize = 8;
/// Everything before the ciphertext.
const PREFIX_BYTES: usize = 1 + ID_BYTES + N_BYTES;
/// The name that these keys had at first; it stays, as the ids do.
pub(crate) const ID_LABEL: &str = "trent root key id";
const MESSAGE_LABEL: &str = "trent sealed 1";

/// The name of a store key, derived from it. Not secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreKeyId(pub(crate) [u8; ID_BYTES]);

impl StoreKeyId {
    /// The id of these bytes.
    pub fn from_bytes(bytes: [u8; ID_BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes as they stand in sealed things.
    pub fn as_bytes(&self) -> &[u8; ID_BYTES] {
        &self.0
    }
}

impl fmt::Display for StoreKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for StoreKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreKeyId({self})")
    }
}

/// What a derived key seals. Things sealed for one purpose do not open for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Records of the store.
    Record,
    /// Key material within a record.
    KeyMaterial,
    /// Markers of paginated listings.
    Marker,
    /// Backups of the store.
    Backup,
}

impl Purpose {
    fn label(self) -> &'static str {
        match self {
            Self::Record => "trent seal record",
            Self::KeyMaterial => "trent seal key material",
            Self::Marker => "trent seal marker",
            Self::Backup => "trent seal backup",
        }
    }
}

/// The key over everything that is stored. Zeroized on drop, never printed.
#[derive(Clone, Debug)]
pub struct StoreKey {
    id: StoreKeyId,
    secret: Secret,
    /// Derived at once, so that nothing can fail later.
    record: Sealer,
    key_material: Sealer,
    marker: Sealer,
    backup: Sealer,
}

impl StoreKey {
    /// A new random store key.
    pub fn generate() -> Result<Self, CryptoError> {
        Self::new(Secret::generate()?)
    }

    /// The store key with these bytes, which must be exactly 32.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        Self::new(Secret::from_bytes(bytes)?)
    }

    fn new(secret: Secret) -> Result<Self, CryptoError> {
        let mut id = [0; ID_BYTES];
        kdf::derive(secret.as_bytes(), ID_LABEL, &[], &mut id)?;
        let id = StoreKeyId(id);
        let sealer = |purpose: Purpose| Sealer::derive(&secret, id, purpose.label());
        Ok(Self {
            record: sealer(Purpose::Record)?,
            key_material: sealer(Purpose::KeyMaterial)?,
            marker: sealer(Purpose::Marker)?,
            backup: sealer(Purpose::Backup)?,
            id,
            secret,
        })
    }

    /// The secret bytes, for whoever seals the store key.
    pub fn to_bytes(&self) -> Zeroizing<[u8; KEY_BYTES]> {
        Zeroizing::new(*self.secret.as_bytes())
    }

    /// The name of this store key.
    pub fn id(&self) -> StoreKeyId {
        self.id
    }

    /// What seals and opens for `purpose`.
    pub fn sealer(&self, purpose: Purpose) -> &Sealer {
        match purpose {
            Purpose::Record => &self.record,
            Purpose::KeyMaterial => &self.key_material,
            Purpose::Marker => &self.marker,
            Purpose::Backup => &self.backup,
        }
    }
}

/// Seals and opens for one purpose under one store key. Zeroized on drop, never printed.
#[derive(Clone, Debug)]
pub struct Sealer {
    /// What sealed things name.
    under: StoreKeyId,
    key: Secret,
}

impl Sealer {
    /// What seals under a key that `label` derives from `secret`, named by `under`.
    pub(crate) fn derive(
        secret: &Secret,
        under: StoreKeyId,
        label: &str,
    ) -> Result<Self, CryptoError> {
        let key = Secret::fill_with(|key| kdf::derive(secret.as_bytes(), label, &[], key))?;
        Ok(Self { under, key })
    }

    /// The name of the key that it seals under.
    pub fn under(&self) -> StoreKeyId {
        self.under
    }

    /// Seals `plaintext`, bound to the parts of `associated`, in their order.
    pub fn seal(&self, associated: &[&[u8]], plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let n = new_n()?;
        let mut sealed = Vec::with_capacity(PREFIX_BYTES + plaintext.len() + TAG_BYTES);
        sealed.push(FORMAT);
        sealed.extend_from_slice(self.under.as_bytes());
        sealed.extend_from_slice(&n);
        let associated = authenticated(&sealed, associated)?;
        MessageKey::derive(&self.key, MESSAGE_LABEL, &n)?.seal_onto(
            &mut sealed,
            &associated,
            plaintext,
        )?;
        Ok(sealed)
    }

    /// Opens what [`Sealer::seal`] sealed with the same `associated` parts.
    pub fn open(
        &self,
        associated: &[&[u8]],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let (sealed_under, n) = names(sealed)?;
        if sealed_under != self.under {
            return Err(CryptoError::WrongStoreKey { sealed_under, current: self.under });
        }
        let (prefix, ciphertext_and_tag) =
            sealed.split_at_checked(PREFIX_BYTES).ok_or(CryptoError::Damaged)?;
        let associated = authenticated(prefix, associated).map_err(|_| CryptoError::Damaged)?;
        MessageKey::derive(&self.key, MESSAGE_LABEL, &n)?
            .open(&associated, ciphertext_and_tag)
            .ok_or(CryptoError::Damaged)
    }
}

/// The name of the key that `sealed` is under. Nothing is authenticated yet.
pub fn sealed_under(sealed: &[u8]) -> Result<StoreKeyId, CryptoError> {
    names(sealed).map(|(id, _)| id)
}

/// The store key id and N, the first two things after the format.
fn names(sealed: &[u8]) -> Result<(StoreKeyId, N), CryptoError> {
    let (&format, rest) = sealed.split_first().ok_or(CryptoError::Damaged)?;
    if format != FORMAT {
        return Err(CryptoError::UnknownFormat(format));
    }
    let (&id, rest) = rest.split_first_chunk().ok_or(CryptoError::Damaged)?;
    let (&n, _) = rest.split_first_chunk().ok_or(CryptoError::Damaged)?;
    Ok((StoreKeyId(id), n))
}

/// What is authenticated besides the ciphertext.
///
/// INVARIANT (one reading): the prefix has a fixed length and every part its length before it, so
/// different prefixes or parts never give equal bytes.
fn authenticated(prefix: &[u8], parts: &[&[u8]]) -> Result<Vec<u8>, CryptoError> {
    let parts_bytes: usize = parts.iter().map(|part| 4 + part.len()).sum();
    let mut authenticated = Vec::with_capacity(prefix.len() + parts_bytes);
    authenticated.extend_from_slice(prefix);
    for part in parts {
        push_length_prefixed(&mut authenticated, part)?;
    }
    Ok(authenticated)
}

#[cfg(test)]
mod tests {
    use proptest::{collection, prelude::*};

    use super::*;
    use crate::testing::assert_shows_no_byte;

    const PURPOSES: [Purpose; 4] =
        [Purpose::Record, Purpose::KeyMaterial, Purpose::Marker, Purpose::Backup];

    fn root() -> StoreKey {
        StoreKey::from_bytes(&[0xe7; 32]).unwrap()
    }

    fn sealer() -> Sealer {
        root().sealer(Purpose::Record).clone()
    }

    #[test]
    fn only_32_bytes_are_a_store_key() {
        for len in [0, 31, 33] {
            let error = StoreKey::from_bytes(&vec![1; len]).unwrap_err();
            assert_eq!(error, CryptoError::KeyLength { expected: 32, actual: len });
        }
        let generated = StoreKey::generate().unwrap();
        let again = StoreKey::from_bytes(generated.to_bytes().as_slice()).unwrap();
        assert_eq!(generated.id(), again.id());
        assert_ne!(generated.id(), StoreKey::generate().unwrap().id());
    }

    #[test]
    fn the_layout_is_format_1() {
        let sealed = sealer().seal(&[], b"abc").unwrap();
        assert_eq!(sealed.len(), PREFIX_BYTES + 3 + TAG_BYTES);
        assert_eq!(sealed[0], 1);
        assert_eq!(sealed[1..9], *root().id().as_bytes());
        assert_ne!(sealed, sealer().seal(&[], b"abc").unwrap());
    }

    #[test]
    fn an_id_is_shown_in_hexadecimal() {
        let id = StoreKeyId([0, 1, 0xab, 3, 4, 5, 6, 0xff]);
        assert_eq!(id.to_string(), "0001ab03040506ff");
        assert_eq!(format!("{id:?}"), "StoreKeyId(0001ab03040506ff)");
    }

    #[test]
    fn purposes_do_not_open_each_other() {
        for one in PURPOSES {
            let sealed = root().sealer(one).seal(&[b"a"], b"secret").unwrap();
            for other in PURPOSES {
                let opened = root().sealer(other).open(&[b"a"], &sealed);
                if one == other {
                    assert_eq!(opened.unwrap().as_slice(), b"secret");
                } else {
                    assert_eq!(opened.unwrap_err(), CryptoError::Damaged);
                }
            }
        }
    }

    #[test]
    fn another_store_key_is_named() {
        let other = StoreKey::from_bytes(&[1; 32]).unwrap();
        let sealed = other.sealer(Purpose::Record).seal(&[], b"secret").unwrap();
        let expected =
            CryptoError::WrongStoreKey { sealed_under: other.id(), current: root().id() };
        assert_eq!(sealer().open(&[], &sealed).unwrap_err(), expected);
        assert!(expected.to_string().contains(&other.id().to_string()));
    }

    #[test]
    fn associated_data_binds_exactly() {
        let sealed = sealer().seal(&[b"ab", b"c"], b"secret").unwrap();
        let others: [&[&[u8]]; 8] = [
            &[],
            &[b"ab"],
            &[b"abc"],
            &[b"a", b"bc"],
            &[b"c", b"ab"],
            &[b"ab", b"c", b""],
            &[b"", b"ab", b"c"],
            &[b"ab\0\0\0\x01c"],
        ];
        for other in others {
            assert_eq!(sealer().open(other, &sealed).unwrap_err(), CryptoError::Damaged);
        }
        assert_eq!(sealer().open(&[b"ab", b"c"], &sealed).unwrap().as_slice(), b"secret");
    }

    #[test]
    fn debug_is_redacted() {
        let sealer = sealer();
        assert_eq!(
            format!("{sealer:?}"),
            format!("Sealer {{ under: {:?}, key: .. }}", root().id())
        );
        let shown = format!("{:?} {:#?} {sealer:#?}", root(), root());
        let root = root();
        assert_shows_no_byte(&shown, root.to_bytes().as_slice());
        for key in
            [&root.record, &root.key_material, &root.marker, &root.backup].map(|one| &one.key)
        {
            assert_shows_no_byte(&shown, key.as_bytes());
        }
    }

    proptest! {
        #[test]
        fn what_is_sealed_is_opened(
            plaintext in collection::vec(any::<u8>(), 0..4096),
            associated in collection::vec(collection::vec(any::<u8>(), 0..40), 0..5),
        ) {
            let associated: Vec<&[u8]> = associated.iter().map(Vec::as_slice).collect();
            let sealed = sealer().seal(&associated, &plaintext).unwrap();
            prop_assert_eq!(&*sealer().open(&associated, &sealed).unwrap(), &plaintext);
        }

        #[test]
        fn other_associated_data_is_refused(
            one in collection::vec(collection::vec(any::<u8>(), 0..4), 0..4),
            other in collection::vec(collection::vec(any::<u8>(), 0..4), 0..4),
        ) {
            prop_assume!(one != other);
            let one: Vec<&[u8]> = one.iter().map(Vec::as_slice).collect();
            let other: Vec<&[u8]> = other.iter().map(Vec::as_slice).collect();
            let sealed = sealer().seal(&one, b"secret").unwrap();
            prop_assert_eq!(sealer().open(&other, &sealed).unwrap_err(), CryptoError::Damaged);
        }

        #[test]
        fn any_flipped_bit_is_refused(plaintext in collection::vec(any::<u8>(), 0..40)) {
            let sealed = sealer().seal(&[b"a"], &plaintext).unwrap();
            for bit in 0..sealed.len() * 8 {
                let mut flipped = sealed.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                let error = sealer().open(&[b"a"], &flipped).unwrap_err();
                let as_expected = match bit / 8 {
                    0 => error == CryptoError::UnknownFormat(flipped[0]),
                    1..=ID_BYTES => matches!(error, CryptoError::WrongStoreKey { .. }),
                    _ => error == CryptoError::Damaged,
                };
                prop_assert!(as_expected, "bit {bit}: {error:?}");
            }
        }

        #[test]
        fn any_other_length_is_refused(extension in collection::vec(any::<u8>(), 1..20)) {
            let mut sealed = sealer().seal(&[], b"secret").unwrap();
            for len in 0..sealed.len() {
                let error = sealer().open(&[], &sealed[..len]).unwrap_err();
                prop_assert_eq!(error, CryptoError::Damaged);
            }
            sealed.extend(extension);
            prop_assert_eq!(sealer().open(&[], &sealed).unwrap_err(), CryptoError::Damaged);
        }

        #[test]
        fn random_bytes_are_refused(rest in collection::vec(any::<u8>(), 0..100)) {
            prop_assert!(sealer().open(&[], &rest).is_err());
            let named = [&[FORMAT], root().id().as_bytes().as_slice(), &rest].concat();
            prop_assert_eq!(sealer().open(&[], &named).unwrap_err(), CryptoError::Damaged);
        }
    }
}
