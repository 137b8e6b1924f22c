//! A throw-away PostgreSQL server, as durable as one is without settings.

use anyhow::{Context as _, Result, ensure};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// A server in a folder of its own. It ends when its standard input is closed, so with this process,
/// and takes its folder with it.
pub(crate) struct Postgres {
    process: Child,
    folder: TempDir,
}

impl Postgres {
    /// Starts a server. Fails where PostgreSQL is missing and cannot be installed.
    pub(crate) async fn start() -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/postgres");
        let folder = tempfile::Builder::new().prefix("bench-postgres-").tempdir_in(ON_DISK)?;
        let mut process = Command::new(&script)
            .arg("run")
            .arg(folder.path())
            .arg("0")
            .args(SETTINGS)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting `{}`", script.display()))?;
        let stdout = process.stdout.take().context("no standard output")?;
        let line = tokio::time::timeout(START_TIMEOUT, BufReader::new(stdout).lines().next_line())
            .await
            .context("waiting for PostgreSQL")??;
        ensure!(line.as_deref() == Some("Ready."), "it has not started");
        Ok(Self { process, folder })
    }

    /// Where its database is, which is empty at first.
    pub(crate) fn url(&self) -> String {
        format!("postgres:///postgres?host={}&user=trent&port=5432", self.folder.path().display())
    }

    /// Stops it and waits until it is gone.
    pub(crate) async fn stop(mut self) -> Result<()> {
        drop(self.process.stdin.take());
        let ended = tokio::time::timeout(STOP_TIMEOUT, self.process.wait()).await;
        ended.context("waiting for PostgreSQL to stop")??;
        Ok(())
    }
}

/// A folder that is on a disk also where `/tmp` is not, and open to the user of the server.
const ON_DISK: &str = "/var/tmp";

/// What decides whether a commit is on disk when it returns, as it is unless somebody says otherwise.
const SETTINGS: [&str; 3] = ["fsync=on", "synchronous_commit=on", "full_page_writes=on"];

/// Long enough to install it.
const START_TIMEOUT: Duration = Duration::from_mins(5);
const STOP_TIMEOUT: Duration = Duration::from_mins(1);
