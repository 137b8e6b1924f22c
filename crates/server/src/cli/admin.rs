//! What all commands of administration share: which store, which account, how answers look.
//!
//! They work on the store of a stopped server or beside a running one, which notices a change
//! within a second. They take no lock.

use super::misuse;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::root_key::RootKeySource;
use crate::store::{StoreOption, StoreSource};
use anyhow::{Context as _, Result, bail, ensure};
use clap::{Args, ValueEnum};
use serde::Serialize;
use serde::ser::SerializeMap as _;
use std::collections::BTreeMap;
use std::fmt::{self, Display, Write as _};
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use trent_core::AccountId;
use trent_core::identity::{IdentityName, NAME_RULE};
use trent_keystore::root_key::Access;
use trent_service::identity::admin::{Identities, Owner};
use trent_service::root_keys::RootKeys;
use zeroize::Zeroizing;

/// The options of every command of administration.
#[derive(Args)]
pub(crate) struct Administration {
    /// The data directory of the server, which may be running
    #[arg(long, env = "TRENT_DATA_DIR", value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,

    /// The configuration of the server, which names its data directory, store and root key
    #[arg(long, env = "TRENT_CONFIG", value_name = "FILE", global = true)]
    config: Option<PathBuf>,

    #[command(flatten)]
    store: StoreOption,

    #[command(flatten)]
    root_key: RootKeyOption,

    #[command(flatten)]
    output: Output,
}

/// Where things are.
pub(crate) struct Place {
    pub(crate) data_dir: PathBuf,
    pub(crate) root_key: RootKeySource,
    pub(crate) store: StoreSource,
    /// If one was named.
    pub(crate) config: Option<Config>,
}

/// Where the root key is.
#[derive(Args)]
pub(crate) struct RootKeyOption {
    /// Where the root key is: file:PATH, passphrase:SOURCE, systemd:NAME or pkcs11:ATTRIBUTES (see
    /// `trent root-key add --help`) [default: what the configuration says, or root.key in the data
    /// directory]
    #[arg(long = "root-key-provider", env = "TRENT_ROOT_KEY_PROVIDER", value_name = "WHERE")]
    #[arg(global = true, value_parser = root_key_source)]
    source: Option<RootKeySource>,
}

/// How answers look.
#[derive(Args, Clone, Copy)]
pub(crate) struct Output {
    /// How answers are written to standard output; the members of JSON are named as AWS does
    #[arg(long = "output", env = "TRENT_OUTPUT", value_name = "FORM", global = true)]
    #[arg(value_enum, default_value_t = Form::Text)]
    form: Form,
}

/// The forms of answers.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Text,
    Json,
}

/// In which account.
#[derive(Args)]
pub(crate) struct InAccount {
    /// The account, 12 digits; not needed while the store has only one
    #[arg(long, env = "TRENT_ACCOUNT", value_name = "DIGITS", global = true)]
    #[arg(value_parser = account)]
    account: Option<AccountId>,
}

/// Whose policy.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct OfUserOrRole {
    /// The user whose policy it is
    #[arg(long, value_name = "NAME", value_parser = name)]
    user: Option<IdentityName>,
    /// The role whose policy it is
    #[arg(long, value_name = "NAME", value_parser = name)]
    role: Option<IdentityName>,
}

impl Administration {
    /// Does something with the identities of the store.
    pub(crate) fn with_identities(
        &self,
        work: impl AsyncFnOnce(&Identities) -> Result<()>,
    ) -> Result<()> {
        block_on(async {
            let identities = Identities::open(&self.open().await?);
            let done = work(&identities).await;
            identities.close().await;
            done
        })
    }

    /// The data directory, if one is given.
    pub(crate) fn directory(&self) -> Option<&Path> {
        self.data_dir.as_deref()
    }

    /// The store, opened with its root key.
    pub(crate) async fn open(&self) -> Result<Arc<RootKeys>> {
        self.open_in().await.map(|(root_keys, _)| root_keys)
    }

    /// The store, opened with its root key, and its data directory.
    pub(crate) async fn open_in(&self) -> Result<(Arc<RootKeys>, PathBuf)> {
        let Place { data_dir, root_key, store, .. } = self.place()?;
        let _directory = DataDir::existing(&data_dir, &root_key, &store)?;
        let access = root_key.access(&data_dir)?;
        let store = store.existing().open(&data_dir).await?;
        Ok((RootKeys::open(store, access).await?, data_dir))
    }

    /// Where the data directory and the root key are.
    pub(crate) fn place(&self) -> Result<Place> {
        let config = self.config.as_deref();
        let config =
            config.map(|file| Config::load(Some(file), std::env::vars_os())).transpose()?;
        let data_dir = match (&self.data_dir, &config) {
            (Some(path), _) => path.clone(),
            (None, Some(config)) => config.data_dir.clone(),
            (None, None) => {
                return Err(misuse(
                    "--data-dir (TRENT_DATA_DIR) must say which data directory, or --config \
                     (TRENT_CONFIG) which configuration names it",
                ));
            }
        };
        let configured = config.as_ref().map(|config| config.root_key.source());
        let root_key = self.root_key.source.clone().or(configured).unwrap_or_default();
        let store = self.store.source(config.as_ref())?;
        Ok(Place { data_dir, root_key, store, config })
    }

