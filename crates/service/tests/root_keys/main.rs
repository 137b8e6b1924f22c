//! Root keys and store keys: adding, removing, rotating beside a service that works, and what
//! becomes of a store that somebody has changed. Backups and examination of whole stores.

#![expect(clippy::unwrap_used, reason = "helpers of tests panic like tests")]

mod backup;
mod examine;
mod support;
#[path = "../common/unsigned.rs"]
mod unsigned;

use crate::support::{House, answer, call, check_keys, file, make_keys, passphrase, systemd};
use jiff::SignedDuration;
use serde_json::{Value, json};
use trent_keystore::root_key::{Access, Provider};
use trent_service::ServiceError;
use trent_service::root_keys::RootKeys;
use trent_service::root_keys::admin::KEEP_OLD;
use trent_store::Change;
use zeroize::Zeroizing;

#[tokio::test]
async fn a_store_without_a_table_is_under_its_file_directly() {
    let house = House::new();
    let keys = house.keys(&file(1)).await.unwrap();
    let status = keys.status().await.unwrap();
    assert_eq!((status.root_keys.len(), status.store_keys.len()), (1, 1));
    assert_eq!(status.root_keys[0].id, status.store_keys[0].id);
    assert_eq!(status.root_keys[0].provider, Provider::File);
    assert_eq!(status.store_keys[0].records, 1);
    assert!(house.table().await.is_none());
    let wrong = house.keys(&file(2)).await.err().unwrap();
    assert!(matches!(wrong, ServiceError::WrongStoreKey { .. }), "{wrong}");
    let wrong = house.keys(&passphrase()).await.err().unwrap();
    assert!(matches!(wrong, ServiceError::RootKey(_)), "{wrong}");
}

#[tokio::test]
async fn a_new_store_begins_under_a_passphrase_alone() {
    let house = House::new();
    RootKeys::open_new(house.store().await, passphrase()).await.unwrap();
    let keys = house.keys(&passphrase()).await.unwrap();
    let status = keys.status().await.unwrap();
    assert_eq!(status.root_keys.len(), 1);
    assert_ne!(status.root_keys[0].id, status.store_keys[0].id);
    let wrong = Access::Passphrase(Zeroizing::new("another passphrase".to_owned()));
    let said = house.keys(&wrong).await.err().unwrap().to_string();
    assert!(said.contains("the passphrase is not that of a root key"), "{said}");
    assert!(said.contains(&status.root_keys[0].id), "{said}");
    assert!(!said.contains("another passphrase"), "{said}");
    // Not a second time.
    let again = RootKeys::open_new(house.store().await, passphrase()).await.unwrap();
    assert_eq!(again.status().await.unwrap().root_keys.len(), 1);
}

#[tokio::test]
async fn every_root_key_opens_and_a_removed_one_does_not() {
    let house = House::new();
    let keys = house.keys(&file(1)).await.unwrap();
    let first = keys.status().await.unwrap().root_keys[0].id.clone();
    let second = keys.add(&systemd(2)).await.unwrap();
    keys.add(&passphrase()).await.unwrap();
    let refused = keys.add(&systemd(2)).await.unwrap_err().to_string();
    assert!(refused.contains("already"), "{refused}");
    for access in [file(1), systemd(2), passphrase()] {
        let keys = house.keys(&access).await.unwrap();
        assert_eq!(keys.status().await.unwrap().root_keys.len(), 3);
    }
    let keys = house.keys(&systemd(2)).await.unwrap();
    keys.remove(&first).await.unwrap();
    assert!(keys.remove(&first).await.is_err());
    assert!(house.keys(&file(1)).await.is_err());
    let third = keys.status().await.unwrap().root_keys[1].id.clone();
    keys.remove(&third).await.unwrap();
    let refused = keys.remove(&second).await.unwrap_err().to_string();
    assert!(refused.contains("the last one"), "{refused}");
    house.keys(&systemd(2)).await.unwrap();
}

#[tokio::test]
async fn after_a_rotation_nothing_is_under_the_old_store_key() {
    let house = House::new();
    let (service, keys) = house.service(&file(1)).await;
    let made = make_keys(&service).await;
    let old = keys.status().await.unwrap().store_keys[0].clone();
    assert!(old.records > 8, "{old:?}");
    let new = keys.rotate(&[], KEEP_OLD).await.unwrap();
    let before = keys.status().await.unwrap();
    assert_eq!(before.store_keys[0].id, new);
    assert_eq!(before.store_keys[1].records, old.records);
    let pass = keys.reseal().await.unwrap();
    assert_eq!((pass.resealed, pass.left), (old.records, 0));
    let after = keys.status().await.unwrap();
    let counts: Vec<u64> = after.store_keys.iter().map(|key| key.records).collect();
    assert_eq!(counts, [old.records, 0]);
    assert!(after.store_keys[1].until.is_some());
    check_keys(&service, &made).await;
    let (restarted, _) = house.service(&file(1)).await;
    check_keys(&restarted, &made).await;
    // Neither has the service that had the keys in memory written anything under the old one.
    assert_eq!(keys.reseal().await.unwrap().resealed, 0);
}

