//! The vectors of Wycheproof, through the public API.
//!
//! What a vector calls valid must work and what it calls invalid must fail. Where it calls
//! something acceptable, such as a weak or an old form, either may be; then what works must at
//! least give the right result.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, outside of `#[test]` functions too"
)]

mod support;

use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use support::{ecc_pkcs8, post_quantum_spki, seed_pkcs8};
use trent_crypto::{
    CryptoError,
    key_pair::{KeyPair, KeyPairSpec, PublicKey},
    key_wrap::{self, WrappingAlgorithm},
    mac::{KEY_BYTES_MAX, MacAlgorithm, MacKey},
    rsa::EncryptionAlgorithm,
    signing::{Message, SigningAlgorithm},
};
use wycheproof::{
    TestResult, ecdh, ecdsa, eddsa, keywrap, mac, mldsa_sign, mldsa_verify, mlkem, rsa_oaep,
    rsa_pkcs1_verify, rsa_pss_verify,
};

/// Checks one signature as a message, and as the digest of one if the algorithm takes that.
fn check_signature(
    key: &PublicKey,
    algorithm: SigningAlgorithm,
    message: &[u8],
    signature: &[u8],
    result: TestResult,
    name: &str,
) {
    let raw = key.verify(algorithm, Message::Raw(message), signature);
    match result {
        TestResult::Valid => assert_eq!(raw, Ok(()), "{name}"),
        TestResult::Invalid => assert_eq!(raw, Err(CryptoError::InvalidSignature), "{name}"),
        TestResult::Acceptable => {}
    }
    if let Some(digest) = support::digest(algorithm, message) {
        assert_eq!(key.verify(algorithm, Message::Digest(&digest), signature), raw, "{name}");
    }
}

fn rsa_spec(bits: usize) -> Option<KeyPairSpec> {
    match bits {
        2048 => Some(KeyPairSpec::Rsa2048),
        3072 => Some(KeyPairSpec::Rsa3072),
        4096 => Some(KeyPairSpec::Rsa4096),
        _ => None,
    }
}

#[test]
fn rsa_pkcs1() {
    use rsa_pkcs1_verify::TestName as Name;
    let mut count = 0;
    for (name, algorithm) in [
        (Name::Rsa2048Sha256, SigningAlgorithm::RsassaPkcs1V15Sha256),
        (Name::Rsa2048Sha384, SigningAlgorithm::RsassaPkcs1V15Sha384),
        (Name::Rsa2048Sha512, SigningAlgorithm::RsassaPkcs1V15Sha512),
        (Name::Rsa3072Sha256, SigningAlgorithm::RsassaPkcs1V15Sha256),
        (Name::Rsa3072Sha384, SigningAlgorithm::RsassaPkcs1V15Sha384),
        (Name::Rsa3072Sha512, SigningAlgorithm::RsassaPkcs1V15Sha512),
        (Name::Rsa4096Sha256, SigningAlgorithm::RsassaPkcs1V15Sha256),
        (Name::Rsa4096Sha384, SigningAlgorithm::RsassaPkcs1V15Sha384),
        (Name::Rsa4096Sha512, SigningAlgorithm::RsassaPkcs1V15Sha512),
    ] {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::from_spki(rsa_spec(group.key_size).unwrap(), &group.der).unwrap();
            for test in group.tests {
                let name = format!("{name:?} {}: {}", test.tc_id, test.comment);
                check_signature(&key, algorithm, &test.msg, &test.sig, test.result, &name);
                count += 1;
            }
        }
    }
    assert!(count > 2000, "{count}");
}

