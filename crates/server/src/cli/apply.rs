//! `trent apply`: accounts, users and roles as a file says.

use super::admin::{Administration, read_text};
use anyhow::{Context as _, Result};
use clap::Args;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt::{self, Display};
use std::path::{Path, PathBuf};
use trent_service::identity::admin::Identities;
use trent_service::identity::apply::{Applying, Step};
use trent_service::identity::file::{IDENTITIES_BYTES_MAX, IdentityFile};

/// The options of the command.
#[derive(Args)]
#[command(after_help = "\
    Prints a line for each change, + for what is new, ~ for what becomes another, - for what is \
    removed, and nothing when everything is as the file says. Either all of it is done or nothing. \
    docs/identities.md describes the file.")]
pub(crate) struct Apply {
    #[command(flatten)]
    shared: Administration,
    /// The file, YAML; - for standard input
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,
    /// Only print what would be changed
    #[arg(long)]
    dry_run: bool,
    /// In the accounts that the file names, also remove the users, roles, policies, boundaries and
    /// tags that it does not have
    #[arg(long)]
    prune: bool,
}

/// What was changed.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Changes {
    changes: Vec<Step>,
}

impl Display for Changes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let accounts: BTreeSet<&str> =
            self.changes.iter().map(|step| step.account_id.as_str()).collect();
        for step in &self.changes {
            if accounts.len() > 1 && !step.subject.starts_with("account ") {
                writeln!(formatter, "{step} in account {}", step.account_id)?;
            } else {
                writeln!(formatter, "{step}")?;
            }
        }
        Ok(())
    }
}

impl Apply {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        let applying = Applying { dry_run: self.dry_run, prune: self.prune };
        self.shared.with_identities(async |identities| {
            let changes = apply_file(identities, &self.file, applying).await?;
            self.shared.say(&Changes { changes })
        })
    }
}

/// Makes identities be as a file says; returns what that changed.
pub(super) async fn apply_file(
    identities: &Identities,
    path: &Path,
    applying: Applying,
) -> Result<Vec<Step>> {
    let text = read_text(path, IDENTITIES_BYTES_MAX)?;
    let apply = async || identities.apply(&IdentityFile::parse(&text)?, applying).await;
    apply().await.with_context(|| format!("identities in `{}`", path.display()))
}
