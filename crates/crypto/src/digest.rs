//! SHA-256 (FIPS 180-4) of things that are not secret.

use aws_lc_rs::digest::{Context, SHA256};

/// The hash of the parts, each preceded by its length, so that no two lists of parts hash alike.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// The hash of one text as it is, which everybody's tools compute.
pub fn sha256_of(text: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(aws_lc_rs::digest::digest(&SHA256, text).as_ref());
    hash
}

/// The hash of a text that comes in pieces; it does not tell where one ends.
pub struct Sha256(Context);

impl Sha256 {
    /// Of nothing yet.
    pub fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// Goes on with a piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The hash of all pieces so far.
    pub fn hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(self.0.clone().finish().as_ref());
        hash
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4, the example of NIST for "abc".
    #[test]
    fn one_text_is_hashed_as_it_is() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_of(b"abc").to_vec(), crate::testing::hex(expected));
        let mut pieces = Sha256::new();
        for piece in [b"a".as_slice(), b"", b"bc"] {
            pieces.update(piece);
        }
        assert_eq!(pieces.hash(), sha256_of(b"abc"));
        pieces.update(b"d");
        assert_eq!(pieces.hash(), sha256_of(b"abcd"));
    }

    #[test]
    fn parts_are_told_apart() {
        assert_ne!(sha256(&[b"ab", b"c"]), sha256(&[b"a", b"bc"]));
        assert_ne!(sha256(&[b"", b"a"]), sha256(&[b"a", b""]));
        assert_eq!(sha256(&[b"a"]), sha256(&[b"a"]));
    }
}
