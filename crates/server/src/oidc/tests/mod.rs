//! Tests of the keys of token issuers, against issuers on this machine.

mod issuer;

use super::*;
use issuer::TestIssuer;
use jiff::Timestamp;
use serde_json::json;
use trent_iam::web_identity::WebIdentityError;
use trent_service::web_identity::{WebIdentityFailure, verify};

/// The `[[oidc.issuer]]` tables of a configuration file.
fn parse(text: &str) -> Result<Vec<OidcIssuer>> {
    #[derive(Deserialize)]
    struct Oidc {
        issuer: Vec<OidcIssuer>,
    }
    #[derive(Deserialize)]
    struct Configuration {
        oidc: Oidc,
    }
    Ok(toml::from_str::<Configuration>(text)?.oidc.issuer)
}

/// One issuer with one audience and these further lines.
fn one(issuer: &str, lines: &str) -> Result<IssuerKeys> {
    let text = format!("[[oidc.issuer]]\nissuer = '{issuer}'\naudiences = ['trent']\n{lines}");
    Ok(IssuerKeys::configured(&parse(&text)?)?.1)
}

impl IssuerKeys {
    /// With another pace, in milliseconds.
    fn paced(mut self, refresh: u64, retry: u64, timeout: u64) -> Self {
        for kept in self.of.values_mut() {
            Arc::get_mut(kept).unwrap().pace = Pace {
                refresh: Duration::from_millis(refresh),
                retry: Duration::from_millis(retry),
                timeout: Duration::from_millis(timeout),
            };
        }
        self
    }

    /// Whether the key is there, or `None` if there are no keys.
    async fn has(&self, issuer: &str, id: &str) -> Option<bool> {
        Some(self.keys(issuer, Some(id)).await.ok()?.names(id))
    }
}

/// A key set with keys of these ids.
fn key_set(ids: &[&str]) -> String {
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let key = |id: &&str| json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": id });
    json!({ "keys": ids.iter().map(key).collect::<Vec<_>>() }).to_string()
}

const HOUR: u64 = 3_600_000;

#[test]
fn issuers_are_configured_in_tables() {
    let text = "
        [[oidc.issuer]]
        issuer = 'https://token.actions.githubusercontent.com'
        audiences = ['sts.amazonaws.com', 'other']
        [[oidc.issuer]]
        issuer = 'https://accounts.example.com/'
        audiences = ['trent']
        jwks_url = 'https://keys.example.com/jwks?version=1'
        [[oidc.issuer]]
        issuer = 'http://127.0.0.1:8080'
        audiences = ['trent']
        jwks_file = '/etc/trent/jwks.json'
    ";
    let (issuers, keys) = IssuerKeys::configured(&parse(text).unwrap()).unwrap();
    assert_eq!(issuers.len(), 3);
    assert_eq!(issuers[0].url, "https://token.actions.githubusercontent.com");
    assert_eq!(issuers[0].audiences, ["sts.amazonaws.com", "other"]);
    let Source::Discovery { document, .. } = &keys.of[&issuers[0].url].source else { panic!() };
    assert_eq!(
        document,
        "https://token.actions.githubusercontent.com/.well-known/openid-configuration"
    );
    assert!(matches!(keys.of[&issuers[1].url].source, Source::Address { .. }));
    assert!(matches!(keys.of[&issuers[2].url].source, Source::File(_)));
    // A slash at the end is the issuer's, but not doubled in the address.
    let keys = one("https://accounts.example.com/", "").unwrap();
    let Source::Discovery { document, .. } = &keys.of["https://accounts.example.com/"].source
    else {
        panic!()
    };
    assert_eq!(document, "https://accounts.example.com/.well-known/openid-configuration");
}

