//! Attestation documents, and what is encrypted for who made them.
//!
//! `outside/make_attestation.py make` wrote the certificates and one document. Here, other
//! documents are made of them, signed with the key of the certificate `target`.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, outside of `#[test]` functions too"
)]

mod support;

use std::sync::LazyLock;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair},
};
use ciborium::value::Value;
use proptest::{collection, prelude::*, sample::Index};
use trent_crypto::{
    attestation::{
        Attestation, AttestationError, DOCUMENT_BYTES_MAX, FUTURE_MS_MAX, Roots, verify,
    },
    key_pair::KeyPairSpec,
};

const AGE_MS_MAX: u64 = 5 * 60 * 1000;

struct Fixtures {
    json: serde_json::Value,
    now_ms: u64,
    roots: Roots,
    document: Vec<u8>,
    key: EcdsaKeyPair,
}

static FIXTURES: LazyLock<Fixtures> = LazyLock::new(|| {
    let json: serde_json::Value =
        serde_json::from_str(include_str!("outside/attestation.json")).unwrap();
    let key = support::bytes(&json["target_pkcs8"]);
    Fixtures {
        now_ms: json["now_ms"].as_u64().unwrap(),
        roots: Roots::from_pem(json["roots_pem"]["root"].as_str().unwrap()).unwrap(),
        document: support::bytes(&json["document"]),
        key: EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &key).unwrap(),
        json,
    }
});

fn check(document: &[u8]) -> Result<Attestation, AttestationError> {
    verify(document, &FIXTURES.roots, FIXTURES.now_ms, AGE_MS_MAX)
}

fn refusal(document: &[u8]) -> Option<AttestationError> {
    check(document).err()
}

fn pem(name: &str) -> &'static str {
    FIXTURES.json["roots_pem"][name].as_str().unwrap()
}

fn certificate(name: &str) -> Value {
    Value::Bytes(support::bytes(&FIXTURES.json["certificates"][name]))
}

