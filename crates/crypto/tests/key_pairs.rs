//! Every key spec with every algorithm and type of message, and what must not work.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, outside of `#[test]` functions too"
)]

mod support;

use std::{sync::Arc, thread};

use proptest::{collection, prelude::*, sample};
use trent_crypto::{
    CryptoError,
    key_pair::{KeyPair, KeyPairSpec, PublicKey},
    key_wrap::{self, WrappingAlgorithm},
    ml_kem,
    rsa::{self, EncryptionAlgorithm},
    signing::{Message, SigningAlgorithm},
};

const OAEP: [EncryptionAlgorithm; 2] =
    [EncryptionAlgorithm::RsaesOaepSha1, EncryptionAlgorithm::RsaesOaepSha256];

const WRAPPING: [WrappingAlgorithm; 4] = [
    WrappingAlgorithm::RsaesOaepSha1,
    WrappingAlgorithm::RsaesOaepSha256,
    WrappingAlgorithm::RsaAesKeyWrapSha1,
    WrappingAlgorithm::RsaAesKeyWrapSha256,
];

/// The key pair of the fixtures; what they lack is generated.
fn key(spec: KeyPairSpec) -> KeyPair {
    if spec == KeyPairSpec::MlKem512 {
        KeyPair::generate(spec).unwrap()
    } else {
        support::key(spec)
    }
}

fn is_rsa(spec: KeyPairSpec) -> bool {
    rsa::ciphertext_bytes(spec).is_some()
}

#[test]
fn generated_keys_are_of_their_spec_alone() {
    for spec in KeyPairSpec::ALL {
        let key = KeyPair::generate(spec).unwrap();
        let pkcs8 = key.to_pkcs8().unwrap();
        let again = KeyPair::import_pkcs8(spec, &pkcs8).unwrap();
        assert_eq!((again.spec(), again.public_key()), (spec, key.public_key()));
        assert_eq!(again.id(&[1; 16]), key.id(&[1; 16]));
        assert_ne!(again.id(&[1; 16]), key.id(&[2; 16]));
        assert_ne!(
            KeyPair::generate(KeyPairSpec::MlKem512).unwrap().public_key(),
            key.public_key()
        );
        for other in KeyPairSpec::ALL.into_iter().filter(|other| *other != spec) {
            let error = KeyPair::from_pkcs8(other, &pkcs8).err();
            assert_eq!(error, Some(CryptoError::NotThisSpec), "{spec:?} as {other:?}");
            let error = PublicKey::from_spki(other, key.public_key()).err();
            assert_eq!(error, Some(CryptoError::InvalidPublicKey), "{spec:?} as {other:?}");
        }
        for longer in [[pkcs8.as_slice(), &[0]].concat(), [&[0x30, 0], pkcs8.as_slice()].concat()] {
            let error = KeyPair::from_pkcs8(spec, &longer).err();
            assert_eq!(error, Some(CryptoError::NotThisSpec), "{spec:?}");
        }
        let longer = [key.public_key(), &[0]].concat();
        assert_eq!(PublicKey::from_spki(spec, &longer).err(), Some(CryptoError::InvalidPublicKey));
    }
}

#[test]
fn encodings_are_standard() {
    let check = |spec, pkcs8_bytes, spki_bytes| {
        let key = key(spec);
        assert_eq!(key.to_pkcs8().unwrap().len(), pkcs8_bytes, "{spec:?}");
        assert_eq!(key.public_key().len(), spki_bytes, "{spec:?}");
    };
    check(KeyPairSpec::EccNistP256, 138, 91);
    check(KeyPairSpec::EccNistP384, 185, 120);
    check(KeyPairSpec::EccNistP521, 241, 158);
    check(KeyPairSpec::EccSecgP256k1, 135, 88);
    check(KeyPairSpec::EccNistEdwards25519, 48, 44);
    check(KeyPairSpec::MlDsa44, 54, 1312 + 22);
    check(KeyPairSpec::MlDsa65, 54, 1952 + 22);
    check(KeyPairSpec::MlDsa87, 54, 2592 + 22);
    check(KeyPairSpec::MlKem512, 86, 800 + 22);
    check(KeyPairSpec::MlKem768, 86, 1184 + 22);
    check(KeyPairSpec::MlKem1024, 86, 1568 + 22);
}

