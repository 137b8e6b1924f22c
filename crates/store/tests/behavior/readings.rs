//! What the readings return, in which order and in which pages.

use std::collections::BTreeSet;

use trent_store::{Change, Kind, Record, RecordId, StoreError, bounds};

use crate::support::{ACCOUNT, AnyStore, REGION, at, commit, id, id_in, names, put, record};

pub(crate) async fn get_of_nothing(store: AnyStore) {
    assert_eq!(store.get(&id("a")).await.unwrap(), None);
    assert_eq!(store.get(&id("")).await.unwrap(), None);
    assert_eq!(store.list(Kind::Key, ACCOUNT, REGION, None, 10).await.unwrap(), []);
    assert_eq!(store.find(Kind::Key, REGION, "a", 10).await.unwrap(), []);
    assert_eq!(store.due(i64::MAX, 10).await.unwrap(), []);
    assert_eq!(store.next_due().await.unwrap(), None);
    assert_eq!(store.count(Kind::Key, ACCOUNT, REGION).await.unwrap(), 0);
}

pub(crate) async fn a_name_with_nul_is_of_nothing(store: AnyStore) {
    commit(&store, vec![put("a", 1)]).await;
    let (nul, id) = ("a\0", id("a\0"));
    assert_eq!(store.get(&id).await.unwrap(), None);
    assert_eq!(store.find(Kind::Key, REGION, nul, 10).await.unwrap(), []);
    assert_eq!(store.list(Kind::Key, nul, REGION, None, 10).await.unwrap(), []);
    assert_eq!(store.list_owned(Kind::Key, ACCOUNT, REGION, nul, None, 10).await.unwrap(), []);
    assert_eq!(store.count(Kind::Key, ACCOUNT, nul).await.unwrap(), 0);
    assert_eq!(store.count_owned(Kind::Key, ACCOUNT, REGION, nul).await.unwrap(), 0);
}

pub(crate) async fn list_is_in_order_of_name(store: AnyStore) {
    for name in ["b", "é", "a", "Z", "ab", "10", "9", "a b"] {
        commit(&store, vec![put(name, 1)]).await;
    }
    // An update does not change the order.
    commit(&store, vec![put("Z", 2)]).await;
    let listed = store.list(Kind::Key, ACCOUNT, REGION, None, 100).await.unwrap();
    assert_eq!(names(&listed), ["10", "9", "Z", "a", "a b", "ab", "b", "é"]);
    assert_eq!(listed[2], record("Z", 2));
    assert_eq!(listed[3], record("a", 1));
    let only_names = store.list_names(Kind::Key, ACCOUNT, REGION, None, 100).await.unwrap();
    assert_eq!(only_names, names(&listed));
}

pub(crate) async fn list_is_paged(store: AnyStore) {
    let all: Vec<String> = (0..25).map(|n| format!("{n:02}")).collect();
    commit(&store, all.iter().map(|name| put(name, 1)).collect()).await;
    for other in [
        id_in(Kind::Alias, ACCOUNT, REGION, "05"),
        id_in(Kind::Key, "444455556666", REGION, "05"),
        id_in(Kind::Key, ACCOUNT, "us-east-1", "05"),
    ] {
        commit(&store, vec![Change::Put(at(other, 1))]).await;
    }
    for page in [1, 7, 25, 100] {
        let (mut seen, mut after) = (vec![], None::<String>);
        loop {
            let at = after.as_deref();
            let records = store.list(Kind::Key, ACCOUNT, REGION, at, page).await.unwrap();
            let listed = store.list_names(Kind::Key, ACCOUNT, REGION, at, page).await.unwrap();
            assert_eq!(listed, names(&records));
            assert!(listed.len() <= usize::try_from(page).unwrap());
            let Some(last) = listed.last() else { break };
            after = Some(last.clone());
            seen.extend(listed);
        }
        assert_eq!(seen, all, "pages of {page}");
    }
    // The name to begin after need not exist.
    let listed = store.list_names(Kind::Key, ACCOUNT, REGION, Some("22x"), 100).await.unwrap();
    assert_eq!(listed, ["23", "24"]);
    let listed = store.list_names(Kind::Key, ACCOUNT, REGION, None, 0).await.unwrap();
    assert_eq!(listed, Vec::<String>::new());
}

pub(crate) async fn scan_finds_every_record_once(store: AnyStore) {
    let mut all = Vec::new();
    for kind in [Kind::Setting, Kind::Key, Kind::AccessKey] {
        for account in ["", ACCOUNT, "444455556666"] {
            for region in ["", REGION] {
                for name in ["a", "b", "é"] {
                    all.push(id_in(kind, account, region, name));
                }
            }
        }
    }
    commit(&store, all.iter().map(|id| Change::Put(at(id.clone(), 1))).collect()).await;
    for page in [1, 5, 100] {
        let (mut seen, mut after) = (vec![], None);
        loop {
            let records = store.scan(after.as_ref(), page).await.unwrap();
            assert!(records.len() <= usize::try_from(page).unwrap());
            let Some(last) = records.last() else { break };
            after = Some(last.id.clone());
            seen.extend(records);
        }
        assert_eq!(seen.len(), all.len(), "pages of {page}");
        for id in &all {
            let found = seen.iter().filter(|record| record.id == *id);
            assert_eq!(found.collect::<Vec<_>>(), [&at(id.clone(), 1)]);
        }
    }
    let too_many = store.scan(None, bounds::LIMIT_MAX + 1).await;
    assert!(matches!(too_many, Err(StoreError::InvalidRecord { .. })));
}

