//! What a change set does, alone.

use trent_store::{Change, Kind, StoreError, bounds};

use crate::support::{
    ACCOUNT, AnyStore, REGION, at, commit, conflict, delete, expect, expect_absent, id, id_in, put,
    record, version,
};

pub(crate) async fn an_empty_set_succeeds(store: AnyStore) {
    commit(&store, vec![]).await;
}

pub(crate) async fn put_then_get_update_and_delete(store: AnyStore) {
    commit(&store, vec![put("a", 1)]).await;
    assert_eq!(store.get(&id("a")).await.unwrap(), Some(record("a", 1)));
    commit(&store, vec![put("a", 2)]).await;
    assert_eq!(store.get(&id("a")).await.unwrap(), Some(record("a", 2)));
    commit(&store, vec![delete("a", 2)]).await;
    assert_eq!(store.get(&id("a")).await.unwrap(), None);
}

pub(crate) async fn columns_can_be_set_and_removed(store: AnyStore) {
    let columns = [
        (Some("key"), Some(0)),
        (None, None),
        (Some("other"), Some(i64::MIN)),
        (Some("other"), Some(i64::MAX)),
        (None, Some(-1)),
        (Some("key"), None),
    ];
    for (version, (owner, due_at)) in (1..).zip(columns) {
        let mut record = record("a", version);
        record.owner = owner.map(str::to_owned);
        record.due_at = due_at;
        commit(&store, vec![Change::Put(record.clone())]).await;
        assert_eq!(store.get(&id("a")).await.unwrap(), Some(record));
    }
}

pub(crate) async fn put_needs_the_version_before(store: AnyStore) {
    conflict(&store, vec![put("a", 2)]).await;
    assert_eq!(version(&store, "a").await, 0);
    commit(&store, vec![put("a", 1)]).await;
    commit(&store, vec![put("a", 2)]).await;
    for wrong in [1, 2, 4, bounds::VERSION_MAX] {
        let mut record = record("a", wrong);
        record.sealed = b"lost".to_vec();
        conflict(&store, vec![Change::Put(record)]).await;
    }
    assert_eq!(store.get(&id("a")).await.unwrap(), Some(record("a", 2)));
}

pub(crate) async fn delete_needs_the_version(store: AnyStore) {
    conflict(&store, vec![delete("a", 1)]).await;
    commit(&store, vec![put("a", 1)]).await;
    commit(&store, vec![put("a", 2)]).await;
    conflict(&store, vec![delete("a", 1)]).await;
    conflict(&store, vec![delete("a", 3)]).await;
    assert_eq!(version(&store, "a").await, 2);
    commit(&store, vec![delete("a", 2)]).await;
    conflict(&store, vec![delete("a", 2)]).await;
}

pub(crate) async fn reseal_needs_the_version_and_keeps_it(store: AnyStore) {
    let reseal = |name: &str, version, sealed: &[u8]| Change::Reseal {
        id: id(name),
        version,
        sealed: sealed.to_vec(),
    };
    conflict(&store, vec![reseal("a", 1, b"lost")]).await;
    let mut full = record("a", 1);
    full.owner = Some("owner".to_owned());
    full.due_at = Some(7);
    commit(&store, vec![Change::Put(full.clone()), put("b", 1)]).await;
    for _ in 0..2 {
        commit(&store, vec![reseal("a", 1, b"anew")]).await;
        full.sealed = b"anew".to_vec();
        assert_eq!(store.get(&id("a")).await.unwrap(), Some(full.clone()));
    }
    commit(&store, vec![put("a", 2)]).await;
    for wrong in [1, 3] {
        conflict(&store, vec![reseal("a", wrong, b"lost")]).await;
        conflict(&store, vec![reseal("b", 1, b"lost"), reseal("a", wrong, b"lost")]).await;
    }
    assert_eq!(store.get(&id("a")).await.unwrap(), Some(record("a", 2)));
    assert_eq!(store.get(&id("b")).await.unwrap(), Some(record("b", 1)));
}

pub(crate) async fn restore_needs_absence_and_keeps_the_version(store: AnyStore) {
    let mut restored = record("a", 7);
    restored.owner = Some("owner".to_owned());
    restored.due_at = Some(7);
    let restore = || Change::Restore(restored.clone());
    conflict(&store, vec![restore(), restore()]).await;
    commit(&store, vec![restore(), put("b", 1)]).await;
    assert_eq!(store.get(&id("a")).await.unwrap(), Some(restored.clone()));
    conflict(&store, vec![restore()]).await;
    conflict(&store, vec![put("a", 1)]).await;
    commit(&store, vec![put("a", 8)]).await;
    commit(&store, vec![delete("a", 8), restore()]).await;
    assert_eq!(version(&store, "a").await, 7);
}

