//! Time travel, for development mode: the clock is moved on, and what would have happened happens.
//!
//! The offset is kept in the store, so that a restart does not take time back.

use crate::clock::Clock;
use crate::error::ServiceError;
use crate::jobs::Dating;
use crate::records::{Records, setting_id};
use crate::root_keys::RootKeys;
use crate::service::Service;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use trent_store::{Change, Store, StoreError};

/// Where to move the clock.
#[derive(Clone, Copy, Debug)]
pub enum ClockMove {
    /// On by a span; days and longer units are those of the UTC calendar.
    Advance(Span),
    /// To a moment.
    Set(Timestamp),
}

impl Service {
    /// Moves the clock on and plays the time through: every job runs in the order of the due
    /// times, each at its due time. Returns when they have run. Going back is refused.
    pub async fn travel(&self, by: ClockMove) -> Result<Timestamp, ServiceError> {
        let _running = self.running_jobs.lock().await;
        let now = self.clock.now();
        let target = match by {
            ClockMove::Set(moment) => moment,
            ClockMove::Advance(span) => now
                .to_zoned(TimeZone::UTC)
                .checked_add(span)
                .map_err(|error| ServiceError::Clock(error.to_string()))?
                .timestamp(),
        };
        if target < now {
            let message = format!("the clock is at {now} and cannot go back to {target}");
            return Err(ServiceError::Clock(message));
        }
        if target > latest() {
            let message = format!("the clock cannot go past {}", latest());
            return Err(ServiceError::Clock(message));
        }
        let ahead = self.clock.offset() + target.duration_since(now);
        let mut share = self.claim_all().await?;
        let played = match self.run_due(target, Dating::AsDue, &mut share).await {
            Ok(_) => self.run_ahead(ahead).await,
            Err(error) => Err(error),
        };
        self.give_up(&share).await;
        played?;
        self.wake_jobs.notify_one();
        Ok(self.clock.now())
    }

    /// Empties the store and puts the clock back to real time.
    pub async fn reset(&self) -> Result<(), ServiceError> {
        let _running = self.running_jobs.lock().await;
        let kept = self.root_keys.kept_by_reset().await?;
        self.store.clear().await?;
        self.store.commit(kept).await?;
        self.cache.clear();
        self.key_counts.clear();
        self.last_usages.clear();
        self.clock.reset();
        Ok(())
    }

    /// Moves the clock on to `moment`, unless it is past it.
    pub(crate) async fn move_clock(&self, moment: Timestamp) -> Result<(), ServiceError> {
        self.run_ahead(moment.duration_since(self.clock.real_now())).await
    }

    /// Lets the clock run at least `ahead` of real time, first in the store, then here.
    async fn run_ahead(&self, ahead: SignedDuration) -> Result<(), ServiceError> {
        if ahead <= self.clock.offset() {
            return Ok(());
        }
        let ahead_ms = i64::try_from(ahead.as_millis()).unwrap_or(i64::MAX);
        loop {
            let stored = self.store.get(&setting_id(CLOCK_SETTING)).await?;
            let version = stored.map_or(0, |record| record.version) + 1;
            let record = self
                .records
                .seal_setting(CLOCK_SETTING, version, &StoredClock { ahead_ms })
                .map_err(|error| ServiceError::Internal(error.to_string()))?;
            match self.store.commit(vec![Change::Put(record)]).await {
                Err(StoreError::Conflict) => {}
                written => break written?,
            }
        }
        self.clock.run_ahead(ahead);
        Ok(())
    }
}

/// How far ahead of real time the clock of a store was moved.
pub async fn clock_offset(root_keys: &Arc<RootKeys>) -> Result<SignedDuration, ServiceError> {
    let clock = stored_clock(&*root_keys.store(), &root_keys.records()).await?;
    Ok(clock.offset())
}

/// The clock as it was when the store was last used.
pub(crate) async fn stored_clock(
    store: &dyn Store,
    records: &Records,
) -> Result<Clock, ServiceError> {
    let Some(record) = store.get(&setting_id(CLOCK_SETTING)).await? else {
        return Ok(Clock::default());
    };
    let stored = records.open_setting::<StoredClock>(&record)?.value;
    Ok(Clock::ahead_by(SignedDuration::from_millis(stored.ahead_ms)))
}

#[derive(Serialize, Deserialize)]
struct StoredClock {
    ahead_ms: i64,
}

/// Schedules reach up to seven years ahead of the clock and must stay within what can be written.
fn latest() -> Timestamp {
    Timestamp::from_second(LATEST_SECOND).unwrap_or(Timestamp::MAX)
}

/// 9900-01-01T00:00:00Z
const LATEST_SECOND: i64 = 250_246_022_400;

/// The setting that says how far the clock runs ahead.
pub(crate) const CLOCK_SETTING: &str = "clock";
