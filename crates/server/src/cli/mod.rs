//! The command line. Every option can also be given in the environment.

mod dev;

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
    Dev(dev::Dev),
}

/// Runs a command to its end.
pub(crate) fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Dev(dev) => dev.run(),
    }
}

/// A command line that cannot be understood, of which clap does not know.
fn misuse(message: &str) -> anyhow::Error {
    Arguments::command().error(ErrorKind::ValueValidation, message).into()
}
