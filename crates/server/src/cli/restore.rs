//! `trent restore`: a backup becomes the store of a new data directory.

use super::admin::{Administration, Place, block_on};
use super::backup::{BackupView, open, shown};
use crate::data_dir::DataDir;
use anyhow::{Context as _, Result, ensure};
use clap::Args;
use std::path::PathBuf;
use trent_service::backup::{restore, verify};

/// The options of `trent restore`.
#[derive(Args)]
pub(crate) struct Restore {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    shared: Administration,
}

impl Restore {
    /// Restores the backup, after all of it was verified.
    pub(crate) fn run(self) -> Result<()> {
        let Self { file, shared } = self;
        block_on(async {
            let Place { data_dir, root_key, store: source, .. } = shared.place()?;
            let directory = DataDir::for_restore(&data_dir, &root_key, &source)?;
            let access = root_key.access(&data_dir)?;
            let faults = verify(open(&file)?, &access).await.with_context(|| shown(&file))?.faults;
            let store = source.open(&data_dir).await?;
            ensure!(
                store.scan(None, 1).await?.is_empty(),
                "the store `{}` is not empty; nothing was changed",
                source.url(&data_dir)
            );
            let restored = restore(open(&file)?, &access, &*store).await;
            store.close().await;
            let restored = match restored {
                Ok(restored) => restored,
                Err(error) => {
                    // A part of a store would only be in the way of the next attempt.
                    directory.remove_store(&source)?;
                    return Err(error).with_context(|| format!("restoring {}", shown(&file)));
                }
            };
            let postponed = match restored.postponed_deletions {
                0 => String::new(),
                number => format!(
                    "\n{number} KMS keys that were to be deleted sooner are deleted in seven days: \
                     cancel what is wrong\n(CancelKeyDeletion)."
                ),
            };
            let damaged = match faults.count {
                0 => String::new(),
                number => format!("\n{number} records were damaged in the store, and are so now."),
            };
            let note = format!("Restored into {}.{damaged}{postponed}", data_dir.display());
            shared.say(&BackupView::new(&file, &restored.outline, Some(&faults), &note))
        })
    }
}