/// The same message in the types that the algorithm takes, by the table of the reference.
fn messages<'a>(
    algorithm: SigningAlgorithm,
    message: &'a [u8],
    digest: Option<&'a [u8]>,
    mu: &'a [u8],
) -> Vec<Message<'a>> {
    match algorithm {
        SigningAlgorithm::Ed25519Sha512 => vec![Message::Raw(message)],
        SigningAlgorithm::Ed25519PhSha512 => vec![Message::Digest(digest.unwrap())],
        SigningAlgorithm::MlDsaShake256 => vec![Message::Raw(message), Message::ExternalMu(mu)],
        _ => vec![Message::Raw(message), Message::Digest(digest.unwrap())],
    }
}

#[test]
fn signatures_of_every_kind() {
    let mut count = 0;
    for spec in KeyPairSpec::ALL {
        let key = key(spec);
        for algorithm in SigningAlgorithm::ALL {
            let message = b"message".as_slice();
            if !algorithm.suits(spec) {
                let (signed, verified) = (
                    key.sign(algorithm, Message::Raw(message)).unwrap_err(),
                    key.verify(algorithm, Message::Raw(message), &[]).unwrap_err(),
                );
                assert_eq!(signed, CryptoError::AlgorithmUnsuited);
                assert_eq!(verified, CryptoError::AlgorithmUnsuited);
                continue;
            }
            count += 1;
            let digest = support::digest(algorithm, message);
            // Without SHAKE at hand, a raw message and a mu are not the same; the fixtures have
            // such pairs.
            let is_ml_dsa = algorithm == SigningAlgorithm::MlDsaShake256;
            let messages = messages(algorithm, message, digest.as_deref(), &[5; 64]);
            for (signed_at, signed) in messages.iter().enumerate() {
                let signature = key.sign(algorithm, *signed).unwrap();
                for (verified_at, verified) in messages.iter().enumerate() {
                    let expected = if is_ml_dsa && signed_at != verified_at {
                        Err(CryptoError::InvalidSignature)
                    } else {
                        Ok(())
                    };
                    assert_eq!(key.verify(algorithm, *verified, &signature), expected);
                }
                check_refusals(&key, algorithm, *signed, signature);
            }
        }
    }
    assert_eq!(count, 3 * 6 + 4 + 2 + 3);
}

/// No other signature, and no other key, verifies `message`.
fn check_refusals(
    key: &KeyPair,
    algorithm: SigningAlgorithm,
    message: Message<'_>,
    mut signature: Vec<u8>,
) {
    let check = |signature: &[u8]| {
        let result = key.verify(algorithm, message, signature);
        assert_eq!(result, Err(CryptoError::InvalidSignature), "{:?} {algorithm:?}", key.spec());
    };
    check(&[]);
    check(&vec![0; signature.len()]);
    check(&signature[1..]);
    check(&signature[..signature.len() - 1]);
    check(&[signature.as_slice(), &[0]].concat());
    for index in [0, signature.len() / 2, signature.len() - 1] {
        signature[index] ^= 1;
        check(&signature);
        signature[index] ^= 1;
    }
    assert_eq!(key.verify(algorithm, message, &signature), Ok(()));
    if !is_rsa(key.spec()) {
        let other = KeyPair::generate(key.spec()).unwrap();
        let result = other.verify(algorithm, message, &signature);
        assert_eq!(result, Err(CryptoError::InvalidSignature));
    }
}

