//! The folder of an audit log: its files, which are named after their first line, and their lines.

use anyhow::{Context as _, Result};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use zstd::stream::{read::Decoder, write::Encoder};

/// A file of the log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LogFile {
    /// The number of its first line, by its name.
    pub(crate) first: u64,
    pub(crate) path: PathBuf,
}

impl LogFile {
    /// The file that begins with this line.
    pub(super) fn new(folder: &Path, first: u64) -> Self {
        Self { first, path: folder.join(format!("{PREFIX}{first:020}{SUFFIX}")) }
    }

    /// A file by its path, if it has the name of one.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_prefix(PREFIX)?;
        let digits = name.strip_suffix(SUFFIX).or_else(|| {
            let name = name.strip_suffix(ZST)?;
            name.strip_suffix(SUFFIX)
        })?;
        let is_name = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let first = digits.parse().ok().filter(|_| is_name)?;
        Some(Self { first, path: path.to_owned() })
    }

    /// Whether the file is compressed.
    pub(crate) fn is_compressed(&self) -> bool {
        self.path.extension().is_some_and(|extension| extension == "zst")
    }

    /// The same file, compressed.
    fn compressed(&self) -> Self {
        let mut name = self.path.clone().into_os_string();
        name.push(ZST);
        Self { path: name.into(), ..*self }
    }

    /// Makes the file, which must not exist.
    pub(super) fn create(&self) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&self.path)
    }

    /// Its lines.
    pub(crate) fn lines(&self) -> Result<Lines<Box<dyn BufRead>>> {
        let (file, is_compressed) = match File::open(&self.path) {
            // It has been compressed since it was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !self.is_compressed() => {
                (File::open(self.compressed().path), true)
            }
            opened => (opened, self.is_compressed()),
        };
        let file = file.with_context(|| format!("opening `{}`", self.path.display()))?;
        let read: Box<dyn BufRead> = if is_compressed {
            Box::new(BufReader::new(Decoder::new(file)?))
        } else {
            Box::new(BufReader::new(file))
        };
        Ok(Lines { read, bytes: 0, partial: Vec::new() })
    }

    /// Puts a compressed file in the place of this one.
    pub(super) fn compress(&self) -> io::Result<()> {
        let compressed = self.compressed().path;
        let unfinished = compressed.with_extension(UNFINISHED);
        let mut target = OpenOptions::new();
        let target = target.write(true).create_new(true).mode(0o600).open(&unfinished)?;
        let mut encoder = Encoder::new(target, LEVEL)?;
        encoder.include_checksum(true)?;
        io::copy(&mut File::open(&self.path)?, &mut encoder)?;
        encoder.finish()?.sync_all()?;
        // What is there under its name is whole.
        std::fs::rename(&unfinished, &compressed)?;
        if let Some(folder) = self.path.parent() {
            File::open(folder)?.sync_all()?;
        }
        std::fs::remove_file(&self.path)
    }
}

/// The files of a log in the order of their lines. Of a file that is there twice, because its
/// compression was interrupted, the one that is not compressed.
pub(crate) fn files(folder: &Path) -> Result<Vec<LogFile>> {
    let read = || {
        let mut files: Vec<LogFile> = std::fs::read_dir(folder)?
            .map(|entry| Ok(LogFile::of(&entry?.path())))
            .filter_map(Result::transpose)
            .collect::<io::Result<_>>()?;
        files.sort();
        // `.jsonl` stands before `.jsonl.zst`.
        files.dedup_by_key(|file| file.first);
        anyhow::Ok(files)
    };
    read().with_context(|| format!("reading folder `{}`", folder.display()))
}

/// Removes what a compression that was interrupted has left.
pub(super) fn remove_unfinished(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == UNFINISHED) {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Makes the folder, for its owner only.
pub(super) fn make(folder: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("making folder `{}`", folder.display()))
}

/// Reads lines.
pub(crate) struct Lines<R> {
    read: R,
    /// Bytes of the whole lines that were read.
    pub(crate) bytes: u64,
    /// What was read of a line without its end.
    partial: Vec<u8>,
}

/// What was read.
pub(crate) enum Line {
    /// A line, without its end.
    Whole(Vec<u8>),
    /// So many bytes after the last end of a line.
    Torn(usize),
    /// Longer than a line may be.
    TooLong,
    /// The file ends.
    End,
}

impl<R: BufRead> Lines<R> {
    /// The next line. After `Torn` and `End` one may ask again: a file that is being written goes
    /// on.
    pub(crate) fn next(&mut self) -> io::Result<Line> {
        let mut line = std::mem::take(&mut self.partial);
        let room = LINE_BYTES_MAX.saturating_sub(line.len() as u64);
        (&mut self.read).take(room).read_until(b'\n', &mut line)?;
        if line.pop_if(|last| *last == b'\n').is_some() {
            self.bytes += line.len() as u64 + 1;
            return Ok(Line::Whole(line));
        }
        if line.is_empty() {
            return Ok(Line::End);
        }
        if line.len() as u64 >= LINE_BYTES_MAX {
            return Ok(Line::TooLong);
        }
        self.partial = line;
        Ok(Line::Torn(self.partial.len()))
    }
}

const PREFIX: &str = "audit-";
const SUFFIX: &str = ".jsonl";
const ZST: &str = ".zst";

/// Of zstd: the fastest of the usual ones makes records fifteen times smaller.
const LEVEL: i32 = 1;

const UNFINISHED: &str = "unfinished";

/// Longer than any line: request parameters and replies are bounded.
const LINE_BYTES_MAX: u64 = 4 * 1024 * 1024;
