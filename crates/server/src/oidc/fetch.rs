//! Fetching a small document over HTTPS: bounded, without following redirects. It sends nothing but
//! the request.

use crate::https::{HttpsClient, USER_AGENT};
use anyhow::{Context as _, Result, ensure};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{self, ACCEPT};
use hyper::{Request, StatusCode, Uri};
use trent_iam::web_identity::JWKS_BYTES_MAX;

/// The document at `url`, of at most [`JWKS_BYTES_MAX`].
pub(super) async fn get(client: &HttpsClient, url: &Uri) -> Result<Bytes> {
    let get = async {
        let request = Request::get(url)
            .header(ACCEPT, "application/json")
            .header(header::USER_AGENT, USER_AGENT)
            .body(Full::default())?;
        let response = client.request(request).await?;
        let status = response.status();
        ensure!(status == StatusCode::OK, "the answer is {status}");
        let body = Limited::new(response.into_body(), JWKS_BYTES_MAX).collect().await;
        Ok(body.map_err(anyhow::Error::from_boxed)?.to_bytes())
    };
    get.await.with_context(|| format!("fetching `{url}`"))
}
