//! Random bytes.
//!
//! The only source of randomness: the generator of `aws-lc-rs`, a CTR_DRBG of NIST SP 800-90A over
//! AES-256, seeded by the operating system. AWS KMS generates its keys with the same construction
//! (AWS KMS Cryptographic Details, "Entropy and random number generation").

use aws_lc_rs::rand;
use zeroize::Zeroizing;

use crate::error::CryptoError;

/// Fills `buffer` with random bytes.
pub fn fill(buffer: &mut [u8]) -> Result<(), CryptoError> {
    rand::fill(buffer).map_err(|_| CryptoError::Random)
}

/// `len` random bytes.
pub fn bytes(len: usize) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let mut bytes = Zeroizing::new(vec![0; len]);
    fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_the_asked_length_and_differ() {
        assert!(bytes(0).unwrap().is_empty());
        assert_eq!(bytes(1024).unwrap().len(), 1024);
        assert_ne!(*bytes(32).unwrap(), *bytes(32).unwrap());
    }
}
