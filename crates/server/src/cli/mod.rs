//! The command line. Every option can also be given in the environment.

mod access_key;
mod account;
mod admin;
mod dev;
mod policy;
mod role;
mod user;
mod view;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};

/// A self-hosted key management service that speaks the AWS KMS API.
#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    /// What to log to standard error: error, warn, info, debug, or a filter such as
    /// `trent_service=debug`.
    #[arg(long, env = "TRENT_LOG", default_value = "warn", global = true, value_name = "LEVEL")]
    pub(crate) log: String,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run a KMS for development and CI: any credentials, and a clock that can be moved.
    Dev(Box<dev::Dev>),
    /// Make and list accounts
    Account(account::AccountCommand),
    /// Make, list, show and remove IAM users
    User(user::UserCommand),
    /// Make, list, show, change and remove IAM roles
    Role(role::RoleCommand),
    /// Make, list, deactivate and remove access keys
    AccessKey(access_key::AccessKeyCommand),
    /// Put, get, list and remove policies and permissions boundaries of users and roles
    Policy(policy::PolicyCommand),
}

impl Command {
    /// Whether the command runs a server, which logs.
    pub(crate) fn is_server(&self) -> bool {
        matches!(self, Self::Dev(_))
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Dev(dev) => dev.run(),
        Command::Account(account) => account.run(),
        Command::User(user) => user.run(),
        Command::Role(role) => role.run(),
        Command::AccessKey(access_key) => access_key.run(),
        Command::Policy(policy) => policy.run(),
    }
}

/// A command line that cannot be understood, of which clap does not know.
fn misuse(message: &str) -> anyhow::Error {
    Arguments::command().error(ErrorKind::ValueValidation, message).into()
}
