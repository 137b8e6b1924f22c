//! The ciphertext blob of symmetric encryption, format 1.
//!
//! ```text
//! 0x01 ‖ flags (1) ‖ KMS key id (16) ‖ key material (16) ‖ N (16) ‖ ciphertext ‖ tag (16)
//! ```
//!
//! 1. The AES-256-GCM key and IV are derived from the key material and the random N with the
//!    counter-mode KDF of NIST SP 800-108r1: a fresh key per message, so that the limits of
//!    NIST SP 800-38D on the uses of one key never bind.
//! 2. Authenticated besides the ciphertext: everything before it, then the encryption context,
//!    sorted by the bytes of its keys, each key and each value with its length before it as
//!    32 bits, big-endian. An absent context and an empty one are equal.
//! 3. The header names the KMS key and the key material in the clear, so that decryption knows
//!    which material to take and never has to try.
//!
//! A blob binds to its KMS key: two KMS keys with equal (imported) key material cannot decrypt
//! each other's blobs. What AWS publishes of its own blobs is the construction (AWS KMS
//! Cryptographic Details), not the format; clients may count on no more than 1 to 6144 bytes.
//!
//! Whatever is wrong with a blob, the answer is [`CryptoError::InvalidCiphertext`].

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::{
    error::CryptoError,
    key_material::SymmetricKey,
    message_key::{MessageKey, N_BYTES, TAG_BYTES, new_n, push_length_prefixed},
};

/// AWS: the longest `CiphertextBlob` that Decrypt takes.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html>
pub const BLOB_BYTES_MAX: usize = 6144;

/// How much longer than its plaintext a blob is.
pub const OVERHEAD_BYTES: usize = PREFIX_BYTES + TAG_BYTES;

const FORMAT: u8 = 1;
const FLAG_MULTI_REGION: u8 = 0b0000_0001;
const HEADER_BYTES: usize = 1 + 1 + 16 + 16;
/// Everything before the ciphertext.
const PREFIX_BYTES: usize = HEADER_BYTES + N_BYTES;
const LABEL: &str = "trent ciphertext blob 1";

/// What a blob says of itself in the clear. It is authenticated only once the blob is decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whether the KMS key is a multi-Region key.
    pub multi_region: bool,
    /// The id of the KMS key.
    pub key_id: [u8; 16],
    /// The first 16 bytes of the key material's id.
    pub material: [u8; 16],
}

/// A new blob of `plaintext`. Fails with [`CryptoError::TooLong`] if the blob would exceed
/// [`BLOB_BYTES_MAX`].
pub fn encrypt(
    key: &SymmetricKey,
    header: &Header,
    context: &BTreeMap<String, String>,
    plaintext: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    if plaintext.len() > BLOB_BYTES_MAX - OVERHEAD_BYTES {
        return Err(CryptoError::TooLong);
    }
    let n = new_n()?;
    let mut blob = Vec::with_capacity(plaintext.len() + OVERHEAD_BYTES);
    blob.push(FORMAT);
    blob.push(if header.multi_region { FLAG_MULTI_REGION } else { 0 });
    blob.extend_from_slice(&header.key_id);
    blob.extend_from_slice(&header.material);
    blob.extend_from_slice(&n);
    let associated = associated(&blob, context)?;
    MessageKey::derive(key.secret(), LABEL, &n)?.seal_onto(&mut blob, &associated, plaintext)?;
    Ok(blob)
}

/// What `blob` says of itself.
pub fn header(blob: &[u8]) -> Result<Header, CryptoError> {
    Parsed::new(blob).map(|parsed| parsed.header)
}

/// The plaintext of `blob`, which must have been encrypted with this `key` and this `context`.
pub fn decrypt(
    key: &SymmetricKey,
    blob: &[u8],
    context: &BTreeMap<String, String>,
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let parsed = Parsed::new(blob)?;
    let associated =
        associated(parsed.prefix, context).map_err(|_| CryptoError::InvalidCiphertext)?;
    MessageKey::derive(key.secret(), LABEL, &parsed.n)?
        .open(&associated, parsed.ciphertext_and_tag)
        .ok_or(CryptoError::InvalidCiphertext)
}

/// A blob taken apart.
struct Parsed<'a> {
    header: Header,
    n: [u8; N_BYTES],
    prefix: &'a [u8],
    ciphertext_and_tag: &'a [u8],
}

impl<'a> Parsed<'a> {
    fn new(blob: &'a [u8]) -> Result<Self, CryptoError> {
        if blob.len() > BLOB_BYTES_MAX {
            return Err(CryptoError::InvalidCiphertext);
        }
        Self::split(blob).ok_or(CryptoError::InvalidCiphertext)
    }

