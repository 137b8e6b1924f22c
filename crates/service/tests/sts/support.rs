//! A service in memory with two accounts, callers that sign, and an issuer of web identity tokens.

use crate::signature::signature;
use async_trait::async_trait;
use aws_credential_types::Credentials as Signing;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use trent_core::AccountId;
use trent_core::identity::IdentityName;
use trent_iam::Request;
use trent_iam::web_identity::Jwks;
use trent_keystore::root_key::Access;
use trent_service::identity::admin::{Identities, Owner};
use trent_service::root_keys::RootKeys;
use trent_service::web_identity::{Issuer, KeysUnavailable, WebIdentities, WebIdentityKeys};
use trent_service::{Credentials, Origin, Service, Settings};
use trent_store::SqliteStore;
use zeroize::Zeroizing;

pub(crate) const OWN: &str = "111122223333";
pub(crate) const OTHER: &str = "444455556666";
pub(crate) const ISSUER: &str = "https://token.example.com/tenant";

/// What somebody signs with.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
}

pub(crate) struct World {
    pub(crate) service: Service,
    pub(crate) identities: Identities,
    issuer: EcdsaKeyPair,
}

/// An answer: its status, and its XML.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) xml: String,
}

impl Reply {
    /// The text of the first element of this name.
    pub(crate) fn text(&self, name: &str) -> String {
        let (start, end) = (format!("<{name}>"), format!("</{name}>"));
        let after = self.xml.split_once(&start).map(|(_, after)| after);
        let text = after.and_then(|after| Some(after.split_once(&end)?.0));
        text.unwrap_or_else(|| panic!("no {name} in {}", self.xml)).to_owned()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.xml.contains(&format!("<{name}>"))
    }

    /// The access key that the reply brings.
    pub(crate) fn key(&self) -> Key {
        assert_eq!(self.status, 200, "{}", self.xml);
        Key {
            id: self.text("AccessKeyId"),
            secret: self.text("SecretAccessKey"),
            token: Some(self.text("SessionToken")),
        }
    }

    /// Status, code and message of an error.
    pub(crate) fn error(&self) -> (u16, String, String) {
        (self.status, self.text("Code"), self.text("Message").replace("&#39;", "'"))
    }

    pub(crate) fn is_denied(&self) -> bool {
        (self.status, self.text("Code").as_str()) == (403, "AccessDenied")
    }
}

impl World {
    pub(crate) async fn new(enforce: bool) -> Self {
        let access = Access::File(Zeroizing::new(vec![0xe7; 32]));
        let store = Arc::new(SqliteStore::open_in_memory().await.unwrap());
        let issuer = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let keys = Arc::new(Keys(Arc::new(key_set(&issuer))));
        let trusted = Issuer { url: ISSUER.to_owned(), audiences: vec!["trent".to_owned()] };
        let credentials = if enforce {
            Credentials::strict()
        } else {
            Credentials::accepting_unknown(account("000000000000"), Vec::new())
        };
        let settings = Settings {
            enforce,
            web_identities: Some(WebIdentities { issuers: vec![trusted], keys }),
            ..Settings::new(credentials).unwrap()
        };
        let root_keys = RootKeys::open(store, access).await.unwrap();
        let identities = Identities::open(&root_keys);
        let service = Service::open(root_keys, settings).await.unwrap();
        for digits in [OWN, OTHER] {
            identities.create_account(Some(account(digits)), "").await.unwrap();
        }
        Self { service, identities, issuer }
    }

    /// Makes a user with a policy for everything that `statements` says; returns its access key.
    pub(crate) async fn user(&self, account_id: &str, name: &str, statements: Value) -> Key {
        let (account, name) = (account(account_id), IdentityName::parse(name).unwrap());
        let tags = BTreeMap::from([("Team".to_owned(), "blue".to_owned())]);
        self.identities.create_user(account, &name, "/", tags).await.unwrap();
        self.put_policy(&Owner::User(account, name.clone()), statements).await;
        let key = self.identities.create_access_key(account, Some(&name)).await.unwrap();
        Key { id: key.id, secret: key.secret.to_string(), token: None }
    }

    /// The access key of the root of an account.
    pub(crate) async fn root(&self, account_id: &str) -> Key {
        let key = self.identities.create_access_key(account(account_id), None).await.unwrap();
        Key { id: key.id, secret: key.secret.to_string(), token: None }
    }

    /// Makes a role whose trust policy and policy have these statements.
    pub(crate) async fn role(&self, name: &str, trust: Value, statements: Value) -> String {
        let (account, name) = (account(OWN), IdentityName::parse(name).unwrap());
        let tags = BTreeMap::from([("Team".to_owned(), "red".to_owned())]);
        let trust = policy(&trust);
        let role = self.identities.create_role(account, &name, "/", &trust, 7200, tags);
        let arn = role.await.unwrap().arn("aws");
        self.put_policy(&Owner::Role(account, name), statements).await;
        arn
    }

