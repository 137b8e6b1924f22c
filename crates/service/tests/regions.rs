//! A service that has some Regions only.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/unsigned.rs"]
mod unsigned;

use serde_json::json;
use std::sync::Arc;
use trent_core::{AccountId, Region};
use trent_keystore::root_key::Access;
use trent_service::root_keys::RootKeys;
use trent_service::{Credentials, Service, Settings};
use trent_store::SqliteStore;
use unsigned::call;
use zeroize::Zeroizing;

#[tokio::test]
async fn a_request_for_a_region_that_is_not_there_is_refused() {
    let service = service(&["eu-central-1", "eu-west-1"]).await;
    for region in ["eu-central-1", "eu-west-1"] {
        assert!(call(&service, region, "ListKeys", &json!({})).await.is_ok());
    }
    let refused = call(&service, "us-east-1", "ListKeys", &json!({})).await.unwrap_err();
    assert_eq!(refused["__type"], "InvalidSignatureException");
    assert_eq!(
        refused["message"],
        "Credential should be scoped to a valid Region, not 'us-east-1'."
    );
}

#[tokio::test]
async fn a_key_is_not_replicated_to_a_region_that_is_not_there() {
    let service = service(&["eu-central-1", "eu-west-1"]).await;
    let multi_region = json!({ "MultiRegion": true });
    let key = call(&service, "eu-central-1", "CreateKey", &multi_region).await.unwrap();
    let id = &key["KeyMetadata"]["KeyId"];
    let elsewhere = json!({ "KeyId": id, "ReplicaRegion": "eu-north-1" });
    let refused = call(&service, "eu-central-1", "ReplicateKey", &elsewhere).await.unwrap_err();
    assert_eq!(refused["__type"], "ValidationException");
    let here = json!({ "KeyId": id, "ReplicaRegion": "eu-west-1" });
    call(&service, "eu-central-1", "ReplicateKey", &here).await.unwrap();
}

#[tokio::test]
async fn all_regions_are_there_unless_some_are_named() {
    let service = service(&[]).await;
    assert!(call(&service, "ap-southeast-2", "ListKeys", &json!({})).await.is_ok());
}

async fn service(regions: &[&str]) -> Service {
    let account = AccountId::parse("000000000000").unwrap();
    let settings = Settings {
        regions: regions.iter().map(|region| Region::parse(region).unwrap()).collect(),
        enforce: false,
        ..Settings::new(Credentials::accepting_unknown(account, Vec::new())).unwrap()
    };
    let store = Arc::new(SqliteStore::open_in_memory().await.unwrap());
    let access = Access::File(Zeroizing::new(vec![0xe7; 32]));
    Service::open(RootKeys::open(store, access).await.unwrap(), settings).await.unwrap()
}