pub(crate) async fn expect_needs_the_version(store: AnyStore) {
    conflict(&store, vec![expect("a", 1)]).await;
    commit(&store, vec![put("a", 1)]).await;
    commit(&store, vec![expect("a", 1)]).await;
    conflict(&store, vec![expect("a", 2)]).await;
    commit(&store, vec![expect("a", 1), put("b", 1)]).await;
    conflict(&store, vec![expect("a", 2), put("b", 2)]).await;
    conflict(&store, vec![put("b", 2), expect("a", 2)]).await;
    assert_eq!(version(&store, "a").await, 1);
    assert_eq!(version(&store, "b").await, 1);
}

pub(crate) async fn expect_absent_needs_absence(store: AnyStore) {
    commit(&store, vec![expect_absent("a")]).await;
    commit(&store, vec![expect_absent("a"), put("b", 1)]).await;
    conflict(&store, vec![put("b", 2), expect_absent("b")]).await;
    conflict(&store, vec![expect_absent("b")]).await;
    assert_eq!(version(&store, "a").await, 0);
    assert_eq!(version(&store, "b").await, 1);
}

pub(crate) async fn one_conflict_undoes_the_whole_set(store: AnyStore) {
    commit(&store, vec![put("kept", 1), put("deleted", 1)]).await;
    let changes = || vec![put("new", 1), put("kept", 2), delete("deleted", 1)];
    for broken in [put("other", 2), delete("other", 1), expect("other", 1), expect_absent("kept")] {
        for position in 0..=changes().len() {
            let mut changes = changes();
            changes.insert(position, broken.clone());
            conflict(&store, changes).await;
            assert_eq!(version(&store, "new").await, 0);
            assert_eq!(store.get(&id("kept")).await.unwrap(), Some(record("kept", 1)));
            assert_eq!(version(&store, "deleted").await, 1);
            assert_eq!(store.count(Kind::Key, ACCOUNT, REGION).await.unwrap(), 2);
        }
    }
    commit(&store, changes()).await;
    assert_eq!(version(&store, "new").await, 1);
    assert_eq!(version(&store, "kept").await, 2);
    assert_eq!(version(&store, "deleted").await, 0);
}

pub(crate) async fn a_set_sees_its_own_changes(store: AnyStore) {
    commit(&store, vec![put("a", 1), put("a", 2), expect("a", 2)]).await;
    assert_eq!(store.get(&id("a")).await.unwrap(), Some(record("a", 2)));
    commit(&store, vec![delete("a", 2), expect_absent("a"), put("a", 1)]).await;
    assert_eq!(store.get(&id("a")).await.unwrap(), Some(record("a", 1)));
    conflict(&store, vec![put("a", 2), put("a", 2)]).await;
    assert_eq!(version(&store, "a").await, 1);
    commit(&store, (2..=100).map(|version| put("a", version)).collect()).await;
    assert_eq!(store.get(&id("a")).await.unwrap(), Some(record("a", 100)));
}

pub(crate) async fn a_deleted_record_can_come_back(store: AnyStore) {
    commit(&store, vec![put("a", 1)]).await;
    commit(&store, vec![put("a", 2)]).await;
    commit(&store, vec![delete("a", 2)]).await;
    conflict(&store, vec![put("a", 3)]).await;
    commit(&store, vec![put("a", 1)]).await;
    assert_eq!(version(&store, "a").await, 1);
}

pub(crate) async fn identity_is_all_four_columns(store: AnyStore) {
    let ids = [
        id("a"),
        id_in(Kind::Alias, ACCOUNT, REGION, "a"),
        id_in(Kind::Setting, ACCOUNT, REGION, "a"),
        id_in(Kind::Key, "444455556666", REGION, "a"),
        id_in(Kind::Key, ACCOUNT, "us-east-1", "a"),
        id_in(Kind::Key, "", "", "a"),
        id("b"),
    ];
    for id in &ids {
        commit(&store, vec![Change::Put(at(id.clone(), 1))]).await;
    }
    commit(&store, vec![put("a", 2)]).await;
    for other in &ids[1..] {
        assert_eq!(store.get(other).await.unwrap(), Some(at(other.clone(), 1)));
    }
    commit(&store, vec![delete("a", 2)]).await;
    for other in &ids[1..] {
        assert_eq!(store.get(other).await.unwrap(), Some(at(other.clone(), 1)));
    }
}

pub(crate) async fn odd_names_are_names(store: AnyStore) {
    let long = "é".repeat(bounds::NAME_BYTES_MAX / 2);
    let odd = [
        "alias/Straße",
        "e\u{301}",
        "é",
        "É",
        "日本語 🔑",
        "a'; DROP TABLE record; --",
        "%",
        "_",
        "\"",
        " a ",
        "a ",
        "a",
        "A",
        "\u{1}\t\n",
        "\u{fffd}",
        "\u{10ffff}",
        "1",
        "01",
        "1.0",
        "1e0",
        long.as_str(),
    ];
    for name in odd {
        let mut record = record(name, 1);
        record.owner = Some(name.to_owned());
        commit(&store, vec![Change::Put(record.clone())]).await;
        assert_eq!(store.get(&id(name)).await.unwrap(), Some(record.clone()));
        let owned = store.list_owned(Kind::Key, ACCOUNT, REGION, name, None, 9).await.unwrap();
        assert_eq!(owned, [record.clone()]);
        assert_eq!(store.find(Kind::Key, REGION, name, 9).await.unwrap(), [record]);
    }
    let mut sorted = odd.to_vec();
    sorted.sort_unstable();
    let listed = store.list_names(Kind::Key, ACCOUNT, REGION, None, 100).await.unwrap();
    assert_eq!(listed, sorted);
}