#[test]
fn rsa_pss() {
    use rsa_pss_verify::TestName as Name;
    let mut count = 0;
    for (name, algorithm, is_salt_full) in [
        (Name::RsaPss2048Sha256Mgf1SaltLen32, SigningAlgorithm::RsassaPssSha256, true),
        (Name::RsaPss2048Sha384Mgf1SaltLen48, SigningAlgorithm::RsassaPssSha384, true),
        (Name::RsaPss3072Sha256Mgf1SaltLen32, SigningAlgorithm::RsassaPssSha256, true),
        (Name::RsaPss4096Sha256Mgf1SaltLen32, SigningAlgorithm::RsassaPssSha256, true),
        (Name::RsaPss4096Sha384Mgf1SaltLen48, SigningAlgorithm::RsassaPssSha384, true),
        (Name::RsaPss4096Sha512Mgf1SaltLen64, SigningAlgorithm::RsassaPssSha512, true),
        // Other salts or another hash for MGF1: never right here.
        (Name::RsaPss2048Sha256Mgf1SaltLen0, SigningAlgorithm::RsassaPssSha256, false),
        (Name::RsaPss2048Sha256Mgf1Sha1_20, SigningAlgorithm::RsassaPssSha256, false),
        (Name::RsaPss4096Sha512Mgf1SaltLen32, SigningAlgorithm::RsassaPssSha512, false),
    ] {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::from_spki(rsa_spec(group.key_size).unwrap(), &group.der).unwrap();
            for test in group.tests {
                let name = format!("{name:?} {}: {}", test.tc_id, test.comment);
                let result = match test.result {
                    _ if is_salt_full => test.result,
                    TestResult::Valid => TestResult::Invalid,
                    // Some of these have the salt that is right here.
                    TestResult::Invalid | TestResult::Acceptable => TestResult::Acceptable,
                };
                check_signature(&key, algorithm, &test.msg, &test.sig, result, &name);
                count += 1;
            }
        }
    }
    assert!(count > 600, "{count}");
}

#[test]
fn rsa_oaep() {
    use rsa_oaep::TestName as Name;
    let (sha1, sha256) = (EncryptionAlgorithm::RsaesOaepSha1, EncryptionAlgorithm::RsaesOaepSha256);
    let mut decrypted = 0;
    for (name, algorithm) in [
        (Name::Rsa2048Sha1Mgf1Sha1, sha1),
        (Name::Rsa2048Sha256Mgf1Sha256, sha256),
        (Name::Rsa3072Sha256Mgf1Sha256, sha256),
        (Name::Rsa4096Sha256Mgf1Sha256, sha256),
        // Another hash for MGF1: never right here.
        (Name::Rsa2048Sha256Mgf1Sha1, sha256),
        (Name::Rsa2048Sha512Mgf1Sha512, sha256),
    ] {
        for group in rsa_oaep::TestSet::load(name).unwrap().test_groups {
            let spec = rsa_spec(group.key_size).unwrap();
            let key = KeyPair::import_pkcs8(spec, &group.pkcs8).unwrap();
            let is_ours = group.hash == group.mgf_hash && !format!("{name:?}").contains("512");
            for test in group.tests {
                let result = key.decrypt(algorithm, &test.ct);
                if test.result == TestResult::Valid && test.label.is_empty() && is_ours {
                    assert_eq!(**result.unwrap(), **test.pt, "{name:?} {}", test.tc_id);
                    decrypted += 1;
                } else {
                    let error = result.unwrap_err();
                    assert_eq!(error, CryptoError::InvalidCiphertext, "{name:?} {}", test.tc_id);
                }
            }
        }
    }
    assert!(decrypted > 30, "{decrypted}");
}

#[test]
fn ecdsa() {
    use ecdsa::TestName as Name;
    let mut count = 0;
    for (name, spec, algorithm) in [
        (Name::EcdsaSecp256r1Sha256, KeyPairSpec::EccNistP256, SigningAlgorithm::EcdsaSha256),
        (Name::EcdsaSecp256k1Sha256, KeyPairSpec::EccSecgP256k1, SigningAlgorithm::EcdsaSha256),
        (Name::EcdsaSecp384r1Sha384, KeyPairSpec::EccNistP384, SigningAlgorithm::EcdsaSha384),
        (Name::EcdsaSecp521r1Sha512, KeyPairSpec::EccNistP521, SigningAlgorithm::EcdsaSha512),
    ] {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::from_spki(spec, &group.der).unwrap();
            for test in group.tests {
                let name = format!("{name:?} {}: {}", test.tc_id, test.comment);
                check_signature(&key, algorithm, &test.msg, &test.sig, test.result, &name);
                count += 1;
            }
        }
    }
    assert!(count > 1800, "{count}");
}

