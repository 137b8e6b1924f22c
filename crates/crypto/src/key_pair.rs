//! Key pairs: the key material of every KMS key that is neither symmetric nor HMAC, and data key
//! pairs.
//!
//! A [`KeyPair`] is parsed once and then used many times, by several threads at once. What it can
//! do stands where the algorithms are: [`crate::signing`], [`crate::rsa`], [`crate::ml_kem`]
//! and [`crate::key_wrap`]; key agreement is [`KeyPair::derive_shared_secret`].
//!
//! Private keys are PKCS#8 (RFC 5958): RSA per RFC 8017 appendix A.1.2, elliptic curves per
//! RFC 5915 with the public point, Ed25519 per RFC 8410, and the seed forms of ML-DSA (RFC 9881)
//! and ML-KEM (RFC 9935). Public keys are `SubjectPublicKeyInfo` (RFC 5280) of the same RFCs.

use std::fmt;

use zeroize::Zeroizing;

use crate::{
    der,
    ecc::{EccPrivateKey, EccPublicKey},
    ed25519::{Ed25519PrivateKey, Ed25519PublicKey},
    error::CryptoError,
    key_material,
    ml_dsa::{MlDsaPrivateKey, MlDsaPublicKey},
    ml_kem::{MlKemPrivateKey, MlKemPublicKey},
    rsa::{RsaPrivateKey, RsaPublicKey},
    signing::{Message, SigningAlgorithm},
};

/// What a key pair is: its algorithm and its size or curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyPairSpec {
    /// RSA with a modulus of 2048 bits (RFC 8017).
    Rsa2048,
    /// RSA with a modulus of 3072 bits.
    Rsa3072,
    /// RSA with a modulus of 4096 bits.
    Rsa4096,
    /// NIST P-256 (SP 800-186 §3.2.1.3).
    EccNistP256,
    /// NIST P-384 (SP 800-186 §3.2.1.4).
    EccNistP384,
    /// NIST P-521 (SP 800-186 §3.2.1.5).
    EccNistP521,
    /// secp256k1 (SEC 2 §2.4.1).
    EccSecgP256k1,
    /// Edwards25519 (SP 800-186 §3.2.3.1), the curve of Ed25519.
    EccNistEdwards25519,
    /// ML-DSA-44 (FIPS 204).
    MlDsa44,
    /// ML-DSA-65.
    MlDsa65,
    /// ML-DSA-87.
    MlDsa87,
    /// ML-KEM-512 (FIPS 203).
    MlKem512,
    /// ML-KEM-768.
    MlKem768,
    /// ML-KEM-1024.
    MlKem1024,
}

impl KeyPairSpec {
    /// Every spec there is.
    pub const ALL: [Self; 14] = [
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::EccNistP256,
        Self::EccNistP384,
        Self::EccNistP521,
        Self::EccSecgP256k1,
        Self::EccNistEdwards25519,
        Self::MlDsa44,
        Self::MlDsa65,
        Self::MlDsa87,
        Self::MlKem512,
        Self::MlKem768,
        Self::MlKem1024,
    ];
}

/// A private key and its public half. AWS-LC zeroizes its memory when it is dropped; never printed.
pub struct KeyPair {
    pub(crate) private: PrivateKey,
    public: PublicKey,
}

/// What the library holds of a private key.
pub(crate) enum PrivateKey {
    Rsa(RsaPrivateKey),
    Ecc(EccPrivateKey),
    Ed25519(Ed25519PrivateKey),
    MlDsa(MlDsaPrivateKey),
    MlKem(MlKemPrivateKey),
}

impl KeyPair {
    /// A new random key pair. RSA takes from tens of milliseconds to seconds: not for a thread
    /// that others wait for. The public exponent of RSA is 65537.
    pub fn generate(spec: KeyPairSpec) -> Result<Self, CryptoError> {
        let pkcs8 = match spec {
            KeyPairSpec::Rsa2048 | KeyPairSpec::Rsa3072 | KeyPairSpec::Rsa4096 => {
                RsaPrivateKey::generate_pkcs8(spec)?
            }
            KeyPairSpec::EccNistP256
            | KeyPairSpec::EccNistP384
            | KeyPairSpec::EccNistP521
            | KeyPairSpec::EccSecgP256k1 => EccPrivateKey::generate_pkcs8(spec)?,
            KeyPairSpec::EccNistEdwards25519 => Ed25519PrivateKey::generate_pkcs8()?,
            KeyPairSpec::MlDsa44 | KeyPairSpec::MlDsa65 | KeyPairSpec::MlDsa87 => {
                MlDsaPrivateKey::generate_pkcs8(spec)?
            }
            KeyPairSpec::MlKem512 | KeyPairSpec::MlKem768 | KeyPairSpec::MlKem1024 => {
                MlKemPrivateKey::generate_pkcs8(spec)?
            }
        };
        Self::from_pkcs8(spec, &pkcs8).map_err(|_| CryptoError::Library)
    }

