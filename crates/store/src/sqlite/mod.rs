//! The store in one SQLite database: a file in WAL mode, or memory.
//!
//! - [`queries`]: every SQL statement of the store.
//! - [`connections`]: opening, sharing and closing connections.
//! - [`point`]: reading one record by its id, on the thread that asks.
//! - [`schema`]: recognizing a database and bringing it up to date, after a copy was made.
//! - [`snapshot`]: reading everything as it is at one point in time.
//! - [`apply`]: change sets as statements, and the transaction around them.
//! - [`integrity`]: whether the database is whole, and with [`wal`] its write-ahead log.

mod apply;
mod connections;
mod integrity;
mod point;
mod queries;
mod schema;
mod snapshot;
mod wal;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteRow};

use self::connections::Connections;
pub use self::schema::Inspection;
use self::snapshot::SqliteSnapshot;
use crate::error::StoreError;
use crate::record::{Change, Kind, Record, RecordId, check_changes, check_claim, check_limit};
use crate::row::{self, column, number};
use crate::writer::{Work, Writer};
use crate::{Changes, Snapshot, Store};

/// A store in one SQLite database.
///
/// It belongs to the tokio runtime in which it was opened. Dropping it closes it as
/// [`Store::close`] does, in the background.
#[derive(Debug)]
pub struct SqliteStore {
    connections: Arc<Connections>,
    writer: Writer,
}

