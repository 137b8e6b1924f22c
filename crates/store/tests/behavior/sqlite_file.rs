//! What is particular to a database file: opening it, losing it, sharing it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tempfile::TempDir;
use tokio::task::JoinSet;
use trent_store::{Kind, SqliteStore, StoreError};

use crate::support::{ACCOUNT, AnyStore, REGION, commit, count_at_once, id, put, record, version};

fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

async fn open(path: &Path) -> AnyStore {
    Arc::new(SqliteStore::open(path).await.unwrap())
}

async fn refused(path: &Path) -> StoreError {
    SqliteStore::open(path).await.unwrap_err()
}

/// A connection of somebody else.
async fn stranger(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
}

async fn run(connection: &mut SqliteConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.unwrap();
}

#[tokio::test]
async fn reopening_shows_everything_acknowledged() {
    let directory = directory();
    let path = directory.path().join("store.db");
    for round in 1..=3 {
        let store = open(&path).await;
        assert_eq!(version(&store, "a").await, round - 1);
        commit(&store, vec![put("a", round)]).await;
        commit(&store, vec![put(&format!("{round}"), 1)]).await;
        store.close().await;
        let left: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
    let store = open(&path).await;
    assert_eq!(store.count(Kind::Key, ACCOUNT, REGION).await.unwrap(), 4);
}

#[tokio::test]
async fn a_crash_loses_nothing_acknowledged() {
    let directory = directory();
    let store = open(&directory.path().join("store.db")).await;
    let mut tasks = JoinSet::new();
    for n in 0..64 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { commit(&store, vec![put(&format!("{n}"), 1)]).await });
    }
    tasks.join_all().await;
    // What a crash at this moment would leave.
    let copies = tempfile::tempdir().unwrap();
    for name in ["store.db", "store.db-wal"] {
        fs::copy(directory.path().join(name), copies.path().join(name)).unwrap();
    }
    let copy = open(&copies.path().join("store.db")).await;
    assert_eq!(copy.count(Kind::Key, ACCOUNT, REGION).await.unwrap(), 64);
}

