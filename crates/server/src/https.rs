//! HTTPS to servers that an operator names: certified by known authorities, without following
//! redirects. What is asked, and how much of an answer is read, is the caller's matter.

use anyhow::{Context as _, Result, ensure};
use http_body_util::Full;
use hyper::Uri;
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) type HttpsClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Who asks.
pub(crate) const USER_AGENT: &str = concat!("trent/", env!("CARGO_PKG_VERSION"));

/// A client that trusts the authorities in the file, or else those of the system. It trusts whom
/// they trust now, so it is not to be kept for long.
pub(crate) async fn client(ca_file: Option<PathBuf>) -> Result<HttpsClient> {
    let authorities = tokio::task::spawn_blocking(move || match ca_file {
        Some(path) => authorities(&path),
        None => Ok(system_authorities()),
    });
    let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(authorities.await??)
        .with_no_client_auth();
    // Which addresses may be plain has been decided where they come from.
    let connector =
        HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
    Ok(Client::builder(TokioExecutor::new()).build(connector))
}

/// An address of which nobody on the way can change what goes there and comes back.
pub(crate) fn address(text: &str) -> Result<Uri> {
    ensure!(text.len() <= ADDRESS_BYTES_MAX, "it is longer than {ADDRESS_BYTES_MAX} characters");
    let url: Uri = text.parse().context("it is not an address")?;
    let host = url.host().unwrap_or_default();
    let is_this_machine = host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse()
            .is_ok_and(|address: std::net::IpAddr| address.is_loopback());
    let is_safe = match url.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => is_this_machine,
        _ => false,
    };
    let has_user = url.authority().is_some_and(|authority| authority.as_str().contains('@'));
    ensure!(is_safe && !has_user, "it is not an `https` address (`http` is for this machine only)");
    Ok(url)
}

/// The certificates of authorities in a PEM file.
pub(crate) fn authorities(path: &Path) -> Result<RootCertStore> {
    let read = || {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(path)? {
            roots.add(certificate?)?;
        }
        ensure!(!roots.is_empty(), "there is no certificate in it");
        anyhow::Ok(roots)
    };
    read().with_context(|| format!("reading certificates `{}`", path.display()))
}

fn system_authorities() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    // Systems have odd certificates among the others.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        tracing::warn!("the system trusts no certificate authority; a `ca_file` is needed");
    }
    roots
}

/// What servers commonly take.
const ADDRESS_BYTES_MAX: usize = 2048;
