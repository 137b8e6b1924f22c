//! `trent dev`: a faithful local KMS that accepts any credentials and can travel in time.

use super::misuse;
use crate::audit::AuditSettings;
use crate::data_dir::DataDir;
use crate::events::Sinks;
use crate::http::{self, Control, Limits};
use crate::root_key::RootKeySource;
use crate::start::{RequestQuotas, attestation_roots, block_on, listen, open_service, say};
use crate::store::{StoreOption, StoreSource};
use crate::{files, log, shutdown};
use anyhow::{Context as _, Result, bail};
use clap::Args;
use jiff::SignedDuration;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use trent_core::{AccountId, Region};
use trent_service::identity::apply::Applying;
use trent_service::seed::SEED_BYTES_MAX;
use trent_service::{
    CACHED_KEYS_MAX, Credential, Credentials, KEYS_PER_REGION_MAX, Service, Settings,
};
use zeroize::Zeroizing;

/// The options of `trent dev`.
#[derive(Args)]
pub(crate) struct Dev {
    /// Where to listen.
    #[arg(long, env = "TRENT_LISTEN", value_name = "ADDRESS:PORT")]
    #[arg(help = "Where to listen [default: 127.0.0.1:4566]")]
    listen: Option<SocketAddr>,

    /// The folder that keeps keys across restarts; without it nothing is kept.
    #[arg(long, env = "TRENT_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,

    #[command(flatten)]
    store: StoreOption,

    /// The folder of an audit log, in which each request is recorded; without it there is none.
    #[arg(long, env = "TRENT_AUDIT_DIR", value_name = "DIR")]
    audit_dir: Option<PathBuf>,

    /// The file that events are added to, such as rotations; without it there are none.
    #[arg(long, env = "TRENT_EVENTS_FILE", value_name = "FILE")]
    events_file: Option<PathBuf>,

    /// The account of callers whose access key id is not 12 digits [default: 000000000000]
    #[arg(long, env = "TRENT_ACCOUNT", value_name = "DIGITS", value_parser = account)]
    account: Option<AccountId>,

    /// The Region of seeds and of the printed sample; requests name their own [default: us-east-1]
    #[arg(long, env = "TRENT_REGION", value_name = "REGION", value_parser = region)]
    region: Option<Region>,

    /// Keys and aliases to make at the start, a YAML file in the format of local-kms.
    #[arg(long, env = "TRENT_SEED", value_name = "FILE")]
    seed: Option<PathBuf>,

    /// Accounts, users and roles to make at the start, a YAML file as of `trent apply`.
    #[arg(long, env = "TRENT_IDENTITIES", value_name = "FILE")]
    identities: Option<PathBuf>,

    /// An access key whose signatures are verified: ID:SECRET or ID:SECRET:ACCOUNT; may be given
    /// several times. In the environment, separate several by commas.
    #[arg(long = "access-key", env = "TRENT_ACCESS_KEYS", value_name = "ID:SECRET")]
    #[arg(value_delimiter = ',', hide_env_values = true)]
    access_keys: Vec<String>,

    /// Let key policies, IAM policies and grants decide who may do what, as `trent serve` does.
    #[arg(long, env = "TRENT_ENFORCE")]
    enforce: bool,

    /// How long a rotation on demand takes, such as 5s or PT5S.
    #[arg(long, env = "TRENT_ROTATION_DELAY", value_name = "DURATION", default_value = "0s")]
    #[arg(value_parser = delay)]
    rotation_delay: SignedDuration,

    /// How long a replica key is Creating, and keys that exchange their roles are Updating.
    #[arg(long, env = "TRENT_REPLICATION_DELAY", value_name = "DURATION", default_value = "0s")]
    #[arg(value_parser = delay)]
    replication_delay: SignedDuration,

    /// Certificates in PEM that attestation documents of recipients must chain up to, in place of
    /// the root of AWS Nitro Enclaves.
    #[arg(long, env = "TRENT_ATTESTATION_ROOT", value_name = "FILE")]
    attestation_root: Option<PathBuf>,

