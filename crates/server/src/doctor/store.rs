//! The store: its database, the root keys that open it, every record in it, its clock.

use super::{Findings, Subject, audit};
use crate::root_key::RootKeySource;
use anyhow::{Context as _, Result};
use std::path::Path;
use std::sync::Arc;
use trent_service::examine::{Examination, Faults};
use trent_service::root_keys::RootKeys;
use trent_service::time_travel::clock_offset;
use trent_store::{Inspection, SqliteStore, Store};

/// Checks the store, and what can only be checked with it.
pub(super) async fn check(subject: &Subject, findings: &mut Findings) {
    if let Some(path) = subject.store.file(&subject.data_dir) {
        if !path.exists() {
            let found = format!("there is no `{}`", path.display());
            let advice = "make a store with `trent init`, or restore a backup with `trent restore`";
            return findings.problem(DATABASE, found, advice);
        }
        if !database(&path, findings).await {
            return audit::check(subject, None, findings);
        }
    } else {
        match subject.store.clone().existing().open(&subject.data_dir).await {
            Ok(store) => store.close().await,
            Err(error) => {
                let advice = "see that the database is there and takes this login (docs/store.md)";
                findings.problem(DATABASE, format!("{error:#}"), advice);
                return audit::check(subject, None, findings);
            }
        }
        let url = subject.store.url(&subject.data_dir);
        findings.ok(DATABASE, format!("`{url}`; the database itself looks after its files"));
    }
    let keys = match open(subject, &subject.root_key).await {
        Ok(keys) => keys,
        Err(error) => {
            let advice = "give the root key of this store; without one of its root keys nothing in \
                          it can be read (docs/root-key.md)";
            findings.problem(ROOT_KEY, format!("{error:#}"), advice);
            return audit::check(subject, None, findings);
        }
    };
    root_keys(subject, &keys, findings).await;
    match keys.examine().await {
        Ok(found) => records(&found, findings),
        Err(error) => findings.problem(RECORDS, chain(error), RESTORE),
    }
    clock(subject, &keys, findings).await;
    let key = trent_service::audit::existing_signing_key(&keys).await;
    keys.store().close().await;
    match key {
        Ok(key) => audit::check(subject, key.as_ref(), findings),
        Err(error) => {
            findings.problem("audit log", format!("its key: {}", chain(error)), RESTORE);
            audit::check(subject, None, findings);
        }
    }
}

/// Checks the database file; whether it can be read.
async fn database(path: &Path, findings: &mut Findings) -> bool {
    let Inspection { schema, newest, faults } = match SqliteStore::inspect(path).await {
        Ok(inspection) => inspection,
        Err(error) => {
            findings.problem(DATABASE, chain(error), RESTORE);
            return false;
        }
    };
    for fault in faults.iter().take(FAULTS_SHOWN) {
        findings.problem(DATABASE, fault.as_str(), RESTORE);
    }
    match schema {
        0 => {
            let advice = "start the server, which makes it, or restore a backup";
            findings.warning(SCHEMA, "the database is empty", advice);
        }
        _ if schema < newest => {
            let advice = "the next start brings it there, after it has made a copy beside it; then \
                          run this again";
            let found = format!("{schema}; this version of Trent writes {newest}");
            findings.warning(SCHEMA, found, advice);
        }
        _ => findings.ok(SCHEMA, schema.to_string()),
    }
    if faults.is_empty() {
        findings.ok(DATABASE, format!("`{}` is whole", path.display()));
    }
    schema == newest
}

/// Opens the store to read it.
async fn open(subject: &Subject, source: &RootKeySource) -> Result<Arc<RootKeys>> {
    let access = source.access(&subject.data_dir)?;
    let store: Arc<dyn Store> = match subject.store.file(&subject.data_dir) {
        Some(path) => Arc::new(SqliteStore::open_to_read(&path).await?),
        None => subject.store.clone().existing().open(&subject.data_dir).await?,
    };
    RootKeys::open(store, access).await.context("opening the store")
}

async fn root_keys(subject: &Subject, keys: &RootKeys, findings: &mut Findings) {
    let known = match keys.known().await {
        Ok(known) => known,
        Err(error) => return findings.problem(ROOT_KEY, chain(error), RESTORE),
    };
    let names = known.iter().map(|key| {
        let id = &key.id;
        let in_use = if key.is_in_use { ", opens the store" } else { "" };
        format!("{id} ({}{in_use})", key.provider.kind())
    });
    findings.ok(ROOT_KEY, names.collect::<Vec<_>>().join(", "));
    for other in &subject.others {
        let advice = other.advice(&subject.data_dir);
        match open(subject, other).await {
            Ok(keys) => {
                findings.ok(ROOT_KEY, format!("{advice} opens the store, too"));
                keys.store().close().await;
            }
            Err(error) => findings.problem(
                ROOT_KEY,
                format!("{advice}: {error:#}"),
                "make it available again, or remove it with `trent root-key remove`",
            ),
        }
    }
}

fn records(found: &Examination, findings: &mut Findings) {
    let Examination { records, keys, damaged, dangling } = found;
    if damaged.count + dangling.count == 0 {
        let found = format!("all {records} open, {keys} KMS keys among them");
        return findings.ok(RECORDS, found);
    }
    for Faults { count, first } in [damaged, dangling] {
        for fault in first {
            findings.problem(RECORDS, fault.as_str(), RESTORE);
        }
        let more = count - first.len() as u64;
        if more > 0 {
            findings.problem(RECORDS, format!("{more} more like these"), RESTORE);
        }
    }
}

async fn clock(subject: &Subject, keys: &Arc<RootKeys>, findings: &mut Findings) {
    match clock_offset(keys).await {
        Ok(offset) if offset.is_zero() => findings.ok(CLOCK, "that of the machine"),
        Ok(offset) => {
            let found = format!("moved ahead by {offset:#} in development mode");
            if subject.config.is_some() {
                let advice = "`trent serve` does not use this store: begin with another one";
                findings.problem(CLOCK, found, advice);
            } else {
                findings.warning(CLOCK, found, "`trent serve` does not use such a store");
            }
        }
        Err(error) => findings.problem(CLOCK, chain(error), RESTORE),
    }
}

/// An error with its causes.
fn chain(error: impl Into<anyhow::Error>) -> String {
    format!("{:#}", error.into())
}

const DATABASE: &str = "database";
const SCHEMA: &str = "schema";
const ROOT_KEY: &str = "root key";
const RECORDS: &str = "records";
const CLOCK: &str = "clock";

const RESTORE: &str = "keep a copy of what is there, then restore the newest backup that `trent backup \
                       verify` finds whole (docs/backup.md)";

/// Faults of the database that are shown.
const FAULTS_SHOWN: usize = 10;
