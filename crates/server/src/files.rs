//! Reading small files that an operator gives: bounded, and secrets only when nobody else can read
//! them.

use anyhow::{Context as _, Result, ensure};
use std::fs::{File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use zeroize::Zeroizing;

/// Reads a text of at most `bytes_max` bytes.
pub(crate) fn read(path: &Path, bytes_max: u64) -> Result<String> {
    let read = || bounded(&File::open(path)?, bytes_max);
    read().with_context(|| format!("reading `{}`", path.display()))
}

/// Reads a secret text of at most `bytes_max` bytes; refused when others than the owner of the file
/// can read it.
pub(crate) fn read_secret(path: &Path, bytes_max: u64) -> Result<Zeroizing<String>> {
    let read = || {
        let file = File::open(path)?;
        check_private(path, &file.metadata()?)?;
        bounded(&file, bytes_max).map(Zeroizing::new)
    };
    read().with_context(|| format!("reading `{}`", path.display()))
}

/// Refuses a file or directory that others than its owner can use.
pub(crate) fn check_private(path: &Path, metadata: &Metadata) -> Result<()> {
    let mode = metadata.mode() & 0o777;
    let right = if metadata.is_dir() { "700" } else { "600" };
    ensure!(
        mode.trailing_zeros() >= 6,
        "it can be used by others than its owner (mode {mode:04o}); run `chmod {right} {}`",
        path.display()
    );
    Ok(())
}

fn bounded(file: &File, bytes_max: u64) -> Result<String> {
    // With room from the start, a secret is not left behind by a text that grows.
    let room = file.metadata()?.len().min(bytes_max) + 1;
    let mut text = String::with_capacity(usize::try_from(room)?);
    file.take(bytes_max + 1).read_to_string(&mut text)?;
    ensure!(text.len() as u64 <= bytes_max, "it is larger than {bytes_max} bytes");
    Ok(text)
}
