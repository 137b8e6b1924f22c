//! Delivery of events: what the service has put into the outboxes goes to a file and to a webhook.
//!
//! - [`queue`]: what waits and when it is tried next, in memory.
//! - [`delivery`]: the task of each sink, which empties its outbox.
//! - [`file`], [`webhook`] with its [`signature`]: the sinks.
//!
//! `docs/events.md` says what is promised.

mod delivery;
mod file;
mod queue;
mod signature;
mod webhook;

use crate::config::duration;
use crate::https;
use anyhow::{Context as _, Result, bail, ensure};
use delivery::Delivery;
use file::EventFile;
use serde::Deserialize;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use trent_service::Service;
use trent_service::events::EventSink;
use webhook::Webhook;

/// `[events]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Events {
    /// Lines of JSON are added to this file.
    pub(crate) file: Option<PathBuf>,
    webhook: WebhookSettings,
}

/// `[events.webhook]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WebhookSettings {
    /// An `https` address, or `http` on this machine.
    url: Option<String>,
    /// The secrets that sign, one a line.
    secret_file: Option<PathBuf>,
    /// Who certifies the server (PEM), in place of those that the system trusts.
    ca_file: Option<PathBuf>,
    /// How long one attempt may take.
    #[serde(deserialize_with = "duration")]
    timeout: Duration,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self { url: None, secret_file: None, ca_file: None, timeout: TIMEOUT }
    }
}

impl Events {
    /// The sinks. Everything is checked but whether they take something.
    pub(crate) fn sinks(&self) -> Result<Sinks> {
        let webhook = self.webhook.sink().context("`events.webhook`")?;
        Ok(Sinks { file: self.file.clone().map(EventFile::new), webhook })
    }
}

impl WebhookSettings {
    fn sink(&self) -> Result<Option<Webhook>> {
        let (timeout, least, most) = (self.timeout, TIMEOUTS.start(), TIMEOUTS.end());
        let is_fine = TIMEOUTS.contains(&timeout);
        ensure!(is_fine, "`timeout`: {timeout:?} is not between {least:?} and {most:?}");
        let (url, secret_file) = match (&self.url, &self.secret_file) {
            (Some(url), Some(secret_file)) => (url, secret_file.clone()),
            (None, None) if self.ca_file.is_none() => return Ok(None),
            (None, _) => bail!("`url` is missing"),
            (_, None) => bail!("`secret_file` is missing"),
        };
        let url = https::address(url).context("`url`")?;
        webhook::secrets(&secret_file).context("`secret_file`")?;
        if let Some(path) = &self.ca_file {
            https::authorities(path).context("`ca_file`")?;
        }
        Ok(Some(Webhook::new(url, secret_file, self.ca_file.clone(), timeout)))
    }
}

/// Where events go.
#[derive(Default)]
pub(crate) struct Sinks {
    file: Option<EventFile>,
    webhook: Option<Webhook>,
}

impl Sinks {
    /// A file alone, or nothing.
    pub(crate) fn of_file(path: Option<PathBuf>) -> Self {
        Self { file: path.map(EventFile::new), webhook: None }
    }

    /// Which there are. Fails when the file cannot be written.
    pub(crate) fn open(&self) -> Result<Vec<EventSink>> {
        let mut kinds = Vec::new();
        if let Some(file) = &self.file {
            file.open()?;
            kinds.push(EventSink::File);
        }
        kinds.extend(self.webhook.as_ref().map(|_| EventSink::Webhook));
        Ok(kinds)
    }

    /// Begins to deliver.
    pub(crate) fn start(self, service: &Arc<Service>) -> Deliveries {
        let (stop, stopped) = watch::channel(());
        let mut tasks = Vec::new();
        if let Some(file) = self.file {
            let delivery = Delivery::new(Arc::clone(service), file);
            tasks.push(tokio::spawn(delivery.run(stopped.clone())));
        }
        if let Some(webhook) = self.webhook {
            let delivery = Delivery::new(Arc::clone(service), webhook);
            tasks.push(tokio::spawn(delivery.run(stopped)));
        }
        Deliveries { stop, tasks }
    }
}

/// Deliveries under way.
pub(crate) struct Deliveries {
    stop: watch::Sender<()>,
    tasks: Vec<JoinHandle<()>>,
}

impl Deliveries {
    /// Ends them; what is under way gets a moment. What was not delivered stays in the outboxes.
    pub(crate) async fn end(self) {
        self.stop.send_replace(());
        for mut task in self.tasks {
            if tokio::time::timeout(END, &mut task).await.is_err() {
                task.abort();
                let _ = task.await;
            }
        }
    }
}

/// The usual bound of an attempt.
const TIMEOUT: Duration = Duration::from_secs(10);

const TIMEOUTS: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_mins(1);

/// What an attempt may still take when the server ends.
const END: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let events: Events = toml::from_str(text).unwrap();
        format!("{:#}", events.sinks().err().unwrap())
    }

    #[test]
    fn a_webhook_is_checked_before_anything_starts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").unwrap();
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, private).unwrap();
        let secret = format!("secret_file = {path:?}\n");
        let with = |url: &str| format!("[webhook]\n{secret}url = \"{url}\"\n");
        for url in ["https://example.com/kms", "http://127.0.0.1:1", "http://localhost/x"] {
            let events: Events = toml::from_str(&with(url)).unwrap();
            assert_eq!(events.sinks().unwrap().open().unwrap(), [EventSink::Webhook], "{url}");
        }
        for url in ["http://example.com", "ftp://example.com", "https://me:you@example.com", ""] {
            let said = refused(&with(url));
            assert!(said.starts_with("`events.webhook`: `url`"), "{url}: {said}");
            assert!(!said.contains("you"), "{said}");
        }
        assert!(refused(&format!("[webhook]\n{secret}")).contains("`url` is missing"));
        assert!(refused("[webhook]\nca_file = 'x'").contains("`url` is missing"));
        let alone = "[webhook]\nurl = 'https://example.com'";
        assert!(refused(alone).contains("`secret_file` is missing"));
        let absent = format!("{alone}\nsecret_file = '/nowhere/secret'");
        assert!(refused(&absent).contains("`secret_file`"));
        for timeout in ["0s", "2m"] {
            let text = format!("[webhook]\ntimeout = '{timeout}'");
            assert!(refused(&text).contains("`timeout`"));
        }
        let authorities = format!("{}ca_file = '/nowhere/ca'", with("https://example.com"));
        assert!(refused(&authorities).contains("`ca_file`"));
        assert!(Events::default().sinks().unwrap().open().unwrap().is_empty());
    }
}
