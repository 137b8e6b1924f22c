//! The driver of the jobs: runs them when something becomes due, and when it is woken.

use super::Dating;
use crate::service::Service;
use std::time::Duration;

impl Service {
    /// Runs the jobs until the future is dropped.
    pub async fn run_jobs(&self) {
        loop {
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
        match self.run_due(self.clock.now(), Dating::Now).await {
            // Something may have become due meanwhile.
            Ok(1..) => Duration::ZERO,
            Ok(0) => match self.store.next_due().await {
                Ok(Some(due_at)) => {
                    let wait_ms = due_at.saturating_sub(self.clock.now().as_millisecond());
                    // What is due now and was not done is damaged or failing: it waits.
                    match u64::try_from(wait_ms) {
                        Ok(wait_ms @ 1..) => Duration::from_millis(wait_ms).min(WAIT_MAX),
                        _ => WAIT_MAX,
                    }
                }
                _ => WAIT_MAX,
            },
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, "jobs failed");
                WAIT_MAX
            }
        }
    }
}

/// The jobs look at least this often, should a signal have been missed or the time have jumped.
const WAIT_MAX: Duration = Duration::from_secs(30);
