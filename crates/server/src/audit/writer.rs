//! The end of the log: lines are added to the last file, or not at all.

use super::end::End;
use super::folder::{self, LogFile};
use super::line::{Chain, Note, Reason};
use super::{AuditSettings, Durability};
use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};
use trent_crypto::key_pair::KeyPair;
use trent_service::Clock;

/// Writes the log.
pub(super) struct Writer {
    settings: AuditSettings,
    key: KeyPair,
    chain: Chain,
    file: Option<OpenFile>,
    /// Bytes that a failed write or a crash left after the last whole line, and the failure.
    torn: Option<(u64, String)>,
    /// When there were lines without a checkpoint first.
    unsigned_since: Option<Instant>,
    buffer: Vec<u8>,
    _lock: Option<File>,
}

/// The last file.
struct OpenFile {
    /// None if it is a device that keeps nothing.
    file: Option<File>,
    log: LogFile,
    /// Bytes of whole lines.
    bytes: u64,
    opened: Instant,
}

impl Writer {
    /// Opens the log at its end.
    pub(super) fn open(settings: AuditSettings, key: KeyPair) -> Result<Self> {
        let folder = settings.folder.clone();
        let keeps_nothing =
            std::fs::metadata(&folder).is_ok_and(|data| data.file_type().is_char_device());
        let lock = if keeps_nothing {
            None
        } else {
            folder::make(&folder)?;
            Some(lock(&folder)?)
        };
        let mut writer = Self {
            settings,
            key,
            chain: Chain::START,
            file: None,
            torn: None,
            unsigned_since: None,
            buffer: Vec::new(),
            _lock: lock,
        };
        if keeps_nothing {
            let log = LogFile { first: 1, path: folder };
            writer.file = Some(OpenFile { file: None, log, bytes: 0, opened: Instant::now() });
        } else {
            let name = || format!("audit log `{}`", folder.display());
            writer.begin(&folder).with_context(name)?;
        }
        Ok(writer)
    }

    /// Finds the end, and says that it goes on from there.
    fn begin(&mut self, folder: &Path) -> Result<()> {
        folder::remove_unfinished(folder)?;
        self.find_end()?;
        if self.file.is_some() {
            self.add_opened()?;
        } else {
            self.add_file()?;
        }
        if self.settings.compress { compress(folder) } else { Ok(()) }
    }

    /// Adds events, all or none.
    pub(super) fn write_events<'a>(
        &mut self,
        events: impl Iterator<Item = &'a [u8]>,
    ) -> Result<()> {
        if self.is_full() {
            self.next_file()?;
        }
        self.add(|chain, buffer, _| {
            for event in events {
                chain.event(buffer, event);
            }
            Ok(())
        })
    }

    /// Adds a checkpoint, durably.
    pub(super) fn checkpoint(&mut self, reason: Reason) -> Result<()> {
        let time = now();
        self.add(|chain, buffer, key| chain.checkpoint(buffer, &time, reason, key))?;
        self.unsigned_since = None;
        match self.file.as_ref().and_then(|open| open.file.as_ref()) {
            Some(file) => Ok(file.sync_data()?),
            None => Ok(()),
        }
    }

    /// When there is something to do without records.
    pub(super) fn next_due(&self) -> Instant {
        let now = Instant::now();
        let checkpoint = self.unsigned_since.map(|since| since + CHECKPOINT_INTERVAL);
        checkpoint.unwrap_or(now + CHECKPOINT_INTERVAL)
    }

    /// Does what is due.
    pub(super) fn keep_up(&mut self) -> Result<()> {
        if self.is_full() {
            return self.next_file();
        }
        if self.unsigned_since.is_some() { self.checkpoint(Reason::Interval) } else { Ok(()) }
    }

    /// Tries whether writing is possible again, with a note of what was torn and refused.
    pub(super) fn repair(&mut self, refused_records: u64) -> Result<()> {
        if self.file.is_none() {
            self.add_file()?;
        }
        let open = self.file.as_mut().context("there is no file")?;
        if let Err(error) = open.try_room() {
            return Err(error).with_context(|| format!("writing `{}`", open.log.path.display()));
        }
        let (removed_bytes, cause) = self.torn.clone().unwrap_or_default();
        let time = now();
        let note = Note::Repaired { time: &time, removed_bytes, refused_records, cause: &cause };
        self.add(|chain, buffer, _| chain.note(buffer, &note))?;
        self.torn = None;
        Ok(())
    }

    /// Whether the next record is for another file.
    pub(super) fn is_full(&self) -> bool {
        let AuditSettings { file_bytes_max, age_max, .. } = self.settings;
        self.file.as_ref().is_none_or(|open| {
            open.file.is_some()
                && (open.bytes >= file_bytes_max || open.opened.elapsed() >= age_max)
        })
    }

    /// Ends the file, if there is one, and begins another.
    fn next_file(&mut self) -> Result<()> {
        if self.file.is_some() {
            self.checkpoint(Reason::File)?;
            self.file = None;
        }
        self.add_file()?;
        if self.settings.compress {
            compress(&self.settings.folder)?;
        }
        Ok(())
    }

    fn add_file(&mut self) -> Result<()> {
        let log = LogFile::new(&self.settings.folder, self.chain.seq);
        let file = log.create().with_context(|| format!("making `{}`", log.path.display()))?;
        File::open(&self.settings.folder)?.sync_all()?;
        let opened = Instant::now();
        let path = log.path.clone();
        self.file = Some(OpenFile { file: Some(file), log, bytes: 0, opened });
        self.add_opened().inspect_err(|_| {
            // A file without a line says nothing.
            self.file = None;
            let _ = std::fs::remove_file(path);
        })
    }

    /// Adds that the log is written from here on, and before that what was torn.
    fn add_opened(&mut self) -> Result<()> {
        let (time, torn) = (now(), self.torn.take());
        let spki = STANDARD.encode(self.key.public_key());
        let version = env!("CARGO_PKG_VERSION");
        self.add(|chain, buffer, _| {
            if let Some((removed_bytes, cause)) = torn {
                let refused_records = 0;
                let note =
                    Note::Repaired { time: &time, removed_bytes, refused_records, cause: &cause };
                chain.note(buffer, &note)?;
            }
            let note = Note::Opened { time: &time, format: FORMAT, version, key: &spki };
            chain.note(buffer, &note)
        })
    }

    /// Adds lines to the file, all or none.
    fn add(
        &mut self,
        lines: impl FnOnce(&mut Chain, &mut Vec<u8>, &KeyPair) -> Result<()>,
    ) -> Result<()> {
        let mut chain = self.chain;
        self.buffer.clear();
        lines(&mut chain, &mut self.buffer, &self.key)?;
        let open = self.file.as_mut().context("there is no file")?;
        // What is torn off could show behind a shorter line.
        let whole = if self.torn.is_some() { open.cut().map(drop) } else { Ok(()) };
        match whole.and_then(|()| open.write(&self.buffer, self.settings.durability)) {
            Ok(()) => {
                self.chain = chain;
                self.unsigned_since.get_or_insert_with(Instant::now);
                self.buffer.shrink_to(BUFFER_BYTES_MAX);
                Ok(())
            }
            Err(error) => {
                let torn = open.cut().unwrap_or_default();
                let before = self.torn.take().map_or(0, |(bytes, _)| bytes);
                self.torn = Some((before + torn, error.to_string()));
                Err(error).with_context(|| format!("writing `{}`", open.log.path.display()))
            }
        }
    }

    /// Finds the end of the log in its last file, cuts off what is torn, and leaves no file if the
    /// next line is the first of another one.
    fn find_end(&mut self) -> Result<()> {
        while let Some(last) = folder::files(&self.settings.folder)?.pop() {
            let end = End::of(&last, self.key.public_half())?;
            if let Some(damage) = &end.damage {
                let kept = end.keep_torn(&last)?;
                tracing::warn!(damage, kept = %kept.display(), "the audit log had a damaged end");
            }
            let Some(chain) = end.chain else {
                // The process ended before the first line was whole.
                std::fs::remove_file(&last.path)?;
                continue;
            };
            self.chain = chain;
            if end.torn_bytes > 0 {
                let cause = end.damage.unwrap_or_else(|| "the process ended while it wrote".into());
                self.torn = Some((end.torn_bytes, cause));
            }
            if end.is_ended || last.is_compressed() {
                return Ok(());
            }
            let file = OpenOptions::new().read(true).write(true).open(&last.path)?;
            let opened = Instant::now();
            let mut open = OpenFile { file: Some(file), log: last, bytes: end.bytes, opened };
            open.cut()?;
            self.file = Some(open);
            return Ok(());
        }
        Ok(())
    }
}

