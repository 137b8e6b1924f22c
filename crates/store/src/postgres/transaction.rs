//! A batch of change sets as one transaction:
//!
//! 1. Lock the one row of `trent_store`. The transactions of all nodes are one after the other from
//!    here on, so nobody changes what is read.
//! 2. Read the versions of all records that the batch touches.
//! 3. Judge the batch, without the database (`plan.rs`).
//! 4. Write: at most one statement for each kind of write, if it is not too large.
//! 5. Write down what was changed, under the next sequence.
//! 6. Notify the other nodes and commit, which returns when everything is on disk.

use std::collections::HashMap;

use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgArguments, PgConnection, PgQueryResult, Postgres};
use sqlx::query::Query;

use super::queries;
use super::schema::State;
use crate::error::StoreError;
use crate::plan::{Plan, Write, touched};
use crate::record::RecordId;
use crate::row::{column, number};
use crate::writer::Work;

/// How a transaction failed.
pub(super) enum Failure {
    /// Nothing was written.
    Before(sqlx::Error),
    /// All was written, or nothing.
    AtCommit(sqlx::Error),
    /// Nothing was written, and trying again will not help.
    Store(StoreError),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Before(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Does all `works` in order. Tells for each whether its preconditions held.
pub(super) async fn transact(
    connection: &mut PgConnection,
    works: &[Work],
    channel: &str,
) -> Result<Vec<bool>, Failure> {
    let row = sqlx::raw_sql(queries::BEGIN).fetch_one(&mut *connection).await?;
    let mut state = State::of(&row)?;
    let ids = touched(works);
    let stored = versions(connection, &ids).await?;
    let plan = Plan::of(works, &stored);
    if plan.writes_nothing() {
        sqlx::raw_sql("ROLLBACK").execute(connection).await?;
        return Ok(plan.held);
    }
    write(connection, &plan).await?;
    tell(connection, &plan, &mut state).await?;
    // Safe: a name of ours and a number.
    let commit = format!("NOTIFY {channel}, '{}'; COMMIT", state.sequence);
    sqlx::raw_sql(AssertSqlSafe(commit)).execute(connection).await.map_err(Failure::AtCommit)?;
    Ok(plan.held)
}

/// The versions of those records that are there.
async fn versions<'a>(
    connection: &mut PgConnection,
    ids: &[&'a RecordId],
) -> Result<HashMap<&'a RecordId, u64>, Failure> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let query = bind_ids(sqlx::query(queries::VERSIONS), ids.iter().copied());
    let mut versions = HashMap::with_capacity(ids.len());
    for row in query.fetch_all(connection).await? {
        let place = usize::try_from(column::<_, i64>(&row, 0)?).ok();
        let id = place.and_then(|place| ids.get(place.checked_sub(1)?));
        let id = id.ok_or_else(|| StoreError::damaged("the version of a record of no place"))?;
        versions.insert(*id, number(&row, 1)?);
    }
    Ok(versions)
}

async fn write(connection: &mut PgConnection, plan: &Plan<'_>) -> Result<(), Failure> {
    if plan.clears {
        sqlx::query(queries::CLEAR).execute(&mut *connection).await?;
    }
    if !plan.removals.is_empty() {
        let removals = &plan.removals;
        let query = bind_ids(sqlx::query(queries::DELETE), removals.iter().map(|(id, _)| *id));
        let query = query.bind(column_of(removals, |(_, version)| signed(*version)));
        expect(&query.execute(&mut *connection).await?, removals.len())?;
    }
    for part in parts(&plan.reseals, |(_, _, sealed)| sealed.len()) {
        let query = bind_ids(sqlx::query(queries::RESEAL), part.iter().map(|(id, ..)| *id));
        let query = query.bind(column_of(part, |(_, version, _)| signed(*version)));
        let query = query.bind(column_of(part, |(_, _, sealed)| *sealed));
        expect(&query.execute(&mut *connection).await?, part.len())?;
    }
    for part in parts(&plan.updates, |(write, _)| write.sealed.len()) {
        let query = bind_writes(sqlx::query(queries::UPDATE), part.iter().map(|(write, _)| write));
        let query = query.bind(column_of(part, |(_, stored)| signed(*stored)));
        expect(&query.execute(&mut *connection).await?, part.len())?;
    }
    for part in parts(&plan.insertions, |write| write.sealed.len()) {
        let query = bind_writes(sqlx::query(queries::INSERT), part.iter());
        expect(&query.execute(&mut *connection).await?, part.len())?;
    }
    Ok(())
}

/// Writes down which records were changed, and forgets what was long ago.
async fn tell(
    connection: &mut PgConnection,
    plan: &Plan<'_>,
    state: &mut State,
) -> Result<(), Failure> {
    let mut forgets = plan.clears;
    if plan.clears {
        // Whoever asks for what came before cannot be told.
        state.sequence += 1;
        state.trimmed = state.sequence;
    }
    let changed = &plan.changed;
    if !changed.is_empty() {
        let query = sqlx::query(queries::TELL).bind(signed(state.sequence));
        let query = bind_ids(query, changed.iter().copied());
        expect(&query.execute(&mut *connection).await?, changed.len())?;
        state.sequence += changed.len() as u64;
    }
    if state.sequence - state.trimmed > CHANGES_KEPT + CHANGES_FORGOTTEN {
        forgets = true;
        state.trimmed = state.sequence - CHANGES_KEPT;
        sqlx::query(queries::FORGET_CLAIMS).execute(&mut *connection).await?;
    }
    if forgets {
        let query = sqlx::query(queries::FORGET).bind(signed(state.trimmed));
        query.execute(&mut *connection).await?;
    }
    let query = sqlx::query(queries::ADVANCE).bind(signed(state.sequence));
    expect(&query.bind(signed(state.trimmed)).execute(connection).await?, 1)
}

/// Something else than this program writes to the database when a write does not meet the records
/// that were read under the lock.
fn expect(result: &PgQueryResult, rows: usize) -> Result<(), Failure> {
    if result.rows_affected() == rows as u64 {
        return Ok(());
    }
    let what = format!("{} rows were written instead of {rows}", result.rows_affected());
    Err(StoreError::damaged(what).into())
}

type Statement<'q> = Query<'q, Postgres, PgArguments>;

fn bind_ids<'i>(
    query: Statement<'_>,
    ids: impl Iterator<Item = &'i RecordId> + Clone,
) -> Statement<'_> {
    query
        .bind(ids.clone().map(|id| id.kind.code()).collect::<Vec<_>>())
        .bind(ids.clone().map(|id| id.account.as_str()).collect::<Vec<_>>())
        .bind(ids.clone().map(|id| id.region.as_str()).collect::<Vec<_>>())
        .bind(ids.map(|id| id.name.as_str()).collect::<Vec<_>>())
}