    fn split(blob: &'a [u8]) -> Option<Self> {
        let (prefix, ciphertext_and_tag) = blob.split_at_checked(PREFIX_BYTES)?;
        if ciphertext_and_tag.len() < TAG_BYTES {
            return None;
        }
        let (&[format, flags], rest) = prefix.split_first_chunk()?;
        let (&key_id, rest) = rest.split_first_chunk()?;
        let (&material, rest) = rest.split_first_chunk()?;
        let n = rest.try_into().ok()?;
        if format != FORMAT || flags & !FLAG_MULTI_REGION != 0 {
            return None;
        }
        let header = Header { multi_region: flags & FLAG_MULTI_REGION != 0, key_id, material };
        Some(Self { header, n, prefix, ciphertext_and_tag })
    }
}

/// What is authenticated besides the ciphertext.
///
/// INVARIANT (one reading): the prefix has a fixed length and every string its length before it,
/// so different prefixes or contexts never give equal bytes.
fn associated(prefix: &[u8], context: &BTreeMap<String, String>) -> Result<Vec<u8>, CryptoError> {
    let context_bytes: usize = context.iter().map(|(key, value)| 8 + key.len() + value.len()).sum();
    let mut associated = Vec::with_capacity(prefix.len() + context_bytes);
    associated.extend_from_slice(prefix);
    // `String` is ordered by its bytes, and so is the map.
    for (key, value) in context {
        push_length_prefixed(&mut associated, key.as_bytes())?;
        push_length_prefixed(&mut associated, value.as_bytes())?;
    }
    Ok(associated)
}

#[cfg(test)]
mod tests {
    use proptest::{collection, prelude::*};

    use super::*;

    const HEADER: Header = Header { multi_region: false, key_id: [1; 16], material: [2; 16] };

    fn key() -> SymmetricKey {
        SymmetricKey::from_bytes(&[9; 32]).unwrap()
    }

    fn context<const LEN: usize>(pairs: [(&str, &str); LEN]) -> BTreeMap<String, String> {
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
    }

    fn encrypted(context: &BTreeMap<String, String>, plaintext: &[u8]) -> Vec<u8> {
        encrypt(&key(), &HEADER, context, plaintext).unwrap()
    }

    fn check_invalid(blob: &[u8], context: &BTreeMap<String, String>) {
        let result = decrypt(&key(), blob, context);
        assert_eq!(result.unwrap_err(), CryptoError::InvalidCiphertext);
    }

    #[test]
    fn the_layout_is_format_1() {
        let header = Header { multi_region: true, ..HEADER };
        let blob = encrypt(&key(), &header, &BTreeMap::new(), b"abc").unwrap();
        assert_eq!(blob.len(), 3 + OVERHEAD_BYTES);
        assert_eq!(blob[..2], [1, 1]);
        assert_eq!(blob[2..18], [1; 16]);
        assert_eq!(blob[18..34], [2; 16]);
        assert_eq!(super::header(&blob), Ok(header));
    }

    #[test]
    fn equal_plaintexts_give_unequal_blobs() {
        let (one, other) = (encrypted(&BTreeMap::new(), b"x"), encrypted(&BTreeMap::new(), b"x"));
        assert_ne!(one[HEADER_BYTES..PREFIX_BYTES], other[HEADER_BYTES..PREFIX_BYTES]);
        assert_ne!(one[PREFIX_BYTES..], other[PREFIX_BYTES..]);
    }

    #[test]
    fn blobs_never_exceed_their_limit() {
        let longest = vec![7; BLOB_BYTES_MAX - OVERHEAD_BYTES];
        let mut blob = encrypted(&BTreeMap::new(), &longest);
        assert_eq!(blob.len(), BLOB_BYTES_MAX);
        assert_eq!(*decrypt(&key(), &blob, &BTreeMap::new()).unwrap(), longest);
        blob.push(0);
        assert_eq!(header(&blob), Err(CryptoError::InvalidCiphertext));

        let too_long = vec![7; longest.len() + 1];
        let result = encrypt(&key(), &HEADER, &BTreeMap::new(), &too_long);
        assert_eq!(result, Err(CryptoError::TooLong));
    }

    #[test]
    fn header_refuses_what_it_does_not_know() {
        let blob = encrypted(&BTreeMap::new(), b"x");
        for (index, value) in [(0, 0), (0, 2), (1, 2), (1, 3), (1, 0x80)] {
            let mut blob = blob.clone();
            blob[index] = value;
            assert_eq!(header(&blob), Err(CryptoError::InvalidCiphertext));
        }
        for len in 0..OVERHEAD_BYTES {
            assert_eq!(header(&blob[..len]), Err(CryptoError::InvalidCiphertext));
        }
    }

