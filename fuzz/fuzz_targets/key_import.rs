//! Keys from outside: private keys in DER and PEM, public keys, wrapped key material, and what is
//! given to a key pair to work on. The first byte says which of these, the second the spec.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use trent_crypto::key_pair::{KeyPair, KeyPairSpec, PublicKey};
use trent_crypto::key_wrap::{self, WrappingAlgorithm};
use trent_crypto::private_key_pem;
use trent_crypto::recipient::RecipientKey;
use trent_crypto::rsa::EncryptionAlgorithm;
use trent_crypto::signing::{Message, SigningAlgorithm};
use trent_fuzz::{hex, vectors};

/// A key pair of each spec that the vectors have.
static PAIRS: LazyLock<BTreeMap<String, KeyPair>> = LazyLock::new(|| {
    let json = vectors(include_str!("../../crates/crypto/tests/outside/fixtures.json"));
    let pair = |key: &serde_json::Value| {
        let name = key["spec"].as_str().unwrap();
        let spec = KeyPairSpec::ALL.into_iter().find(|spec| format!("{spec:?}") == name);
        (name.to_owned(), KeyPair::from_pkcs8(spec.unwrap(), &hex(&key["pkcs8"])).unwrap())
    };
    json["keys"].as_array().unwrap().iter().map(pair).collect()
});

fuzz_target!(|data: &[u8]| {
    let Some((&[kind, spec], bytes)) = data.split_first_chunk() else { return };
    let wrapping = WRAPPING[usize::from(spec) % WRAPPING.len()];
    let signing = SIGNING[usize::from(spec) / KeyPairSpec::ALL.len() % SIGNING.len()];
    let spec = KeyPairSpec::ALL[usize::from(spec) % KeyPairSpec::ALL.len()];
    let pair = PAIRS.get(&format!("{spec:?}"));
    match kind % 8 {
        0 => {
            let Ok(pair) = KeyPair::import_pkcs8(spec, bytes) else { return };
            check(&pair);
        }
        1 => {
            let Ok(public) = PublicKey::from_spki(spec, bytes) else { return };
            let again = PublicKey::from_spki(spec, public.as_spki()).unwrap();
            assert_eq!(again.as_spki(), public.as_spki());
            let _ = public.encapsulate();
            let _ = public.encrypt(EncryptionAlgorithm::RsaesOaepSha256, b"x");
        }
        2 => {
            let Some(pair) = PAIRS.get("Rsa2048") else { return };
            let _ = key_wrap::unwrap(pair, wrapping, bytes);
        }
        3 => {
            let _ = RecipientKey::from_spki(bytes);
        }
        4 => {
            let _ = pair.map(|pair| pair.derive_shared_secret(bytes));
        }
        5 => {
            let _ = pair.map(|pair| pair.decapsulate(bytes));
            let _ = pair.map(|pair| pair.decrypt(EncryptionAlgorithm::RsaesOaepSha1, bytes));
        }
        6 => {
            let verified = pair.map(|pair| pair.verify(signing, Message::Raw(b"x"), bytes));
            assert!(verified.is_none_or(|verified| verified.is_err()), "a forged signature");
        }
        _ => {
            let Ok(text) = std::str::from_utf8(bytes) else { return };
            let Ok(pair) = private_key_pem::key_pair(text, &KeyPairSpec::ALL) else { return };
            check(&pair);
        }
    }
});

/// What was taken is written and read again as the same key.
fn check(pair: &KeyPair) {
    let pkcs8 = pair.to_pkcs8().unwrap();
    let again = KeyPair::import_pkcs8(pair.spec(), &pkcs8).unwrap();
    assert_eq!(again.public_key(), pair.public_key());
    assert_eq!(again.to_pkcs8().unwrap(), pkcs8);
}

const WRAPPING: [WrappingAlgorithm; 4] = [
    WrappingAlgorithm::RsaesOaepSha1,
    WrappingAlgorithm::RsaesOaepSha256,
    WrappingAlgorithm::RsaAesKeyWrapSha1,
    WrappingAlgorithm::RsaAesKeyWrapSha256,
];

const SIGNING: [SigningAlgorithm; 7] = [
    SigningAlgorithm::RsassaPssSha256,
    SigningAlgorithm::RsassaPkcs1V15Sha256,
    SigningAlgorithm::EcdsaSha256,
    SigningAlgorithm::EcdsaSha384,
    SigningAlgorithm::EcdsaSha512,
    SigningAlgorithm::Ed25519Sha512,
    SigningAlgorithm::MlDsaShake256,
];
