//! What the numbers were measured on, and what was measured.

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

/// Lines about the machine, the date and the versions.
pub(crate) fn describe(binary: &Path) -> Result<String> {
    let version = Command::new(binary)
        .arg("--version")
        .output()
        .with_context(|| format!("running `{}`", binary.display()))?;
    let version = String::from_utf8_lossy(&version.stdout);
    let cpus = std::fs::read_to_string("/proc/cpuinfo").context("reading /proc/cpuinfo")?;
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown", |(_, model)| model);
    let cores = std::thread::available_parallelism()?;
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut text = String::new();
    writeln!(text, "date:     {}", now().strftime("%Y-%m-%d %H:%M UTC"))?;
    writeln!(text, "versions: {}, trent-bench {}", version.trim(), env!("CARGO_PKG_VERSION"))?;
    let system = std::env::consts::OS;
    let architecture = std::env::consts::ARCH;
    writeln!(text, "machine:  {model}, {cores} cores, {system} {} {architecture}", kernel.trim())?;
    Ok(text)
}

/// Real time.
#[expect(clippy::disallowed_methods, reason = "the clock of the service is in another process")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
