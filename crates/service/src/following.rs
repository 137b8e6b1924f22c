//! Following other nodes: what they change in a store that is shared is forgotten here.
//!
//! The store counts all changes in one sequence. A node asks what has changed after the place that it
//! has come to, forgets it, and then confirms that memory is as of the moment at which it asked
//! (`freshness.rs`). It is woken by the store and asks often enough without. Everything in memory that
//! comes from the store is named in [`Seen`]; what is read from the store while something changes is
//! not kept (`cache.rs`).
//!
//! Per node remain: what requests noted of the use of keys until it is written, buckets of request
//! quotas, counters, and the audit log.

use crate::cache::AliasId;
use crate::clock::uptime;
use crate::error::ServiceError;
use crate::freshness::Freshness;
use crate::identity::changes_id;
use crate::key_quota::Place;
use crate::records::{arn_of_record, setting_id};
use crate::root_keys::table_id;
use crate::service::Service;
use crate::time_travel::{CLOCK_SETTING, stored_clock};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use trent_core::{AccountId, AliasName, KeyArn, Region};
use trent_store::{Kind, RecordId, Store};

/// How far a node has followed the others.
#[derive(Default)]
pub(crate) struct Following {
    sequence: AtomicU64,
}

impl Following {
    /// Begins with an empty memory.
    pub(crate) async fn begin(
        store: &dyn Store,
        freshness: Option<&Freshness>,
    ) -> Result<Self, ServiceError> {
        let Some(freshness) = freshness else { return Ok(Self::default()) };
        let asked = uptime();
        let sequence = AtomicU64::new(store.changes(0).await?.sequence);
        freshness.confirm(asked);
        Ok(Self { sequence })
    }
}

impl Service {
    /// Follows what other nodes change until the future is dropped; ends at once if the store is not
    /// shared. Without it, requests over a shared store are refused.
    pub async fn follow(&self) {
        let Some(freshness) = &self.freshness else { return };
        let interval = freshness.bound() / ASKED_WITHIN_BOUND;
        let mut has_failed = false;
        loop {
            // An answer that comes later is of no use, and asking again may find another way.
            let followed = timeout(freshness.bound() / 2, self.follow_once(freshness)).await;
            let failure = match followed {
                Ok(Ok(())) => None,
                Ok(Err(error)) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    Some(format!("{error} {}", cause.unwrap_or_default()))
                }
                Err(_) => Some("it does not answer in time".to_owned()),
            };
            if let Some(error) = &failure {
                // Once, not several times a second.
                if !has_failed {
                    tracing::error!(error, "what other nodes change cannot be followed");
                }
                sleep(interval.min(PAUSE_AFTER_FAILURE)).await;
            } else {
                if has_failed {
                    tracing::info!("what other nodes change is followed again");
                }
                let after = self.following.sequence.load(Ordering::Relaxed);
                self.store.await_change(after, interval).await;
                // Those who commit all the time are not asked after every commit.
                sleep(PAUSE).await;
            }
            has_failed = failure.is_some();
        }
    }

    /// Forgets what has changed since the last time.
    async fn follow_once(&self, freshness: &Freshness) -> Result<(), ServiceError> {
        let asked = uptime();
        let sequence = self.following.sequence.load(Ordering::Relaxed);
        let changes = self.store.changes(sequence).await?;
        let seen = changes.records.as_deref().map_or_else(Seen::everything, Seen::of);
        self.forget(&seen).await?;
        self.following.sequence.store(changes.sequence, Ordering::Relaxed);
        freshness.confirm(asked);
        Ok(())
    }

    async fn forget(&self, seen: &Seen) -> Result<(), ServiceError> {
        if seen.is_everything {
            self.cache.clear();
            self.key_counts.clear();
        }
        self.cache.forget(&seen.keys, &seen.aliases, &seen.granted);
        seen.keys.iter().for_each(|key| self.key_counts.doubt(&place_of(key)));
        if seen.has(Other::Identities) {
            self.directory.forget();
        }
        // New store keys are at hand before anything is read that is sealed under them. While they
        // cannot be opened, nothing is written.
        if seen.has(Other::StoreKeys) && !self.root_keys.is_stale() {
            match self.root_keys.refresh().await {
                Err(error) if !self.root_keys.is_stale() => return Err(error),
                Err(_) | Ok(()) => {}
            }
        }
        if seen.has(Other::Clock) {
            let ahead = stored_clock(&*self.store, &self.records).await?.offset();
            if seen.is_everything && ahead < self.clock.offset() {
                // The store was emptied.
                self.clock.reset();
            }
            self.clock.run_ahead(ahead);
            self.wake_jobs.notify_one();
        }
        Ok(())
    }
}

