//! Sealed things: nothing but what was sealed is opened, and only where it belongs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use trent_crypto::store_key::{Purpose, Sealer, StoreKey};
use trent_fuzz::{hex, vectors};

struct Case {
    /// Of the purpose, then of the others.
    sealers: [Sealer; 3],
    associated: Vec<Vec<u8>>,
    sealed: Vec<u8>,
}

static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let json = include_str!("../../crates/crypto/tests/golden/sealed_1.json");
    vectors(json).as_array().unwrap().iter().map(case).collect()
});

fn case(case: &serde_json::Value) -> Case {
    let root = StoreKey::from_bytes(&hex(&case["root_key"])).unwrap();
    let purposes = match case["purpose"].as_str() {
        Some("record") => [Purpose::Record, Purpose::KeyMaterial, Purpose::Marker],
        Some("key material") => [Purpose::KeyMaterial, Purpose::Record, Purpose::Marker],
        Some("marker") => [Purpose::Marker, Purpose::Record, Purpose::KeyMaterial],
        other => panic!("unknown purpose {other:?}"),
    };
    Case {
        sealers: purposes.map(|purpose| root.sealer(purpose).clone()),
        associated: case["associated"].as_array().unwrap().iter().map(hex).collect(),
        sealed: hex(&case["sealed"]),
    }
}

fuzz_target!(|data: &[u8]| {
    for case in &*CASES {
        let parts: Vec<&[u8]> = case.associated.iter().map(Vec::as_slice).collect();
        let [right, others @ ..] = &case.sealers;
        assert_eq!(right.open(&parts, data).is_ok(), data == case.sealed);
        assert!(others.iter().all(|other| other.open(&parts, data).is_err()));
        let elsewhere = [parts.as_slice(), &[data]].concat();
        assert!(right.open(&elsewhere, data).is_err());
    }
});
