//! Very many keys: Encrypt over all of them in random order, so that the cache often does not help;
//! how long a start takes, how long a page of a listing, how much memory is used.

use super::requests::enforcing;
use crate::api::{Trent, round};
use crate::arguments::Plan;
use crate::load::{Clients, End, Requests};
use crate::process::Pinning;
use crate::stats::{Latency, Round};
use crate::table::{Row, Table, count_text};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// Measures each number of keys that the plan names, on disk.
pub(super) async fn measure(plan: &Plan, pinning: Pinning, table: &mut Table) -> Result<()> {
    let mut first: Option<Duration> = None;
    for &count in &plan.keys {
        let directory = tempfile::Builder::new().prefix("bench-").tempdir_in(&plan.scratch)?;
        let p99 = measure_count(plan, pinning, directory.path(), count, table).await?;
        let first = *first.get_or_insert(p99);
        table.note(format!(
            "Encrypt over {} keys: p99 is {:.1} times that over {}.",
            count_text(count),
            p99.div_duration_f64(first),
            count_text(plan.keys[0])
        ));
    }
    Ok(())
}

/// Returns the 99th percentile of Encrypt.
async fn measure_count(
    plan: &Plan,
    pinning: Pinning,
    directory: &Path,
    count: usize,
    table: &mut Table,
) -> Result<Duration> {
    let data_dir = directory.join("data");
    let start = || enforcing(plan, pinning, directory, Some(&data_dir));
    eprintln!("creating {count} keys …");
    let mut trent = start().await?;
    trent.create_keys(count).await?;
    let keys = trent.list_keys(count).await?;
    ensure!(keys.len() == count, "there are {} keys, not {count}", keys.len());
    trent.server.stop().await?;

    let mut trent = start().await?;
    let shown = count_text(count);
    let started = Some(trent.server.started_in);
    let what = format!("Start-up with {shown} keys");
    table.push(Row { what, p50: started, max: started, ..Row::default() });

    // A server reads a large store for damage when it starts.
    tokio::time::sleep(READING_ONE * u32::try_from(count)?).await;
    let mut rounds = Vec::new();
    let mut clients = Clients::connect(trent.address(), plan.clients).await?;
    clients = clients.never_sleep(pinning == Pinning::Done);
    let warming = if count > CACHED_KEYS { WARMING_ROUNDS } else { 1 };
    for number in 0..warming + plan.rounds {
        eprintln!("Encrypt over {count} keys, round {number} …");
        let requests = random_requests(&trent, &keys)?;
        let round = round(&trent.server, &mut clients, &requests, End::After(plan.round)).await?;
        // The first ones fill the cache.
        if number >= warming {
            rounds.push(round);
        }
    }
    let encrypt = Round::median(&rounds);
    table.push(Row::of(format!("Encrypt 32 B over {shown} keys"), &encrypt));
    let pages = pages(&mut trent).await?;
    table.push(Row::of_latency(format!("ListKeys, pages of 1,000 of {shown} keys"), pages));
    table.note(format!(
        "With {shown} keys the server has {:.0} MiB of memory.",
        trent.server.memory_mib()?
    ));
    trent.server.stop().await?;
    Ok(encrypt.latency.p99)
}

/// Requests for keys drawn with equal probability, other ones each time.
fn random_requests(trent: &Trent, keys: &[String]) -> Result<Requests> {
    let mut random = vec![0; REQUESTS * 8];
    aws_lc_rs::rand::fill(&mut random).ok().context("no random bytes")?;
    let plaintext = "A".repeat(44);
    let request = |bytes: &[u8; 8]| {
        let index = u64::from_le_bytes(*bytes) % u64::try_from(keys.len())?;
        let key = &keys[usize::try_from(index)?];
        Ok(trent.request("Encrypt", &json!({ "KeyId": key, "Plaintext": plaintext })))
    };
    random.as_chunks::<8>().0.iter().map(request).collect()
}

/// How long each page of a listing takes, from the first to the last.
async fn pages(trent: &mut Trent) -> Result<Latency> {
    let mut latencies = Vec::new();
    let mut request = json!({ "Limit": 1000 });
    loop {
        let start = Instant::now();
        let page = trent.call("ListKeys", &request).await?;
        latencies.push(start.elapsed());
        match &page["NextMarker"] {
            Value::Null => return Ok(Latency::of(latencies)),
            marker => request["Marker"] = marker.clone(),
        }
    }
}

/// A multiple of what it takes to read one key.
const READING_ONE: Duration = Duration::from_micros(15);

/// How many keys a server keeps opened by default.
const CACHED_KEYS: usize = 100_000;

/// Rounds until the cache is full and has memory for what it holds.
const WARMING_ROUNDS: usize = 10;

/// More than a server answers in a round.
const REQUESTS: usize = 60_000;
