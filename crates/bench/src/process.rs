//! The servers as child processes: pinned to a core, killed when dropped, their CPU time read.

use anyhow::{Context as _, Result, bail, ensure};
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command as BlockingCommand, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};

/// Whether servers and load generator have a core each.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pinning {
    Done,
    Impossible,
}

impl Pinning {
    /// Pins this process, if there is a core for each side and the program that does it. Threads
    /// and children that come later are pinned too.
    pub(crate) fn establish() -> Self {
        let process = std::process::id().to_string();
        let server_can = taskset(&["-c", SERVER_CORE, "true"]);
        if server_can && taskset(&["-c", "-p", LOAD_CORE, &process]) {
            Self::Done
        } else {
            Self::Impossible
        }
    }
}

fn taskset(arguments: &[&str]) -> bool {
    let mut command = BlockingCommand::new("taskset");
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

impl fmt::Display for Pinning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => {
                write!(f, "servers on core {SERVER_CORE}, load on core {LOAD_CORE}, awake")
            }
            Self::Impossible => f.write_str("none (needs two cores and `taskset`)"),
        }
    }
}

/// A server that runs.
pub(crate) struct Server {
    child: Child,
    /// Kept open, or the server could not write.
    _stdout: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
    /// From the start of the process to its line `Ready.`.
    pub(crate) started_in: Duration,
}

impl Server {
    /// Starts a server on its core and waits until it is ready.
    pub(crate) async fn start(
        pinning: Pinning,
        program: &Path,
        arguments: &[&str],
    ) -> Result<Self> {
        let mut command = match pinning {
            Pinning::Done => {
                let mut command = Command::new("taskset");
                command.args(["-c", SERVER_CORE]).arg(program);
                command
            }
            Pinning::Impossible => Command::new(program),
        };
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let start = Instant::now();
        let mut child =
            command.spawn().with_context(|| format!("starting `{}`", program.display()))?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut stdout = BufReader::new(stdout);
        let address = tokio::time::timeout(START_TIMEOUT, ready(&mut stdout))
            .await
            .context("waiting for the server to be ready")?
            .with_context(|| format!("starting `{}`", program.display()))?;
        Ok(Self { child, _stdout: stdout, address, started_in: start.elapsed() })
    }

    /// CPU time that the process has used.
    pub(crate) fn cpu_time(&self) -> Result<Duration> {
        cpu_time_of(&self.child.id().context("the server has ended")?.to_string())
    }

    /// Memory that the process has now, in MiB.
    pub(crate) fn memory_mib(&self) -> Result<f64> {
        let process = self.child.id().context("the server has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
        Ok(kib.context("`/proc` does not say how much memory there is")? / 1024.0)
    }

    /// Stops the server as an operator would.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let process = self.child.id().context("the server has ended")?;
        // Every shell has this command, and the standard library has no other way.
        let kill = format!("kill -TERM {process}");
        let sent = Command::new("sh").args(["-c", &kill]).status().await?;
        ensure!(sent.success(), "the server has ended by itself");
        let status = tokio::time::timeout(STOP_TIMEOUT, self.child.wait())
            .await
            .context("waiting for the server to stop")??;
        ensure!(status.success(), "the server stopped with {status}");
        Ok(())
    }
}

/// CPU time that a process has used: a number, or `self`.
pub(crate) fn cpu_time_of(process: &str) -> Result<Duration> {
    let path = format!("/proc/{process}/stat");
    let stat = std::fs::read_to_string(&path).with_context(|| format!("reading `{path}`"))?;
    cpu_time(&stat).with_context(|| format!("`{path}` says `{stat}`"))
}

/// Reads what a server says until it is ready; its address is in it.
async fn ready(stdout: &mut BufReader<ChildStdout>) -> Result<SocketAddr> {
    let mut address = None;
    let mut line = String::new();
    while stdout.read_line(&mut line).await? > 0 {
        if line.trim_end() == "Ready." {
            return address.context("it did not say its address");
        }
        if let Some((_, text)) = line.split_once("http://") {
            address = address.or(text.trim_end().parse().ok());
        }
        line.clear();
    }
    bail!("it ended before it was ready");
}

/// `utime` and `stime`. The name of the process, in parentheses, may contain anything.
fn cpu_time(stat: &str) -> Option<Duration> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(TICK * u32::try_from(ticks).ok()?)
}

const SERVER_CORE: &str = "0";
const LOAD_CORE: &str = "1";

/// The unit of times in `/proc`: Linux shows it as a hundredth of a second on every architecture.
const TICK: Duration = Duration::from_millis(10);

const START_TIMEOUT: Duration = Duration::from_secs(30);
const STOP_TIMEOUT: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_found_behind_any_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 2000 0 1 0 150 25 7 8 20 0 5 0 99 1 2";
        assert_eq!(cpu_time(stat), Some(Duration::from_millis(1750)));
        assert_eq!(cpu_time("42 (a) S 1"), None);
    }
}
