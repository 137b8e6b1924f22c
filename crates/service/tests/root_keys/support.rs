//! A store in a folder, services over it, and keys of every kind in it.

use crate::unsigned;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use trent_core::AccountId;
use trent_keystore::root_key::Access;
use trent_service::root_keys::RootKeys;
use trent_service::{Credentials, Service, ServiceError, Settings};
use trent_store::{Kind, RecordId, SqliteStore, Store};
use zeroize::Zeroizing;

pub(crate) struct House {
    directory: tempfile::TempDir,
}

impl House {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        Path::new(self.directory.path()).join("trent.db")
    }

    pub(crate) async fn store(&self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(&self.path()).await.unwrap())
    }

    pub(crate) async fn keys(&self, access: &Access) -> Result<Arc<RootKeys>, ServiceError> {
        RootKeys::open(self.store().await, access.clone()).await
    }

    pub(crate) async fn service(&self, access: &Access) -> (Service, Arc<RootKeys>) {
        let keys = self.keys(access).await.unwrap();
        let account = AccountId::parse("000000000000").unwrap();
        let settings = Settings {
            enforce: false,
            ..Settings::new(Credentials::accepting_unknown(account, Vec::new())).unwrap()
        };
        (Service::open(Arc::clone(&keys), settings).await.unwrap(), keys)
    }

    pub(crate) async fn table(&self) -> Option<trent_store::Record> {
        let id = RecordId {
            kind: Kind::Setting,
            account: String::new(),
            region: String::new(),
            name: "store-keys".to_owned(),
        };
        self.store().await.get(&id).await.unwrap()
    }
}

pub(crate) fn file(byte: u8) -> Access {
    Access::File(Zeroizing::new(vec![byte; 32]))
}

pub(crate) fn systemd(byte: u8) -> Access {
    Access::Systemd { name: "root-key".to_owned(), key: Zeroizing::new(vec![byte; 32]) }
}

pub(crate) fn passphrase() -> Access {
    Access::Passphrase(Zeroizing::new("correct horse battery".to_owned()))
}

/// Keys of every kind of material, aliases and a grant; with something that only they can check.
pub(crate) async fn make_keys(service: &Service) -> Vec<(String, &'static str, Value)> {
    let mut made = Vec::new();
    for (spec, usage, operation, body) in [
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "Encrypt", json!({ "Plaintext": "c2VjcmV0" })),
        (
            "HMAC_256",
            "GENERATE_VERIFY_MAC",
            "GenerateMac",
            json!({ "Message": "c2VjcmV0", "MacAlgorithm": "HMAC_SHA_256" }),
        ),
        (
            "ECC_NIST_P256",
            "SIGN_VERIFY",
            "Sign",
            json!({ "Message": "c2VjcmV0", "SigningAlgorithm": "ECDSA_SHA_256" }),
        ),
    ] {
        let request = json!({ "KeySpec": spec, "KeyUsage": usage });
        let key = call(service, "CreateKey", &request).await;
        let id = key["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
        if usage == "ENCRYPT_DECRYPT" {
            call(service, "RotateKeyOnDemand", &json!({ "KeyId": id })).await;
        }
        let alias = json!({ "AliasName": format!("alias/{id}"), "TargetKeyId": id });
        call(service, "CreateAlias", &alias).await;
        let grantee = "arn:aws:iam::000000000000:root";
        let operations = json!(["DescribeKey"]);
        let grant = json!({
            "KeyId": id,
            "GranteePrincipal": grantee,
            "RetiringPrincipal": grantee,
            "Operations": operations,
        });
        call(service, "CreateGrant", &grant).await;
        let mut body = body;
        body["KeyId"] = json!(id);
        let answer = call(service, operation, &body).await;
        made.push((id, operation, answer));
    }
    made
}

pub(crate) async fn check_keys(service: &Service, made: &[(String, &'static str, Value)]) {
    for (id, operation, answer) in made {
        let (check, body) = match *operation {
            "Encrypt" => ("Decrypt", json!({ "CiphertextBlob": answer["CiphertextBlob"] })),
            "GenerateMac" => {
                let mac = &answer["Mac"];
                let body = json!({ "KeyId": id, "Message": "c2VjcmV0", "Mac": mac,
                    "MacAlgorithm": "HMAC_SHA_256" });
                ("VerifyMac", body)
            }
            _ => {
                let signature = &answer["Signature"];
                let body = json!({ "KeyId": id, "Message": "c2VjcmV0", "Signature": signature,
                    "SigningAlgorithm": "ECDSA_SHA_256" });
                ("Verify", body)
            }
        };
        call(service, check, &body).await;
        let alias = json!({ "KeyId": format!("alias/{id}") });
        let described = call(service, "DescribeKey", &alias).await;
        assert_eq!(described["KeyMetadata"]["KeyId"], json!(id));
        let grants = call(service, "ListGrants", &json!({ "KeyId": id })).await;
        assert_eq!(grants["Grants"].as_array().unwrap().len(), 1);
        let update = json!({ "KeyId": id, "Description": "changed" });
        call(service, "UpdateKeyDescription", &update).await;
    }
}

pub(crate) async fn call(service: &Service, operation: &str, body: &Value) -> Value {
    answer(service, operation, body).await.unwrap()
}

pub(crate) async fn answer(
    service: &Service,
    operation: &str,
    body: &Value,
) -> Result<Value, String> {
    unsigned::call(service, "us-east-1", operation, body).await.map_err(|error| error.to_string())
}
