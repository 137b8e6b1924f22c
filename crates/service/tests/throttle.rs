//! Request quotas that operations share by the kind of their key, and those that one call takes
//! from two Regions. The test of every one that a client can exceed is in `tests/sdk`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/unsigned.rs"]
mod unsigned;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::sync::Arc;
use trent_core::AccountId;
use trent_keystore::root_key::Access;
use trent_service::root_keys::RootKeys;
use trent_service::{Credentials, Service, Settings};
use trent_store::SqliteStore;
use unsigned::call;
use zeroize::Zeroizing;

const REGION: &str = "us-east-1";
const OTHER_REGION: &str = "eu-west-1";

/// No machine makes as many calls as this while the bucket fills as fast as it is emptied.
const CALLS_MAX: usize = 100_000;

#[tokio::test]
async fn the_uses_of_all_rsa_keys_share_a_quota() {
    let service = open(true).await;
    let signing = create(&service, "RSA_2048", "SIGN_VERIFY").await;
    let encrypting = create(&service, "RSA_2048", "ENCRYPT_DECRYPT").await;
    let verify = json!({
        "KeyId": signing,
        "Message": "eA==",
        "Signature": STANDARD.encode([1; 256]),
        "SigningAlgorithm": "RSASSA_PSS_SHA_256",
    });
    // A call that fails counts as well.
    assert!(calls_until_throttled(&service, "Verify", &verify).await >= 1000);
    let encrypt = json!({
        "KeyId": encrypting,
        "Plaintext": "eA==",
        "EncryptionAlgorithm": "RSAES_OAEP_SHA_256",
    });
    // Whatever has flowed in meanwhile is far less than the calls of one second.
    assert!(calls_until_throttled(&service, "Encrypt", &encrypt).await < 1000);
    for (spec, algorithm) in [("ECC_NIST_P256", "ECDSA_SHA_256"), ("ML_DSA_44", "ML_DSA_SHAKE_256")]
    {
        let key = create(&service, spec, "SIGN_VERIFY").await;
        let sign = json!({ "KeyId": key, "Message": "eA==", "SigningAlgorithm": algorithm });
        call(&service, REGION, "Sign", &sign).await.unwrap();
    }
    let symmetric = create(&service, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
    let encrypt = json!({ "KeyId": symmetric, "Plaintext": "eA==" });
    call(&service, REGION, "Encrypt", &encrypt).await.unwrap();
}

#[tokio::test]
async fn re_encrypt_takes_from_the_quotas_of_both_keys() {
    let service = open(true).await;
    let rsa = create(&service, "RSA_2048", "ENCRYPT_DECRYPT").await;
    let symmetric = create(&service, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
    let encrypt = json!({ "KeyId": symmetric, "Plaintext": "eA==" });
    let blob = call(&service, REGION, "Encrypt", &encrypt).await.unwrap();
    let re_encrypt = json!({
        "CiphertextBlob": blob["CiphertextBlob"],
        "DestinationKeyId": rsa,
        "DestinationEncryptionAlgorithm": "RSAES_OAEP_SHA_256",
    });
    assert!(calls_until_throttled(&service, "ReEncrypt", &re_encrypt).await >= 1000);
    call(&service, REGION, "Encrypt", &encrypt).await.unwrap();
}

#[tokio::test]
async fn replicate_key_takes_two_calls_of_create_key_from_the_other_region() {
    let service = open(true).await;
    let mut throttled = 0;
    for _ in 0..3 {
        let primary = json!({ "MultiRegion": true });
        let primary = call(&service, REGION, "CreateKey", &primary).await.unwrap();
        let key = &primary["KeyMetadata"]["KeyId"];
        let replicate = json!({ "KeyId": key, "ReplicaRegion": OTHER_REGION });
        throttled += usize::from(call(&service, REGION, "ReplicateKey", &replicate).await.is_err());
    }
    assert_eq!(throttled, 1);
}

#[tokio::test]
async fn nothing_is_limited_where_the_quotas_are_off() {
    let service = open(false).await;
    for _ in 0..100 {
        call(&service, REGION, "CreateKey", &json!({})).await.unwrap();
    }
}

/// How many calls pass before one is throttled.
async fn calls_until_throttled(service: &Service, operation: &str, body: &Value) -> usize {
    for passed in 0..CALLS_MAX {
        let refused = call(service, REGION, operation, body).await.err();
        if refused.is_some_and(|error| error["__type"] == "ThrottlingException") {
            return passed;
        }
    }
    CALLS_MAX
}

async fn create(service: &Service, spec: &str, usage: &str) -> String {
    let request = json!({ "KeySpec": spec, "KeyUsage": usage });
    let reply = call(service, REGION, "CreateKey", &request).await.unwrap();
    reply["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned()
}

async fn open(throttle: bool) -> Arc<Service> {
    let account = AccountId::parse("000000000000").unwrap();
    let settings = Settings {
        throttle,
        enforce: false,
        cached_keys_max: 100,
        ..Settings::new(Credentials::accepting_unknown(account, Vec::new())).unwrap()
    };
    let store = Arc::new(SqliteStore::open_in_memory().await.unwrap());
    let access = Access::File(Zeroizing::new(vec![0xe7; 32]));
    let root_keys = RootKeys::open(store, access).await.unwrap();
    Arc::new(Service::open(root_keys, settings).await.unwrap())
}
