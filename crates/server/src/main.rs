//! The binary `trent`: command line, HTTP, start and shutdown. It knows no KMS logic.

mod cli;
mod data_dir;
mod http;
mod shutdown;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = cli::Arguments::read();
    let logs = arguments.command.is_server();
    if logs {
        tracing_subscriber::fmt()
            .with_env_filter(&arguments.log)
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .init();
    }
    match cli::run(arguments.command) {
        Ok(status) => status,
        Err(error) => {
            if let Some(misuse) = error.downcast_ref::<clap::Error>() {
                misuse.exit();
            }
            // `{:#}` prints the whole chain of causes in one line.
            if logs {
                tracing::error!("{error:#}");
            } else {
                let _ = writeln!(std::io::stderr(), "error: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}
