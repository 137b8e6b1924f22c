//! ML-KEM (FIPS 203), keys per RFC 9935: a secret that two parties come to share, because one of
//! them encapsulates it for the other's public key.
//!
//! Rejection is implicit (FIPS 203 §6.3): a ciphertext that was altered or is for another key
//! gives other 32 bytes and no error. Only its length can be wrong.

use zeroize::Zeroizing;

use crate::{
    error::CryptoError,
    ffi::{Key, ParameterSet},
    key_pair::{KeyPair, KeyPairSpec, ParsedPublicKey, PrivateKey, PublicKey},
};

/// Length of every shared secret (FIPS 203 §8).
pub const SHARED_SECRET_BYTES: usize = 32;

/// Length of a private key in the seed form of RFC 9935, in PKCS#8: 64 bytes and 22 around them.
const SEED_PKCS8_BYTES: usize = 64 + 22;

/// What encapsulation gives.
pub struct Encapsulated {
    /// What the holder of the private key gets the shared secret from.
    pub ciphertext: Vec<u8>,
    /// The shared secret.
    pub shared_secret: Zeroizing<Vec<u8>>,
}

/// Length of the ciphertexts of keys of this spec (FIPS 203 §8), or `None` if it is not ML-KEM.
pub fn ciphertext_bytes(spec: KeyPairSpec) -> Option<usize> {
    match spec {
        KeyPairSpec::MlKem512 => Some(768),
        KeyPairSpec::MlKem768 => Some(1088),
        KeyPairSpec::MlKem1024 => Some(1568),
        _ => None,
    }
}

impl KeyPair {
    /// A new shared secret, encapsulated for this key.
    pub fn encapsulate(&self) -> Result<Encapsulated, CryptoError> {
        self.public_half().encapsulate()
    }

    /// The shared secret of `ciphertext`. Fails with [`CryptoError::InvalidCiphertext`] if it has
    /// another length than [`ciphertext_bytes`].
    pub fn decapsulate(&self, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let PrivateKey::MlKem(key) = &self.private else {
            return Err(CryptoError::AlgorithmUnsuited);
        };
        if Some(ciphertext.len()) != ciphertext_bytes(self.spec()) {
            return Err(CryptoError::InvalidCiphertext);
        }
        let mut shared_secret = Zeroizing::new(vec![0; SHARED_SECRET_BYTES]);
        key.0.decapsulate(ciphertext, &mut shared_secret).ok_or(CryptoError::Library)?;
        Ok(shared_secret)
    }
}

impl PublicKey {
    /// A new shared secret, encapsulated for this key. Fails with
    /// [`CryptoError::InvalidPublicKey`] if it is none by the modulus check of FIPS 203 §7.2, which
    /// the library makes only now.
    pub fn encapsulate(&self) -> Result<Encapsulated, CryptoError> {
        let (ParsedPublicKey::MlKem(key), Some(bytes)) = (&self.key, ciphertext_bytes(self.spec()))
        else {
            return Err(CryptoError::AlgorithmUnsuited);
        };
        let mut ciphertext = vec![0; bytes];
        let mut shared_secret = Zeroizing::new(vec![0; SHARED_SECRET_BYTES]);
        key.0
            .encapsulate(&mut ciphertext, &mut shared_secret)
            .ok_or(CryptoError::InvalidPublicKey)?;
        Ok(Encapsulated { ciphertext, shared_secret })
    }
}

/// A parsed private key.
pub(crate) struct MlKemPrivateKey(Key);

impl MlKemPrivateKey {
    pub(crate) fn generate_pkcs8(spec: KeyPairSpec) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let key = Key::generate(parameters(spec)?).ok_or(CryptoError::Library)?;
        Self(key).to_pkcs8()
    }

    pub(crate) fn from_pkcs8(spec: KeyPairSpec, der: &[u8]) -> Result<Self, CryptoError> {
        let key = Key::from_pkcs8(der)
            .filter(|key| Some(key.parameters()) == parameters(spec).ok().map(Some))
            .ok_or(CryptoError::NotThisSpec)?;
        // The expanded form would be read as well, but not be written in the one form again.
        if key.to_pkcs8().is_none_or(|der| der.len() != SEED_PKCS8_BYTES) {
            return Err(CryptoError::NotThisSpec);
        }
        Ok(Self(key))
    }

    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        self.0.to_pkcs8().ok_or(CryptoError::Library)
    }

    pub(crate) fn spki(&self) -> Result<Vec<u8>, CryptoError> {
        self.0.to_spki().ok_or(CryptoError::Library)
    }
}

/// A parsed public key.
pub(crate) struct MlKemPublicKey(Key);

impl MlKemPublicKey {
    pub(crate) fn from_spki(spec: KeyPairSpec, der: &[u8]) -> Result<Self, CryptoError> {
        let set = parameters(spec)?;
        Key::from_spki(der)
            .filter(|key| key.parameters() == Some(set))
            .map(Self)
            .ok_or(CryptoError::InvalidPublicKey)
    }
}

fn parameters(spec: KeyPairSpec) -> Result<ParameterSet, CryptoError> {
    match spec {
        KeyPairSpec::MlKem512 => Ok(ParameterSet::MlKem512),
        KeyPairSpec::MlKem768 => Ok(ParameterSet::MlKem768),
        KeyPairSpec::MlKem1024 => Ok(ParameterSet::MlKem1024),
        _ => Err(CryptoError::AlgorithmUnsuited),
    }
}
