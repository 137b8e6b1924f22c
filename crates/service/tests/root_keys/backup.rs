//! Backups: made beside a service that works, verified, damaged in every way, restored.

use crate::support::{House, answer, call, check_keys, file, make_keys, passphrase, systemd};
use serde_json::json;
use std::sync::Arc;
use trent_crypto::digest::sha256_of;
use trent_keystore::root_key::Access;
use trent_service::backup::{Restored, outline, restore, verify};
use trent_service::root_keys::admin::KEEP_OLD;
use trent_service::{Clock, Service, ServiceError};
use trent_store::{Change, SqliteStore};

/// Restores into a new store.
async fn restored(backup: &[u8], access: &Access) -> (House, Restored) {
    let house = House::new();
    let store = house.store().await;
    let restored = restore(backup, access, &*store).await.unwrap();
    store.close().await;
    (house, restored)
}

async fn backup(house: &House, own: Option<&Access>) -> Vec<u8> {
    let mut backup = Vec::new();
    let made = house.keys(&file(1)).await.unwrap().back_up(&mut backup, own).await.unwrap();
    assert_eq!(made.bytes, backup.len() as u64);
    backup
}

#[tokio::test]
async fn what_was_backed_up_is_restored() {
    let house = House::new();
    let (service, keys) = house.service(&file(1)).await;
    let mut made = make_keys(&service).await;
    // Some of it in a later store key and version.
    keys.rotate(&[], KEEP_OLD).await.unwrap();
    made.extend(make_keys(&service).await);
    check_keys(&service, &made).await;
    let backup = backup(&house, None).await;
    // What comes later is not in it.
    let later = call(&service, "CreateKey", &json!({})).await;
    let verified = verify(&backup[..], &file(1)).await.unwrap();
    assert_eq!(verified.faults.count, 0);
    assert_eq!(verified.outline.records, outline(&backup[..]).unwrap().records);
    let (copy, result) = restored(&backup, &file(1)).await;
    assert_eq!((result.outline.records, result.postponed_deletions), (verified.outline.records, 0));
    let (service, keys) = copy.service(&file(1)).await;
    let status = keys.status().await.unwrap();
    assert_eq!((status.root_keys.len(), status.store_keys.len()), (1, 2));
    check_keys(&service, &made).await;
    let later = json!({ "KeyId": later["KeyMetadata"]["KeyId"] });
    assert!(answer(&service, "DescribeKey", &later).await.unwrap_err().contains("NotFound"));
    // It goes on as any store does.
    keys.rotate(&[], KEEP_OLD).await.unwrap();
    keys.reseal().await.unwrap();
    check_keys(&service, &made).await;
    check_keys(&copy.service(&file(1)).await.0, &made).await;
}

#[tokio::test]
async fn records_are_restored_as_they_were_in_their_order() {
    let house = House::new();
    make_keys(&house.service(&file(1)).await.0).await;
    let backup = backup(&house, None).await;
    let (copy, _) = restored(&backup, &file(1)).await;
    let mut all = Vec::new();
    for house in [&house, &copy] {
        let store = house.store().await;
        let mut records = store.snapshot().await.unwrap().next(10_000).await.unwrap();
        records.retain(|record| record.id.name != "store-keys");
        all.push(records);
    }
    assert!(all[0].len() > 10);
    assert_eq!(all[0], all[1]);
}

#[tokio::test]
async fn a_backup_under_another_root_key_opens_with_that_alone() {
    let house = House::new();
    let made = make_keys(&house.service(&file(1)).await.0).await;
    for own in [systemd(2), passphrase()] {
        let backup = backup(&house, Some(&own)).await;
        assert_eq!(outline(&backup[..]).unwrap().root_keys.len(), 1);
        let refused = verify(&backup[..], &file(1)).await.err();
        assert!(matches!(refused, Some(ServiceError::RootKey(_))), "{refused:?}");
        let (copy, _) = restored(&backup, &own).await;
        assert!(copy.keys(&file(1)).await.is_err());
        check_keys(&copy.service(&own).await.0, &made).await;
    }
    // The store itself has no root key more.
    assert_eq!(house.keys(&file(1)).await.unwrap().status().await.unwrap().root_keys.len(), 1);
}

