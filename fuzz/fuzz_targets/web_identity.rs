//! OpenID Connect tokens, and the key sets of issuers: the first line is a token, the rest a set.
#![no_main]

use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use trent_fuzz::vectors;
use trent_iam::web_identity::{Jwks, Token, WebIdentity};

/// An issuer, and every token that it has ever signed.
static ISSUER: LazyLock<(Jwks, Vec<String>)> = LazyLock::new(|| {
    let json = vectors(include_str!("../../crates/iam/tests/vectors/web_identity.json"));
    let keys = Jwks::parse(json["jwks"].to_string().as_bytes()).unwrap();
    let tokens = json["tokens"].as_object().unwrap().values();
    (keys, tokens.map(|token| token.as_str().unwrap().to_owned()).collect())
});

fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (token, set) = data.split_at(end);
    let set = Jwks::parse(set);
    let Ok(token) = std::str::from_utf8(token) else { return };
    let (keys, signed) = &*ISSUER;
    if verified(token, keys).is_some() {
        assert!(signed.iter().any(|one| one == token), "a forged token");
    }
    if let Some(identity) = set.ok().and_then(|keys| verified(token, &keys)) {
        let _ = identity.condition_keys();
    }
});

fn verified(token: &str, keys: &Jwks) -> Option<WebIdentity> {
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    let audiences = ["sts.amazonaws.com".to_owned()];
    let token = Token::parse(token).ok()?;
    let _ = (token.issuer(), token.key_id());
    let identity = token.verify(keys, "https://token.example.com/tenant", &audiences, now).ok()?;
    assert!(identity.expires > now && !identity.subject.is_empty());
    Some(identity)
}
