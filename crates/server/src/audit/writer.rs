//! The end of the log: lines are added to the last file, or not at all.

use super::end::End;
use super::folder::{self, LogFile};
use super::line::{Chain, Note, Reason};
use super::{AuditSettings, Durability};
use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::process::setpriority_process;
use std::collections::HashSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
    is_compressing: Arc<AtomicBool>,
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
    /// Its last line says that another file follows.
    is_ended: bool,
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
            is_compressing: Arc::default(),
            _lock: lock,
        };
        if keeps_nothing {
            let log = LogFile { first: 1, path: folder };
            writer.file = Some(OpenFile::new(None, log, 0));
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
        if self.settings.compress { compress(folder, &self.is_compressing) } else { Ok(()) }
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
        if self.is_ended() {
            self.next_file()?;
        }
        self.add_checkpoint(reason)?;
        self.synchronize()
    }

    fn add_checkpoint(&mut self, reason: Reason) -> Result<()> {
        let time = now();
        self.add(|chain, buffer, key| chain.checkpoint(buffer, &time, reason, key))?;
        self.unsigned_since = None;
        Ok(())
    }

    fn synchronize(&self) -> Result<()> {
        let Some(open) = &self.file else { return Ok(()) };
        let synchronized = open.file.as_ref().map_or(Ok(()), File::sync_data);
        synchronized.with_context(|| format!("synchronizing `{}`", open.log.path.display()))
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
        if self.file.is_none() || self.is_ended() {
            self.next_file()?;
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
            open.is_ended
                || open.file.is_some()
                    && (open.bytes >= file_bytes_max || open.opened.elapsed() >= age_max)
        })
    }

    fn is_ended(&self) -> bool {
        self.file.as_ref().is_some_and(|open| open.is_ended)
    }

    /// Ends the file, if there is one, and begins another. Where that fails, it goes on from there
    /// the next time: nothing may follow the end of a file in it.
    fn next_file(&mut self) -> Result<()> {
        if self.file.is_some() && !self.is_ended() {
            self.add_checkpoint(Reason::File)?;
            if let Some(open) = &mut self.file {
                open.is_ended = true;
            }
        }
        self.synchronize()?;
        self.file = None;
        self.add_file()?;
        if self.settings.compress {
            compress(&self.settings.folder, &self.is_compressing)?;
        }
        Ok(())
    }

    fn add_file(&mut self) -> Result<()> {
        let log = LogFile::new(&self.settings.folder, self.chain.seq);
        let file = log.create().with_context(|| format!("making `{}`", log.path.display()))?;
        if let Err(error) = File::open(&self.settings.folder).and_then(|folder| folder.sync_all()) {
            let _ = std::fs::remove_file(&log.path);
            return Err(error.into());
        }
        let path = log.path.clone();
        self.file = Some(OpenFile::new(Some(file), log, 0));
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
            let mut open = OpenFile::new(Some(file), last, end.bytes);
            open.cut()?;
            self.file = Some(open);
            return Ok(());
        }
        Ok(())
    }
}

impl OpenFile {
    fn new(file: Option<File>, log: LogFile, bytes: u64) -> Self {
        Self { file, log, bytes, opened: Instant::now(), is_ended: false }
    }

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

/// Compresses all files but the last, also those that are ended meanwhile, on a thread that works
/// when nobody else needs the processor. Does nothing while there is such a thread.
fn compress(folder: &Path, is_compressing: &Arc<AtomicBool>) -> Result<()> {
    if is_compressing.swap(true, Ordering::AcqRel) {
        return Ok(());
    }
    let (folder, is_done) = (folder.to_owned(), OnDrop(Arc::clone(is_compressing)));
    std::thread::Builder::new().name("audit zstd".to_owned()).spawn(move || {
        // To be told apart from what answers requests is worth nothing if it is refused.
        let _ = setpriority_process(None, LOWEST_PRIORITY);
        let mut tried = HashSet::new();
        while let Some(file) = next_uncompressed(&folder, &tried) {
            if let Err(error) = file.compress() {
                tracing::warn!(%error, file = %file.path.display(), "not compressed");
            }
            tried.insert(file.first);
        }
        drop(is_done);
    })?;
    Ok(())
}

fn next_uncompressed(folder: &Path, tried: &HashSet<u64>) -> Option<LogFile> {
    let mut files = folder::files(folder)
        .inspect_err(|error| tracing::warn!("audit files are not compressed: {error:#}"))
        .ok()?;
    files.pop();
    files.into_iter().find(|file| !file.is_compressed() && !tried.contains(&file.first))
}

/// Takes note of the end of a thread, whatever ends it.
struct OnDrop(Arc<AtomicBool>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

fn now() -> String {
    Clock::default().real_now().to_string()
}

/// The form of lines.
const FORMAT: u32 = 1;

/// How long lines are without a checkpoint.
const CHECKPOINT_INTERVAL: Duration = Duration::from_mins(1);

/// Of `nice`.
const LOWEST_PRIORITY: i32 = 19;

/// Room for the records of requests that come together.
const ROOM_BYTES: usize = 64 * 1024;

/// What is kept of the buffer after a large group.
const BUFFER_BYTES_MAX: usize = 1024 * 1024;
