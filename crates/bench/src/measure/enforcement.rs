//! What authorization costs: Encrypt by a user with an IAM policy of ten statements, under the
//! default key policy, with enforcement and without.

use crate::api::{ACCESS_KEY_ID, SECRET, Trent, round};
use crate::arguments::Plan;
use crate::load::{Clients, End, Requests};
use crate::process::Pinning;
use crate::stats::{Round, median};
use crate::table::{Row, Table};
use anyhow::{Context as _, Result};
use serde_json::json;

/// Measures both in turn, in memory.
pub(super) async fn measure(plan: &Plan, pinning: Pinning, table: &mut Table) -> Result<()> {
    let path = plan.scratch.join("bench-identities.yaml");
    std::fs::write(&path, identities())?;
    let file = path.to_str().context("a path that is not text")?;
    let mut without = Side::start(plan, pinning, &["--identities", file]).await?;
    let mut with = Side::start(plan, pinning, &["--identities", file, "--enforce"]).await?;
    std::fs::remove_file(&path)?;
    let (mut of_without, mut of_with) = (Vec::new(), Vec::new());
    for number in 1..=plan.rounds {
        eprintln!("Encrypt with and without enforcement, round {number} …");
        of_without.push(without.round(plan).await?);
        of_with.push(with.round(plan).await?);
    }
    let ratios =
        of_without.iter().zip(&of_with).map(|(without, with)| with.cpu_us / without.cpu_us);
    let ratio = median(ratios.collect());
    table.push(Row::of("Encrypt 32 B by a user, not enforced", &Round::median(&of_without)));
    table.push(Row::of("Encrypt 32 B by a user, enforced", &Round::median(&of_with)));
    table.note(format!(
        "Default key policy and an IAM policy of ten statements cost Encrypt {:+.1} % of CPU.",
        100.0 * (ratio - 1.0)
    ));
    without.trent.server.stop().await?;
    with.trent.server.stop().await
}

/// One of the servers that are compared.
pub(super) struct Side {
    trent: Trent,
    clients: Clients,
    requests: Requests,
}

impl Side {
    pub(super) async fn start(plan: &Plan, pinning: Pinning, arguments: &[&str]) -> Result<Self> {
        let mut trent = Trent::start_with(pinning, &plan.binary, arguments).await?;
        trent.create_keys(KEYS).await?;
        let plaintext = "A".repeat(44);
        let keys = trent.list_keys(KEYS).await?;
        let encrypt =
            |key| trent.request("Encrypt", &json!({ "KeyId": key, "Plaintext": plaintext }));
        let requests = keys.iter().map(encrypt).collect();
        let clients = Clients::connect(trent.address(), plan.clients).await?;
        let mut side =
            Self { clients: clients.never_sleep(pinning == Pinning::Done), trent, requests };
        side.round(plan).await?;
        Ok(side)
    }

    pub(super) async fn round(&mut self, plan: &Plan) -> Result<Round> {
        let end = End::After(plan.round);
        round(&self.trent.server, &mut self.clients, &self.requests, end).await
    }

    pub(super) async fn stop(self) -> Result<()> {
        self.trent.server.stop().await
    }
}

/// A user with our access key; of the ten statements the last one permits what is measured.
pub(super) fn identities() -> String {
    let statement = |number: u32| {
        json!({
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey"],
            "Resource": format!("arn:aws:kms:*:{ACCOUNT}:key/0000000{number}-*"),
            "Condition": { "StringEquals": { "kms:EncryptionContext:tenant": format!("{number}") } },
        })
    };
    let mut statements: Vec<_> = (1..=9).map(statement).collect();
    statements.push(json!({ "Effect": "Allow", "Action": "kms:*", "Resource": "*" }));
    let policy = json!({ "Version": "2012-10-17", "Statement": statements });
    // JSON is YAML.
    json!({ "accounts": { ACCOUNT: { "users": { "bench": {
        "policies": { "ten": policy },
        "access_keys": [{ "id": ACCESS_KEY_ID, "secret": SECRET }],
    } } } } })
    .to_string()
}

const ACCOUNT: &str = "111122223333";

/// Keys that are used in turn.
const KEYS: usize = 16;
