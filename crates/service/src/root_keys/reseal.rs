//! Sealing everything anew after a rotation of the store key, and forgetting the old one.
//!
//! A pass goes over all records. What is under an old store key, as a whole or in the key material
//! within, is sealed under the current one and written if nobody has changed it since; its version
//! stays, so that nobody who has read it before is disturbed. A pass has no state: one that is cut
//! off is simply begun again, and two at the same time do each other no harm.

use super::{RootKeys, admin};
use crate::error::ServiceError;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use trent_store::{Change, Record, StoreError};

/// What a pass has found.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pass {
    /// Records that were seen.
    pub records: u64,
    /// Records that were under an old store key and are under the current one now.
    pub resealed: u64,
    /// Records that are still under an old one: they have just been changed by others, or are
    /// damaged.
    pub left: u64,
}

/// How many records are under which store key.
#[derive(Default)]
pub(super) struct Counted {
    pub(super) under: HashMap<String, u64>,
    pub(super) damaged: u64,
}

impl RootKeys {
    /// Seals everything anew that is under an old store key, until nothing is left but what is
    /// damaged. Returns how many records were sealed, and how many are left.
    pub async fn reseal(self: &Arc<Self>) -> Result<Pass, ServiceError> {
        let mut sum = Pass::default();
        for _ in 0..PASSES_MAX {
            let pass = self.pass().await?;
            sum = Pass { records: pass.records, resealed: sum.resealed + pass.resealed, ..pass };
            if pass.left == 0 && pass.resealed == 0 {
                break;
            }
        }
        Ok(sum)
    }

    /// Follows the table until the future is dropped: takes over new store keys, seals anew what is
    /// under old ones, forgets these.
    pub(crate) async fn follow(self: Arc<Self>) {
        let mut following = Following::default();
        loop {
            sleep(ASK_EVERY).await;
            let failure = match self.refresh().await {
                Ok(()) => self.tend(&mut following).await.err(),
                Err(error) => Some(error),
            };
            let said = failure.map(|error| {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                format!("{error} {}", cause.unwrap_or_default())
            });
            // Once, not twice a second.
            if let Some(text) = said.as_ref().filter(|_| said != following.said) {
                tracing::error!(error = text, "store keys cannot be kept up to date");
            }
            following.said = said;
        }
    }

    /// Does what is to be done at this moment.
    async fn tend(self: &Arc<Self>, following: &mut Following) -> Result<(), ServiceError> {
        let (version, ends) = {
            let loaded = self.loaded.lock().await;
            let Some(found) = &loaded.found else { return Ok(()) };
            let ends = found.table.retired.iter().map(|one| one.until).min();
            (found.version, ends)
        };
        let Some(ends) = ends else { return Ok(()) };
        let known_for = match following.table {
            Some((known, since)) if known == version => since.elapsed(),
            _ => {
                following.table = Some((version, Instant::now()));
                following.is_clean = false;
                Duration::ZERO
            }
        };
        let moment = admin::now();
        let is_over = ends <= moment;
        // Whoever has made the new store key usually seals everything anew.
        let is_time = known_for >= RESEAL_DELAY && following.may_pass();
        if (following.is_clean && !is_over) || !is_time {
            return Ok(());
        }
        // Where nodes share the store, one of them does it.
        if !self.store.claim("reseal", &self.node, RESEAL_LEASE).await? {
            following.next_pass = Some(Instant::now() + RESEAL_DELAY);
            return Ok(());
        }
        let pass = self.pass().await?;
        // What others change all the time is left for later, and what is damaged stays.
        let pause = if pass.left > 0 && pass.resealed == 0 { STUCK_PAUSE } else { RESEAL_PAUSE };
        following.next_pass = Some(Instant::now() + pause);
        following.is_clean = pass.left == 0 && pass.resealed == 0;
        if pass.resealed > 0 {
            tracing::info!(records = pass.resealed, "sealed under the new store key");
        }
        if is_over && following.is_clean {
            self.forget(moment).await?;
        }
        Ok(())
    }

