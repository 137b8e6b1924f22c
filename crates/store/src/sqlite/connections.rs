//! The connections to one database: opened when first needed, never retired, each used by one
//! task at a time, replaced when broken.
//!
//! sqlx has a pool, but it retires connections, which loses a database in memory, and it pings
//! every connection and spawns a task whenever one is returned, which costs more than a reading.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf, absolute};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{Mutex, MutexGuard};

use super::point::PointReader;
use crate::error::StoreError;

/// Readers of a file. A reading is short and each costs a thread.
const READERS: usize = 4;

/// How long SQLite waits for a lock that another process holds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The file of the write-ahead log is cut back to this size after a burst.
const WAL_BYTES_MAX: &str = "67108864";

pub(super) struct Connections {
    write: SqliteConnectOptions,
    read: SqliteConnectOptions,
    /// The first writes and the others read. In memory there is only one, and it does both.
    slots: Vec<Mutex<Option<SqliteConnection>>>,
    /// None of a database in memory.
    point: Option<PointReader>,
    next_reader: AtomicUsize,
    closed: AtomicBool,
}

impl Connections {
    /// Creates the file if there is none; opens nothing yet.
    pub(super) fn to_file(path: &Path) -> Result<Self, StoreError> {
        // SQLite gives a meaning of its own to some relative names, such as `:memory:` and
        // `file:…`, but to no absolute ones.
        let path = absolute(path).map_err(StoreError::unavailable)?;
        create_private(&path).map_err(StoreError::unavailable)?;
        let write = options().filename(path).pragma("secure_delete", "ON");
        let read = write.clone().pragma("query_only", "ON");
        Ok(Self::new(write, read, 1 + READERS))
    }

    /// To a file that is there, which is not written.
    pub(super) fn to_read(path: &Path) -> Result<Self, StoreError> {
        let path = absolute(path).map_err(StoreError::unavailable)?;
        let read = options().filename(path).pragma("query_only", "ON");
        Ok(Self::new(read.clone(), read, 1 + READERS))
    }

    pub(super) fn to_memory() -> Self {
        let write = options().filename(":memory:");
        Self::new(write.clone(), write, 1)
    }

    fn new(write: SqliteConnectOptions, read: SqliteConnectOptions, slots: usize) -> Self {
        Self {
            point: (slots > 1).then(|| PointReader::new(write.get_filename())),
            write,
            read,
            slots: (0..slots).map(|_| Mutex::new(None)).collect(),
            next_reader: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
        }
    }

    pub(super) fn in_memory(&self) -> bool {
        self.slots.len() == 1
    }

    /// The file of the write-ahead log, if the database is a file.
    pub(super) fn log_path(&self) -> Option<PathBuf> {
        let mut path = self.write.get_filename().as_os_str().to_owned();
        path.push("-wal");
        (!self.in_memory()).then(|| path.into())
    }

    pub(super) async fn writer(&self) -> Lease<'_> {
        Lease { all: self, options: &self.write, slot: self.slots[0].lock().await }
    }

    /// A reader that is free, else the one whose turn it is.
    pub(super) async fn reader(&self) -> Lease<'_> {
        let readers = if self.in_memory() { &self.slots } else { &self.slots[1..] };
        let free = readers.iter().find_map(|slot| slot.try_lock().ok());
        let slot = if let Some(slot) = free {
            slot
        } else {
            let turn = self.next_reader.fetch_add(1, Ordering::Relaxed);
            readers[turn % readers.len()].lock().await
        };
        Lease { all: self, options: &self.read, slot }
    }

    /// Reads at once; none where the database cannot be read so.
    pub(super) fn point(&self) -> Option<&PointReader> {
        self.point.as_ref()
    }

    /// A connection for long readings, so that others do not wait for it. In memory there is only
    /// one, for which they wait.
    pub(super) async fn borrow(&self) -> Result<Borrowed<'_>, StoreError> {
        let mut only = self.reader().await;
        if self.in_memory() {
            only.connection().await?;
            return Ok(Borrowed::Only(only));
        }
        drop(only);
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::unavailable("the store is closed"));
        }
        Ok(Borrowed::Own(Box::new(self.read.connect().await.map_err(failure)?)))
    }

    /// Copies the database as it is to a new file, for its owner only, durable when this returns.
    /// Nobody else may write meanwhile.
    pub(super) async fn copy_to(&self, target: &Path) -> Result<(), StoreError> {
        let unfinished = target.with_extension("unfinished");
        let remove = || match std::fs::remove_file(&unfinished) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        remove().map_err(StoreError::unavailable)?;
        // SQLite fills a file that is empty.
        create_private(&unfinished).map_err(StoreError::unavailable)?;
        let name = unfinished.to_str().ok_or_else(|| {
            StoreError::unavailable("a copy of the database needs a path that is UTF-8")
        })?;
        let mut connection = self.write.connect().await.map_err(failure)?;
        let copied = sqlx::query("VACUUM INTO ?").bind(name).execute(&mut connection).await;
        let closed = connection.close().await;
        copied.map(drop).and(closed).map_err(failure)?;
        let keep = || {
            File::open(&unfinished)?.sync_all()?;
            std::fs::rename(&unfinished, target)?;
            let folder = target.parent().unwrap_or(Path::new("/"));
            File::open(folder)?.sync_all()
        };
        keep().map_err(StoreError::unavailable)
    }

    /// Where the database is; none in memory.
    pub(super) fn path(&self) -> Option<&Path> {
        (!self.in_memory()).then(|| self.write.get_filename())
    }

    /// Waits for those in use and closes all, the writer last: SQLite then empties the
    /// write-ahead log and removes it.
    pub(super) async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        if let Some(point) = &self.point {
            point.close();
        }
        for slot in self.slots.iter().rev() {
            let Some(connection) = slot.lock().await.take() else { continue };
            if let Err(error) = connection.close().await {
                tracing::warn!(%error, "closing a connection to the store failed");
            }
        }
    }
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}

