//! The connections to the database: opened when needed, kept while they work, bounded in number
//! and in time. And what failures mean.
//!
//! sqlx has a pool, but it pings a connection whenever it is taken or returned, which costs as much
//! as a reading. Here a connection that was broken meanwhile is found out by whoever uses it.

use std::io::{self, ErrorKind};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::error::StoreError;

/// Connections for one purpose.
pub(super) struct Pool {
    options: PgConnectOptions,
    /// The one that was used last is at the end and is taken first.
    idle: Mutex<Vec<(PgConnection, Instant)>>,
    permits: Semaphore,
}

impl Pool {
    /// Opens nothing yet.
    pub(super) fn new(options: &PgConnectOptions, connections_max: usize) -> Self {
        Self {
            options: options.clone(),
            idle: Mutex::default(),
            permits: Semaphore::new(connections_max),
        }
    }

    /// Waits for a connection.
    pub(super) async fn acquire(&self) -> Result<Lease<'_>, StoreError> {
        self.lease(false).await
    }

    /// Waits for a connection that was not there before: the others may be broken.
    pub(super) async fn acquire_new(&self) -> Result<Lease<'_>, StoreError> {
        self.lease(true).await
    }

    /// Closes those that are idle; those in use are closed when they are returned.
    pub(super) async fn close(&self) {
        self.permits.close();
        for connection in self.take_all() {
            if let Err(error) = connection.close().await {
                tracing::debug!(%error, "closing a connection to the store failed");
            }
        }
    }

    async fn lease(&self, new: bool) -> Result<Lease<'_>, StoreError> {
        let permit = timeout(ACQUIRE_TIMEOUT, self.permits.acquire())
            .await
            .map_err(|_| StoreError::unavailable("all connections are in use"))?
            .map_err(|_| StoreError::unavailable("the store is closed"))?;
        if new {
            drop(self.take_all());
        }
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some((connection, since)) if since.elapsed() < IDLE_MAX => connection,
            _ => connect(&self.options).await?,
        };
        Ok(Lease { pool: self, connection, _permit: permit })
    }

    fn take_all(&self) -> Vec<PgConnection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.drain(..).map(|(connection, _)| connection).collect()
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

/// The use of one connection, which is closed unless it is returned: so nobody gets it in the middle
/// of what somebody else began.
pub(super) struct Lease<'a> {
    pool: &'a Pool,
    pub(super) connection: PgConnection,
    _permit: SemaphorePermit<'a>,
}

impl Lease<'_> {
    /// Gives the connection to the next one.
    pub(super) fn give_back(self) {
        if !self.pool.permits.is_closed() {
            let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push((self.connection, Instant::now()));
        }
    }
}

/// Ends a conversation with the database that takes too long; else a database that has gone silent
/// would be waited for without end.
pub(super) async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let late = |_| sqlx::Error::Io(io::Error::from(ErrorKind::TimedOut));
    timeout(limit, work).await.map_err(late)?
}

/// Connects to a database that can be written to.
async fn connect(options: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    within(CONNECT_TIMEOUT, async {
        let mut connection = options.connect().await?;
        let settings = format!(
            "SET statement_timeout = {timeout}; \
             SET idle_in_transaction_session_timeout = {timeout}; \
             SELECT set_config('synchronous_commit', 'on', false) \
                 WHERE current_setting('synchronous_commit') = 'off'; \
             SELECT pg_is_in_recovery()",
            timeout = STATEMENT_TIMEOUT.as_millis(),
        );
        let rows = sqlx::raw_sql(AssertSqlSafe(settings)).fetch_all(&mut connection).await?;
        match rows.last().map(|row| row.try_get(0)) {
            Some(Ok(false)) => Ok(connection),
            Some(Ok(true)) => Err(sqlx::Error::Configuration("it is a standby".into())),
            Some(Err(error)) => Err(error),
            None => Err(sqlx::Error::RowNotFound),
        }
    })
    .await
    .map_err(failure)
}

/// What a failure of the database means for the caller.
pub(super) fn failure(error: sqlx::Error) -> StoreError {
    match code(&error).as_deref() {
        // data_corrupted, index_corrupted
        Some("XX001" | "XX002") => StoreError::damaged(error),
        _ => StoreError::unavailable(error),
    }
}

/// Whether the same may succeed on another connection: this one is broken, or the database was
/// stopped, or is not what it was.
pub(super) fn is_disconnected(error: &sqlx::Error) -> bool {
    match code(error) {
        // connection_exception, operator_intervention but query_canceled, read_only_sql_transaction
        Some(code) => {
            code.starts_with("08")
                || code.starts_with("57P")
                || ["25006", "25P03"].contains(&code.as_str())
        }
        None => match error {
            // Who has waited in vain has waited long enough.
            sqlx::Error::Io(error) => error.kind() != ErrorKind::TimedOut,
            sqlx::Error::Protocol(_) => true,
            _ => false,
        },
    }
}

/// Whether the database has given up a transaction in favor of another, so that it may be tried
/// again: `serialization_failure` and `deadlock_detected`.
pub(super) fn is_conflict(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| ["40001", "40P01"].contains(&code.as_str()))
}

/// Whether a text of ours was refused because of a NUL: `character_not_in_repertoire`.
pub(super) fn is_text_with_nul(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| code == "22021")
}

/// The SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
fn code(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

/// How long the database works on a statement, or waits for the next one of a transaction, before
/// it gives up. A transaction locks out those of all other nodes.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long an answer is waited for: the database should have given up by then.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(12);

pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection that is free is waited for.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections that were not used for so long are replaced: something between here and the database
/// may have forgotten them.
const IDLE_MAX: Duration = Duration::from_mins(2);
