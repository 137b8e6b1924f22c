//! Operations that write, on disk: each is durable before it is answered.

use crate::api::{CLIENTS_MANY, Trent, round};
use crate::arguments::Plan;
use crate::load::{Clients, End, Requests};
use crate::process::Pinning;
use crate::table::{Row, Table};
use anyhow::Result;
use serde_json::json;
use std::sync::Arc;

/// Measures CreateKey and RotateKeyOnDemand, with one client and with many.
pub(super) async fn measure(plan: &Plan, pinning: Pinning, table: &mut Table) -> Result<()> {
    let directory = tempfile::Builder::new().prefix("bench-").tempdir_in(&plan.scratch)?;
    let mut trent = Trent::start(pinning, &plan.binary, Some(directory.path())).await?;
    let create: Requests = Arc::from([trent.request("CreateKey", &json!({}))]);
    for count in [1, CLIENTS_MANY] {
        measure_one(plan, &trent, "CreateKey", count, &create, table).await?;
    }
    // Each key may be rotated on demand a few times only, so there must be many.
    let keys = trent.list_keys(ROTATED_MAX).await?;
    let rotate = |key| trent.request("RotateKeyOnDemand", &json!({ "KeyId": key }));
    let rotate: Requests = keys.iter().map(rotate).collect();
    for count in [1, CLIENTS_MANY] {
        measure_one(plan, &trent, "RotateKeyOnDemand", count, &rotate, table).await?;
    }
    trent.server.stop().await
}

async fn measure_one(
    plan: &Plan,
    trent: &Trent,
    operation: &str,
    count: usize,
    requests: &Requests,
    table: &mut Table,
) -> Result<()> {
    let clients = if count == 1 { "1 client".into() } else { format!("{count} clients") };
    let what = format!("{operation}, {clients}, on disk");
    eprintln!("{what} …");
    let mut clients = Clients::connect(trent.address(), count).await?;
    let round = round(&trent.server, &mut clients, requests, End::After(plan.write_round)).await?;
    table.push(Row::of(what, &round));
    Ok(())
}

/// Keys that are rotated in turn.
const ROTATED_MAX: usize = 10_000;