#[test]
fn wrong_configurations_are_refused() {
    for issuer in [
        "",
        "token.example.com",
        "http://token.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://localhost@example.com",
        "https://somebody@example.com",
        "https://",
        "https:///path",
        "ftp://localhost",
        "file:///etc/passwd",
        "https://example.com/?a=b",
        "https://example.com/#a",
        &format!("https://example.com/{}", "a".repeat(236)),
    ] {
        assert!(one(issuer, "").is_err(), "{issuer}");
    }
    for issuer in
        ["https://example.com", "http://localhost", "http://[::1]:8080/a", "http://127.9.9.9"]
    {
        assert!(one(issuer, "").is_ok(), "{issuer}");
    }
    for lines in [
        "jwks_url = 'http://example.com/jwks'",
        "jwks_url = '/jwks'",
        "jwks_url = 'https://example.com/jwks'\njwks_file = 'a'",
        "ca_file = '/nonexistent/ca.pem'",
        "ca_file = '/dev/null'",
        "jwks = 'a'",
        "audience = 'a'",
    ] {
        assert!(one("https://example.com", lines).is_err(), "{lines}");
    }
    let with = |audiences: &[String]| {
        let audiences = json!(audiences);
        let text =
            format!("[[oidc.issuer]]\nissuer = 'https://example.com'\naudiences = {audiences}");
        IssuerKeys::configured(&parse(&text)?)
    };
    assert!(with(&vec!["a".repeat(255); 100]).is_ok());
    for audiences in [vec![], vec![String::new()], vec!["a".repeat(256)], vec!["a".to_owned(); 101]]
    {
        assert!(with(&audiences).is_err());
    }
    let table = "[[oidc.issuer]]\nissuer = 'https://example.com'\naudiences = ['a']\n";
    assert!(IssuerKeys::configured(&parse(&table.repeat(2)).unwrap()).is_err());
    assert!(parse("[[oidc.issuer]]\nissuer = 'https://example.com'").is_err());
}

#[tokio::test]
async fn a_token_is_verified_with_the_keys_of_a_file() {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../../../iam/tests/vectors/web_identity.json"))
            .unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), vectors["jwks"].to_string()).unwrap();
    let text = format!(
        "[[oidc.issuer]]\nissuer = 'https://token.example.com/tenant'\n\
         audiences = ['sts.amazonaws.com']\njwks_file = '{}'",
        file.path().display()
    );
    let (issuers, keys) = IssuerKeys::configured(&parse(&text).unwrap()).unwrap();
    let token = vectors["tokens"]["RS256"].as_str().unwrap();
    let at = |second| Timestamp::from_second(second).unwrap();
    let identity = verify(&issuers, &keys, token, at(1_700_000_000)).await.unwrap();
    assert_eq!(identity.subject, "repo:trent/trent:ref:refs/heads/main");
    let failure = verify(&issuers, &keys, token, at(1_700_003_600)).await.unwrap_err();
    assert!(matches!(failure, WebIdentityFailure::Token(WebIdentityError::Expired { .. })));
    assert_eq!(keys.keys("https://other.example.com", None).await.unwrap_err(), KeysUnavailable);
}

#[tokio::test(start_paused = true)]
async fn a_changed_file_is_read_again() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let issuer = "https://example.com";
    let keys = one(issuer, &format!("jwks_file = '{}'", file.path().display())).unwrap();
    assert_eq!(keys.has(issuer, "one").await, None, "an empty file is no key set");
    std::fs::write(file.path(), key_set(&["one"])).unwrap();
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(keys.has(issuer, "one").await, Some(true));
    std::fs::write(file.path(), key_set(&["two"])).unwrap();
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(keys.has(issuer, "one").await, Some(false));
    assert_eq!(keys.has(issuer, "two").await, Some(true));
    // An empty set withdraws the keys.
    std::fs::write(file.path(), key_set(&[])).unwrap();
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(keys.has(issuer, "two").await, Some(false));
}

#[tokio::test(start_paused = true)]
async fn the_last_keys_serve_for_a_day() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), key_set(&["one"])).unwrap();
    let issuer = "https://example.com";
    let keys = one(issuer, &format!("jwks_file = '{}'", file.path().display())).unwrap();
    assert_eq!(keys.has(issuer, "one").await, Some(true));
    drop(file);
    tokio::time::advance(Duration::from_millis(24 * HOUR - 1)).await;
    assert_eq!(keys.has(issuer, "one").await, Some(true));
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(keys.has(issuer, "one").await, None);
}

