//! Reading everything as it was at one point in time: one transaction that only reads.

use async_trait::async_trait;
use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::query::Query;

use super::connections::{ANSWER_TIMEOUT, Lease, Pool, failure, is_disconnected, within};
use super::queries;
use crate::Snapshot;
use crate::error::StoreError;
use crate::record::{Record, RecordId, check_limit};
use crate::row;

pub(super) struct PostgresSnapshot<'a> {
    /// Closed when this is dropped, and the transaction with it.
    lease: Lease<'a>,
    records: u64,
    /// The place of the last record that was read.
    last: i64,
}

impl<'a> PostgresSnapshot<'a> {
    /// Begins the transaction. Its first reading decides what it sees.
    pub(super) async fn take(pool: &'a Pool) -> Result<Self, StoreError> {
        let begin = |mut lease: Lease<'a>| async {
            let begun = sqlx::raw_sql(queries::BEGIN_SNAPSHOT).execute(&mut lease.connection);
            within(ANSWER_TIMEOUT, begun).await.map(|_| lease)
        };
        let mut begun = begin(pool.acquire().await?).await;
        if begun.as_ref().is_err_and(is_disconnected) {
            begun = begin(pool.acquire_new().await?).await;
        }
        let lease = begun.map_err(failure)?;
        let mut snapshot = Self { lease, records: 0, last: i64::MIN };
        let rows = snapshot.read(sqlx::query(queries::COUNT_ALL)).await?;
        snapshot.records = rows.first().map_or(Ok(0), |row| row::number(row, 0))?;
        Ok(snapshot)
    }

    async fn read(
        &mut self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, StoreError> {
        let reading = query.fetch_all(&mut self.lease.connection);
        within(ANSWER_TIMEOUT, reading).await.map_err(failure)
    }
}

#[async_trait]
impl Snapshot for PostgresSnapshot<'_> {
    fn records(&self) -> u64 {
        self.records
    }

    async fn get(&mut self, id: &RecordId) -> Result<Option<Record>, StoreError> {
        let RecordId { kind, account, region, name } = id.clone();
        let query = sqlx::query(queries::GET).bind(kind.code()).bind(account);
        let rows = self.read(query.bind(region).bind(name)).await?;
        rows.first().map(row::record).transpose()
    }

    async fn next(&mut self, limit: u32) -> Result<Vec<Record>, StoreError> {
        check_limit(limit)?;
        let query = sqlx::query(queries::NEXT).bind(self.last).bind(i64::from(limit));
        let rows = self.read(query).await?;
        if let Some(row) = rows.last() {
            self.last = row::column(row, 8)?;
        }
        rows.iter().map(row::record).collect()
    }
}
