//! When each KMS key was last used, and for what.
//!
//! A request only notes it in memory; a job writes the notes in batches. What was noted and not
//! written is lost in a crash, as AWS permits data that lags by an hour.

use crate::change_set::ChangeSet;
use crate::error::from_store;
use crate::records::{Versioned, last_usage_record_id};
use crate::service::{CommitError, Service};
use futures_util::future::join_all;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use trent_api::KmsError;
use trent_api::enums::KeyLastUsageTrackingOperation;
use trent_core::KeyArn;

/// A use of a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LastUsage {
    pub(crate) operation: KeyLastUsageTrackingOperation,
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub(crate) at: Timestamp,
    pub(crate) request_id: String,
    pub(crate) event_id: String,
}

/// Uses that are not written yet, in parts that few requests share.
pub(crate) struct LastUsages {
    parts: Vec<Mutex<HashMap<KeyArn, LastUsage>>>,
}

impl Default for LastUsages {
    fn default() -> Self {
        Self { parts: (0..PARTS).map(|_| Mutex::default()).collect() }
    }
}

impl LastUsages {
    pub(crate) fn note(&self, arn: KeyArn, usage: LastUsage) {
        self.part(&arn).insert(arn, usage);
    }

    fn noted(&self, arn: &KeyArn) -> Option<LastUsage> {
        self.part(arn).get(arn).cloned()
    }

    fn part(&self, arn: &KeyArn) -> MutexGuard<'_, HashMap<KeyArn, LastUsage>> {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(arn);
        let index = usize::try_from(hash % PARTS).unwrap_or_default();
        self.parts[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that is noted. It stays noted until it is written.
    fn all(&self) -> Vec<(KeyArn, LastUsage)> {
        let mut all = Vec::new();
        for part in &self.parts {
            let part = part.lock().unwrap_or_else(PoisonError::into_inner);
            all.extend(part.iter().map(|(arn, usage)| (arn.clone(), usage.clone())));
        }
        all
    }

    /// Forgets a use that is written, unless another one was noted since.
    fn written(&self, arn: &KeyArn, usage: &LastUsage) {
        let mut part = self.part(arn);
        if part.get(arn).is_some_and(|noted| noted.event_id == usage.event_id) {
            part.remove(arn);
        }
    }

    /// Forgets everything that is not written.
    pub(crate) fn clear(&self) {
        for part in &self.parts {
            part.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
    }
}

impl Service {
    /// The last use of a key that is known: noted here, or written by whatever node.
    pub(crate) async fn last_usage(&self, arn: &KeyArn) -> Result<Option<LastUsage>, KmsError> {
        let noted = self.last_usages.noted(arn);
        if noted.is_some() && self.freshness.is_none() {
            return Ok(noted);
        }
        let written = self.written_last_usage(arn).await?.map(|written| written.value);
        Ok(noted.into_iter().chain(written).max_by_key(|usage| usage.at))
    }

    async fn written_last_usage(
        &self,
        arn: &KeyArn,
    ) -> Result<Option<Versioned<LastUsage>>, KmsError> {
        let record = self.store.get(&last_usage_record_id(arn)).await.map_err(from_store)?;
        Ok(record.map(|record| self.records.open_last_usage(&record)).transpose()?)
    }

    /// The version of the record of a key's last use, if there is one.
    pub(crate) async fn last_usage_version(&self, arn: &KeyArn) -> Result<Option<u64>, KmsError> {
        let record = self.store.get(&last_usage_record_id(arn)).await.map_err(from_store)?;
        Ok(record.map(|record| record.version))
    }

    /// Writes what was noted. What fails, or loses a race, is tried again the next time.
    pub(crate) async fn write_last_usages(&self) {
        for some in self.last_usages.all().chunks(WRITTEN_AT_ONCE) {
            join_all(some.iter().map(async |(arn, usage)| {
                match self.write_last_usage(arn, usage).await {
                    Ok(true) => self.last_usages.written(arn, usage),
                    Ok(false) => {}
                    Err(error) => {
                        let cause = std::error::Error::source(&error).map(ToString::to_string);
                        tracing::warn!(%error, cause, key = %arn, "last usage not written");
                    }
                }
            }))
            .await;
        }
    }

    /// `false`: the key has changed, or another node has written a use as late.
    async fn write_last_usage(&self, arn: &KeyArn, usage: &LastUsage) -> Result<bool, KmsError> {
        let Some(key) = self.key(arn).await? else { return Ok(true) };
        let written = self.written_last_usage(arn).await?;
        if written.as_ref().is_some_and(|written| written.value.at >= usage.at) {
            // Another node has written a later use.
            return Ok(true);
        }
        let version_before = written.map_or(0, |written| written.version);
        let set = ChangeSet::new(&self.records)
            .put_last_usage(arn, usage, version_before)?
            .expect_key(&key.key);
        match self.commit(set).await {
            Ok(()) => Ok(true),
            Err(CommitError::Raced) => Ok(false),
            Err(CommitError::Failed(error)) => Err(error),
        }
    }
}

/// Records that are written at the same time, as many as the store puts into one transaction.
const WRITTEN_AT_ONCE: usize = 256;

const PARTS: u64 = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use trent_core::KeyRef;

    #[test]
    fn a_use_stays_noted_until_it_is_written() {
        let text = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        let Ok(KeyRef::Arn(arn)) = KeyRef::parse(text) else { panic!() };
        let usage = |event_id: &str| LastUsage {
            operation: KeyLastUsageTrackingOperation::Encrypt,
            at: Timestamp::UNIX_EPOCH,
            request_id: String::new(),
            event_id: event_id.to_owned(),
        };
        let usages = LastUsages::default();
        usages.note(arn.clone(), usage("first"));
        assert_eq!(usages.all().len(), 1);
        usages.note(arn.clone(), usage("second"));
        usages.written(&arn, &usage("first"));
        assert_eq!(usages.noted(&arn).unwrap().event_id, "second");
        usages.written(&arn, &usage("second"));
        assert!(usages.noted(&arn).is_none() && usages.all().is_empty());
    }
}
