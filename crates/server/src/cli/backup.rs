//! `trent backup`: backups of the store are made, beside a running server or without, and verified.

use super::admin::{Administration, block_on, root_key_source};
use crate::root_key::RootKeySource;
use anyhow::{Context as _, Result, bail, ensure};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::ffi::OsString;
use std::fmt::{self, Display};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufReader, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use trent_service::backup::{Outline, Verified, outline, verify};
use trent_service::examine::Faults;

/// The command.
#[derive(Args)]
pub(crate) struct BackupCommand {
    #[command(flatten)]
    shared: Administration,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Write everything that is in the store at this moment to a new file, sealed
    Create {
        /// The file, which must not exist
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The root key that is to open the backup, instead of those of the store: file:PATH,
        /// passphrase:SOURCE, systemd:NAME or pkcs11:ATTRIBUTES (see `trent root-key add --help`)
        #[arg(long, value_name = "WHERE", value_parser = root_key_source)]
        provider: Option<RootKeySource>,
    },
    /// Find out whether a backup is as it was made and everything in it opens
    Verify {
        /// The file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Look for accidents only: what somebody has changed on purpose is not found
        #[arg(long)]
        without_root_key: bool,
    },
}

impl BackupCommand {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        let Self { shared, action } = self;
        block_on(async {
            match action {
                Action::Create { file, provider } => {
                    let outline = create(&shared, &file, provider.as_ref()).await?;
                    let note = "The audit log is not in it: keep its files, too.";
                    shared.say(&BackupView::new(&file, &outline, None, note))
                }
                Action::Verify { file, without_root_key: true } => {
                    let outline = outline(open(&file)?).with_context(|| shown(&file))?;
                    let note = "ok, but nothing is authenticated without a root key: who can write \
                                the file can have\nwritten anything.";
                    shared.say(&BackupView::new(&file, &outline, None, note))
                }
                Action::Verify { file, without_root_key: false } => {
                    let access = shared.access()?;
                    let Verified { outline, faults } =
                        verify(open(&file)?, &access).await.with_context(|| shown(&file))?;
                    let note = match faults.count {
                        0 => "ok",
                        _ => {
                            "The backup is as it was made: these records were damaged in the store."
                        }
                    };
                    shared.say(&BackupView::new(&file, &outline, Some(&faults), note))?;
                    ensure!(faults.count == 0, "the backup has {} damaged records", faults.count);
                    Ok(())
                }
            }
        })
    }
}

/// Opens a backup.
pub(super) fn open(file: &Path) -> Result<BufReader<File>> {
    let opened = File::open(file).with_context(|| format!("opening {}", shown(file)))?;
    Ok(BufReader::with_capacity(BUFFER_BYTES, opened))
}

/// How a file is named in messages.
pub(super) fn shown(file: &Path) -> String {
    format!("`{}`", file.display())
}

async fn create(
    shared: &Administration,
    file: &Path,
    own: Option<&RootKeySource>,
) -> Result<Outline> {
    let target = Target::new(file)?;
    let (keys, data_dir) = shared.open_in().await?;
    let made = async {
        let own = own.map(|own| own.new_access(&data_dir)).transpose()?;
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, &target.file);
        let outline = keys.back_up(&mut out, own.as_ref()).await?;
        out.flush()?;
        drop(out);
        target.keep(file)?;
        anyhow::Ok(outline)
    };
    let made = made.await.with_context(|| format!("writing {}", shown(file)));
    keys.store().close().await;
    if made.is_err() {
        // What there is of it is of no use to anybody.
        let _ = std::fs::remove_file(&target.unfinished);
    }
    made
}

/// The file that is written: under another name until it is whole and on disk.
struct Target {
    unfinished: PathBuf,
    file: File,
}

impl Target {
    fn new(path: &Path) -> Result<Self> {
        check_absent(path)?;
        let mut unfinished = OsString::from(path);
        unfinished.push(".unfinished");
        let unfinished = PathBuf::from(unfinished);
        let name = shown(&unfinished);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&unfinished)
            .with_context(|| format!("making {name}"))?;
        // It may be there from a backup that was cut off.
        match file.try_lock() {
            Ok(()) => file.set_len(0).with_context(|| format!("making {name}"))?,
            Err(TryLockError::WouldBlock) => bail!("{name} is being written by another trent"),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("locking {name}"));
            }
        }
        Ok(Self { unfinished, file })
    }

    fn keep(&self, path: &Path) -> Result<()> {
        self.file.sync_all()?;
        check_absent(path)?;
        std::fs::rename(&self.unfinished, path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        Ok(File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?)
    }
}

fn check_absent(path: &Path) -> Result<()> {
    ensure!(path.symlink_metadata().is_err(), "{} exists, and is not overwritten", shown(path));
    Ok(())
}

/// A backup, shown.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BackupView {
    file: String,
    created: String,
    trent_version: String,
    records: u64,
    bytes: u64,
    root_keys: Vec<BackupRootKeyView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    damaged_records: Option<u64>,
    #[serde(skip)]
    faults: Vec<String>,
    #[serde(skip)]
    note: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct BackupRootKeyView {
    id: String,
    provider: &'static str,
}

impl BackupView {
    /// A backup, and what there is to say about it.
    pub(super) fn new(file: &Path, outline: &Outline, faults: Option<&Faults>, note: &str) -> Self {
        let root_keys = outline
            .root_keys
            .iter()
            .map(|(id, provider)| BackupRootKeyView { id: id.clone(), provider: provider.kind() });
        Self {
            file: file.display().to_string(),
            created: outline.created.to_string(),
            trent_version: outline.version.clone(),
            records: outline.records,
            bytes: outline.bytes,
            root_keys: root_keys.collect(),
            damaged_records: faults.map(|faults| faults.count),
            faults: faults.map(|faults| faults.first.clone()).unwrap_or_default(),
            note: note.to_owned(),
        }
    }
}

impl Display for BackupView {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, created, trent_version, records, bytes, .. } = self;
        writeln!(
            formatter,
            "{file}: {records} records, {bytes} bytes, made at {created} by Trent {trent_version}"
        )?;
        let root_keys = self.root_keys.iter().map(|key| format!("{} ({})", key.id, key.provider));
        let root_keys: Vec<String> = root_keys.collect();
        writeln!(formatter, "It is opened by root key {}.", root_keys.join(", or by "))?;
        for fault in &self.faults {
            writeln!(formatter, "DAMAGED: {fault}")?;
        }
        writeln!(formatter, "{}", self.note)
    }
}

/// Room for a part of a backup.
const BUFFER_BYTES: usize = 1 << 20;
