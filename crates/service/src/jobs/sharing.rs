//! Sharing the jobs where nodes share a store: all keys fall into parts, and a node claims a part
//! before it works on what is due in it. Which node does what is a matter of cost alone: that
//! nothing is done twice is seen to by the versions of the records.
//!
//! A claim is given up when its part is done. That of a node which has died ends by itself.

use super::{BATCH, Dating};
use crate::error::ServiceError;
use crate::service::Service;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use trent_store::{RecordId, StoreError};

/// What a node works on: parts that it has claimed, or everything, where it is alone.
pub(crate) struct Share {
    parts: Range<u32>,
    /// When it was claimed the last time; none where nothing need be claimed.
    claimed: Option<Instant>,
}

impl Share {
    /// Everything, without a claim.
    pub(crate) fn of_all() -> Self {
        Self { parts: 0..RecordId::PARTS, claimed: None }
    }

    /// The part, if it is not everything.
    pub(super) fn part(&self) -> Option<u32> {
        (self.parts.len() == 1).then_some(self.parts.start)
    }

    /// How many due keys are read at once. To find those of a part takes reading those of others.
    pub(super) fn read_at_once(&self) -> u32 {
        let batches = if self.part().is_some() { BATCHES_OF_PART } else { 1 };
        u32::try_from(BATCH * batches).unwrap_or(u32::MAX)
    }
}

impl Service {
    /// Runs what is due now, part by part, leaving to others what they have claimed; alone, all of
    /// it. Says how many jobs were done.
    pub(super) async fn run_due_shared(&self, now: Timestamp) -> Result<u64, ServiceError> {
        if !self.store.is_shared() {
            return self.run_due(now, Dating::Now, &mut Share::of_all()).await;
        }
        self.keep_events().await?;
        let first = Share::of_all();
        let due = self.sound_due(&first, now.as_millisecond(), first.read_at_once()).await?;
        let parts: BTreeSet<u32> = due.iter().map(|record| record.id.part()).collect();
        // Each node begins elsewhere.
        let begin = self.node.bytes().map(u32::from).sum::<u32>() % RecordId::PARTS;
        let mut done = 0;
        for part in parts.range(begin..).chain(parts.range(..begin)) {
            let Some(mut share) = self.claimed(*part..part + 1).await? else { continue };
            let result = self.run_due(now, Dating::Now, &mut share).await;
            self.give_up(&share).await;
            done += result?;
        }
        Ok(done)
    }

    /// Everything, when others have finished what they are about; for time travel.
    pub(crate) async fn claim_all(&self) -> Result<Share, ServiceError> {
        if !self.store.is_shared() {
            return Ok(Share::of_all());
        }
        let begun = Instant::now();
        loop {
            if let Some(share) = self.claimed(0..RecordId::PARTS).await? {
                return Ok(share);
            }
            if begun.elapsed() > 2 * LEASE {
                let message = "another node runs jobs or moves the clock; try again";
                return Err(ServiceError::Clock(message.to_owned()));
            }
            sleep(CLAIM_PAUSE).await;
        }
    }

    /// Gives claims up. Where that fails they end by themselves.
    pub(crate) async fn give_up(&self, share: &Share) {
        if share.claimed.is_some() {
            for part in share.parts.clone() {
                if self.store.claim(&work(part), &self.node, Duration::ZERO).await.is_err() {
                    return;
                }
            }
        }
    }

    /// Gives up whatever this node has claimed.
    pub(crate) async fn give_up_all(&self) {
        self.give_up(&Share { claimed: Some(Instant::now()), ..Share::of_all() }).await;
    }

    /// Whether nobody else can have claimed what the share is of; prolongs the claims in time.
    pub(super) async fn has_still(&self, share: &mut Share) -> Result<bool, StoreError> {
        match share.claimed {
            Some(claimed) if claimed.elapsed() > LEASE / 3 => {
                share.claimed = Some(Instant::now());
                self.claim_parts(&share.parts).await
            }
            _ => Ok(true),
        }
    }

    /// These parts, unless others have one of them.
    async fn claimed(&self, parts: Range<u32>) -> Result<Option<Share>, StoreError> {
        let share = Share { claimed: Some(Instant::now()), parts };
        if self.claim_parts(&share.parts).await? {
            return Ok(Some(share));
        }
        if share.part().is_none() {
            self.give_up(&share).await;
        }
        Ok(None)
    }

    async fn claim_parts(&self, parts: &Range<u32>) -> Result<bool, StoreError> {
        for part in parts.clone() {
            if !self.store.claim(&work(part), &self.node, LEASE).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn work(part: u32) -> String {
    format!("jobs/{part}")
}

/// How long a claim lasts: far longer than a batch takes, and the time for which what is due in a
/// part waits when its node dies.
const LEASE: Duration = Duration::from_secs(15);

/// Between two attempts to claim everything.
const CLAIM_PAUSE: Duration = Duration::from_millis(200);

/// Batches that are read at once of a part.
const BATCHES_OF_PART: usize = 8;