    #[test]
    fn contexts_bind_exactly() {
        let check = |given: &BTreeMap<_, _>, others: &[BTreeMap<_, _>]| {
            let blob = encrypted(given, b"secret");
            assert_eq!(**decrypt(&key(), &blob, given).unwrap(), *b"secret");
            for other in others {
                check_invalid(&blob, other);
            }
        };
        check(
            &context([("ab", "c")]),
            &[
                context([("a", "bc")]),
                context([("abc", "")]),
                context([("", "abc")]),
                context([("AB", "c")]),
                context([("ab", "C")]),
                context([("ab", "c"), ("d", "e")]),
                context([]),
            ],
        );
        check(
            &context([("a", "b"), ("c", "d")]),
            &[
                context([("a", "b")]),
                context([("c", "d")]),
                context([("a", "d"), ("c", "b")]),
                context([("b", "a"), ("d", "c")]),
                context([("a", "b\0\0\0\u{1}c\0\0\0\u{1}d")]),
            ],
        );
        check(&context([]), &[context([("", "")])]);
    }

    #[test]
    fn the_order_of_a_context_is_that_of_its_bytes() {
        // In UTF-16, U+10000 would sort before U+FFFF.
        let pairs = [("\u{10000}", "3"), ("\u{ffff}", "2"), ("a", "1"), ("Z", "0")];
        let mut reversed = pairs;
        reversed.reverse();
        let associated = associated(&[], &context(pairs)).unwrap();
        let expected = "\0\0\0\u{1}Z\0\0\0\u{1}0\0\0\0\u{1}a\0\0\0\u{1}1\
                        \0\0\0\u{3}\u{ffff}\0\0\0\u{1}2\0\0\0\u{4}\u{10000}\0\0\0\u{1}3";
        assert_eq!(associated, expected.as_bytes());
        assert_eq!(associated, super::associated(&[], &context(reversed)).unwrap());
    }

    #[test]
    fn another_key_or_header_does_not_decrypt() {
        let blob = encrypted(&BTreeMap::new(), b"secret");
        let other = SymmetricKey::from_bytes(&[8; 32]).unwrap();
        let result = decrypt(&other, &blob, &BTreeMap::new());
        assert_eq!(result.unwrap_err(), CryptoError::InvalidCiphertext);

        // The same key material under another KMS key.
        let mut moved = blob.clone();
        moved[2..18].copy_from_slice(&[3; 16]);
        check_invalid(&moved, &BTreeMap::new());
    }

    fn contexts() -> impl Strategy<Value = BTreeMap<String, String>> {
        collection::btree_map(".{0,20}", ".{0,20}", 0..6)
    }

    proptest! {
        #[test]
        fn what_is_encrypted_is_decrypted(
            plaintext in collection::vec(any::<u8>(), 1..=4096),
            context in contexts(),
            multi_region: bool,
            key_id: [u8; 16],
            material: [u8; 16],
            key: [u8; 32],
        ) {
            let key = SymmetricKey::from_bytes(&key).unwrap();
            let header = Header { multi_region, key_id, material };
            let blob = encrypt(&key, &header, &context, &plaintext).unwrap();
            prop_assert_eq!(super::header(&blob), Ok(header));
            prop_assert_eq!(&*decrypt(&key, &blob, &context).unwrap(), &plaintext);
        }

        #[test]
        fn another_context_is_refused(one in contexts(), other in contexts()) {
            prop_assume!(one != other);
            check_invalid(&encrypted(&one, b"secret"), &other);
        }

        #[test]
        fn the_order_of_insertion_is_irrelevant(pairs in contexts().prop_map(Vec::from_iter)) {
            let forward: BTreeMap<_, _> = pairs.iter().cloned().collect();
            let backward = pairs.into_iter().rev().collect();
            let blob = encrypted(&forward, b"secret");
            prop_assert_eq!(&**decrypt(&key(), &blob, &backward).unwrap(), b"secret");
        }

        #[test]
        fn any_flipped_bit_is_refused(
            plaintext in collection::vec(any::<u8>(), 0..40),
            context in contexts(),
        ) {
            let blob = encrypted(&context, &plaintext);
            for bit in 0..blob.len() * 8 {
                let mut flipped = blob.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                check_invalid(&flipped, &context);
            }
        }

        #[test]
        fn any_other_length_is_refused(extension in collection::vec(any::<u8>(), 1..20)) {
            let mut blob = encrypted(&BTreeMap::new(), b"secret");
            for len in 0..blob.len() {
                check_invalid(&blob[..len], &BTreeMap::new());
            }
            blob.extend(extension);
            check_invalid(&blob, &BTreeMap::new());
        }

        #[test]
        fn random_bytes_are_refused(
            format in prop_oneof![Just(1), any::<u8>()],
            flags in prop_oneof![Just(0), Just(1), any::<u8>()],
            rest in collection::vec(any::<u8>(), 0..200),
        ) {
            check_invalid(&rest, &BTreeMap::new());
            check_invalid(&[&[format, flags], rest.as_slice()].concat(), &BTreeMap::new());
        }
    }
}