pub(crate) async fn a_snapshot_has_every_record_in_order(store: AnyStore) {
    let mut empty = store.snapshot().await.unwrap();
    assert_eq!((empty.records(), empty.next(9).await.unwrap()), (0, vec![]));
    assert_eq!(empty.get(&id("a")).await.unwrap(), None);
    drop(empty);
    let mut all: Vec<Record> = Vec::new();
    for (number, name) in (0..).zip(["b", "é", "a", "c"]) {
        for account in [ACCOUNT, ""] {
            let mut record = at(id_in(Kind::Key, account, REGION, name), 1);
            record.due_at = (number > 1).then_some(number);
            record.owner = (number % 2 == 0).then(|| name.to_owned());
            all.push(record);
        }
    }
    commit(&store, all.iter().cloned().map(Change::Put).collect()).await;
    // Neither a change nor a removal puts another one in its place.
    all[0].version = 2;
    let removed = all.remove(2);
    commit(&store, vec![Change::Put(all[0].clone())]).await;
    commit(&store, vec![Change::Delete { id: removed.id.clone(), version: 1 }]).await;
    for page in [1, 3, 100] {
        let mut snapshot = store.snapshot().await.unwrap();
        assert_eq!(snapshot.records(), 7);
        let mut seen = Vec::new();
        loop {
            let records = snapshot.next(page).await.unwrap();
            assert!(records.len() <= usize::try_from(page).unwrap());
            if records.is_empty() {
                break;
            }
            seen.extend(records);
        }
        assert_eq!(seen, all, "pages of {page}");
        assert_eq!(snapshot.get(&all[3].id).await.unwrap(), Some(all[3].clone()));
        assert_eq!(snapshot.get(&removed.id).await.unwrap(), None);
    }
    let mut snapshot = store.snapshot().await.unwrap();
    let too_many = snapshot.next(bounds::LIMIT_MAX + 1).await;
    assert!(matches!(too_many, Err(StoreError::InvalidRecord { .. })));
}

pub(crate) async fn list_owned_is_paged(store: AnyStore) {
    let alias = |account: &str, name: &str, owner: Option<&str>| {
        let mut record = at(id_in(Kind::Alias, account, REGION, name), 1);
        record.owner = owner.map(str::to_owned);
        Change::Put(record)
    };
    let mine = [("c", "k1"), ("a", "k1"), ("d", "k2"), ("b", "k1"), ("e", "K1"), ("f", "k")];
    for (name, owner) in mine {
        commit(&store, vec![alias(ACCOUNT, name, Some(owner))]).await;
    }
    commit(&store, vec![alias("444455556666", "a", Some("k1")), alias(ACCOUNT, "0", None)]).await;
    let list = async |owner: &str, after: Option<&str>, limit: u32| -> Vec<String> {
        let owned = store.list_owned(Kind::Alias, ACCOUNT, REGION, owner, after, limit).await;
        owned.unwrap().into_iter().map(|record| record.id.name).collect()
    };
    assert_eq!(list("k1", None, 10).await, ["a", "b", "c"]);
    assert_eq!(list("k1", None, 2).await, ["a", "b"]);
    assert_eq!(list("k1", Some("b"), 2).await, ["c"]);
    assert_eq!(list("k1", Some("c"), 2).await, [""; 0]);
    assert_eq!(list("k2", None, 10).await, ["d"]);
    assert_eq!(list("k3", None, 10).await, [""; 0]);
    // An update can change the owner.
    let mut moved = at(id_in(Kind::Alias, ACCOUNT, REGION, "b"), 2);
    moved.owner = Some("k2".to_owned());
    commit(&store, vec![Change::Put(moved)]).await;
    assert_eq!(list("k1", None, 10).await, ["a", "c"]);
    assert_eq!(list("k2", None, 10).await, ["b", "d"]);
    for (owner, count) in [("k1", 2), ("k2", 2), ("K1", 1), ("k3", 0)] {
        let counted = store.count_owned(Kind::Alias, ACCOUNT, REGION, owner).await.unwrap();
        assert_eq!(counted, count, "{owner}");
    }
    assert_eq!(store.count_owned(Kind::Key, ACCOUNT, REGION, "k1").await.unwrap(), 0);
}