#[tokio::test]
async fn a_root_key_of_the_store_can_be_the_only_one_of_a_backup() {
    let house = House::new();
    let keys = house.keys(&file(1)).await.unwrap();
    let id = keys.add(&passphrase()).await.unwrap();
    let with_both = backup(&house, None).await;
    for access in [file(1), passphrase()] {
        verify(&with_both[..], &access).await.unwrap();
    }
    let with_one = backup(&house, Some(&passphrase())).await;
    let root_keys = outline(&with_one[..]).unwrap().root_keys;
    assert_eq!(root_keys.iter().map(|(id, _)| id).collect::<Vec<_>>(), [&id]);
    assert!(verify(&with_one[..], &file(1)).await.is_err());
    verify(&with_one[..], &passphrase()).await.unwrap();
}

#[tokio::test]
async fn every_flipped_bit_is_found() {
    let house = House::new();
    make_keys(&house.service(&file(1)).await.0).await;
    let backup = backup(&house, None).await;
    let seed = trent_crypto::random::bytes(32).unwrap();
    let mut state = sha256_of(&seed);
    for number in 0..1000 {
        state = sha256_of(&state);
        let random = usize::from_be_bytes(*state.first_chunk().unwrap());
        // The beginning, where everything means something, and everywhere.
        let place = if number < 200 { random % 1000 } else { random % backup.len() };
        let mut flipped = backup.clone();
        flipped[place] ^= 1 << (number % 8);
        assert!(verify(&flipped[..], &file(1)).await.is_err(), "byte {place}, seed {seed:?}");
        assert!(outline(&flipped[..]).is_err(), "byte {place}");
        let store = SqliteStore::open_in_memory().await.unwrap();
        if number % 10 == 0 {
            assert!(restore(&flipped[..], &file(1), &store).await.is_err(), "byte {place}");
        }
    }
}

#[tokio::test]
async fn every_other_end_is_found() {
    let house = House::new();
    make_keys(&house.service(&file(1)).await.0).await;
    let backup = backup(&house, None).await;
    let ends = (0..backup.len()).step_by(97).chain(backup.len() - 40..backup.len());
    for end in ends {
        let cut = &backup[..end];
        assert!(verify(cut, &file(1)).await.is_err(), "{end}");
        assert!(outline(cut).is_err(), "{end}");
    }
    for more in [&[0][..], &[0; 36], &backup] {
        let longer = [&backup, more].concat();
        assert!(verify(&longer[..], &file(1)).await.is_err());
        assert!(outline(&longer[..]).is_err());
    }
}

/// The parts of a backup: what stands before the chunks, and the chunks with their lengths.
fn parts(backup: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let length = |at: usize| {
        let bytes: [u8; 4] = backup[at..at + 4].try_into().unwrap();
        usize::try_from(u32::from_be_bytes(bytes)).unwrap()
    };
    let begin = 15 + 4 + length(15);
    let (mut at, mut chunks) = (begin, Vec::new());
    while length(at) > 0 {
        let end = at + 4 + length(at);
        chunks.push(backup[at..end].to_vec());
        at = end;
    }
    (backup[..begin].to_vec(), chunks)
}

/// A backup of these parts with the right SHA-256, which needs no key.
fn whole(head: &[u8], chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut backup = [head, &chunks.concat(), &[0; 4]].concat();
    backup.extend(sha256_of(&backup));
    backup
}

