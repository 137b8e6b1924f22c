//! The command line. Every option can also be given in the environment.

mod access_key;
mod account;
mod admin;
mod audit;
mod dev;
mod init;
mod policy;
mod role;
mod serve;
mod user;
mod view;

use crate::log;
use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// A self-hosted key management service that speaks the AWS KMS API.
#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    /// What to log to standard error: error, warn, info, debug, or a filter such as
    /// `trent_service=debug` [default: warn; that of the configuration for `serve`]
    #[arg(long, env = "TRENT_LOG", global = true, value_name = "LEVEL")]
    log: Option<String>,
    #[command(subcommand)]
    command: Command,
}

/// The commands.
#[derive(Subcommand)]
enum Command {
    /// Run a KMS for development and CI: any credentials, and a clock that can be moved
    Dev(Box<dev::Dev>),
    /// Make the data directory of a server, with a new root key
    Init(init::Init),
    /// Run a KMS as a configuration file says: TLS, signatures verified, policies enforced
    Serve(serve::Serve),
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
    /// Verify and read the audit log
    Audit(audit::AuditCommand),
}

impl Arguments {
    /// Runs the command to its end.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let log = self.log.as_deref();
        match self.command {
            Command::Dev(dev) => dev.run(log),
            Command::Init(init) => init.run(log),
            Command::Serve(serve) => serve.run(log),
            Command::Account(account) => account.run(),
            Command::User(user) => user.run(),
            Command::Role(role) => role.run(),
            Command::AccessKey(access_key) => access_key.run(),
            Command::Policy(policy) => policy.run(),
            Command::Audit(audit) => audit.run(),
        }
    }
}

/// Reads what `--log` says.
fn log_filter(text: &str) -> anyhow::Result<EnvFilter> {
    log::filter(text).map_err(|error| misuse(&format!("--log: {error:#}")))
}

/// A command line that cannot be understood, of which clap does not know.
fn misuse(message: &str) -> anyhow::Error {
    Arguments::command().error(ErrorKind::ValueValidation, message).into()
}
