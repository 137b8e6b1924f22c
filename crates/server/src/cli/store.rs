//! `trent store`: a store as a whole.

use super::admin::{Done, Output, block_on};
use super::misuse;
use crate::store::StoreSource;
use anyhow::{Context as _, Result, ensure};
use clap::{Args, Subcommand};
use std::mem::take;
use std::path::Path;
use std::sync::Arc;
use trent_store::{Change, Record, Store};

/// The command.
#[derive(Args)]
pub(crate) struct StoreCommand {
    #[command(flatten)]
    output: Output,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Copy a store to an empty one, sealed as it is, and compare them; its servers must be stopped
    Copy {
        /// Where it is: sqlite:PATH or postgres://USER@HOST/DATABASE
        #[arg(long, value_name = "URL")]
        from: String,
        /// Where it is to be
        #[arg(long, value_name = "URL")]
        to: String,
    },
}

impl StoreCommand {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        let Action::Copy { from, to } = &self.action;
        let [from, to] = [("--from", from), ("--to", to)].map(|(option, text)| {
            StoreSource::parse(text).map_err(|error| misuse(&format!("{option}: {error}")))
        });
        let [from, to] = [from?.existing(), to?];
        let nowhere = Path::new("");
        if let Some(file) = from.file(nowhere) {
            ensure!(file.exists(), "there is no store `{}`", file.display());
        }
        block_on(async {
            let [source, copy] = [from.open(nowhere).await?, to.open(nowhere).await?];
            let copied = copy_all(&source, &copy).await;
            source.close().await;
            copy.close().await;
            let records = copied.with_context(|| {
                format!("copying `{}` to `{}`", from.url(nowhere), to.url(nowhere))
            })?;
            self.output.say(&Done(format!("Copied and compared {records} records.")))
        })
    }
}

/// Copies all records to a store that has none, in their order; tells how many.
async fn copy_all(source: &Arc<dyn Store>, copy: &Arc<dyn Store>) -> Result<u64> {
    ensure!(copy.scan(None, 1).await?.is_empty(), "it is not empty; nothing was changed");
    let mut snapshot = source.snapshot().await?;
    loop {
        let page = snapshot.next(PAGE).await?;
        if page.is_empty() {
            break;
        }
        write(copy, page).await?;
    }
    drop(snapshot);
    compare(source, copy).await
}

async fn write(copy: &Arc<dyn Store>, records: Vec<Record>) -> Result<()> {
    let (mut set, mut bytes) = (Vec::new(), 0);
    for record in records {
        bytes += record.sealed.len();
        set.push(Change::Restore(record));
        if bytes > SET_BYTES {
            bytes = 0;
            copy.commit(take(&mut set)).await?;
        }
    }
    Ok(copy.commit(set).await?)
}

/// Whether every record of the one is in the other, in the same order, and nothing else.
async fn compare(source: &Arc<dyn Store>, copy: &Arc<dyn Store>) -> Result<u64> {
    let (mut source, mut copy) = (source.snapshot().await?, copy.snapshot().await?);
    loop {
        let original = source.next(PAGE).await?;
        ensure!(
            original == copy.next(PAGE).await?,
            "the copy is not the same; one of them was written to meanwhile"
        );
        if original.is_empty() {
            return Ok(source.records());
        }
    }
}

/// Records that are read at once.
const PAGE: u32 = 200;

/// Sealed bytes that are written at once, and one record more.
const SET_BYTES: usize = 16 << 20;
