//! Whether the database is whole: what SQLite can tell about its pages, and about the tables and
//! indexes in them, so that no record is hidden by a damaged page. What is inside the records is
//! authenticated by those who open them.

use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use super::apply::execute;
use super::connections::{Connections, failure};
use super::wal;
use crate::error::StoreError;

/// Reads the whole database, and its write-ahead log.
///
/// # Errors
/// [`StoreError::Damaged`], with what is damaged; [`StoreError::Unavailable`].
pub(super) async fn check(connections: &Connections) -> Result<(), StoreError> {
    while_nobody_writes(connections, async |connection| {
        check_database(connection).await?;
        check_log(connections, connection).await
    })
    .await
}

/// As [`check`], without the write-ahead log, while others write: of the database as it is when this
/// begins.
pub(super) async fn check_beside(connections: &Connections) -> Result<(), StoreError> {
    let mut lease = connections.reader().await;
    check_database(lease.connection().await?).await
}

/// Only the write-ahead log.
pub(super) async fn check_log_alone(connections: &Connections) -> Result<(), StoreError> {
    while_nobody_writes(connections, async |connection| check_log(connections, connection).await)
        .await
}

/// What is wrong with the pages of the database, its tables and indexes.
pub(super) async fn faults(connection: &mut SqliteConnection) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::raw_sql(CHECK).fetch_all(connection).await.map_err(failure)?;
    let lines = rows.iter().map(|row| row.try_get(0).map_err(StoreError::damaged));
    let mut faults = lines.collect::<Result<Vec<String>, _>>()?;
    faults.retain(|line| line != "ok");
    Ok(faults)
}

async fn while_nobody_writes(
    connections: &Connections,
    work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut lease = connections.writer().await;
    let connection = lease.connection().await?;
    execute(connection, "BEGIN IMMEDIATE").await.map_err(failure)?;
    let result = work(&mut *connection).await;
    execute(connection, "ROLLBACK").await.map_err(failure)?;
    result
}

async fn check_database(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let faults = faults(connection).await?;
    if faults.is_empty() { Ok(()) } else { Err(StoreError::damaged(faults.join("; "))) }
}

async fn check_log(
    connections: &Connections,
    connection: &mut SqliteConnection,
) -> Result<(), StoreError> {
    let Some(path) = connections.log_path() else { return Ok(()) };
    let row = sqlx::raw_sql("PRAGMA page_size").fetch_one(connection).await.map_err(failure)?;
    let page_bytes: i64 = row.try_get(0).map_err(failure)?;
    let page_bytes = usize::try_from(page_bytes).map_err(StoreError::damaged)?;
    let checked = tokio::task::spawn_blocking(move || wal::check(&path, page_bytes));
    checked.await.map_err(StoreError::unavailable)?
}

/// With at most so many findings: one is enough to know.
const CHECK: &str = "PRAGMA integrity_check(10)";