#[test]
fn ed25519() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    for group in set.test_groups {
        let key = PublicKey::from_spki(KeyPairSpec::EccNistEdwards25519, &group.der).unwrap();
        for test in group.tests {
            let name = format!("{}: {}", test.tc_id, test.comment);
            let algorithm = SigningAlgorithm::Ed25519Sha512;
            check_signature(&key, algorithm, &test.msg, &test.sig, test.result, &name);
        }
    }
}

#[test]
fn ecdh() {
    use ecdh::TestName as Name;
    for (name, spec, width) in [
        (Name::EcdhSecp256r1, KeyPairSpec::EccNistP256, 32),
        (Name::EcdhSecp384r1, KeyPairSpec::EccNistP384, 48),
        (Name::EcdhSecp521r1, KeyPairSpec::EccNistP521, 66),
    ] {
        let (mut valid, mut refused) = (0, 0);
        for group in ecdh::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                // The vectors write the private key as a signed number of any length.
                let number: Vec<u8> =
                    test.private_key.iter().copied().skip_while(|byte| *byte == 0).collect();
                let mut private_key = vec![0; width - number.len()];
                private_key.extend(number);
                let key = KeyPair::from_pkcs8(spec, &ecc_pkcs8(spec, &private_key)).unwrap();
                let result = key.derive_shared_secret(&test.public_key);
                let name = format!("{name:?} {}: {}", test.tc_id, test.comment);
                match (test.result, result) {
                    (TestResult::Valid | TestResult::Acceptable, Ok(secret)) => {
                        assert_eq!(**secret, **test.shared_secret, "{name}");
                        valid += 1;
                    }
                    (TestResult::Acceptable | TestResult::Invalid, Err(error)) => {
                        assert_eq!(error, CryptoError::InvalidPublicKey, "{name}");
                        refused += 1;
                    }
                    (expected, result) => panic!("{name}: {expected:?}, {result:?}"),
                }
            }
        }
        assert!(valid > 200 && refused > 20, "{valid} {refused}");
    }
    // Mere points, which no vector here may be right with.
    for group in ecdh::TestSet::load(Name::EcdhSecp256r1Ecpoint).unwrap().test_groups {
        let key = support::key(KeyPairSpec::EccNistP256);
        for test in group.tests {
            let error = key.derive_shared_secret(&test.public_key).unwrap_err();
            assert_eq!(error, CryptoError::InvalidPublicKey);
        }
    }
}

#[test]
fn hmac() {
    use mac::TestName as Name;
    for (name, algorithm) in [
        (Name::HmacSha224, MacAlgorithm::HmacSha224),
        (Name::HmacSha256, MacAlgorithm::HmacSha256),
        (Name::HmacSha384, MacAlgorithm::HmacSha384),
        (Name::HmacSha512, MacAlgorithm::HmacSha512),
    ] {
        let mut valid = 0;
        for group in mac::TestSet::load(name).unwrap().test_groups {
            let is_full = group.tag_size == algorithm.bytes() * 8;
            for test in group.tests {
                let key = MacKey::from_bytes(algorithm, &test.key);
                if !(algorithm.bytes()..=KEY_BYTES_MAX).contains(&test.key.len()) {
                    assert!(matches!(key.unwrap_err(), CryptoError::KeyLength { .. }));
                    continue;
                }
                let key = key.unwrap();
                if test.result == TestResult::Valid && is_full {
                    assert_eq!(key.generate_mac(&test.msg), **test.tag);
                    assert_eq!(key.verify_mac(&test.msg, &test.tag), Ok(()));
                    valid += 1;
                } else {
                    let result = key.verify_mac(&test.msg, &test.tag);
                    assert_eq!(result, Err(CryptoError::InvalidMac), "{name:?} {}", test.tc_id);
                }
            }
        }
        assert!(valid > 20, "{valid}");
    }
}

