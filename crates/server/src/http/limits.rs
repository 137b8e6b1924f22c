//! What a client may take of the server: time, connections, bytes.

use crate::config::{duration, size};
use serde::Deserialize;
use std::time::Duration;

/// Limits of HTTP and TLS. Whoever goes past one loses a request or a connection, nobody else does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    /// From the first byte of a request to the end of its headers.
    #[serde(deserialize_with = "duration")]
    pub(crate) header_timeout: Duration,
    /// From the end of the headers to the end of the body.
    #[serde(deserialize_with = "duration")]
    pub(crate) body_timeout: Duration,
    /// How long a connection may have no request running before it is closed.
    #[serde(deserialize_with = "duration")]
    pub(crate) idle_timeout: Duration,
    /// How long a TLS handshake may take.
    #[serde(deserialize_with = "duration")]
    pub(crate) handshake_timeout: Duration,
    /// Connections at the same time. Further ones wait in the queue of the operating system until
    /// one ends, so that a burst costs time and not errors.
    pub(crate) connections_max: u32,
    /// Requests that run at the same time on one HTTP/2 connection.
    pub(crate) http2_streams_max: u32,
    /// The body of a request.
    #[serde(deserialize_with = "size")]
    pub(crate) request_bytes_max: usize,
    /// The bodies of all requests that are being read or answered. A request that goes past it is
    /// answered with 503, which clients try again.
    #[serde(deserialize_with = "size")]
    pub(crate) all_requests_bytes_max: usize,
    /// How long new connections are still taken after the signal to stop, with readiness false, so
    /// that load balancers notice.
    #[serde(deserialize_with = "duration")]
    pub(crate) shutdown_delay: Duration,
    /// How long running requests may take after that.
    #[serde(deserialize_with = "duration")]
    pub(crate) shutdown_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(30),
            // Above the 60 s after which load balancers and the AWS SDK for Java give up idle
            // connections: it is better that clients close them.
            idle_timeout: Duration::from_secs(75),
            handshake_timeout: Duration::from_secs(10),
            connections_max: 4096,
            http2_streams_max: 128,
            // Above the largest legal request: an attestation document of 262,144 bytes in base64,
            // or a policy of 131,072 characters, escaped.
            request_bytes_max: 1024 * 1024,
            all_requests_bytes_max: 256 * 1024 * 1024,
            shutdown_delay: Duration::ZERO,
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}

/// The request line and all headers, in bytes.
pub(super) const HEADER_BYTES_MAX: u32 = 64 * 1024;

/// The headers of an HTTP/1 request.
pub(super) const HEADERS_MAX: usize = 100;
