//! `trent access-key`: long-term access keys of users and of the root of an account.

use super::admin::{Administration, Done, InAccount, name};
use super::view::{AccessKeyView, Many, NewAccessKeyView, One};
use anyhow::Result;
use clap::{Args, Subcommand};
use trent_core::identity::IdentityName;

/// The command.
#[derive(Args)]
pub(crate) struct AccessKeyCommand {
    #[command(flatten)]
    shared: Administration,
    #[command(flatten)]
    account: InAccount,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make an access key; its secret is shown once, ready for a shell
    #[command(group = clap::ArgGroup::new("owner").required(true))]
    Create {
        /// The user who is to have it; at most two each
        #[arg(long, value_name = "NAME", value_parser = name, group = "owner")]
        user: Option<IdentityName>,
        /// It is to be one of the root of the account, which may do everything
        #[arg(long, group = "owner")]
        root: bool,
    },
    /// List access keys, without secrets
    #[command(group = clap::ArgGroup::new("owner"))]
    List {
        /// Those of a user only
        #[arg(long, value_name = "NAME", value_parser = name, group = "owner")]
        user: Option<IdentityName>,
        /// Those of the root of the account only
        #[arg(long, group = "owner")]
        root: bool,
    },
    /// Accept requests that are signed with an access key again
    Activate {
        /// The access key id
        id: String,
    },
    /// Refuse requests that are signed with an access key
    Deactivate {
        /// The access key id
        id: String,
    },
    /// Remove an access key
    Delete {
        /// The access key id
        id: String,
    },
}

impl AccessKeyCommand {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        let shared = &self.shared;
        shared.with_identities(async |identities| match self.action {
            Action::Create { user, root: _ } => {
                let account = self.account.find(identities).await?;
                let key = identities.create_access_key(account, user.as_ref()).await?;
                shared.say(&One::AccessKey(NewAccessKeyView::of(key)))
            }
            Action::List { user, root } => {
                let account = self.account.find(identities).await?;
                let keys = if user.is_some() || root {
                    identities.access_keys(account, user.as_ref()).await?
                } else {
                    identities.all_access_keys(account).await?
                };
                let keys = keys.iter().map(AccessKeyView::of).collect();
                shared.say(&Many::AccessKeyMetadata(keys))
            }
            Action::Activate { id } => {
                let key = identities.set_access_key_active(&id, true).await?;
                shared.say(&One::AccessKeyMetadata(AccessKeyView::of(&key)))
            }
            Action::Deactivate { id } => {
                let key = identities.set_access_key_active(&id, false).await?;
                shared.say(&One::AccessKeyMetadata(AccessKeyView::of(&key)))
            }
            Action::Delete { id } => {
                identities.delete_access_key(&id).await?;
                shared.say(&Done(format!("deleted access key {id}")))
            }
        })
    }
}
