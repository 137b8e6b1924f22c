//! The quota of KMS keys in an account and Region (AWS KMS Developer Guide, "Resource quotas").
//!
//! Customer managed keys in any state count, AWS managed keys do not. The keys of an account and
//! Region are counted in the store once; from then on the number follows the commits of this
//! process. Of what other nodes change it is only known which keys: each may be new, and when that
//! could pass the quota, the keys are counted again. Requests that run at the same time may together
//! pass the quota by as many.

use crate::error::from_store;
use crate::service::Service;
use moka::sync::Cache;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use trent_api::enums::KeyManagerType;
use trent_api::{ErrorCode, KmsError};
use trent_core::{AccountId, KmsKey, Region};
use trent_store::Kind;

/// An account and a Region in it.
pub(crate) type Place = (AccountId, Region);

/// How many keys there are, of the places that were asked for.
pub(crate) struct KeyCounts {
    counts: Cache<Place, Arc<KeyCount>>,
    /// Those of all places.
    doubts: AtomicI64,
}

#[derive(Default)]
struct KeyCount {
    keys: AtomicI64,
    /// How many there may be more: keys that were changed, on whatever node, since they were counted.
    doubts: AtomicI64,
    /// Whether keys were created or deleted since they were counted.
    has_changed: AtomicBool,
}

impl KeyCounts {
    pub(crate) fn new() -> Self {
        Self { counts: Cache::new(PLACES_MAX), doubts: AtomicI64::new(0) }
    }

    /// Follows a commit. Places that nobody asked for are not counted.
    pub(crate) fn add(&self, changes: &[(Place, i64)]) {
        for (place, change) in changes {
            if let Some(count) = self.counts.get(place) {
                count.keys.fetch_add(*change, Ordering::Relaxed);
                count.has_changed.store(true, Ordering::Relaxed);
            }
        }
    }

    /// A key was made, changed or deleted on some node.
    pub(crate) fn doubt(&self, place: &Place) {
        self.doubts.fetch_add(1, Ordering::Relaxed);
        if let Some(count) = self.counts.get(place) {
            count.doubts.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        self.doubts.fetch_add(1, Ordering::Relaxed);
        self.counts.invalidate_all();
    }
}

/// Where the key counts, unless it is an AWS managed key.
pub(crate) fn counted_place(key: &KmsKey) -> Option<Place> {
    (key.manager == KeyManagerType::Customer).then(|| (key.account, key.region.clone()))
}

impl Service {
    /// Raises `LimitExceededException` where there may be no more keys.
    pub(crate) async fn check_key_quota(
        &self,
        account: AccountId,
        region: &Region,
    ) -> Result<(), KmsError> {
        let quota = self.settings.keys_per_region_max;
        let place = (account, region.clone());
        if let Some(count) = self.key_counts.counts.get(&place) {
            let doubts = count.doubts.load(Ordering::Relaxed);
            if count.keys.load(Ordering::Relaxed) + doubts < i64::from(quota) {
                return Ok(());
            }
            if doubts == 0 && !count.has_changed.load(Ordering::Relaxed) {
                return Err(exceeded(quota));
            }
            // Before anything is refused, the number is made sure of.
        }
        let before = self.key_counts.doubts.load(Ordering::Relaxed);
        let counted = self.counted_keys(&place).await?;
        let count = Arc::new(KeyCount { keys: AtomicI64::new(counted), ..KeyCount::default() });
        self.key_counts.counts.insert(place, Arc::clone(&count));
        // What was changed meanwhile may not have been counted.
        let doubts = self.key_counts.doubts.load(Ordering::Relaxed).wrapping_sub(before);
        count.doubts.fetch_add(doubts, Ordering::Relaxed);
        if counted < i64::from(quota) { Ok(()) } else { Err(exceeded(quota)) }
    }

    /// Counts the customer managed keys. Every AWS managed key has one alias of its own.
    async fn counted_keys(&self, (account, region): &Place) -> Result<i64, KmsError> {
        let (account, region) = (account.as_str(), region.as_str());
        let all = self.store.count(Kind::Key, account, region).await.map_err(from_store)?;
        let (after, limit) = (Some(MANAGED_PREFIX), MANAGED_MAX);
        let names = self.store.list_names(Kind::Alias, account, region, after, limit).await;
        let names = names.map_err(from_store)?;
        let managed = names.iter().filter(|name| name.starts_with(MANAGED_PREFIX)).count();
        i64::try_from(all.saturating_sub(managed as u64)).map_err(KmsError::internal)
    }
}

fn exceeded(quota: u32) -> KmsError {
    let message = format!(
        "Key quota for this account in this region is {quota} but the current number of keys has \
         reached it."
    );
    KmsError::new(ErrorCode::LimitExceeded, message)
}

/// What the names of the aliases of AWS managed keys begin with. No alias is called that alone.
const MANAGED_PREFIX: &str = "alias/aws/";

/// More AWS managed keys than there can be in an account and Region.
const MANAGED_MAX: u32 = 200;

/// Accounts and Regions whose keys are kept counted; others are counted again.
const PLACES_MAX: u64 = 10_000;
