//! `trent audit`: the audit log is verified and read, with its server or without.

use super::admin::{Administration, block_on};
use super::misuse;
use crate::audit::{Expectations, Line, Lines, LogFile, Report, event_of, files, verify};
use crate::data_dir::DataDir;
use crate::files::read;
use anyhow::{Context as _, Result, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::Deserialize;
use std::fmt::{self, Display};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use trent_service::Clock;
use trent_service::audit::signing_key;

/// The command.
#[derive(Args)]
pub(crate) struct AuditCommand {
    #[command(flatten)]
    shared: Administration,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Find out whether anything of an audit log was removed, changed or moved
    Verify(Verify),
    /// Print events, oldest first, an object of JSON a line
    Tail(Tail),
    /// Print the public key of an audit log's checkpoints, in PEM
    PublicKey,
}

/// The options of `trent audit verify`.
#[derive(Args)]
struct Verify {
    /// The folder of the log, or one file of it [default: audit in the data directory]
    path: Option<PathBuf>,
    /// The public key, from `trent audit public-key`; without it, the key that the log names itself
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// Older files are kept elsewhere: the log may begin with any record
    #[arg(long)]
    archived: bool,
    /// The server has ended in order: the log must end with its closing checkpoint
    #[arg(long)]
    closed: bool,
}

/// The options of `trent audit tail`.
#[derive(Args)]
struct Tail {
    /// The folder of the log [default: audit in the data directory]
    path: Option<PathBuf>,
    /// Only events of this key: its id or ARN
    #[arg(long, value_name = "ARN|ID")]
    key: Option<String>,
    /// Only events of this principal
    #[arg(long, value_name = "ARN")]
    principal: Option<String>,
    /// Only events of this name, such as Decrypt
    #[arg(long, value_name = "NAME")]
    event: Option<String>,
    /// Only events since then: a time, or how long ago, such as 1h
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Timestamp>,
    /// Go on with events as they come
    #[arg(long)]
    follow: bool,
}

impl AuditCommand {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        let shared = &self.shared;
        let folder = |path: Option<PathBuf>| match (path, shared.directory()) {
            (Some(path), _) => Ok(path),
            (None, Some(directory)) => Ok(DataDir::audit_in(directory)),
            (None, None) => Err(misuse("either a path or --data-dir must say which audit log")),
        };
        match self.action {
            Action::Verify(one) => {
                let report = one.report(&folder(one.path.clone())?)?;
                shared.say(&report)?;
                match report.fault {
                    Some(_) => bail!("the audit log is not as it was written"),
                    None => Ok(()),
                }
            }
            Action::Tail(one) => one.print(&folder(one.path.clone())?),
            Action::PublicKey => block_on(async {
                let root_keys = shared.open().await?;
                let key = signing_key(&root_keys).await;
                root_keys.store().close().await;
                print(&format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(key?.public_key())))
            }),
        }
    }
}

impl Verify {
    fn report(&self, path: &Path) -> Result<Report> {
        let key = self.public_key.as_deref().map(public_key_in).transpose()?;
        let expectations =
            Expectations { key, is_complete: !self.archived, is_closed: self.closed };
        verify(path, &expectations)
    }
}

impl Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { files, lines, events, checkpoints, first, last, .. } = self;
        writeln!(
            formatter,
            "{files} files, records {first} to {last}: {lines} lines, {events} of them events, \
             {checkpoints} checkpoints"
        )?;
        if let Some(fault) = &self.fault {
            return writeln!(formatter, "DAMAGED: {fault}");
        }
        if self.torn_bytes > 0 {
            writeln!(
                formatter,
                "note: {} bytes after the last whole line: the server ended while it wrote, or the \
                 line was cut off",
                self.torn_bytes
            )?;
        }
        if !self.is_closed {
            writeln!(
                formatter,
                "note: {} lines after the last checkpoint: if others followed and were removed, \
                 nothing shows it",
                self.unsigned
            )?;
        }
        if self.trusts_own_key {
            writeln!(
                formatter,
                "note: the public key is the one that the log names itself: who can write all of \
                 the log could have written this one; give --public-key"
            )?;
        }
        writeln!(formatter, "ok")
    }
}

