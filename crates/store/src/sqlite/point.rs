//! Reading one record by its id, on the thread that asks.
//!
//! A connection of sqlx has a thread of its own, so that each reading costs two changes of thread:
//! several times what SQLite takes for one record. Long readings are worth that, and so is whatever
//! has to wait or fails; a record by its id is four pages of a file, mostly in memory.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, params};

use super::queries;
use crate::record::{Kind, Record, RecordId};

/// Connections to one database file, each used by one thread at a time.
pub(super) struct PointReader {
    path: PathBuf,
    /// One for each thread that may ask at the same time; opened when first needed.
    slots: Vec<Mutex<Slot>>,
}

/// The record cannot be read at once: all connections are in use, another process recovers the file,
/// the reading has failed. The reason shows where one waits for the answer.
pub(super) struct NotNow;

enum Slot {
    Unopened,
    Open(Connection),
    Closed,
}

impl PointReader {
    /// Reads a file that is there, as soon as it is asked to.
    pub(super) fn new(path: &Path) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let slots = (0..threads).map(|_| Mutex::new(Slot::Unopened)).collect();
        Self { path: path.to_owned(), slots }
    }

    /// The record, or that there is none.
    pub(super) fn get(&self, id: &RecordId) -> Result<Option<Record>, NotNow> {
        let free = self.slots.iter().find_map(|slot| match slot.try_lock() {
            Ok(slot) => Some(slot),
            Err(TryLockError::Poisoned(slot)) => Some(slot.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        });
        let mut slot = free.ok_or(NotNow)?;
        let read = slot.open(&self.path).and_then(|connection| {
            let RecordId { kind, account, region, name } = id;
            let mut query = connection.prepare_cached(queries::GET)?;
            query.query_row(params![kind.code(), account, region, name], record).optional()
        });
        if read.is_err() && !matches!(*slot, Slot::Closed) {
            *slot = Slot::Unopened;
        }
        read.map_err(|_| NotNow)
    }

    /// Closes all connections, after what is being read. Nothing is read any more.
    pub(super) fn close(&self) {
        for slot in &self.slots {
            *locked(slot) = Slot::Closed;
        }
    }
}

impl Slot {
    fn open(&mut self, path: &Path) -> rusqlite::Result<&Connection> {
        if matches!(self, Self::Unopened) {
            // Only one who may write the file may read it beside its write-ahead log.
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(path, flags)?;
            connection.pragma_update(None, "query_only", true)?;
            connection.pragma_update(None, "trusted_schema", false)?;
            *self = Self::Open(connection);
        }
        match self {
            Self::Open(connection) => Ok(connection),
            _ => Err(rusqlite::Error::InvalidQuery),
        }
    }
}

/// A row of [`queries::GET`].
fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let unlike = |column| rusqlite::Error::IntegralValueOutOfRange(column, 0);
    Ok(Record {
        id: RecordId {
            kind: Kind::from_code(row.get(0)?).ok_or_else(|| unlike(0))?,
            account: row.get(1)?,
            region: row.get(2)?,
            name: row.get(3)?,
        },
        version: u64::try_from(row.get::<_, i64>(4)?).map_err(|_| unlike(4))?,
        sealed: row.get(5)?,
        owner: row.get(6)?,
        due_at: row.get(7)?,
    })
}

fn locked(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
