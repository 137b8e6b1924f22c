//! Reading everything as it was at one point in time: one long transaction that only reads, on a
//! connection of its own. Writers go on; the write-ahead log grows until it ends.

use async_trait::async_trait;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteRow};

use super::connections::{Borrowed, Connections, failure};
use super::queries;
use crate::Snapshot;
use crate::error::StoreError;
use crate::record::{Record, RecordId, check_limit};
use crate::row;

pub(super) struct SqliteSnapshot<'a> {
    connection: Borrowed<'a>,
    records: u64,
    /// The place of the last record that was read.
    last: i64,
}

impl<'a> SqliteSnapshot<'a> {
    /// Begins the transaction. Its first reading decides what it sees.
    pub(super) async fn take(connections: &'a Connections) -> Result<Self, StoreError> {
        let mut connection = connections.borrow().await?;
        connection.begin().await?;
        let mut snapshot = Self { connection, records: 0, last: i64::MIN };
        let rows = snapshot.read(sqlx::query(queries::COUNT_ALL)).await?;
        snapshot.records = rows.first().map_or(Ok(0), |row| row::number(row, 0))?;
        Ok(snapshot)
    }

    async fn read(
        &mut self,
        query: sqlx::query::Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        query.fetch_all(self.connection.get()?).await.map_err(failure)
    }
}

#[async_trait]
impl Snapshot for SqliteSnapshot<'_> {
    fn records(&self) -> u64 {
        self.records
    }

    async fn get(&mut self, id: &RecordId) -> Result<Option<Record>, StoreError> {
        let RecordId { kind, account, region, name } = id;
        let query = sqlx::query(queries::GET).bind(kind.code()).bind(account.as_str());
        let rows = self.read(query.bind(region.as_str()).bind(name.as_str())).await?;
        rows.first().map(row::record).transpose()
    }

    async fn next(&mut self, limit: u32) -> Result<Vec<Record>, StoreError> {
        check_limit(limit)?;
        let rows = self.read(sqlx::query(queries::NEXT).bind(self.last).bind(limit)).await?;
        if let Some(row) = rows.last() {
            self.last = row::column(row, 8)?;
        }
        rows.iter().map(row::record).collect()
    }
}
