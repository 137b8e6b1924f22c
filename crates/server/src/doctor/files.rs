//! Files and folders: whose they are, who can use them, and whether there is room for more.

use super::{Findings, Subject};
use crate::data_dir::DataDir;
use anyhow::Result;
use bytesize::ByteSize;
use std::fs::symlink_metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Checks data directory, root key file and audit log.
pub(super) fn check(subject: &Subject, findings: &mut Findings) {
    let audit = audit_folder(subject);
    let directory = &subject.data_dir;
    match symlink_metadata(directory) {
        Err(error) => findings.problem(
            DIRECTORY,
            format!("`{}`: {error}", directory.display()),
            "make it with `trent init`, or restore a backup with `trent restore`",
        ),
        Ok(metadata) => {
            let mut faults = Vec::new();
            let owner = metadata.uid();
            let files = all_files(subject, audit.as_deref());
            for path in &files {
                faults.extend(fault(path, owner));
            }
            if faults.is_empty() {
                let found = format!(
                    "`{}` and {} files in use are for their owner only",
                    directory.display(),
                    files.len() - 1
                );
                findings.ok(PERMISSIONS, found);
            }
            for fault in faults {
                let advice = "files and folders of Trent belong to the user that it runs as, with \
                              mode 0600 and 0700 (`chown`, `chmod`)";
                findings.problem(PERMISSIONS, fault, advice);
            }
        }
    }
    let mut places = vec![directory.clone()];
    places.extend(audit.filter(|audit| !audit.starts_with(directory)));
    for place in places.iter().filter(|place| place.exists()) {
        room(place, findings);
    }
}

/// Where the audit log is, if it is on.
pub(super) fn audit_folder(subject: &Subject) -> Option<PathBuf> {
    match &subject.config {
        Some(config) => config.audit.settings(&subject.data_dir).map(|settings| settings.folder),
        None => Some(DataDir::audit_in(&subject.data_dir)),
    }
}

/// What is there of the data directory, the root key file and the audit log.
fn all_files(subject: &Subject, audit: Option<&Path>) -> Vec<PathBuf> {
    let mut files = vec![subject.data_dir.clone()];
    files.extend(entries(&subject.data_dir));
    files.extend(subject.root_key.file(&subject.data_dir));
    if let Some(audit) = audit.filter(|audit| audit.is_dir()) {
        files.push(audit.to_owned());
        files.extend(entries(audit));
    }
    files.sort();
    files.dedup();
    files
}

/// Files in a folder, up to a bound.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.filter(|path| path.is_file()).take(FILES_MAX).collect()
}

/// What is wrong with a file; nothing if it is gone by now.
fn fault(path: &Path, owner: u32) -> Option<String> {
    let metadata = std::fs::metadata(path).ok()?;
    let name = path.display();
    if metadata.uid() != owner {
        return Some(format!("`{name}` belongs to user {}, not to {owner}", metadata.uid()));
    }
    let mode = metadata.mode() & 0o777;
    let is_private = mode.trailing_zeros() >= 6;
    (!is_private).then(|| format!("`{name}` can be used by others (mode {mode:04o})"))
}

fn room(place: &Path, findings: &mut Findings) {
    let (free, all) = match free_bytes(place) {
        Ok(bytes) => bytes,
        Err(error) => {
            let found = format!("`{}`: {error:#}", place.display());
            return findings.warning(ROOM, found, "look for yourself whether there is room (`df`)");
        }
    };
    let found =
        format!("{} of {} are free for `{}`", ByteSize::b(free), ByteSize::b(all), place.display());
    let advice = "make room: without it nothing can be written, and while the audit log cannot be \
                  written, nothing is answered";
    if free < ROOM_BYTES_MIN {
        findings.problem(ROOM, found, advice);
    } else if free < ROOM_BYTES_LOW {
        findings.warning(ROOM, found, advice);
    } else {
        findings.ok(ROOM, found);
    }
}

/// Bytes that this user may still write, and all there are.
fn free_bytes(place: &Path) -> Result<(u64, u64)> {
    let found = rustix::fs::statvfs(place)?;
    Ok((
        found.f_bavail.saturating_mul(found.f_frsize),
        found.f_blocks.saturating_mul(found.f_frsize),
    ))
}

const DIRECTORY: &str = "data directory";
const PERMISSIONS: &str = "permissions";
const ROOM: &str = "disk space";

/// With less, the next hour may fail.
const ROOM_BYTES_MIN: u64 = 64 << 20;

/// With less, somebody should make room soon.
const ROOM_BYTES_LOW: u64 = 1 << 30;

/// Files of a folder that are looked at.
const FILES_MAX: usize = 10_000;