    /// Goes over all records once.
    async fn pass(self: &Arc<Self>) -> Result<Pass, ServiceError> {
        let (records, store) = (self.records(), self.store());
        let (mut pass, mut after) = (Pass::default(), None);
        loop {
            let begun = Instant::now();
            let page = store.scan(after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(pass) };
            after = Some(last.id.clone());
            let mut writes = Vec::new();
            for some in page.chunks(SEALED_IN_A_ROW) {
                for record in some.iter().filter(|record| record.id != super::table::table_id()) {
                    pass.records += 1;
                    match records.reseal(record) {
                        Ok(Some(sealed)) => writes.push(reseal(record, sealed)),
                        Err(damaged) if self.is_under_old(record) => {
                            pass.left += 1;
                            let (record, cause) = (damaged.record, damaged.cause);
                            tracing::error!(record, cause, "damaged record under an old store key");
                        }
                        Ok(None) | Err(_) => {}
                    }
                }
                // Requests wait meanwhile.
                tokio::task::yield_now().await;
            }
            if writes.is_empty() {
                continue;
            }
            let commits = writes.into_iter().map(|change| store.commit(vec![change]));
            for written in futures_util::future::join_all(commits).await {
                match written {
                    Ok(()) => pass.resealed += 1,
                    Err(StoreError::Conflict) => pass.left += 1,
                    Err(error) => return Err(error.into()),
                }
            }
            // Others want to write, too.
            sleep(begun.elapsed().min(PAUSE_MAX)).await;
        }
    }

    /// Counts the records under each store key.
    pub(super) async fn count(&self) -> Result<Counted, ServiceError> {
        let records = self.records();
        let (mut counted, mut after) = (Counted::default(), None);
        loop {
            let page = self.store.scan(after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { return Ok(counted) };
            after = Some(last.id.clone());
            for record in page.iter().filter(|record| record.id != super::table::table_id()) {
                match records.sealed_under(record) {
                    Ok(ids) => {
                        for id in ids {
                            *counted.under.entry(id.to_string()).or_default() += 1;
                        }
                    }
                    Err(_) => counted.damaged += 1,
                }
            }
        }
    }

    /// Whether the record as a whole names a store key that is at hand and not the current one.
    fn is_under_old(&self, record: &Record) -> bool {
        let under = trent_crypto::store_key::sealed_under(&record.sealed);
        under.is_ok_and(|id| id != self.ring.current() && self.ring.find(id).is_some())
    }
}

fn reseal(record: &Record, sealed: Vec<u8>) -> Change {
    Change::Reseal { id: record.id.clone(), version: record.version, sealed }
}

/// What the server that follows a table remembers.
#[derive(Default)]
struct Following {
    /// The version of the table, and since when it is known.
    table: Option<(u64, Instant)>,
    /// When the next pass may begin.
    next_pass: Option<Instant>,
    /// Whether the last pass has found nothing under an old store key.
    is_clean: bool,
    /// The last failure.
    said: Option<String>,
}

impl Following {
    fn may_pass(&self) -> bool {
        self.next_pass.is_none_or(|next| next <= Instant::now())
    }
}

/// How often the store is asked whether the table has changed.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// How long a server leaves it to the command that has rotated the store key to seal everything.
const RESEAL_DELAY: Duration = Duration::from_secs(5);

/// How long other servers leave it to one after it has begun a pass.
const RESEAL_LEASE: Duration = Duration::from_mins(1);

/// Between the passes of a server.
const RESEAL_PAUSE: Duration = Duration::from_secs(2);

/// After a pass that could do nothing.
const STUCK_PAUSE: Duration = Duration::from_mins(10);

/// Records that are read, and then written in one transaction.
const PAGE: u32 = 128;

/// Records that are sealed before requests get their turn.
const SEALED_IN_A_ROW: usize = 16;

/// The longest pause between two pages.
const PAUSE_MAX: Duration = Duration::from_millis(250);

/// What is changed by others all the time, or damaged, is left to the server.
const PASSES_MAX: usize = 10;