    async fn put_policy(&self, owner: &Owner, statements: Value) {
        if statements.is_null() {
            return;
        }
        let edit = |permissions: &mut trent_core::identity::Permissions| {
            let name = IdentityName::parse("policy").unwrap();
            permissions.policies.insert(name, policy(&statements));
        };
        self.identities.change_permissions(owner, edit).await.unwrap();
    }

    /// Calls an action of STS.
    pub(crate) async fn sts(&self, key: Option<&Key>, parameters: &[(&str, &str)]) -> Reply {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Version", "2011-06-15").extend_pairs(parameters);
        let body = form.finish();
        let headers = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        let (status, body) = self.call(key, "sts", &headers, body.as_bytes()).await;
        Reply { status, xml: String::from_utf8(body).unwrap() }
    }

    pub(crate) async fn assume(&self, key: &Key, role: &str, more: &[(&str, &str)]) -> Reply {
        let mut parameters = vec![("Action", "AssumeRole"), ("RoleArn", role)];
        if !more.iter().any(|(name, _)| *name == "RoleSessionName") {
            parameters.push(("RoleSessionName", "session"));
        }
        parameters.extend(more);
        self.sts(Some(key), &parameters).await
    }

    pub(crate) async fn assume_with(&self, token: &str, role: &str) -> Reply {
        let parameters = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("RoleArn", role),
            ("RoleSessionName", "ci"),
            ("WebIdentityToken", token),
        ];
        self.sts(None, &parameters).await
    }

    /// Calls an operation of KMS; returns its reply, or the name of its exception.
    pub(crate) async fn kms(&self, key: &Key, operation: &str, body: Value) -> Value {
        let target = format!("TrentService.{operation}");
        let headers =
            [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
        let body = body.to_string();
        let (status, reply) = self.call(Some(key), "kms", &headers, body.as_bytes()).await;
        let reply: Value = serde_json::from_slice(&reply).unwrap_or(Value::Null);
        if status == 200 { reply } else { reply["__type"].clone() }
    }

    async fn call(
        &self,
        key: Option<&Key>,
        service: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> (u16, Vec<u8>) {
        let mut headers: Vec<(String, String)> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        headers.push(("host".to_owned(), "localhost".to_owned()));
        if let Some(key) = key {
            let credentials = Signing::new(&key.id, &key.secret, key.token.clone(), None, "test");
            let signed = signature(credentials, service, &headers, body);
            headers.extend(signed);
        }
        let headers: Vec<(&str, &[u8])> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let request = Request { method: "POST", path: "/", query: "", headers: &headers, body };
        let origin =
            Origin { source_ip: Some("203.0.113.7".parse().unwrap()), ..Origin::default() };
        let answer = self.service.answer(&request, origin, "request").await;
        if service == "sts" {
            assert_eq!(answer.content_type, Some("text/xml"));
        }
        (answer.status, answer.body)
    }

    /// A token of the issuer that is trusted, with these claims beside or instead of the usual.
    pub(crate) fn token(&self, changes: &Value) -> String {
        let now = self.service.clock().real_now().as_second();
        let mut claims = json!({
            "iss": ISSUER, "sub": "repo:example/app", "aud": "trent", "iat": now, "exp": now + 600,
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let header = json!({ "alg": "ES256", "kid": "one", "typ": "JWT" });
        let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = self.issuer.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", encode(signature))
    }
}

struct Keys(Arc<Jwks>);

#[async_trait]
impl WebIdentityKeys for Keys {
    async fn keys(&self, issuer: &str, _: Option<&str>) -> Result<Arc<Jwks>, KeysUnavailable> {
        assert_eq!(issuer, ISSUER);
        Ok(Arc::clone(&self.0))
    }
}

fn key_set(key: &EcdsaKeyPair) -> Jwks {
    let point = key.public_key().as_ref();
    let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
    let jwk = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": "one" });
    Jwks::parse(json!({ "keys": [jwk] }).to_string().as_bytes()).unwrap()
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn account(digits: &str) -> AccountId {
    AccountId::parse(digits).unwrap()
}

pub(crate) fn policy(statements: &Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

/// A statement of a trust policy for AWS principals.
pub(crate) fn trusts(principal: &str, actions: &[&str]) -> Value {
    json!([{ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": actions }])
}

/// A statement that allows actions on everything.
pub(crate) fn allows(actions: &[&str]) -> Value {
    json!([{ "Effect": "Allow", "Action": actions, "Resource": "*" }])
}
