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
    let mut lease = connections.writer().await;
    let connection = lease.connection().await?;
    // Nobody shall write meanwhile.
    execute(connection, "BEGIN IMMEDIATE").await.map_err(failure)?;
    let result = check_database(connection).await;
    let result = match result {
        Ok(page_bytes) => check_log(connections, page_bytes).await,
        Err(error) => Err(error),
    };
    execute(connection, "ROLLBACK").await.map_err(failure)?;
    result
}

/// As [`check`], without the write-ahead log, while others write: of the database as it is when this
/// begins.
pub(super) async fn check_beside(connections: &Connections) -> Result<(), StoreError> {
    let mut lease = connections.reader().await;
    check_database(lease.connection().await?).await.map(drop)
}

/// Only the write-ahead log.
pub(super) async fn check_log_alone(connections: &Connections) -> Result<(), StoreError> {
    let mut lease = connections.writer().await;
    let connection = lease.connection().await?;
    execute(connection, "BEGIN IMMEDIATE").await.map_err(failure)?;
    let result = match page_size(connection).await {
        Ok(page_bytes) => check_log(connections, page_bytes).await,
        Err(error) => Err(error),
    };
    execute(connection, "ROLLBACK").await.map_err(failure)?;
    result
}

/// Returns the size of its pages.
async fn check_database(connection: &mut SqliteConnection) -> Result<usize, StoreError> {
    let rows = sqlx::raw_sql(CHECK).fetch_all(&mut *connection).await.map_err(failure)?;
    let found: Vec<String> =
        rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(failure)?;
    if found != ["ok"] {
        return Err(StoreError::damaged(found.join("; ")));
    }
    page_size(connection).await
}

async fn page_size(connection: &mut SqliteConnection) -> Result<usize, StoreError> {
    let row = sqlx::raw_sql("PRAGMA page_size").fetch_one(connection).await.map_err(failure)?;
    let page_bytes: i64 = row.try_get(0).map_err(failure)?;
    usize::try_from(page_bytes).map_err(StoreError::damaged)
}

async fn check_log(connections: &Connections, page_bytes: usize) -> Result<(), StoreError> {
    let Some(path) = connections.log_path() else { return Ok(()) };
    let checked = tokio::task::spawn_blocking(move || wal::check(&path, page_bytes));
    checked.await.map_err(StoreError::unavailable)?
}

/// With at most so many findings: one is enough to know.
const CHECK: &str = "PRAGMA integrity_check(5)";
