//! The store as the service reads it: what comes out of it is under keys that are at hand.
//!
//! Another process may have changed the store key and sealed things under it a moment ago. Whatever
//! reads such a thing takes the new key over first.

use super::RootKeys;
use super::table::table_id;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use trent_crypto::store_key::sealed_under;
use trent_store::{Change, Changes, Kind, Record, RecordId, Snapshot, Store, StoreError};

pub(super) struct CheckedStore {
    keys: Arc<RootKeys>,
}

impl CheckedStore {
    pub(super) fn new(keys: Arc<RootKeys>) -> Self {
        Self { keys }
    }

    async fn with_keys(&self, records: Vec<Record>) -> Vec<Record> {
        let is_unknown = |record: &Record| {
            let known = |id| self.keys.ring.find(id).is_some();
            record.id != table_id() && sealed_under(&record.sealed).is_ok_and(|id| !known(id))
        };
        if records.iter().any(is_unknown)
            && let Err(error) = self.keys.refresh().await
        {
            // Whoever opens the record will say so, too.
            tracing::error!(%error, "the store keys cannot be opened");
        }
        records
    }
}

#[async_trait]
impl Store for CheckedStore {
    async fn commit(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        // Another reading may be taking over the new keys just now, which is waited for.
        if self.keys.is_stale() {
            let _ = self.keys.refresh().await;
        }
        if self.keys.is_stale() {
            let cause = "the store key has changed, and the new one cannot be opened";
            return Err(StoreError::Unavailable(Arc::from(Box::from(cause))));
        }
        self.keys.store.commit(changes).await
    }

    async fn get(&self, id: &RecordId) -> Result<Option<Record>, StoreError> {
        let found = self.keys.store.get(id).await?;
        Ok(self.with_keys(found.into_iter().collect()).await.pop())
    }

    async fn find(
        &self,
        kind: Kind,
        region: &str,
        name: &str,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        Ok(self.with_keys(self.keys.store.find(kind, region, name, limit).await?).await)
    }

    async fn list(
        &self,
        kind: Kind,
        account: &str,
        region: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        let found = self.keys.store.list(kind, account, region, after, limit).await?;
        Ok(self.with_keys(found).await)
    }

    async fn list_names(
        &self,
        kind: Kind,
        account: &str,
        region: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        self.keys.store.list_names(kind, account, region, after, limit).await
    }

    async fn list_owned(
        &self,
        kind: Kind,
        account: &str,
        region: &str,
        owner: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        let found = self.keys.store.list_owned(kind, account, region, owner, after, limit).await?;
        Ok(self.with_keys(found).await)
    }

    async fn scan(&self, after: Option<&RecordId>, limit: u32) -> Result<Vec<Record>, StoreError> {
        Ok(self.with_keys(self.keys.store.scan(after, limit).await?).await)
    }

    /// Whoever reads a snapshot takes the store keys from it.
    async fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        self.keys.store.snapshot().await
    }

    async fn due(&self, until: i64, limit: u32) -> Result<Vec<Record>, StoreError> {
        Ok(self.with_keys(self.keys.store.due(until, limit).await?).await)
    }

    async fn due_in(&self, part: u32, until: i64, limit: u32) -> Result<Vec<Record>, StoreError> {
        Ok(self.with_keys(self.keys.store.due_in(part, until, limit).await?).await)
    }

    async fn next_due(&self) -> Result<Option<i64>, StoreError> {
        self.keys.store.next_due().await
    }

    async fn count(&self, kind: Kind, account: &str, region: &str) -> Result<u64, StoreError> {
        self.keys.store.count(kind, account, region).await
    }

    async fn count_owned(
        &self,
        kind: Kind,
        account: &str,
        region: &str,
        owner: &str,
    ) -> Result<u64, StoreError> {
        self.keys.store.count_owned(kind, account, region, owner).await
    }

    async fn clear(&self) -> Result<(), StoreError> {
        self.keys.store.clear().await
    }

    fn is_shared(&self) -> bool {
        self.keys.store.is_shared()
    }

    async fn changes(&self, after: u64) -> Result<Changes, StoreError> {
        self.keys.store.changes(after).await
    }

    async fn await_change(&self, after: u64, at_most: Duration) {
        self.keys.store.await_change(after, at_most).await;
    }

    async fn claim(&self, work: &str, node: &str, lease: Duration) -> Result<bool, StoreError> {
        self.keys.store.claim(work, node, lease).await
    }

    async fn close(&self) {
        self.keys.store.close().await;
    }
}
