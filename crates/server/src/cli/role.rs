//! `trent role`: the IAM roles of an account.

use super::admin::{Administration, Done, InAccount, name, pair, read_document, unique};
use super::view::{Many, One, RoleView};
use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use jiff::SignedDuration;
use std::path::PathBuf;
use trent_core::identity::IdentityName;

/// The command.
#[derive(Args)]
pub(crate) struct RoleCommand {
    #[command(flatten)]
    shared: Administration,
    #[command(flatten)]
    account: InAccount,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a role, whose sessions may do nothing yet
    Create {
        /// The name: 1 to 64 letters, digits and +=,.@_-
        #[arg(value_parser = name)]
        name: IdentityName,
        /// The file that says who may assume the role, as JSON; - for standard input
        #[arg(long, value_name = "FILE")]
        trust_policy: PathBuf,
        /// What stands before the name in the ARN, such as /team/
        #[arg(long, default_value = "/")]
        path: String,
        /// How long a session lasts at most: 1h to 12h
        #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = seconds)]
        max_session: u32,
        /// A tag of the role; may be given several times
        #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = pair)]
        tags: Vec<(String, String)>,
    },
    /// List the roles
    List,
    /// Show a role with its policies
    Show {
        /// The name of the role
        #[arg(value_parser = name)]
        name: IdentityName,
    },
    /// Remove a role with its policies; its sessions end
    Delete {
        /// The name of the role
        #[arg(value_parser = name)]
        name: IdentityName,
    },
    /// Change who may assume a role
    SetTrustPolicy {
        /// The name of the role
        #[arg(value_parser = name)]
        name: IdentityName,
        /// The file that says who may assume the role, as JSON; - for standard input
        #[arg(long, value_name = "FILE")]
        trust_policy: PathBuf,
    },
}

impl RoleCommand {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        let shared = &self.shared;
        shared.with_identities(async |identities| {
            let account = self.account.find(identities).await?;
            match self.action {
                Action::Create { name, trust_policy, path, max_session, tags } => {
                    let trust = read_document(&trust_policy)?;
                    let tags = unique("--tag", tags)?;
                    let role = identities
                        .create_role(account, &name, &path, &trust, max_session, tags)
                        .await?;
                    shared.say(&One::Role(RoleView::of(&role)))
                }
                Action::List => {
                    let roles = identities.roles(account).await?;
                    shared.say(&Many::Roles(roles.iter().map(RoleView::of).collect()))
                }
                Action::Show { name } => {
                    let role = identities.role(account, &name).await?;
                    let missing = || format!("role {name} of account {account} does not exist");
                    shared.say(&One::Role(RoleView::of(&role.with_context(missing)?)))
                }
                Action::Delete { name } => {
                    identities.delete_role(account, &name).await?;
                    shared.say(&Done(format!("deleted role {name}")))
                }
                Action::SetTrustPolicy { name, trust_policy } => {
                    let trust = read_document(&trust_policy)?;
                    let role = identities.put_trust_policy(account, &name, &trust).await?;
                    shared.say(&One::Role(RoleView::of(&role)))
                }
            }
        })
    }
}

/// Whole seconds of a duration such as `1h` or `PT1H`.
fn seconds(text: &str) -> Result<u32, String> {
    let duration: SignedDuration = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    u32::try_from(duration.as_secs()).map_err(|_| "a session lasts 1 to 12 hours".to_owned())
}
