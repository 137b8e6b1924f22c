//! Ciphertext blobs: nothing but what was encrypted is decrypted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use trent_crypto::ciphertext_blob::{BLOB_BYTES_MAX, OVERHEAD_BYTES, decrypt, encrypt, header};
use trent_crypto::key_material::SymmetricKey;
use trent_fuzz::{hex, vectors};

struct Case {
    key: SymmetricKey,
    context: BTreeMap<String, String>,
    blob: Vec<u8>,
}

static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let json = include_str!("../../crates/crypto/tests/golden/ciphertext_blobs_1.json");
    let case = |case: &serde_json::Value| Case {
        key: SymmetricKey::from_bytes(&hex(&case["key_material"])).unwrap(),
        context: serde_json::from_value(case["context"].clone()).unwrap(),
        blob: hex(&case["blob"]),
    };
    vectors(json).as_array().unwrap().iter().map(case).collect()
});

fuzz_target!(|data: &[u8]| {
    let header = header(data);
    for case in &*CASES {
        let plaintext = decrypt(&case.key, data, &case.context);
        assert_eq!(plaintext.is_ok(), data == case.blob);
    }
    // What may be a header may be one of a blob of ours; what is encrypted is decrypted.
    let case = &CASES[0];
    if let (Ok(header), true) = (header, data.len() <= BLOB_BYTES_MAX - OVERHEAD_BYTES) {
        let text = String::from_utf8_lossy(data).into_owned();
        let context = BTreeMap::from([(text.clone(), text)]);
        let blob = encrypt(&case.key, &header, &context, data).unwrap();
        assert_eq!(*decrypt(&case.key, &blob, &context).unwrap(), data);
        assert!(decrypt(&case.key, &blob, &BTreeMap::new()).is_err());
    }
});
