//! Writes keys, signatures and ciphertexts of every kind for others to check:
//! `cargo run -p trent-crypto --example outside -- FILE`, then
//! `crates/crypto/tests/outside/check.py check FILE`.

use std::{env, error::Error, fs};

use aws_lc_rs::digest;
use serde_json::{Value, json};
use trent_crypto::{
    key_pair::{KeyPair, KeyPairSpec},
    mac::{KEY_BYTES_MAX, MacAlgorithm, MacKey},
    ml_kem, random,
    rsa::EncryptionAlgorithm,
    signing::{Message, SigningAlgorithm},
};

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("usage: outside FILE")?;
    let keys: Vec<KeyPair> =
        KeyPairSpec::ALL.into_iter().map(KeyPair::generate).collect::<Result<_, _>>()?;
    let mut signatures = Vec::new();
    let mut ciphertexts = Vec::new();
    let mut agreements = Vec::new();
    let mut encapsulations = Vec::new();
    for key in &keys {
        signatures.extend(signatures_of(key)?);
        ciphertexts.extend(ciphertexts_of(key)?);
        let spec = format!("{:?}", key.spec());
        if matches!(spec.as_str(), "EccNistP256" | "EccNistP384" | "EccNistP521") {
            let peer = KeyPair::generate(key.spec())?;
            let secret = key.derive_shared_secret(peer.public_key())?;
            agreements.push(
                json!({"spec": spec, "peer": hex::encode(peer.public_key()), "secret": hex::encode(&secret)}),
            );
        }
        if ml_kem::ciphertext_bytes(key.spec()).is_some() {
            let made = key.encapsulate()?;
            let (ciphertext, secret) =
                (hex::encode(&made.ciphertext), hex::encode(&made.shared_secret));
            encapsulations.push(json!({"spec": spec, "ciphertext": ciphertext, "secret": secret}));
        }
    }
    let keys: Vec<Value> = keys
        .iter()
        .map(|key| {
            let (spec, pkcs8) = (format!("{:?}", key.spec()), hex::encode(&key.to_pkcs8()?));
            Ok(json!({"spec": spec, "pkcs8": pkcs8, "spki": hex::encode(key.public_key())}))
        })
        .collect::<Result<_, Box<dyn Error>>>()?;
    let all = json!({
        "keys": keys,
        "signatures": signatures,
        "ciphertexts": ciphertexts,
        "agreements": agreements,
        "encapsulations": encapsulations,
        "macs": macs()?,
    });
    Ok(fs::write(path, serde_json::to_string_pretty(&all)?)?)
}

fn signatures_of(key: &KeyPair) -> Result<Vec<Value>, Box<dyn Error>> {
    let text = b"signed by Trent";
    let mut cases = Vec::new();
    for algorithm in SigningAlgorithm::ALL.into_iter().filter(|one| one.suits(key.spec())) {
        let name = format!("{algorithm:?}");
        let hash = match name.get(name.len() - 3..) {
            Some("256") => &digest::SHA256,
            Some("384") => &digest::SHA384,
            _ => &digest::SHA512,
        };
        let digest = digest::digest(hash, text);
        let messages = match algorithm {
            SigningAlgorithm::Ed25519Sha512 | SigningAlgorithm::MlDsaShake256 => {
                vec![("RAW", Message::Raw(text))]
            }
            SigningAlgorithm::Ed25519PhSha512 => vec![("DIGEST", Message::Digest(digest.as_ref()))],
            _ => vec![("RAW", Message::Raw(text)), ("DIGEST", Message::Digest(digest.as_ref()))],
        };
        for (kind, message) in messages {
            let signature = key.sign(algorithm, message)?;
            cases.push(json!({
                "spec": format!("{:?}", key.spec()),
                "algorithm": name,
                "type": kind,
                "message": hex::encode(text),
                "signature": hex::encode(&signature),
            }));
        }
    }
    Ok(cases)
}

fn ciphertexts_of(key: &KeyPair) -> Result<Vec<Value>, Box<dyn Error>> {
    let mut cases = Vec::new();
    for algorithm in [EncryptionAlgorithm::RsaesOaepSha1, EncryptionAlgorithm::RsaesOaepSha256] {
        let Some(max) = algorithm.plaintext_bytes_max(key.spec()) else { continue };
        for len in [0, 1, max] {
            let plaintext = random::bytes(len)?;
            cases.push(json!({
                "spec": format!("{:?}", key.spec()),
                "algorithm": format!("{algorithm:?}"),
                "plaintext": hex::encode(&plaintext),
                "ciphertext": hex::encode(&key.encrypt(algorithm, &plaintext)?),
            }));
        }
    }
    Ok(cases)
}

fn macs() -> Result<Vec<Value>, Box<dyn Error>> {
    let mut cases = Vec::new();
    for algorithm in MacAlgorithm::ALL {
        for len in [algorithm.bytes(), 65, KEY_BYTES_MAX] {
            let key = MacKey::from_bytes(algorithm, &random::bytes(len)?)?;
            cases.push(json!({
                "algorithm": format!("{algorithm:?}"),
                "key": hex::encode(key.as_bytes()),
                "message": hex::encode(b"message"),
                "mac": hex::encode(key.generate_mac(b"message")),
            }));
        }
    }
    Ok(cases)
}
