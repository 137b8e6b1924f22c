//! The audit log: a CloudTrail record of each request, kept before its answer leaves, and of what
//! the jobs do.
//!
//! INVARIANT (no audit, no answer): an answer leaves only after the sink has kept the record of its
//! request. Where records are kept, and how they are protected, is the sink's matter.
//!
//! AWS: AWS KMS Developer Guide, "Logging AWS KMS API calls with AWS CloudTrail"; AWS CloudTrail
//! User Guide, "CloudTrail record contents".

pub(crate) mod collector;
pub(crate) mod entry;
mod identity;
mod parameters;
mod record;
pub(crate) mod service_event;
mod signing_key;

pub(crate) use signing_key::SETTING as AUDIT_SIGNING_KEY;
pub use signing_key::{existing_signing_key, signing_key};

use std::sync::Arc;
use tokio::sync::oneshot;

/// Where records go.
pub trait AuditSink: Send + Sync {
    /// Takes over a record, an object of JSON in one line without its end. What is returned says
    /// whether it was kept, and need not be waited for. Whoever calls this calls `flush` afterwards.
    fn record(&self, record: Vec<u8>) -> Kept;

    /// Sees to it that what was taken over is kept soon. May write, as a file is written.
    fn flush(&self);

    /// Why records cannot be kept at present. Requests are refused meanwhile.
    fn failure(&self) -> Option<AuditError>;

    /// Keeps what was taken over, and then takes over no more.
    fn close(&self);
}

/// Tells whether a record was kept. A sink that is gone has not kept it.
pub type Kept = oneshot::Receiver<Result<(), AuditError>>;

/// Why a record was not kept.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the audit log cannot be written: {0}")]
pub struct AuditError(pub Arc<str>);

impl AuditError {
    /// The sink ended before it answered.
    pub(crate) fn ended() -> Self {
        Self("it has ended".into())
    }
}