#[tokio::test]
async fn keys_are_found_by_discovery() {
    let issuer = TestIssuer::start(&key_set(&["one"])).await;
    let keys = one(&issuer.url, "").unwrap();
    for _ in 0..3 {
        assert_eq!(keys.has(&issuer.url, "one").await, Some(true));
        assert!(keys.keys(&issuer.url, None).await.is_ok());
    }
    assert_eq!(issuer.requests(), ["/.well-known/openid-configuration", "/jwks"]);
}

#[tokio::test]
async fn a_discovery_document_must_be_the_issuer_s() {
    for (document, said) in [
        (
            json!({ "issuer": "https://other.example.com", "jwks_uri": "URL/jwks" }),
            "another issuer",
        ),
        (json!({ "issuer": "URL/", "jwks_uri": "URL/jwks" }), "another issuer"),
        (json!({ "issuer": "URL", "jwks_uri": "http://example.com/jwks" }), "not an `https`"),
        (json!({ "issuer": "URL", "jwks_uri": "file:///etc/passwd" }), "not an address"),
        (json!({ "issuer": "URL", "jwks_uri": "/jwks" }), "not an `https`"),
        (
            json!({ "issuer": "URL", "jwks_uri": format!("https://a/{}", "a".repeat(2048)) }),
            "longer than 2048",
        ),
        (json!({ "issuer": "URL" }), "no discovery document"),
        (json!("x"), "no discovery document"),
    ] {
        let issuer = TestIssuer::start(&key_set(&["one"])).await;
        issuer.change(|answer| answer.discovery = Some(document.to_string()));
        let keys = one(&issuer.url, "").unwrap();
        assert_eq!(keys.has(&issuer.url, "one").await, None, "{document}");
        assert_eq!(issuer.requests().len(), 1, "{document}");
        let error = keys.of[&issuer.url].get().await.unwrap_err();
        assert!(format!("{error:#}").contains(said), "{error:#}");
    }
}

#[test]
fn a_remote_issuer_does_not_send_us_to_this_machine() {
    let judge = |issuer: &str, jwks_uri: &str| {
        let document = json!({ "issuer": issuer, "jwks_uri": jwks_uri }).to_string();
        keys_address(issuer, document.as_bytes()).is_ok()
    };
    assert!(judge("https://example.com", "https://keys.example.com/jwks"));
    assert!(!judge("https://example.com", "http://127.0.0.1:8080/jwks"));
    assert!(judge("http://localhost:8080", "http://127.0.0.1:8080/jwks"));
}

#[tokio::test]
async fn answers_that_are_no_key_set_are_refused() {
    let big = key_set(&["one"]) + &" ".repeat(JWKS_BYTES_MAX);
    for (status, body, said) in [
        (302, key_set(&["one"]), "302"),
        (301, String::new(), "301"),
        (404, key_set(&["one"]), "404"),
        (500, key_set(&["one"]), "500"),
        (206, key_set(&["one"]), "206"),
        (200, big, "length limit exceeded"),
        (200, "<html>".to_owned(), "not a JSON Web Key Set"),
    ] {
        let issuer = TestIssuer::start(&body).await;
        issuer.change(|answer| answer.status = status);
        let keys = one(&issuer.url, &format!("jwks_url = '{}/jwks'", issuer.url)).unwrap();
        assert_eq!(keys.has(&issuer.url, "one").await, None, "{status}");
        // Not the target of the redirect.
        assert_eq!(issuer.requests(), ["/jwks"], "{status}");
        let error = keys.of[&issuer.url].get().await.unwrap_err();
        assert!(format!("{error:#}").contains(said), "{error:#}");
    }
}

#[tokio::test]
async fn nobody_listens() {
    let keys = one("http://127.0.0.1:1", "").unwrap();
    assert_eq!(keys.has("http://127.0.0.1:1", "one").await, None);
}

#[tokio::test]
async fn a_new_key_is_got_soon_but_not_for_every_token() {
    let issuer = TestIssuer::start(&key_set(&["one"])).await;
    let lines = format!("jwks_url = '{}/jwks'", issuer.url);
    let keys = one(&issuer.url, &lines).unwrap().paced(HOUR, 1_000, 5_000);
    assert_eq!(keys.has(&issuer.url, "one").await, Some(true));
    issuer.change(|answer| answer.keys = key_set(&["one", "two"]));
    for _ in 0..20 {
        assert_eq!(keys.has(&issuer.url, "two").await, Some(false));
    }
    assert_eq!(issuer.requests().len(), 1);
    tokio::time::sleep(Duration::from_millis(1_010)).await;
    assert_eq!(keys.has(&issuer.url, "two").await, Some(true));
    for _ in 0..20 {
        assert_eq!(keys.has(&issuer.url, "three").await, Some(false));
    }
    assert_eq!(issuer.requests().len(), 2);
}

