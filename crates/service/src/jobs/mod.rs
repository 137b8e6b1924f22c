//! Jobs: what happens to keys without a request. Keys rotate, keys are deleted.
//!
//! A job has no input but the time, is idempotent, and reads only the index of what is due: its
//! cost follows the keys that are due, not the keys that exist. It does not retry by itself: what
//! fails is found due again. A lost race means that somebody else was faster.

mod driver;
mod sharing;

pub(crate) use self::sharing::Share;
use crate::audit::service_event::ServiceEvent;
use crate::change_set::ChangeSet;
use crate::error::{ServiceError, from_key_store};
use crate::records::Versioned;
use crate::service::{CommitError, Service};
use futures_util::future::join_all;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use trent_api::KmsError;
use trent_api::enums::RotationType;
use trent_core::key_material::Sealed;
use trent_core::lifecycle::Job;
use trent_core::{KeyMaterialId, KmsKey};
use trent_store::{Record, RecordId};

/// What the jobs have done since the process started.
#[derive(Default)]
pub struct JobStatus {
    counts: Mutex<JobCounts>,
    /// Records that cannot be opened; left alone in this version until the process restarts.
    damaged: Mutex<HashSet<(RecordId, u64)>>,
}

/// Counters of the jobs.
#[derive(Clone, Default, Serialize)]
pub struct JobCounts {
    /// Automatic rotations done.
    pub automatic_rotations: u64,
    /// On-demand rotations completed.
    pub on_demand_rotations: u64,
    /// Keys deleted.
    pub deletions: u64,
    /// Keys of which imported key material was erased because it had expired.
    pub expirations: u64,
    /// Jobs that failed.
    pub failures: u64,
    /// Records that cannot be opened.
    pub damaged_records: usize,
    /// When the jobs last ran.
    pub last_run: Option<Timestamp>,
}

/// The date that a rotation gets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dating {
    /// The time at which it happens: what was missed while the service was down is late.
    Now,
    /// The time at which it was due: time is played through.
    AsDue,
}

/// What is to be written for one due record.
struct Planned<'a> {
    set: ChangeSet<'a>,
    /// `None`: the record only gets its right due time.
    job: Option<Job>,
    /// What the audit log and the sinks of events are told when it is written.
    events: Vec<ServiceEvent>,
    /// The date of what happens.
    date: Timestamp,
    /// When the key is due again.
    due_again: Option<Timestamp>,
}

impl<'a> Planned<'a> {
    /// What `job` does to a key at `date`: it is `after` then, or gone.
    fn new(
        set: ChangeSet<'a>,
        job: Option<Job>,
        before: &Versioned<KmsKey>,
        after: Option<&KmsKey>,
        date: Timestamp,
    ) -> Self {
        let due_again = after.and_then(KmsKey::next_job).map(|job| job.due());
        let event = |job| ServiceEvent::of_job(job, &before.value, after, date);
        Self { set, job, events: job.map(event).unwrap_or_default(), date, due_again }
    }
}

/// What has become of some due keys.
struct Batch {
    done: u64,
    /// Whether others come to be the first that are due.
    moved: bool,
}

struct Plan<'a> {
    planned: Vec<Planned<'a>>,
    found_damage: bool,
}

impl Service {
    /// What the jobs have done.
    pub fn job_counts(&self) -> JobCounts {
        let counts = self.job_status.counts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        JobCounts { damaged_records: self.damaged().len(), ..counts }
    }

