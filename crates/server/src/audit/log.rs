//! The sink of records: a thread writes what has come together meanwhile in one piece.

use super::AuditSettings;
use super::line::Reason;
use super::writer::Writer;
use anyhow::Result;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use trent_crypto::key_pair::KeyPair;
use trent_service::audit::{AuditError, AuditSink, Kept};

/// An audit log that is being written.
pub(crate) struct AuditLog {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// Something is in the queue, or it is to be closed.
    filled: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Waiting>,
    bytes: usize,
    /// Why nothing can be written. Nothing is taken meanwhile.
    failure: Option<AuditError>,
    /// Records that were not kept since writing failed.
    refused: u64,
    is_closed: bool,
}

struct Waiting {
    record: Vec<u8>,
    kept: oneshot::Sender<Result<(), AuditError>>,
}

impl AuditLog {
    /// Opens the log, whose checkpoints are signed with `key`, repairs its end if that is torn, and
    /// begins to write. Fails if the log is damaged, cannot be written, or is another process's.
    pub(crate) fn open(settings: AuditSettings, key: KeyPair) -> Result<Self> {
        let writer = Writer::open(settings, key)?;
        let shared = Arc::<Shared>::default();
        let thread = std::thread::Builder::new().name("audit".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.write_all(writer)
        })?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }
}

impl AuditSink for AuditLog {
    fn record(&self, record: Vec<u8>) -> Kept {
        let (kept, answer) = oneshot::channel();
        let mut queue = self.shared.queue();
        let failure = match &queue.failure {
            Some(failure) => Some(failure.clone()),
            None if queue.is_closed => Some(AuditError("it is closed".into())),
            None if queue.bytes + record.len() > QUEUE_BYTES_MAX => {
                Some(AuditError("too much is waiting for the disk".into()))
            }
            None if record.is_empty() => Some(AuditError("there is no record".into())),
            None => None,
        };
        if let Some(failure) = failure {
            queue.refused += 1;
            drop(queue);
            // The receiver is at hand.
            let _ = kept.send(Err(failure));
            return answer;
        }
        let was_empty = queue.waiting.is_empty();
        queue.bytes += record.len();
        queue.waiting.push(Waiting { record, kept });
        drop(queue);
        if was_empty {
            self.shared.filled.notify_one();
        }
        answer
    }

    fn failure(&self) -> Option<AuditError> {
        self.shared.queue().failure.clone()
    }

    fn close(&self) {
        self.shared.queue().is_closed = true;
        self.shared.filled.notify_one();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the audit log ended in disorder");
        }
    }
}

impl Drop for AuditLog {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes until the log is closed.
    fn write_all(&self, mut writer: Writer) {
        let mut group = Vec::new();
        loop {
            let is_closed = self.take(&mut group, writer.next_due());
            if !group.is_empty() {
                let result = writer.write_events(group.iter().map(|one| &*one.record));
                self.told(&result);
                if result.is_err() {
                    self.queue().refused += group.len() as u64;
                }
                let result = result.map_err(|error| AuditError(format!("{error:#}").into()));
                for Waiting { kept, .. } in group.drain(..) {
                    // Who does not wait any more has gone away.
                    let _ = kept.send(result.clone());
                }
            }
            if is_closed {
                if let Err(error) = writer.checkpoint(Reason::Close) {
                    tracing::error!("the audit log was not closed: {error:#}");
                }
                return;
            }
            if self.queue().failure.is_some() {
                let refused = self.queue().refused;
                self.told(&writer.repair(refused));
            } else if writer.next_due() <= Instant::now() {
                self.told(&writer.keep_up());
            }
        }
    }

    /// Waits for records until `due`, and takes them. Says whether the log is to be closed.
    fn take(&self, group: &mut Vec<Waiting>, due: Instant) -> bool {
        let mut queue = self.queue();
        let wait = due.saturating_duration_since(Instant::now());
        let wait = if queue.failure.is_some() { RETRY } else { wait };
        let is_idle = |queue: &mut Queue| queue.waiting.is_empty() && !queue.is_closed;
        queue = self
            .filled
            .wait_timeout_while(queue, wait, is_idle)
            .unwrap_or_else(PoisonError::into_inner)
            .0;
        queue.bytes = 0;
        std::mem::swap(&mut queue.waiting, group);
        queue.is_closed
    }

    /// Takes note of what became of writing, and tells when that changes.
    fn told(&self, result: &Result<()>) {
        let mut queue = self.queue();
        match (result, &queue.failure) {
            (Ok(()), None) | (Err(_), Some(_)) => {}
            (Ok(()), Some(_)) => {
                let refused = std::mem::take(&mut queue.refused);
                queue.failure = None;
                tracing::warn!(
                    refused,
                    "the audit log can be written again: requests are answered"
                );
            }
            (Err(error), None) => {
                tracing::error!(
                    "the audit log cannot be written, no request is answered: {error:#}"
                );
                queue.failure = Some(AuditError(format!("{error:#}").into()));
            }
        }
    }
}

/// How often writing is tried again after it has failed.
const RETRY: Duration = Duration::from_secs(1);

/// What may wait for a slow disk: far more than there are connections.
const QUEUE_BYTES_MAX: usize = 64 * 1024 * 1024;
