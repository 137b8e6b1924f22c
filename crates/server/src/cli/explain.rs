//! `trent explain`: may a principal do something, and which statements and grants say so.

use super::admin::{Administration, block_on, pair, table, unique};
use super::misuse;
use anyhow::Result;
use clap::Args;
use serde::Serialize;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::process::ExitCode;
use trent_core::Region;
use trent_service::{Credentials, Explanation, Question, Service, Settings};

/// The options of the command.
#[derive(Args)]
#[command(after_help = "\
    The exit status is 0 if it is allowed, 3 if it is denied, and another if it cannot be said.")]
pub(crate) struct Explain {
    #[command(flatten)]
    shared: Administration,
    /// Who: the ARN of a user, a role, a session of a role, or the root of an account
    #[arg(long, value_name = "ARN")]
    principal: String,
    /// What, such as kms:Decrypt
    #[arg(long)]
    action: String,
    /// With which key: a key id, key ARN, alias name or alias ARN; not given for actions that are
    /// about no key, such as kms:CreateKey
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// In which Region; that of the key if its ARN is given
    #[arg(long, env = "TRENT_REGION", value_name = "REGION", value_parser = region)]
    region: Option<Region>,
    /// A pair of the encryption context; may be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    context: Vec<(String, String)>,
    /// A value that the request has for a condition key, such as aws:SourceIp=10.0.0.1; may be
    /// given several times, for several values of one key too
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    condition: Vec<(String, String)>,
}

/// An explanation as it is printed.
#[derive(Serialize)]
#[serde(transparent)]
struct Told(Explanation);

impl Explain {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let allowed = Cell::new(false);
        let shared = &self.shared;
        let question = Question {
            region: region_of(self.region, self.key.as_deref())?,
            principal: self.principal,
            action: self.action,
            key: self.key,
            encryption_context: unique("--context", self.context)?,
            conditions: grouped(self.condition),
        };
        block_on(async {
            let settings = Settings::new(Credentials::strict())?;
            let service = Service::open(shared.open().await?, settings).await?;
            let explanation = service.explain(&question).await;
            service.close().await;
            let explanation = explanation?;
            allowed.set(explanation.allowed);
            shared.say(&Told(explanation))
        })?;
        Ok(if allowed.get() { ExitCode::SUCCESS } else { ExitCode::from(DENIED) })
    }
}

impl Display for Told {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Explanation { allowed, reason, key, statements, grants } = &self.0;
        if *allowed {
            writeln!(formatter, "ALLOWED")?;
        } else {
            writeln!(formatter, "DENIED: {reason}")?;
        }
        if let Some(key) = key {
            writeln!(formatter, "key     {key}")?;
        }
        writeln!(formatter, "grants  {grants}")?;
        if statements.is_empty() {
            return writeln!(formatter, "\nThere is no statement that could have a part in it.");
        }
        let heading = ["POLICY", "STATEMENT", "EFFECT", "APPLIES"].map(str::to_owned).to_vec();
        let lines = statements.iter().map(|one| {
            let applies = match &one.mismatch {
                None if one.delegates => {
                    "yes, if an IAM policy of the account allows it".to_owned()
                }
                None => "yes".to_owned(),
                Some(mismatch) => format!("no: {mismatch}"),
            };
            vec![one.policy.clone(), one.statement.clone(), one.effect.clone(), applies]
        });
        writeln!(formatter)?;
        table(formatter, &std::iter::once(heading).chain(lines).collect::<Vec<_>>())
    }
}

/// The Region that is given, that of the key's ARN, or the usual one.
fn region_of(given: Option<Region>, key: Option<&str>) -> Result<Region> {
    let of_key = || Region::parse(key?.strip_prefix("arn:")?.split(':').nth(2)?);
    let region = given.or_else(of_key).or_else(|| Region::parse(USUAL_REGION));
    region.ok_or_else(|| misuse("no Region"))
}

fn grouped(pairs: Vec<(String, String)>) -> BTreeMap<String, Vec<String>> {
    let mut grouped = BTreeMap::<_, Vec<_>>::new();
    for (key, value) in pairs {
        grouped.entry(key).or_default().push(value);
    }
    grouped
}

fn region(text: &str) -> Result<Region, String> {
    Region::parse(text).ok_or_else(|| "a Region looks like us-east-1".to_owned())
}

/// The exit status when something is denied. 1 and 2 say that there is no answer.
const DENIED: u8 = 3;

/// The Region that is meant when none is named.
const USUAL_REGION: &str = "us-east-1";
