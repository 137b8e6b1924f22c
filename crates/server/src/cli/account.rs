//! `trent account`: the accounts of a store.

use super::admin::{Administration, account};
use super::view::{AccountView, Many, One};
use anyhow::Result;
use clap::{Args, Subcommand};
use trent_core::AccountId;

/// The command.
#[derive(Args)]
pub(crate) struct AccountCommand {
    #[command(flatten)]
    shared: Administration,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make an account
    Create {
        /// Its 12 digits; random ones if not given
        #[arg(long, value_name = "DIGITS", value_parser = account)]
        id: Option<AccountId>,
        /// A friendly name, at most 50 characters
        #[arg(long, default_value = "", hide_default_value = true)]
        name: String,
    },
    /// List the accounts
    List,
}

impl AccountCommand {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        let shared = &self.shared;
        shared.with_identities(async |identities| match self.action {
            Action::Create { id, name } => {
                let account = identities.create_account(id, &name).await?;
                shared.say(&One::Account(AccountView::of(&account)))
            }
            Action::List => {
                let accounts = identities.accounts().await?;
                shared.say(&Many::Accounts(accounts.iter().map(AccountView::of).collect()))
            }
        })
    }
}
