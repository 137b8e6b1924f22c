//! A store that counts what is asked of it, and how long it takes for a commit.

use super::{Distribution, Histogram};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use trent_store::{Change, Changes, Kind, Record, RecordId, Snapshot, Store, StoreError};

/// What the store has done since the process started.
#[derive(Debug, Default)]
pub struct StoreCounts {
    written: AtomicU64,
    raced: AtomicU64,
    not_written: AtomicU64,
    commit_durations: Histogram,
    read: AtomicU64,
    not_read: AtomicU64,
}

impl StoreCounts {
    /// Change sets by what has become of them.
    pub fn commits(&self) -> [(&'static str, u64); 3] {
        [
            ("written", self.written.load(Ordering::Relaxed)),
            ("conflict", self.raced.load(Ordering::Relaxed)),
            ("failed", self.not_written.load(Ordering::Relaxed)),
        ]
    }

    /// How long commits took, whatever has become of them, waiting for others included.
    pub fn commit_durations(&self) -> Distribution {
        self.commit_durations.read()
    }

    /// Readings by what has become of them.
    pub fn readings(&self) -> [(&'static str, u64); 2] {
        [
            ("ok", self.read.load(Ordering::Relaxed)),
            ("failed", self.not_read.load(Ordering::Relaxed)),
        ]
    }
}

/// A store, measured.
pub(crate) struct MeasuredStore {
    store: Arc<dyn Store>,
    counts: Arc<StoreCounts>,
}

impl MeasuredStore {
    pub(crate) fn new(store: Arc<dyn Store>, counts: &Arc<StoreCounts>) -> Self {
        Self { store, counts: Arc::clone(counts) }
    }

    async fn written(
        &self,
        writing: impl Future<Output = Result<(), StoreError>>,
    ) -> Result<(), StoreError> {
        let began = Instant::now();
        let result = writing.await;
        self.counts.commit_durations.observe(began.elapsed());
        let count = match &result {
            Ok(()) => &self.counts.written,
            Err(StoreError::Conflict) => &self.counts.raced,
            Err(_) => &self.counts.not_written,
        };
        count.fetch_add(1, Ordering::Relaxed);
        result
    }

    async fn read<T>(
        &self,
        reading: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let result = reading.await;
        let count = if result.is_ok() { &self.counts.read } else { &self.counts.not_read };
        count.fetch_add(1, Ordering::Relaxed);
        result
    }
}

#[async_trait]
impl Store for MeasuredStore {
    async fn commit(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        self.written(self.store.commit(changes)).await
    }

    async fn get(&self, id: &RecordId) -> Result<Option<Record>, StoreError> {
        self.read(self.store.get(id)).await
    }

    async fn find(
        &self,
        kind: Kind,
        region: &str,
        name: &str,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        self.read(self.store.find(kind, region, name, limit)).await
    }

    async fn list(
        &self,
        kind: Kind,
        account: &str,
        region: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        self.read(self.store.list(kind, account, region, after, limit)).await
    }

    async fn list_names(
        &self,
        kind: Kind,
        account: &str,
        region: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        self.read(self.store.list_names(kind, account, region, after, limit)).await
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
        self.read(self.store.list_owned(kind, account, region, owner, after, limit)).await
    }

    async fn scan(&self, after: Option<&RecordId>, limit: u32) -> Result<Vec<Record>, StoreError> {
        self.read(self.store.scan(after, limit)).await
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        self.read(self.store.snapshot()).await
    }

    async fn due(&self, until: i64, limit: u32) -> Result<Vec<Record>, StoreError> {
        self.read(self.store.due(until, limit)).await
    }

    async fn due_in(&self, part: u32, until: i64, limit: u32) -> Result<Vec<Record>, StoreError> {
        self.read(self.store.due_in(part, until, limit)).await
    }

    async fn next_due(&self) -> Result<Option<i64>, StoreError> {
        self.read(self.store.next_due()).await
    }

    async fn count(&self, kind: Kind, account: &str, region: &str) -> Result<u64, StoreError> {
        self.read(self.store.count(kind, account, region)).await
    }

    async fn count_owned(
        &self,
        kind: Kind,
        account: &str,
        region: &str,
        owner: &str,
    ) -> Result<u64, StoreError> {
        self.read(self.store.count_owned(kind, account, region, owner)).await
    }

    async fn clear(&self) -> Result<(), StoreError> {
        self.store.clear().await
    }

    fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    async fn changes(&self, after: u64) -> Result<Changes, StoreError> {
        self.read(self.store.changes(after)).await
    }

    async fn await_change(&self, after: u64, at_most: Duration) {
        self.store.await_change(after, at_most).await;
    }

    async fn claim(&self, work: &str, node: &str, lease: Duration) -> Result<bool, StoreError> {
        self.store.claim(work, node, lease).await
    }

    async fn close(&self) {
        self.store.close().await;
    }
}
