//! `trent policy`: the inline policies of users and roles, and their permissions boundaries.

use super::admin::{Administration, Done, InAccount, OfUserOrRole, name, read_document};
use super::view::{Many, document};
use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::Value;
use std::cell::Cell;
use std::fmt::{self, Display};
use std::path::PathBuf;
use trent_core::identity::IdentityName;
use trent_service::identity::admin::{Identities, Owner};

/// The command.
#[derive(Args)]
pub(crate) struct PolicyCommand {
    #[command(flatten)]
    shared: Administration,
    #[command(flatten)]
    account: InAccount,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Give a user or role a policy, in place of the one of this name
    Put {
        /// The name of the policy: 1 to 64 letters, digits and +=,.@_-
        #[arg(value_parser = name)]
        name: IdentityName,
        #[command(flatten)]
        owner: OfUserOrRole,
        /// The file with the policy as JSON; - for standard input
        #[arg(long, value_name = "FILE")]
        document: PathBuf,
    },
    /// Print a policy as it was put
    Get {
        /// The name of the policy
        #[arg(value_parser = name)]
        name: IdentityName,
        #[command(flatten)]
        owner: OfUserOrRole,
    },
    /// List the names of the policies
    List {
        #[command(flatten)]
        owner: OfUserOrRole,
    },
    /// Remove a policy
    Delete {
        /// The name of the policy
        #[arg(value_parser = name)]
        name: IdentityName,
        #[command(flatten)]
        owner: OfUserOrRole,
    },
    /// Limit what the policies can allow, in place of an earlier limit
    PutBoundary {
        #[command(flatten)]
        owner: OfUserOrRole,
        /// The file with the permissions boundary as JSON; - for standard input
        #[arg(long, value_name = "FILE")]
        document: PathBuf,
    },
    /// Remove the limit
    DeleteBoundary {
        #[command(flatten)]
        owner: OfUserOrRole,
    },
}

/// A policy with its name.
#[derive(Serialize)]
struct Policy {
    #[serde(rename = "PolicyName")]
    name: String,
    #[serde(rename = "PolicyDocument")]
    document: Value,
    #[serde(skip)]
    text: String,
}

impl Display for Policy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.text)
    }
}

impl PolicyCommand {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        let shared = &self.shared;
        shared.with_identities(async |identities| {
            let account = self.account.find(identities).await?;
            match self.action {
                Action::Put { name, owner, document } => {
                    let owner = owner.in_account(account)?;
                    shared.say(&put(identities, &owner, &name, &read_document(&document)?).await?)
                }
                Action::Get { name, owner } => {
                    let owner = owner.in_account(account)?;
                    shared.say(&get(identities, &owner, &name).await?)
                }
                Action::List { owner } => {
                    let permissions = identities.permissions(&owner.in_account(account)?).await?;
                    let names = permissions.policies.keys().map(ToString::to_string);
                    shared.say(&Many::PolicyNames(names.collect()))
                }
                Action::Delete { name, owner } => {
                    let owner = owner.in_account(account)?;
                    shared.say(&delete(identities, &owner, &name).await?)
                }
                Action::PutBoundary { owner, document } => {
                    let owner = owner.in_account(account)?;
                    let text = read_document(&document)?;
                    identities
                        .change_permissions(&owner, |all| all.boundary = Some(text.clone()))
                        .await?;
                    shared.say(&Done(format!("put the permissions boundary of {owner}")))
                }
                Action::DeleteBoundary { owner } => {
                    let owner = owner.in_account(account)?;
                    identities.change_permissions(&owner, |all| all.boundary = None).await?;
                    shared.say(&Done(format!("{owner} has no permissions boundary")))
                }
            }
        })
    }
}

async fn put(
    identities: &Identities,
    owner: &Owner,
    name: &IdentityName,
    text: &str,
) -> Result<Done> {
    let edit = |policies: &mut trent_core::identity::Permissions| {
        policies.policies.insert(name.clone(), text.to_owned());
    };
    identities.change_permissions(owner, edit).await?;
    Ok(Done(format!("put policy {name} of {owner}")))
}

async fn get(identities: &Identities, owner: &Owner, name: &IdentityName) -> Result<Policy> {
    let mut permissions = identities.permissions(owner).await?;
    let text = permissions.policies.remove(name).with_context(|| missing(owner, name))?;
    Ok(Policy { name: name.to_string(), document: document(&text), text })
}

async fn delete(identities: &Identities, owner: &Owner, name: &IdentityName) -> Result<Done> {
    let was_there = Cell::new(false);
    identities
        .change_permissions(owner, |all| was_there.set(all.policies.remove(name).is_some()))
        .await?;
    anyhow::ensure!(was_there.get(), missing(owner, name));
    Ok(Done(format!("deleted policy {name} of {owner}")))
}

fn missing(owner: &Owner, name: &IdentityName) -> String {
    format!("{owner} has no policy {name}")
}
