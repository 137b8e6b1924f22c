//! The command line, and the plan that follows from it.

use anyhow::{Result, ensure};
use clap::{Parser, Subcommand, ValueEnum};
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Measures Trent and prints ratios to a bare echo of the same run.
#[derive(Parser)]
#[command(version)]
pub(crate) struct Arguments {
    /// Short rounds and few keys: a smoke test.
    #[arg(long)]
    quick: bool,
    /// Over how many keys Encrypt is measured, several separated by commas [default: 1000,100000,
    /// or 1000 if quick]
    #[arg(long, value_name = "COUNT", value_delimiter = ',')]
    keys: Vec<usize>,
    /// How many keys there are when rotation is measured [default: 100000, or 2000 if quick]
    #[arg(long, value_name = "COUNT")]
    rotation_keys: Option<usize>,
    /// How many of them become due at once [default: a tenth]
    #[arg(long, value_name = "COUNT")]
    due: Option<usize>,
    /// Measure only this; may be given several times.
    #[arg(long, value_name = "NAME")]
    only: Vec<Part>,
    /// The server's binary.
    #[arg(long, env = "TRENT_BINARY", value_name = "FILE")]
    #[arg(help = "The server's binary [default: target/dist/trent of the workspace]")]
    binary: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the bare server that Trent is compared with.
    #[command(hide = true)]
    Echo { address: SocketAddr, reply_bytes: usize },
}

/// What can be measured by itself.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Encrypt of 32 bytes and of 4 KiB.
    Encrypt,
    /// Decrypt of 32 bytes and of 4 KiB.
    Decrypt,
    /// GenerateDataKey.
    GenerateDataKey,
    /// GenerateMac.
    GenerateMac,
    /// Sign with RSA_2048, P-256, Ed25519 and ML_DSA_65.
    Sign,
    /// Encrypt over very many keys, in random order; starts and listings with them.
    Keys,
    /// Encrypt with key policy and IAM policy enforced, and without.
    Enforcement,
    /// Encrypt with an audit log and without.
    Audit,
    /// Encrypt beside CreateKey of RSA keys.
    KeyGeneration,
    /// CreateKey, UpdateAlias and RotateKeyOnDemand, on disk.
    Write,
    /// Start-up, and the rotation of many keys among very many.
    Rotation,
}

/// What is measured, and how long.
pub(crate) struct Plan {
    pub(crate) binary: PathBuf,
    /// Where data directories are made.
    pub(crate) scratch: PathBuf,
    /// Connections that read.
    pub(crate) clients: usize,
    pub(crate) rounds: usize,
    pub(crate) round: Duration,
    pub(crate) write_round: Duration,
    pub(crate) starts: usize,
    /// How many keys there are, each in turn.
    pub(crate) keys: Vec<usize>,
    pub(crate) rotation_keys: usize,
    pub(crate) due: usize,
    only: Vec<Part>,
}

impl Plan {
    pub(crate) fn new(arguments: Arguments) -> Result<Self> {
        let Arguments { quick, mut keys, rotation_keys, due, only, binary, command: _ } = arguments;
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
        let binary = binary.unwrap_or_else(|| target.join("dist/trent"));
        ensure!(binary.is_file(), "there is no `{}`; run `make dist`", binary.display());
        if keys.is_empty() {
            keys = if quick { vec![1_000] } else { vec![1_000, 100_000] };
        }
        let rotation_keys = rotation_keys.unwrap_or(if quick { 2_000 } else { 100_000 });
        let due = due.unwrap_or(rotation_keys / 10);
        let enough = keys.iter().chain([&rotation_keys]).all(|count| *count >= KEYS_MIN);
        ensure!(enough, "`--keys` and `--rotation-keys` must be at least {KEYS_MIN}");
        ensure!(
            (1..rotation_keys).contains(&due),
            "`--due` must be at least 1 and less than `--rotation-keys`"
        );
        let ms = Duration::from_millis;
        Ok(Self {
            binary,
            scratch: target,
            clients: 16,
            rounds: if quick { 1 } else { 5 },
            round: if quick { ms(200) } else { ms(900) },
            write_round: if quick { ms(200) } else { ms(1500) },
            starts: if quick { 1 } else { 5 },
            keys,
            rotation_keys,
            due,
            only,
        })
    }

    pub(crate) fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "rounds:   {} of {:?} each over {} connections, echo and Trent in turn; medians",
            self.rounds, self.round, self.clients
        )
    }
}

const KEYS_MIN: usize = 100;
