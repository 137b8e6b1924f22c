//! The webhook: each event is posted on its own and signed. Redirects are not followed, and of an
//! answer little more than its status is read.

use super::delivery::{Event, Sink, Undelivered};
use super::queue::Retry;
use super::signature::Secrets;
use crate::files;
use crate::https::{self, HttpsClient, USER_AGENT};
use anyhow::Result;
use futures_util::future::join_all;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{self, CONTENT_TYPE};
use hyper::{Request, StatusCode, Uri};
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::{Instant, timeout};
use trent_service::events::EventSink;

/// A server that is told of events.
pub(crate) struct Webhook {
    /// Whoever knows its path may be able to post there: it is not logged.
    url: Uri,
    secret_file: PathBuf,
    ca_file: Option<PathBuf>,
    timeout: Duration,
    /// Kept for its connections, and since when.
    client: Option<(Instant, HttpsClient)>,
}

impl Webhook {
    pub(super) fn new(
        url: Uri,
        secret_file: PathBuf,
        ca_file: Option<PathBuf>,
        timeout: Duration,
    ) -> Self {
        Self { url, secret_file, ca_file, timeout, client: None }
    }

    /// Files are read again, so that they can be replaced at any time.
    async fn prepared(&mut self) -> Result<(HttpsClient, Secrets)> {
        let path = self.secret_file.clone();
        let secrets = tokio::task::spawn_blocking(move || secrets(&path)).await??;
        if let Some((made, client)) = &self.client
            && made.elapsed() < CLIENT_AGE_MAX
        {
            return Ok((client.clone(), secrets));
        }
        let client = https::client(self.ca_file.clone()).await?;
        self.client = Some((Instant::now(), client.clone()));
        Ok((client, secrets))
    }

    async fn post(
        &self,
        client: &HttpsClient,
        secrets: &Secrets,
        event: &Event,
        now: Timestamp,
    ) -> Result<StatusCode> {
        let (id, timestamp) = (event.id.to_string(), now.as_second());
        let request = Request::post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, USER_AGENT)
            .header("webhook-id", &id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", secrets.sign(&id, timestamp, &event.json))
            .body(Full::new(Bytes::copy_from_slice(&event.json)))?;
        let response = client.request(request).await?;
        let status = response.status();
        // The connection can be used again when the answer has been read.
        let _ = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
        Ok(status)
    }

    async fn delivered(
        &self,
        client: &HttpsClient,
        secrets: &Secrets,
        event: &Event,
        now: Timestamp,
    ) -> Result<(), Undelivered> {
        let host = self.url.authority().map_or("", |authority| authority.as_str());
        let failed = |cause: &dyn std::fmt::Display| {
            Err(Undelivered::Failed(format!("posting to `{host}`: {cause}")))
        };
        match timeout(self.timeout, self.post(client, secrets, event, now)).await {
            Ok(Ok(status)) if status.is_success() => Ok(()),
            Ok(Ok(StatusCode::GONE)) => Err(Undelivered::Gone),
            Ok(Ok(status)) => failed(&format_args!("the answer is {status}")),
            Ok(Err(error)) => failed(&format_args!("{error:#}")),
            Err(_) => failed(&format_args!("no answer within {:?}", self.timeout)),
        }
    }
}

impl Sink for Webhook {
    const KIND: EventSink = EventSink::Webhook;
    const BATCH: usize = 8;
    const RETRY: Retry = Retry { first: Duration::from_secs(5), most: Duration::from_hours(1) };
    const IS_QUICK: bool = false;

    async fn deliver(&mut self, events: &[Event], now: Timestamp) -> Vec<Result<(), Undelivered>> {
        let (client, secrets) = match self.prepared().await {
            Ok(prepared) => prepared,
            Err(error) => {
                return vec![Err(Undelivered::Failed(format!("{error:#}"))); events.len()];
            }
        };
        let webhook = &*self;
        join_all(events.iter().map(|event| webhook.delivered(&client, &secrets, event, now))).await
    }
}

/// Reads the secrets of a webhook.
pub(super) fn secrets(path: &Path) -> Result<Secrets> {
    Secrets::parse(&files::read_secret(path, SECRETS_BYTES_MAX)?)
}

/// How long authorities are trusted that were read.
const CLIENT_AGE_MAX: Duration = Duration::from_mins(1);

/// Answers are not looked at.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

const SECRETS_BYTES_MAX: u64 = 4096;
