//! Examination of stores: what is whole is said to be, and each kind of damage is found.

use crate::support::{House, call, file, make_keys};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use trent_core::identity::IdentityName;
use trent_service::examine::Examination;
use trent_service::identity::admin::Identities;
use trent_service::root_keys::admin::KEEP_OLD;
use trent_store::{Change, Kind, Record};

/// A store with something of every kind in it.
async fn full() -> House {
    let house = House::new();
    let (service, keys) = house.service(&file(1)).await;
    make_keys(&service).await;
    let key = call(&service, "CreateKey", &json!({ "MultiRegion": true })).await;
    let key = key["KeyMetadata"]["KeyId"].as_str().unwrap();
    let replica = json!({ "KeyId": key, "ReplicaRegion": "eu-west-1" });
    call(&service, "ReplicateKey", &replica).await;
    call(&service, "EnableKeyRotation", &json!({ "KeyId": key })).await;
    trent_service::audit::signing_key(&keys).await.unwrap();
    let identities = Identities::open(&keys);
    let account = identities.create_account(None, "").await.unwrap().id;
    let name = IdentityName::parse("App").unwrap();
    identities.create_user(account, &name, "/", BTreeMap::new()).await.unwrap();
    identities.create_access_key(account, Some(&name)).await.unwrap();
    identities.create_access_key(account, None).await.unwrap();
    service.close().await;
    house
}

async fn examined(house: &House) -> Examination {
    house.keys(&file(1)).await.unwrap().examine().await.unwrap()
}

async fn records(house: &House) -> Vec<Record> {
    house.store().await.scan(None, 1000).await.unwrap()
}

async fn commit(house: &House, change: Change) {
    house.store().await.commit(vec![change]).await.unwrap();
}

#[tokio::test]
async fn a_whole_store_has_no_faults() {
    let house = full().await;
    let kinds: Vec<Kind> = records(&house).await.iter().map(|record| record.id.kind).collect();
    for kind in (1..=10)
        .filter_map(Kind::from_code)
        .filter(|kind| ![Kind::Role, Kind::Event].contains(kind))
    {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
    let found = examined(&house).await;
    assert_eq!((found.damaged.count, found.dangling.count), (0, 0), "{found:?}");
    assert!(found.records > 15 && found.keys == 5, "{found:?}");
    // Half of it under another store key.
    let keys = house.keys(&file(1)).await.unwrap();
    keys.rotate(&[], KEEP_OLD).await.unwrap();
    make_keys(&house.service(&file(1)).await.0).await;
    assert_eq!(examined(&house).await.damaged.count, 0);
}

#[tokio::test]
async fn every_damaged_record_is_found() {
    let house = full().await;
    for (number, record) in (1..).zip(records(&house).await) {
        // Without this one nothing opens at all.
        if record.id.name == "root-key" {
            continue;
        }
        let mut sealed = record.sealed.clone();
        let place = 9 + number % (sealed.len() - 9);
        sealed[place] ^= 4;
        let (id, version) = (record.id, record.version);
        commit(&house, Change::Reseal { id: id.clone(), version, sealed }).await;
        let found = examined(&house).await;
        assert_eq!(found.damaged.count, 1, "{id:?}: {found:?}");
        assert!(found.damaged.first[0].contains(&id.name), "{id:?}: {found:?}");
        commit(&house, Change::Reseal { id, version, sealed: record.sealed }).await;
    }
}

#[tokio::test]
async fn columns_that_were_changed_are_found() {
    let house = full().await;
    for record in records(&house).await {
        let (id, version) = (record.id.clone(), record.version);
        let mut changed = Vec::new();
        if record.owner.is_some() && id.kind != Kind::RetirableGrant {
            changed.push(Record { owner: Some("x".to_owned()), ..record.clone() });
        }
        if matches!(id.kind, Kind::Key | Kind::Alias) {
            changed.push(Record { due_at: Some(7), ..record.clone() });
        }
        for wrong in changed {
            commit(&house, Change::Delete { id: id.clone(), version }).await;
            commit(&house, Change::Restore(wrong)).await;
            let found = examined(&house).await;
            assert_eq!(found.damaged.count, 1, "{id:?}: {found:?}");
            assert!(found.damaged.first[0].contains("column"), "{found:?}");
            commit(&house, Change::Delete { id: id.clone(), version }).await;
            commit(&house, Change::Restore(record.clone())).await;
        }
    }
    assert_eq!(examined(&house).await.damaged.count, 0);
}

#[tokio::test]
async fn what_is_missing_is_found() {
    let house = full().await;
    let mut found_of = BTreeMap::new();
    for record in records(&house).await {
        if record.id.kind == Kind::Setting {
            continue;
        }
        let (id, version) = (record.id.clone(), record.version);
        commit(&house, Change::Delete { id: id.clone(), version }).await;
        let found = examined(&house).await;
        assert_eq!(found.damaged.count, 0, "{id:?}: {found:?}");
        *found_of.entry(id.kind).or_insert(0) += found.dangling.count;
        commit(&house, Change::Restore(record)).await;
    }
    // Key: alias and grant of three, related key of two. A grant and that it may be retired need
    // each other.
    let expected = [
        (Kind::Key, 3 * 2 + 2),
        (Kind::Alias, 0),
        (Kind::Grant, 3),
        (Kind::RetirableGrant, 3),
        (Kind::LastUsage, 0),
        (Kind::Account, 2),
        (Kind::User, 1),
        (Kind::AccessKey, 0),
    ];
    assert_eq!(found_of, BTreeMap::from(expected));
    let keys = Arc::clone(&house.keys(&file(1)).await.unwrap());
    assert_eq!(keys.examine().await.unwrap().dangling.count, 0);
}
