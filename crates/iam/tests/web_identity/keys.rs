//! Which keys are taken, and which key and algorithm may verify which token.

use aws_lc_rs::hmac;
use aws_lc_rs::rsa::KeySize;
use serde_json::{Value, json};
use trent_iam::web_identity::{JWKS_BYTES_MAX, Jwks, JwksError, Token, WebIdentityError};

use crate::support::{Signer, claims, encode, key_set, verify};

fn token(signer: &Signer, header: &Value) -> String {
    signer.token(header, &claims(&json!({})))
}

/// Whether a set with nothing but this key has a usable one.
fn is_taken(key: &Value) -> bool {
    !key_set(std::slice::from_ref(key)).is_empty()
}

#[test]
fn unsigned_and_symmetric_tokens_are_refused() {
    let signer = Signer::rsa(KeySize::Rsa2048);
    let keys = key_set(&[signer.jwk(), json!({ "kty": "oct", "k": encode([0; 32]) })]);
    for algorithm in
        ["none", "None", "NONE", "HS256", "HS384", "HS512", "", "RS1", "ES256K", "rs256"]
    {
        let token = token(&signer, &json!({ "alg": algorithm }));
        let error = verify(&token, &keys).unwrap_err();
        assert_eq!(error, WebIdentityError::Malformed("algorithm"), "{algorithm}");
    }
    let unsigned =
        format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode(claims(&json!({})).to_string()));
    assert!(verify(&unsigned, &keys).is_err());
    // The public key as the secret of an HMAC: the oldest trick.
    let secret = hmac::Key::new(hmac::HMAC_SHA256, signer.jwk()["n"].as_str().unwrap().as_bytes());
    for algorithm in ["HS256", "RS256"] {
        let header = json!({ "alg": algorithm }).to_string();
        let signed = format!("{}.{}", encode(header), encode(claims(&json!({})).to_string()));
        let forged = format!("{signed}.{}", encode(hmac::sign(&secret, signed.as_bytes())));
        assert!(verify(&forged, &keys).is_err(), "{algorithm}");
    }
}

