//! Recognizes a database and brings its schema up to date. Nothing is written before the schema is
//! known to be ours or empty.

use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};

use super::connections::{Pool, failure};
use crate::error::StoreError;
use crate::row::{column, number};

/// The migration at index `n` leads from schema `n` to `n + 1`. They are only ever appended to.
const MIGRATIONS: &[&str] = &[include_str!("../../migrations/postgres/0001_record.sql")];

/// The schema of a database that is up to date.
const NEWEST: u64 = 1;
const _: () = assert!(NEWEST == MIGRATIONS.len() as u64);

/// What `trent_store` says.
pub(super) struct State {
    /// Numbers the changes of records.
    pub(super) sequence: u64,
    /// The changes up to this one are forgotten.
    pub(super) trimmed: u64,
}

impl State {
    /// A row of schema, sequence and trimmed. Refused if another node has made the schema newer.
    pub(super) fn of(row: &PgRow) -> Result<Self, StoreError> {
        let found: i64 = column(row, 0)?;
        check(found)?;
        Ok(Self { sequence: number(row, 1)?, trimmed: number(row, 2)? })
    }
}

/// What is done where there is no store.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    IsMade,
    IsRefused,
}

/// Brings the schema up to date. Returns the name of the channel on which its changes are told.
pub(super) async fn prepare(pool: &Pool, missing: Missing) -> Result<String, StoreError> {
    let mut lease = pool.acquire().await?;
    let connection = &mut lease.connection;
    let schema = found(connection).await?;
    if schema == 0 && missing == Missing::IsRefused {
        return Err(StoreError::nothing());
    }
    if schema != NEWEST {
        execute(connection, "BEGIN ISOLATION LEVEL READ COMMITTED").await?;
        // One after the other, should several nodes start at the same time.
        execute(connection, LOCK).await?;
        migrate(connection).await?;
        execute(connection, "COMMIT").await?;
    }
    let row = sqlx::raw_sql(PROPERTIES).fetch_one(&mut *connection).await.map_err(failure)?;
    let [encoding, fsync]: [String; 2] = [column(&row, 1)?, column(&row, 2)?];
    if encoding != "UTF8" {
        return Err(StoreError::Foreign { what: format!("a database in the encoding {encoding}") });
    }
    if fsync != "on" {
        tracing::warn!("the database has `fsync` off: when it crashes, keys may be lost");
    }
    let number: i64 = column(&row, 0)?;
    lease.give_back();
    Ok(format!("trent_{number}"))
}

/// All missing migrations, in the transaction of the caller.
async fn migrate(connection: &mut PgConnection) -> Result<(), StoreError> {
    // Once more: another node may have been faster.
    let version = found(connection).await?;
    for migration in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(usize::MAX)) {
        execute(connection, migration).await?;
    }
    let query = sqlx::query("UPDATE trent_store SET schema = $1");
    query
        .bind(i64::try_from(NEWEST).unwrap_or(i64::MAX))
        .execute(connection)
        .await
        .map_err(failure)?;
    Ok(())
}

/// The schema of the database, which is ours, or 0 if there is nothing.
async fn found(connection: &mut PgConnection) -> Result<u64, StoreError> {
    let row = sqlx::raw_sql(FOUND).fetch_one(&mut *connection).await.map_err(failure)?;
    let (schema, is_ours, others): (Option<String>, bool, i64) =
        (column(&row, 0)?, column(&row, 1)?, column(&row, 2)?);
    match schema {
        None => Err(StoreError::unavailable("no schema of the search path exists")),
        Some(_) if is_ours => {
            let row = sqlx::raw_sql("SELECT schema FROM trent_store").fetch_one(connection).await;
            check(row.map_err(failure)?.try_get(0).map_err(StoreError::damaged)?)
        }
        Some(_) if others == 0 => Ok(0),
        Some(schema) => {
            let what = format!("the schema `{schema}` of the database has {others} other tables");
            Err(StoreError::Foreign { what })
        }
    }
}

fn check(found: i64) -> Result<u64, StoreError> {
    let supported = i64::try_from(NEWEST).unwrap_or(i64::MAX);
    match u64::try_from(found) {
        Ok(version @ 1..=NEWEST) => Ok(version),
        Ok(_) if found > supported => Err(StoreError::Newer { found, supported }),
        _ => Err(StoreError::damaged(format!("schema {found}"))),
    }
}

async fn execute(connection: &mut PgConnection, sql: &'static str) -> Result<(), StoreError> {
    sqlx::raw_sql(sql).execute(connection).await.map_err(failure)?;
    Ok(())
}

/// "Trnt"
const LOCK: &str = "SELECT pg_advisory_xact_lock(1416785524)";

/// The schema that unqualified names are in, whether our table is in it, and how many others are;
/// those of extensions do not count.
const FOUND: &str = "\
    SELECT current_schema()::text, \
        coalesce(bool_or(c.relname = 'trent_store'), false), \
        count(c.oid) \
    FROM (SELECT 1) AS once LEFT JOIN pg_class AS c \
        ON c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) \
        AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
        AND NOT EXISTS (SELECT 1 FROM pg_depend AS d \
            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')";

const PROPERTIES: &str = "\
    SELECT 'trent_store'::regclass::oid::bigint, current_setting('server_encoding'), \
        current_setting('fsync')";
