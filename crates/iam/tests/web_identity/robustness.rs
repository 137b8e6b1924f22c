//! Input that nobody signs: it is refused, and nothing panics.

use proptest::prelude::*;
use serde_json::json;
use trent_iam::web_identity::{Jwks, Token, WebIdentityError};

use crate::support::{Signer, claims, encode, key_set, verify};

#[test]
fn a_token_has_three_parts_of_canonical_base64() {
    let signer = Signer::ed25519();
    let keys = key_set(&[signer.jwk()]);
    let token = signer.token(&json!({ "alg": "EdDSA" }), &claims(&json!({})));
    assert!(verify(&token, &keys).is_ok());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    for wrong in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "....".to_owned(),
        signed.to_owned(),
        format!("{signed}."),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}.{signature}"),
        format!("{token}="),
        format!("{token}=="),
        format!("{token}\n"),
        format!(" {token}"),
        format!("Bearer {token}"),
        format!("{signed}.{signature}\u{e9}"),
        format!("{signed}.{signature}{signature}"),
    ] {
        assert!(verify(&wrong, &keys).is_err(), "{wrong}");
    }
    // 64 bytes end with two characters, the last of which has four bits to spare.
    let last = signature.chars().last().unwrap();
    let next = char::from(u8::try_from(last).unwrap() + 1);
    let other = format!("{}{next}", &token[..token.len() - 1]);
    assert_eq!(verify(&other, &keys), Err(WebIdentityError::Malformed("signature")));
}

#[test]
fn tokens_are_bounded() {
    let signer = Signer::ed25519();
    let keys = key_set(&[signer.jwk()]);
    let of = |padding: usize| {
        let claims = claims(&json!({ "padding": "x".repeat(padding) }));
        signer.token(&json!({ "alg": "EdDSA" }), &claims)
    };
    // Three bytes are four characters.
    let padding = (20_000 - of(0).len()) / 4 * 3;
    let longest = (padding..padding + 6).map(of).rfind(|token| token.len() <= 20_000);
    assert!(verify(&longest.unwrap(), &keys).is_ok());
    let longer = of(padding + 6);
    assert!(longer.len() > 20_000);
    assert_eq!(verify(&longer, &keys), Err(WebIdentityError::Malformed("too long")));
}

#[test]
fn deep_json_is_refused() {
    let signer = Signer::ed25519();
    let keys = key_set(&[signer.jwk()]);
    let deep = format!("{}1{}", "[".repeat(7_000), "]".repeat(7_000));
    let token = signer.sign(r#"{"alg":"EdDSA"}"#, &format!("{{\"iss\":\"a\",\"deep\":{deep}}}"));
    assert!(token.len() <= 20_000);
    assert_eq!(verify(&token, &keys), Err(WebIdentityError::Malformed("claims")));
    let header = format!("{}.{}.", encode(format!("{{\"alg\":{deep}}}")), encode("{}"));
    assert_eq!(verify(&header, &keys), Err(WebIdentityError::Malformed("header")));
    for odd in ["[]", "1", "null", "\"\"", "", "{", "{}x"] {
        let token = format!("{}.{}.", encode(r#"{"alg":"EdDSA"}"#), encode(odd));
        assert_eq!(verify(&token, &keys), Err(WebIdentityError::Malformed("claims")), "{odd}");
    }
}

#[test]
fn refusals_repeat_nothing_of_the_token() {
    let signer = Signer::ed25519();
    let token = signer.token(
        &json!({ "alg": "EdDSA", "kid": "SECRET" }),
        &claims(&json!({ "aud": "SECRET", "sub": "SECRET" })),
    );
    for keys in [key_set(&[signer.jwk()]), key_set(&[])] {
        let error = verify(&token, &keys).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("SECRET"));
    }
}

/// JSON of any shape.
fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|value| json!(value)),
        any::<i64>().prop_map(|value| json!(value)),
        any::<u64>().prop_map(|value| json!(value)),
        any::<f64>().prop_map(|value| json!(value)),
        "[ -~]{0,12}".prop_map(|value| json!(value)),
        Just(json!(crate::support::ISSUER)),
        Just(json!("trent")),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|value| json!(value)),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..4).prop_map(|value| json!(value)),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_judged(text in "\\PC*") {
        prop_assert!(Token::parse(&text).is_err());
    }

    #[test]
    fn any_claims_are_judged(
        header in prop::collection::btree_map(
            prop::sample::select(vec!["alg", "kid", "typ", "crit"]), value(), 0..3,
        ),
        changes in prop::collection::btree_map(
            prop::sample::select(vec![
                "iss", "sub", "aud", "azp", "exp", "nbf", "iat", "amr", "Sub", "x",
            ]),
            value(),
            0..6,
        ),
    ) {
        let signer = Signer::ed25519();
        let keys = key_set(&[signer.jwk()]);
        let mut named = json!({ "alg": "EdDSA" });
        for (name, value) in header {
            named[name] = value;
        }
        let token = signer.token(&named, &claims(&json!(changes)));
        if let Ok(identity) = verify(&token, &keys) {
            let keys = identity.condition_keys();
            prop_assert_eq!(&keys["token.example.com/tenant:sub"], &[identity.subject]);
        }
    }

    #[test]
    fn any_key_set_is_judged(
        entries in prop::collection::vec(
            prop::collection::btree_map(
                prop::sample::select(vec![
                    "kty", "crv", "n", "e", "x", "y", "kid", "alg", "use", "key_ops",
                ]),
                prop_oneof![
                    value(),
                    prop::sample::select(vec![
                        "RSA", "EC", "OKP", "P-256", "P-384", "P-521", "Ed25519", "AQAB", "AQ", "",
                    ]).prop_map(|text| json!(text)),
                    prop::collection::vec(any::<u8>(), 0..70).prop_map(|bytes| json!(encode(bytes))),
                ],
                0..8,
            ),
            0..4,
        ),
    ) {
        let set = json!({ "keys": entries }).to_string();
        prop_assert!(Jwks::parse(set.as_bytes()).is_ok());
    }

    #[test]
    fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Jwks::parse(&bytes);
    }
}
