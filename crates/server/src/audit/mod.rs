//! The audit log as files: chained, signed, rotated, verified.
//!
//! `docs/audit.md` says what is promised and what is not.

mod end;
mod folder;
mod line;
mod log;
mod verify;
mod writer;

pub(crate) use folder::{Line, Lines, LogFile, files};
pub(crate) use line::event_of;
pub(crate) use log::AuditLog;
pub(crate) use verify::{Expectations, Report, verify};

use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;

/// How an audit log is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuditSettings {
    /// The folder of the files. A device, `/dev/null`, takes the lines and keeps none.
    pub(crate) folder: PathBuf,
    pub(crate) durability: Durability,
    /// A file is followed by another when it has grown to this.
    pub(crate) file_bytes_max: u64,
    /// A file is followed by another when it has lines and is so old.
    pub(crate) age_max: Duration,
    /// Whether files that are followed by others are compressed.
    pub(crate) compress: bool,
}

/// When a record counts as kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Durability {
    /// The operating system has it: it survives the end of the process.
    Written,
    /// The disk has it: it survives the loss of power.
    Fsync,
}

impl AuditSettings {
    /// The defaults, in this folder.
    pub(crate) fn in_folder(folder: PathBuf) -> Self {
        Self {
            folder,
            durability: Durability::Written,
            file_bytes_max: FILE_BYTES_MAX as u64,
            age_max: AGE_MAX,
            compress: true,
        }
    }
}

/// The default size of a file.
pub(crate) const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The default age of a file.
pub(crate) const AGE_MAX: Duration = Duration::from_hours(24);

#[cfg(test)]
mod tests;