fn place_of(key: &KeyArn) -> Place {
    (key.account, key.region.clone())
}

/// What other nodes have changed, by the part of memory that it is in.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    keys: Vec<KeyArn>,
    aliases: Vec<AliasId>,
    /// Keys whose grants have changed.
    granted: Vec<KeyArn>,
    others: Vec<Other>,
    is_everything: bool,
}

/// What is in memory as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Other {
    Clock,
    Identities,
    StoreKeys,
}

impl Seen {
    fn everything() -> Self {
        let others = vec![Other::Clock, Other::Identities, Other::StoreKeys];
        Self { others, is_everything: true, ..Self::default() }
    }

    /// Whether the whole of something may have changed.
    fn has(&self, other: Other) -> bool {
        self.others.contains(&other)
    }

    fn of(records: &[RecordId]) -> Self {
        let mut seen = Self::default();
        // A record whose name is not understood is not in memory under a name that is.
        for id in records {
            match id.kind {
                Kind::Key => seen.keys.extend(arn_of_record(id)),
                Kind::Alias => seen.aliases.extend(alias_of_record(id)),
                Kind::Grant => {
                    let name = id.name.split('/').next().unwrap_or_default().to_owned();
                    seen.granted.extend(arn_of_record(&RecordId { name, ..id.clone() }));
                }
                Kind::Setting => seen.others.extend(other_of_setting(id)),
                Kind::Account | Kind::User | Kind::Role | Kind::AccessKey => {
                    seen.others.push(Other::Identities);
                }
                Kind::Event | Kind::LastUsage | Kind::RetirableGrant => {}
            }
        }
        seen
    }
}

fn other_of_setting(id: &RecordId) -> Option<Other> {
    [
        (setting_id(CLOCK_SETTING), Other::Clock),
        (changes_id(), Other::Identities),
        (table_id(), Other::StoreKeys),
    ]
    .into_iter()
    .find_map(|(setting, other)| (*id == setting).then_some(other))
}

fn alias_of_record(id: &RecordId) -> Option<AliasId> {
    let account = AccountId::parse(&id.account)?;
    Some((account, Region::parse(&id.region)?, AliasName::parse(&id.name)?))
}

/// How often the store is asked within the bound, at least.
const ASKED_WITHIN_BOUND: u32 = 4;

/// Between two questions, however much is changed.
const PAUSE: Duration = Duration::from_millis(2);

/// Before the next question where one has failed.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{alias_record_id, grant_record_id, key_record_id, last_usage_record_id};

    #[test]
    fn every_kind_of_record_is_forgotten_where_it_is_remembered() {
        let arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        let Ok(trent_core::KeyRef::Arn(arn)) = trent_core::KeyRef::parse(arn) else {
            panic!("{arn}")
        };
        let alias = AliasName::parse("alias/a").unwrap();
        let id = (arn.account, arn.region.clone(), alias);
        let records = [
            key_record_id(&arn),
            alias_record_id(id.0, &id.1, &id.2),
            grant_record_id(&arn, "0123"),
            last_usage_record_id(&arn),
        ];
        let expected = Seen {
            keys: vec![arn.clone()],
            aliases: vec![id],
            granted: vec![arn],
            ..Seen::default()
        };
        assert_eq!(Seen::of(&records), expected);
        let other = |other| Seen { others: vec![other], ..Seen::default() };
        assert_eq!(Seen::of(&[setting_id(CLOCK_SETTING)]), other(Other::Clock));
        assert_eq!(Seen::of(&[table_id()]), other(Other::StoreKeys));
        assert_eq!(Seen::of(&[changes_id()]), other(Other::Identities));
        for kind in [Kind::Account, Kind::User, Kind::Role, Kind::AccessKey] {
            let id = RecordId { kind, ..setting_id("a") };
            assert_eq!(Seen::of(&[id]), other(Other::Identities), "{kind:?}");
        }
    }
}