fn bind_writes<'w>(
    query: Statement<'_>,
    writes: impl Iterator<Item = &'w Write<'w>> + Clone,
) -> Statement<'_> {
    bind_ids(query, writes.clone().map(|write| write.id))
        .bind(writes.clone().map(|write| signed(write.version)).collect::<Vec<_>>())
        .bind(writes.clone().map(|write| write.sealed).collect::<Vec<_>>())
        .bind(writes.clone().map(|write| write.owner).collect::<Vec<_>>())
        .bind(writes.map(|write| write.due_at).collect::<Vec<_>>())
}

fn column_of<'a, T, C>(rows: &'a [T], value: impl Fn(&'a T) -> C) -> Vec<C> {
    rows.iter().map(value).collect()
}

/// `rows` in parts that are not too large for one statement.
fn parts<T>(rows: &[T], bytes: impl Fn(&T) -> usize) -> impl Iterator<Item = &[T]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let mut sum = 0;
        let fits = rest.iter().take_while(|row| {
            sum += bytes(row);
            sum <= STATEMENT_BYTES_MAX
        });
        let count = fits.count().max(1).min(rest.len());
        let (part, after) = rest.split_at(count);
        rest = after;
        (!part.is_empty()).then_some(part)
    })
}

/// The bounds keep versions in the range of a signed integer.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Sealed bytes in one statement; PostgreSQL takes 1 GiB.
const STATEMENT_BYTES_MAX: usize = 16 << 20;

/// Changes that are told to whoever asks.
const CHANGES_KEPT: u64 = 100_000;

/// Changes that are forgotten at once.
const CHANGES_FORGOTTEN: u64 = 1_000;