#[tokio::test]
async fn dropping_closes() {
    let directory = directory();
    let path = directory.path().join("store.db");
    let store = open(&path).await;
    commit(&store, vec![put("a", 1)]).await;
    drop(store);
    for _ in 0..500 {
        if !path.with_extension("db-wal").exists() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the write-ahead log is still there");
}

#[tokio::test]
async fn the_files_are_private() {
    let directory = directory();
    let store = open(&directory.path().join("store.db")).await;
    commit(&store, vec![put("a", 1)]).await;
    for name in ["store.db", "store.db-wal", "store.db-shm"] {
        let mode = fs::metadata(directory.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn odd_paths_are_files() {
    let directory = directory();
    for name in [":memory:", "file:a?mode=memory", "ä b%20.db"] {
        let path = directory.path().join(name);
        let store = open(&path).await;
        commit(&store, vec![put("a", 1)]).await;
        store.close().await;
        assert_eq!(version(&open(&path).await, "a").await, 1);
    }
}

#[tokio::test]
async fn a_foreign_database_is_refused_and_untouched() {
    let directory = directory();
    for (n, sql) in [
        "CREATE TABLE t (x)",
        "PRAGMA application_id = 7",
        "PRAGMA user_version = 1",
        "PRAGMA application_id = 7; CREATE TABLE record (x)",
    ]
    .into_iter()
    .enumerate()
    {
        let path = directory.path().join(format!("{n}.db"));
        let mut connection = stranger(&path).await;
        run(&mut connection, sql).await;
        connection.close().await.unwrap();
        let before = fs::read(&path).unwrap();
        let error = refused(&path).await;
        assert!(matches!(error, StoreError::Foreign { .. }), "{sql}: {error:?}");
        assert_eq!(fs::read(&path).unwrap(), before, "{sql}");
    }
}

#[tokio::test]
async fn a_newer_store_is_refused() {
    let directory = directory();
    let path = directory.path().join("store.db");
    open(&path).await.close().await;
    let mut connection = stranger(&path).await;
    run(&mut connection, "PRAGMA user_version = 1000").await;
    let error = refused(&path).await;
    assert!(matches!(error, StoreError::Newer { found: 1000, supported: 3 }), "{error:?}");
    run(&mut connection, "PRAGMA user_version = -1").await;
    let error = refused(&path).await;
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
}

#[tokio::test]
async fn a_store_that_is_opened_to_read_is_not_written() {
    let directory = directory();
    let path = directory.path().join("store.db");
    let missing = SqliteStore::open_to_read(&path).await.unwrap_err();
    assert!(matches!(missing, StoreError::Unavailable(_)), "{missing:?}");
    assert!(!path.exists());
    fs::write(&path, b"").unwrap();
    let empty = SqliteStore::open_to_read(&path).await.unwrap_err();
    assert!(matches!(empty, StoreError::Foreign { .. }), "{empty:?}");
    let store = open(&path).await;
    commit(&store, vec![put("a", 1)]).await;
    // Beside whoever writes.
    let reading: AnyStore = Arc::new(SqliteStore::open_to_read(&path).await.unwrap());
    let refused = reading.commit(vec![put("a", 2)]).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unavailable(_)), "{refused:?}");
    assert_eq!(version(&reading, "a").await, 1);
    commit(&store, vec![put("a", 2)]).await;
    assert_eq!(version(&reading, "a").await, 2);
    reading.close().await;
    store.close().await;
    let before = fs::read(&path).unwrap();
    let reading: AnyStore = Arc::new(SqliteStore::open_to_read(&path).await.unwrap());
    assert_eq!(version(&reading, "a").await, 2);
    reading.close().await;
    assert_eq!(fs::read(&path).unwrap(), before);
    let mut connection = stranger(&path).await;
    run(&mut connection, "PRAGMA user_version = 1").await;
    connection.close().await.unwrap();
    let older = SqliteStore::open_to_read(&path).await.unwrap_err();
    assert!(matches!(older, StoreError::Older { found: 1, supported: 3 }), "{older:?}");
    assert_eq!(SqliteStore::inspect(&path).await.unwrap().schema, 1);
}

#[tokio::test]
async fn inspection_finds_damage_and_changes_nothing() {
    let directory = directory();
    let path = directory.path().join("store.db");
    let store = open(&path).await;
    commit(&store, (0..500).map(|n| put(&format!("{n}"), 1)).collect()).await;
    store.close().await;
    let found = SqliteStore::inspect(&path).await.unwrap();
    assert_eq!((found.schema, found.newest, found.faults.len()), (3, 3, 0));
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.len();
    bytes[end - 4096..].fill(0x5a);
    fs::write(&path, &bytes).unwrap();
    // It is told, or nothing can be read at all.
    let found = SqliteStore::inspect(&path).await;
    assert!(found.is_err() || !found.unwrap().faults.is_empty());
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[tokio::test]
async fn an_empty_file_becomes_a_store() {
    let directory = directory();
    let path = directory.path().join("store.db");
    fs::write(&path, b"").unwrap();
    commit(&open(&path).await, vec![put("a", 1)]).await;
}

#[tokio::test]
async fn garbage_and_torn_files_are_refused() {
    let directory = directory();
    let path = directory.path().join("store.db");
    let store = open(&path).await;
    commit(&store, (0..500).map(|n| put(&format!("{n}"), 1)).collect()).await;
    store.close().await;
    let whole = fs::read(&path).unwrap();
    let mut scrambled = whole.clone();
    for byte in &mut scrambled[100..8192] {
        *byte = byte.wrapping_mul(31).wrapping_add(7);
    }
    for (what, bytes) in [
        ("text", b"this is not a database, but long enough to be one".repeat(100).as_slice()),
        ("zeros", [0; 8192].as_slice()),
        ("header only", &whole[..100]),
        ("one page", &whole[..4096]),
        ("half", &whole[..whole.len() / 2]),
        ("without the last page", &whole[..whole.len() - 4096]),
        ("scrambled", &scrambled),
    ] {
        fs::write(&path, bytes).unwrap();
        let error = refused(&path).await;
        assert!(matches!(error, StoreError::Damaged { .. }), "{what}: {error:?}");
    }
}

#[tokio::test]
async fn damage_in_the_middle_is_an_error_not_a_panic() {
    let directory = directory();
    let path = directory.path().join("store.db");
    let store = open(&path).await;
    commit(&store, (0..500).map(|n| put(&format!("{n}"), 1)).collect()).await;
    store.close().await;
    let mut bytes = fs::read(&path).unwrap();
    bytes[8192..].fill(0x5a);
    fs::write(&path, bytes).unwrap();
    let store = open(&path).await;
    let error = store.list(Kind::Key, ACCOUNT, REGION, None, 1000).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    let error = store.commit(vec![put("0", 2)]).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
}

#[tokio::test]
async fn unknown_records_are_damage() {
    let directory = directory();
    let path = directory.path().join("store.db");
    let store = open(&path).await;
    commit(&store, vec![put("a", 1)]).await;
    run(&mut stranger(&path).await, "UPDATE record SET kind = 99, due_at = 1").await;
    let error = store.due(9, 9).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
}

#[tokio::test]
async fn what_cannot_be_opened_is_unavailable_with_a_cause() {
    let directory = directory();
    let read_only = directory.path().join("read-only");
    fs::create_dir(&read_only).unwrap();
    fs::set_permissions(&read_only, fs::Permissions::from_mode(0o500)).unwrap();
    let mut paths = vec![
        directory.path().to_owned(),
        directory.path().join("missing/store.db"),
        Path::new("").to_owned(),
    ];
    // Root may write everywhere.
    if fs::write(read_only.join("probe"), b"").is_err() {
        paths.push(read_only.join("store.db"));
    }
    for path in paths {
        let error = refused(&path).await;
        assert!(matches!(error, StoreError::Unavailable(_)), "{path:?}: {error:?}");
        assert!(error.to_string().len() > "the store is unavailable: ".len(), "{error}");
    }
}

#[tokio::test]
async fn the_writer_recovers_from_failures() {
    let directory = directory();
    let path = directory.path().join("store.db");
    let store = open(&path).await;
    commit(&store, vec![put("a", 1)]).await;
    let mut connection = stranger(&path).await;
    run(&mut connection, "ALTER TABLE record RENAME TO hidden").await;
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.commit(vec![put("a", 2)]).await });
    }
    for result in tasks.join_all().await {
        assert!(matches!(result, Err(StoreError::Damaged { .. })), "{result:?}");
    }
    store.get(&id("a")).await.unwrap_err();
    run(&mut connection, "ALTER TABLE hidden RENAME TO record").await;
    commit(&store, vec![put("a", 2)]).await;
    assert_eq!(store.get(&id("a")).await.unwrap(), Some(record("a", 2)));
}

#[tokio::test]
async fn the_writer_waits_for_another_process() {
    let directory = directory();
    let path = directory.path().join("store.db");
    let store = open(&path).await;
    let mut connection = stranger(&path).await;
    run(&mut connection, "BEGIN IMMEDIATE").await;
    let waiting = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { commit(&store, vec![put("a", 1)]).await })
    };
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!waiting.is_finished());
    // Readings go on meanwhile.
    assert_eq!(version(&store, "a").await, 0);
    run(&mut connection, "COMMIT").await;
    waiting.await.unwrap();
    assert_eq!(version(&store, "a").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_share_a_new_file() {
    let directory = directory();
    let path = directory.path().join("store.db");
    let (one, two) = tokio::join!(open(&path), open(&path));
    count_at_once([one, two]).await;
    assert_eq!(version(&open(&path).await, "a").await, 100);
}
