//! How the last file of a log ends when a process begins to write on.
//!
//! What a process or a machine left that ended in disorder is torn: bytes without the end of a line, or, as
//! disks do not write in order, damaged lines. A checkpoint is on disk when it is written, and all lines
//! before it: where one follows, a damaged line was damaged later, and nothing is written on.

use super::folder::{Line, LogFile};
use super::line::{Chain, Kind, Reason, header, is_checkpoint};
use anyhow::{Context as _, Result, bail};
use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use trent_crypto::key_pair::PublicKey;

/// How a file ends.
pub(super) struct End {
    /// None if it has no whole line.
    pub(super) chain: Option<Chain>,
    /// Of the whole lines that follow from each other.
    pub(super) bytes: u64,
    /// What stands behind them.
    pub(super) torn_bytes: u64,
    /// What is wrong with the first line there, if it is a line.
    pub(super) damage: Option<String>,
    /// Its last line says that another file follows.
    pub(super) is_ended: bool,
}

impl End {
    /// Reads a file. Fails if it is damaged before a checkpoint that was signed with `key`.
    pub(super) fn of(file: &LogFile, key: &PublicKey) -> Result<Self> {
        let mut lines = file.lines()?;
        let mut end = Self { chain: None, bytes: 0, torn_bytes: 0, damage: None, is_ended: false };
        for number in 1_u64.. {
            let what = match lines.next()? {
                Line::Torn(_) | Line::End => break,
                Line::TooLong => "it is too long".to_owned(),
                Line::Whole(line) => match &end.damage {
                    None => match end.add(&line, file) {
                        Ok(()) => {
                            end.bytes = lines.bytes;
                            continue;
                        }
                        Err(what) => what,
                    },
                    Some(damage) if is_checkpoint(&line, key) => bail!(refusal(file, damage)),
                    Some(_) => continue,
                },
            };
            end.damage.get_or_insert_with(|| format!("line {number}: {what}"));
        }
        if file.is_compressed() {
            // It was whole when it was compressed.
            return match &end.damage {
                Some(damage) => bail!(refusal(file, damage)),
                None => Ok(end),
            };
        }
        end.torn_bytes = std::fs::metadata(&file.path)?.len().saturating_sub(end.bytes);
        Ok(end)
    }

    /// Copies what is torn to a file of its own, which is not one of the log, and returns its path.
    pub(super) fn keep_torn(&self, file: &LogFile) -> Result<PathBuf> {
        let next = self.chain.map_or(file.first, |chain| chain.seq);
        let path = file.path.with_file_name(format!("{TORN}{next:020}"));
        let copy = || {
            let mut torn = File::open(&file.path)?;
            torn.seek(SeekFrom::Start(self.bytes))?;
            let mut options = OpenOptions::new();
            let mut kept =
                options.write(true).create(true).truncate(true).mode(0o600).open(&path)?;
            io::copy(&mut torn, &mut kept)?;
            kept.sync_all()
        };
        copy().with_context(|| format!("writing `{}`", path.display()))?;
        Ok(path)
    }

    /// Goes on behind a line, if it follows.
    fn add(&mut self, line: &[u8], file: &LogFile) -> Result<(), String> {
        let first = || header(line).filter(|first| first.seq == file.first);
        let chain = self.chain.or_else(first);
        let mut chain = chain.ok_or("it is not what the name of the file says")?;
        let kind = chain.check(line, None)?;
        self.is_ended = kind == Kind::Checkpoint(Reason::File);
        self.chain = Some(chain);
        Ok(())
    }
}

fn refusal(file: &LogFile, damage: &str) -> String {
    format!(
        "`{}`, {damage}; `trent audit verify` tells more, and a log in another folder can be begun \
         meanwhile",
        file.path.display()
    )
}

/// How the name begins of a file with what was torn; the number of the line that took its place
/// follows.
const TORN: &str = "torn-";
