//! `trent root-key`: root keys, and rotation of the store key that they seal.

use super::admin::{Administration, Done, block_on, root_key_source, table};
use crate::root_key::{self, RootKeySource};
use anyhow::Result;
use clap::{Args, Subcommand};
use jiff::SignedDuration;
use serde::Serialize;
use std::fmt::{self, Display};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use trent_keystore::root_key::Provider;
use trent_service::root_keys::admin::{KEEP_OLD, RootKeyStatus, Status, StoreKeyStatus};
use trent_service::root_keys::{Pass, RootKeys};

/// The command.
#[derive(Args)]
pub(crate) struct RootKeyCommand {
    #[command(flatten)]
    shared: Administration,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List the root keys, the store keys, and how much is under each
    Status,
    /// Add a root key, which then opens the store, too; on a token a new key is made
    Add {
        /// Where it is: file:PATH, passphrase:SOURCE, systemd:NAME or
        /// pkcs11:token=LABEL?module-path=PATH&pin-source=SOURCE, with a SOURCE such as env:NAME,
        /// fd:NUMBER, file:PATH or prompt
        #[arg(long, value_name = "WHERE", value_parser = root_key_source)]
        provider: RootKeySource,
    },
    /// Remove a root key, which then opens the store no more
    Remove {
        /// The id of the root key
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Make a new store key, and seal everything in the store anew
    Rotate {
        /// Where the other root keys are, as for `add`; may be given several times
        #[arg(long, value_name = "WHERE", value_parser = root_key_source)]
        provider: Vec<RootKeySource>,
        /// How long tokens that were handed out under the old store key stay valid [default: 25h]
        #[arg(long, value_name = "DURATION")]
        keep_old: Option<SignedDuration>,
    },
    /// Print a new root key, for a file or a credential of systemd; nothing is stored
    Generate,
}

impl RootKeyCommand {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        let shared = &self.shared;
        if matches!(self.action, Action::Generate) {
            return Ok(std::io::stdout().write_all(root_key::new_text()?.as_bytes())?);
        }
        block_on(async {
            let (keys, data_dir) = shared.open_in().await?;
            let done = self.action.act(shared, &keys, &data_dir).await;
            keys.store().close().await;
            done
        })
    }
}

impl Action {
    async fn act(
        self,
        shared: &Administration,
        keys: &Arc<RootKeys>,
        data_dir: &Path,
    ) -> Result<()> {
        match self {
            Self::Status => shared.say(&StatusView::of(&keys.status().await?)),
            Self::Add { provider } => {
                let id = keys.add(&provider.new_access(data_dir)?).await?;
                shared.say(&Changed {
                    said: format!("Added root key {id}. It opens the store from now on."),
                    root_key_id: Some(id),
                    ..Changed::default()
                })
            }
            Self::Remove { id } => {
                keys.remove(&id).await?;
                shared.say(&Done(format!(
                    "Removed root key {id}. Whoever has it and an old copy of the store can still \
                     open what is\nunder the store keys of that copy; `trent root-key rotate` makes \
                     a new one. A server that uses the\nremoved root key must be started with \
                     another one before that."
                )))
            }
            Self::Rotate { provider, keep_old } => {
                let others = provider.iter().map(|source| source.access(data_dir));
                let others = others.collect::<Result<Vec<_>>>()?;
                let keep_old = keep_old.unwrap_or(KEEP_OLD);
                let id = keys.rotate(&others, keep_old).await?;
                let Pass { records, resealed, left } = keys.reseal().await?;
                let left = match left {
                    0 => String::new(),
                    _ => format!(" {left} are left to the server."),
                };
                shared.say(&Changed {
                    said: format!(
                        "Made store key {id}. {resealed} of {records} records were sealed under \
                         it.{left}\nThe old one opens for {keep_old:#} more."
                    ),
                    store_key_id: Some(id),
                    records: Some(resealed),
                    ..Changed::default()
                })
            }
            Self::Generate => Ok(()),
        }
    }
}

/// What has become of a change.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Changed {
    #[serde(skip)]
    said: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    root_key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store_key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<u64>,
}

impl Display for Changed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.said)
    }
}

/// What there is.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct StatusView {
    root_keys: Vec<RootKeyView>,
    store_keys: Vec<StoreKeyView>,
    damaged_records: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RootKeyView {
    id: String,
    provider: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    in_use: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct StoreKeyView {
    id: String,
    current: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_until: Option<String>,
    records: u64,
}

impl StatusView {
    fn of(status: &Status) -> Self {
        let Status { root_keys, store_keys, damaged_records } = status;
        Self {
            root_keys: root_keys.iter().map(RootKeyView::of).collect(),
            store_keys: store_keys.iter().map(StoreKeyView::of).collect(),
            damaged_records: *damaged_records,
        }
    }
}

impl RootKeyView {
    fn of(key: &RootKeyStatus) -> Self {
        let name = match &key.provider {
            Provider::File | Provider::Passphrase { .. } => None,
            Provider::Systemd { name } => Some(name.clone()),
            Provider::Pkcs11 { token } => Some(token.clone()),
        };
        Self {
            id: key.id.clone(),
            provider: key.provider.kind(),
            name,
            created: key.created.map(|moment| moment.to_string()),
            in_use: key.is_in_use,
        }
    }
}

impl StoreKeyView {
    fn of(key: &StoreKeyStatus) -> Self {
        Self {
            id: key.id.clone(),
            current: key.until.is_none(),
            kept_until: key.until.map(|moment| moment.to_string()),
            records: key.records,
        }
    }
}

impl Display for StatusView {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |cells: [&str; 5]| cells.map(str::to_owned).to_vec();
        let mut lines = vec![line(["ROOT KEY", "PROVIDER", "NAME", "ADDED", ""])];
        for key in &self.root_keys {
            let [name, created] = [&key.name, &key.created].map(|text| text.as_deref());
            lines.push(line([
                &key.id,
                key.provider,
                name.unwrap_or("-"),
                created.unwrap_or("-"),
                if key.in_use { "in use" } else { "" },
            ]));
        }
        table(formatter, &lines)?;
        writeln!(formatter)?;
        let mut lines = vec![line(["STORE KEY", "RECORDS", "KEPT UNTIL", "", ""])];
        for key in &self.store_keys {
            let until = key.kept_until.as_deref().unwrap_or("(current)");
            lines.push(line([&key.id, &key.records.to_string(), until, "", ""]));
        }
        table(formatter, &lines)?;
        if self.damaged_records > 0 {
            writeln!(formatter, "\n{} records are damaged.", self.damaged_records)?;
        }
        Ok(())
    }
}
