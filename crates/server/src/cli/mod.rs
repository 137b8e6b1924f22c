//! The command line. Every option can also be given in the environment.

mod access_key;
mod account;
mod admin;
mod apply;
mod audit;
mod backup;
mod dev;
mod doctor;
mod explain;
mod init;
mod policy;
mod restore;
mod role;
mod root_key;
mod serve;
mod store;
mod user;
mod view;

use crate::log;
use clap::error::ErrorKind;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use std::process::ExitCode;
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
    /// Make a data directory with a root key, an account and an administrator
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
    /// Make accounts, users and roles be as a file says
    Apply(apply::Apply),
    /// List, add and remove root keys, and rotate the store key that they seal
    RootKey(root_key::RootKeyCommand),
    /// Copy a store, such as from SQLite to PostgreSQL
    Store(store::StoreCommand),
    /// Make and verify backups, beside a running server
    Backup(backup::BackupCommand),
    /// Restore a backup into a new data directory
    Restore(restore::Restore),
    /// Find out what is wrong with a data directory and its configuration, and change nothing
    Doctor(doctor::Doctor),
    /// Say whether a principal may do something, and why
    Explain(explain::Explain),
}

impl Arguments {
    /// Reads the command line; ends the process if it only asks for help or cannot be understood.
    pub(crate) fn read() -> Self {
        let command = Self::command().help_template(help());
        let matches = command.get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

impl Arguments {
    /// Runs the command to its end.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let log = self.log.as_deref();
        let done = match self.command {
            Command::Explain(explain) => return explain.run(),
            Command::Dev(dev) => dev.run(log),
            Command::Init(init) => init.run(),
            Command::Serve(serve) => serve.run(log),
            Command::Account(account) => account.run(),
            Command::User(user) => user.run(),
            Command::Role(role) => role.run(),
            Command::AccessKey(access_key) => access_key.run(),
            Command::Policy(policy) => policy.run(),
            Command::Audit(audit) => audit.run(),
            Command::Apply(apply) => apply.run(),
            Command::RootKey(root_key) => root_key.run(),
            Command::Store(store) => store.run(),
            Command::Backup(backup) => backup.run(),
            Command::Restore(restore) => restore.run(),
            Command::Doctor(doctor) => return doctor.run(),
        };
        done.map(|()| ExitCode::SUCCESS)
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

/// The template of `trent --help`, with the commands in groups.
fn help() -> String {
    let mut command = Arguments::command();
    command.build();
    let mut text = "{about-with-newline}\n{usage-heading} {usage}\n".to_owned();
    for (heading, names) in GROUPS {
        text.extend(["\n", heading, ":\n"]);
        for name in *names {
            let about = command.find_subcommand(name).and_then(clap::Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            text.extend([format!("  {name:12}{about}\n")]);
        }
    }
    text + "\nOptions:\n{options}"
}

/// All commands.
const GROUPS: &[(&str, &[&str])] = &[
    ("Servers", &["dev", "serve"]),
    ("Identities", &["init", "account", "user", "role", "access-key", "policy", "apply"]),
    ("Store", &["root-key", "store", "backup", "restore"]),
    ("Questions", &["audit", "doctor", "explain", "help"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_one_group() {
        let mut command = Arguments::command();
        command.build();
        let mut names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        names.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(names, grouped);
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
