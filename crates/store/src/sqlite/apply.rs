//! Change sets as statements, and the transaction around them.
//!
//! Every statement of sqlx travels to the thread of the connection and back, which takes longer
//! than most statements do. So precondition and write are one statement, and a run of changes
//! that need the same statement travels as one query that repeats it: a third of the time.

use std::collections::VecDeque;
use std::collections::vec_deque::Drain;
use std::mem::take;

use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection};
use sqlx::{AssertSqlSafe, Row};

use super::connections::{Connections, failure, is_busy};
use super::queries;
use crate::error::StoreError;
use crate::record::{Change, Record, RecordId};
use crate::writer::{Backend, Work};

/// Changes in one query. Runs are as long as a power of two, so that a connection keeps only six
/// prepared queries of each statement.
const RUN_MAX: usize = 32;

/// How often a transaction is begun while another process holds the lock. Each attempt waits as
/// long as the busy timeout.
const BEGIN_ATTEMPTS: u32 = 3;

impl Backend for Connections {
    async fn transact(&self, works: Vec<Work>) -> Result<Vec<bool>, StoreError> {
        let mut lease = self.writer().await;
        let connection = lease.connection().await?;
        match commit_all(connection, works).await {
            Ok(outcomes) => Ok(outcomes),
            Err(error) => {
                // SQLite may have rolled back already.
                let _ = execute(connection, "ROLLBACK").await;
                lease.discard();
                Err(failure(error))
            }
        }
    }

    async fn close(&self) {
        Self::close(self).await;
    }
}

async fn commit_all(
    connection: &mut SqliteConnection,
    works: Vec<Work>,
) -> Result<Vec<bool>, sqlx::Error> {
    begin(connection).await?;
    let outcomes = apply(connection, works).await?;
    execute(connection, "COMMIT").await?;
    Ok(outcomes)
}

/// Shuts out other processes.
async fn begin(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let mut attempt = 1;
    loop {
        match execute(connection, "BEGIN IMMEDIATE").await {
            Err(error) if is_busy(&error) && attempt < BEGIN_ATTEMPTS => attempt += 1,
            result => return result,
        }
    }
}

async fn apply(
    connection: &mut SqliteConnection,
    works: Vec<Work>,
) -> Result<Vec<bool>, sqlx::Error> {
    let mut outcomes = Vec::with_capacity(works.len());
    // A single change is atomic by itself, so such sets can share a run.
    let mut singles = Vec::new();
    for work in works {
        match work {
            Work::Commit(mut changes) if changes.len() == 1 => singles.append(&mut changes),
            Work::Commit(changes) => {
                outcomes.extend(apply_each(connection, take(&mut singles)).await?);
                outcomes.push(apply_set(connection, changes).await?);
            }
            Work::Clear => {
                outcomes.extend(apply_each(connection, take(&mut singles)).await?);
                execute(connection, queries::CLEAR).await?;
                outcomes.push(true);
            }
        }
    }
    outcomes.extend(apply_each(connection, singles).await?);
    Ok(outcomes)
}

async fn apply_set(
    connection: &mut SqliteConnection,
    changes: Vec<Change>,
) -> Result<bool, sqlx::Error> {
    execute(connection, "SAVEPOINT change_set").await?;
    let all_held = apply_each(connection, changes).await?.into_iter().all(|held| held);
    if !all_held {
        execute(connection, "ROLLBACK TO change_set").await?;
    }
    execute(connection, "RELEASE change_set").await?;
    Ok(all_held)
}

/// Applies those changes, in order, whose precondition holds. Tells for each whether it did.
async fn apply_each(
    connection: &mut SqliteConnection,
    changes: Vec<Change>,
) -> Result<Vec<bool>, sqlx::Error> {
    let mut outcomes = Vec::with_capacity(changes.len());
    let mut changes = VecDeque::from(changes);
    while let Some(sql) = changes.front().map(statement) {
        let alike = changes.iter().take(RUN_MAX).take_while(|change| statement(change) == sql);
        // The first is always alike, so there is a logarithm.
        let run = changes.drain(..1 << alike.count().ilog2());
        outcomes.extend(apply_run(connection, sql, run).await?);
    }
    Ok(outcomes)
}

async fn apply_run(
    connection: &mut SqliteConnection,
    sql: &'static str,
    run: Drain<'_, Change>,
) -> Result<Vec<bool>, sqlx::Error> {
    let mut outcomes = vec![false; run.len()];
    // Safe: a statement of ours, repeated.
    let mut query = sqlx::query(AssertSqlSafe(sql.repeat(run.len())));
    for (number, change) in (0..).zip(run) {
        query = bind(query, change, number);
    }
    for row in query.fetch_all(connection).await? {
        let number: u32 = row.try_get(0)?;
        let held = usize::try_from(number).ok().and_then(|number| outcomes.get_mut(number));
        *held.ok_or_else(|| sqlx::Error::Protocol(format!("change {number} of a run")))? = true;
    }
    Ok(outcomes)
}

/// The statement that applies a change if its precondition holds, and then returns the number of
/// the change in its run.
fn statement(change: &Change) -> &'static str {
    match change {
        Change::Put(record) if record.version == 1 => queries::INSERT,
        Change::Restore(_) => queries::INSERT,
        Change::Put(_) => queries::UPDATE,
        Change::Reseal { .. } => queries::RESEAL,
        Change::Delete { .. } => queries::DELETE,
        Change::Expect { .. } => queries::EXPECT,
        Change::ExpectAbsent { .. } => queries::EXPECT_ABSENT,
    }
}

fn bind(
    query: Query<'_, Sqlite, SqliteArguments>,
    change: Change,
    number: u32,
) -> Query<'_, Sqlite, SqliteArguments> {
    match change {
        Change::Put(record) => {
            let version = signed(record.version);
            let query = bind_record(query, record);
            let query = if version == 1 { query } else { query.bind(version - 1) };
            query.bind(number)
        }
        Change::Restore(record) => bind_record(query, record).bind(number),
        Change::Reseal { id, version, sealed } => {
            bind_id(query.bind(sealed), id).bind(signed(version)).bind(number)
        }
        Change::Delete { id, version } => bind_id(query, id).bind(signed(version)).bind(number),
        Change::Expect { id, version } => bind_id(query.bind(number), id).bind(signed(version)),
        Change::ExpectAbsent { id } => bind_id(query.bind(number), id),
    }
}

fn bind_record(
    query: Query<'_, Sqlite, SqliteArguments>,
    record: Record,
) -> Query<'_, Sqlite, SqliteArguments> {
    let query = query.bind(signed(record.version)).bind(record.sealed).bind(record.owner);
    bind_id(query.bind(record.due_at), record.id)
}

fn bind_id(
    query: Query<'_, Sqlite, SqliteArguments>,
    id: RecordId,
) -> Query<'_, Sqlite, SqliteArguments> {
    query.bind(id.kind.code()).bind(id.account).bind(id.region).bind(id.name)
}

/// The bounds keep versions in the range of a signed integer.
fn signed(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

/// Executes a statement without parameters.
pub(super) async fn execute(
    connection: &mut SqliteConnection,
    sql: &'static str,
) -> Result<(), sqlx::Error> {
    sqlx::query(sql).execute(connection).await.map(drop)
}