fn cbor(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

fn parse(bytes: &[u8]) -> Value {
    ciborium::from_reader(bytes).unwrap()
}

/// The parts of a COSE_Sign1.
fn parts(document: &[u8]) -> Vec<Value> {
    parse(document).into_array().unwrap()
}

/// The payload of the document of the fixtures.
fn payload() -> Vec<(Value, Value)> {
    parse(parts(&FIXTURES.document)[2].as_bytes().unwrap()).into_map().unwrap()
}

/// That payload with other values, without those that have none.
fn payload_with(fields: &[(&str, Option<Value>)]) -> Vec<u8> {
    let mut payload = payload();
    for (name, value) in fields {
        payload.retain(|(key, _)| key.as_text() != Some(name));
        payload.extend(value.iter().map(|value| (Value::from(*name), value.clone())));
    }
    cbor(&Value::Map(payload))
}

fn signed(payload: &[u8]) -> Vec<u8> {
    signed_with(&Value::Map(vec![(1.into(), (-35).into())]), payload)
}

fn signed_with(protected: &Value, payload: &[u8]) -> Vec<u8> {
    let (protected, payload) = (Value::Bytes(cbor(protected)), Value::from(payload));
    let message = cbor(&Value::Array(vec![
        "Signature1".into(),
        protected.clone(),
        Value::Bytes(Vec::new()),
        payload.clone(),
    ]));
    let signature = FIXTURES.key.sign(&SystemRandom::new(), &message).unwrap();
    let empty = Value::Map(Vec::new());
    cbor(&Value::Array(vec![protected, empty, payload, signature.as_ref().into()]))
}

fn with(name: &str, value: Value) -> Vec<u8> {
    signed(&payload_with(&[(name, Some(value))]))
}

fn chained(chain: &[&str], target: &str) -> Vec<u8> {
    let chain = chain.iter().map(|name| certificate(name)).collect();
    signed(&payload_with(&[
        ("cabundle", Some(Value::Array(chain))),
        ("certificate", Some(certificate(target))),
    ]))
}

fn registers(count: u64, bytes: usize) -> Value {
    Value::Map((0..count).map(|i| (i.into(), Value::Bytes(vec![7; bytes]))).collect())
}

#[test]
fn a_document_made_outside_is_accepted() {
    let attestation = check(&FIXTURES.document).unwrap();
    assert_eq!(attestation.module_id, "i-0123456789abcdef0-enc0123456789abcde");
    assert_eq!(attestation.timestamp_ms, FIXTURES.now_ms);
    assert_eq!(attestation.pcrs.keys().copied().collect::<Vec<_>>(), [0, 1, 8]);
    assert_eq!(attestation.pcrs[&0], [0xaa; 48]);
    assert_eq!(attestation.pcrs[&1], [0; 48]);
    assert_eq!(attestation.pcrs[&8], [8; 48]);
    assert!(attestation.nitrotpm_pcrs.is_empty());
    assert_eq!(attestation.nonce.as_deref(), Some(&b"nonce"[..]));
    assert_eq!(attestation.user_data, None);
    let key = support::key(KeyPairSpec::Rsa2048);
    assert_eq!(attestation.recipient.as_spki(), key.public_key());
}

#[test]
fn a_document_may_be_tagged() {
    let tagged = |tag| cbor(&Value::Tag(tag, Box::new(parse(&FIXTURES.document))));
    assert!(check(&tagged(18)).is_ok());
    assert_eq!(refusal(&tagged(98)), Some(AttestationError::Cose));
    let twice = cbor(&Value::Tag(18, Box::new(parse(&tagged(18)))));
    assert_eq!(refusal(&twice), Some(AttestationError::Cose));
}

#[test]
fn the_size_has_bounds() {
    assert_eq!(refusal(&[]), Some(AttestationError::Size));
    let mut long = FIXTURES.document.clone();
    long.resize(DOCUMENT_BYTES_MAX, 0);
    assert_eq!(refusal(&long), Some(AttestationError::Cose));
    long.push(0);
    assert_eq!(refusal(&long), Some(AttestationError::Size));
}

#[test]
fn nothing_follows_a_document_nor_its_payload() {
    let trailing = [&FIXTURES.document[..], &[0]].concat();
    assert_eq!(refusal(&trailing), Some(AttestationError::Cose));
    let payload = [payload_with(&[]), vec![0xf6]].concat();
    assert_eq!(refusal(&signed(&payload)), Some(AttestationError::Payload));
    assert!(check(&signed(&payload_with(&[]))).is_ok());
}

#[test]
fn deep_nesting_is_refused() {
    for opening in [0x81, 0x9f, 0xc6, 0xd2] {
        let nested = vec![opening; DOCUMENT_BYTES_MAX];
        assert_eq!(refusal(&nested), Some(AttestationError::Cose));
        assert_eq!(refusal(&signed(&nested[..100_000])), Some(AttestationError::Payload));
    }
    let promised = [0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    assert_eq!(refusal(&promised), Some(AttestationError::Cose));
    assert_eq!(refusal(&[0x5b; 9]), Some(AttestationError::Cose));
}

#[test]
fn only_es384_and_no_other_header() {
    let alg = |number: i64| (Value::from(1), Value::from(number));
    let protected = [
        vec![],
        vec![alg(-7)],
        vec![alg(-36)],
        vec![alg(-51)],
        vec![alg(-35), (Value::from(2), Value::Array(vec![4.into()]))],
        vec![alg(-35), alg(-35)],
    ];
    for protected in protected {
        let document = signed_with(&Value::Map(protected), &payload_with(&[]));
        assert_eq!(refusal(&document), Some(AttestationError::Algorithm));
    }
    let mut unprotected = parts(&FIXTURES.document);
    unprotected[1] = Value::Map(vec![alg(-35)]);
    assert_eq!(refusal(&cbor(&Value::Array(unprotected))), Some(AttestationError::Algorithm));
}

#[test]
fn a_document_has_four_parts() {
    let good = parts(&FIXTURES.document);
    let mut documents = vec![good[..3].to_vec(), [&good[..], &good[3..]].concat()];
    for i in 0..4 {
        let mut parts = good.clone();
        parts[i] = Value::Null;
        documents.push(parts);
    }
    for document in documents {
        assert_eq!(refusal(&cbor(&Value::Array(document))), Some(AttestationError::Cose));
    }
}

#[test]
fn the_signature_is_that_of_the_target() {
    let mut other = parts(&FIXTURES.document);
    other[3] = parts(&signed(&payload_with(&[("nonce", None)])))[3].clone();
    assert_eq!(refusal(&cbor(&Value::Array(other))), Some(AttestationError::Signature));
    let mut short = parts(&FIXTURES.document);
    short[3] = Value::Bytes(vec![1; 95]);
    assert_eq!(refusal(&cbor(&Value::Array(short))), Some(AttestationError::Signature));
}

#[test]
fn fields_must_be_there() {
    let names = ["module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"];
    for name in names.into_iter().chain(["public_key"]) {
        let refused = Some(AttestationError::Field(name));
        assert_eq!(refusal(&signed(&payload_with(&[(name, None)]))), refused);
        assert_eq!(refusal(&with(name, Value::Null)), refused);
        assert_eq!(refusal(&with(name, Value::Bool(true))), refused);
    }
    for name in ["user_data", "nonce"] {
        assert!(check(&signed(&payload_with(&[(name, None)]))).is_ok());
        assert!(check(&with(name, Value::Null)).is_ok());
        assert_eq!(refusal(&with(name, 1.into())), Some(AttestationError::Field(name)));
    }
}

#[test]
fn fields_have_bounds() {
    let bytes = |len: usize| Value::Bytes(vec![1; len]);
    let list = |len: usize, item: Value| Value::Array(vec![item; len]);
    let negative = Value::Map(vec![((-1).into(), bytes(48))]);
    let twice = Value::Map(vec![(1.into(), bytes(48)), (1.into(), bytes(48))]);
    let index_32 = Value::Map(vec![(32.into(), bytes(48))]);
    let wrong = [
        ("module_id", "".into()),
        ("digest", "SHA256".into()),
        ("timestamp", 0.into()),
        ("timestamp", (-1).into()),
        ("timestamp", Value::Float(1.0)),
        ("pcrs", registers(0, 48)),
        ("pcrs", registers(33, 48)),
        ("pcrs", registers(1, 0)),
        ("pcrs", registers(1, 47)),
        ("pcrs", registers(1, 65)),
        ("pcrs", negative),
        ("pcrs", twice),
        ("pcrs", index_32),
        ("nitrotpm_pcrs", registers(1, 20)),
        ("certificate", bytes(0)),
        ("certificate", bytes(1025)),
        ("cabundle", list(0, bytes(1))),
        ("cabundle", list(17, certificate("root"))),
        ("cabundle", list(1, bytes(0))),
        ("cabundle", list(1, bytes(1025))),
        ("public_key", bytes(0)),
        ("public_key", bytes(1025)),
        ("user_data", bytes(513)),
        ("nonce", bytes(513)),
    ];
    for (name, value) in wrong {
        let document = with(name, value);
        assert_eq!(refusal(&document), Some(AttestationError::Field(name)));
    }
    for bytes in [32, 48, 64] {
        assert_eq!(check(&with("pcrs", registers(32, bytes))).unwrap().pcrs.len(), 32);
    }
    for len in [0, 512] {
        assert_eq!(check(&with("nonce", bytes(len))).unwrap().nonce.unwrap().len(), len);
        assert_eq!(check(&with("user_data", bytes(len))).unwrap().user_data.unwrap().len(), len);
    }
}

#[test]
fn a_payload_is_one_map_of_texts() {
    let other = payload_with(&[("another field", Some(1.into()))]);
    assert!(check(&signed(&other)).is_ok());
    let mut twice = payload();
    twice.push(twice[0].clone());
    let mut number = payload();
    number.push((1.into(), 1.into()));
    for payload in [Value::Map(twice), Value::Map(number), Value::Array(Vec::new())] {
        assert_eq!(refusal(&signed(&cbor(&payload))), Some(AttestationError::Payload));
    }
    assert_eq!(refusal(&signed(&[])), Some(AttestationError::Payload));
}

#[test]
fn registers_of_nitrotpm_are_told_apart() {
    let fields = [("pcrs", None), ("nitrotpm_pcrs", Some(registers(24, 48)))];
    let attestation = check(&signed(&payload_with(&fields))).unwrap();
    assert!(attestation.pcrs.is_empty());
    assert_eq!(attestation.nitrotpm_pcrs.len(), 24);
}

#[test]
fn the_public_key_is_rsa() {
    for spec in KeyPairSpec::ALL.into_iter().filter(|spec| *spec != KeyPairSpec::MlKem512) {
        let key = support::key(spec);
        let document = with("public_key", key.public_key().into());
        if trent_crypto::rsa::ciphertext_bytes(spec).is_some() {
            let attestation = check(&document).unwrap();
            assert_eq!(attestation.recipient.as_spki(), key.public_key());
        } else if key.public_key().len() <= 1024 {
            assert_eq!(refusal(&document), Some(AttestationError::PublicKey), "{spec:?}");
        }
    }
    let key = support::key(KeyPairSpec::Rsa2048);
    let trailing = [key.public_key(), &[0]].concat();
    let refused = Some(AttestationError::PublicKey);
    assert_eq!(refusal(&with("public_key", trailing.into())), refused);
}

#[test]
fn only_configured_roots() {
    let Fixtures { now_ms, document, .. } = &*FIXTURES;
    let other = Roots::from_pem(pem("root_other")).unwrap();
    let refused = Some(AttestationError::UntrustedRoot);
    assert_eq!(verify(document, &other, *now_ms, AGE_MS_MAX).err(), refused);
    let both = [pem("root_other"), "text between\n", pem("root")].concat();
    let both = Roots::from_pem(&both).unwrap();
    assert!(verify(document, &both, *now_ms, AGE_MS_MAX).is_ok());
    for chain in [&["root_other", "zone_of_other", "instance"][..], &["zone", "instance"]] {
        assert_eq!(refusal(&chained(chain, "target")), refused, "{chain:?}");
    }
}

#[test]
fn roots_are_certificates_of_authorities() {
    let root = pem("root");
    let key = root.replace("CERTIFICATE", "PRIVATE KEY");
    let wrong = [
        String::new(),
        "-----BEGIN CERTIFICATE-----".to_owned(),
        root.replace("-----END", "-----"),
        root.replace("MII", "MIJ"),
        pem("target").to_owned(),
        [root, &key].concat(),
        [&key, root].concat(),
        [root, "-----BEGIN CERTIFICATE-----\n"].concat(),
        root.repeat(200),
    ];
    for pem in wrong {
        assert_eq!(Roots::from_pem(&pem).err(), Some(AttestationError::Roots), "{pem}");
    }
}

#[test]
fn the_chain_is_in_order_and_whole() {
    let chains = [
        (&["root", "instance", "zone"][..], "target"),
        (&["root", "instance"], "target"),
        (&["root", "zone"], "target"),
        (&["root"], "target"),
        (&["root", "zone_of_other", "instance"], "target"),
        (&["root", "zone", "instance"], "target_of_zone"),
        (&["root", "zone", "instance"], "target_forged"),
    ];
    for (chain, target) in chains {
        let refusal = refusal(&chained(chain, target));
        // A chain in the wrong order may also have authorities too deep.
        let is_refused =
            matches!(refusal, Some(AttestationError::Chain | AttestationError::CertificateUse));
        assert!(is_refused, "{chain:?} {target}: {refusal:?}");
    }
    assert!(check(&chained(&["root", "zone"], "target_of_zone")).is_ok());
    assert!(check(&chained(&["root", "root", "zone", "instance"], "target")).is_ok());
    let substituted = chained(&["root", "zone", "instance"], "target_substituted");
    assert_eq!(refusal(&substituted), Some(AttestationError::Signature));
}

#[test]
fn certificates_are_for_their_use() {
    use AttestationError::{Certificate, CertificateUse, Expired};
    let cases = [
        ("zone_path_0", "target", CertificateUse),
        ("zone_expired", "target", Expired),
        ("zone_early", "target", Expired),
        ("zone_no_authority", "target", CertificateUse),
        ("zone_no_constraints", "target", CertificateUse),
        ("zone_no_cert_sign", "target", CertificateUse),
        ("zone_no_usage", "target", CertificateUse),
        ("zone_critical", "target", Certificate),
        ("zone_sha256", "target", Certificate),
        ("zone_p256", "target", Certificate),
        ("zone", "target_expired", Expired),
        ("zone", "target_authority", CertificateUse),
        ("zone", "target_no_usage", CertificateUse),
        ("zone", "target_cert_sign", CertificateUse),
        ("zone", "target_p256", Certificate),
        ("zone_big", "target", AttestationError::Field("cabundle")),
    ];
    for (zone, target, refused) in cases {
        let document = chained(&["root", zone, "instance"], target);
        assert_eq!(refusal(&document), Some(refused), "{zone} {target}");
    }
    let roots = Roots::from_pem(pem("root_expired")).unwrap();
    let document = chained(&["root_expired", "zone", "instance"], "target");
    let refusal = verify(&document, &roots, FIXTURES.now_ms, AGE_MS_MAX).err();
    assert_eq!(refusal, Some(Expired));
}

#[test]
fn a_document_is_fresh() {
    let Fixtures { now_ms, roots, document, .. } = &*FIXTURES;
    let at = |now_ms| verify(document, roots, now_ms, AGE_MS_MAX).err();
    assert_eq!(at(now_ms + AGE_MS_MAX), None);
    assert_eq!(at(now_ms + AGE_MS_MAX + 1), Some(AttestationError::Stale));
    assert_eq!(at(now_ms - FUTURE_MS_MAX), None);
    assert_eq!(at(now_ms - FUTURE_MS_MAX - 1), Some(AttestationError::Future));
    // The certificates are valid from a day before to a day after.
    let day = 24 * 60 * 60 * 1000;
    let aged = |now_ms| verify(document, roots, now_ms, u64::MAX).err();
    assert_eq!(aged(now_ms + day), None);
    assert_eq!(aged(now_ms + day + 1000), Some(AttestationError::Expired));
    for extreme in [0, u64::MAX] {
        assert_eq!(aged(extreme), Some(AttestationError::Expired));
    }
    assert_eq!(refusal(&with("timestamp", u64::MAX.into())), Some(AttestationError::Future));
    assert_eq!(refusal(&with("timestamp", 1.into())), Some(AttestationError::Stale));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_flipped_bit_is_refused(byte in any::<Index>(), bit in 0..8_u32) {
        let mut document = FIXTURES.document.clone();
        let len = document.len();
        document[byte.index(len)] ^= 1_u8 << bit;
        prop_assert!(check(&document).is_err());
    }

    #[test]
    fn a_cut_document_is_refused(len in any::<Index>()) {
        let document = &FIXTURES.document;
        prop_assert!(check(&document[..len.index(document.len())]).is_err());
    }

    #[test]
    fn a_damaged_certificate_is_refused(
        which in 0..3_usize,
        byte in any::<Index>(),
        value in any::<u8>(),
    ) {
        // Signed by the target: only the certificates themselves can tell.
        let names = [("root", 0), ("zone", 1), ("instance", 2)];
        let mut chain: Vec<Vec<u8>> =
            names.iter().map(|(name, _)| certificate(name).into_bytes().unwrap()).collect();
        let len = chain[which].len();
        let byte = &mut chain[which][byte.index(len)];
        prop_assume!(*byte != value);
        *byte = value;
        let chain = Value::Array(chain.into_iter().map(Value::Bytes).collect());
        prop_assert!(check(&with("cabundle", chain)).is_err());
    }

    #[test]
    fn a_damaged_target_is_refused(byte in any::<Index>(), bit in 0..8_u32) {
        let mut target = certificate("target").into_bytes().unwrap();
        let len = target.len();
        target[byte.index(len)] ^= 1_u8 << bit;
        prop_assert!(check(&with("certificate", target.into())).is_err());
    }

    #[test]
    fn anything_is_refused(document in collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(check(&document).is_err());
        prop_assert!(check(&signed(&document)).is_err());
    }
}
