//! A whole service on a store in memory, for the targets that speak with one.

use crate::vectors;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use tokio::runtime::Runtime;
use trent_core::AccountId;
use trent_core::identity::IdentityName;
use trent_iam::Request;
use trent_iam::web_identity::Jwks;
use trent_keystore::root_key::Access;
use trent_service::root_keys::RootKeys;
use trent_service::web_identity::{Issuer, KeysUnavailable, WebIdentities, WebIdentityKeys};
use trent_service::{Answer, Credentials, Origin, Service, Settings};
use trent_store::SqliteStore;
use zeroize::Zeroizing;

/// A service, and what it runs on.
pub struct World {
    runtime: Runtime,
    root_keys: Arc<RootKeys>,
    pub service: Service,
}

impl World {
    /// An empty service in development mode, under the root key of these 32 bytes.
    pub fn new(root: Vec<u8>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let store = Arc::new(runtime.block_on(SqliteStore::open_in_memory()).unwrap());
        let credentials = Credentials::accepting_unknown(account(), Vec::new());
        let root_keys = RootKeys::open(store, Access::File(Zeroizing::new(root)));
        let root_keys = runtime.block_on(root_keys).unwrap();
        let service = Service::open(Arc::clone(&root_keys), settings(credentials));
        let service = runtime.block_on(service).unwrap();
        Self { runtime, root_keys, service }
    }

    /// Another service over the same store, which accepts nobody that the store does not know.
    pub fn strict(&self) -> Service {
        let root_keys = Arc::clone(&self.root_keys);
        let service = Service::open(root_keys, settings(Credentials::strict()));
        self.wait(service).unwrap()
    }

    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Makes the account of callers and [`ROLE`], which everybody in the account may assume.
    pub fn create_role(&self) {
        let identities = self.service.identities();
        self.wait(identities.create_account(Some(account()), "fuzz")).unwrap();
        let name = IdentityName::parse(ROLE).unwrap();
        let role =
            identities.create_role(account(), &name, "/", TRUST_POLICY, 3600, BTreeMap::new());
        self.wait(role).unwrap();
    }

    /// Sends a form to AWS STS.
    pub fn form(&self, body: &[u8]) -> Answer {
        let authorization = AUTHORIZATION.replace("/kms/", "/sts/");
        let headers: [(&str, &[u8]); 4] = [
            ("host", b"localhost"),
            ("content-type", b"application/x-www-form-urlencoded"),
            ("x-amz-date", b"20260101T000000Z"),
            ("authorization", authorization.as_bytes()),
        ];
        let request = Request { method: "POST", path: "/", query: "", headers: &headers, body };
        self.wait(self.service.answer(&request, Origin::default(), "request"))
    }

    /// Sends a request with a signature that is of the right form, and a session token if there is
    /// one. The answer is never a failure of the service.
    pub fn call(
        &self,
        service: &Service,
        operation: &str,
        body: &[u8],
        token: Option<&[u8]>,
    ) -> Answer {
        let target = format!("TrentService.{operation}");
        let mut headers: Vec<(&str, &[u8])> = vec![
            ("host", b"localhost"),
            ("content-type", b"application/x-amz-json-1.1"),
            ("x-amz-date", b"20260101T000000Z"),
            ("x-amz-target", target.as_bytes()),
            ("authorization", AUTHORIZATION.as_bytes()),
        ];
        headers.extend(token.map(|token| ("x-amz-security-token", token)));
        let request = Request { method: "POST", path: "/", query: "", headers: &headers, body };
        let answer = self.wait(service.answer(&request, Origin::default(), "request"));
        assert!(
            [200, 400, 404, 413].contains(&answer.status),
            "{operation}: {} {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
        assert_eq!(answer.status == 200, answer.error.is_none());
        answer
    }
}

/// The keys of the issuer whose tokens are in the vectors of the tests.
struct IssuerKeys;

#[async_trait]
impl WebIdentityKeys for IssuerKeys {
    async fn keys(&self, _: &str, _: Option<&str>) -> Result<Arc<Jwks>, KeysUnavailable> {
        let json = vectors(include_str!("../../crates/iam/tests/vectors/web_identity.json"));
        Ok(Arc::new(Jwks::parse(json["jwks"].to_string().as_bytes()).unwrap()))
    }
}

fn account() -> AccountId {
    AccountId::parse("000000000000").unwrap()
}

fn settings(credentials: Credentials) -> Settings {
    let issuer = Issuer {
        url: "https://token.example.com/tenant".to_owned(),
        audiences: vec!["sts.amazonaws.com".to_owned()],
    };
    let identities = WebIdentities { issuers: vec![issuer], keys: Arc::new(IssuerKeys) };
    Settings {
        account: account(),
        custom_keys: true,
        enforce: false,
        web_identities: Some(identities),
        ..Settings::new(credentials).unwrap()
    }
}

/// The name of the one role.
pub const ROLE: &str = "Worker";

const TRUST_POLICY: &str = r#"{"Version": "2012-10-17", "Statement": [{
    "Effect": "Allow",
    "Principal": {"AWS": "000000000000"},
    "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
}, {
    "Effect": "Allow",
    "Principal": {"Federated": "arn:aws:iam::000000000000:oidc-provider/token.example.com/tenant"},
    "Action": "sts:AssumeRoleWithWebIdentity"
}]}"#;

/// Unverified in development mode.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 \
    Credential=trent/20260101/us-east-1/kms/aws4_request, \
    SignedHeaders=host;x-amz-date;x-amz-target, \
    Signature=0000000000000000000000000000000000000000000000000000000000000000";
