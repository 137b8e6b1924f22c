//! What OpenSSL and python cryptography made: it opens, verifies and decrypts here.
//!
//! `outside/check.py make` wrote the fixtures; with `outside/check.py check`, the same partners
//! check what the example `outside` writes.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, outside of `#[test]` functions too"
)]

mod support;

use serde_json::Value;
use support::{bytes, fixtures, key, signing_algorithm, spec};
use trent_crypto::{
    CryptoError,
    key_pair::{KeyPair, PublicKey},
    key_wrap::{self, WrappingAlgorithm},
    mac::{MacAlgorithm, MacKey},
    rsa::EncryptionAlgorithm,
    signing::Message,
};

fn each(name: &str, count: usize, check: impl Fn(&Value)) {
    let fixtures = fixtures();
    let cases = fixtures[name].as_array().unwrap();
    assert_eq!(cases.len(), count, "{name}");
    cases.iter().for_each(check);
}

#[test]
fn keys_have_the_same_encodings() {
    each("keys", 13, |case| {
        let spec = spec(case["spec"].as_str().unwrap());
        let (pkcs8, spki) = (bytes(&case["pkcs8"]), bytes(&case["spki"]));
        let key = KeyPair::import_pkcs8(spec, &pkcs8).unwrap();
        assert_eq!(key.spec(), spec);
        assert_eq!(key.public_key(), spki, "{spec:?}");
        assert_eq!(*key.to_pkcs8().unwrap(), pkcs8, "{spec:?}");
        assert_eq!(PublicKey::from_spki(spec, &spki).unwrap().as_spki(), spki);
    });
}

#[test]
fn signatures_are_verified() {
    each("signatures", 27, |case| {
        let spec = spec(case["spec"].as_str().unwrap());
        let algorithm = signing_algorithm(case["algorithm"].as_str().unwrap());
        let (message, mut signature) = (bytes(&case["message"]), bytes(&case["signature"]));
        let mu = case.get("mu").map(bytes);
        let digest = support::digest(algorithm, &message);
        let mut messages = Vec::new();
        if algorithm != trent_crypto::signing::SigningAlgorithm::Ed25519PhSha512 {
            messages.push(Message::Raw(&message));
        }
        messages.extend(digest.as_ref().map(|digest| Message::Digest(digest)));
        messages.extend(mu.as_ref().map(|mu| Message::ExternalMu(mu)));

        for message in &messages {
            assert_eq!(key(spec).verify(algorithm, *message, &signature), Ok(()), "{case}");
        }
        signature[20] ^= 1;
        for message in &messages {
            let result = key(spec).verify(algorithm, *message, &signature);
            assert_eq!(result, Err(CryptoError::InvalidSignature), "{case}");
        }
    });
}

#[test]
fn rsa_ciphertexts_are_decrypted() {
    each("ciphertexts", 18, |case| {
        let key = key(spec(case["spec"].as_str().unwrap()));
        let (algorithm, other) = match case["algorithm"].as_str().unwrap() {
            "RsaesOaepSha1" => {
                (EncryptionAlgorithm::RsaesOaepSha1, EncryptionAlgorithm::RsaesOaepSha256)
            }
            _ => (EncryptionAlgorithm::RsaesOaepSha256, EncryptionAlgorithm::RsaesOaepSha1),
        };
        let ciphertext = bytes(&case["ciphertext"]);
        assert_eq!(*key.decrypt(algorithm, &ciphertext).unwrap(), bytes(&case["plaintext"]));
        let error = key.decrypt(other, &ciphertext).unwrap_err();
        assert_eq!(error, CryptoError::InvalidCiphertext);
    });
}

