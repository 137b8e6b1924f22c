//! The file of events: a line of JSON for each. It is opened for each writing, so that it can be
//! moved away at any time.

use super::delivery::{Event, Sink, Undelivered};
use super::queue::Retry;
use anyhow::{Context as _, Result};
use jiff::Timestamp;
use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use trent_service::events::EventSink;

/// A file that lines are added to.
pub(crate) struct EventFile {
    path: PathBuf,
}

impl EventFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Makes sure that it can be written.
    pub(super) fn open(&self) -> Result<()> {
        open(&self.path).with_context(|| format!("events file `{}`", self.path.display()))?;
        Ok(())
    }
}

impl Sink for EventFile {
    const KIND: EventSink = EventSink::File;
    const BATCH: usize = 256;
    const RETRY: Retry = Retry { first: Duration::from_secs(1), most: Duration::from_mins(1) };
    const IS_QUICK: bool = true;

    async fn deliver(&mut self, events: &[Event], _now: Timestamp) -> Vec<Result<(), Undelivered>> {
        let mut lines = Vec::new();
        for event in events {
            lines.extend_from_slice(&event.json);
            lines.push(b'\n');
        }
        let path = self.path.clone();
        let written = tokio::task::spawn_blocking(move || append(&path, &lines)).await;
        let result = match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Undelivered::Failed(error.to_string())),
            Err(error) => Err(Undelivered::Failed(error.to_string())),
        };
        vec![result; events.len()]
    }
}

/// Adds lines, which are on disk then.
fn append(path: &Path, lines: &[u8]) -> io::Result<()> {
    let mut file = open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return file.write_all(lines);
    }
    if metadata.len() > 0 && !ends_whole(path)? {
        // A writing that failed in the middle: what it has left is a line of its own.
        file.write_all(b"\n")?;
    }
    file.write_all(lines)?;
    file.sync_data()?;
    if metadata.len() == 0
        && let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
    {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn open(path: &Path) -> io::Result<File> {
    // A pipe that nobody reads must not hold anybody up.
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(flags).open(path)
}

fn ends_whole(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn lines_are_added_and_a_torn_one_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.jsonl");
        append(&path, b"1\n2\n").unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        append(&path, b"3\n").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"1\n2\n3\n");
        std::fs::write(&path, b"1\n{\"ver").unwrap();
        append(&path, b"2\n").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"1\n{\"ver\n2\n");
        std::fs::rename(&path, folder.path().join("moved")).unwrap();
        append(&path, b"4\n").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"4\n");
    }

    #[test]
    fn a_pipe_without_a_reader_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let mode = rustix::fs::Mode::from_bits_truncate(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert!(append(&path, b"1\n").is_err());
        assert!(append(folder.path(), b"1\n").is_err());
        assert!(EventFile::new(folder.path().join("no/folder")).open().is_err());
    }
}
