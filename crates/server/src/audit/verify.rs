//! Verification: whether anything of a log was removed, changed, moved or cut off, without its
//! server and without its root key.

use super::folder::{Line, LogFile, files};
use super::line::{Chain, Kind, Reason, header, public_key};
use anyhow::{Context as _, Result};
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};
use trent_crypto::key_pair::PublicKey;

/// What must be true of a log.
pub(crate) struct Expectations {
    /// The SPKI of the key of its checkpoints; without it, the key that the log itself names first.
    pub(crate) key: Option<Vec<u8>>,
    /// It begins with its first line: no older files are kept elsewhere.
    pub(crate) is_complete: bool,
    /// Its server has ended in order.
    pub(crate) is_closed: bool,
}

/// What was found.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    pub(crate) files: usize,
    /// Lines, of which checkpoints and other notes are some.
    pub(crate) lines: u64,
    pub(crate) events: u64,
    pub(crate) checkpoints: u64,
    /// The numbers of the first and the last line.
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// Lines after the last checkpoint: nobody knows whether more have followed.
    pub(crate) unsigned: u64,
    /// Bytes after the last whole line.
    pub(crate) torn_bytes: usize,
    /// It ends with the checkpoint that ends a log.
    pub(crate) is_closed: bool,
    /// The key was taken from the log.
    pub(crate) trusts_own_key: bool,
    /// What is wrong. Nothing behind it was looked at.
    pub(crate) fault: Option<Fault>,
}

/// The first thing that is wrong.
#[derive(Debug, Serialize)]
pub(crate) struct Fault {
    pub(crate) file: PathBuf,
    /// From 1; none if it is about the whole file.
    pub(crate) line: Option<u64>,
    pub(crate) what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(formatter, ", line {line}")?;
        }
        write!(formatter, ": {}", self.what)
    }
}

/// Verifies a folder, or one file of it. Fails if it cannot be read.
pub(crate) fn verify(path: &Path, expectations: &Expectations) -> Result<Report> {
    let is_folder = path.is_dir();
    let files = if is_folder {
        files(path)?
    } else {
        let name = || format!("`{}` is no file of an audit log", path.display());
        vec![LogFile::of(path).with_context(name)?]
    };
    let key = expectations.key.as_deref().map(public_key).transpose()?;
    let mut verification = Verification {
        trusts_own_key: key.is_none(),
        key,
        chain: None,
        report: Report::default(),
        ended: None,
    };
    let fault = verification.files(&files, is_folder && expectations.is_complete)?;
    let fault = fault.or_else(|| verification.end(path, is_folder, expectations));
    let trusts_own_key = verification.trusts_own_key;
    Ok(Report { fault, trusts_own_key, files: files.len(), ..verification.report })
}

struct Verification {
    key: Option<PublicKey>,
    trusts_own_key: bool,
    /// None before the first line.
    chain: Option<Chain>,
    report: Report,
    /// The last line is a checkpoint for this reason.
    ended: Option<Reason>,
}

impl Verification {
    /// Verifies files, up to the first fault.
    fn files(&mut self, files: &[LogFile], is_complete: bool) -> Result<Option<Fault>> {
        for (index, file) in files.iter().enumerate() {
            let is_last = index + 1 == files.len();
            let expected = match self.chain {
                Some(chain) => Some(chain.seq),
                None if is_complete => Some(Chain::START.seq),
                None => None,
            };
            if let Some(seq) = expected.filter(|seq| *seq != file.first) {
                return Ok(Some(whole(
                    file,
                    format!("a file that begins with record {seq} is missing before it"),
                )));
            }
            if is_complete && self.chain.is_none() {
                self.chain = Some(Chain::START);
            }
            let fault = self.file(file, is_last);
            let fault = fault.with_context(|| format!("reading `{}`", file.path.display()))?;
            if fault.is_some() {
                return Ok(fault);
            }
            if !is_last && self.ended != Some(Reason::File) {
                let what = "it does not end as a file does that another one follows".to_owned();
                return Ok(Some(whole(file, what)));
            }
        }
        Ok(None)
    }

    fn file(&mut self, file: &LogFile, is_last: bool) -> std::io::Result<Option<Fault>> {
        let fault = |line, what: &str| {
            Ok(Some(Fault { file: file.path.clone(), line: Some(line), what: what.to_owned() }))
        };
        let mut lines = match file.lines() {
            Ok(lines) => lines,
            Err(error) => return Ok(Some(whole(file, format!("{error:#}")))),
        };
        for number in 1.. {
            let line = match lines.next() {
                Ok(line) => line,
                // Of a compressed file.
                Err(error) => return fault(number, &format!("it cannot be read: {error}")),
            };
            match line {
                Line::Whole(line) => {
                    if let Err(what) = self.line(&line, file, number) {
                        return fault(number, &what);
                    }
                }
                Line::Torn(bytes) if is_last => {
                    self.report.torn_bytes = bytes;
                    break;
                }
                Line::Torn(_) => return fault(number, "it is cut off"),
                Line::TooLong => return fault(number, "it is too long"),
                Line::End if number == 1 && !is_last => return fault(number, "there is no line"),
                Line::End => break,
            }
        }
        Ok(None)
    }

    fn line(&mut self, line: &[u8], file: &LogFile, number: u64) -> Result<(), String> {
        if self.ended == Some(Reason::File) && number > 1 {
            return Err("the file should have ended with the checkpoint before it".to_owned());
        }
        let mut chain = match self.chain {
            Some(chain) => chain,
            // What came before is kept elsewhere: it is taken as it says.
            None => header(line)
                .filter(|chain| chain.seq == file.first)
                .ok_or("it is not what the name of the file says")?,
        };
        let seq = chain.seq;
        let kind = chain.check(line, self.key.as_ref())?;
        self.chain = Some(chain);
        let report = &mut self.report;
        if report.lines == 0 {
            report.first = seq;
        }
        report.last = seq;
        report.lines += 1;
        report.unsigned += 1;
        self.ended = None;
        match kind {
            Kind::Event => report.events += 1,
            Kind::Repaired => {}
            Kind::Checkpoint(reason) => {
                if self.key.is_none() {
                    return Err("it is a checkpoint, and no line before it names its key: give \
                                --public-key"
                        .to_owned());
                }
                report.checkpoints += 1;
                report.unsigned = 0;
                self.ended = Some(reason);
            }
            Kind::Opened(spki) => {
                let named = public_key(&spki).map_err(|error| error.to_string())?;
                match &self.key {
                    Some(key) if !self.trusts_own_key && key.as_spki() != named.as_spki() => {
                        return Err("another key signs from here on".to_owned());
                    }
                    Some(_) if !self.trusts_own_key => {}
                    _ => self.key = Some(named),
                }
            }
        }
        report.is_closed = self.ended == Some(Reason::Close);
        Ok(())
    }

    /// Whether the log may end where it does.
    fn end(&self, path: &Path, is_folder: bool, expectations: &Expectations) -> Option<Fault> {
        let fault =
            |what: &str| Some(Fault { file: path.to_owned(), line: None, what: what.to_owned() });
        let report = &self.report;
        if report.lines == 0 && is_folder && expectations.is_complete {
            return fault("there is no audit log");
        }
        if is_folder && self.ended == Some(Reason::File) {
            return fault("the last file says that another one follows, and it is missing");
        }
        if expectations.is_closed && (!report.is_closed || report.torn_bytes > 0) {
            return fault(
                "it does not end with the checkpoint that ends a log: its end is missing",
            );
        }
        None
    }
}

fn whole(file: &LogFile, what: String) -> Fault {
    Fault { file: file.path.clone(), line: None, what }
}
