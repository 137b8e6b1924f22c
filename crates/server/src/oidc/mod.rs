//! The public keys of trusted token issuers (OpenID Connect): their configuration, and keeping them.
//!
//! Keys are got when a token needs them, never ahead: from a file, from an address, or from the
//! address that the issuer's discovery document names. They are got again when they are old, and
//! soon when a token names a key that is not among them; while that fails, the last ones go on
//! serving, for a day at most. Deliberately absent: anything about tokens.

mod fetch;

use crate::https::{self, address};
use anyhow::{Context as _, Result, bail, ensure};
use async_trait::async_trait;
use hyper::Uri;
use serde::Deserialize;
use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use tokio::time::Instant;
use trent_iam::web_identity::{JWKS_BYTES_MAX, Jwks};
use trent_service::web_identity::{Issuer, KeysUnavailable, WebIdentityKeys};

/// An issuer in the configuration file: `[[oidc.issuer]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OidcIssuer {
    /// Exactly the claim `iss` of its tokens: an `https` address, or `http` on this machine; at most
    /// 255 characters, as AWS has it.
    issuer: String,
    /// The audiences (client ids), of which a token must name one: 1 to 100 of 1 to 255 characters,
    /// as AWS has it.
    audiences: Vec<String>,
    /// A JSON Web Key Set; it is read again when tokens come.
    jwks_file: Option<PathBuf>,
    /// The address of a JSON Web Key Set. Without this and a file, the issuer's discovery document
    /// names it.
    jwks_url: Option<String>,
    /// Who certifies the servers of the addresses (PEM), in place of those that the system trusts.
    ca_file: Option<PathBuf>,
}

/// The keys of the configured issuers.
pub(crate) struct IssuerKeys {
    of: HashMap<String, Arc<KeptKeys>>,
}

impl IssuerKeys {
    /// Checks the configuration. Nothing is fetched yet: issuers may be down.
    pub(crate) fn configured(issuers: &[OidcIssuer]) -> Result<(Vec<Issuer>, Self)> {
        ensure!(issuers.len() <= ISSUERS_MAX, "there are more than {ISSUERS_MAX} OIDC issuers");
        let mut of = HashMap::with_capacity(issuers.len());
        let mut trusted = Vec::with_capacity(issuers.len());
        for issuer in issuers {
            let OidcIssuer { issuer: url, audiences, .. } = issuer;
            let source = source(issuer).with_context(|| format!("OIDC issuer `{url}`"))?;
            let kept = Arc::new(KeptKeys::new(url.clone(), source));
            ensure!(of.insert(url.clone(), kept).is_none(), "OIDC issuer `{url}` is there twice");
            trusted.push(Issuer { url: url.clone(), audiences: audiences.clone() });
        }
        Ok((trusted, Self { of }))
    }
}

#[async_trait]
impl WebIdentityKeys for IssuerKeys {
    async fn keys(&self, issuer: &str, key_id: Option<&str>) -> Result<Arc<Jwks>, KeysUnavailable> {
        let kept = self.of.get(issuer).ok_or(KeysUnavailable)?;
        kept.keys(key_id).await.ok_or(KeysUnavailable)
    }
}

/// Where the keys of an issuer come from.
enum Source {
    File(PathBuf),
    Address { url: Uri, ca_file: Option<PathBuf> },
    Discovery { document: Uri, ca_file: Option<PathBuf> },
}

/// The keys of one issuer.
struct KeptKeys {
    issuer: String,
    source: Source,
    pace: Pace,
    /// The last ones that were got.
    last: watch::Sender<Option<Known>>,
    /// When getting them was last begun. Who holds this gets them.
    begun: Arc<Mutex<Option<Instant>>>,
}

#[derive(Clone)]
struct Known {
    keys: Arc<Jwks>,
    since: Instant,
}

/// How often keys are got, and how long it may take.
struct Pace {
    /// Keys of this age are got again.
    refresh: Duration,
    /// The least time between two attempts.
    retry: Duration,
    timeout: Duration,
}

impl KeptKeys {
    fn new(issuer: String, source: Source) -> Self {
        let pace = if matches!(source, Source::File(_)) { PACE_OF_FILES } else { PACE };
        Self { issuer, source, pace, last: watch::Sender::new(None), begun: Arc::default() }
    }

    /// The keys, with one of this id if the issuer has it.
    async fn keys(self: &Arc<Self>, key_id: Option<&str>) -> Option<Arc<Jwks>> {
        let known = self.known();
        let suits = |known: &Known| key_id.is_none_or(|id| known.keys.names(id));
        let suited = known.filter(suits);
        if let Some(known) = &suited
            && known.since.elapsed() < self.pace.refresh
        {
            return Some(Arc::clone(&known.keys));
        }
        let begun = match (Arc::clone(&self.begun).try_lock_owned(), suited) {
            (Ok(begun), _) => begun,
            // Somebody else is getting them: these are merely old.
            (Err(_), Some(known)) => return Some(known.keys),
            (Err(_), None) => Arc::clone(&self.begun).lock_owned().await,
        };
        if begun.is_none_or(|begun| begun.elapsed() >= self.pace.retry) {
            // A task, which a client that hangs up does not end.
            let refreshed = tokio::spawn(Arc::clone(self).refresh(begun)).await;
            if let Err(error) = refreshed {
                tracing::error!(issuer = self.issuer, %error, "getting the keys of an issuer");
            }
        }
        self.known().map(|known| known.keys)
    }

