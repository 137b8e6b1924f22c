//! `trent serve`: a KMS as a configuration file says, for production.

use crate::config::Config;
use crate::data_dir::DataDir;
use crate::hardening::lock_memory;
use crate::http::{Control, Server};
use crate::oidc::IssuerKeys;
use crate::start::{
    RequestQuotas, allow_descriptors, attestation_roots, block_on, listen, open_service, say,
};
use crate::tls::TlsFiles;
use crate::{log, shutdown};
use anyhow::{Context as _, Result, ensure};
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use trent_service::web_identity::WebIdentities;
use trent_service::{Credentials, Settings};

/// The options of `trent serve`.
#[derive(Args)]
#[command(after_help = "\
    Every setting can also be given in the environment, where it goes before the file: \
    TRENT_SERVE__LISTEN, TRENT_SERVE__TLS__CERTIFICATE, and so on. docs/trent.toml explains each.")]
pub(crate) struct Serve {
    /// The configuration, a TOML file; without it, the environment and the defaults say everything
    #[arg(long, env = "TRENT_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    /// Check configuration, TLS files and data directory, and start nothing
    #[arg(long)]
    check: bool,
}

impl Serve {
    /// Runs until SIGTERM or SIGINT.
    pub(crate) fn run(self, log: Option<&str>) -> Result<()> {
        let config = Config::load(self.config.as_deref(), std::env::vars_os())?;
        let name =
            self.config.map_or("configuration".to_owned(), |path| path.display().to_string());
        if self.check {
            check(&config).with_context(|| name.clone())?;
            return say(&format!("{name}: ok\n"));
        }
        let filter = match log {
            Some(log) => super::log_filter(log)?,
            None => log::filter(&config.log.level)?,
        };
        log::start(filter, config.log.format);
        lock_memory(config.memory.lock).context("`memory.lock`").with_context(|| name.clone())?;
        block_on(serve(config, name))
    }
}

/// The settings of a service in production.
fn settings(config: &Config) -> Result<Settings> {
    let (issuers, keys) = IssuerKeys::configured(&config.oidc.issuer)?;
    let has_issuers = !issuers.is_empty();
    Ok(Settings {
        regions: config.regions.clone(),
        attestation_roots: attestation_roots(config.attestation.roots.as_deref())?,
        throttle: config.quotas.requests == RequestQuotas::Aws,
        keys_per_region_max: config.quotas.keys_per_region,
        cached_keys_max: config.cache.keys,
        staleness_bound: config.store.staleness_bound,
        web_identities: has_issuers.then(|| WebIdentities { issuers, keys: Arc::new(keys) }),
        ..Settings::new(Credentials::strict())?
    })
}

/// Checks what can be checked of a configuration without its data directory.
pub(super) fn check_settings(config: &Config) -> Result<()> {
    if let Some(files) = config.tls()? {
        files.load()?;
    }
    settings(config)?;
    config.events.sinks().map(drop)
}

fn check(config: &Config) -> Result<()> {
    check_settings(config)?;
    DataDir::check(&config.data_dir, &config.root_key.source(), &config.store.source()?)
        .context("`data_dir`")
}

async fn serve(config: Config, name: String) -> Result<()> {
    let tls = config.tls()?.map(TlsFiles::watched).transpose().with_context(|| name.clone())?;
    let root_key = config.root_key.source();
    let store = config.store.source().with_context(|| name.clone())?.existing();
    let directory = DataDir::open(&config.data_dir, &root_key, &store)
        .context("`data_dir`")
        .with_context(|| name.clone())?;
    let mut settings = settings(&config).context(name.clone())?;
    let events = config.events.sinks().context(name.clone())?;
    settings.event_sinks = events.open()?;
    let audit = config.audit.settings(&config.data_dir);
    if audit.is_none() {
        tracing::warn!(
            "THE AUDIT LOG IS OFF (`audit.dangerously_off`): nothing will show who did what"
        );
    }
    let service = open_service(Some(&directory), &root_key, &store, settings, audit)
        .await
        .with_context(|| name.clone())?;
    ensure!(
        service.clock().offset().is_zero(),
        "the clock of the store `{}` was moved ahead by {} in development mode: rotations and \
         deletions in it are not of this time, and `trent serve` does not use it",
        store.url(directory.path()),
        service.clock().offset()
    );
    allow_descriptors(config.http.connections_max);
    // Whoever reloads a server without TLS files must not end it.
    let _ignored_hang_up = signal(SignalKind::hangup())?;
    let stop = shutdown::signal()?;
    let listener = listen(config.listen).await?;
    let address = listener.local_addr()?;
    let beside = match config.metrics.listen {
        Some(address) => Some(listen(address).await.context("`metrics.listen`")?),
        None => None,
    };
    let scheme = if tls.is_some() { "https" } else { "http" };
    if tls.is_none() && !address.ip().is_loopback() {
        tracing::warn!(%address, "plain HTTP: whoever is on the way reads plaintexts and data keys");
    }
    tracing::info!(version = env!("CARGO_PKG_VERSION"), %address, scheme, "serving");
    say(&format!(
        "Trent {} speaks the AWS KMS API on {scheme}://{address}\nReady.\n",
        env!("CARGO_PKG_VERSION")
    ))?;
    Server { service, control: Control::Production, limits: config.http, tls }
        .serve(listener, beside, events, stop)
        .await?;
    tracing::info!("ended");
    Ok(())
}