    /// Runs everything that is due until `until`, in the order of the due times, and says how many
    /// jobs were done: of a share, while nobody else has it, or of all keys. The caller holds
    /// `running_jobs`.
    pub(crate) async fn run_due(
        &self,
        until: Timestamp,
        dating: Dating,
        share: &mut Share,
    ) -> Result<u64, ServiceError> {
        let mut done = 0;
        'found: loop {
            let due = self.sound_due(share, until.as_millisecond(), share.read_at_once()).await?;
            let mut moved = false;
            for some in due.chunks(BATCH) {
                if !self.has_still(share).await? {
                    break 'found;
                }
                let batch = self.run_batch(some, until, dating).await?;
                done += batch.done;
                moved |= batch.moved;
            }
            if !moved {
                break;
            }
        }
        // What the last batch did, and what requests did: there may be no batch at all.
        self.keep_events().await?;
        self.counted(|counts| counts.last_run = Some(self.clock.now()));
        Ok(done)
    }

    async fn run_batch(
        &self,
        due: &[Record],
        until: Timestamp,
        dating: Dating,
    ) -> Result<Batch, ServiceError> {
        self.keep_events().await?;
        let Plan { planned, found_damage } = self.plan(due, until, dating).await?;
        // A record found damaged makes way for those behind it.
        let mut batch = Batch { done: 0, moved: found_damage };
        for (job, result) in join_all(
            planned.into_iter().map(async |planned| (planned.job, self.committed(planned).await)),
        )
        .await
        {
            let was_done = result.is_ok() && job.is_some();
            batch.moved |= self.count(job, result);
            batch.done += u64::from(was_done);
        }
        self.keep_events().await?;
        Ok(batch)
    }

    /// Writes a key that a request has changed together with the job that is due of it then, if one
    /// is and records of jobs can be kept: both happen or neither. `false`: it was not written, for
    /// that reason, and the request has to write it. What else is due of it is done, too.
    pub(crate) async fn run_job_of_changed(
        &self,
        changed: &Versioned<KmsKey>,
        now: Timestamp,
    ) -> Result<bool, CommitError> {
        let is_due = changed.value.next_job().is_some_and(|job| job.due() <= now);
        if !is_due || self.keep_events().await.is_err() {
            return Ok(false);
        }
        let planned =
            self.plan_job(changed, now, Dating::Now).await.map_err(CommitError::Failed)?;
        let (job, due_again) = (planned.job, planned.due_again);
        self.committed(planned).await?;
        self.count(job, Ok(()));
        match due_again {
            Some(due) if due <= now => self.run_due_jobs_of(&changed.value, now).await,
            Some(_) => self.wake_jobs.notify_one(),
            None => {}
        }
        // So that there is a record of it before the answer. One that is not kept fails the answer's.
        let _ = self.keep_events().await;
        Ok(true)
    }

    /// Runs what is due of one key at once. What fails here is left to the driver.
    pub(crate) async fn run_due_jobs_of(&self, key: &KmsKey, now: Timestamp) {
        let arn = key.arn();
        for _ in 0..JOBS_AT_ONCE_MAX {
            if self.keep_events().await.is_err() {
                return;
            }
            let Ok(Some(key)) = self.key(&arn).await else { return };
            if key.key.value.next_job().is_none_or(|job| job.due() > now) {
                return;
            }
            match self.plan_job(&key.key, now, Dating::Now).await {
                Ok(planned) => {
                    let job = planned.job;
                    let result = self.committed(planned).await;
                    self.count(job, result);
                }
                Err(error) => {
                    self.count(None, Err(CommitError::Failed(error)));
                    return;
                }
            }
        }
    }

    /// Writes what was planned with its events, and takes note of it for the audit log.
    async fn committed(&self, planned: Planned<'_>) -> Result<(), CommitError> {
        let put = self.put_events(planned.set, &planned.events, planned.date);
        let (set, ids) = put.map_err(CommitError::Failed)?;
        self.commit(set).await?;
        for outbox in &self.outboxes {
            outbox.committed(&ids);
        }
        self.note_events(planned.events, planned.date);
        Ok(())
    }

    /// When the next record is due that is not known to be damaged.
    async fn next_sound_due(&self) -> Result<Option<i64>, ServiceError> {
        let due = self.sound_due(&Share::of_all(), i64::MAX, 1).await?;
        Ok(due.first().and_then(|record| record.due_at))
    }

    /// Up to `limit` records of a share, due until `until`, that are not known to be damaged.
    async fn sound_due(
        &self,
        share: &Share,
        until: i64,
        limit: u32,
    ) -> Result<Vec<Record>, ServiceError> {
        let damaged = self.damaged().clone();
        let limit = limit.saturating_add(u32::try_from(damaged.len()).unwrap_or(u32::MAX));
        let limit = limit.min(DUE_MAX);
        let mut due = match share.part() {
            Some(part) => self.store.due_in(part, until, limit).await?,
            None => self.store.due(until, limit).await?,
        };
        due.retain(|record| !damaged.contains(&(record.id.clone(), record.version)));
        Ok(due)
    }

    /// Plans the first of the due records, up to the time at which one of them is due again.
    async fn plan(
        &self,
        due: &[Record],
        until: Timestamp,
        dating: Dating,
    ) -> Result<Plan<'_>, ServiceError> {
        let mut planned = Vec::new();
        let mut found_damage = false;
        let mut horizon = until;
        let mut last_due = None;
        for record in due {
            let due_at = record.due_at.and_then(|ms| Timestamp::from_millisecond(ms).ok());
            if due_at.is_some_and(|due_at| due_at > horizon) {
                break;
            }
            let key = match self.records.open_key(record) {
                Ok(key) => key,
                Err(damaged) => {
                    tracing::error!(record = damaged.record, cause = damaged.cause, "damaged");
                    self.damaged().insert((record.id.clone(), record.version));
                    found_damage = true;
                    continue;
                }
            };
            let moment = if dating == Dating::Now { self.clock.now() } else { until };
            match self.plan_job(&key, moment, dating).await {
                Ok(one) => {
                    horizon = one.due_again.map_or(horizon, |again| again.min(horizon));
                    planned.push(one);
                    if planned.len() % PLANNED_IN_A_ROW == 0 {
                        // Requests wait meanwhile.
                        tokio::task::yield_now().await;
                    }
                    last_due = due_at.or(last_due);
                }
                Err(error) => {
                    self.count(None, Err(CommitError::Failed(error)));
                }
            }
        }
        if let (Dating::AsDue, Some(last_due)) = (dating, last_due) {
            self.move_clock(last_due).await?;
        }
        Ok(Plan { planned, found_damage })
    }

    async fn plan_job(
        &self,
        key: &Versioned<KmsKey>,
        now: Timestamp,
        dating: Dating,
    ) -> Result<Planned<'_>, KmsError> {
        let set = ChangeSet::new(&self.records);
        let job = key.value.next_job().filter(|job| job.due() <= now);
        match job {
            // The column said something else than the sealed record: put it right.
            None => {
                let set = set.put_key(&key.value, key.version)?;
                Ok(Planned::new(set, None, key, Some(&key.value), now))
            }
            Some(Job::Expire { due }) => {
                let date = if dating == Dating::Now { now } else { due };
                let (changed, _) = key.value.without_expired(date);
                let set = self.put_shared(set, key, &changed).await?;
                Ok(Planned::new(set, job, key, Some(&changed), date))
            }
            Some(Job::Delete { due }) => {
                let grants = self.grants_of(&key.value.arn(), None, GRANTS_AT_ONCE).await?;
                if !grants.is_empty() {
                    // The grants go first, some at a time: there may be many.
                    let set = grants.iter().fold(set, ChangeSet::delete_grant);
                    let planned = Planned::new(set, None, key, None, now);
                    return Ok(Planned { due_again: Some(due), ..planned });
                }
                let mut set = set.delete_key(key);
                if let Some(version) = self.last_usage_version(&key.value.arn()).await? {
                    set = set.delete_last_usage(&key.value.arn(), version);
                }
                for alias in self.aliases_of(&key.value.arn(), None, ALIASES_MAX).await? {
                    set = set.delete_alias(&alias);
                }
                let date = if dating == Dating::Now { now } else { due };
                for arn in key.value.related() {
                    let related = self.key(&arn).await?.filter(|_| arn != key.value.arn());
                    if let Some(related) = related {
                        let left = related.key.value.without_replica(&key.value.region, date)?;
                        set = set.put_key(&left, related.key.version)?;
                    }
                }
                Ok(Planned::new(set, job, key, None, date))
            }
            Some(Job::Rotate(rotation)) => {
                let date = if dating == Dating::Now { now } else { rotation.date };
                let made = || {
                    let id = key.value.id.as_bytes();
                    let new = self.key_store.generate_symmetric(id).map_err(from_key_store)?;
                    Ok::<_, KmsError>((KeyMaterialId(new.id), Sealed(new.sealed)))
                };
                let rotated = key.value.rotated(rotation.kind, made, date)?;
                let set = self.put_shared(set, key, &rotated).await?;
                Ok(Planned::new(set, job, key, Some(&rotated), date))
            }
        }
    }

    /// Counts the outcome; whether something was written.
    fn count(&self, job: Option<Job>, result: Result<(), CommitError>) -> bool {
        match result {
            Ok(()) => {
                self.counted(|counts| match job {
                    Some(Job::Rotate(rotation)) if rotation.kind == RotationType::OnDemand => {
                        counts.on_demand_rotations += 1;
                    }
                    Some(Job::Rotate(_)) => counts.automatic_rotations += 1,
                    Some(Job::Delete { .. }) => counts.deletions += 1,
                    Some(Job::Expire { .. }) => counts.expirations += 1,
                    None => {}
                });
                true
            }
            // Somebody else was faster: that is as good.
            Err(CommitError::Raced) => true,
            Err(CommitError::Failed(error)) => {
                self.counted(|counts| counts.failures += 1);
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, "job failed");
                false
            }
        }
    }

    fn counted(&self, change: impl FnOnce(&mut JobCounts)) {
        change(&mut self.job_status.counts.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn damaged(&self) -> std::sync::MutexGuard<'_, HashSet<(RecordId, u64)>> {
        self.job_status.damaged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keys that are planned before requests get their turn.
const PLANNED_IN_A_ROW: usize = 16;

/// Keys that are worked on at once: as many as the store writes in one transaction.
const BATCH: usize = 256;

/// The most records that are asked of the store at once, damaged ones included.
const DUE_MAX: u32 = 10_000;

/// Aliases that are deleted with a key; more than a key may have.
const ALIASES_MAX: u32 = 500;

/// Grants that are deleted in one change set.
const GRANTS_AT_ONCE: u32 = 200;

/// Jobs of one key that are run, or lost to others, in a row before the driver has to go on.
const JOBS_AT_ONCE_MAX: usize = 16;
