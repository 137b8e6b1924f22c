//! Key agreement: elliptic curve cofactor Diffie-Hellman (NIST SP 800-56A Rev. 3 §5.7.1.2) on
//! P-256, P-384 and P-521. The cofactor of these curves is one.
//!
//! The shared secret is the x coordinate as it is, of the width of the field; to derive keys from
//! it is the callers' part.

use aws_lc_rs::agreement::{self, ParsedPublicKey, UnparsedPublicKey};
use zeroize::Zeroizing;

use crate::{
    error::CryptoError,
    key_pair::{KeyPair, PrivateKey},
};

impl KeyPair {
    /// The secret shared with the holder of the public key `peer`, a `SubjectPublicKeyInfo`
    /// (RFC 5280) in DER. Fails with [`CryptoError::InvalidPublicKey`] unless it is exactly one
    /// point of this key's curve (SP 800-56A §5.6.2.3.3).
    pub fn derive_shared_secret(&self, peer: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let PrivateKey::Ecc(key) = &self.private else {
            return Err(CryptoError::AlgorithmUnsuited);
        };
        let (algorithm, private_key) = key.agreeing()?;
        if !key.is_same_curve(peer) {
            return Err(CryptoError::InvalidPublicKey);
        }
        let peer = ParsedPublicKey::try_from(UnparsedPublicKey::new(algorithm, peer))
            .map_err(|_| CryptoError::InvalidPublicKey)?;
        agreement::agree(private_key, peer, CryptoError::InvalidPublicKey, |secret| {
            Ok(Zeroizing::new(secret.to_vec()))
        })
    }
}
