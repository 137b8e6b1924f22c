//! The binary `trent`: command line, HTTP, start and shutdown. It knows no KMS logic.

mod audit;
mod cli;
mod config;
mod data_dir;
mod doctor;
mod events;
mod files;
mod hardening;
mod http;
mod https;
mod log;
mod metrics;
mod oidc;
mod root_key;
mod shutdown;
mod start;
mod store;
mod tls;

use mimalloc::MiMalloc;
use std::io::Write as _;
use std::process::ExitCode;
use zeroizing_alloc::ZeroAlloc;

/// All memory is overwritten when it is given back: requests, answers, and every copy of a secret in
/// a buffer of HTTP, TLS or JSON.
#[global_allocator]
static MEMORY: ZeroAlloc<MiMalloc> = ZeroAlloc(MiMalloc);

fn main() -> ExitCode {
    let error = match hardening::harden().and_then(|()| cli::Arguments::read().run()) {
        Ok(status) => return status,
        Err(error) => error,
    };
    if let Some(misuse) = error.downcast_ref::<clap::Error>() {
        misuse.exit();
    }
    // `{:#}` prints the whole chain of causes in one line.
    if log::has_started() {
        tracing::error!("{error:#}");
    } else {
        let _ = writeln!(std::io::stderr(), "error: {error:#}");
    }
    ExitCode::FAILURE
}