#[test]
fn secrets_are_shared() {
    each("agreements", 3, |case| {
        let key = key(spec(case["spec"].as_str().unwrap()));
        let secret = key.derive_shared_secret(&bytes(&case["peer"])).unwrap();
        assert_eq!(*secret, bytes(&case["secret"]));
    });
    each("encapsulations", 2, |case| {
        let key = key(spec(case["spec"].as_str().unwrap()));
        let secret = key.decapsulate(&bytes(&case["ciphertext"])).unwrap();
        assert_eq!(*secret, bytes(&case["secret"]));
    });
}

#[test]
fn wrapped_material_is_unwrapped() {
    each("wrapped", 48, |case| {
        let key = key(spec(case["spec"].as_str().unwrap()));
        let algorithm = match case["algorithm"].as_str().unwrap() {
            "RsaesOaepSha1" => WrappingAlgorithm::RsaesOaepSha1,
            "RsaesOaepSha256" => WrappingAlgorithm::RsaesOaepSha256,
            "RsaAesKeyWrapSha1" => WrappingAlgorithm::RsaAesKeyWrapSha1,
            _ => WrappingAlgorithm::RsaAesKeyWrapSha256,
        };
        let mut wrapped = bytes(&case["wrapped"]);
        let material = key_wrap::unwrap(&key, algorithm, &wrapped).unwrap();
        assert_eq!(*material, bytes(&case["material"]));

        for index in [0, wrapped.len() / 2, wrapped.len() - 1] {
            wrapped[index] ^= 1;
            let error = key_wrap::unwrap(&key, algorithm, &wrapped).unwrap_err();
            assert_eq!(error, CryptoError::InvalidCiphertext);
            wrapped[index] ^= 1;
        }
    });
}

/// Identities are stored, so they must never change.
#[test]
fn identities_are_stable() {
    each("identities", 13, |case| {
        let key = key(spec(case["spec"].as_str().unwrap()));
        let key_id = bytes(&case["key_id"]).try_into().unwrap();
        assert_eq!(key.id(&key_id).unwrap().as_slice(), bytes(&case["id"]), "{case}");
    });
    each("mac_identities", 8, |case| {
        let name = case["algorithm"].as_str().unwrap();
        let mut algorithms = MacAlgorithm::ALL.into_iter();
        let algorithm = algorithms.find(|one| format!("{one:?}") == name).unwrap();
        let key = MacKey::from_bytes(algorithm, &bytes(&case["key"])).unwrap();
        let key_id = bytes(&case["key_id"]).try_into().unwrap();
        assert_eq!(key.id(&key_id).as_slice(), bytes(&case["id"]), "{case}");
    });
}

#[test]
fn unusual_keys_are_imported() {
    each("imports", 8, |case| {
        let (name, spec) = (&case["name"], spec(case["spec"].as_str().unwrap()));
        let imported = KeyPair::import_pkcs8(spec, &bytes(&case["pkcs8"])).unwrap();
        let again = KeyPair::from_pkcs8(spec, &imported.to_pkcs8().unwrap()).unwrap();
        assert_eq!(imported.public_key(), again.public_key(), "{name}");
        assert_eq!(imported.id(&[1; 16]), again.id(&[1; 16]), "{name}");
        if case.get("same").is_some() {
            assert_eq!(imported.to_pkcs8().unwrap(), key(spec).to_pkcs8().unwrap(), "{name}");
            assert_eq!(imported.public_key(), key(spec).public_key(), "{name}");
            assert_eq!(imported.id(&[1; 16]), key(spec).id(&[1; 16]), "{name}");
        }
    });
}

#[test]
fn what_is_no_key_is_refused() {
    each("refused", 17, |case| {
        let (name, spec) = (&case["name"], spec(case["spec"].as_str().unwrap()));
        let pkcs8 = bytes(&case["pkcs8"]);
        let error = KeyPair::import_pkcs8(spec, &pkcs8).err();
        assert_eq!(error, Some(CryptoError::NotThisSpec), "{name}");
        let is_parsed = KeyPair::from_pkcs8(spec, &pkcs8).is_ok();
        assert_eq!(is_parsed, case["by_pair"].as_bool().unwrap(), "{name}");
    });
}