    /// The key pair of a PKCS#8 document in DER. Fails with [`CryptoError::NotThisSpec`] unless it
    /// is exactly one key of this spec whose parts agree: for RSA the size of the modulus, two
    /// factors and the exponents; for elliptic curves the curve and the public point.
    ///
    /// Post-quantum keys must come with their seed. Any odd public exponent of RSA from 3 up to 33
    /// bits is accepted: AWS asks imported RSA keys for the size of the modulus and for two primes,
    /// of the exponent it says nothing.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-conceptual.html>
    pub fn from_pkcs8(spec: KeyPairSpec, der: &[u8]) -> Result<Self, CryptoError> {
        // DEVIATION: imported key pairs must be PKCS#8 in DER; AWS KMS takes BER as well.
        if der::sequence(der).is_none() {
            return Err(CryptoError::NotThisSpec);
        }
        let (private, spki) = match spec {
            KeyPairSpec::Rsa2048 | KeyPairSpec::Rsa3072 | KeyPairSpec::Rsa4096 => {
                let key = RsaPrivateKey::from_pkcs8(spec, der)?;
                let spki = key.spki()?;
                (PrivateKey::Rsa(key), spki)
            }
            KeyPairSpec::EccNistP256
            | KeyPairSpec::EccNistP384
            | KeyPairSpec::EccNistP521
            | KeyPairSpec::EccSecgP256k1 => {
                let key = EccPrivateKey::from_pkcs8(spec, der)?;
                let spki = key.spki()?;
                (PrivateKey::Ecc(key), spki)
            }
            KeyPairSpec::EccNistEdwards25519 => {
                let key = Ed25519PrivateKey::from_pkcs8(der)?;
                let spki = key.spki()?;
                (PrivateKey::Ed25519(key), spki)
            }
            KeyPairSpec::MlDsa44 | KeyPairSpec::MlDsa65 | KeyPairSpec::MlDsa87 => {
                let key = MlDsaPrivateKey::from_pkcs8(spec, der)?;
                let spki = key.spki()?;
                (PrivateKey::MlDsa(key), spki)
            }
            KeyPairSpec::MlKem512 | KeyPairSpec::MlKem768 | KeyPairSpec::MlKem1024 => {
                let key = MlKemPrivateKey::from_pkcs8(spec, der)?;
                let spki = key.spki()?;
                (PrivateKey::MlKem(key), spki)
            }
        };
        let public = PublicKey::from_spki(spec, &spki).map_err(|_| CryptoError::NotThisSpec)?;
        Ok(Self { private, public })
    }

    /// [`KeyPair::from_pkcs8`] for a key from outside. What agrees by arithmetic may still not be
    /// a key, such as RSA with a factor that is not prime; so it must also sign or decrypt what its
    /// public half verifies or encrypts (the pair-wise consistency of SP 800-56B §6.4.1.1 and
    /// SP 800-56A §5.6.2.1.4).
    pub fn import_pkcs8(spec: KeyPairSpec, der: &[u8]) -> Result<Self, CryptoError> {
        let key = Self::from_pkcs8(spec, der)?;
        key.check_pair().map_err(|_| CryptoError::NotThisSpec)?;
        Ok(key)
    }

    fn check_pair(&self) -> Result<(), CryptoError> {
        let algorithm = match &self.private {
            PrivateKey::Rsa(_) => SigningAlgorithm::RsassaPkcs1V15Sha256,
            PrivateKey::Ecc(key) => key.signing_algorithm(),
            PrivateKey::Ed25519(_) => SigningAlgorithm::Ed25519Sha512,
            PrivateKey::MlDsa(_) => SigningAlgorithm::MlDsaShake256,
            PrivateKey::MlKem(_) => {
                let encapsulated = self.encapsulate()?;
                let secret = self.decapsulate(&encapsulated.ciphertext)?;
                let is_same = *secret == *encapsulated.shared_secret;
                return if is_same { Ok(()) } else { Err(CryptoError::NotThisSpec) };
            }
        };
        let message = Message::Raw(b"pair-wise consistency");
        self.verify(algorithm, message, &self.sign(algorithm, message)?)
    }

