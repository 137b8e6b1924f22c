//! Who signed a request, and what an IAM policy says about it.
//!
//! Everything here is pure: no I/O, no clock, no async. Deliberately without any notion of a KMS
//! key: the names of the service and its resources come in as text.

pub mod arn;
pub mod policy;
pub mod sigv4;
pub mod web_identity;

/// An HTTP request as it came from the network, as far as its signature is concerned.
///
/// Deliberately without `Debug`: bodies hold plaintexts, headers hold tokens.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The method, as sent.
    pub method: &'a str,
    /// The path, raw: still percent-encoded.
    pub path: &'a str,
    /// The query, raw, without the `?`; empty if there is none.
    pub query: &'a str,
    /// The headers in the order of the wire, names in any case. `:authority` of HTTP/2 comes as
    /// `host`.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The whole body.
    pub body: &'a [u8],
}
