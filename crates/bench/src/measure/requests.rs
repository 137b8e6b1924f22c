//! Operations that do not write, with everything on that `trent serve` has on: signatures are
//! verified, key policies and IAM policies enforced, requests audited in files. What they cost,
//! beside a bare echo of the same sizes, and signatures beside the bare cryptographic operation.

use super::enforcement::identities;
use super::raw::Signer;
use crate::api::{Trent, round};
use crate::arguments::{Part, Plan};
use crate::load::{Clients, End, Requests};
use crate::process::{Pinning, Server};
use crate::stats::{Round, median};
use crate::table::{Row, Table};
use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// One operation with requests of one size.
struct Case {
    part: Part,
    what: &'static str,
    operation: &'static str,
    work: Work,
}

/// What is asked for.
#[derive(Clone, Copy)]
enum Work {
    /// Plaintexts of so many bytes.
    Encrypt(usize),
    Decrypt(usize),
    DataKey,
    Mac,
    /// By a key of this spec, with this algorithm.
    Sign(&'static str, &'static str),
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    Case { part: Part::Encrypt, what: "Encrypt 32 B", operation: "Encrypt", work: Work::Encrypt(32) },
    Case { part: Part::Encrypt, what: "Encrypt 4 KiB", operation: "Encrypt", work: Work::Encrypt(4096) },
    Case { part: Part::Decrypt, what: "Decrypt 32 B", operation: "Decrypt", work: Work::Decrypt(32) },
    Case { part: Part::Decrypt, what: "Decrypt 4 KiB", operation: "Decrypt", work: Work::Decrypt(4096) },
    Case { part: Part::GenerateDataKey, what: "GenerateDataKey", operation: "GenerateDataKey", work: Work::DataKey },
    Case { part: Part::GenerateMac, what: "GenerateMac HMAC_256", operation: "GenerateMac", work: Work::Mac },
    Case { part: Part::Sign, what: "Sign RSA_2048", operation: "Sign", work: Work::Sign("RSA_2048", "RSASSA_PSS_SHA_256") },
    Case { part: Part::Sign, what: "Sign ECC_NIST_P256", operation: "Sign", work: Work::Sign("ECC_NIST_P256", "ECDSA_SHA_256") },
    Case { part: Part::Sign, what: "Sign ECC_NIST_EDWARDS25519", operation: "Sign", work: Work::Sign("ECC_NIST_EDWARDS25519", "ED25519_SHA_512") },
    Case { part: Part::Sign, what: "Sign ML_DSA_65", operation: "Sign", work: Work::Sign("ML_DSA_65", "ML_DSA_SHAKE_256") },
];

