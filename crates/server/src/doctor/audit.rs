//! The audit log: whether it is whole, and not of the future.

use super::files::audit_folder;
use super::{Findings, Subject};
use crate::audit::{Expectations, Line, Report, event_of, files, verify};
use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use std::path::Path;
use trent_crypto::key_pair::KeyPair;
use trent_service::Clock;

/// Checks the log, with the key that signs it if that is known.
pub(super) fn check(subject: &Subject, key: Option<&KeyPair>, findings: &mut Findings) {
    let Some(folder) = audit_folder(subject) else {
        let found = "it is off (`audit.dangerously_off`)";
        return findings.warning(AUDIT, found, "nothing shows who did what: turn it on");
    };
    if !folder.is_dir() {
        let found = format!("there is none in `{}`", folder.display());
        return findings.ok(AUDIT, found);
    }
    let expectations = Expectations {
        key: key.map(|key| key.public_key().to_vec()),
        is_complete: false,
        is_closed: false,
    };
    match verify(&folder, &expectations) {
        Err(error) => findings.problem(AUDIT, format!("{error:#}"), "make it readable"),
        Ok(Report { fault: Some(fault), .. }) => findings.problem(AUDIT, fault.to_string(), FAULT),
        Ok(Report { first, last, trusts_own_key, .. }) => {
            let but = if trusts_own_key { "; their signatures are not checked" } else { "" };
            findings.ok(AUDIT, format!("records {first} to {last} are whole{but}"));
        }
    }
    match newest_event(&folder) {
        Ok(Some(newest)) if newest > Clock::default().real_now() + TOLERANCE => findings.problem(
            TIME,
            format!("the newest record of the audit log is of {newest}, which is to come"),
            "set the clock of the machine: rotations, deletions and signatures go by it",
        ),
        Ok(_) => findings.ok(TIME, "the clock of the machine is not behind the audit log"),
        Err(error) => findings.problem(AUDIT, format!("{error:#}"), "make it readable"),
    }
}

/// When the newest event of the newest file was.
fn newest_event(folder: &Path) -> Result<Option<Timestamp>> {
    let Some(file) = files(folder)?.pop() else { return Ok(None) };
    let (mut lines, mut newest) = (file.lines()?, None);
    while let Line::Whole(line) = lines.next()? {
        let event = event_of(&line).and_then(|event| serde_json::from_slice::<Event>(event).ok());
        newest = newest.max(event.and_then(|event| event.time.parse().ok()));
    }
    Ok(newest)
}

/// What is looked at of an event.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "eventTime")]
    time: String,
}

const AUDIT: &str = "audit log";
const TIME: &str = "time";

const FAULT: &str = "keep a copy of the log and find out who has changed it; the server goes on with a \
                     new file if this one is moved away (docs/audit.md)";

/// Clocks are set back by a little now and then.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);
