//! Change sets as statements, and the transaction around them.
//!
//! Every query of sqlx travels to the thread of the connection and back, which takes longer than most
//! statements do. So a batch makes few of them:
//!
//! - A run of changes that need the same statement travels as one query that repeats it.
//! - A change set of a single change is one statement, with its precondition in it.
//! - Where sets have more, the versions of all records are read, the batch is judged in memory
//!   (`plan.rs`), and what it comes to is written.

use std::collections::vec_deque::Drain;
use std::collections::{HashMap, VecDeque};

use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row};

use super::connections::{Connections, failure, is_busy};
use super::queries;
use crate::error::StoreError;
use crate::plan::{Plan, Write, touched};
use crate::record::{Change, Record, RecordId};
use crate::writer::{Backend, Work};

/// Rows in one query. Runs are as long as a power of two, so that a connection keeps only six
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
    if works.iter().all(is_single) {
        return apply_each(connection, works.into_iter().flat_map(steps_of).collect()).await;
    }
    let stored = versions(connection, touched(&works)).await?;
    let plan = Plan::of(&works, &stored);
    if plan.clears {
        execute(connection, queries::CLEAR).await?;
    }
    if apply_each(connection, steps_of_plan(&plan)).await?.contains(&false) {
        // Whoever has the lock has read what is there.
        return Err(sqlx::Error::Protocol("a record is not as it was read".to_owned()));
    }
    Ok(plan.held)
}

/// The versions of those records that are there.
async fn versions<'a>(
    connection: &mut SqliteConnection,
    ids: Vec<&'a RecordId>,
) -> Result<HashMap<&'a RecordId, u64>, sqlx::Error> {
    let mut versions = HashMap::with_capacity(ids.len());
    for ids in runs(&ids) {
        // Safe: a statement of ours, repeated.
        let mut query = sqlx::query(AssertSqlSafe(queries::VERSION.repeat(ids.len())));
        for (number, id) in (0_u32..).zip(ids) {
            query = bind_id(query.bind(number), (*id).clone());
        }
        for row in query.fetch_all(&mut *connection).await? {
            let place = place(&row, ids.len())?;
            let version = row.try_get::<i64, _>(1)?;
            versions.insert(ids[place], u64::try_from(version).unwrap_or_default());
        }
    }
    Ok(versions)
}

/// What is done to one row, if that is as it must be.
enum Step {
    Insert(Record),
    /// Of the version that is stored.
    Update(Record, u64),
    Reseal {
        id: RecordId,
        version: u64,
        sealed: Vec<u8>,
    },
    Delete {
        id: RecordId,
        version: u64,
    },
    Expect {
        id: RecordId,
        version: u64,
    },
    ExpectAbsent {
        id: RecordId,
    },
}

impl From<Change> for Step {
    fn from(change: Change) -> Self {
        match change {
            Change::Put(record) if record.version == 1 => Self::Insert(record),
            Change::Put(record) => {
                let stored = record.version - 1;
                Self::Update(record, stored)
            }
            Change::Restore(record) => Self::Insert(record),
            Change::Reseal { id, version, sealed } => Self::Reseal { id, version, sealed },
            Change::Delete { id, version } => Self::Delete { id, version },
            Change::Expect { id, version } => Self::Expect { id, version },
            Change::ExpectAbsent { id } => Self::ExpectAbsent { id },
        }
    }
}

/// A single change is atomic by itself.
fn is_single(work: &Work) -> bool {
    matches!(work, Work::Commit(changes) if changes.len() == 1)
}

fn steps_of(work: Work) -> impl Iterator<Item = Step> {
    let changes = match work {
        Work::Commit(changes) => changes,
        Work::Clear => Vec::new(),
    };
    changes.into_iter().map(Step::from)
}