    /// What is needed to use the root key; a data directory need not be given if the root key is
    /// elsewhere.
    pub(crate) fn access(&self) -> Result<Access> {
        match &self.root_key.source {
            Some(source) if !source.is_in_data_dir() => source.access(Path::new("")),
            _ => self.place().and_then(|place| place.root_key.access(&place.data_dir)),
        }
    }

    /// Writes an answer to standard output.
    pub(crate) fn say(&self, answer: &(impl Serialize + Display)) -> Result<()> {
        self.output.say(answer)
    }
}

impl RootKeyOption {
    /// Where the root key is.
    pub(crate) fn source(&self) -> RootKeySource {
        self.source.clone().unwrap_or_default()
    }
}

impl Output {
    /// Writes an answer, which may have a secret in it, to standard output.
    pub(crate) fn say(self, answer: &(impl Serialize + Display)) -> Result<()> {
        // With room from the start, a secret is not left behind by a text that grows.
        let mut text = Zeroizing::new(Vec::with_capacity(ANSWER_BYTES));
        match self.form {
            Form::Text => write!(&mut *text, "{answer}")?,
            Form::Json => {
                serde_json::to_writer_pretty(&mut *text, answer)?;
                text.push(b'\n');
            }
        }
        let mut out = std::io::stdout().lock();
        out.write_all(&text)?;
        Ok(out.flush()?)
    }
}

impl InAccount {
    /// The account that is given, or the only one of the store.
    pub(crate) async fn find(&self, identities: &Identities) -> Result<AccountId> {
        if let Some(account) = self.account {
            let known = identities.account(account).await?;
            ensure!(known.is_some(), "account {account} does not exist");
            return Ok(account);
        }
        match identities.accounts().await?.as_slice() {
            [only] => Ok(only.id),
            [] => bail!("the store has no account; make one with `trent account create`"),
            several => {
                bail!("the store has {} accounts: --account must say which", several.len())
            }
        }
    }
}

impl OfUserOrRole {
    /// Who it is in an account.
    pub(crate) fn in_account(self, account: AccountId) -> Result<Owner> {
        match (self.user, self.role) {
            (Some(user), None) => Ok(Owner::User(account, user)),
            (None, Some(role)) => Ok(Owner::Role(account, role)),
            _ => Err(misuse("either --user or --role must be given")),
        }
    }
}

/// The answer of commands that have nothing to tell but that it is done: `{}` in JSON.
pub(crate) struct Done(pub(crate) String);

impl Display for Done {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.0)
    }
}

impl Serialize for Done {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_map(Some(0))?.end()
    }
}

/// Lines with columns under each other; the first line is the heading.
pub(crate) fn table(formatter: &mut fmt::Formatter<'_>, lines: &[Vec<String>]) -> fmt::Result {
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max()
    };
    for line in lines {
        let mut text = String::new();
        for (column, cell) in line.iter().enumerate() {
            write!(text, "{cell:width$}  ", width = width(column).unwrap_or_default())?;
        }
        writeln!(formatter, "{}", text.trim_end())?;
    }
    Ok(())
}

/// Reads a text of at most `bytes_max` bytes from a file, or from standard input if it is `-`.
pub(crate) fn read_text(path: &Path, bytes_max: usize) -> Result<Zeroizing<String>> {
    let read = || {
        let source: Box<dyn Read> = match path.to_str() {
            Some("-") => Box::new(std::io::stdin().lock()),
            _ => Box::new(std::fs::File::open(path)?),
        };
        let mut text = Zeroizing::new(String::new());
        source.take(u64::try_from(bytes_max)? + 1).read_to_string(&mut text)?;
        ensure!(text.len() <= bytes_max, "it is larger than {bytes_max} bytes");
        Ok(text)
    };
    read().with_context(|| format!("reading `{}`", path.display()))
}

/// Reads the JSON document of a policy from a file, or from standard input if it is `-`.
pub(crate) fn read_document(path: &Path) -> Result<String> {
    Ok(read_text(path, DOCUMENT_BYTES_MAX)?.trim().to_owned())
}

/// Runs a future to its end.
pub(crate) fn block_on(work: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// Parses where a root key is.
pub(crate) fn root_key_source(text: &str) -> Result<RootKeySource, String> {
    text.parse().map_err(|error: anyhow::Error| format!("{error:#}"))
}

/// Parses an account.
pub(crate) fn account(text: &str) -> Result<AccountId, String> {
    AccountId::parse(text).ok_or_else(|| "an account is 12 digits".to_owned())
}

/// Parses the name of an identity or of a policy.
pub(crate) fn name(text: &str) -> Result<IdentityName, String> {
    IdentityName::parse(text).ok_or_else(|| NAME_RULE.to_owned())
}

/// Parses a pair such as `team=payments`.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("it has the form KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Pairs of which none has the key of another.
pub(crate) fn unique(
    option: &str,
    pairs: Vec<(String, String)>,
) -> Result<BTreeMap<String, String>> {
    let mut unique = BTreeMap::new();
    for (key, value) in pairs {
        if unique.contains_key(&key) {
            return Err(misuse(&format!("{option} is given twice for `{key}`")));
        }
        unique.insert(key, value);
    }
    Ok(unique)
}

/// Room for an answer with a secret in it.
const ANSWER_BYTES: usize = 4096;

/// More than the largest policy.
const DOCUMENT_BYTES_MAX: usize = 256 * 1024;
