//! The one task that writes. It takes what is queued and gives it to the database as one
//! transaction, so that concurrent change sets share the price of making them durable (group
//! commit):
//!
//! 1. Take what waits, at most [`BATCH_MAX`] change sets.
//! 2. Let the [`Backend`] do all of it in one transaction. A change set whose precondition fails
//!    leaves nothing behind; the others go on.
//! 3. Answer everybody. If anything but a precondition failed, everybody gets that failure.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use crate::error::StoreError;
use crate::record::Change;

/// Change sets in one transaction.
const BATCH_MAX: usize = 256;

/// Change sets that may wait for the writer; whoever comes then waits for a place. Four full
/// transactions: enough to keep the disk busy, few enough to bound memory and waiting time.
const QUEUE_MAX: usize = 4 * BATCH_MAX;

/// What the writer needs of a database.
pub(crate) trait Backend: Send + Sync + 'static {
    /// Does all `works` in order, in one transaction that is durable at the end. Tells for each
    /// whether its preconditions held; where they did not, nothing of it remains.
    fn transact(
        &self,
        works: Vec<Work>,
    ) -> impl Future<Output = Result<Vec<bool>, StoreError>> + Send;

    /// Closes everything. Called once, at the end.
    fn close(&self) -> impl Future<Output = ()> + Send;
}

/// What is written.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    Commit(Vec<Change>),
    Clear,
}

/// The queue before the writer. Dropping it closes the backend as [`close`](Self::close) does, in
/// the background.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Job>,
    /// Never changes; its sender is dropped when the task has ended.
    ended: watch::Receiver<()>,
}

impl Writer {
    /// Starts the task, in the tokio runtime of the caller.
    pub(crate) fn start<B: Backend>(backend: Arc<B>) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE_MAX);
        let (running, ended) = watch::channel(());
        tokio::spawn(async move {
            run(&*backend, jobs).await;
            drop(running);
        });
        Self { queue, ended }
    }

    /// Waits for what has become of `work`.
    pub(crate) async fn write(&self, work: Work) -> Result<(), StoreError> {
        let (reply, outcome) = oneshot::channel();
        let ended = |()| StoreError::unavailable("the store is closed");
        self.queue.send(Job::Write { work, reply }).await.map_err(|_| ended(()))?;
        outcome.await.map_err(|_| ended(()))?
    }

    /// Finishes what is queued and closes the backend. Closing again does nothing.
    pub(crate) async fn close(&self) {
        // Both fail exactly when the task has ended already, and then everything is closed.
        let _ = self.queue.send(Job::Close).await;
        let _ = self.ended.clone().changed().await;
    }
}

enum Job {
    Write { work: Work, reply: Reply },
    Close,
}

type Reply = oneshot::Sender<Result<(), StoreError>>;

/// Runs until it is told to close or the store is dropped, and until the queue is empty.
async fn run<B: Backend>(backend: &B, mut queue: mpsc::Receiver<Job>) {
    let mut jobs = Vec::with_capacity(BATCH_MAX);
    while queue.recv_many(&mut jobs, BATCH_MAX).await > 0 {
        let mut batch = Vec::with_capacity(jobs.len());
        for job in jobs.drain(..) {
            match job {
                // Nobody waits any more.
                Job::Write { reply, .. } if reply.is_closed() => {}
                Job::Write { work, reply } => batch.push((work, reply)),
                Job::Close => queue.close(),
            }
        }
        if !batch.is_empty() {
            write(backend, batch).await;
        }
    }
    backend.close().await;
}

async fn write<B: Backend>(backend: &B, batch: Vec<(Work, Reply)>) {
    let (works, replies): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
    let outcomes = match backend.transact(works).await {
        Ok(held) => {
            let outcome = |held| if held { Ok(()) } else { Err(StoreError::Conflict) };
            held.into_iter().map(outcome).collect()
        }
        Err(error) => vec![Err(error); replies.len()],
    };
    for (reply, outcome) in replies.into_iter().zip(outcomes) {
        // Whoever has stopped waiting does not want to know.
        let _ = reply.send(outcome);
    }
}
