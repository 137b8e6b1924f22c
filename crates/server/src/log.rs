//! The log: what goes to standard error, and in which form.

use anyhow::{Context as _, Result};
use serde::Deserialize;
use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// The form of a line of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// An object of JSON.
    Json,
}

/// Reads what to log: a level, or a filter such as `trent_service=debug`.
pub(crate) fn filter(text: &str) -> Result<EnvFilter> {
    EnvFilter::builder().parse(text).with_context(|| {
        format!("`{text}` is neither error, warn, info, debug, trace nor a filter")
    })
}

/// Starts the log, once.
pub(crate) fn start(filter: EnvFilter, format: Format) {
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        Format::Text => log.with_ansi(std::io::stderr().is_terminal()).init(),
        Format::Json => log.json().flatten_event(true).init(),
    }
}

/// Whether the log has been started: before, errors are for standard error itself.
pub(crate) fn has_started() -> bool {
    tracing::dispatcher::has_been_set()
}