impl OpenFile {
    /// Writes after the last whole line.
    fn write(&mut self, lines: &[u8], durability: Durability) -> std::io::Result<()> {
        if let Some(file) = &self.file {
            file.write_all_at(lines, self.bytes)?;
            if durability == Durability::Fsync {
                file.sync_data()?;
            }
            self.bytes += lines.len() as u64;
        }
        Ok(())
    }

    /// Tries whether there is room for more than a note: a disk that is all but full would fail
    /// with the next record.
    fn try_room(&mut self) -> std::io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let tried = file.write_all_at(&vec![0; ROOM_BYTES], self.bytes);
        self.cut()?;
        tried
    }

    /// Removes what stands after the last whole line; says how much that was.
    fn cut(&mut self) -> std::io::Result<u64> {
        let Some(file) = &self.file else { return Ok(0) };
        let torn = file.metadata()?.len().saturating_sub(self.bytes);
        if torn > 0 {
            file.set_len(self.bytes)?;
            file.sync_data()?;
        }
        Ok(torn)
    }
}

/// Takes the folder for this process.
fn lock(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let name = || format!("locking `{}`", path.display());
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .with_context(name)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            bail!("audit log `{}` is written by another trent", folder.display())
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(name),
    }
}

/// Compresses all files but the last, on a thread of its own.
fn compress(folder: &Path) -> Result<()> {
    let mut files = folder::files(folder)?;
    files.pop();
    files.retain(|file| !file.is_compressed());
    if files.is_empty() {
        return Ok(());
    }
    std::thread::Builder::new().name("audit gzip".to_owned()).spawn(move || {
        for file in files {
            // Another thread may be at it, or have done it.
            use std::io::ErrorKind::{AlreadyExists, NotFound};
            if let Err(error) = file.compress()
                && ![AlreadyExists, NotFound].contains(&error.kind())
            {
                tracing::warn!(%error, file = %file.path.display(), "not compressed");
            }
        }
    })?;
    Ok(())
}

fn now() -> String {
    Clock::default().real_now().to_string()
}

/// The form of lines.
const FORMAT: u32 = 1;

/// How long lines are without a checkpoint.
const CHECKPOINT_INTERVAL: Duration = Duration::from_mins(1);

/// Room for the records of requests that come together.
const ROOM_BYTES: usize = 64 * 1024;

/// What is kept of the buffer after a large group.
const BUFFER_BYTES_MAX: usize = 1024 * 1024;
