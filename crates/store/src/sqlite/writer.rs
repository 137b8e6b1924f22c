//! The one task that writes. It takes what is queued and puts it into one transaction, so that
//! concurrent change sets share the price of making them durable (group commit):
//!
//! 1. Take what waits, at most [`BATCH_MAX`] change sets.
//! 2. `BEGIN IMMEDIATE`, which shuts out other processes.
//! 3. Apply each set (`apply.rs`). One whose precondition fails leaves nothing behind; the others go on.
//! 4. `COMMIT`, which returns when everything is on disk.
//! 5. Answer everybody. If anything but a precondition failed, everybody gets that failure.

use std::sync::Arc;

use sqlx::sqlite::SqliteConnection;
use tokio::sync::{mpsc, oneshot, watch};

use super::apply::{apply, execute};
use super::connections::{Connections, failure, is_busy};
use crate::error::StoreError;
use crate::record::Change;

/// Change sets in one transaction.
pub(super) const BATCH_MAX: usize = 256;

/// How often a transaction is begun while another process holds the lock. Each attempt waits as
/// long as the busy timeout.
const BEGIN_ATTEMPTS: u32 = 3;

pub(super) enum Job {
    Write { work: Work, reply: oneshot::Sender<Result<(), StoreError>> },
    Close,
}

pub(super) enum Work {
    Commit(Vec<Change>),
    Clear,
}

pub(super) struct Writer {
    connections: Arc<Connections>,
    jobs: mpsc::Receiver<Job>,
    /// Dropped at the end, which tells those who wait for it.
    _running: watch::Sender<()>,
}

impl Writer {
    pub(super) fn new(
        connections: Arc<Connections>,
        jobs: mpsc::Receiver<Job>,
        running: watch::Sender<()>,
    ) -> Self {
        Self { connections, jobs, _running: running }
    }

    /// Runs until it is told to close or the store is dropped, and until the queue is empty.
    pub(super) async fn run(mut self) {
        let mut jobs = Vec::with_capacity(BATCH_MAX);
        while self.jobs.recv_many(&mut jobs, BATCH_MAX).await > 0 {
            let mut batch = Vec::with_capacity(jobs.len());
            for job in jobs.drain(..) {
                match job {
                    // Nobody waits any more.
                    Job::Write { reply, .. } if reply.is_closed() => {}
                    Job::Write { work, reply } => batch.push((work, reply)),
                    Job::Close => self.jobs.close(),
                }
            }
            if !batch.is_empty() {
                self.write(batch).await;
            }
        }
        self.connections.close().await;
    }

    async fn write(&self, batch: Vec<(Work, oneshot::Sender<Result<(), StoreError>>)>) {
        let (works, replies): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        let outcomes = match self.transact(works).await {
            Ok(outcomes) => outcomes,
            Err(error) => vec![Err(error); replies.len()],
        };
        for (reply, outcome) in replies.into_iter().zip(outcomes) {
            // Whoever has stopped waiting does not want to know.
            let _ = reply.send(outcome);
        }
    }

    /// One transaction: what has become of each work, in order.
    async fn transact(&self, works: Vec<Work>) -> Result<Vec<Result<(), StoreError>>, StoreError> {
        let mut lease = self.connections.writer().await;
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
}

async fn commit_all(
    connection: &mut SqliteConnection,
    works: Vec<Work>,
) -> Result<Vec<Result<(), StoreError>>, sqlx::Error> {
    begin(connection).await?;
    let outcomes = apply(connection, works).await?;
    execute(connection, "COMMIT").await?;
    let result = |held| if held { Ok(()) } else { Err(StoreError::Conflict) };
    Ok(outcomes.into_iter().map(result).collect())
}

async fn begin(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let mut attempt = 1;
    loop {
        match execute(connection, "BEGIN IMMEDIATE").await {
            Err(error) if is_busy(&error) && attempt < BEGIN_ATTEMPTS => attempt += 1,
            result => return result,
        }
    }
}