#[test]
fn types_and_lengths_of_messages() {
    for spec in KeyPairSpec::ALL {
        let key = key(spec);
        for algorithm in SigningAlgorithm::ALL.into_iter().filter(|one| one.suits(spec)) {
            let check = |message: Message<'_>, expected| {
                assert_eq!(key.sign(algorithm, message).err(), Some(expected), "{algorithm:?}");
                assert_eq!(key.verify(algorithm, message, &[1]), Err(expected), "{algorithm:?}");
            };
            let (raw, digest, mu) =
                (Message::Raw(b"x"), Message::Digest(&[1; 64]), Message::ExternalMu(&[1; 64]));
            match algorithm {
                SigningAlgorithm::Ed25519Sha512 => {
                    check(digest, CryptoError::MessageTypeUnsuited);
                    check(mu, CryptoError::MessageTypeUnsuited);
                }
                SigningAlgorithm::Ed25519PhSha512 => {
                    check(raw, CryptoError::MessageTypeUnsuited);
                    check(mu, CryptoError::MessageTypeUnsuited);
                }
                SigningAlgorithm::MlDsaShake256 => {
                    check(digest, CryptoError::MessageTypeUnsuited);
                }
                _ => check(mu, CryptoError::MessageTypeUnsuited),
            }
            for actual in [0, 20, 31, 33, 47, 49, 63, 65] {
                let bytes = vec![1; actual];
                if algorithm == SigningAlgorithm::MlDsaShake256 {
                    let expected = CryptoError::DigestLength { expected: 64, actual };
                    check(Message::ExternalMu(&bytes), expected);
                }
                if let Some(digest) = support::digest(algorithm, b"") {
                    let expected = CryptoError::DigestLength { expected: digest.len(), actual };
                    check(Message::Digest(&bytes), expected);
                }
            }
        }
    }
}

#[test]
fn rsa_encrypts_up_to_its_limit() {
    let limits = [
        (KeyPairSpec::Rsa2048, 214, 190),
        (KeyPairSpec::Rsa3072, 342, 318),
        (KeyPairSpec::Rsa4096, 470, 446),
    ];
    for (spec, sha1, sha256) in limits {
        let key = key(spec);
        for (algorithm, max) in OAEP.into_iter().zip([sha1, sha256]) {
            assert_eq!(algorithm.plaintext_bytes_max(spec), Some(max));
            for len in [0, 1, max] {
                let plaintext = vec![3; len];
                let ciphertext = key.encrypt(algorithm, &plaintext).unwrap();
                assert_eq!(Some(ciphertext.len()), rsa::ciphertext_bytes(spec));
                assert_eq!(*key.decrypt(algorithm, &ciphertext).unwrap(), plaintext);
                assert_ne!(key.encrypt(algorithm, &plaintext).unwrap(), ciphertext);
            }
            let result = key.encrypt(algorithm, &vec![3; max + 1]);
            assert_eq!(result, Err(CryptoError::TooLong));
        }
        let ciphertext = key.encrypt(OAEP[0], b"secret").unwrap();
        for other in [
            vec![],
            vec![0; ciphertext.len()],
            vec![0xff; ciphertext.len()],
            ciphertext[1..].to_vec(),
            [&[0], ciphertext.as_slice()].concat(),
        ] {
            for algorithm in OAEP {
                let error = key.decrypt(algorithm, &other).unwrap_err();
                assert_eq!(error, CryptoError::InvalidCiphertext);
            }
        }
        assert_eq!(key.decrypt(OAEP[1], &ciphertext), Err(CryptoError::InvalidCiphertext));
    }
}

#[test]
fn keys_do_only_what_their_spec_does() {
    let peer = key(KeyPairSpec::EccNistP256);
    for spec in KeyPairSpec::ALL {
        let key = key(spec);
        let unsuited = Some(CryptoError::AlgorithmUnsuited);
        if !is_rsa(spec) {
            assert_eq!(OAEP[0].plaintext_bytes_max(spec), None);
            assert_eq!(key.encrypt(OAEP[0], b"x").err(), unsuited);
            assert_eq!(key.decrypt(OAEP[0], b"x").err(), unsuited);
            for algorithm in WRAPPING {
                assert_eq!(key_wrap::unwrap(&key, algorithm, b"x").err(), unsuited);
            }
        }
        if ml_kem::ciphertext_bytes(spec).is_none() {
            assert_eq!(key.encapsulate().err(), unsuited);
            assert_eq!(key.decapsulate(b"x").err(), unsuited);
        }
        let expected = match spec {
            KeyPairSpec::EccNistP256 => None,
            KeyPairSpec::EccNistP384 | KeyPairSpec::EccNistP521 => {
                Some(CryptoError::InvalidPublicKey)
            }
            _ => unsuited,
        };
        assert_eq!(key.derive_shared_secret(peer.public_key()).err(), expected, "{spec:?}");
    }
}

