//! Operations that write, on disk: each is durable before it is answered.

use crate::api::{CLIENTS_MANY, Trent, round};
use crate::arguments::Plan;
use crate::load::{Clients, End, Requests};
use crate::process::Pinning;
use crate::table::{Row, Table};
use anyhow::Result;
use serde_json::json;
use std::sync::Arc;

/// Measures CreateKey, UpdateAlias and RotateKeyOnDemand, with one client and with many.
pub(super) async fn measure(plan: &Plan, pinning: Pinning, table: &mut Table) -> Result<()> {
    let directory = tempfile::Builder::new().prefix("bench-").tempdir_in(&plan.scratch)?;
    let mut trent = Trent::start(pinning, &plan.binary, Some(directory.path())).await?;
    let create: Requests = Arc::from([trent.request("CreateKey", &json!({}))]);
    measure_one(plan, &trent, "CreateKey", &create, table).await?;
    let update = updates(&mut trent).await?;
    measure_one(plan, &trent, "UpdateAlias", &update, table).await?;
    // Each key may be rotated on demand a few times only, so there must be many.
    let keys = trent.list_keys(ROTATED_MAX).await?;
    let rotate = |key| trent.request("RotateKeyOnDemand", &json!({ "KeyId": key }));
    let rotate: Requests = keys.iter().map(rotate).collect();
    measure_one(plan, &trent, "RotateKeyOnDemand", &rotate, table).await?;
    trent.server.stop().await
}

/// Makes aliases of a key each; the requests move every one to another key, and every one back.
async fn updates(trent: &mut Trent) -> Result<Requests> {
    let keys = trent.list_keys(2 * ALIASES).await?;
    let pairs: Vec<_> = keys.as_chunks::<2>().0.iter().enumerate().collect();
    let body = |number: usize, key: &String| json!({ "AliasName": format!("alias/{number}"), "TargetKeyId": key });
    for (number, [first, _]) in &pairs {
        trent.call("CreateAlias", &body(*number, first)).await?;
    }
    let to_second = pairs.iter().map(|(number, [_, key])| body(*number, key));
    let to_first = pairs.iter().map(|(number, [key, _])| body(*number, key));
    Ok(to_second.chain(to_first).map(|body| trent.request("UpdateAlias", &body)).collect())
}

/// With one client and with many.
async fn measure_one(
    plan: &Plan,
    trent: &Trent,
    operation: &str,
    requests: &Requests,
    table: &mut Table,
) -> Result<()> {
    let mut rates = Vec::new();
    for (count, clients) in [(1, "1 client"), (CLIENTS_MANY, "64 clients")] {
        let what = format!("{operation}, {clients}, on disk");
        eprintln!("{what} …");
        let mut clients = Clients::connect(trent.address(), count).await?;
        let end = End::After(plan.write_round);
        let round = round(&trent.server, &mut clients, requests, end).await?;
        rates.push(round.per_second);
        table.push(Row::of(what, &round));
    }
    let ratio = rates[1] / rates[0];
    table.note(format!("{operation}: 64 clients reach {ratio:.1} times the rate of one."));
    Ok(())
}

/// Aliases that are moved in turn.
const ALIASES: usize = 256;

/// Keys that are rotated in turn.
const ROTATED_MAX: usize = 10_000;
