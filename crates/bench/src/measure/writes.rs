//! Operations that write, on disk: each is durable before it is answered.

use crate::api::{ACCESS_KEY_ID, CLIENTS_MANY, SECRET, Trent, round};
use crate::arguments::Plan;
use crate::load::{Clients, End, Requests};
use crate::postgres::Postgres;
use crate::process::Pinning;
use crate::stats::Round;
use crate::table::{Row, Table};
use anyhow::{Context as _, Result};
use serde_json::json;

/// Measures CreateKey, UpdateAlias and RotateKeyOnDemand, with one client and with many.
pub(super) async fn measure(plan: &Plan, pinning: Pinning, table: &mut Table) -> Result<()> {
    measure_on(plan, pinning, &[], "on disk", table).await
}

/// Measures them on a PostgreSQL server, where there is one or it can be installed.
pub(super) async fn measure_on_postgres(
    plan: &Plan,
    pinning: Pinning,
    table: &mut Table,
) -> Result<()> {
    eprintln!("starting PostgreSQL …");
    let postgres = match Postgres::start().await {
        Ok(postgres) => postgres,
        Err(error) => {
            table.note(format!("Nothing was measured on PostgreSQL: {error:#}."));
            return Ok(());
        }
    };
    let url = postgres.url();
    measure_on(plan, pinning, &["--store-url", &url], "on PostgreSQL", table).await?;
    postgres.stop().await
}

async fn measure_on(
    plan: &Plan,
    pinning: Pinning,
    store: &[&str],
    place: &str,
    table: &mut Table,
) -> Result<()> {
    let directory = tempfile::Builder::new().prefix("bench-").tempdir_in(&plan.scratch)?;
    let path = directory.path().to_str().context("a path that is not text")?;
    let access_key = format!("{ACCESS_KEY_ID}:{SECRET}");
    let known = ["--access-key", &access_key, "--data-dir", path];
    let keys_max = ["--keys-per-region-max", KEYS_PER_REGION_MAX];
    let arguments = [&known[..], &keys_max, store].concat();
    let mut trent = Trent::start_with(pinning, &plan.binary, &arguments).await?;
    let create = vec![trent.request("CreateKey", &json!({}))];
    measure_one(plan, &trent, ("CreateKey", place), create, table).await?;
    let update = updates(&mut trent).await?;
    measure_one(plan, &trent, ("UpdateAlias", place), update, table).await?;
    // Each key may be rotated on demand a few times only, so there must be many.
    let keys = trent.list_keys(ROTATED_MAX).await?;
    let rotate = |key| trent.request("RotateKeyOnDemand", &json!({ "KeyId": key }));
    let rotate = keys.iter().map(rotate).collect();
    measure_one(plan, &trent, ("RotateKeyOnDemand", place), rotate, table).await?;
    trent.server.stop().await
}

/// Makes aliases of a key each; the requests move every one to another key, and every one back.
async fn updates(trent: &mut Trent) -> Result<Vec<Vec<u8>>> {
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

/// With one client and with many, in turn.
async fn measure_one(
    plan: &Plan,
    trent: &Trent,
    (operation, place): (&str, &str),
    mut requests: Vec<Vec<u8>>,
    table: &mut Table,
) -> Result<()> {
    eprintln!("{operation}, {place} …");
    let mut sides = Vec::new();
    for count in [1, CLIENTS_MANY] {
        sides.push((Clients::connect(trent.address(), count).await?, Vec::new()));
    }
    // Each round begins elsewhere, so that no side meets what has grown by more rotations.
    let step = requests.len() / (sides.len() * plan.rounds);
    for _ in 0..plan.rounds {
        for (clients, rounds) in &mut sides {
            requests.rotate_left(step);
            let some = Requests::from(requests.as_slice());
            rounds.push(round(&trent.server, clients, &some, End::After(plan.round)).await?);
        }
    }
    let rounds = [0, 1].map(|side: usize| Round::median(&sides[side].1));
    for (round, clients) in rounds.iter().zip(["1 client", "64 clients"]) {
        table.push(Row::of(format!("{operation}, {clients}, {place}"), round));
    }
    let ratio = rounds[1].per_second / rounds[0].per_second;
    table.note(format!("{operation}, {place}: 64 clients reach {ratio:.1} times the rate of one."));
    Ok(())
}

/// More than are created.
const KEYS_PER_REGION_MAX: &str = "10000000";

/// Aliases that are moved in turn.
const ALIASES: usize = 256;

/// Keys that are rotated in turn.
const ROTATED_MAX: usize = 10_000;