#[test]
fn agreement_is_mutual_and_refuses_other_keys() {
    let curves = [
        (KeyPairSpec::EccNistP256, 32),
        (KeyPairSpec::EccNistP384, 48),
        (KeyPairSpec::EccNistP521, 66),
    ];
    for (spec, secret_bytes) in curves {
        let (one, other) = (key(spec), KeyPair::generate(spec).unwrap());
        let secret = one.derive_shared_secret(other.public_key()).unwrap();
        assert_eq!(secret.len(), secret_bytes);
        assert_eq!(secret, other.derive_shared_secret(one.public_key()).unwrap());

        let spki = other.public_key();
        let point = &spki[spki.len() - 2 * secret_bytes - 1..];
        let mut off_curve = spki.to_vec();
        *off_curve.last_mut().unwrap() ^= 1;
        let mut infinity = spki[..spki.len() - point.len()].to_vec();
        infinity.push(0);
        let longer = [spki, &[0]].concat();
        let secp256k1 = key(KeyPairSpec::EccSecgP256k1);
        for peer in [&[][..], point, &off_curve, &infinity, &longer, secp256k1.public_key()] {
            let error = one.derive_shared_secret(peer).err();
            assert_eq!(error, Some(CryptoError::InvalidPublicKey));
        }
    }
}

#[test]
fn encapsulation_rejects_implicitly() {
    for (spec, bytes) in [KeyPairSpec::MlKem512, KeyPairSpec::MlKem768, KeyPairSpec::MlKem1024]
        .into_iter()
        .zip([768, 1088, 1568])
    {
        let key = key(spec);
        let mut encapsulated = key.encapsulate().unwrap();
        assert_eq!(encapsulated.ciphertext.len(), bytes);
        assert_eq!(encapsulated.shared_secret.len(), 32);
        let secret = key.decapsulate(&encapsulated.ciphertext).unwrap();
        assert_eq!(secret, encapsulated.shared_secret);
        assert_ne!(key.encapsulate().unwrap().shared_secret, secret);

        let other = KeyPair::generate(spec).unwrap();
        assert_ne!(other.decapsulate(&encapsulated.ciphertext).unwrap(), secret);
        encapsulated.ciphertext[0] ^= 1;
        let rejected = key.decapsulate(&encapsulated.ciphertext).unwrap();
        assert_ne!(rejected, secret);
        assert_eq!(rejected, key.decapsulate(&encapsulated.ciphertext).unwrap());
        for len in [0, bytes - 1, bytes + 1, 768 + 1088 - bytes] {
            let error = key.decapsulate(&vec![1; len]).unwrap_err();
            assert_eq!(error, CryptoError::InvalidCiphertext);
        }
    }
}

#[test]
fn one_key_serves_several_threads() {
    for spec in KeyPairSpec::ALL {
        let key = Arc::new(key(spec));
        let threads = (0..4).map(|_| {
            let key = Arc::clone(&key);
            thread::spawn(move || {
                for algorithm in SigningAlgorithm::ALL.into_iter().filter(|one| one.suits(spec)) {
                    let digest = support::digest(algorithm, b"x");
                    for message in messages(algorithm, b"x", digest.as_deref(), &[5; 64]) {
                        let signature = key.sign(algorithm, message).unwrap();
                        key.verify(algorithm, message, &signature).unwrap();
                    }
                }
                if is_rsa(spec) {
                    let ciphertext = key.encrypt(OAEP[1], b"x").unwrap();
                    assert_eq!(**key.decrypt(OAEP[1], &ciphertext).unwrap(), *b"x");
                }
                if ml_kem::ciphertext_bytes(spec).is_some() {
                    let encapsulated = key.encapsulate().unwrap();
                    let secret = key.decapsulate(&encapsulated.ciphertext).unwrap();
                    assert_eq!(secret, encapsulated.shared_secret);
                }
            })
        });
        threads.collect::<Vec<_>>().into_iter().for_each(|thread| thread.join().unwrap());
    }
}

#[test]
fn debug_shows_the_spec_alone() {
    for spec in KeyPairSpec::ALL {
        let key = key(spec);
        assert_eq!(format!("{key:?}"), format!("KeyPair {{ spec: {spec:?}, .. }}"));
        let shown = format!("{:?}", key.public_half());
        assert_eq!(shown, format!("PublicKey {{ spec: {spec:?}, .. }}"));
    }
}

