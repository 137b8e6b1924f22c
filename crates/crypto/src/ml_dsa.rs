//! ML-DSA (FIPS 204), keys per RFC 9881: hedged signatures with an empty context, of a message or
//! of its representative mu.
//!
//! AWS: <https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html>

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    signature::{
        self, KeyPair as _, ParsedPublicKey, PqdsaKeyPair, PqdsaSigningAlgorithm,
        PqdsaVerificationAlgorithm,
    },
};
use zeroize::Zeroizing;

use crate::{
    error::CryptoError,
    ffi::{self, ParameterSet},
    key_pair::KeyPairSpec,
    signing::Input,
};

/// A parsed private key: that of the library, and again that for a mu, which the library lacks.
pub(crate) struct MlDsaPrivateKey {
    key: PqdsaKeyPair,
    mu_key: ffi::Key,
}

impl MlDsaPrivateKey {
    pub(crate) fn generate_pkcs8(spec: KeyPairSpec) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        let (_, signing, _) = parameters(spec)?;
        pkcs8(&PqdsaKeyPair::generate(signing).map_err(|_| CryptoError::Library)?)
    }

    pub(crate) fn from_pkcs8(spec: KeyPairSpec, der: &[u8]) -> Result<Self, CryptoError> {
        let (set, signing, _) = parameters(spec)?;
        let key = PqdsaKeyPair::from_pkcs8(signing, der).map_err(|_| CryptoError::NotThisSpec)?;
        // A key without its seed has no encoding.
        let seed = pkcs8(&key).map_err(|_| CryptoError::NotThisSpec)?;
        let mu_key = ffi::Key::from_pkcs8(&seed).ok_or(CryptoError::Library)?;
        if mu_key.parameters() != Some(set) {
            return Err(CryptoError::Library);
        }
        Ok(Self { key, mu_key })
    }

    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        pkcs8(&self.key)
    }

    pub(crate) fn spki(&self) -> Result<Vec<u8>, CryptoError> {
        let der: PublicKeyX509Der<'_> =
            self.key.public_key().as_der().map_err(|_| CryptoError::Library)?;
        Ok(der.as_ref().to_vec())
    }

    pub(crate) fn sign(&self, input: &Input<'_>) -> Result<Vec<u8>, CryptoError> {
        let signature_bytes = self.key.algorithm().signature_len();
        match input {
            Input::Message(message) => {
                let mut signature = vec![0; signature_bytes];
                self.key.sign(message, &mut signature).map_err(|_| CryptoError::Library)?;
                Ok(signature)
            }
            Input::Mu(mu) => self.mu_key.sign_mu(mu, signature_bytes).ok_or(CryptoError::Library),
            Input::Digest(_) | Input::Ed25519Ph(_) => Err(CryptoError::AlgorithmUnsuited),
        }
    }
}

fn pkcs8(key: &PqdsaKeyPair) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let document = key.to_pkcs8v1().map_err(|_| CryptoError::Library)?;
    Ok(Zeroizing::new(document.as_ref().to_vec()))
}

/// A parsed public key.
pub(crate) struct MlDsaPublicKey {
    key: ParsedPublicKey,
    mu_key: ffi::Key,
}

impl MlDsaPublicKey {
    pub(crate) fn from_spki(spec: KeyPairSpec, der: &[u8]) -> Result<Self, CryptoError> {
        let (set, _, verification) = parameters(spec)?;
        let key =
            ParsedPublicKey::new(verification, der).map_err(|_| CryptoError::InvalidPublicKey)?;
        let mu_key = ffi::Key::from_spki(der).ok_or(CryptoError::InvalidPublicKey)?;
        if mu_key.parameters() != Some(set) {
            return Err(CryptoError::InvalidPublicKey);
        }
        Ok(Self { key, mu_key })
    }

    pub(crate) fn verify(&self, input: &Input<'_>, signature: &[u8]) -> Result<(), CryptoError> {
        let is_valid = match input {
            Input::Message(message) => self.key.verify_sig(message, signature).is_ok(),
            Input::Mu(mu) => self.mu_key.verify_mu(mu, signature),
            Input::Digest(_) | Input::Ed25519Ph(_) => return Err(CryptoError::AlgorithmUnsuited),
        };
        if is_valid { Ok(()) } else { Err(CryptoError::InvalidSignature) }
    }
}

fn parameters(
    spec: KeyPairSpec,
) -> Result<
    (ParameterSet, &'static PqdsaSigningAlgorithm, &'static PqdsaVerificationAlgorithm),
    CryptoError,
> {
    match spec {
        KeyPairSpec::MlDsa44 => {
            Ok((ParameterSet::MlDsa44, &signature::ML_DSA_44_SIGNING, &signature::ML_DSA_44))
        }
        KeyPairSpec::MlDsa65 => {
            Ok((ParameterSet::MlDsa65, &signature::ML_DSA_65_SIGNING, &signature::ML_DSA_65))
        }
        KeyPairSpec::MlDsa87 => {
            Ok((ParameterSet::MlDsa87, &signature::ML_DSA_87_SIGNING, &signature::ML_DSA_87))
        }
        _ => Err(CryptoError::AlgorithmUnsuited),
    }
}
