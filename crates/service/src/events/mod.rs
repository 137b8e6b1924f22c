//! Events: what happened to a KMS key, told in the shape of Amazon EventBridge, and the outbox that
//! each sink of them has.
//!
//! INVARIANT (outbox): an event is written by the change set that it tells of, and removed when its
//! sink has taken it. So there is an event of every change that was committed, and of no other; it may
//! be delivered more than once, always under the same id.
//!
//! How events are delivered, and for how long that is tried, is the server's matter.

pub(crate) mod event;
pub(crate) mod outbox;

use std::sync::atomic::{AtomicU64, Ordering};

/// Where events go. Each sink has an outbox of its own, so that none waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventSink {
    /// A file.
    File,
    /// A server that is told by HTTPS.
    Webhook,
}

impl EventSink {
    /// Its name, which is in the names of records and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Webhook => "webhook",
        }
    }
}

/// What became of events since the process started, told by who delivers them.
#[derive(Debug, Default)]
pub struct EventCounts {
    /// Events that the sink has taken.
    pub delivered: Count,
    /// Attempts that failed; each event is tried again.
    pub failed: Count,
    /// Events that were given up.
    pub dropped: Count,
    /// Events that wait at present.
    pub waiting: Count,
}

/// A number that may be read while it changes.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds to it.
    pub fn add(&self, more: usize) {
        self.0.fetch_add(more as u64, Ordering::Relaxed);
    }

    /// Sets it.
    pub fn set(&self, value: usize) {
        self.0.store(value as u64, Ordering::Relaxed);
    }

    /// Its value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