impl SqliteStore {
    /// Opens the database file at `path`, after creating it with mode 0600 if there is none, and
    /// brings its schema up to date. The directory must exist and be writable. A database of an older
    /// schema is copied beforehand: `trent.db` of schema 1 to `trent.db.schema-1.bak` beside it.
    ///
    /// Several processes may have the same file open, but it must be on a local file system.
    ///
    /// # Errors
    /// - [`StoreError::Foreign`]: the file is a database of some other program.
    /// - [`StoreError::Newer`]: the file was written by a newer version of this program.
    /// - [`StoreError::Damaged`]: the file is no database, or not a whole one.
    /// - [`StoreError::Unavailable`]: it cannot be created, opened, read or written.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Self::start(Connections::to_file(path)?).await
    }

    /// Opens an empty database in memory, which lives as long as the store.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], when there is not enough memory.
    pub async fn open_in_memory() -> Result<Self, StoreError> {
        Self::start(Connections::to_memory()).await
    }

    /// Opens the database file at `path` to read it. It must have the newest schema; nothing is
    /// migrated, and every write is [`StoreError::Unavailable`].
    ///
    /// # Errors
    /// As those of [`SqliteStore::open`]; [`StoreError::Older`] instead of a migration.
    pub async fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        let connections = Connections::to_read(path)?;
        schema::check(&connections).await?;
        Ok(Self::over(connections))
    }

    /// Which schema the database file at `path` has, and whether SQLite finds it whole. Changes
    /// nothing.
    ///
    /// # Errors
    /// As those of [`SqliteStore::open`].
    pub async fn inspect(path: &Path) -> Result<Inspection, StoreError> {
        let connections = Connections::to_read(path)?;
        let inspected = schema::inspect(&connections).await;
        connections.close().await;
        inspected
    }

    /// Reads everything, to find damage that would hide records or bring back older ones: about 4 µs
    /// a record. What is inside the records it does not check.
    ///
    /// # Errors
    /// - [`StoreError::Damaged`]: something is damaged; it says what.
    /// - [`StoreError::Unavailable`]: it cannot be read, or others are writing for long.
    pub async fn check(&self) -> Result<(), StoreError> {
        integrity::check(&self.connections).await
    }

    /// As [`Self::check`], beside others that write, and without the write-ahead log.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub async fn check_beside(&self) -> Result<(), StoreError> {
        integrity::check_beside(&self.connections).await
    }

    /// Reads the write-ahead log for damage, which takes little time however large the store is.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub async fn check_log(&self) -> Result<(), StoreError> {
        integrity::check_log_alone(&self.connections).await
    }

    async fn start(connections: Connections) -> Result<Self, StoreError> {
        schema::prepare(&connections).await?;
        Ok(Self::over(connections))
    }

    fn over(connections: Connections) -> Self {
        let connections = Arc::new(connections);
        let writer = Writer::start(Arc::clone(&connections));
        Self { connections, writer }
    }

    async fn read(
        &self,
        query: sqlx::query::Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        let mut lease = self.connections.reader().await;
        let result = query.fetch_all(lease.connection().await?).await;
        lease.settle(result)
    }

    async fn read_records(
        &self,
        query: sqlx::query::Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<Vec<Record>, StoreError> {
        self.read(query).await?.iter().map(row::record).collect()
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        check_changes(&changes)?;
        self.writer.write(Work::Commit(changes)).await
    }

    async fn get(&self, id: &RecordId) -> Result<Option<Record>, StoreError> {
        if let Some(Ok(found)) = self.connections.point().map(|point| point.get(id)) {
            return Ok(found);
        }
        let RecordId { kind, account, region, name } = id;
        let query = sqlx::query(queries::GET).bind(kind.code()).bind(account.as_str());
        let query = query.bind(region.as_str()).bind(name.as_str());
        Ok(self.read_records(query).await?.pop())
    }

    async fn find(
        &self,
        kind: Kind,
        region: &str,
        name: &str,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        check_limit(limit)?;
        let query = sqlx::query(queries::FIND).bind(kind.code()).bind(region).bind(name);
        self.read_records(query.bind(limit)).await
    }

    async fn list(
        &self,
        kind: Kind,
        account: &str,
        region: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        check_limit(limit)?;
        let query = sqlx::query(queries::LIST).bind(kind.code()).bind(account).bind(region);
        self.read_records(query.bind(after.unwrap_or("")).bind(limit)).await
    }

    async fn list_names(
        &self,
        kind: Kind,
        account: &str,
        region: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        check_limit(limit)?;
        let query = sqlx::query(queries::LIST_NAMES).bind(kind.code()).bind(account).bind(region);
        let rows = self.read(query.bind(after.unwrap_or("")).bind(limit)).await?;
        rows.iter().map(|row| column(row, 0)).collect()
    }

    async fn list_owned(
        &self,
        kind: Kind,
        account: &str,
        region: &str,
        owner: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        check_limit(limit)?;
        let query = sqlx::query(queries::LIST_OWNED).bind(kind.code()).bind(account).bind(region);
        self.read_records(query.bind(owner).bind(after.unwrap_or("")).bind(limit)).await
    }

    async fn scan(&self, after: Option<&RecordId>, limit: u32) -> Result<Vec<Record>, StoreError> {
        check_limit(limit)?;
        // Kinds begin at 1.
        let kind = after.map_or(0, |id| id.kind.code());
        let [account, region, name] = after
            .map_or(["", "", ""], |RecordId { account, region, name, .. }| [account, region, name]);
        let query = sqlx::query(queries::SCAN).bind(kind).bind(account).bind(region).bind(name);
        self.read_records(query.bind(limit)).await
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        Ok(Box::new(SqliteSnapshot::take(&self.connections).await?))
    }

    async fn due(&self, until: i64, limit: u32) -> Result<Vec<Record>, StoreError> {
        check_limit(limit)?;
        self.read_records(sqlx::query(queries::DUE).bind(until).bind(limit)).await
    }

    async fn due_in(&self, part: u32, until: i64, limit: u32) -> Result<Vec<Record>, StoreError> {
        check_limit(limit)?;
        self.read_records(sqlx::query(queries::DUE_IN).bind(until).bind(part).bind(limit)).await
    }

    async fn next_due(&self) -> Result<Option<i64>, StoreError> {
        let rows = self.read(sqlx::query(queries::NEXT_DUE)).await?;
        rows.first().map(|row| column(row, 0)).transpose()
    }

    async fn count(&self, kind: Kind, account: &str, region: &str) -> Result<u64, StoreError> {
        let query = sqlx::query(queries::COUNT).bind(kind.code()).bind(account).bind(region);
        let rows = self.read(query).await?;
        rows.first().map_or(Ok(0), |row| number(row, 0))
    }

    async fn count_owned(
        &self,
        kind: Kind,
        account: &str,
        region: &str,
        owner: &str,
    ) -> Result<u64, StoreError> {
        let query = sqlx::query(queries::COUNT_OWNED).bind(kind.code()).bind(account);
        let rows = self.read(query.bind(region).bind(owner)).await?;
        rows.first().map_or(Ok(0), |row| number(row, 0))
    }

    async fn clear(&self) -> Result<(), StoreError> {
        self.writer.write(Work::Clear).await
    }

    /// A database file is for one server. Beside it only administration commands write, and only
    /// identities, which the server asks for by itself.
    fn is_shared(&self) -> bool {
        false
    }

    async fn changes(&self, after: u64) -> Result<Changes, StoreError> {
        Ok(Changes { sequence: after, records: Some(Vec::new()) })
    }

    async fn await_change(&self, _after: u64, at_most: Duration) {
        tokio::time::sleep(at_most).await;
    }

    async fn claim(&self, work: &str, node: &str, _lease: Duration) -> Result<bool, StoreError> {
        check_claim(work, node)?;
        Ok(true)
    }

    async fn close(&self) {
        self.writer.close().await;
    }
}
