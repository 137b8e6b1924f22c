//! Operations that read: what they cost, beside a bare echo of the same sizes.

use crate::api::{Trent, round};
use crate::arguments::{Part, Plan};
use crate::load::{Clients, End, Requests};
use crate::process::{Pinning, Server};
use crate::stats::{Round, median};
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
    let mut core_share = f64::INFINITY;
    for case in cases {
        eprintln!("{} …", case.what);
        let measured = measure_case(plan, pinning, &mut trent, &keys, case)
            .await
            .with_context(|| format!("measuring {}", case.what))?;
        core_share = core_share.min(measured.echo.core_share()).min(measured.trent.core_share());
        measured.push_to(table, case.what);
    }
    if core_share < CORE_SHARE_MIN {
        table.note(format!(
            "The servers had as little as {:.0} % of their core: the machine is busy with \
             something else. Do not trust rates and latencies; CPU times suffer less.",
            100.0 * core_share
        ));
    }
    trent.server.stop().await
}

/// Medians of a case.
struct Measured {
    echo: Round,
    trent: Round,
    /// CPU time of Trent for each that the echo uses.
    to_echo: f64,
}

impl Measured {
    fn push_to(&self, table: &mut Table, what: &str) {
        let echo = Row::of(format!("{what}: echo"), &self.echo);
        table.push(Row { to_echo: Some(1.0), ..echo });
        table.push(Row { to_echo: Some(self.to_echo), ..Row::of(what, &self.trent) });
    }
}

async fn measure_case(
    plan: &Plan,
    pinning: Pinning,
    trent: &mut Trent,
    keys: &[String],
    case: &Case,
) -> Result<Measured> {
    let (requests, reply_bytes) = prepare(trent, keys, case).await?;
    let itself = std::env::current_exe()?;
    let reply_bytes = reply_bytes.to_string();
    let echo = Server::start(pinning, &itself, &["echo", "127.0.0.1:0", &reply_bytes]).await?;
    let alone = pinning == Pinning::Done;
    let mut to_echo = Clients::connect(echo.address, plan.clients).await?.never_sleep(alone);
    let mut to_trent = Clients::connect(trent.address(), plan.clients).await?.never_sleep(alone);
    let warm_up = End::After(plan.round.min(WARM_UP));
    to_echo.run(&requests, warm_up).await?;
    to_trent.run(&requests, warm_up).await?;
    let (mut of_echo, mut of_trent) = (Vec::new(), Vec::new());
    let end = End::After(plan.round);
    for _ in 0..plan.rounds {
        of_echo.push(round(&echo, &mut to_echo, &requests, end).await?);
        of_trent.push(round(&trent.server, &mut to_trent, &requests, end).await?);
    }
    // Of neighbours, as what else the machine does hits both.
    let ratios = of_echo.iter().zip(&of_trent).map(|(echo, trent)| trent.cpu_us / echo.cpu_us);
    let to_echo = median(ratios.collect());
    Ok(Measured { echo: Round::median(&of_echo), trent: Round::median(&of_trent), to_echo })
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

/// With less of its core than this a server was not what limited the load.
const CORE_SHARE_MIN: f64 = 0.9;

/// Requests that are signed for each case, and sent again and again.
const POOL: usize = 256;

const WARM_UP: Duration = Duration::from_millis(200);
