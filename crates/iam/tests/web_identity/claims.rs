//! What a token says: issuer, audience, times, subject, and the condition keys.

use serde_json::{Value, json};
use trent_iam::web_identity::{WebIdentity, WebIdentityError};

use crate::support::{NOW, Signer, claims, encode, key_set, verify};

/// The verification of a token with these claims changed.
fn judge(changes: &Value) -> Result<WebIdentity, WebIdentityError> {
    let signer = Signer::ed25519();
    let token = signer.token(&json!({ "alg": "EdDSA" }), &claims(changes));
    verify(&token, &key_set(&[signer.jwk()]))
}

#[test]
fn required_claims_are_required() {
    for name in ["iss", "sub", "aud", "exp"] {
        assert_eq!(judge(&json!({ name: null })), Err(WebIdentityError::MissingClaim(name)));
        let wrong = if name == "exp" { json!("1") } else { json!(1) };
        let error = judge(&json!({ name: wrong })).unwrap_err();
        if name == "aud" {
            assert_eq!(error, WebIdentityError::Audience);
        } else {
            assert_eq!(error, WebIdentityError::Malformed(name));
        }
    }
    assert!(judge(&json!({ "iat": null })).is_ok());
}

#[test]
fn the_issuer_is_exact() {
    for issuer in [
        "https://token.example.com",
        "https://token.example.com/tenant/",
        "https://TOKEN.example.com/tenant",
        "http://token.example.com/tenant",
    ] {
        assert_eq!(judge(&json!({ "iss": issuer })), Err(WebIdentityError::Issuer), "{issuer}");
    }
}

#[test]
fn the_audience_is_one_of_ours() {
    for audience in
        [json!("trent"), json!(["trent"]), json!(["other", "trent"]), json!([1, "trent"])]
    {
        assert_eq!(judge(&json!({ "aud": audience })).unwrap().audience, "trent");
    }
    for audience in [json!("other"), json!([]), json!(["other"]), json!({ "trent": 1 }), json!("")]
    {
        assert_eq!(judge(&json!({ "aud": audience })), Err(WebIdentityError::Audience));
    }
}

#[test]
fn the_authorized_party_is_the_audience_that_is_told() {
    let identity = judge(&json!({ "azp": "client", "aud": ["trent", "x"] })).unwrap();
    assert_eq!(identity.audience, "client");
    let keys = identity.condition_keys();
    assert_eq!(keys["token.example.com/tenant:aud"], ["client"]);
    assert_eq!(keys["token.example.com/tenant:oaud"], ["trent", "x"]);
    // An authorized party of ours does not stand in for an audience of ours.
    let other = json!({ "azp": "trent", "aud": "other" });
    assert_eq!(judge(&other), Err(WebIdentityError::Audience));
    assert_eq!(judge(&json!({ "azp": 1 })), Err(WebIdentityError::Malformed("azp")));
}

#[test]
fn a_token_ends() {
    for (expires, is_valid) in [
        (json!(NOW + 1), true),
        (json!(NOW), false),
        (json!(NOW - 1), false),
        (json!(0), false),
        (json!(-1), false),
        (json!(1_700_000_001.5), true),
        (json!(1_700_000_000.5), false),
    ] {
        let verified = judge(&json!({ "exp": expires }));
        assert_eq!(verified.is_ok(), is_valid, "{expires}");
        if !is_valid {
            let error = verified.unwrap_err();
            assert!(matches!(error, WebIdentityError::Expired { now: NOW, .. }), "{error:?}");
        }
    }
    assert_eq!(
        judge(&json!({ "exp": NOW })).unwrap_err().to_string(),
        "Token expired: current date/time 1700000000 must be before the expiration date/time \
         1700000000"
    );
    for expires in [json!(i64::MAX), json!(u64::MAX), json!(1e300), json!([]), json!(true)] {
        let error = judge(&json!({ "exp": expires }));
        assert_eq!(error, Err(WebIdentityError::Malformed("exp")), "{expires}");
    }
}

#[test]
fn a_token_begins() {
    for name in ["nbf", "iat"] {
        assert!(judge(&json!({ name: NOW + 60 })).is_ok());
        assert!(judge(&json!({ name: 0 })).is_ok());
        assert_eq!(judge(&json!({ name: NOW + 61 })), Err(WebIdentityError::NotYetValid));
        assert_eq!(judge(&json!({ name: "now" })), Err(WebIdentityError::Malformed(name)));
    }
}

#[test]
fn subjects_are_bounded() {
    assert_eq!(judge(&json!({ "sub": "é".repeat(255) })).unwrap().subject, "é".repeat(255));
    for subject in [String::new(), "a".repeat(256)] {
        assert_eq!(judge(&json!({ "sub": subject })), Err(WebIdentityError::Malformed("sub")));
    }
}

#[test]
fn strings_and_their_lists_are_condition_keys() {
    let identity = judge(&json!({
        "amr": ["pwd", "mfa"],
        "repository": "trent/trent",
        "run_attempt": 1,
        "email_verified": true,
        "mixed": ["a", 1],
        "kubernetes.io": { "namespace": "default" },
        "SUB": "root",
        "Aud": "root",
        "OAUD": "root",
        "Repository": "other/other",
        "Environment": "production",
    }))
    .unwrap();
    let keys = identity.condition_keys();
    let names: Vec<&str> =
        keys.keys().map(|key| key.strip_prefix("token.example.com/tenant:").unwrap()).collect();
    assert_eq!(names, ["Environment", "amr", "aud", "iss", "repository", "sub"]);
    assert_eq!(keys["token.example.com/tenant:amr"], ["pwd", "mfa"]);
    assert_eq!(keys["token.example.com/tenant:aud"], ["sts.amazonaws.com"]);
    assert_eq!(keys["token.example.com/tenant:sub"], ["somebody"]);
    assert_eq!(keys["token.example.com/tenant:repository"], ["trent/trent"]);
    assert_eq!(identity.claims["kubernetes.io"]["namespace"], "default");
}

#[test]
fn of_two_claims_of_one_name_the_last_counts_everywhere() {
    let signer = Signer::p256();
    let twice = format!(
        r#"{{"iss":"https://evil.example.com","sub":"a","sub":"b","aud":"trent","exp":{},"iss":"{}"}}"#,
        NOW + 1,
        crate::support::ISSUER
    );
    let token = signer.sign(r#"{"alg":"none","alg":"ES256"}"#, &twice);
    let identity = verify(&token, &key_set(&[signer.jwk()])).unwrap();
    assert_eq!(identity.subject, "b");
    // The payload of a token is its own; the header of another does not make it valid.
    let unsigned = format!("{}.{}.", encode(r#"{"alg":"ES256","alg":"none"}"#), encode(&twice));
    assert_eq!(
        verify(&unsigned, &key_set(&[signer.jwk()])),
        Err(WebIdentityError::Malformed("algorithm"))
    );
}
