//! What many callers at once may rely on.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use trent_store::{Kind, StoreError};

use crate::support::{ACCOUNT, AnyStore, REGION, commit, expect, id, put, record, version};

pub(crate) async fn one_winner_per_version(store: AnyStore) {
    for round in 1..=20 {
        let mut tasks = JoinSet::new();
        for _ in 0..16 {
            let store = Arc::clone(&store);
            tasks.spawn(async move { store.commit(vec![put("a", round)]).await });
        }
        let (mut won, mut lost) = (0, 0);
        for result in tasks.join_all().await {
            match result {
                Ok(()) => won += 1,
                Err(StoreError::Conflict) => lost += 1,
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!((won, lost), (1, 15));
        assert_eq!(version(&store, "a").await, round);
    }
}

pub(crate) async fn many_committers_all_succeed(store: AnyStore) {
    let mut tasks = JoinSet::new();
    for caller in 0..64 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let name = format!("{caller}");
            for version in 1..=10 {
                store.commit(vec![put(&name, version)]).await.unwrap();
                // What has returned is visible at once.
                assert_eq!(store.get(&id(&name)).await.unwrap(), Some(record(&name, version)));
            }
        });
    }
    tasks.join_all().await;
    let listed = store.list(Kind::Key, ACCOUNT, REGION, None, 100).await.unwrap();
    assert_eq!(listed.len(), 64);
    assert!(listed.iter().all(|record| record.version == 10));
}

pub(crate) async fn a_conflict_does_not_disturb_others(store: AnyStore) {
    commit(&store, vec![put("a", 1)]).await;
    let mut tasks = JoinSet::new();
    for n in 0..200 {
        let store = Arc::clone(&store);
        let (one, two) = (format!("{n}-1"), format!("{n}-2"));
        tasks.spawn(async move {
            let holds = n % 3 != 0;
            let precondition = expect("a", if holds { 1 } else { 2 });
            // Sets of one and of several changes.
            let set = if n % 2 == 0 {
                vec![put(&one, 1), precondition, put(&two, 1)]
            } else {
                vec![put(&one, if holds { 1 } else { 2 })]
            };
            let result = store.commit(set).await;
            assert_eq!(result.is_ok(), holds, "{n}: {result:?}");
            assert_eq!(version(&store, &one).await, u64::from(holds));
            assert_eq!(version(&store, &two).await, u64::from(holds && n % 2 == 0));
        });
    }
    tasks.join_all().await;
}

pub(crate) async fn dropped_futures_do_not_disturb_others(store: AnyStore) {
    let mut kept = JoinSet::new();
    let mut dropped = JoinSet::new();
    for n in 0..300 {
        let name = format!("{n:03}");
        let store = Arc::clone(&store);
        if n % 2 == 0 {
            kept.spawn(async move { store.commit(vec![put(&name, 1)]).await.unwrap() });
        } else {
            dropped.spawn(async move {
                let (twin, wait) = (format!("{name}-twin"), Duration::from_micros(10 * n));
                let set = vec![put(&name, 1), put(&twin, 1)];
                let _ = tokio::time::timeout(wait, store.commit(set)).await;
            });
        }
    }
    kept.join_all().await;
    dropped.join_all().await;
    // The next commit comes after all that are queued.
    commit(&store, vec![put("last", 1)]).await;
    for n in 0..300 {
        let (name, twin) = (format!("{n:03}"), format!("{n:03}-twin"));
        if n % 2 == 0 {
            assert_eq!(version(&store, &name).await, 1);
        } else {
            assert_eq!(version(&store, &name).await, version(&store, &twin).await);
        }
    }
}

pub(crate) async fn dropped_readings_do_not_disturb_others(store: AnyStore) {
    commit(&store, (0..500).map(|n| put(&format!("{n:03}"), 1)).collect()).await;
    for n in 0..100 {
        let list = store.list(Kind::Key, ACCOUNT, REGION, None, 500);
        let _ = tokio::time::timeout(Duration::from_micros(5 * n), list).await;
        assert_eq!(version(&store, "007").await, 1);
    }
    commit(&store, vec![put("007", 2)]).await;
    let listed = store.list(Kind::Key, ACCOUNT, REGION, None, 500).await.unwrap();
    assert_eq!(listed.len(), 500);
}

pub(crate) async fn readings_never_see_half_a_set(store: AnyStore) {
    commit(&store, vec![put("a", 1), put("b", 1)]).await;
    let writer = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for version in 2..200 {
                commit(&store, vec![put("a", version), put("b", version)]).await;
            }
        })
    };
    while !writer.is_finished() {
        let listed = store.list(Kind::Key, ACCOUNT, REGION, None, 2).await.unwrap();
        assert_eq!(listed[0].version, listed[1].version);
    }
    writer.await.unwrap();
}

pub(crate) async fn a_snapshot_never_has_half_a_set(store: AnyStore) {
    commit(&store, vec![put("a", 1), put("b", 1)]).await;
    let writer = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for version in 2..200 {
                let new = put(&format!("new {version}"), 1);
                commit(&store, vec![put("a", version), new, put("b", version)]).await;
            }
        })
    };
    while !writer.is_finished() {
        let mut snapshot = store.snapshot().await.unwrap();
        let a = snapshot.get(&id("a")).await.unwrap().unwrap().version;
        tokio::task::yield_now().await;
        let mut records = Vec::new();
        loop {
            let page = snapshot.next(7).await.unwrap();
            if page.is_empty() {
                break;
            }
            records.extend(page);
        }
        assert_eq!(snapshot.records(), u64::try_from(records.len()).unwrap());
        assert_eq!(u64::try_from(records.len()).unwrap(), a + 1);
        assert_eq!((records[0].version, records[1].version), (a, a));
        assert_eq!(snapshot.get(&id("b")).await.unwrap().unwrap().version, a);
    }
    writer.await.unwrap();
}

pub(crate) async fn close_finishes_what_is_queued(store: AnyStore) {
    let mut tasks = JoinSet::new();
    for n in 0..100 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.commit(vec![put(&format!("{n}"), 1)]).await });
    }
    tokio::task::yield_now().await;
    store.close().await;
    for result in tasks.join_all().await {
        assert!(matches!(result, Ok(()) | Err(StoreError::Unavailable(_))), "{result:?}");
    }
}
