//! Key specs and algorithms of the API in the words of the crates below, and new key material.

use crate::error::from_key_store;
use crate::service::Service;
use trent_api::KmsError;
use trent_api::enums::{DataKeyPairSpec, EncryptionAlgorithmSpec, KeySpec, SigningAlgorithmSpec};
use trent_core::key_material::Sealed;
use trent_core::{KeyId, KeyMaterial, KeyMaterialId};
use trent_crypto::key_pair::{KeyPair, KeyPairSpec};
use trent_crypto::mac::MacAlgorithm;
use trent_crypto::rsa::EncryptionAlgorithm;
use trent_crypto::signing::SigningAlgorithm;
use trent_keystore::materials::MaterialSpec;
use trent_keystore::software::NewKeyMaterial;

impl Service {
    /// New random key material for a key. Never made on the threads that answer requests when it
    /// takes long.
    pub(crate) async fn new_material(
        &self,
        spec: MaterialSpec,
        key_id: KeyId,
    ) -> Result<NewKeyMaterial, KmsError> {
        let key_store = self.key_store.clone();
        let make = move || key_store.generate(spec, key_id.as_bytes());
        let made = match spec {
            MaterialSpec::KeyPair(_) => self.off_thread(make).await?,
            MaterialSpec::Mac(_) | MaterialSpec::Symmetric => make(),
        };
        made.map_err(from_key_store)
    }

    /// A new key pair that is not kept.
    pub(crate) async fn new_key_pair(&self, spec: KeyPairSpec) -> Result<KeyPair, KmsError> {
        self.off_thread(move || KeyPair::generate(spec)).await?.map_err(KmsError::internal)
    }

    /// Runs what takes long beside the threads that answer requests, as much of it at the same
    /// time as leaves these a processor.
    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, KmsError> {
        let _place = self.slow_work.acquire().await.map_err(KmsError::internal)?;
        tokio::task::spawn_blocking(work).await.map_err(KmsError::internal)
    }
}

/// The material of a key, as it is stored.
pub(crate) fn stored(new: NewKeyMaterial, now: jiff::Timestamp) -> KeyMaterial {
    let public_key = new.public_key.map(Sealed);
    KeyMaterial { public_key, ..KeyMaterial::new(KeyMaterialId(new.id), Sealed(new.sealed), now) }
}

/// The kind of key material of a spec; none for what is not supported (SM2, of China Regions).
pub(crate) fn material_spec(spec: KeySpec) -> Option<MaterialSpec> {
    use KeyPairSpec as P;
    use MaterialSpec::{KeyPair, Mac};
    Some(match spec {
        KeySpec::SymmetricDefault => MaterialSpec::Symmetric,
        KeySpec::Rsa2048 => KeyPair(P::Rsa2048),
        KeySpec::Rsa3072 => KeyPair(P::Rsa3072),
        KeySpec::Rsa4096 => KeyPair(P::Rsa4096),
        KeySpec::EccNistP256 => KeyPair(P::EccNistP256),
        KeySpec::EccNistP384 => KeyPair(P::EccNistP384),
        KeySpec::EccNistP521 => KeyPair(P::EccNistP521),
        KeySpec::EccSecgP256k1 => KeyPair(P::EccSecgP256k1),
        KeySpec::EccNistEdwards25519 => KeyPair(P::EccNistEdwards25519),
        KeySpec::MlDsa44 => KeyPair(P::MlDsa44),
        KeySpec::MlDsa65 => KeyPair(P::MlDsa65),
        KeySpec::MlDsa87 => KeyPair(P::MlDsa87),
        KeySpec::MlKem512 => KeyPair(P::MlKem512),
        KeySpec::MlKem768 => KeyPair(P::MlKem768),
        KeySpec::MlKem1024 => KeyPair(P::MlKem1024),
        KeySpec::Hmac224 => Mac(MacAlgorithm::HmacSha224),
        KeySpec::Hmac256 => Mac(MacAlgorithm::HmacSha256),
        KeySpec::Hmac384 => Mac(MacAlgorithm::HmacSha384),
        KeySpec::Hmac512 => Mac(MacAlgorithm::HmacSha512),
        KeySpec::Sm2 => return None,
    })
}

/// The spec of a data key pair; none for SM2.
pub(crate) fn key_pair_spec(spec: DataKeyPairSpec) -> Option<KeyPairSpec> {
    key_pair_spec_of(KeySpec::from_name(spec.as_str())?)
}

/// The key pair of a key spec; none for those that have no key pair, and for SM2.
pub(crate) fn key_pair_spec_of(spec: KeySpec) -> Option<KeyPairSpec> {
    match material_spec(spec)? {
        MaterialSpec::KeyPair(spec) => Some(spec),
        MaterialSpec::Mac(_) | MaterialSpec::Symmetric => None,
    }
}

/// The signing algorithm; none for SM2.
pub(crate) fn signing_algorithm(algorithm: SigningAlgorithmSpec) -> Option<SigningAlgorithm> {
    use SigningAlgorithm as S;
    use SigningAlgorithmSpec as A;
    Some(match algorithm {
        A::RsassaPssSha256 => S::RsassaPssSha256,
        A::RsassaPssSha384 => S::RsassaPssSha384,
        A::RsassaPssSha512 => S::RsassaPssSha512,
        A::RsassaPkcs1V15Sha256 => S::RsassaPkcs1V15Sha256,
        A::RsassaPkcs1V15Sha384 => S::RsassaPkcs1V15Sha384,
        A::RsassaPkcs1V15Sha512 => S::RsassaPkcs1V15Sha512,
        A::EcdsaSha256 => S::EcdsaSha256,
        A::EcdsaSha384 => S::EcdsaSha384,
        A::EcdsaSha512 => S::EcdsaSha512,
        A::MlDsaShake256 => S::MlDsaShake256,
        A::Ed25519Sha512 => S::Ed25519Sha512,
        A::Ed25519PhSha512 => S::Ed25519PhSha512,
        A::Sm2dsa => return None,
    })
}

/// The algorithm of an RSA key; none for others.
pub(crate) fn rsa_algorithm(algorithm: EncryptionAlgorithmSpec) -> Option<EncryptionAlgorithm> {
    match algorithm {
        EncryptionAlgorithmSpec::RsaesOaepSha1 => Some(EncryptionAlgorithm::RsaesOaepSha1),
        EncryptionAlgorithmSpec::RsaesOaepSha256 => Some(EncryptionAlgorithm::RsaesOaepSha256),
        EncryptionAlgorithmSpec::SymmetricDefault | EncryptionAlgorithmSpec::Sm2pke => None,
    }
}