/// The exclusive use of one connection.
pub(super) struct Lease<'a> {
    all: &'a Connections,
    options: &'a SqliteConnectOptions,
    slot: MutexGuard<'a, Option<SqliteConnection>>,
}

impl Lease<'_> {
    /// The connection, opened if it is not.
    pub(super) async fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        if self.all.closed.load(Ordering::Acquire) {
            return Err(StoreError::unavailable("the store is closed"));
        }
        match &mut *self.slot {
            Some(connection) => Ok(connection),
            empty => Ok(empty.insert(self.options.connect().await.map_err(failure)?)),
        }
    }

    /// Discards the connection if `result` says that it may be broken.
    pub(super) fn settle<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        result.map_err(|error| {
            if !matches!(error, sqlx::Error::Database(_)) {
                self.discard();
            }
            failure(error)
        })
    }

    /// The next user gets a new connection. A database in memory is its connection and stays.
    pub(super) fn discard(&mut self) {
        if !self.all.in_memory() {
            *self.slot = None;
        }
    }
}

/// A connection for long readings.
pub(super) enum Borrowed<'a> {
    /// Nobody else has it. It ends with its transaction.
    Own(Box<SqliteConnection>),
    /// The one of a database in memory.
    Only(Lease<'a>),
}

impl Borrowed<'_> {
    /// Lets all readings from the next one on see the same.
    pub(super) async fn begin(&mut self) -> Result<(), StoreError> {
        if let Self::Own(connection) = self {
            sqlx::raw_sql("BEGIN").execute(&mut **connection).await.map_err(failure)?;
        }
        Ok(())
    }

    pub(super) fn get(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        match self {
            Self::Own(connection) => Ok(connection),
            Self::Only(lease) => {
                lease.slot.as_mut().ok_or_else(|| StoreError::unavailable("the store is closed"))
            }
        }
    }
}

fn options() -> SqliteConnectOptions {
    // The file is created beforehand, so that it has the right mode, and never by SQLite.
    SqliteConnectOptions::new()
        .create_if_missing(false)
        .busy_timeout(BUSY_TIMEOUT)
        .synchronous(SqliteSynchronous::Full)
        .pragma("trusted_schema", "OFF")
        .pragma("journal_size_limit", WAL_BYTES_MAX)
        .thread_name(|number| format!("store-{number}"))
        .disable_statement_logging()
}

/// SQLite gives its write-ahead log the mode of the database.
fn create_private(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// What a failure of SQLite means for the caller.
pub(super) fn failure(error: sqlx::Error) -> StoreError {
    match primary_code(&error) {
        // The statements are right, so an error in one is in the schema that it meets.
        Some(SQLITE_ERROR | SQLITE_CORRUPT | SQLITE_NOTADB) => StoreError::damaged(error),
        _ => StoreError::unavailable(error),
    }
}

/// Whether another process holds the lock.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(SQLITE_BUSY)
}

// https://www.sqlite.org/rescode.html
const SQLITE_ERROR: u32 = 1;
const SQLITE_BUSY: u32 = 5;
const SQLITE_CORRUPT: u32 = 11;
const SQLITE_NOTADB: u32 = 26;

/// The primary code is in the last byte of the extended code.
fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

#[cfg(test)]
mod tests {
    use sqlx::Row;

    use super::*;
    use crate::sqlite::schema;

    async fn pragma(lease: &mut Lease<'_>, sql: &'static str) -> String {
        let connection = lease.connection().await.unwrap();
        let row = sqlx::raw_sql(sql).fetch_one(connection).await.unwrap();
        row.try_get::<i64, _>(0).map_or_else(|_| row.get(0), |number| number.to_string())
    }

    #[tokio::test]
    async fn commits_are_durable_and_readers_cannot_write() {
        let directory = tempfile::tempdir().unwrap();
        let connections = Connections::to_file(&directory.path().join("store.db")).unwrap();
        schema::prepare(&connections).await.unwrap();
        let (mut writer, mut reader) = (connections.writer().await, connections.reader().await);
        for (sql, expected_writer, expected_reader) in [
            ("PRAGMA journal_mode", "wal", "wal"),
            ("PRAGMA synchronous", "2", "2"),
            ("PRAGMA secure_delete", "1", "1"),
            ("PRAGMA query_only", "0", "1"),
        ] {
            assert_eq!(pragma(&mut writer, sql).await, expected_writer, "{sql}");
            assert_eq!(pragma(&mut reader, sql).await, expected_reader, "{sql}");
        }
        let connection = reader.connection().await.unwrap();
        sqlx::raw_sql("DELETE FROM record").execute(connection).await.unwrap_err();
    }
}