/// Every vector of a 256-bit key as the second half of a wrapped key; others must be refused.
#[test]
fn aes_key_wrap_with_padding() {
    let wrapping_key = support::key(KeyPairSpec::Rsa2048);
    let public_key = PublicEncryptingKey::from_der(wrapping_key.public_key()).unwrap();
    let public_key = OaepPublicEncryptingKey::new(public_key).unwrap();

    let set = keywrap::TestSet::load(keywrap::TestName::AesKeyWrapWithPadding).unwrap();
    let (mut unwrapped, mut refused) = (0, 0);
    for group in set.test_groups {
        for test in group.tests {
            let mut wrapped = vec![0; public_key.ciphertext_size()];
            public_key.encrypt(&OAEP_SHA256_MGF1SHA256, &test.key, &mut wrapped, None).unwrap();
            wrapped.extend_from_slice(&test.ct);
            let algorithm = WrappingAlgorithm::RsaAesKeyWrapSha256;
            let result = key_wrap::unwrap(&wrapping_key, algorithm, &wrapped);
            if group.key_size == 256 && test.result == TestResult::Valid {
                assert_eq!(**result.unwrap(), **test.pt, "{}", test.tc_id);
                unwrapped += 1;
            } else if group.key_size != 256 || test.result.must_fail() {
                let error = result.unwrap_err();
                assert_eq!(error, CryptoError::InvalidCiphertext, "{}", test.tc_id);
                refused += 1;
            }
        }
    }
    assert!(unwrapped > 10 && refused > 100, "{unwrapped} {refused}");
}

#[test]
fn ml_dsa_verification() {
    use mldsa_verify::TestName as Name;
    for (name, spec) in [
        (Name::MlDsa44Verify, KeyPairSpec::MlDsa44),
        (Name::MlDsa65Verify, KeyPairSpec::MlDsa65),
        (Name::MlDsa87Verify, KeyPairSpec::MlDsa87),
    ] {
        let (mut valid, mut invalid) = (0, 0);
        for group in mldsa_verify::TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::from_spki(spec, &post_quantum_spki(spec, &group.pubkey));
            for test in group.tests {
                // A context is never given here, so what has one is not valid.
                let has_context = test.ctx.as_ref().is_some_and(|context| !context.is_empty());
                let algorithm = SigningAlgorithm::MlDsaShake256;
                let result = match &key {
                    Ok(key) => key.verify(algorithm, Message::Raw(&test.msg), &test.sig),
                    Err(_) => Err(CryptoError::InvalidSignature),
                };
                let is_valid = test.result == TestResult::Valid && !has_context;
                let expected = if is_valid { Ok(()) } else { Err(CryptoError::InvalidSignature) };
                assert_eq!(result, expected, "{name:?} {}: {}", test.tc_id, test.comment);
                if is_valid { valid += 1 } else { invalid += 1 }
            }
        }
        assert!(valid > 5 && invalid > 20, "{valid} {invalid}");
    }
}