#[tokio::test]
async fn another_process_that_rotates_disturbs_nobody() {
    let house = House::new();
    let (service, _) = house.service(&file(1)).await;
    let made = make_keys(&service).await;
    for _ in 0..3 {
        let other = house.keys(&file(1)).await.unwrap();
        other.rotate(&[], KEEP_OLD).await.unwrap();
        // Nothing has been told to the service.
        other.reseal().await.unwrap();
        check_keys(&service, &made).await;
        let more = make_keys(&service).await;
        check_keys(&service, &more).await;
        check_keys(&house.service(&file(1)).await.0, &more).await;
    }
    // Keys that are not in memory are read under a store key that is new to the service.
    let (cold, _) = house.service(&file(1)).await;
    let other = house.keys(&file(1)).await.unwrap();
    other.rotate(&[], KEEP_OLD).await.unwrap();
    other.reseal().await.unwrap();
    check_keys(&cold, &made).await;
}

#[tokio::test]
async fn markers_of_before_a_rotation_go_on() {
    let house = House::new();
    let (service, keys) = house.service(&file(1)).await;
    make_keys(&service).await;
    let first = call(&service, "ListKeys", &json!({ "Limit": 1 })).await;
    keys.rotate(&[], KEEP_OLD).await.unwrap();
    keys.reseal().await.unwrap();
    let next = json!({ "Limit": 1, "Marker": first["NextMarker"] });
    let second = call(&service, "ListKeys", &next).await;
    assert_ne!(first["Keys"], second["Keys"]);
}

#[tokio::test]
async fn a_rotation_needs_every_root_key() {
    let house = House::new();
    let keys = house.keys(&file(1)).await.unwrap();
    let id = keys.add(&passphrase()).await.unwrap();
    let refused = keys.rotate(&[], KEEP_OLD).await.unwrap_err().to_string();
    assert!(refused.contains(&id) && refused.contains("passphrase"), "{refused}");
    assert_eq!(keys.status().await.unwrap().store_keys.len(), 1);
    keys.rotate(&[passphrase()], KEEP_OLD).await.unwrap();
    for access in [file(1), passphrase()] {
        let status = house.keys(&access).await.unwrap().status().await.unwrap();
        assert_eq!(status.store_keys.len(), 2);
    }
    let short = keys.rotate(&[passphrase()], SignedDuration::from_secs(59)).await;
    assert!(matches!(short, Err(ServiceError::Refused(_))));
}

#[tokio::test]
async fn who_cannot_open_the_new_store_key_writes_nothing() {
    let house = House::new();
    let made = make_keys(&house.service(&file(1)).await.0).await;
    let (service, _) = house.service(&file(1)).await;
    let other = house.keys(&file(1)).await.unwrap();
    let first = other.status().await.unwrap().root_keys[0].id.clone();
    other.add(&systemd(2)).await.unwrap();
    let other = house.keys(&systemd(2)).await.unwrap();
    other.remove(&first).await.unwrap();
    other.rotate(&[], KEEP_OLD).await.unwrap();
    other.reseal().await.unwrap();
    // The reading of what was sealed anew tells the service.
    for _ in 0..2 {
        assert!(answer(&service, "DescribeKey", &json!({ "KeyId": made[0].0 })).await.is_err());
        let refused = answer(&service, "CreateKey", &json!({})).await.unwrap_err();
        assert!(refused.contains("KMSInternal"), "{refused}");
    }
    let records = other.status().await.unwrap().store_keys;
    assert_eq!(records[1].records, 0);
}

#[tokio::test]
async fn a_table_that_was_changed_is_refused() {
    let house = House::new();
    let keys = house.keys(&file(1)).await.unwrap();
    keys.add(&systemd(2)).await.unwrap();
    keys.rotate(&[systemd(2)], KEEP_OLD).await.unwrap();
    let store = house.store().await;
    let table = house.table().await.unwrap();
    let text = String::from_utf8(table.sealed[1..].to_vec()).unwrap();
    let genuine: Value = serde_json::from_str(&text).unwrap();
    let mut changed = Vec::new();
    let mut change = |edit: &dyn Fn(&mut Value)| {
        let mut value = genuine.clone();
        edit(&mut value);
        assert_ne!(value, genuine);
        changed.push([&[1], value.to_string().as_bytes()].concat());
    };
    change(&|table| table["current"] = table["retired"][0]["id"].clone());
    change(&|table| table["retired"] = json!([]));
    change(&|table| table["retired"][0]["until"] = json!(0));
    change(&|table| table["root_keys"].as_array_mut().unwrap().truncate(1));
    change(&|table| table["root_keys"][1]["provider"]["name"] = json!("other"));
    change(&|table| table["root_keys"][0]["created"] = json!(0));
    change(&|table| table["authentication"] = json!(""));
    change(&|table| table["more"] = json!(1));
    let keys = table_keys(&genuine);
    change(&|table| {
        let of = &mut table["root_keys"][0]["store_keys"];
        let [one, other] = [of[&keys[0]].clone(), of[&keys[1]].clone()];
        (of[&keys[0]], of[&keys[1]]) = (other, one);
    });
    changed.extend([vec![], vec![2], vec![1], b"\x01{}".to_vec(), vec![1; 300_000]]);
    for sealed in changed {
        let shown = String::from_utf8_lossy(&sealed[..sealed.len().min(300)]).into_owned();
        let id = table.id.clone();
        let reseal = Change::Reseal { id, version: table.version, sealed };
        store.commit(vec![reseal]).await.unwrap();
        let refused = house.keys(&file(1)).await.err();
        let is_told = match &refused {
            Some(ServiceError::Damaged(_)) => true,
            Some(ServiceError::RootKey(said)) => said.contains("damaged"),
            _ => false,
        };
        assert!(is_told, "{shown}: {refused:?}");
    }
}

fn table_keys(table: &Value) -> Vec<String> {
    table["root_keys"][0]["store_keys"].as_object().unwrap().keys().cloned().collect()
}
