//! TLS: certificate, private key and the authorities of clients, read from files, and read again
//! when these change.

use crate::files;
use anyhow::{Context as _, Result, ensure};
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::{default_provider, sign::any_supported_type};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SigningKey, SingleCertAndKey};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use zeroize::Zeroizing;

/// The files, in PEM.
#[derive(Clone, Debug)]
pub(crate) struct TlsFiles {
    /// The certificate of the server, followed by those between it and its authority.
    pub(crate) certificate: PathBuf,
    /// Its private key (PKCS#8, PKCS#1 or SEC 1), readable by its owner only.
    pub(crate) private_key: PathBuf,
    /// The authorities one of which must have signed the certificate of a client; without it,
    /// clients need none.
    pub(crate) client_ca: Option<PathBuf>,
}

impl TlsFiles {
    /// Reads the files. TLS 1.3 and 1.2; the hybrid X25519MLKEM768 is preferred for the exchange of
    /// keys. An error names the setting and the file.
    pub(crate) fn load(&self) -> Result<Arc<ServerConfig>> {
        let chain = certificates(&self.certificate).context("`tls.certificate`")?;
        let key = private_key(&self.private_key).context("`tls.private_key`")?;
        let certified = CertifiedKey::new(chain, key);
        let provider = Arc::new(default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let builder = match &self.client_ca {
            Some(path) => {
                let authorities = Arc::new(authorities(path).context("`tls.client_ca`")?);
                let verifier = WebPkiClientVerifier::builder_with_provider(authorities, provider)
                    .build()
                    .context("`tls.client_ca`")?;
                builder.with_client_cert_verifier(verifier)
            }
            None => builder.with_no_client_auth(),
        };
        certified.keys_match().with_context(|| {
            let (key, certificate) = (self.private_key.display(), self.certificate.display());
            format!("`tls.private_key`: `{key}` is not the key of certificate `{certificate}`")
        })?;
        let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Loads the files, and again whenever they change or SIGHUP comes, as long as somebody holds
    /// what is returned. Files that are no good change nothing.
    pub(crate) fn watched(self) -> Result<watch::Receiver<Arc<ServerConfig>>> {
        let hang_up = signal(SignalKind::hangup())?;
        let marks = self.marks();
        let (sender, receiver) = watch::channel(self.load()?);
        tokio::spawn(self.reload(sender, marks, hang_up));
        Ok(receiver)
    }

    async fn reload(
        self,
        current: watch::Sender<Arc<ServerConfig>>,
        mut marks: Vec<Option<Mark>>,
        mut hang_up: Signal,
    ) {
        loop {
            let is_asked = tokio::select! {
                () = current.closed() => return,
                _ = hang_up.recv() => true,
                () = tokio::time::sleep(POLL_INTERVAL) => false,
            };
            // Before they are read: what changes meanwhile is seen the next time.
            let now = self.marks();
            if now == marks && !is_asked {
                continue;
            }
            marks = now;
            match self.load() {
                Ok(config) => {
                    current.send_replace(config);
                    tracing::info!(certificate = %self.certificate.display(), "TLS files reloaded");
                }
                Err(error) => {
                    tracing::error!("TLS files not reloaded, the old ones stay: {error:#}");
                }
            }
        }
    }

    fn marks(&self) -> Vec<Option<Mark>> {
        [Some(&self.certificate), Some(&self.private_key), self.client_ca.as_ref()]
            .into_iter()
            .map(|path| Mark::of(path?))
            .collect()
    }
}

/// What changes when a file is written or replaced.
#[derive(PartialEq, Eq)]
struct Mark {
    device: u64,
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl Mark {
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            bytes: metadata.len(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let text = files::read(path, FILE_BYTES_MAX)?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(text.as_bytes())
        .collect::<Result<_, _>>()
        .with_context(|| format!("`{}` is not PEM", path.display()))?;
    ensure!(!certificates.is_empty(), "`{}` has no certificate in PEM", path.display());
    Ok(certificates)
}

fn private_key(path: &Path) -> Result<Arc<dyn SigningKey>> {
    let text = files::read_secret(path, FILE_BYTES_MAX)?;
    let key = PrivateKeyDer::from_pem_slice(text.as_bytes())
        .map(Zeroizing::new)
        .with_context(|| format!("`{}` has no private key in PEM", path.display()))?;
    any_supported_type(&key)
        .with_context(|| format!("`{}` is a private key that cannot be used", path.display()))
}

fn authorities(path: &Path) -> Result<RootCertStore> {
    let mut authorities = RootCertStore::empty();
    for certificate in certificates(path)? {
        authorities
            .add(certificate)
            .with_context(|| format!("a certificate in `{}`", path.display()))?;
    }
    Ok(authorities)
}

/// Chains and bundles of authorities are far smaller.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// How often the files are looked at.
const POLL_INTERVAL: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::NamedGroup;

    #[test]
    fn the_post_quantum_exchange_of_keys_is_preferred() {
        let groups: Vec<NamedGroup> =
            default_provider().kx_groups.iter().map(|group| group.name()).collect();
        assert_eq!(groups[0], NamedGroup::X25519MLKEM768);
        assert!(groups.contains(&NamedGroup::X25519));
    }
}
