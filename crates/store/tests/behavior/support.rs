//! Records and changes in few words.

use std::sync::Arc;

use tokio::task::JoinSet;
use trent_store::{Change, Kind, Record, RecordId, Store, StoreError};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "eu-central-1";

pub(crate) type AnyStore = Arc<dyn Store>;

pub(crate) fn id(name: &str) -> RecordId {
    id_in(Kind::Key, ACCOUNT, REGION, name)
}

pub(crate) fn id_in(kind: Kind, account: &str, region: &str, name: &str) -> RecordId {
    RecordId { kind, account: account.into(), region: region.into(), name: name.into() }
}

pub(crate) fn record(name: &str, version: u64) -> Record {
    at(id(name), version)
}

/// The content tells the versions apart.
pub(crate) fn at(id: RecordId, version: u64) -> Record {
    let sealed = format!("{} at {version}", id.name).into_bytes();
    Record { id, version, sealed, owner: None, due_at: None }
}

pub(crate) fn put(name: &str, version: u64) -> Change {
    Change::Put(record(name, version))
}

pub(crate) fn delete(name: &str, version: u64) -> Change {
    Change::Delete { id: id(name), version }
}

pub(crate) fn expect(name: &str, version: u64) -> Change {
    Change::Expect { id: id(name), version }
}

pub(crate) fn expect_absent(name: &str) -> Change {
    Change::ExpectAbsent { id: id(name) }
}

pub(crate) async fn commit(store: &AnyStore, changes: Vec<Change>) {
    store.commit(changes).await.unwrap();
}

/// Asserts that the set conflicts.
pub(crate) async fn conflict(store: &AnyStore, changes: Vec<Change>) {
    let result = store.commit(changes).await;
    assert!(matches!(result, Err(StoreError::Conflict)), "{result:?}");
}

/// The version of a record, 0 if there is none.
pub(crate) async fn version(store: &AnyStore, name: &str) -> u64 {
    store.get(&id(name)).await.unwrap().map_or(0, |record| record.version)
}

/// Brings the record `a` to version 100, half of it through each store, at the same time.
pub(crate) async fn count_at_once(stores: [AnyStore; 2]) {
    let mut tasks = JoinSet::new();
    for store in stores {
        tasks.spawn(async move {
            for _ in 0..50 {
                // One further, as often as it takes.
                while let Err(error) =
                    store.commit(vec![put("a", version(&store, "a").await + 1)]).await
                {
                    assert!(matches!(error, StoreError::Conflict), "{error:?}");
                }
            }
        });
    }
    tasks.join_all().await;
}

pub(crate) fn names(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.id.name.as_str()).collect()
}