pub(crate) async fn find_looks_in_all_accounts(store: AnyStore) {
    let in_account = |account: &str| at(id_in(Kind::Key, account, REGION, "a"), 1);
    let all = ["3", "1", "2"].map(in_account);
    for record in &all {
        commit(&store, vec![Change::Put(record.clone())]).await;
    }
    for other in [
        id_in(Kind::Alias, "4", REGION, "a"),
        id_in(Kind::Key, "4", "us-east-1", "a"),
        id_in(Kind::Key, "4", REGION, "b"),
    ] {
        commit(&store, vec![Change::Put(at(other, 1))]).await;
    }
    assert_eq!(store.find(Kind::Key, REGION, "a", 10).await.unwrap(), all);
    assert_eq!(store.find(Kind::Key, REGION, "a", 2).await.unwrap(), all[..2]);
    assert_eq!(store.find(Kind::Key, REGION, "c", 10).await.unwrap(), []);
}

fn due(name: &str, version: u64, due_at: Option<i64>) -> Record {
    Record { due_at, ..record(name, version) }
}

pub(crate) async fn due_is_in_order_of_time(store: AnyStore) {
    let all = [("late", 30), ("z", 20), ("a", 20), ("early", -5), ("m", 20), ("now", 25)];
    for (name, at) in all {
        commit(&store, vec![Change::Put(due(name, 1, Some(at)))]).await;
    }
    commit(&store, vec![put("never", 1)]).await;
    let list = async |until: i64, limit: u32| -> Vec<String> {
        let due = store.due(until, limit).await.unwrap();
        due.into_iter().map(|record| record.id.name).collect()
    };
    assert_eq!(list(25, 10).await, ["early", "z", "a", "m", "now"]);
    assert_eq!(list(24, 10).await, ["early", "z", "a", "m"]);
    assert_eq!(list(25, 3).await, ["early", "z", "a"]);
    assert_eq!(list(-6, 10).await, [""; 0]);
    assert_eq!(list(i64::MAX, 10).await.len(), 6);
    commit(&store, vec![Change::Put(due("early", 2, None))]).await;
    commit(&store, vec![Change::Put(due("never", 2, Some(1)))]).await;
    assert_eq!(list(20, 2).await, ["never", "z"]);
}

pub(crate) async fn due_in_parts_is_what_is_due(store: AnyStore) {
    let names = ["0", "1", "9", "a", "b", "f", "x0", "xf", "g", "é", "A", "-"];
    let mut expected = Vec::new();
    for (name, at) in names.iter().zip(1..) {
        let due = due(name, 1, Some(at));
        commit(&store, vec![Change::Put(due.clone())]).await;
        expected.push(due);
    }
    let mut found = Vec::new();
    for part in 0..RecordId::PARTS {
        let due = store.due_in(part, 11, 100).await.unwrap();
        assert!(due.iter().all(|record| record.id.part() == part), "{part}: {due:?}");
        assert!(due.is_sorted_by_key(|record| record.due_at));
        assert_eq!(store.due_in(part, 11, 1).await.unwrap(), due[..due.len().min(1)]);
        found.extend(due);
    }
    found.sort_by_key(|record| record.due_at);
    assert_eq!(found, expected[..11], "each in one part, and what is not due in none");
    let parts: BTreeSet<u32> =
        "0123456789abcdef".chars().map(|c| id(&c.to_string()).part()).collect();
    assert_eq!(parts.len(), 16, "ids of keys are spread over all parts");
}

pub(crate) async fn next_due_is_the_smallest(store: AnyStore) {
    commit(&store, vec![put("never", 1)]).await;
    assert_eq!(store.next_due().await.unwrap(), None);
    for (name, at, expected) in [("a", 20, 20), ("b", 30, 20), ("c", -7, -7)] {
        commit(&store, vec![Change::Put(due(name, 1, Some(at)))]).await;
        assert_eq!(store.next_due().await.unwrap(), Some(expected));
    }
    commit(&store, vec![Change::Delete { id: id("c"), version: 1 }]).await;
    commit(&store, vec![Change::Put(due("a", 2, None))]).await;
    assert_eq!(store.next_due().await.unwrap(), Some(30));
}

pub(crate) async fn count_counts(store: AnyStore) {
    for name in ["a", "b", "c"] {
        commit(&store, vec![put(name, 1)]).await;
    }
    commit(&store, vec![Change::Put(at(id_in(Kind::Key, "", "", "a"), 1))]).await;
    assert_eq!(store.count(Kind::Key, ACCOUNT, REGION).await.unwrap(), 3);
    assert_eq!(store.count(Kind::Key, "", "").await.unwrap(), 1);
    assert_eq!(store.count(Kind::Alias, ACCOUNT, REGION).await.unwrap(), 0);
}

pub(crate) async fn limits_are_enforced(store: AnyStore) {
    let above = bounds::LIMIT_MAX + 1;
    let errors = [
        store.list(Kind::Key, ACCOUNT, REGION, None, above).await.unwrap_err(),
        store.list_names(Kind::Key, ACCOUNT, REGION, None, above).await.unwrap_err(),
        store.list_owned(Kind::Key, ACCOUNT, REGION, "a", None, above).await.unwrap_err(),
        store.find(Kind::Key, REGION, "a", above).await.unwrap_err(),
        store.due(0, above).await.unwrap_err(),
        store.due_in(0, 0, above).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, StoreError::InvalidRecord { .. }), "{error:?}");
    }
    store.due(0, bounds::LIMIT_MAX).await.unwrap();
}
