//! Quick answers beside slow work: a client goes on encrypting while others create RSA keys, which
//! takes a processor up to seconds for each.

use crate::api::Trent;
use crate::arguments::Plan;
use crate::load::{Clients, End, Outcome, Requests, pace};
use crate::process::Pinning;
use crate::stats::{Latency, Round};
use crate::table::{Row, Table};
use anyhow::Result;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Measures Encrypt alone and beside CreateKey of RSA_4096, in memory.
pub(super) async fn measure(plan: &Plan, pinning: Pinning, table: &mut Table) -> Result<()> {
    let mut trent = Trent::start(pinning, &plan.binary, None).await?;
    trent.create_keys(1).await?;
    let keys = trent.list_keys(1).await?;
    let encrypt = |key| trent.request("Encrypt", &json!({ "KeyId": key, "Plaintext": "AAAA" }));
    let encrypt: Requests = keys.iter().map(encrypt).collect();
    let create = json!({ "KeySpec": "RSA_4096", "KeyUsage": "SIGN_VERIFY" });
    let create: Requests = Arc::from([trent.request("CreateKey", &create)]);
    let mut creating = Clients::connect(trent.address(), CREATING).await?;

    let (mut alone, mut beside, mut created) = (Vec::new(), Vec::new(), Vec::new());
    let mut elapsed = Duration::ZERO;
    for round in 1..=plan.rounds {
        eprintln!("Encrypt beside CreateKey RSA_4096, round {round} …");
        let stop = Arc::new(AtomicBool::new(false));
        let steady = || {
            tokio::spawn(pace(trent.address(), Arc::clone(&encrypt), INTERVAL, Arc::clone(&stop)))
        };
        let encrypting = steady();
        tokio::time::sleep(plan.write_round).await;
        stop.store(true, Ordering::Relaxed);
        alone.extend(encrypting.await??);

        stop.store(false, Ordering::Relaxed);
        let encrypting = steady();
        let outcome = creating.run(&create, End::After(plan.write_round)).await;
        stop.store(true, Ordering::Relaxed);
        beside.extend(encrypting.await??);
        let Outcome { elapsed: more, latencies } = outcome?;
        elapsed += more;
        created.extend(latencies);
    }
    // The CPU time would be that of Encrypt as well.
    let created = Round::new(elapsed, Duration::ZERO, created);
    let created = Row { cpu_us: None, ..Row::of("CreateKey RSA_4096, in memory", &created) };
    let (alone, beside) = (Latency::of(alone), Latency::of(beside));
    let pace = 1.0 / INTERVAL.as_secs_f64();
    table.push(created);
    table.push(Row::of_latency(format!("Encrypt, {pace:.0} a second, alone"), alone));
    table.push(Row::of_latency(format!("Encrypt, {pace:.0} a second, beside RSA_4096"), beside));
    let ratio = |of: fn(&Latency) -> Duration| of(&beside).div_duration_f64(of(&alone));
    table.note(format!(
        "While RSA_4096 keys are created, Encrypt takes {:.1} times as long (p50), {:.1} times (p99).",
        ratio(|latency| latency.p50),
        ratio(|latency| latency.p99)
    ));
    trent.server.stop().await
}

/// Clients that create keys: more than there are processors for it.
const CREATING: usize = 4;

/// Between two requests of the client that encrypts.
const INTERVAL: Duration = Duration::from_millis(2);
