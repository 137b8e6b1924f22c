//! Rotation at size: start-up with many keys, and many keys that are due at once among very many,
//! while a client goes on encrypting.

use crate::api::{CLIENTS_MANY, Trent};
use crate::arguments::Plan;
use crate::load::{Clients, End, Outcome, Requests, pace};
use crate::process::Pinning;
use crate::stats::{Latency, Round, as_float, median_duration};
use crate::table::{Row, Table, count_text};
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Measures start-up and rotation, on disk.
pub(super) async fn measure(plan: &Plan, pinning: Pinning, table: &mut Table) -> Result<()> {
    let directory = tempfile::Builder::new().prefix("bench-").tempdir_in(&plan.scratch)?;
    let path = directory.path();
    let some = plan.rotation_keys / 10;
    let start = || Trent::start(pinning, &plan.binary, Some(path));

    let mut trent = start().await?;
    create(&mut trent, some, plan.rotation_keys, table).await?;
    trent.server.stop().await?;
    measure_start(plan, pinning, path, some, table).await?;

    let mut trent = start().await?;
    create(&mut trent, plan.rotation_keys - some, plan.rotation_keys, table).await?;
    let keys = trent.list_keys(plan.rotation_keys).await?;
    ensure!(
        keys.len() == plan.rotation_keys,
        "there are {} keys, not {}",
        keys.len(),
        plan.rotation_keys
    );
    enable_rotation(&trent, &keys[..plan.due]).await?;
    trent.server.stop().await?;
    measure_start(plan, pinning, path, plan.rotation_keys, table).await?;

    let mut trent = start().await?;
    rotate(plan, &mut trent, &keys, table).await?;
    verify(&mut trent, &keys, plan.due).await?;
    trent.server.stop().await
}

/// Creates keys, and shows how fast, for comparison with a store that is nearly empty.
async fn create(trent: &mut Trent, count: usize, total: usize, table: &mut Table) -> Result<()> {
    eprintln!("creating {count} keys …");
    let before = trent.server.cpu_time()?;
    let outcomes = trent.create_keys(count).await?;
    let cpu = trent.server.cpu_time()?.saturating_sub(before);
    let elapsed = outcomes.iter().map(|outcome| outcome.elapsed).sum();
    let latencies = outcomes.into_iter().flat_map(|Outcome { latencies, .. }| latencies).collect();
    if count > total / 2 {
        let what = format!("CreateKey, {CLIENTS_MANY} clients, up to {} keys", count_text(total));
        table.push(Row::of(what, &Round::new(elapsed, cpu, latencies)));
    }
    Ok(())
}

async fn measure_start(
    plan: &Plan,
    pinning: Pinning,
    path: &Path,
    keys: usize,
    table: &mut Table,
) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..plan.starts {
        let trent = Trent::start(pinning, &plan.binary, Some(path)).await?;
        times.push(trent.server.started_in);
        trent.server.stop().await?;
    }
    table.push(Row {
        what: format!("Start-up with {} keys", count_text(keys)),
        max: times.iter().copied().max(),
        p50: Some(median_duration(times)),
        ..Row::default()
    });
    Ok(())
}

async fn enable_rotation(trent: &Trent, keys: &[String]) -> Result<()> {
    eprintln!("enabling rotation of {} keys …", keys.len());
    let enable = |key| {
        let body = json!({ "KeyId": key, "RotationPeriodInDays": 90 });
        trent.request("EnableKeyRotation", &body)
    };
    let requests: Requests = keys.iter().map(enable).collect();
    let mut clients = Clients::connect(trent.address(), CLIENTS_MANY).await?;
    clients.run(&requests, End::Requests(keys.len())).await?;
    Ok(())
}

/// Moves the clock past the dates of the due keys, while a client encrypts.
async fn rotate(plan: &Plan, trent: &mut Trent, keys: &[String], table: &mut Table) -> Result<()> {
    eprintln!("rotating {} of {} keys …", plan.due, plan.rotation_keys);
    let encrypt = |key| trent.request("Encrypt", &json!({ "KeyId": key, "Plaintext": "AAAA" }));
    // Keys that rotate and keys that do not, in turn.
    let (due, others) = keys.split_at(plan.due);
    let requests: Requests = due
        .iter()
        .zip(others)
        .take(SAMPLE)
        .flat_map(|(one, two)| [one, two])
        .map(encrypt)
        .collect();
    // So that the time before is not that of a cold cache.
    Clients::connect(trent.address(), 1)
        .await?
        .run(&requests, End::Requests(requests.len()))
        .await?;

    let stop = Arc::new(AtomicBool::new(false));
    let steady =
        || tokio::spawn(pace(trent.address(), Arc::clone(&requests), INTERVAL, Arc::clone(&stop)));
    let before = steady();
    tokio::time::sleep(plan.write_round).await;
    stop.store(true, Ordering::Relaxed);
    let before = Latency::of(before.await??);

    stop.store(false, Ordering::Relaxed);
    let during = steady();
    let cpu_before = trent.server.cpu_time()?;
    let start = Instant::now();
    trent.advance("P91D").await?;
    let elapsed = start.elapsed();
    let cpu = trent.server.cpu_time()?.saturating_sub(cpu_before);
    stop.store(true, Ordering::Relaxed);
    let during = Latency::of(during.await??);

    let due = as_float(plan.due);
    table.push(Row {
        what: format!(
            "Rotation of {} keys of {}",
            count_text(plan.due),
            count_text(plan.rotation_keys)
        ),
        per_second: Some(due / elapsed.as_secs_f64()),
        cpu_us: Some(cpu.as_secs_f64() * 1e6 / due),
        ..Row::default()
    });
    let pace = 1.0 / INTERVAL.as_secs_f64();
    table.push(Row::of_latency(format!("Encrypt, {pace:.0} a second, before it"), before));
    table.push(Row::of_latency(format!("Encrypt, {pace:.0} a second, during it"), during));
    Ok(())
}

/// The due keys have rotated once, the others have not.
async fn verify(trent: &mut Trent, keys: &[String], due: usize) -> Result<()> {
    let (rotated, others) = keys.split_at(due);
    for (keys, expected) in [(rotated, 1), (others, 0)] {
        for key in keys.iter().step_by(keys.len().div_ceil(SAMPLE)) {
            let listed = trent.call("ListKeyRotations", &json!({ "KeyId": key })).await?;
            let count = listed["Rotations"].as_array().map(Vec::len);
            ensure!(count == Some(expected), "key {key} has the rotations {listed}");
            let is_automatic = |rotation: &Value| rotation["RotationType"] == "AUTOMATIC";
            ensure!(
                listed["Rotations"].as_array().into_iter().flatten().all(is_automatic),
                "key {key} has the rotations {listed}"
            );
        }
    }
    Ok(())
}

/// Keys that are used and looked at, of those that rotate and of those that do not.
const SAMPLE: usize = 100;

/// Between two requests of the client that encrypts.
const INTERVAL: Duration = Duration::from_millis(2);
