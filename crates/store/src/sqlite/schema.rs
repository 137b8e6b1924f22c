//! Recognizes a database and brings its schema up to date. Nothing is written before the
//! database is known to be ours or empty.

use std::time::Duration;

use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row};
use tokio::time::sleep;

use super::connections::{Connections, failure, is_busy};
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

/// Attempts to switch to WAL mode, and how long to wait between them: SQLite does not wait for
/// this lock, which another process may hold that is just opening the same new file.
const WAL_ATTEMPTS: u32 = 50;
const WAL_PAUSE: Duration = Duration::from_millis(100);

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
    let result = migrate(connection).await;
    if result.is_err() {
        // It may have been rolled back already; the first error is the one that tells why.
        let _ = execute(connection, "ROLLBACK").await;
    }
    result
}

/// All missing migrations in one transaction, which the caller has begun.
async fn migrate(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    // Once more: another process may have been faster.
    let mut version = found(connection).await?;
    for migration in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(usize::MAX)) {
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