#[tokio::test]
async fn old_keys_are_got_again_and_kept_while_that_fails() {
    let issuer = TestIssuer::start(&key_set(&["one"])).await;
    let lines = format!("jwks_url = '{}/jwks'", issuer.url);
    let keys = one(&issuer.url, &lines).unwrap().paced(0, 0, 5_000);
    assert_eq!(keys.has(&issuer.url, "one").await, Some(true));
    issuer.change(|answer| answer.status = 503);
    assert_eq!(keys.has(&issuer.url, "one").await, Some(true));
    assert_eq!(keys.has(&issuer.url, "two").await, Some(false));
    assert_eq!(issuer.requests().len(), 3);
    issuer.change(|answer| (answer.status, answer.keys) = (200, key_set(&["two"])));
    assert_eq!(keys.has(&issuer.url, "one").await, Some(false));
    assert_eq!(keys.has(&issuer.url, "two").await, Some(true));
}

#[tokio::test]
async fn an_issuer_that_hangs_is_given_up() {
    let issuer = TestIssuer::start(&key_set(&["one"])).await;
    let lines = format!("jwks_url = '{}/jwks'", issuer.url);
    let keys = Arc::new(one(&issuer.url, &lines).unwrap().paced(0, HOUR, 300));
    issuer.change(|answer| answer.hangs = true);
    let begin = Instant::now();
    assert_eq!(keys.has(&issuer.url, "one").await, None);
    assert!((300..5_000).contains(&begin.elapsed().as_millis()));
    // The next one is told at once.
    let begin = Instant::now();
    assert_eq!(keys.has(&issuer.url, "one").await, None);
    assert!(begin.elapsed() < Duration::from_millis(300));
    assert_eq!(issuer.requests().len(), 1);
}

#[tokio::test]
async fn many_tokens_wait_for_one_request() {
    let issuer = TestIssuer::start(&key_set(&["one"])).await;
    let keys = Arc::new(one(&issuer.url, "").unwrap());
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (keys, url) = (Arc::clone(&keys), issuer.url.clone());
            tokio::spawn(async move { keys.has(&url, "one").await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Some(true));
    }
    assert_eq!(issuer.requests().len(), 2);
}

#[tokio::test]
async fn who_hangs_up_does_not_stop_the_others() {
    let issuer = TestIssuer::start(&key_set(&["one"])).await;
    let keys = Arc::new(one(&issuer.url, "").unwrap().paced(HOUR, HOUR, 5_000));
    issuer.change(|answer| answer.delay = Duration::from_millis(200));
    let impatient = {
        let (keys, url) = (Arc::clone(&keys), issuer.url.clone());
        tokio::spawn(async move { keys.has(&url, "one").await })
    };
    while issuer.requests().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    impatient.abort();
    assert_eq!(keys.has(&issuer.url, "one").await, Some(true));
    assert_eq!(issuer.requests().len(), 2);
}

#[tokio::test]
async fn a_private_authority_is_trusted_only_where_it_is_named() {
    let (issuer, authority) = TestIssuer::start_tls(&key_set(&["one"])).await;
    let ca_file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(ca_file.path(), authority).unwrap();
    let trusting = one(&issuer.url, &format!("ca_file = '{}'", ca_file.path().display())).unwrap();
    assert_eq!(trusting.has(&issuer.url, "one").await, Some(true));

    let (_, other) = issuer::authority();
    std::fs::write(ca_file.path(), other).unwrap();
    let other = one(&issuer.url, &format!("ca_file = '{}'", ca_file.path().display())).unwrap();
    for keys in [other, one(&issuer.url, "").unwrap()] {
        assert_eq!(keys.has(&issuer.url, "one").await, None);
        let error = format!("{:#}", keys.of[&issuer.url].get().await.unwrap_err());
        assert!(error.contains("certificate"), "{error}");
    }
}
