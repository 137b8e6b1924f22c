//! The store of sealed records: opaque bytes with the few columns that queries need.
//!
//! There is one trait, [`Store`], with narrow reads and one write, [`Store::commit`]: atomic,
//! durable when it returns, with a precondition on every record it touches. The store decides
//! nothing. It knows no cryptography and no AWS: whoever calls it seals, opens and judges what it
//! returns.

mod error;
mod plan;
mod postgres;
mod record;
mod row;
mod snapshot;
mod sqlite;
mod url;
mod writer;

use std::time::Duration;

use async_trait::async_trait;

pub use crate::error::StoreError;
pub use crate::record::{Change, Kind, RECORD_SCHEMA, Record, RecordId, bounds};
pub use crate::snapshot::Snapshot;
pub use crate::sqlite::{Inspection, SqliteStore};
pub use crate::url::{StoreUrl, UrlError};

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

    /// Those of [`due`](Self::due) that are in one part of all records ([`RecordId::part`]). Takes
    /// time in proportion to what is due in all parts: better much at once than little often.
    async fn due_in(&self, part: u32, until: i64, limit: u32) -> Result<Vec<Record>, StoreError>;

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

    /// Whether other nodes read and write the same records, so that what was read a while ago may
    /// be old. Where they do not, [`changes`](Self::changes) never tells of any.
    fn is_shared(&self) -> bool;

    /// What the commits of all nodes, this one among them, have changed after the sequence
    /// `after`; a node begins with 0, or with the sequence that it was told last.
    ///
    /// It asks the database itself, so that an answer is proof that it was reached: it holds
    /// everything whose [`commit`](Self::commit) had returned, on whatever node, before the call
    /// began.
    async fn changes(&self, after: u64) -> Result<Changes, StoreError>;

    /// Returns when there may be a change after the sequence `after`, and at the latest after
    /// `at_most`. It is a hint that may be missing: only [`changes`](Self::changes) tells.
    async fn await_change(&self, after: u64, at_most: Duration);

    /// Claims a piece of work by its name for a node, for as long as `lease` from now, by the clock
    /// of the database. The node that has it may claim it again, which prolongs it or, with no
    /// `lease`, gives it up. False: another node has it. Always true where nodes share nothing.
    ///
    /// It saves work and is no lock: a node that was stopped for longer than `lease` does not know
    /// that another one has begun. What is written is held together by the preconditions of
    /// [`commit`](Self::commit).
    ///
    /// # Errors
    /// [`StoreError::InvalidRecord`], when `work` or `node` is no name within the [`bounds`].
    async fn claim(&self, work: &str, node: &str, lease: Duration) -> Result<bool, StoreError>;

    /// Finishes what is queued, checkpoints and closes. Afterwards everything is
    /// [`StoreError::Unavailable`]. Closing again does nothing.
    async fn close(&self);
}

/// What was changed since a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// How far this tells: what to ask for next. Never less than what was asked for, unless the
    /// database was restored to an earlier state; then `records` is none.
    pub sequence: u64,
    /// The records that were written or removed, each once; not those that were only sealed anew. None: it
    /// cannot be told any more; anything may have changed.
    pub records: Option<Vec<RecordId>>,
}