#[test]
fn an_algorithm_must_suit_the_key() {
    let (rsa, p256, ed25519) = (Signer::rsa(KeySize::Rsa2048), Signer::p256(), Signer::ed25519());
    for (signer, suited) in [
        (&rsa, &["RS256", "RS384", "PS256"][..]),
        (&p256, &["ES256"]),
        (&ed25519, &["EdDSA", "Ed25519"]),
    ] {
        let keys = key_set(&[signer.jwk()]);
        for algorithm in ["RS256", "RS384", "PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
        {
            let verified = verify(&token(signer, &json!({ "alg": algorithm })), &keys);
            if suited.contains(&algorithm) {
                assert!(verified.is_ok(), "{algorithm}");
            } else {
                assert_eq!(verified, Err(WebIdentityError::UnknownKey), "{algorithm}");
            }
        }
    }
    // A right signature under another name.
    let as_pss = token(&rsa, &json!({ "alg": "RS256" }));
    let (_, rest) = as_pss.split_once('.').unwrap();
    let renamed = format!("{}.{rest}", encode(r#"{"alg":"PS256"}"#));
    assert_eq!(verify(&renamed, &key_set(&[rsa.jwk()])), Err(WebIdentityError::Signature));
    // The issuer restricts the key.
    let mut only = rsa.jwk();
    only["alg"] = json!("PS256");
    let keys = key_set(&[only]);
    assert!(verify(&token(&rsa, &json!({ "alg": "PS256" })), &keys).is_ok());
    let error = verify(&token(&rsa, &json!({ "alg": "RS256" })), &keys);
    assert_eq!(error, Err(WebIdentityError::UnknownKey));
}

#[test]
fn the_key_id_picks_the_key() {
    let (one, other) = (Signer::ed25519(), Signer::ed25519());
    let named = token(&one, &json!({ "alg": "EdDSA", "kid": "one" }));
    let nameless = token(&one, &json!({ "alg": "EdDSA" }));
    for (keys, of_named, of_nameless) in [
        (vec![one.named_jwk("one"), other.named_jwk("two")], None, None),
        (vec![other.named_jwk("one"), one.named_jwk("one")], None, None),
        (vec![other.jwk(), one.jwk()], None, None),
        (vec![one.named_jwk("two")], Some(WebIdentityError::UnknownKey), None),
        (
            vec![other.named_jwk("one"), one.named_jwk("two")],
            Some(WebIdentityError::Signature),
            None,
        ),
        (
            vec![other.named_jwk("two")],
            Some(WebIdentityError::UnknownKey),
            Some(WebIdentityError::Signature),
        ),
        (vec![], Some(WebIdentityError::UnknownKey), Some(WebIdentityError::UnknownKey)),
    ] {
        let set = key_set(&keys);
        assert_eq!(verify(&named, &set).err(), of_named, "{keys:?}");
        assert_eq!(verify(&nameless, &set).err(), of_nameless, "{keys:?}");
    }
    let set = key_set(&[one.named_jwk("one")]);
    assert!(set.names("one") && !set.names("two") && !set.names(""));
    assert_eq!(Token::parse(&named).unwrap().key_id(), Some("one"));
    assert_eq!(Token::parse(&nameless).unwrap().key_id(), None);
    let odd = token(&one, &json!({ "alg": "EdDSA", "kid": 1 }));
    assert_eq!(verify(&odd, &set), Err(WebIdentityError::Malformed("key id")));
}

#[test]
fn a_key_that_the_token_brings_along_is_not_used() {
    let (issuer, attacker) = (Signer::p256(), Signer::p256());
    let header = json!({
        "alg": "ES256", "jwk": attacker.jwk(), "jku": "https://evil.example.com/jwks",
        "x5u": "https://evil.example.com/x5u", "x5c": ["AAAA"],
    });
    let error = verify(&token(&attacker, &header), &key_set(&[issuer.jwk()]));
    assert_eq!(error, Err(WebIdentityError::Signature));
}

#[test]
fn critical_extensions_are_refused() {
    let signer = Signer::ed25519();
    let keys = key_set(&[signer.jwk()]);
    for critical in [json!(["b64"]), json!([]), json!(null), json!("exp")] {
        let token = token(&signer, &json!({ "alg": "EdDSA", "crit": critical, "b64": true }));
        assert_eq!(verify(&token, &keys), Err(WebIdentityError::Malformed("critical extension")));
    }
}

#[test]
fn keys_that_are_not_for_verifying_are_stepped_over() {
    let signer = Signer::p256();
    for (name, value, taken) in [
        ("use", json!("sig"), true),
        ("use", json!("enc"), false),
        ("use", json!(1), false),
        ("key_ops", json!(["verify"]), true),
        ("key_ops", json!(["sign", "verify"]), true),
        ("key_ops", json!(["encrypt"]), false),
        ("key_ops", json!("verify"), false),
        ("kid", json!(7), false),
        ("kid", json!(null), false),
        ("alg", json!(["ES256"]), false),
        ("kty", json!("oct"), false),
        ("kty", json!("RSA"), false),
        ("kty", json!("OKP"), false),
        ("kty", json!("AKP"), false),
        ("crv", json!("P-384"), false),
        ("crv", json!("secp256k1"), false),
        ("x", json!("AAAA"), false),
        ("y", json!(null), false),
        // Not on the curve, and not base64url.
        ("y", json!(encode([1; 32])), false),
        ("x", json!("+/+/"), false),
        ("x5c", json!(["ignored"]), true),
    ] {
        let mut key = signer.jwk();
        key[name] = value.clone();
        assert_eq!(is_taken(&key), taken, "{name} {value}");
        // The others of the set are taken.
        let keys = key_set(&[key, json!("not a key"), signer.named_jwk("good")]);
        let named = token(&signer, &json!({ "alg": "ES256", "kid": "good" }));
        assert!(keys.names("good") && verify(&named, &keys).is_ok());
    }
}

#[test]
fn rsa_keys_have_at_least_2048_bits() {
    let jwk = Signer::rsa(KeySize::Rsa2048).jwk();
    let modulus = {
        use base64::Engine as _;
        base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap()
    };
    let with = |n: &[u8], e: &[u8]| json!({ "kty": "RSA", "n": encode(n), "e": encode(e) });
    let exponent = [1, 0, 1];
    assert!(is_taken(&jwk));
    assert!(is_taken(&with(&[&[0], modulus.as_slice()].concat(), &exponent)));
    let mut odd = modulus[..128].to_vec();
    odd[127] |= 1;
    assert!(!is_taken(&with(&odd, &exponent)), "1024 bits");
    let mut short = modulus.clone();
    short[0] = 0x7f;
    assert!(!is_taken(&with(&short, &exponent)), "2047 bits");
    let mut long = [modulus.as_slice(); 4].concat();
    long.push(1);
    assert!(!is_taken(&with(&long, &exponent)), "8200 bits");
    for bad in [&[][..], &[0], &[1], &[2], &[3], &[255, 255], &[1, 0, 0], &[1; 5], &[1; 300]] {
        assert!(!is_taken(&with(&modulus, bad)), "exponent {bad:?}");
    }
    assert!(!is_taken(&with(&[], &exponent)));
    assert!(!is_taken(&with(&[0; 256], &exponent)));
}

#[test]
fn key_sets_are_bounded() {
    let parse = |text: &str| Jwks::parse(text.as_bytes()).map(|_| ());
    let key = json!({ "kty": "oct" });
    assert_eq!(parse(&json!({ "keys": vec![&key; 100] }).to_string()), Ok(()));
    let many = json!({ "keys": vec![&key; 101] }).to_string();
    assert_eq!(parse(&many), Err(JwksError::TooManyKeys));
    let padded = |bytes: usize| r#"{"keys":[]}"#.to_owned() + &" ".repeat(bytes - 11);
    assert_eq!(parse(&padded(JWKS_BYTES_MAX)), Ok(()));
    assert_eq!(parse(&padded(JWKS_BYTES_MAX + 1)), Err(JwksError::TooLong));
    let deep = format!("{{\"keys\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    for wrong in ["", "[]", "{}", "null", r#"{"keys":{}}"#, r#"{"keys":null}"#, "<html>", &deep] {
        assert_eq!(parse(wrong), Err(JwksError::Malformed));
    }
}
