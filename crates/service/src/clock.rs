//! The one clock. In development mode it may run ahead of real time, never back.

use jiff::{SignedDuration, Timestamp};
use rustix::time::{ClockId, clock_gettime};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Tells the time, in milliseconds as the API does.
#[derive(Debug, Default)]
pub struct Clock {
    ahead_ms: AtomicI64,
}

impl Clock {
    /// A clock that runs `ahead` of real time.
    pub fn ahead_by(ahead: SignedDuration) -> Self {
        let ahead_ms = i64::try_from(ahead.as_millis()).unwrap_or(i64::MAX);
        Self { ahead_ms: AtomicI64::new(ahead_ms.max(0)) }
    }

    /// The time of this service.
    pub fn now(&self) -> Timestamp {
        let real = self.real_now();
        let ahead = SignedDuration::from_millis(self.ahead_ms.load(Ordering::Acquire));
        // Past the last representable moment the clock stands still.
        real.checked_add(ahead).unwrap_or(Timestamp::MAX)
    }

    /// Real time, which signatures are checked against.
    #[expect(clippy::disallowed_methods, reason = "this is where time enters")]
    pub fn real_now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    /// How far the clock runs ahead of real time.
    pub fn offset(&self) -> SignedDuration {
        SignedDuration::from_millis(self.ahead_ms.load(Ordering::Acquire))
    }

    /// Lets the clock run at least `ahead` of real time.
    pub(crate) fn run_ahead(&self, ahead: SignedDuration) {
        let ahead_ms = i64::try_from(ahead.as_millis()).unwrap_or(i64::MAX);
        self.ahead_ms.fetch_max(ahead_ms, Ordering::AcqRel);
    }

    /// Puts the clock back to real time, when everything that was dated by it is gone.
    pub(crate) fn reset(&self) {
        self.ahead_ms.store(0, Ordering::Release);
    }
}

/// How long the machine has been up, times of suspension included. It never goes back.
pub(crate) fn uptime() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}
