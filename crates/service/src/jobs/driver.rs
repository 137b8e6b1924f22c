//! The driver of the jobs: runs them when something becomes due, and when it is woken.

use crate::service::Service;
use std::time::Duration;
use tokio::time::Instant;

impl Service {
    /// Runs the jobs and follows the store keys until the future is dropped.
    pub async fn run_jobs(&self) {
        let follow = std::sync::Arc::clone(&self.root_keys).follow();
        tokio::join!(self.run_due_jobs(), follow, self.forget_after_rotations());
    }

    /// Key material in the cache is also held as it was sealed. Under a store key that is forgotten
    /// it would be worth nothing.
    async fn forget_after_rotations(&self) {
        let mut changes = self.root_keys.changes();
        while changes.changed().await.is_ok() {
            self.cache.clear();
        }
    }

    async fn run_due_jobs(&self) {
        let mut usages_written = Instant::now();
        loop {
            if usages_written.elapsed() >= USAGES_EVERY {
                self.write_last_usages().await;
                usages_written = Instant::now();
            }
            let wait = self.run_jobs_once().await;
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.wake_jobs.notified() => {}
            }
        }
    }

    /// Runs what is due; says how long nothing else will be.
    async fn run_jobs_once(&self) -> Duration {
        let _running = self.running_jobs.lock().await;
        let now = self.clock.now();
        let next = match self.run_due_shared(now).await {
            // Something may have become due meanwhile.
            Ok(1..) => return Duration::ZERO,
            Ok(0) => self.next_sound_due().await,
            Err(error) => Err(error),
        };
        match next {
            Ok(None) => WAIT_MAX,
            // It was due and could not be done.
            Ok(Some(due_at)) if due_at <= now.as_millisecond() => WAIT_AFTER_FAILURE,
            Ok(Some(due_at)) => {
                let wait_ms = due_at.saturating_sub(self.clock.now().as_millisecond());
                Duration::from_millis(u64::try_from(wait_ms).unwrap_or_default()).min(WAIT_MAX)
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, "jobs failed");
                WAIT_AFTER_FAILURE
            }
        }
    }
}

/// How often the last uses of keys are written.
const USAGES_EVERY: Duration = Duration::from_mins(1);

/// How long to wait before trying again what has failed.
const WAIT_AFTER_FAILURE: Duration = Duration::from_secs(2);

/// The jobs look at least this often, should a signal have been missed or the time have jumped.
const WAIT_MAX: Duration = Duration::from_secs(30);
