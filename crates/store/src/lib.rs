//! The store of sealed records: opaque bytes with the few columns that queries need.
//!
//! There is one trait, [`Store`], with narrow reads and one write, [`Store::commit`]: atomic,
//! durable when it returns, with a precondition on every record it touches. The store decides
//! nothing. It knows no cryptography and no AWS: whoever calls it seals, opens and judges what it
//! returns.

mod error;
mod record;
mod snapshot;
mod sqlite;

use async_trait::async_trait;

pub use crate::error::StoreError;
pub use crate::record::{Change, Kind, RECORD_SCHEMA, Record, RecordId, bounds};
pub use crate::snapshot::Snapshot;
pub use crate::sqlite::{Inspection, SqliteStore};

/// Where the records live.
///
/// Names are ordered by their UTF-8 bytes. Every reading sees only what was committed, and
/// everything whose [`commit`](Self::commit) had returned before the reading began. A reading
/// never writes.
///
/// Every method may fail with [`StoreError::Unavailable`] and, where stored data cannot be
/// understood, [`StoreError::Damaged`]. A `limit` above [`bounds::LIMIT_MAX`] is
/// [`StoreError::InvalidRecord`].
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Applies `changes` in their order, all or none: the one write.
    ///
    /// When it returns `Ok`, everything is durable. A later change sees the earlier ones, so a
    /// precondition on a record that the same set has written is held against what it has
    /// written. An empty set succeeds and does nothing.
    ///
    /// Whoever drops the future before it is ready does not learn whether the set was applied; it
    /// is then applied as a whole or not at all, and others are not disturbed.
    ///
    /// # Errors
    /// - [`StoreError::Conflict`]: a precondition does not hold; nothing of the set is written.
    /// - [`StoreError::InvalidRecord`]: the set breaks one of the [`bounds`]; nothing is written.
    /// - [`StoreError::Unavailable`]: the write failed. When it failed while being made durable,
    ///   the set may have been applied as a whole: read again before you decide.
    async fn commit(&self, changes: Vec<Change>) -> Result<(), StoreError>;

    /// The record `id`, if there is one.
    async fn get(&self, id: &RecordId) -> Result<Option<Record>, StoreError>;

    /// The records of this kind, region and name in all accounts, in the order in which they were
    /// first written, at most `limit`.
    async fn find(
        &self,
        kind: Kind,
        region: &str,
        name: &str,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError>;

    /// The records of this kind, account and region in order of name, beginning after the name
    /// `after`, at most `limit`.
    async fn list(
        &self,
        kind: Kind,
        account: &str,
        region: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError>;

    /// The names that [`list`](Self::list) would return, without reading the records.
    async fn list_names(
        &self,
        kind: Kind,
        account: &str,
        region: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, StoreError>;

    /// The records of this kind, account and region that have this owner, in order of name,
    /// beginning after the name `after`, at most `limit`.
    async fn list_owned(
        &self,
        kind: Kind,
        account: &str,
        region: &str,
        owner: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError>;

    /// All records of every kind after the name `after`, at most `limit`, in an order that is
    /// always the same. Takes time in proportion to the answer.
    async fn scan(&self, after: Option<&RecordId>, limit: u32) -> Result<Vec<Record>, StoreError>;

    /// All records of every kind as they are at this point in time, whatever is written while they
    /// are read. A store in memory answers nobody else meanwhile.
    async fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError>;

    /// The records with `due_at <= until` in order of `due_at`, then in the order in which they
    /// were first written, at most `limit`.
    async fn due(&self, until: i64, limit: u32) -> Result<Vec<Record>, StoreError>;

    /// The smallest `due_at` of all records.
    async fn next_due(&self) -> Result<Option<i64>, StoreError>;

    /// How many records of this kind the account has in the region. Costs time in proportion to
    /// the answer.
    async fn count(&self, kind: Kind, account: &str, region: &str) -> Result<u64, StoreError>;

    /// How many records of a kind an owner has. Takes time in proportion to the answer.
    async fn count_owned(
        &self,
        kind: Kind,
        account: &str,
        region: &str,
        owner: &str,
    ) -> Result<u64, StoreError>;

    /// Removes every record, atomically and durably: development mode's reset.
    ///
    /// The one exception to "one write": it has no precondition, since it leaves nothing that
    /// could be inconsistent.
    async fn clear(&self) -> Result<(), StoreError>;

    /// Finishes what is queued, checkpoints and closes. Afterwards everything is
    /// [`StoreError::Unavailable`]. Closing again does nothing.
    async fn close(&self);
}
