//! Recognizes a database and brings its schema up to date. Nothing is written before the
//! database is known to be ours or empty, and nothing is migrated before there is a copy of it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row};
use tokio::time::sleep;

use super::connections::{Connections, failure, is_busy};
use super::integrity;
use crate::error::StoreError;

/// Marks a SQLite file as ours: "Trnt".
const APPLICATION_ID: i64 = 0x5472_6e74;

/// The migration at index `n` leads from schema `n` to `n + 1`. They are only ever appended to.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_record.sql"),
    include_str!("../../migrations/sqlite/0002_identities.sql"),
    include_str!("../../migrations/sqlite/0003_events.sql"),
];

/// `user_version` of a database that is up to date.
const NEWEST: i64 = 3;
const _: () = assert!(NEWEST.unsigned_abs() == MIGRATIONS.len() as u64);

/// What a database looks like from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Its schema; 0 if it is empty.
    pub schema: i64,
    /// The newest schema that this version of the program knows.
    pub newest: i64,
    /// What SQLite finds wrong (`PRAGMA integrity_check`); at most ten findings.
    pub faults: Vec<String>,
}

/// Attempts to switch to WAL mode, and how long to wait between them: SQLite does not wait for
/// this lock, which another process may hold that is just opening the same new file.
const WAL_ATTEMPTS: u32 = 50;
const WAL_PAUSE: Duration = Duration::from_millis(100);

/// Copies of databases of one schema beside one database.
const COPIES_MAX: u32 = 100;

pub(super) async fn prepare(connections: &Connections) -> Result<(), StoreError> {
    let mut lease = connections.writer().await;
    let connection = lease.connection().await?;
    if found(connection).await? == NEWEST {
        return Ok(());
    }
    if !connections.in_memory() {
        switch_to_wal(connection).await?;
    }
    execute(connection, "BEGIN IMMEDIATE").await?;
    let result = migrate(connections, connection, MIGRATIONS).await;
    if result.is_err() {
        // It may have been rolled back already; the first error is the one that tells why.
        let _ = execute(connection, "ROLLBACK").await;
    }
    result
}

/// Makes sure that nothing has to be migrated.
pub(super) async fn check(connections: &Connections) -> Result<(), StoreError> {
    match found(connections.writer().await.connection().await?).await? {
        NEWEST => Ok(()),
        0 => Err(StoreError::Foreign { what: "an empty file".to_owned() }),
        found => Err(StoreError::Older { found, supported: NEWEST }),
    }
}

pub(super) async fn inspect(connections: &Connections) -> Result<Inspection, StoreError> {
    let mut lease = connections.writer().await;
    let connection = lease.connection().await?;
    let schema = found(connection).await?;
    let faults = integrity::faults(connection).await?;
    Ok(Inspection { schema, newest: NEWEST, faults })
}

/// All missing migrations in one transaction, which the caller has begun, after a copy of what is
/// there.
async fn migrate(
    connections: &Connections,
    connection: &mut SqliteConnection,
    migrations: &'static [&'static str],
) -> Result<(), StoreError> {
    // Once more: another process may have been faster.
    let mut version = found(connection).await?;
    let missing = migrations.get(usize::try_from(version).unwrap_or(usize::MAX)..);
    let missing = missing.unwrap_or_default();
    if missing.is_empty() {
        return execute(connection, "COMMIT").await;
    }
    if version > 0
        && let Some(path) = connections.path()
    {
        let copy = copy_of(path, version)?;
        connections.copy_to(&copy).await?;
        tracing::warn!(
            schema = version,
            copy = %copy.display(),
            "the store is brought to a newer schema; a copy of it as it was is kept"
        );
    }
    for migration in missing {
        execute(connection, migration).await?;
        version += 1;
    }
    // Pragmas take no parameters. Both are part of the transaction.
    let marks = format!(
        "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version}; COMMIT"
    );
    sqlx::raw_sql(AssertSqlSafe(marks)).execute(connection).await.map_err(failure)?;
    Ok(())
}

/// Where the copy of a database of this schema is put: beside it, over none that is there.
fn copy_of(path: &Path, schema: i64) -> Result<PathBuf, StoreError> {
    let name = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".schema-{schema}"));
        if number > 1 {
            name.push(format!("-{number}"));
        }
        name.push(".bak");
        PathBuf::from(name)
    };
    (1..=COPIES_MAX)
        .map(name)
        .find(|copy| copy.symlink_metadata().is_err())
        .ok_or_else(|| StoreError::unavailable("there are too many copies of the database"))
}