/// Signatures here are hedged and so are never those of a vector: these check the key that comes of
/// a seed, and that the signature of the vector is verified over the message and over its mu.
#[test]
fn ml_dsa_keys_and_external_mu() {
    use mldsa_sign::TestName as Name;
    for (name, spec) in [
        (Name::MlDsa44SignSeed, KeyPairSpec::MlDsa44),
        (Name::MlDsa65SignSeed, KeyPairSpec::MlDsa65),
        (Name::MlDsa87SignSeed, KeyPairSpec::MlDsa87),
    ] {
        let (mut raw, mut by_mu) = (0, 0);
        for group in mldsa_sign::TestSet::load(name).unwrap().test_groups {
            let seed = group.privseed.unwrap();
            let key = KeyPair::from_pkcs8(spec, &seed_pkcs8(spec, &seed));
            if seed.len() != 32 {
                assert_eq!(key.err(), Some(CryptoError::NotThisSpec));
                continue;
            }
            let key = key.unwrap();
            let spki = post_quantum_spki(spec, group.pubkey.as_deref().unwrap());
            assert_eq!(key.public_key(), spki);
            let algorithm = SigningAlgorithm::MlDsaShake256;
            for test in group.tests.iter().filter(|test| test.result == TestResult::Valid) {
                let has_context = test.ctx.as_ref().is_some_and(|context| !context.is_empty());
                if let Some(message) = test.msg.as_ref().filter(|_| !has_context) {
                    key.verify(algorithm, Message::Raw(message), &test.sig).unwrap();
                    raw += 1;
                }
                if let Some(mu) = &test.mu {
                    key.verify(algorithm, Message::ExternalMu(mu), &test.sig).unwrap();
                    by_mu += 1;
                }
                // What is signed with the one type is verified with the other.
                if let (Some(message), Some(mu), false) = (&test.msg, &test.mu, has_context) {
                    let (raw, mu) = (Message::Raw(message), Message::ExternalMu(mu));
                    let signature = key.sign(algorithm, raw).unwrap();
                    key.verify(algorithm, mu, &signature).unwrap();
                    let signature = key.sign(algorithm, mu).unwrap();
                    key.verify(algorithm, raw, &signature).unwrap();
                }
            }
        }
        assert!(raw > 5 && by_mu > 5, "{raw} {by_mu}");
    }
}

#[test]
fn ml_kem() {
    use mlkem::TestName as Name;
    for (decapsulation, keys, encapsulation, spec) in [
        (Name::MlKem512, Name::MlKem512KeyGenSeed, Name::MlKem512Encaps, KeyPairSpec::MlKem512),
        (Name::MlKem768, Name::MlKem768KeyGenSeed, Name::MlKem768Encaps, KeyPairSpec::MlKem768),
        (Name::MlKem1024, Name::MlKem1024KeyGenSeed, Name::MlKem1024Encaps, KeyPairSpec::MlKem1024),
    ] {
        check_decapsulation(decapsulation, spec);
        check_seeds(keys, spec);
        check_public_keys(encapsulation, spec);
    }
}

fn check_decapsulation(name: mlkem::TestName, spec: KeyPairSpec) {
    let (mut valid, mut invalid) = (0, 0);
    for group in mlkem::TestSet::load(name).unwrap().test_groups {
        for test in group.tests {
            let key = KeyPair::from_pkcs8(spec, &seed_pkcs8(spec, &test.seed.unwrap()));
            let result = key.and_then(|key| key.decapsulate(&test.ct.unwrap()));
            if test.result == TestResult::Valid {
                let secret = result.unwrap();
                assert_eq!(**secret, **test.shared_secret.unwrap(), "{name:?} {}", test.tc_id);
                valid += 1;
            } else {
                assert!(result.is_err(), "{name:?} {}", test.tc_id);
                invalid += 1;
            }
        }
    }
    assert!(valid > 20 && invalid > 2, "{valid} {invalid}");
}

fn check_seeds(name: mlkem::TestName, spec: KeyPairSpec) {
    for group in mlkem::TestSet::load(name).unwrap().test_groups {
        for test in group.tests {
            let seed = test.seed.unwrap();
            let key = KeyPair::import_pkcs8(spec, &seed_pkcs8(spec, &seed)).unwrap();
            let public_key = test.encaps_key.unwrap();
            assert_eq!(key.public_key(), post_quantum_spki(spec, &public_key), "{}", test.tc_id);
        }
    }
}

fn check_public_keys(name: mlkem::TestName, spec: KeyPairSpec) {
    let mut invalid = 0;
    for group in mlkem::TestSet::load(name).unwrap().test_groups {
        for test in group.tests {
            let spki = post_quantum_spki(spec, &test.encaps_key.unwrap());
            let result = PublicKey::from_spki(spec, &spki).and_then(|key| key.encapsulate());
            if test.result == TestResult::Valid {
                assert!(result.is_ok(), "{name:?} {}", test.tc_id);
            } else {
                let error = result.err();
                assert_eq!(error, Some(CryptoError::InvalidPublicKey), "{name:?} {}", test.tc_id);
                invalid += 1;
            }
        }
    }
    assert!(invalid > 20, "{invalid}");
}