fn specs() -> impl Strategy<Value = KeyPairSpec> {
    sample::select(KeyPairSpec::ALL.as_slice())
}

/// `bytes` with some bytes replaced, and cut or lengthened.
fn mutated(bytes: &[u8], edits: &[(sample::Index, u8)], len: sample::Index) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (index, value) in edits {
        let index = index.index(bytes.len());
        bytes[index] = *value;
    }
    bytes.resize(bytes.len() - 2 + len.index(5), 0);
    bytes
}

fn edits() -> impl Strategy<Value = (Vec<(sample::Index, u8)>, sample::Index)> {
    // The first bytes are the structure, where mutation finds most.
    (collection::vec((any::<sample::Index>(), any::<u8>()), 0..4), any::<sample::Index>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Bytes may change without harm, such as those of a public key; what is read is a whole key.
    #[test]
    fn mutated_keys_never_panic(spec in specs(), (edits, len) in edits(), near in 0..64_usize, to: u8) {
        let key = key(spec);
        let mut pkcs8 = mutated(&key.to_pkcs8().unwrap(), &edits, len);
        let mut spki = mutated(key.public_key(), &edits, len);
        if near < 32 {
            pkcs8[near] = to;
            spki[near] = to;
        }
        for other in [spec, KeyPairSpec::EccNistP256] {
            if let Ok(read) = KeyPair::from_pkcs8(other, &pkcs8) {
                prop_assert!(KeyPair::from_pkcs8(other, &read.to_pkcs8().unwrap()).is_ok());
            }
            if let Ok(read) = PublicKey::from_spki(other, &spki) {
                prop_assert_eq!(read.as_spki(), &spki);
                let _ = read.encapsulate();
                let _ = read.encrypt(OAEP[0], b"x");
            }
        }
    }

    #[test]
    fn random_bytes_are_no_keys(spec in specs(), bytes in collection::vec(any::<u8>(), 0..200)) {
        let error = KeyPair::from_pkcs8(spec, &bytes).err();
        prop_assert_eq!(error, Some(CryptoError::NotThisSpec));
        let error = PublicKey::from_spki(spec, &bytes).err();
        prop_assert_eq!(error, Some(CryptoError::InvalidPublicKey));
    }

    #[test]
    fn mutated_signatures_and_ciphertexts_never_panic(
        spec in specs(),
        (edits, len) in edits(),
        random in collection::vec(any::<u8>(), 0..700),
    ) {
        let key = key(spec);
        for algorithm in SigningAlgorithm::ALL.into_iter().filter(|one| one.suits(spec)) {
            let digest = support::digest(algorithm, b"x");
            let message = messages(algorithm, b"x", digest.as_deref(), &[5; 64])[0];
            let signature = key.sign(algorithm, message).unwrap();
            let other = mutated(&signature, &edits, len);
            prop_assert_eq!(key.verify(algorithm, message, &other).is_ok(), other == signature);
            prop_assert!(key.verify(algorithm, message, &random).is_err());
        }
        if is_rsa(spec) {
            let ciphertext = key.encrypt(OAEP[0], b"x").unwrap();
            let other = mutated(&ciphertext, &edits, len);
            prop_assert_eq!(key.decrypt(OAEP[0], &other).is_ok(), other == ciphertext);
            for algorithm in WRAPPING {
                let error = key_wrap::unwrap(&key, algorithm, &random).err();
                prop_assert_eq!(error, Some(CryptoError::InvalidCiphertext));
            }
        }
        if let Some(bytes) = ml_kem::ciphertext_bytes(spec) {
            let other = mutated(&key.encapsulate().unwrap().ciphertext, &edits, len);
            prop_assert_eq!(key.decapsulate(&other).is_ok(), other.len() == bytes);
        }
        let _ = key.derive_shared_secret(&mutated(key.public_key(), &edits, len));
    }
}

#[test]
fn wrapped_material_is_bounded() {
    let key = key(KeyPairSpec::Rsa2048);
    for algorithm in WRAPPING {
        for len in [0, 255, 256, 257, 272, key_wrap::WRAPPED_BYTES_MAX + 1] {
            let error = key_wrap::unwrap(&key, algorithm, &vec![1; len]).unwrap_err();
            assert_eq!(error, CryptoError::InvalidCiphertext);
        }
    }
}