/// What is looked at of an event.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Event {
    #[serde(rename = "eventName")]
    name: String,
    #[serde(rename = "eventTime")]
    time: String,
    #[serde(rename = "userIdentity")]
    user_identity: UserIdentity,
    resources: Vec<Resource>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct UserIdentity {
    arn: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resource {
    #[serde(rename = "ARN")]
    arn: String,
}

impl Tail {
    fn print(&self, folder: &Path) -> Result<()> {
        // The file that is read, and how far.
        let mut last: Option<(LogFile, Lines<_>)> = None;
        loop {
            let after = last.as_ref().map_or(0, |(file, _)| file.first);
            let newer = files(folder)?.into_iter().filter(|file| file.first > after);
            let newer: Vec<LogFile> = newer.collect();
            // What is there of the old file was written before there was a newer one.
            if let Some((_, lines)) = &mut last {
                self.print_lines(lines)?;
            }
            for file in newer {
                let mut lines = file.lines()?;
                self.print_lines(&mut lines)?;
                last = Some((file, lines));
            }
            if !self.follow {
                return Ok(());
            }
            std::thread::sleep(POLL_INTERVAL);
        }
    }

    fn print_lines(&self, lines: &mut Lines<impl std::io::BufRead>) -> Result<()> {
        let mut out = std::io::stdout().lock();
        loop {
            match lines.next()? {
                Line::Whole(line) => {
                    if let Some(event) = event_of(&line).filter(|event| self.wants(event)) {
                        out.write_all(event)?;
                        out.write_all(b"\n")?;
                    }
                }
                Line::Torn(_) | Line::End => return Ok(out.flush()?),
                Line::TooLong => bail!("a line is too long: run `trent audit verify`"),
            }
        }
    }

    fn wants(&self, event: &[u8]) -> bool {
        let Ok(read) = serde_json::from_slice::<Event>(event) else { return false };
        let is_of_key = |key: &str| {
            let is = |arn: &str| arn == key || arn.rsplit('/').next() == Some(key);
            read.resources.iter().any(|resource| is(&resource.arn))
        };
        let is_since = |since: Timestamp| {
            // Events have whole seconds.
            read.time.parse::<Timestamp>().is_ok_and(|time| time.as_second() >= since.as_second())
        };
        self.key.as_deref().is_none_or(is_of_key)
            && self.principal.as_ref().is_none_or(|arn| read.user_identity.arn == *arn)
            && self.event.as_ref().is_none_or(|name| read.name == *name)
            && self.since.is_none_or(is_since)
    }
}

fn since(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let span: Span =
        text.parse().map_err(|_| "it is neither a time nor a span such as 1h".to_owned())?;
    let now = Clock::default().real_now().to_zoned(TimeZone::UTC);
    now.checked_sub(span).map(|time| time.timestamp()).map_err(|error| error.to_string())
}

/// The SPKI of a public key in PEM.
fn public_key_in(path: &Path) -> Result<Vec<u8>> {
    let text = read(path, KEY_BYTES_MAX).context("public key")?;
    let body = text.trim().strip_prefix(BEGIN).and_then(|text| text.strip_suffix(END));
    let digits: Option<String> =
        body.map(|body| body.chars().filter(|letter| !letter.is_whitespace()).collect());
    digits
        .and_then(|digits| STANDARD.decode(digits).ok())
        .ok_or_else(|| anyhow!("`{}` has no public key in PEM", path.display()))
}

fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

const KEY_BYTES_MAX: u64 = 4096;

/// How often it is looked for new events.
const POLL_INTERVAL: Duration = Duration::from_millis(300);