/// Measures each case that the plan wants.
pub(super) async fn measure(plan: &Plan, pinning: Pinning, table: &mut Table) -> Result<()> {
    let cases: Vec<&Case> = CASES.iter().filter(|case| plan.wants(case.part)).collect();
    if cases.is_empty() {
        return Ok(());
    }
    let directory = tempfile::Builder::new().prefix("bench-").tempdir_in(&plan.scratch)?;
    let mut trent = enforcing(plan, pinning, directory.path(), None).await?;
    let mut core_share = f64::INFINITY;
    for case in cases {
        eprintln!("{} …", case.what);
        let measured = measure_case(plan, pinning, &mut trent, case)
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

/// A server that enforces policies and keeps an audit log, its keys in memory or in a data
/// directory.
pub(super) async fn enforcing(
    plan: &Plan,
    pinning: Pinning,
    directory: &Path,
    data_dir: Option<&Path>,
) -> Result<Trent> {
    let file = directory.join("identities.json");
    std::fs::write(&file, identities())?;
    let audit = directory.join("audit");
    let text = |path: &Path| Ok::<_, anyhow::Error>(path.to_str().context("not text")?.to_owned());
    let (file, audit) = (text(&file)?, text(&audit)?);
    let mut arguments = vec!["--enforce", "--identities", &file, "--audit-dir", &audit];
    arguments.extend(["--keys-per-region-max", KEYS_PER_REGION_MAX]);
    let data_dir = data_dir.map(text).transpose()?;
    if let Some(data_dir) = &data_dir {
        arguments.extend(["--data-dir", data_dir]);
    }
    Trent::start_with(pinning, &plan.binary, &arguments).await
}

/// Medians of a case.
struct Measured {
    echo: Round,
    trent: Round,
    /// CPU time of Trent for each that the echo uses.
    to_echo: f64,
    /// CPU time of a bare signature in microseconds, and how much of its rate Trent reaches.
    raw: Option<(f64, f64)>,
}

impl Measured {
    fn push_to(&self, table: &mut Table, what: &str) {
        let echo = Row::of(format!("{what}: echo"), &self.echo);
        table.push(Row { to_echo: Some(1.0), ..echo });
        if let Some((cpu_us, reached)) = self.raw {
            table.push(Row {
                what: format!("{what}: in process"),
                per_second: Some(1e6 / cpu_us),
                cpu_us: Some(cpu_us),
                ..Row::default()
            });
            table.note(format!("{what} reaches {:.0} % of the rate in process.", 100.0 * reached));
        }
        table.push(Row { to_echo: Some(self.to_echo), ..Row::of(what, &self.trent) });
    }
}

async fn measure_case(
    plan: &Plan,
    pinning: Pinning,
    trent: &mut Trent,
    case: &Case,
) -> Result<Measured> {
    let (requests, reply_bytes) = prepare(trent, case).await?;
    let signer = match case.work {
        Work::Sign(spec, _) => Some(Signer::new(spec)?),
        _ => None,
    };
    let itself = std::env::current_exe()?;
    let reply_bytes = reply_bytes.to_string();
    let echo = Server::start(pinning, &itself, &["echo", "127.0.0.1:0", &reply_bytes]).await?;
    let alone = pinning == Pinning::Done;
    let mut to_echo = Clients::connect(echo.address, plan.clients).await?.never_sleep(alone);
    let mut to_trent = Clients::connect(trent.address(), plan.clients).await?.never_sleep(alone);
    let warm_up = End::After(plan.round.min(WARM_UP));
    to_echo.run(&requests, warm_up).await?;
    to_trent.run(&requests, warm_up).await?;
    let (mut of_echo, mut of_trent, mut of_signer) = (Vec::new(), Vec::new(), Vec::new());
    let end = End::After(plan.round);
    for _ in 0..plan.rounds {
        of_echo.push(round(&echo, &mut to_echo, &requests, end).await?);
        of_trent.push(round(&trent.server, &mut to_trent, &requests, end).await?);
        if let Some(signer) = &signer {
            of_signer.push(signer.cpu_us(plan.round)?);
        }
    }
    // Of neighbours, as what else the machine does hits both.
    let ratios = of_echo.iter().zip(&of_trent).map(|(echo, trent)| trent.cpu_us / echo.cpu_us);
    let to_echo = median(ratios.collect());
    let reached = of_signer.iter().zip(&of_trent).map(|(raw, trent)| raw / trent.cpu_us);
    let reached = median(reached.collect());
    let raw = signer.is_some().then(|| (median(of_signer), reached));
    let (echo, trent) = (Round::median(&of_echo), Round::median(&of_trent));
    Ok(Measured { echo, trent, to_echo, raw })
}

/// The requests of a case, signed, and how long an answer is.
async fn prepare(trent: &mut Trent, case: &Case) -> Result<(Requests, usize)> {
    let create = match case.work {
        Work::Mac => json!({ "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC" }),
        Work::Sign(spec, _) => json!({ "KeySpec": spec, "KeyUsage": "SIGN_VERIFY" }),
        _ => json!({}),
    };
    let mut keys = Vec::with_capacity(KEYS);
    for _ in 0..KEYS {
        keys.push(trent.call("CreateKey", &create).await?["KeyMetadata"]["KeyId"].clone());
    }
    let mut requests = Vec::with_capacity(POOL);
    let mut reply_bytes = 0;
    for (index, key) in keys.iter().cycle().take(POOL).enumerate() {
        let body = body(trent, case.work, key, u8::try_from(index % 256)?).await?;
        let request = trent.request(case.operation, &body);
        reply_bytes = trent.send(&request).await?.len();
        requests.push(request);
    }
    Ok((requests.into(), reply_bytes))
}

/// The body of one request, whose contents are this byte.
async fn body(trent: &mut Trent, work: Work, key: &Value, byte: u8) -> Result<Value> {
    let bytes = |count: usize| STANDARD.encode(vec![byte; count]);
    Ok(match work {
        Work::Encrypt(count) => json!({ "KeyId": key, "Plaintext": bytes(count) }),
        Work::Decrypt(count) => {
            let encrypt = json!({ "KeyId": key, "Plaintext": bytes(count) });
            let encrypted = trent.call("Encrypt", &encrypt).await?;
            json!({ "CiphertextBlob": encrypted["CiphertextBlob"] })
        }
        Work::DataKey => json!({ "KeyId": key, "KeySpec": "AES_256" }),
        Work::Mac => {
            json!({ "KeyId": key, "MacAlgorithm": "HMAC_SHA_256", "Message": bytes(MESSAGE_BYTES) })
        }
        Work::Sign(_, algorithm) => {
            let message = bytes(MESSAGE_BYTES);
            json!({ "KeyId": key, "SigningAlgorithm": algorithm, "Message": message })
        }
    })
}

/// No quota is in the way.
const KEYS_PER_REGION_MAX: &str = "100000000";

/// Keys that are used in turn.
const KEYS: usize = 16;

/// What is signed.
pub(super) const MESSAGE_BYTES: usize = 32;

/// With less of its core than this a server was not what limited the load.
const CORE_SHARE_MIN: f64 = 0.9;

/// Requests that are signed for each case, and sent again and again.
const POOL: usize = 256;

const WARM_UP: Duration = Duration::from_millis(200);