#[tokio::test]
async fn what_was_put_together_without_the_key_is_refused() {
    let house = House::new();
    let (service, _) = house.service(&file(1)).await;
    let mut made = Vec::new();
    // Descriptions in several chunks.
    for number in 0..300 {
        let description = format!("{number}").repeat(2000);
        let key = call(&service, "CreateKey", &json!({ "Description": description })).await;
        made.push(key);
    }
    let [one, other] = [backup(&house, None).await, backup(&house, None).await];
    let ((head, chunks), (other_head, others)) = (parts(&one), parts(&other));
    assert!(chunks.len() >= 2, "{}", chunks.len());
    assert_eq!(whole(&head, &chunks), one);
    verify(&one[..], &file(1)).await.unwrap();
    let mut swapped = chunks.clone();
    swapped.swap(0, 1);
    let mut repeated = chunks.clone();
    repeated.insert(0, chunks[0].clone());
    let mut mixed = chunks.clone();
    mixed[0] = others[0].clone();
    let last = chunks.len() - 1;
    for (what, backup) in [
        ("swapped", whole(&head, &swapped)),
        ("repeated", whole(&head, &repeated)),
        ("without the first", whole(&head, &chunks[1..])),
        ("without the last", whole(&head, &chunks[..last])),
        ("without any", whole(&head, &[])),
        ("with one of another", whole(&head, &mixed)),
        ("under the head of another", whole(&other_head, &chunks)),
    ] {
        let refused = verify(&backup[..], &file(1)).await.err();
        assert!(matches!(refused, Some(ServiceError::Backup(_))), "{what}: {refused:?}");
        let store = SqliteStore::open_in_memory().await.unwrap();
        assert!(restore(&backup[..], &file(1), &store).await.is_err(), "{what}");
    }
}