    /// How many KMS keys are kept opened in memory.
    #[arg(long, env = "TRENT_CACHED_KEYS", value_name = "COUNT", default_value_t = CACHED_KEYS_MAX)]
    cached_keys: u64,

    /// How many KMS keys an account may have in a Region.
    #[arg(
        long,
        env = "TRENT_KEYS_PER_REGION_MAX",
        value_name = "COUNT",
        default_value_t = KEYS_PER_REGION_MAX
    )]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    keys_per_region_max: u32,

    /// Whether calls beyond the request quotas of AWS KMS are throttled.
    #[arg(long, env = "TRENT_THROTTLE", value_enum, default_value = "off")]
    throttle: RequestQuotas,

    #[command(flatten)]
    local_kms: LocalKms,
}

/// The environment of local-kms, for those who come from there.
#[derive(Args)]
struct LocalKms {
    #[arg(long = "local-kms-port", env = "PORT", hide = true)]
    port: Option<u16>,
    #[arg(long = "local-kms-account-id", env = "KMS_ACCOUNT_ID", hide = true)]
    #[arg(value_parser = account)]
    account: Option<AccountId>,
    #[arg(long = "local-kms-region", env = "KMS_REGION", hide = true, value_parser = region)]
    region: Option<Region>,
    #[arg(long = "local-kms-seed-path", env = "KMS_SEED_PATH", hide = true)]
    seed: Option<PathBuf>,
    #[arg(long = "local-kms-data-path", env = "KMS_DATA_PATH", hide = true)]
    data_dir: Option<PathBuf>,
}

impl Dev {
    /// Runs until SIGTERM or SIGINT.
    pub(crate) fn run(self, log: Option<&str>) -> Result<()> {
        log::start(super::log_filter(log.unwrap_or("warn"))?, log::Format::Text);
        block_on(self.serve())
    }

    async fn serve(self) -> Result<()> {
        let account = self.account.or(self.local_kms.account).or_else(|| account(NO_ACCOUNT).ok());
        let region = self.region.or(self.local_kms.region).or_else(|| region(USUAL_REGION).ok());
        let (Some(account), Some(region)) = (account, region) else {
            bail!("no account or Region");
        };
        let data_dir = self.data_dir.or(self.local_kms.data_dir);
        let seed = self.seed.or(self.local_kms.seed);
        let address = self
            .listen
            .unwrap_or_else(|| ([127, 0, 0, 1], self.local_kms.port.unwrap_or(PORT)).into());
        let known = self.access_keys.into_iter().map(Zeroizing::new);
        let known = known.map(|text| known_access_key(&text, account)).collect::<Result<_>>()?;
        let mut settings = Settings {
            account,
            region: region.clone(),
            on_demand_rotation_delay: self.rotation_delay,
            replication_delay: self.replication_delay,
            custom_keys: true,
            attestation_roots: attestation_roots(self.attestation_root.as_deref())?,
            throttle: self.throttle == RequestQuotas::Aws,
            keys_per_region_max: self.keys_per_region_max,
            cached_keys_max: self.cached_keys,
            enforce: self.enforce,
            ..Settings::new(Credentials::accepting_unknown(account, known))?
        };
        let audit = self.audit_dir.map(AuditSettings::in_folder);
        let root_key = RootKeySource::default();
        let store = self.store.source(None)?;
        if store.is_given() && data_dir.is_none() {
            return Err(misuse("--store-url needs --data-dir, which keeps the root key"));
        }
        let directory = data_dir.as_deref();
        let directory =
            directory.map(|path| DataDir::open_or_make(path, &root_key, &store)).transpose()?;
        let events = Sinks::of_file(self.events_file);
        settings.event_sinks = events.open()?;
        let service = open_service(directory.as_ref(), &root_key, &store, settings, audit).await?;
        // It may take longer than a node knows what others do without following them.
        let following = tokio::spawn({
            let service = Arc::clone(&service);
            async move { service.follow().await }
        });
        let made = make(&service, seed.as_deref(), self.identities.as_deref()).await;
        following.abort();
        made?;
        let listener = listen(address).await?;
        let stop = shutdown::signal()?;
        announce(listener.local_addr()?, account, &region, data_dir.as_deref(), &store)?;
        let server = http::Server {
            service,
            control: Control::Development,
            limits: Limits::default(),
            tls: None,
        };
        server.serve(listener, None, events, stop).await
    }
}