pub(crate) async fn sealed_bytes_are_kept_exactly(store: AnyStore) {
    let all_bytes: Vec<u8> = (0..=255).collect();
    let largest = vec![0xa5; bounds::SEALED_BYTES_MAX];
    for (version, sealed) in (1..).zip([vec![], vec![0], all_bytes, largest, vec![]]) {
        let mut record = record("a", version);
        record.sealed = sealed;
        commit(&store, vec![Change::Put(record.clone())]).await;
        assert!(store.get(&id("a")).await.unwrap() == Some(record), "version {version}");
    }
}

pub(crate) async fn bounds_are_enforced(store: AnyStore) {
    let long = |bytes: usize| "x".repeat(bytes + 1);
    let name = long(bounds::NAME_BYTES_MAX);
    let mut large = record("a", 1);
    large.sealed = vec![0; bounds::SEALED_BYTES_MAX + 1];
    let owned_by = |owner: &str| {
        let mut record = record("a", 1);
        record.owner = Some(owner.to_owned());
        vec![Change::Put(record)]
    };
    let absent = |id| vec![Change::ExpectAbsent { id }];
    let mut full = record("a", 1);
    full.sealed = vec![0; bounds::SEALED_BYTES_MAX];
    let full_sets = bounds::SET_BYTES_MAX / bounds::SEALED_BYTES_MAX + 1;
    for changes in [
        vec![put("a", 0)],
        vec![put("a", bounds::VERSION_MAX + 1)],
        vec![delete("a", 0)],
        vec![expect("a", u64::MAX)],
        vec![Change::Reseal { id: id("a"), version: 1, sealed: large.sealed.clone() }],
        vec![Change::Restore(large.clone())],
        vec![Change::Put(large)],
        vec![put("", 1)],
        vec![put("nul\0", 1)],
        vec![put(&name, 1)],
        vec![delete(&name, 1)],
        vec![expect(&name, 1)],
        owned_by(""),
        owned_by("\0"),
        owned_by(&name),
        absent(id(&name)),
        absent(id_in(Kind::Key, &long(bounds::ACCOUNT_BYTES_MAX), REGION, "a")),
        absent(id_in(Kind::Key, ACCOUNT, &long(bounds::REGION_BYTES_MAX), "a")),
        vec![expect_absent("a"); bounds::CHANGES_MAX + 1],
        vec![Change::Put(full); full_sets],
    ] {
        let first = changes.first().cloned();
        let mut set = vec![put("innocent", 1)];
        set.extend(changes);
        let result = store.commit(set).await;
        assert!(matches!(result, Err(StoreError::InvalidRecord { .. })), "{result:?} {first:?}");
    }
    assert_eq!(store.count(Kind::Key, ACCOUNT, REGION).await.unwrap(), 0);
}

pub(crate) async fn the_largest_set_fits(store: AnyStore) {
    let set = |version| (0..bounds::CHANGES_MAX).map(move |n| put(&format!("{n}"), version));
    commit(&store, set(1).collect()).await;
    let count = store.count(Kind::Key, ACCOUNT, REGION).await.unwrap();
    assert_eq!(count, u64::try_from(bounds::CHANGES_MAX).unwrap());
    let mut broken: Vec<_> = set(2).collect();
    broken[bounds::CHANGES_MAX - 1] = put("0", 2);
    conflict(&store, broken).await;
    assert_eq!(version(&store, "0").await, 1);
    commit(&store, set(2).collect()).await;
    assert_eq!(version(&store, "999").await, 2);
}

pub(crate) async fn clear_removes_everything(store: AnyStore) {
    let mut due = at(id_in(Kind::Alias, "", "", "b"), 1);
    due.due_at = Some(1);
    commit(&store, vec![put("a", 1), Change::Put(due.clone())]).await;
    store.clear().await.unwrap();
    assert_eq!(version(&store, "a").await, 0);
    assert_eq!(store.get(&due.id).await.unwrap(), None);
    assert_eq!(store.next_due().await.unwrap(), None);
    commit(&store, vec![put("a", 1)]).await;
    store.clear().await.unwrap();
    store.clear().await.unwrap();
}

pub(crate) async fn a_closed_store_is_unavailable(store: AnyStore) {
    commit(&store, vec![put("a", 1)]).await;
    store.close().await;
    store.close().await;
    let errors = [
        store.commit(vec![put("a", 2)]).await.unwrap_err(),
        store.get(&id("a")).await.unwrap_err(),
        store.next_due().await.unwrap_err(),
        store.clear().await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        assert_eq!(error.to_string(), "the store is unavailable: the store is closed");
    }
}
