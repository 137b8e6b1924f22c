//! Reading everything as it was at one point in time.

use async_trait::async_trait;

use crate::error::StoreError;
use crate::record::{Record, RecordId};

/// All records as they were when the snapshot was taken, whatever is written meanwhile.
///
/// It may keep the database from reclaiming space: it is to be dropped when it is not needed.
#[async_trait]
pub trait Snapshot: Send {
    /// How many records there are.
    fn records(&self) -> u64;

    /// The record `id`, if there was one.
    async fn get(&mut self, id: &RecordId) -> Result<Option<Record>, StoreError>;

    /// The next records in the order in which they were first written, at most `limit`. None are
    /// left when there is nothing in the answer.
    async fn next(&mut self, limit: u32) -> Result<Vec<Record>, StoreError>;
}
