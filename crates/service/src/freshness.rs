//! How old what is in memory may be where other nodes write to the same store.
//!
//! INVARIANT (fence): an answer comes from memory only within the bound after the moment at which
//! the store was last asked, with success, what other nodes have changed (`following.rs`). So what is
//! acknowledged by any node at some moment is in force on every node from the bound after it on, on
//! those too that cannot reach the store: these refuse.
//!
//! A request remembers how far memory was when it began, and is measured against the bound once more
//! when its work is done, since work may take long. One that waits for a store that has gone silent is
//! not kept waiting: what it waits for could not be used. The clock is monotonic and does not stand
//! still while the machine is suspended.

use crate::authenticate::Caller;
use crate::authorize::request::RequestFacts;
use crate::clock::uptime;
use crate::error::too_old;
use crate::service::Service;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::sleep;
use trent_api::KmsError;

/// How far memory follows the store.
pub(crate) struct Freshness {
    bound: Duration,
    /// Nanoseconds of [`uptime`].
    confirmed: AtomicU64,
}

/// A moment of [`uptime`] whose state of the store, or a later one, something was read from.
#[derive(Default)]
pub(crate) struct AsOf(AtomicU64);

impl Freshness {
    /// Memory that nothing is known of yet.
    pub(crate) fn new(bound: Duration) -> Self {
        Self { bound, confirmed: AtomicU64::new(0) }
    }

    /// Everything that had been acknowledged at this moment is in memory, or is not in it at all.
    pub(crate) fn confirm(&self, moment: Duration) {
        self.confirmed.fetch_max(nanoseconds(moment), Ordering::AcqRel);
    }

    /// Whether memory may be used.
    pub(crate) fn is_current(&self) -> bool {
        self.is_within(self.confirmed.load(Ordering::Acquire))
    }

    pub(crate) fn bound(&self) -> Duration {
        self.bound
    }

    /// Returns when memory has been too old for so long.
    async fn lost(&self, so_long: Duration) {
        loop {
            let confirmed = Duration::from_nanos(self.confirmed.load(Ordering::Acquire));
            match (confirmed + self.bound + so_long).checked_sub(uptime()) {
                Some(left) => sleep(left.max(Duration::from_millis(1))).await,
                None => return,
            }
        }
    }

    fn is_within(&self, confirmed: u64) -> bool {
        confirmed > 0 && nanoseconds(uptime()).saturating_sub(confirmed) <= nanoseconds(self.bound)
    }
}

impl Service {
    /// Begins a request, or begins to read anew for it. Raises `ServiceUnavailable` if memory is too
    /// old.
    pub(crate) fn begin(&self, facts: &RequestFacts<'_>) -> Result<(), KmsError> {
        let Some(freshness) = &self.freshness else { return Ok(()) };
        let confirmed = freshness.confirmed.load(Ordering::Acquire);
        if !freshness.is_within(confirmed) {
            return Err(too_old());
        }
        facts.as_of.0.store(confirmed, Ordering::Relaxed);
        Ok(())
    }

    /// What the work of a request comes to. When memory becomes too old meanwhile, the store has gone
    /// silent, and the request ends with `ServiceUnavailable`; where it may have written something, a
    /// moment later with `KMSInternalException`, since whoever tries again must know that.
    pub(crate) async fn unless_silent<T, E: From<KmsError>>(
        &self,
        facts: &RequestFacts<'_>,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let Some(freshness) = &self.freshness else { return work.await };
        let mut work = pin!(work);
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = freshness.lost(Duration::ZERO) => {}
        }
        if !facts.may_have_written() {
            return Err(too_old().into());
        }
        tokio::select! {
            biased;
            done = work => done,
            () = freshness.lost(COMMIT_PATIENCE) => {
                Err(KmsError::internal("the store went silent; it may have been written").into())
            }
        }
    }

    /// That what the request has read since it began is not too old to be used now. Raises
    /// `ServiceUnavailable`.
    pub(crate) fn check_age(&self, facts: &RequestFacts<'_>) -> Result<(), KmsError> {
        let Some(freshness) = &self.freshness else { return Ok(()) };
        match facts.as_of.0.load(Ordering::Relaxed) {
            // It has not begun to read from memory.
            0 => Ok(()),
            confirmed if freshness.is_within(confirmed) => Ok(()),
            _ => Err(too_old()),
        }
    }

    /// After work that may have taken long: whether the request must read anew what it goes on
    /// with. Its caller is still whom it was taken for. Raises `ServiceUnavailable` if not.
    pub(crate) async fn must_renew(
        &self,
        caller: &Caller,
        facts: &RequestFacts<'_>,
    ) -> Result<bool, KmsError> {
        let Some(freshness) = &self.freshness else { return Ok(false) };
        let age = nanoseconds(uptime()).saturating_sub(facts.as_of.0.load(Ordering::Relaxed));
        if age <= nanoseconds(freshness.bound) / 4 {
            return Ok(false);
        }
        self.begin(facts)?;
        match self.principal_again(caller).await? {
            Some(principal) if !Arc::ptr_eq(&principal, &caller.principal) => Err(too_old()),
            _ => Ok(true),
        }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// How much longer than the bound the end of a commit is waited for.
const COMMIT_PATIENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_only_within_the_bound() {
        let freshness = Freshness::new(Duration::from_millis(200));
        assert!(!freshness.is_current(), "nothing was confirmed yet");
        let now = uptime();
        freshness.confirm(now.saturating_sub(Duration::from_millis(150)));
        assert!(freshness.is_current());
        // What is told late does not take back what is known.
        freshness.confirm(now.saturating_sub(Duration::from_millis(190)));
        assert!(freshness.is_current());
        std::thread::sleep(Duration::from_millis(60));
        assert!(!freshness.is_current());
        freshness.confirm(uptime());
        assert!(freshness.is_current());
    }
}
