//! Attestation documents, and roots in PEM: nothing but the one genuine document is believed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use trent_crypto::attestation::{Attestation, Roots, verify};
use trent_fuzz::{hex, vectors};

struct Genuine {
    roots: Roots,
    now_ms: u64,
    attestation: Attestation,
}

static GENUINE: LazyLock<Genuine> = LazyLock::new(|| {
    let json = vectors(include_str!("../../crates/crypto/tests/outside/attestation.json"));
    let roots = Roots::from_pem(json["roots_pem"]["root"].as_str().unwrap()).unwrap();
    let now_ms = json["now_ms"].as_u64().unwrap();
    let attestation = verify(&hex(&json["document"]), &roots, now_ms, AGE_MS_MAX).unwrap();
    Genuine { roots, now_ms, attestation }
});

fuzz_target!(|data: &[u8]| {
    // Compared by what it says: what is unsigned may be written in other ways.
    if let Ok(attestation) = verify(data, &GENUINE.roots, GENUINE.now_ms, AGE_MS_MAX) {
        assert_eq!(attestation.module_id, GENUINE.attestation.module_id);
        assert_eq!(attestation.timestamp_ms, GENUINE.attestation.timestamp_ms);
        assert_eq!(attestation.pcrs, GENUINE.attestation.pcrs);
        assert_eq!(attestation.nitrotpm_pcrs, GENUINE.attestation.nitrotpm_pcrs);
        assert_eq!(attestation.nonce, GENUINE.attestation.nonce);
        assert_eq!(attestation.user_data, GENUINE.attestation.user_data);
        assert_eq!(attestation.recipient.as_spki(), GENUINE.attestation.recipient.as_spki());
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Roots::from_pem(text);
    }
});

const AGE_MS_MAX: u64 = 5 * 60 * 1000;
