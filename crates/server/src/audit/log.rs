//! The sink of records. Whoever is the first to wait for a record writes all that have come together
//! meanwhile, in one piece: no thread is woken for it. A thread does what takes longer: to wait for
//! the disk, to begin another file, to try again after a failure, to sign checkpoints.

use super::line::Reason;
use super::writer::Writer;
use super::{AuditSettings, Durability};
use anyhow::Result;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
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

struct Shared {
    queue: Mutex<Queue>,
    /// The thread has something to do.
    called: Condvar,
    /// Held while a group is taken from the queue and written.
    writer: Mutex<Writer>,
    /// All is written by the thread.
    is_slow: bool,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Waiting>,
    bytes: usize,
    /// The thread is to write, as the file is full or the disk is waited for.
    is_for_thread: bool,
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
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            called: Condvar::new(),
            is_slow: settings.durability == Durability::Fsync,
            writer: Mutex::new(Writer::open(settings, key)?),
        });
        let thread = std::thread::Builder::new().name("audit".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.run()
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
        queue.bytes += record.len();
        queue.waiting.push(Waiting { record, kept });
        answer
    }

    fn flush(&self) {
        self.shared.flush();
    }

    fn failure(&self) -> Option<AuditError> {
        self.shared.queue().failure.clone()
    }

    fn close(&self) {
        self.shared.queue().is_closed = true;
        self.shared.called.notify_one();
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

    /// Writes what is waiting, or lets the thread do it. Returns at once if somebody is writing,
    /// who writes this, too.
    fn flush(&self) {
        loop {
            {
                let mut queue = self.queue();
                if queue.waiting.is_empty() {
                    return;
                }
                if self.is_slow {
                    return self.call(&mut queue);
                }
            }
            let mut writer = match self.writer.try_lock() {
                Ok(writer) => writer,
                Err(TryLockError::WouldBlock) => return,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            };
            if writer.is_full() {
                return self.call(&mut self.queue());
            }
            self.write_waiting(&mut writer);
            // What comes before the writer is free is for this loop.
        }
    }

    /// Lets the thread write what is waiting.
    fn call(&self, queue: &mut Queue) {
        if !queue.is_for_thread {
            queue.is_for_thread = true;
            self.called.notify_one();
        }
    }

    /// The thread: runs until the log is closed.
    fn run(&self) {
        let mut due = self.writer().next_due();
        loop {
            let is_closed = self.wait(due);
            let mut writer = self.writer();
            self.write_waiting(&mut writer);
            if is_closed {
                if let Err(error) = writer.checkpoint(Reason::Close) {
                    tracing::error!("the audit log was not closed: {error:#}");
                }
                return;
            }
            let (failed, refused) = {
                let queue = self.queue();
                (queue.failure.is_some(), queue.refused)
            };
            if failed {
                self.told(&writer.repair(refused));
            } else if writer.next_due() <= Instant::now() {
                self.told(&writer.keep_up());
            }
            due = writer.next_due();
            drop(writer);
            // What came while the writer was held.
            self.flush();
        }
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what is waiting, as one group.
    fn write_waiting(&self, writer: &mut Writer) {
        let group = {
            let mut queue = self.queue();
            queue.bytes = 0;
            queue.is_for_thread = false;
            let empty = Vec::with_capacity(queue.waiting.len());
            std::mem::replace(&mut queue.waiting, empty)
        };
        if group.is_empty() {
            return;
        }
        let result = writer.write_events(group.iter().map(|one| &*one.record));
        self.told(&result);
        if result.is_err() {
            self.queue().refused += group.len() as u64;
        }
        let result = result.map_err(|error| AuditError(format!("{error:#}").into()));
        for Waiting { kept, .. } in group {
            // Who does not wait any more has gone away.
            let _ = kept.send(result.clone());
        }
    }

    /// Waits, at most until `due`, for something that the thread is to do. Says whether the log is
    /// to be closed.
    fn wait(&self, due: Instant) -> bool {
        let queue = self.queue();
        let wait = due.saturating_duration_since(Instant::now());
        let wait = if queue.failure.is_some() { RETRY } else { wait };
        let has_failed = queue.failure.is_some();
        let is_idle = |queue: &mut Queue| {
            !queue.is_for_thread && !queue.is_closed && queue.failure.is_some() == has_failed
        };
        let waited = self.called.wait_timeout_while(queue, wait, is_idle);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_closed
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
                // The thread tries again.
                self.called.notify_one();
            }
        }
    }
}

/// How often writing is tried again after it has failed.
const RETRY: Duration = Duration::from_secs(1);

/// What may wait for a slow disk: far more than there are connections.
const QUEUE_BYTES_MAX: usize = 64 * 1024 * 1024;
