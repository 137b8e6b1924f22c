//! The benchmark of Trent: loads the built binary from outside, over HTTP, and prints a table.
//!
//! Absolute numbers depend on the machine. What can be compared is the ratio to a bare hyper echo
//! of the same sizes, which runs alternately with Trent on the same core.
#![expect(clippy::print_stdout, reason = "the results are what this program is for")]
#![expect(clippy::print_stderr, reason = "so is saying what it is doing")]

mod api;
mod arguments;
mod echo;
mod http;
mod load;
mod machine;
mod measure;
mod postgres;
mod process;
mod sigv4;
mod stats;
mod table;

use anyhow::{Result, bail};
use arguments::{Arguments, Command, Plan};
use clap::Parser as _;
use process::Pinning;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("trent-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    if let Some(Command::Echo { address, reply_bytes }) = arguments.command {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        return runtime.block_on(echo::serve(address, reply_bytes));
    }
    let plan = Plan::new(arguments)?;
    print!("{}", machine::describe(&plan.binary)?);
    let pinning = Pinning::establish();
    println!("pinning:  {pinning}");
    println!("{plan}\n");
    // One thread generates the load; children die with the future, whatever ends it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let table = runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            table = measure::all(&plan, pinning) => table,
            _ = interrupt.recv() => bail!("interrupted"),
            _ = terminate.recv() => bail!("terminated"),
        }
    })?;
    print!("{table}");
    Ok(())
}
