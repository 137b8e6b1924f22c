//! Metrics for Prometheus: what is counted here and what the service tells, as a page of text.
//! `docs/metrics.md` says what each metric means.
//!
//! - [`requests`]: requests and how long they took; counting one costs some nanoseconds.
//! - [`process`]: what the operating system says of this process.
//! - [`exposition`]: all of it in the text format.

mod exposition;
mod process;
mod requests;

use exposition::Exposition;
use jiff::Timestamp;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use requests::Requests;
use std::fmt;
use std::sync::Arc;
use trent_service::Service;

/// What a server measures.
pub(crate) struct Metrics {
    /// Requests to the API.
    pub(crate) requests: Requests,
    service: Arc<Service>,
    /// Every connection that is open holds one.
    connection: Arc<()>,
    connections_max: u32,
    started: Timestamp,
}

impl Metrics {
    /// Of a server that starts now and may have `connections_max` connections.
    pub(crate) fn new(service: Arc<Service>, connections_max: u32) -> Arc<Self> {
        let (requests, started) = (Requests::new(), service.clock().real_now());
        let connection = Arc::new(());
        Arc::new(Self { requests, service, connection, connections_max, started })
    }

    /// Counts a connection as open as long as what is returned lives.
    pub(crate) fn connection(&self) -> Arc<()> {
        Arc::clone(&self.connection)
    }

    /// The page. What cannot be read, because the store fails, is not in it.
    pub(crate) async fn page(self: &Arc<Self>) -> Result<String, fmt::Error> {
        let readings = self.service.readings().await;
        if let Err(error) = &readings {
            let cause = std::error::Error::source(error).map(ToString::to_string);
            tracing::error!(%error, cause, "reading what is due for the metrics failed");
        }
        let mut registry = Registry::default();
        let exposition = Exposition { metrics: Arc::clone(self), readings: readings.ok() };
        registry.register_collector(Box::new(exposition));
        let mut page = String::new();
        encode(&mut page, &registry)?;
        Ok(page)
    }

    fn connections(&self) -> usize {
        Arc::strong_count(&self.connection) - 1
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// The media type of the page.
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
