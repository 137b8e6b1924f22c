//! What is found out when somebody asks for it.

use super::{CacheCounts, StoreCounts};
use crate::error::ServiceError;
use crate::service::Service;
use jiff::SignedDuration;
use trent_core::lifecycle::Job;

/// What the store says about the keys that something is to happen to.
#[derive(Clone, Debug)]
pub struct Readings {
    /// Keys of which a rotation is due and not done: more than none for longer than moments means
    /// that the jobs fail.
    pub rotations_overdue: u64,
    /// Key ARNs and the seconds until the first of their imported key materials expires, the next
    /// one first: at most 100 keys, within the next 14 days.
    pub expirations: Vec<(String, f64)>,
}

impl Service {
    /// Reads what is due. Takes time in proportion to the keys that are due within 14 days.
    pub async fn readings(&self) -> Result<Readings, ServiceError> {
        let now = self.clock.now();
        let horizon = now.saturating_add(HORIZON).unwrap_or(now);
        let mut readings = Readings { rotations_overdue: 0, expirations: Vec::new() };
        let due = self.store.due(horizon.as_millisecond(), DUE_MAX).await?;
        for (index, record) in due.iter().enumerate() {
            if index % OPENED_IN_A_ROW == OPENED_IN_A_ROW - 1 {
                // Requests wait meanwhile.
                tokio::task::yield_now().await;
            }
            // The jobs tell of damaged ones.
            let Ok(key) = self.records.open_key(record) else { continue };
            if let Some(job @ Job::Rotate(_)) = key.value.next_job() {
                readings.rotations_overdue += u64::from(job.due() <= now);
            }
            if let Some(expires) = key.value.next_expiration().filter(|expires| *expires <= horizon)
            {
                let left = expires.duration_since(now).as_secs_f64().max(0.0);
                readings.expirations.push((key.value.arn().to_string(), left));
            }
        }
        readings.expirations.sort_by(|(_, one), (_, other)| one.total_cmp(other));
        readings.expirations.truncate(EXPIRATIONS_MAX);
        Ok(readings)
    }

    /// What the caches have done, each with what it holds.
    pub fn cache_counts(&self) -> [(&'static str, CacheCounts); 3] {
        self.cache.counts()
    }

    /// What the store has done.
    pub fn store_counts(&self) -> &StoreCounts {
        &self.store_counts
    }
}

/// How far ahead expirations are told.
const HORIZON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Keys whose expirations are told.
const EXPIRATIONS_MAX: usize = 100;

/// Records that are read at most.
const DUE_MAX: u32 = trent_store::bounds::LIMIT_MAX;

/// Records that are opened before requests get their turn.
const OPENED_IN_A_ROW: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authenticate::Credentials;
    use crate::jobs::{Dating, Share};
    use crate::root_keys::RootKeys;
    use crate::service::Settings;
    use std::sync::Arc;
    use trent_core::{AccountId, AliasName, Region};
    use trent_keystore::root_key::Access;
    use trent_store::{SqliteStore, Store};

    #[tokio::test]
    async fn a_rotation_is_overdue_until_it_is_done() {
        let store = Arc::new(SqliteStore::open_in_memory().await.unwrap());
        let settings = Settings::new(Credentials::strict()).unwrap();
        let access = Access::File(vec![0xe7; 32].into());
        let root_keys = RootKeys::open(Arc::clone(&store) as _, access).await.unwrap();
        let service = Service::open(root_keys, settings).await.unwrap();
        let id = (
            AccountId::parse("111122223333").unwrap(),
            Region::parse("eu-west-1").unwrap(),
            AliasName::parse("alias/aws/s3").unwrap(),
        );
        let (key, alias) = service.new_managed_key(id, service.clock.now()).unwrap();
        assert!(service.create_managed_key(&key, &alias).await.is_ok());
        let overdue = async || service.readings().await.unwrap().rotations_overdue;
        assert_eq!(overdue().await, 0);
        service.clock.run_ahead(SignedDuration::from_hours(364 * 24));
        assert_eq!(overdue().await, 0);
        service.clock.run_ahead(SignedDuration::from_hours(366 * 24));
        assert_eq!(overdue().await, 1);
        assert_eq!(
            service.run_due(service.clock.now(), Dating::Now, &mut Share::of_all()).await.unwrap(),
            1
        );
        assert_eq!(overdue().await, 0);
        let failed = |service: &Service| service.store_counts().readings()[1].1;
        assert_eq!(failed(&service), 0);
        store.close().await;
        assert!(service.readings().await.is_err());
        assert_eq!(failed(&service), 1);
    }
}