/// The schema of the database, which is ours, or 0 if it is empty.
async fn found(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    let row = sqlx::raw_sql(
        "SELECT (SELECT application_id FROM pragma_application_id), \
                (SELECT user_version FROM pragma_user_version), \
                (SELECT count(*) FROM sqlite_schema)",
    )
    .fetch_one(connection)
    .await
    .map_err(failure)?;
    let [application, version, tables] = [integer(&row, 0)?, integer(&row, 1)?, integer(&row, 2)?];
    match (application, version) {
        (APPLICATION_ID, 1..=NEWEST) => Ok(version),
        (APPLICATION_ID, found) if found > NEWEST => {
            Err(StoreError::Newer { found, supported: NEWEST })
        }
        (APPLICATION_ID, found) => Err(StoreError::damaged(format!("schema {found}"))),
        (0, 0) if tables == 0 => Ok(0),
        _ => Err(StoreError::Foreign {
            what: format!("a SQLite database with application id {application:#x}"),
        }),
    }
}

/// The mode is kept in the file, so this happens once.
async fn switch_to_wal(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    for attempt in 1.. {
        match sqlx::raw_sql("PRAGMA journal_mode = WAL").fetch_one(&mut *connection).await {
            Ok(row) if row.try_get(0).is_ok_and(|mode: String| mode == "wal") => break,
            Ok(_) => return Err(StoreError::unavailable("the file cannot be in WAL mode")),
            Err(error) if is_busy(&error) && attempt < WAL_ATTEMPTS => sleep(WAL_PAUSE).await,
            Err(error) => return Err(failure(error)),
        }
    }
    Ok(())
}

async fn execute(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), StoreError> {
    sqlx::raw_sql(sql).execute(connection).await.map_err(failure)?;
    Ok(())
}

fn integer(row: &SqliteRow, index: usize) -> Result<i64, StoreError> {
    row.try_get(index).map_err(StoreError::damaged)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const HALF: &[&str] = &[MIGRATIONS[0], "CREATE TABLE half (x)", "nonsense"];

    /// A database of schema 1 with one record.
    async fn old(path: &Path) {
        let connections = Connections::to_file(path).unwrap();
        let mut lease = connections.writer().await;
        let connection = lease.connection().await.unwrap();
        switch_to_wal(connection).await.unwrap();
        execute(connection, "BEGIN IMMEDIATE").await.unwrap();
        migrate(&connections, connection, &MIGRATIONS[..1]).await.unwrap();
        execute(
            connection,
            "INSERT INTO record (kind, account, region, name, version, sealed) \
             VALUES (2, '', '', 'a', 7, x'00')",
        )
        .await
        .unwrap();
        drop(lease);
        connections.close().await;
    }

    async fn names(path: &Path) -> (i64, Vec<String>) {
        let connections = Connections::to_read(path).unwrap();
        let mut lease = connections.writer().await;
        let connection = lease.connection().await.unwrap();
        let schema = found(connection).await.unwrap();
        let rows = sqlx::raw_sql(
            "SELECT name FROM sqlite_schema WHERE type = 'table' \
             UNION ALL SELECT name || version FROM record",
        );
        let rows = rows.fetch_all(connection).await.unwrap();
        drop(lease);
        connections.close().await;
        (schema, rows.iter().map(|row| row.get(0)).collect())
    }

    #[tokio::test]
    async fn an_older_database_is_copied_and_migrated() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("trent.db");
        for copy in ["trent.db.schema-1.bak", "trent.db.schema-1-2.bak"] {
            old(&path).await;
            let connections = Connections::to_file(&path).unwrap();
            prepare(&connections).await.unwrap();
            connections.close().await;
            assert_eq!(names(&path).await, (NEWEST, vec!["record".to_owned(), "a7".to_owned()]));
            let copy = directory.path().join(copy);
            assert_eq!(names(&copy).await, (1, vec!["record".to_owned(), "a7".to_owned()]));
            let mode = fs::metadata(&copy).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            fs::remove_file(&path).unwrap();
        }
        let left = fs::read_dir(directory.path()).unwrap().count();
        assert_eq!(left, 2);
    }

    #[tokio::test]
    async fn a_migration_that_fails_leaves_everything_as_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("trent.db");
        old(&path).await;
        let connections = Connections::to_file(&path).unwrap();
        let mut lease = connections.writer().await;
        let connection = lease.connection().await.unwrap();
        execute(connection, "BEGIN IMMEDIATE").await.unwrap();
        migrate(&connections, connection, HALF).await.unwrap_err();
        // As after a crash: nothing is rolled back but by whoever opens the file next.
        drop(lease);
        drop(connections);
        assert_eq!(names(&path).await, (1, vec!["record".to_owned(), "a7".to_owned()]));
    }

    #[tokio::test]
    async fn nothing_is_migrated_where_no_copy_can_be_made() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("trent.db");
        old(&path).await;
        fs::create_dir(directory.path().join("trent.db.schema-1.unfinished")).unwrap();
        let connections = Connections::to_file(&path).unwrap();
        prepare(&connections).await.unwrap_err();
        connections.close().await;
        assert_eq!(names(&path).await, (1, vec!["record".to_owned(), "a7".to_owned()]));
    }
}