fn steps_of_plan(plan: &Plan<'_>) -> VecDeque<Step> {
    let removals =
        plan.removals.iter().map(|&(id, version)| Step::Delete { id: id.clone(), version });
    let reseals = plan.reseals.iter().map(|&(id, version, sealed)| Step::Reseal {
        id: id.clone(),
        version,
        sealed: sealed.to_vec(),
    });
    let updates = plan.updates.iter().map(|(write, stored)| Step::Update(record(write), *stored));
    let insertions = plan.insertions.iter().map(|write| Step::Insert(record(write)));
    removals.chain(reseals).chain(updates).chain(insertions).collect()
}

fn record(write: &Write<'_>) -> Record {
    let &Write { id, version, sealed, owner, due_at } = write;
    let owner = owner.map(str::to_owned);
    Record { id: id.clone(), version, sealed: sealed.to_vec(), owner, due_at }
}

/// Does those steps, in order, whose precondition holds. Tells for each whether it did.
async fn apply_each(
    connection: &mut SqliteConnection,
    mut steps: VecDeque<Step>,
) -> Result<Vec<bool>, sqlx::Error> {
    let mut outcomes = Vec::with_capacity(steps.len());
    while let Some(sql) = steps.front().map(statement) {
        let alike = steps.iter().take(RUN_MAX).take_while(|step| statement(step) == sql);
        let run = steps.drain(..run_of(alike.count()));
        outcomes.extend(apply_run(connection, sql, run).await?);
    }
    Ok(outcomes)
}

async fn apply_run(
    connection: &mut SqliteConnection,
    sql: &'static str,
    run: Drain<'_, Step>,
) -> Result<Vec<bool>, sqlx::Error> {
    let mut outcomes = vec![false; run.len()];
    // Safe: a statement of ours, repeated.
    let mut query = sqlx::query(AssertSqlSafe(sql.repeat(run.len())));
    for (number, step) in (0..).zip(run) {
        query = bind(query, step, number);
    }
    for row in query.fetch_all(connection).await? {
        let place = place(&row, outcomes.len())?;
        outcomes[place] = true;
    }
    Ok(outcomes)
}

/// How many of `alike` rows make a run: a power of two, at least one.
fn run_of(alike: usize) -> usize {
    1 << alike.clamp(1, RUN_MAX).ilog2()
}

fn runs<T>(rows: &[T]) -> impl Iterator<Item = &[T]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let (run, after) = rest.split_at_checked(run_of(rest.len()))?;
        rest = after;
        Some(run)
    })
}

/// The place in its run, of `count`, of what a row is about.
fn place(row: &SqliteRow, count: usize) -> Result<usize, sqlx::Error> {
    let number: u32 = row.try_get(0)?;
    let place = usize::try_from(number).ok().filter(|place| *place < count);
    place.ok_or_else(|| sqlx::Error::Protocol(format!("row {number} of a run")))
}

/// The statement that does a step if its precondition holds, and then returns the number of the step
/// in its run.
fn statement(step: &Step) -> &'static str {
    match step {
        Step::Insert(_) => queries::INSERT,
        Step::Update(..) => queries::UPDATE,
        Step::Reseal { .. } => queries::RESEAL,
        Step::Delete { .. } => queries::DELETE,
        Step::Expect { .. } => queries::EXPECT,
        Step::ExpectAbsent { .. } => queries::EXPECT_ABSENT,
    }
}

fn bind(
    query: Query<'_, Sqlite, SqliteArguments>,
    step: Step,
    number: u32,
) -> Query<'_, Sqlite, SqliteArguments> {
    match step {
        Step::Insert(record) => bind_record(query, record).bind(number),
        Step::Update(record, stored) => {
            bind_record(query, record).bind(signed(stored)).bind(number)
        }
        Step::Reseal { id, version, sealed } => {
            bind_id(query.bind(sealed), id).bind(signed(version)).bind(number)
        }
        Step::Delete { id, version } => bind_id(query, id).bind(signed(version)).bind(number),
        Step::Expect { id, version } => bind_id(query.bind(number), id).bind(signed(version)),
        Step::ExpectAbsent { id } => bind_id(query.bind(number), id),
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
