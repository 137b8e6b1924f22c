//! What the audit log costs: Encrypt with it in files, with lines that a device throws away, and
//! without it.

use super::enforcement::Side;
use crate::api::{ACCESS_KEY_ID, SECRET};
use crate::arguments::Plan;
use crate::process::Pinning;
use crate::stats::{Round, median};
use crate::table::{Row, Table};
use anyhow::{Context as _, Result};

/// Measures all three in turn, keys in memory.
pub(super) async fn measure(plan: &Plan, pinning: Pinning, table: &mut Table) -> Result<()> {
    let folder = plan.scratch.join("bench-audit");
    let path = folder.to_str().context("a path that is not text")?;
    let access_key = format!("{ACCESS_KEY_ID}:{SECRET}");
    let known = ["--access-key", access_key.as_str()];
    let mut sides = Vec::new();
    for audit in [&[][..], &["--audit-dir", "/dev/null"], &["--audit-dir", path]] {
        let arguments = [&known, audit].concat();
        sides.push((Side::start(plan, pinning, &arguments).await?, Vec::new()));
    }
    for number in 1..=plan.rounds {
        eprintln!("Encrypt without and with an audit log, round {number} …");
        for (side, rounds) in &mut sides {
            rounds.push(side.round(plan).await?);
        }
    }
    let names = ["no audit log", "audit log to /dev/null", "audit log to files"];
    for (name, (_, rounds)) in names.iter().zip(&sides) {
        table.push(Row::of(format!("Encrypt 32 B, {name}"), &Round::median(rounds)));
    }
    let to = |other: &[Round]| {
        let files: &[Round] = sides.last().map_or(&[], |(_, rounds)| rounds);
        let ratios = other.iter().zip(files).map(|(other, file)| file.cpu_us / other.cpu_us);
        100.0 * (median(ratios.collect()) - 1.0)
    };
    table.note(format!(
        "An audit log in files costs Encrypt {:+.1} % of CPU beside one to /dev/null, {:+.1} % beside \
         none.",
        to(&sides[1].1),
        to(&sides[0].1)
    ));
    for (side, _) in sides {
        side.stop().await?;
    }
    Ok(std::fs::remove_dir_all(&folder)?)
}