    /// The last keys, unless they are too old to be believed.
    fn known(&self) -> Option<Known> {
        self.last.borrow().clone().filter(|known| known.since.elapsed() < KEYS_AGE_MAX)
    }

    async fn refresh(self: Arc<Self>, mut begun: OwnedMutexGuard<Option<Instant>>) {
        let since = Instant::now();
        *begun = Some(since);
        let got = tokio::time::timeout(self.pace.timeout, self.get()).await;
        match got.context("it took too long").flatten() {
            Ok(keys) => {
                if keys.is_empty() {
                    tracing::warn!(issuer = self.issuer, "the issuer has no usable keys");
                }
                self.last.send_replace(Some(Known { keys: Arc::new(keys), since }));
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::warn!(issuer = self.issuer, error, "no new keys of an issuer");
            }
        }
    }

    async fn get(&self) -> Result<Jwks> {
        let json = match &self.source {
            Source::File(path) => {
                let path = path.clone();
                tokio::task::spawn_blocking(move || file(&path)).await??.into()
            }
            Source::Address { url, ca_file } => {
                fetch::get(&https::client(ca_file.clone()).await?, url).await?
            }
            Source::Discovery { document, ca_file } => {
                let client = https::client(ca_file.clone()).await?;
                let found = fetch::get(&client, document).await?;
                fetch::get(&client, &keys_address(&self.issuer, &found)?).await?
            }
        };
        Ok(Jwks::parse(&json)?)
    }
}

/// What the configuration of an issuer says, checked.
fn source(issuer: &OidcIssuer) -> Result<Source> {
    let OidcIssuer { issuer: url, audiences, jwks_file, jwks_url, ca_file } = issuer;
    address(url).context("`issuer`")?;
    ensure!(
        url.len() <= ISSUER_BYTES_MAX && !url.contains(['?', '#']),
        "an issuer has at most {ISSUER_BYTES_MAX} characters and neither query nor fragment"
    );
    ensure!(
        (1..=AUDIENCES_MAX).contains(&audiences.len())
            && audiences.iter().all(|one| (1..=AUDIENCE_BYTES_MAX).contains(&one.len())),
        "`audiences` are 1 to {AUDIENCES_MAX} texts of 1 to {AUDIENCE_BYTES_MAX} characters"
    );
    if let Some(path) = ca_file {
        https::authorities(path)?;
    }
    let ca_file = ca_file.clone();
    Ok(match (jwks_file, jwks_url) {
        (Some(_), Some(_)) => bail!("`jwks_file` and `jwks_url` exclude each other"),
        (Some(_), None) if ca_file.is_some() => bail!("`ca_file` is not for a `jwks_file`"),
        (Some(path), None) => Source::File(path.clone()),
        (None, Some(text)) => {
            let url = address(text).context("`jwks_url`")?;
            Source::Address { url, ca_file }
        }
        (None, None) => {
            let document = format!("{}{DISCOVERY_PATH}", url.strip_suffix('/').unwrap_or(url));
            Source::Discovery { document: address(&document)?, ca_file }
        }
    })
}

/// Where the issuer's discovery document says its keys are.
fn keys_address(issuer: &str, document: &[u8]) -> Result<Uri> {
    /// OpenID Connect Discovery 1.0 §3, as far as it is of use here.
    #[derive(Deserialize)]
    struct Document {
        issuer: String,
        jwks_uri: String,
    }
    let document: Document =
        serde_json::from_slice(document).context("no discovery document of an issuer")?;
    // OpenID Connect Discovery 1.0 §4.3.
    ensure!(document.issuer == issuer, "the discovery document is of another issuer");
    let url = address(&document.jwks_uri).context("`jwks_uri` of the discovery document")?;
    // Else an issuer could have us ask services of this machine.
    let is_as_safe = url.scheme_str() == Some("https") || issuer.starts_with("http:");
    ensure!(is_as_safe, "`jwks_uri` of the discovery document is not an `https` address");
    Ok(url)
}

/// Reads a key set, or one byte too much of it.
fn file(path: &Path) -> Result<Vec<u8>> {
    let read = || {
        let mut json = Vec::new();
        let limit = u64::try_from(JWKS_BYTES_MAX)? + 1;
        std::fs::File::open(path)?.take(limit).read_to_end(&mut json)?;
        anyhow::Ok(json)
    };
    read().with_context(|| format!("reading key set `{}`", path.display()))
}

/// OpenID Connect Discovery 1.0 §4.
const DISCOVERY_PATH: &str = "/.well-known/openid-configuration";

const PACE: Pace = Pace {
    refresh: Duration::from_mins(10),
    retry: Duration::from_secs(30),
    timeout: Duration::from_secs(5),
};

/// A file is read again rather than watched: this sees every way in which files are replaced.
const PACE_OF_FILES: Pace = Pace {
    refresh: Duration::from_secs(5),
    retry: Duration::from_secs(5),
    timeout: Duration::from_secs(5),
};

/// A key that its issuer has withdrawn is not accepted for longer than this, whatever keeps the news
/// from coming.
const KEYS_AGE_MAX: Duration = Duration::from_hours(24);

/// AWS: IAM and STS quotas, "OpenID Connect identity providers".
const ISSUERS_MAX: usize = 100;

/// AWS: IAM API Reference, "CreateOpenIDConnectProvider".
const ISSUER_BYTES_MAX: usize = 255;
const AUDIENCES_MAX: usize = 100;
const AUDIENCE_BYTES_MAX: usize = 255;

#[cfg(test)]
mod tests;
