//! A key for one message: the construction under every ciphertext blob and every sealed thing.
//!
//! From a long-lived key and a random 128-bit number N, the KDF of SP 800-108r1 gives an AES-256
//! key and a 96-bit IV that protect exactly one message with AES-GCM (NIST SP 800-38D). So GCM's
//! limits per key (2^32 messages with random IVs, §8.3) never bind: an N must repeat, which after
//! 2^48 messages has a probability below 2^-32, before a key and IV do. AWS KMS derives a
//! key per message in the same way (AWS KMS Cryptographic Details).
//!
//! Formats, lengths of formats and what is authenticated besides belong to the callers.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::{
    error::CryptoError,
    kdf, random,
    secret::{KEY_BYTES, Secret},
};

/// Length of N in bytes.
pub(crate) const N_BYTES: usize = 16;

/// Length of the authentication tag in bytes, the full length of SP 800-38D.
pub(crate) const TAG_BYTES: usize = 16;

/// What makes a message's key its own.
pub(crate) type N = [u8; N_BYTES];

/// A new N.
pub(crate) fn new_n() -> Result<N, CryptoError> {
    let mut n = [0; N_BYTES];
    random::fill(&mut n)?;
    Ok(n)
}

/// AES-256-GCM key and IV of one message. Consumed by its only use.
pub(crate) struct MessageKey {
    key: LessSafeKey,
    iv: Nonce,
}

impl MessageKey {
    /// The key for the message with this `n`, among messages of the kind named by `label`.
    pub(crate) fn derive(key: &Secret, label: &str, n: &N) -> Result<Self, CryptoError> {
        let mut derived = Zeroizing::new([0; KEY_BYTES + NONCE_LEN]);
        kdf::derive(key.as_bytes(), label, n, derived.as_mut_slice())?;
        let (aes_key, iv) = derived.split_at(KEY_BYTES);
        let key = UnboundKey::new(&AES_256_GCM, aes_key).map_err(|_| CryptoError::Library)?;
        let iv = Nonce::try_assume_unique_for_key(iv).map_err(|_| CryptoError::Library)?;
        Ok(Self { key: LessSafeKey::new(key), iv })
    }

    /// Appends ciphertext and tag of `plaintext` to `output`.
    pub(crate) fn seal_onto(
        self,
        output: &mut Vec<u8>,
        associated: &[u8],
        plaintext: &[u8],
    ) -> Result<(), CryptoError> {
        let start = output.len();
        output.resize(start + plaintext.len() + TAG_BYTES, 0);
        let (ciphertext, tag) = output[start..].split_at_mut(plaintext.len());
        self.key
            .seal_out_of_place_scatter(
                self.iv,
                Aad::from(associated),
                plaintext,
                ciphertext,
                &[],
                tag,
            )
            .map_err(|_| CryptoError::Library)
    }

    /// The plaintext of ciphertext and tag, or `None` if they do not authenticate.
    pub(crate) fn open(
        self,
        associated: &[u8],
        ciphertext_and_tag: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let plaintext_bytes = ciphertext_and_tag.len().checked_sub(TAG_BYTES)?;
        let (ciphertext, tag) = ciphertext_and_tag.split_at(plaintext_bytes);
        let mut plaintext = Zeroizing::new(vec![0; plaintext_bytes]);
        self.key
            .open_separate_gather(self.iv, Aad::from(associated), ciphertext, tag, &mut plaintext)
            .ok()?;
        Some(plaintext)
    }
}

/// Appends `part` to `output`, with its length before it as 32 bits, big-endian, so that no two
/// lists of parts give the same bytes.
pub(crate) fn push_length_prefixed(output: &mut Vec<u8>, part: &[u8]) -> Result<(), CryptoError> {
    let len = u32::try_from(part.len()).map_err(|_| CryptoError::TooLong)?;
    output.extend_from_slice(&len.to_be_bytes());
    output.extend_from_slice(part);
    Ok(())
}
