//! Operations that read: what they cost, beside a bare echo of the same sizes.

use crate::api::{Trent, round};
use crate::arguments::{Part, Plan};
use crate::load::{Clients, End, Requests};
use crate::process::{Pinning, Server};
use crate::stats::Round;
use crate::table::{Row, Table};
use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::time::Duration;

/// One operation with requests of one size.
struct Case {
    part: Part,
    what: &'static str,
    operation: &'static str,
    plaintext_bytes: usize,
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case { part: Part::Encrypt, what: "Encrypt 32 B", operation: "Encrypt", plaintext_bytes: 32 },
    Case { part: Part::Encrypt, what: "Encrypt 4 KiB", operation: "Encrypt", plaintext_bytes: 4096 },
    Case { part: Part::Decrypt, what: "Decrypt 32 B", operation: "Decrypt", plaintext_bytes: 32 },
    Case { part: Part::Decrypt, what: "Decrypt 4 KiB", operation: "Decrypt", plaintext_bytes: 4096 },
    Case { part: Part::GenerateDataKey, what: "GenerateDataKey", operation: "GenerateDataKey", plaintext_bytes: 32 },
];

/// Measures each case that the plan wants, in memory.
pub(super) async fn measure(plan: &Plan, pinning: Pinning, table: &mut Table) -> Result<()> {
    let cases: Vec<&Case> = CASES.iter().filter(|case| plan.wants(case.part)).collect();
    if cases.is_empty() {
        return Ok(());
    }
    let mut trent = Trent::start(pinning, &plan.binary, None).await?;
    trent.create_keys(KEYS).await?;
    let keys = trent.list_keys(KEYS).await?;
    for case in cases {
        eprintln!("{} …", case.what);
        let rows = measure_case(plan, pinning, &mut trent, &keys, case);
        for row in rows.await.with_context(|| format!("measuring {}", case.what))? {
            table.push(row);
        }
    }
    trent.server.stop().await
}

async fn measure_case(
    plan: &Plan,
    pinning: Pinning,
    trent: &mut Trent,
    keys: &[String],
    case: &Case,
) -> Result<[Row; 2]> {
    let (requests, reply_bytes) = prepare(trent, keys, case).await?;
    let itself = std::env::current_exe()?;
    let reply_bytes = reply_bytes.to_string();
    let echo = Server::start(pinning, &itself, &["echo", "127.0.0.1:0", &reply_bytes]).await?;
    let alone = pinning == Pinning::Done;
    let mut to_echo = Clients::connect(echo.address, CLIENTS).await?.never_sleep(alone);
    let mut to_trent = Clients::connect(trent.address(), CLIENTS).await?.never_sleep(alone);
    let warm_up = End::After(plan.round.min(WARM_UP));
    to_echo.run(&requests, warm_up).await?;
    to_trent.run(&requests, warm_up).await?;
    let (mut of_echo, mut of_trent) = (Vec::new(), Vec::new());
    let end = End::After(plan.round);
    for _ in 0..plan.rounds {
        of_echo.push(round(&echo, &mut to_echo, &requests, end).await?);
        of_trent.push(round(&trent.server, &mut to_trent, &requests, end).await?);
    }
    // Both of the same moment, so what the machine does otherwise hits both.
    let (of_echo, of_trent) = (Round::median(&of_echo), Round::median(&of_trent));
    let to_echo = Some(of_trent.cpu_us / of_echo.cpu_us);
    Ok([
        Row { to_echo: Some(1.0), ..Row::of(format!("{}: echo", case.what), &of_echo) },
        Row { to_echo, ..Row::of(case.what, &of_trent) },
    ])
}

/// The requests of a case, signed, and how long an answer is.
async fn prepare(trent: &mut Trent, keys: &[String], case: &Case) -> Result<(Requests, usize)> {
    let mut requests = Vec::with_capacity(POOL);
    let mut reply_bytes = 0;
    for (index, key) in keys.iter().cycle().take(POOL).enumerate() {
        let plaintext = vec![u8::try_from(index % 256)?; case.plaintext_bytes];
        let encrypt = json!({ "KeyId": key, "Plaintext": STANDARD.encode(plaintext) });
        let body = match case.part {
            Part::Decrypt => {
                let encrypted = trent.call("Encrypt", &encrypt).await?;
                json!({ "CiphertextBlob": encrypted["CiphertextBlob"] })
            }
            Part::GenerateDataKey => json!({ "KeyId": key, "KeySpec": "AES_256" }),
            _ => encrypt,
        };
        let request = trent.request(case.operation, &body);
        reply_bytes = trent.send(&request).await?.len();
        requests.push(request);
    }
    Ok((requests.into(), reply_bytes))
}

/// Keys that are used in turn.
const KEYS: usize = 16;

/// Requests that are signed for each case, and sent again and again.
const POOL: usize = 256;

/// Connections.
const CLIENTS: usize = 16;

const WARM_UP: Duration = Duration::from_millis(200);
