//! Where the store is: what is said in the configuration or on the command line. A password in it
//! appears in no message.

use crate::config::{Config, duration};
use crate::files;
use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use trent_service::STALENESS_BOUND;
use trent_store::{Store, StoreUrl, UrlError};

/// `[store]`
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StoreConfig {
    #[serde(deserialize_with = "url")]
    url: Option<StoreUrl>,
    password_file: Option<PathBuf>,
    #[serde(deserialize_with = "duration")]
    pub(crate) staleness_bound: Duration,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { url: None, password_file: None, staleness_bound: STALENESS_BOUND }
    }
}

/// Where the store is said to be, and whether it must be there already. A store in a file is looked
/// for by the data directory.
#[derive(Clone, Debug, Default)]
pub(crate) struct StoreSource {
    url: Option<StoreUrl>,
    must_exist: bool,
}

/// Where the store is, on the command line.
#[derive(Args)]
pub(crate) struct StoreOption {
    /// Where the store is: sqlite:PATH or postgres://USER@HOST/DATABASE [default: what the
    /// configuration says, or trent.db in the data directory]
    #[arg(long, env = "TRENT_STORE_URL", value_name = "URL", hide_env_values = true)]
    #[arg(global = true)]
    store_url: Option<String>,
}

impl StoreConfig {
    /// Where the store is. Reads the file of the password, if there is one.
    pub(crate) fn source(&self) -> Result<StoreSource> {
        let url = self.url.clone();
        let Some(path) = &self.password_file else { return Ok(StoreSource::of(url)) };
        let password =
            files::read_secret(path, PASSWORD_BYTES_MAX).context("`store.password_file`")?;
        let password = password.trim_end_matches(['\r', '\n']);
        Ok(StoreSource::of(url.map(|url| url.with_password(password))))
    }
}

impl StoreOption {
    /// Where the store is: what is given goes before the configuration.
    pub(crate) fn source(&self, config: Option<&Config>) -> Result<StoreSource> {
        match (&self.store_url, config) {
            (Some(text), _) => {
                StoreSource::parse(text).map_err(|error| anyhow!("--store-url: {error}"))
            }
            (None, Some(config)) => config.store.source(),
            (None, None) => Ok(StoreSource::default()),
        }
    }
}

impl StoreSource {
    fn of(url: Option<StoreUrl>) -> Self {
        Self { url, must_exist: false }
    }

    /// Where a text says that the store is.
    pub(crate) fn parse(text: &str) -> Result<Self, UrlError> {
        text.parse().map(|url| Self::of(Some(url)))
    }

    /// The same, but where there is no store, none is begun.
    #[must_use]
    pub(crate) fn existing(self) -> Self {
        Self { must_exist: true, ..self }
    }

    /// Where the store is; `data_dir` is the data directory.
    pub(crate) fn url(&self, data_dir: &Path) -> StoreUrl {
        self.url.clone().unwrap_or_else(|| StoreUrl::sqlite(data_dir.join(FILE)))
    }

    /// Opens the store; `data_dir` is the data directory.
    pub(crate) async fn open(&self, data_dir: &Path) -> Result<Arc<dyn Store>> {
        let url = self.url(data_dir);
        let opened = if self.must_exist { url.open_existing().await } else { url.open().await };
        opened.with_context(|| format!("store `{url}`"))
    }

    /// The file of the store, if it is one.
    pub(crate) fn file(&self, data_dir: &Path) -> Option<PathBuf> {
        self.url(data_dir).path().map(Path::to_owned)
    }

    /// Whether it is elsewhere than in the data directory.
    pub(crate) fn is_given(&self) -> bool {
        self.url.is_some()
    }
}

fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<StoreUrl>, D::Error> {
    String::deserialize(deserializer)?.parse().map(Some).map_err(D::Error::custom)
}

/// The store in a data directory.
const FILE: &str = "trent.db";

const PASSWORD_BYTES_MAX: u64 = 4096;