#[tokio::test]
async fn a_changed_head_is_refused() {
    let house = House::new();
    make_keys(&house.service(&file(1)).await.0).await;
    let backup = backup(&house, None).await;
    let (head, chunks) = parts(&backup);
    let text = String::from_utf8(head[19..].to_vec()).unwrap();
    let schema = "\"schema\":3";
    for (from, to) in [
        ("\"records\":", "\"records\":1"),
        (schema, "\"schema\":2"),
        ("\"version\":\"", "\"version\":\"9"),
        ("\"created\":1", "\"created\":2"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let length = u32::try_from(changed.len()).unwrap().to_be_bytes();
        let head = [&head[..15], &length, changed.as_bytes()].concat();
        let refused = verify(&whole(&head, &chunks)[..], &file(1)).await.err();
        assert!(matches!(refused, Some(ServiceError::Backup(_))), "{from}: {refused:?}");
    }
    // What is not known is told as such.
    let newer = text.replacen(schema, "\"schema\":4", 1);
    let length = u32::try_from(newer.len()).unwrap().to_be_bytes();
    let head = [&head[..15], &length, newer.as_bytes()].concat();
    let said = verify(&whole(&head, &chunks)[..], &file(1)).await.unwrap_err().to_string();
    assert!(said.contains("has what this version does not know"), "{said}");
    let said = outline(&b"trent backup 2\n"[..]).unwrap_err().to_string();
    assert!(said.contains("its format is not one that this version"), "{said}");
    for nothing in [&b""[..], b"PK", b"SQLite format 3\0, and more of it"] {
        let said = outline(nothing).unwrap_err().to_string();
        assert!(said.contains("is not a backup of Trent"), "{said}");
    }
    // Lengths are not believed.
    let long = [&backup[..15], &[255; 4], &backup[19..]].concat();
    let said = outline(&long[..]).unwrap_err().to_string();
    assert!(said.contains("longer than it can be"), "{said}");
}

#[tokio::test]
async fn only_an_empty_store_is_restored_into() {
    let house = House::new();
    let made = make_keys(&house.service(&file(1)).await.0).await;
    let backup = backup(&house, None).await;
    let store = house.store().await;
    let refused = restore(&backup[..], &file(1), &*store).await.unwrap_err().to_string();
    assert!(refused.contains("the store is not empty"), "{refused}");
    check_keys(&house.service(&file(1)).await.0, &made).await;
}

#[tokio::test]
async fn a_store_that_was_restored_in_part_is_refused() {
    let house = House::new();
    make_keys(&house.service(&file(1)).await.0).await;
    let whole = backup(&house, None).await;
    let copy = House::new();
    let store = copy.store().await;
    // The SHA-256 at the end is the last thing that is read.
    let cut = &whole[..whole.len() - 1];
    assert!(restore(cut, &file(1), &*store).await.is_err());
    for access in [file(1), passphrase()] {
        let refused = copy.keys(&access).await.err().unwrap().to_string();
        assert!(refused.contains("not restored to its end"), "{refused}");
    }
    let refused = restore(&whole[..], &file(1), &*store).await.unwrap_err().to_string();
    assert!(refused.contains("not restored to its end"), "{refused}");
}

#[tokio::test]
async fn deletions_are_put_off_and_can_be_cancelled() {
    let house = House::new();
    let (service, _) = house.service(&file(1)).await;
    let made = make_keys(&service).await;
    let delete = |id: &str, days: i32| json!({ "KeyId": id, "PendingWindowInDays": days });
    call(&service, "ScheduleKeyDeletion", &delete(&made[0].0, 7)).await;
    let late = call(&service, "ScheduleKeyDeletion", &delete(&made[1].0, 30)).await;
    let backup = backup(&house, None).await;
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let (copy, result) = restored(&backup, &file(1)).await;
    assert_eq!(result.postponed_deletions, 1);
    let (service, keys) = copy.service(&file(1)).await;
    let date = async |service: &Service, id: &str| {
        let key = call(service, "DescribeKey", &json!({ "KeyId": id })).await;
        key["KeyMetadata"]["DeletionDate"].as_f64().unwrap()
    };
    let now = Clock::default().real_now().as_duration().as_secs_f64();
    let days = (date(&service, &made[0].0).await - now) / 86400.0;
    assert!((6.99..7.01).contains(&days), "{days}");
    let kept = late["DeletionDate"].as_f64().unwrap();
    assert!((date(&service, &made[1].0).await - kept).abs() < 0.01);
    assert_eq!(Arc::clone(&keys).examine().await.unwrap().damaged.count, 0);
    call(&service, "CancelKeyDeletion", &json!({ "KeyId": made[0].0 })).await;
}

#[tokio::test]
async fn damaged_records_are_backed_up_and_told() {
    let house = House::new();
    let made = make_keys(&house.service(&file(1)).await.0).await;
    let store = house.store().await;
    let records = store.scan(None, 100).await.unwrap();
    let of_key = records.into_iter().find(|record| record.id.name == made[0].0).unwrap();
    let mut sealed = of_key.sealed;
    sealed[50] ^= 1;
    let reseal = Change::Reseal { id: of_key.id, version: of_key.version, sealed };
    store.commit(vec![reseal]).await.unwrap();
    let backup = backup(&house, None).await;
    let verified = verify(&backup[..], &file(1)).await.unwrap();
    assert_eq!(verified.faults.count, 1);
    assert!(verified.faults.first[0].contains(&made[0].0), "{:?}", verified.faults);
    let (copy, _) = restored(&backup, &file(1)).await;
    check_keys(&copy.service(&file(1)).await.0, &made[1..]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_of_one_moment() {
    let house = House::new();
    let (service, keys) = house.service(&file(1)).await;
    let service = Arc::new(service);
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let service = Arc::clone(&service);
            tokio::spawn(async move {
                for _ in 0..20 {
                    let key = json!({ "MultiRegion": true });
                    let key = call(&service, "CreateKey", &key).await;
                    let id = key["KeyMetadata"]["KeyId"].as_str().unwrap();
                    let replica = json!({ "KeyId": id, "ReplicaRegion": "eu-west-1" });
                    call(&service, "ReplicateKey", &replica).await;
                    let alias = json!({ "AliasName": format!("alias/{id}"), "TargetKeyId": id });
                    call(&service, "CreateAlias", &alias).await;
                    call(&service, "RotateKeyOnDemand", &json!({ "KeyId": id })).await;
                }
            })
        })
        .collect();
    let mut sizes = Vec::new();
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        let mut backup = Vec::new();
        keys.back_up(&mut backup, None).await.unwrap();
        let verified = verify(&backup[..], &file(1)).await.unwrap();
        assert_eq!(verified.faults.count, 0, "{:?}", verified.faults);
        let (copy, _) = restored(&backup, &file(1)).await;
        let found = copy.keys(&file(1)).await.unwrap().examine().await.unwrap();
        assert_eq!((found.damaged.count, found.dangling.count), (0, 0), "{found:?}");
        sizes.push(verified.outline.records);
    }
    for writer in writers {
        writer.await.unwrap();
    }
    sizes.dedup();
    assert!(sizes.len() > 3, "{sizes:?}");
}
