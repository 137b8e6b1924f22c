//! What several of these tests need.

#![expect(dead_code, reason = "each test uses a part")]

use aws_lc_rs::digest;
use trent_crypto::{
    key_pair::{KeyPair, KeyPairSpec},
    signing::SigningAlgorithm,
};

/// A key spec by the name of its variant.
pub(crate) fn spec(name: &str) -> KeyPairSpec {
    *KeyPairSpec::ALL.iter().find(|spec| format!("{spec:?}") == name).unwrap()
}

/// A signing algorithm by the name of its variant.
pub(crate) fn signing_algorithm(name: &str) -> SigningAlgorithm {
    *SigningAlgorithm::ALL.iter().find(|algorithm| format!("{algorithm:?}") == name).unwrap()
}

/// A value in DER with this tag.
pub(crate) fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = u16::try_from(content.len()).unwrap().to_be_bytes();
    let length = match content.len() {
        0..=0x7f => vec![len[1]],
        0x80..=0xff => vec![0x81, len[1]],
        _ => vec![0x82, len[0], len[1]],
    };
    [&[tag], length.as_slice(), content].concat()
}

/// The PKCS#8 document of a private key on a curve, without public key (RFC 5915, RFC 5958).
pub(crate) fn ecc_pkcs8(spec: KeyPairSpec, private_key: &[u8]) -> Vec<u8> {
    let curve: &[u8] = match spec {
        KeyPairSpec::EccNistP256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
        KeyPairSpec::EccNistP384 => &[0x2b, 0x81, 4, 0, 0x22],
        KeyPairSpec::EccNistP521 => &[0x2b, 0x81, 4, 0, 0x23],
        KeyPairSpec::EccSecgP256k1 => &[0x2b, 0x81, 4, 0, 0x0a],
        other => panic!("{other:?} is no curve"),
    };
    let ec_public_key = [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    let algorithm = der(0x30, &[der(6, &ec_public_key), der(6, curve)].concat());
    let key = der(0x30, &[der(2, &[1]), der(4, private_key)].concat());
    der(0x30, &[der(2, &[0]), algorithm, der(4, &key)].concat())
}

/// The PKCS#8 document of a seed of ML-DSA (RFC 9881) or ML-KEM (RFC 9935).
pub(crate) fn seed_pkcs8(spec: KeyPairSpec, seed: &[u8]) -> Vec<u8> {
    let oid = post_quantum_oid(spec);
    let key = der(4, &der(0x80, seed));
    der(0x30, &[der(2, &[0]), der(0x30, &der(6, &oid)), key].concat())
}

/// The `SubjectPublicKeyInfo` of a public key of ML-DSA or ML-KEM.
pub(crate) fn post_quantum_spki(spec: KeyPairSpec, key: &[u8]) -> Vec<u8> {
    let oid = post_quantum_oid(spec);
    der(0x30, &[der(0x30, &der(6, &oid)), der(3, &[&[0], key].concat())].concat())
}

fn post_quantum_oid(spec: KeyPairSpec) -> [u8; 9] {
    let (arc, set) = match spec {
        KeyPairSpec::MlDsa44 => (3, 17),
        KeyPairSpec::MlDsa65 => (3, 18),
        KeyPairSpec::MlDsa87 => (3, 19),
        KeyPairSpec::MlKem512 => (4, 1),
        KeyPairSpec::MlKem768 => (4, 2),
        KeyPairSpec::MlKem1024 => (4, 3),
        other => panic!("{other:?} is not post-quantum"),
    };
    [0x60, 0x86, 0x48, 1, 0x65, 3, 4, arc, set]
}

/// The fixture of a key pair of this spec, made by others.
pub(crate) fn key(spec: KeyPairSpec) -> KeyPair {
    let fixtures = fixtures();
    let name = format!("{spec:?}");
    let key = fixtures["keys"].as_array().unwrap().iter().find(|key| key["spec"] == name).unwrap();
    KeyPair::import_pkcs8(spec, &bytes(&key["pkcs8"])).unwrap()
}

/// What `outside/check.py make` wrote.
pub(crate) fn fixtures() -> serde_json::Value {
    serde_json::from_str(include_str!("../outside/fixtures.json")).unwrap()
}

/// The bytes of a string of hexadecimal digits.
pub(crate) fn bytes(value: &serde_json::Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

/// The digest of `message` for [`trent_crypto::signing::Message::Digest`], if there is one.
pub(crate) fn digest(algorithm: SigningAlgorithm, message: &[u8]) -> Option<Vec<u8>> {
    let hash = match algorithm {
        SigningAlgorithm::RsassaPssSha256
        | SigningAlgorithm::RsassaPkcs1V15Sha256
        | SigningAlgorithm::EcdsaSha256 => &digest::SHA256,
        SigningAlgorithm::RsassaPssSha384
        | SigningAlgorithm::RsassaPkcs1V15Sha384
        | SigningAlgorithm::EcdsaSha384 => &digest::SHA384,
        SigningAlgorithm::RsassaPssSha512
        | SigningAlgorithm::RsassaPkcs1V15Sha512
        | SigningAlgorithm::EcdsaSha512
        | SigningAlgorithm::Ed25519PhSha512 => &digest::SHA512,
        SigningAlgorithm::Ed25519Sha512 | SigningAlgorithm::MlDsaShake256 => return None,
    };
    Some(digest::digest(hash, message).as_ref().to_vec())
}
