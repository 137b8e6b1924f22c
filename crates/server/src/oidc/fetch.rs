//! Fetching a small document over HTTPS: bounded, certified by known authorities, without following
//! redirects. It sends nothing but the request.

use anyhow::{Context as _, Result, ensure};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, USER_AGENT};
use hyper::{Request, StatusCode, Uri};
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
use trent_iam::web_identity::JWKS_BYTES_MAX;

pub(super) type HttpsClient = Client<HttpsConnector<HttpConnector>, Empty<Bytes>>;

/// A client that trusts the authorities in the file, or else those of the system. It is made for
/// every use, so that it trusts whom they trust now.
pub(super) async fn client(ca_file: Option<PathBuf>) -> Result<HttpsClient> {
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

/// The document at `url`, of at most [`JWKS_BYTES_MAX`].
pub(super) async fn get(client: &HttpsClient, url: &Uri) -> Result<Bytes> {
    let get = async {
        let request = Request::get(url)
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("trent/", env!("CARGO_PKG_VERSION")))
            .body(Empty::new())?;
        let response = client.request(request).await?;
        let status = response.status();
        ensure!(status == StatusCode::OK, "the answer is {status}");
        let body = Limited::new(response.into_body(), JWKS_BYTES_MAX).collect().await;
        Ok(body.map_err(anyhow::Error::from_boxed)?.to_bytes())
    };
    get.await.with_context(|| format!("fetching `{url}`"))
}

/// The certificates of authorities in a PEM file.
pub(super) fn authorities(path: &Path) -> Result<RootCertStore> {
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
        tracing::warn!("the system trusts no certificate authority; OIDC issuers need a `ca_file`");
    }
    roots
}
