//! What all servers start with: the runtime, the store and the service over it, the address.

use crate::audit::{AuditLog, AuditSettings};
use crate::data_dir::DataDir;
use crate::files;
use crate::root_key::RootKeySource;
use anyhow::{Context as _, Result};
use clap::ValueEnum;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Deserialize;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use trent_crypto::attestation::{ROOTS_BYTES_MAX, Roots};
use trent_keystore::root_key::Access;
use trent_service::audit::signing_key;
use trent_service::root_keys::RootKeys;
use trent_service::{AWS_NITRO_ROOT, Service, Settings};
use trent_store::{SqliteStore, StoreError};

/// Runs a future to its end, on all processors.
pub(crate) fn block_on(work: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// Opens the service over the store of a data directory, or over one in memory, with an audit log
/// if there is to be one.
pub(crate) async fn open_service(
    directory: Option<&DataDir>,
    root_key: &RootKeySource,
    mut settings: Settings,
    audit: Option<AuditSettings>,
) -> Result<Arc<Service>> {
    let (store, access) = if let Some(directory) = directory {
        let access = root_key.access(directory.path())?;
        (open_whole(&directory.store_path()).await?, access)
    } else {
        let key = trent_crypto::random::bytes(ROOT_KEY_BYTES)?;
        (Arc::new(SqliteStore::open_in_memory().await?), Access::File(key))
    };
    let root_keys = RootKeys::open(store, access).await?;
    if let Some(audit) = audit {
        let key = signing_key(&root_keys).await?;
        settings.audit = Some(Arc::new(AuditLog::open(audit, key)?));
    }
    Ok(Arc::new(Service::open(root_keys, settings).await?))
}

/// Opens a store in a file and reads it for damage: before anything is written if that is quick, as
/// what is hidden by damage would be taken for new; a large one beside the work, which then ends
/// where damage is found.
async fn open_whole(path: &Path) -> Result<Arc<SqliteStore>> {
    let store = Arc::new(SqliteStore::open(path).await?);
    let name = format!("checking `{}`", path.display());
    if std::fs::metadata(path)?.len() <= CHECKED_FIRST_BYTES_MAX {
        store.check().await.context(name)?;
        return Ok(store);
    }
    store.check_log().await.with_context(|| name.clone())?;
    tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            match store.check_beside().await {
                Ok(()) => tracing::info!("the store was read for damage: there is none"),
                Err(error @ StoreError::Damaged { .. }) => {
                    tracing::error!("{name}: {error}; nothing more is answered");
                    // What was committed is on disk, and nothing else may be trusted.
                    std::process::exit(1);
                }
                Err(error) => tracing::warn!("{name}: {error}"),
            }
        }
    });
    Ok(store)
}

/// The roots of attestation documents in a file; without one, that of AWS.
pub(crate) fn attestation_roots(path: Option<&Path>) -> Result<Roots> {
    let Some(path) = path else { return Ok(Roots::from_pem(AWS_NITRO_ROOT)?) };
    let limit = u64::try_from(ROOTS_BYTES_MAX)?;
    let pem = files::read(path, limit).context("attestation roots")?;
    Roots::from_pem(&pem).with_context(|| format!("attestation roots in `{}`", path.display()))
}

/// Raises the limit of file descriptors to what this many connections need, as far as the process
/// may.
pub(crate) fn allow_descriptors(connections_max: u32) {
    let wanted = u64::from(connections_max) + DESCRIPTORS_BESIDE;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= wanted) {
        return;
    }
    let possible = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(possible), maximum });
    if raised.is_err() || possible < wanted {
        tracing::warn!(
            connections_max,
            wanted,
            maximum,
            "the process may not have enough file descriptors for as many connections"
        );
    }
}

/// Listens; says which address it was when that fails.
pub(crate) async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("listening on {address}"))
}

/// Says something on standard output. Scripts wait for the line `Ready.` of a server.
pub(crate) fn say(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Which request quotas are enforced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RequestQuotas {
    /// None.
    Off,
    /// Those of AWS KMS, for every account and Region.
    Aws,
}
/// File descriptors that are no connections: store, log, TLS files.
const DESCRIPTORS_BESIDE: u64 = 256;

/// A root key in memory.
const ROOT_KEY_BYTES: usize = 32;

/// A store of this size is read within half a second.
const CHECKED_FIRST_BYTES_MAX: u64 = 256 * 1024 * 1024;
