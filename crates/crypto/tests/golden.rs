//! What was once encrypted or sealed opens for ever.
//!
//! The files under `golden/` were written once, by `examples/golden.rs`, and are never changed; a
//! new format adds new files. `golden/check.py` checks the same files without this crate.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, outside of `#[test]` functions too"
)]

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;
use trent_crypto::{
    CryptoError,
    ciphertext_blob::{self, Header},
    key_material::SymmetricKey,
    store_key::{Purpose, StoreKey},
};

#[test]
fn golden_blobs_are_decrypted() {
    let cases = cases("ciphertext_blobs_1.json");
    assert_eq!(cases.len(), 7);
    for case in cases {
        let name = &case["name"];
        let key = SymmetricKey::from_bytes(&bytes(&case["key_material"])).unwrap();
        let key_id = bytes(&case["key_id"]).try_into().unwrap();
        let id = key.id(&key_id);
        assert_eq!(id.as_slice(), bytes(&case["key_material_id"]), "{name}");

        let blob = bytes(&case["blob"]);
        let header = Header {
            multi_region: case["multi_region"].as_bool().unwrap(),
            key_id,
            material: *id.first_chunk().unwrap(),
        };
        assert_eq!(ciphertext_blob::header(&blob), Ok(header), "{name}");

        let mut context: BTreeMap<String, String> =
            serde_json::from_value(case["context"].clone()).unwrap();
        let plaintext = ciphertext_blob::decrypt(&key, &blob, &context).unwrap();
        assert_eq!(*plaintext, bytes(&case["plaintext"]), "{name}");

        context.insert("more".to_owned(), "x".to_owned());
        let error = ciphertext_blob::decrypt(&key, &blob, &context).unwrap_err();
        assert_eq!(error, CryptoError::InvalidCiphertext, "{name}");
    }
}

#[test]
fn golden_sealed_things_are_opened() {
    let cases = cases("sealed_1.json");
    assert_eq!(cases.len(), 6);
    for case in cases {
        let name = &case["name"];
        let root = StoreKey::from_bytes(&bytes(&case["root_key"])).unwrap();
        assert_eq!(root.id().to_string(), case["root_key_id"], "{name}");

        let purpose = match case["purpose"].as_str().unwrap() {
            "record" => Purpose::Record,
            "key material" => Purpose::KeyMaterial,
            "marker" => Purpose::Marker,
            "backup" => Purpose::Backup,
            other => panic!("unknown purpose `{other}`"),
        };
        let parts: Vec<Vec<u8>> =
            case["associated"].as_array().unwrap().iter().map(bytes).collect();
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let opened = root.sealer(purpose).open(&parts, &bytes(&case["sealed"])).unwrap();
        assert_eq!(*opened, bytes(&case["plaintext"]), "{name}");
    }
}

fn cases(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The bytes of a string of hexadecimal digits.
fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}
