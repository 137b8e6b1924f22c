//! `trent user`: the IAM users of an account.

use super::admin::{Administration, Done, InAccount, name, pair, unique};
use super::view::{Many, One, UserView};
use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use trent_core::identity::IdentityName;

/// The command.
#[derive(Args)]
pub(crate) struct UserCommand {
    #[command(flatten)]
    shared: Administration,
    #[command(flatten)]
    account: InAccount,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a user, who may do nothing yet
    Create {
        /// The name: 1 to 64 letters, digits and +=,.@_-
        #[arg(value_parser = name)]
        name: IdentityName,
        /// What stands before the name in the ARN, such as /team/
        #[arg(long, default_value = "/")]
        path: String,
        /// A tag of the user; may be given several times
        #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = pair)]
        tags: Vec<(String, String)>,
    },
    /// List the users
    List,
    /// Show a user with its policies
    Show {
        /// The name of the user
        #[arg(value_parser = name)]
        name: IdentityName,
    },
    /// Remove a user with its policies and access keys
    Delete {
        /// The name of the user
        #[arg(value_parser = name)]
        name: IdentityName,
    },
}

impl UserCommand {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        let shared = &self.shared;
        shared.with_identities(async |identities| {
            let account = self.account.find(identities).await?;
            match self.action {
                Action::Create { name, path, tags } => {
                    let tags = unique("--tag", tags)?;
                    let user = identities.create_user(account, &name, &path, tags).await?;
                    shared.say(&One::User(UserView::of(&user)))
                }
                Action::List => {
                    let users = identities.users(account).await?;
                    shared.say(&Many::Users(users.iter().map(UserView::of).collect()))
                }
                Action::Show { name } => {
                    let user = identities.user(account, &name).await?;
                    let missing = || format!("user {name} of account {account} does not exist");
                    shared.say(&One::User(UserView::of(&user.with_context(missing)?)))
                }
                Action::Delete { name } => {
                    identities.delete_user(account, &name).await?;
                    shared.say(&Done(format!("deleted user {name}")))
                }
            }
        })
    }
}
