//! Ed25519 and Ed25519ph (RFC 8032 §5.1, FIPS 186-5 §7), keys per RFC 8410.

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    signature::{self, Ed25519KeyPair, KeyPair as _, ParsedPublicKey},
};
use zeroize::Zeroizing;

use crate::{error::CryptoError, ffi, signing::Input};

/// Length of a private key (RFC 8032 §5.1.5), and of a public key.
const KEY_BYTES: usize = 32;

/// A parsed private key.
pub(crate) struct Ed25519PrivateKey {
    key: Ed25519KeyPair,
    /// The private key and the public key after it, as the library wants them for Ed25519ph. On
    /// the heap, so that moving leaves no copy behind.
    seed_and_public: Box<Zeroizing<[u8; 2 * KEY_BYTES]>>,
}

impl Ed25519PrivateKey {
    pub(crate) fn generate_pkcs8() -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let document = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new())
            .map_err(|_| CryptoError::Library)?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }

    pub(crate) fn from_pkcs8(der: &[u8]) -> Result<Self, CryptoError> {
        let key = Ed25519KeyPair::from_pkcs8(der).map_err(|_| CryptoError::NotThisSpec)?;
        // The seed is the end of version 1 of PKCS#8, which has no public key.
        let document = key.to_pkcs8v1().map_err(|_| CryptoError::Library)?;
        let seed: &[u8; KEY_BYTES] = document.as_ref().last_chunk().ok_or(CryptoError::Library)?;
        let mut seed_and_public = Box::new(Zeroizing::new([0; 2 * KEY_BYTES]));
        seed_and_public[..KEY_BYTES].copy_from_slice(seed);
        seed_and_public[KEY_BYTES..].copy_from_slice(key.public_key().as_ref());
        Ok(Self { key, seed_and_public })
    }

    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let document = self.key.to_pkcs8v1().map_err(|_| CryptoError::Library)?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }

    pub(crate) fn spki(&self) -> Result<Vec<u8>, CryptoError> {
        let der: PublicKeyX509Der<'_> =
            self.key.public_key().as_der().map_err(|_| CryptoError::Library)?;
        Ok(der.as_ref().to_vec())
    }

    pub(crate) fn sign(&self, input: &Input<'_>) -> Result<Vec<u8>, CryptoError> {
        match input {
            Input::Message(message) => {
                let signature = self.key.try_sign(message).map_err(|_| CryptoError::Library)?;
                Ok(signature.as_ref().to_vec())
            }
            Input::Ed25519Ph(message) => {
                let signature = ffi::ed25519ph_sign(&self.seed_and_public, *message);
                signature.map(Vec::from).ok_or(CryptoError::Library)
            }
            Input::Digest(_) | Input::Mu(_) => Err(CryptoError::AlgorithmUnsuited),
        }
    }
}

/// A parsed public key.
pub(crate) struct Ed25519PublicKey {
    key: ParsedPublicKey,
    bytes: [u8; KEY_BYTES],
}

impl Ed25519PublicKey {
    pub(crate) fn from_spki(der: &[u8]) -> Result<Self, CryptoError> {
        // A SEQUENCE of this length, which the library would read as the bytes of a key.
        if der.len() == KEY_BYTES {
            return Err(CryptoError::InvalidPublicKey);
        }
        let key = ParsedPublicKey::new(&signature::ED25519, der)
            .map_err(|_| CryptoError::InvalidPublicKey)?;
        // The public key is the end of its only encoding (RFC 8410 §4).
        let bytes = der.last_chunk().ok_or(CryptoError::InvalidPublicKey)?;
        Ok(Self { key, bytes: *bytes })
    }

    pub(crate) fn verify(&self, input: &Input<'_>, signature: &[u8]) -> Result<(), CryptoError> {
        let is_valid = match input {
            Input::Message(message) => self.key.verify_sig(message, signature).is_ok(),
            Input::Ed25519Ph(message) => signature
                .try_into()
                .is_ok_and(|signature| ffi::ed25519ph_verify(&self.bytes, *message, signature)),
            Input::Digest(_) | Input::Mu(_) => return Err(CryptoError::AlgorithmUnsuited),
        };
        if is_valid { Ok(()) } else { Err(CryptoError::InvalidSignature) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    /// The test vector of RFC 8032 §7.3.
    #[test]
    fn ed25519ph_is_that_of_rfc_8032() {
        let seed = hex("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42");
        let public = hex("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf");
        let expected = hex("98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41\
             31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406");
        let public: [u8; 32] = public.try_into().unwrap();
        let private: [u8; 64] = [seed, public.to_vec()].concat().try_into().unwrap();

        let signature = ffi::ed25519ph_sign(&private, b"abc").unwrap();
        assert_eq!(signature, *expected);
        assert!(ffi::ed25519ph_verify(&public, b"abc", &signature));
        assert!(!ffi::ed25519ph_verify(&public, b"abd", &signature));
    }
}