/// Makes the keys, aliases, accounts, users and roles that are to be there at the start.
async fn make(service: &Service, seed: Option<&Path>, identities: Option<&Path>) -> Result<()> {
    if let Some(path) = seed {
        let seeded = service
            .seed(&seed_text(path)?)
            .await
            .with_context(|| format!("seed file `{}`", path.display()))?;
        tracing::info!(keys = seeded.keys, aliases = seeded.aliases, "seeded");
    }
    if let Some(path) = identities {
        super::apply::apply_file(&service.identities(), path, Applying::default()).await?;
    }
    Ok(())
}

/// Says on standard output how to use the server. The last line is the one that scripts wait for.
fn announce(
    address: SocketAddr,
    account: AccountId,
    region: &Region,
    data_dir: Option<&Path>,
    store: &StoreSource,
) -> Result<()> {
    let kept = match data_dir {
        Some(path) if store.is_given() => format!("keys are kept in {}", store.url(path)),
        Some(path) => format!("keys are kept in {}", path.display()),
        None => "nothing is kept (no --data-dir)".to_owned(),
    };
    say(&format!(
        "Trent {} speaks the AWS KMS API on http://{address}\n\
         Development mode: any credentials, account {account}; {kept}.\n\n  \
         export AWS_ENDPOINT_URL_KMS=http://{address}\n  \
         export AWS_ENDPOINT_URL_STS=http://{address}\n  \
         export AWS_ACCESS_KEY_ID=trent AWS_SECRET_ACCESS_KEY=trent\n  \
         export AWS_REGION={region} AWS_DEFAULT_REGION={region}\n\n  \
         aws kms create-key --description \"my first key\"\n\n\
         Ready.\n",
        env!("CARGO_PKG_VERSION"),
    ))
}

fn seed_text(path: &Path) -> Result<Zeroizing<String>> {
    files::read(path, u64::try_from(SEED_BYTES_MAX)?).map(Zeroizing::new).context("seed file")
}

fn account(text: &str) -> Result<AccountId, String> {
    AccountId::parse(text).ok_or_else(|| "an account is 12 digits".to_owned())
}

fn region(text: &str) -> Result<Region, String> {
    Region::parse(text).ok_or_else(|| "a Region looks like us-east-1".to_owned())
}

fn delay(text: &str) -> Result<SignedDuration, String> {
    let delay: SignedDuration = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    if delay.is_negative() { Err("a delay is not negative".to_owned()) } else { Ok(delay) }
}

/// Reads `ID:SECRET` or `ID:SECRET:ACCOUNT`. Not a parser of clap's, whose messages repeat what was
/// given, and that is a secret.
fn known_access_key(text: &str, usual: AccountId) -> Result<Credential> {
    let parts: Vec<&str> = text.split(':').collect();
    let (id, secret, digits) = match parts.as_slice() {
        [id, secret] => (id, secret, None),
        [id, secret, digits] => (id, secret, Some(digits)),
        _ => {
            return Err(misuse("--access-key is not of the form ID:SECRET or ID:SECRET:ACCOUNT"));
        }
    };
    if id.is_empty() || secret.is_empty() {
        return Err(misuse("neither ID nor SECRET of --access-key may be empty"));
    }
    let account = match digits {
        Some(digits) => account(digits)
            .map_err(|cause| misuse(&format!("in --access-key for `{id}`: {cause}")))?,
        None => usual,
    };
    let secret = Zeroizing::new((*secret).to_owned());
    Ok(Credential { access_key_id: (*id).to_owned(), secret: secret.into(), account })
}

/// The account of callers without one.
const NO_ACCOUNT: &str = "000000000000";

/// The Region that is meant when none is named.
const USUAL_REGION: &str = "us-east-1";

/// The port of AWS emulators.
const PORT: u16 = 4566;