    /// The private key as a PKCS#8 document in DER, in the one form that this crate writes, however
    /// it was given.
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        match &self.private {
            PrivateKey::Rsa(key) => key.to_pkcs8(),
            PrivateKey::Ecc(key) => key.to_pkcs8(),
            PrivateKey::Ed25519(key) => key.to_pkcs8(),
            PrivateKey::MlDsa(key) => key.to_pkcs8(),
            PrivateKey::MlKem(key) => key.to_pkcs8(),
        }
    }

    /// The public key, a `SubjectPublicKeyInfo` in DER.
    pub fn public_key(&self) -> &[u8] {
        self.public.as_spki()
    }

    /// The public half, for what needs no private key.
    pub fn public_half(&self) -> &PublicKey {
        &self.public
    }

    /// What this key pair is.
    pub fn spec(&self) -> KeyPairSpec {
        self.public.spec
    }

    /// The identity of this key material within the KMS key `key_id`, as that of
    /// [`key_material::SymmetricKey::id`]. It depends on the key, not on how it was encoded when it
    /// was imported.
    pub fn id(&self, key_id: &[u8; 16]) -> Result<[u8; 32], CryptoError> {
        Ok(key_material::id(&self.to_pkcs8()?, key_id))
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair").field("spec", &self.public.spec).finish_non_exhaustive()
    }
}

/// A public key: that of a [`KeyPair`], or one from outside.
pub struct PublicKey {
    spec: KeyPairSpec,
    spki: Vec<u8>,
    pub(crate) key: ParsedPublicKey,
}

/// What the library holds of a public key.
pub(crate) enum ParsedPublicKey {
    Rsa(RsaPublicKey),
    Ecc(EccPublicKey),
    Ed25519(Ed25519PublicKey),
    MlDsa(MlDsaPublicKey),
    MlKem(MlKemPublicKey),
}

impl PublicKey {
    /// The public key of a `SubjectPublicKeyInfo` in DER. Fails with
    /// [`CryptoError::InvalidPublicKey`] unless it is exactly one valid key of this spec.
    pub fn from_spki(spec: KeyPairSpec, der: &[u8]) -> Result<Self, CryptoError> {
        if der::sequence(der).is_none() {
            return Err(CryptoError::InvalidPublicKey);
        }
        let key = match spec {
            KeyPairSpec::Rsa2048 | KeyPairSpec::Rsa3072 | KeyPairSpec::Rsa4096 => {
                ParsedPublicKey::Rsa(RsaPublicKey::from_spki(spec, der)?)
            }
            KeyPairSpec::EccNistP256
            | KeyPairSpec::EccNistP384
            | KeyPairSpec::EccNistP521
            | KeyPairSpec::EccSecgP256k1 => {
                ParsedPublicKey::Ecc(EccPublicKey::from_spki(spec, der)?)
            }
            KeyPairSpec::EccNistEdwards25519 => {
                ParsedPublicKey::Ed25519(Ed25519PublicKey::from_spki(der)?)
            }
            KeyPairSpec::MlDsa44 | KeyPairSpec::MlDsa65 | KeyPairSpec::MlDsa87 => {
                ParsedPublicKey::MlDsa(MlDsaPublicKey::from_spki(spec, der)?)
            }
            KeyPairSpec::MlKem512 | KeyPairSpec::MlKem768 | KeyPairSpec::MlKem1024 => {
                ParsedPublicKey::MlKem(MlKemPublicKey::from_spki(spec, der)?)
            }
        };
        Ok(Self { spec, spki: der.to_vec(), key })
    }

    /// The public key as it was given, a `SubjectPublicKeyInfo` in DER.
    pub fn as_spki(&self) -> &[u8] {
        &self.spki
    }

    /// What this public key is.
    pub fn spec(&self) -> KeyPairSpec {
        self.spec
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey").field("spec", &self.spec).finish_non_exhaustive()
    }
}
