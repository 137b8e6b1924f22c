//! Reading small files that an operator gives: bounded, and secrets only when nobody else can read
//! them.

use anyhow::{Context as _, Result, ensure};
use std::fs::File;
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
        let mode = file.metadata()?.mode() & 0o777;
        ensure!(
            mode.trailing_zeros() >= 6,
            "it can be read by others than its owner (mode {mode:04o}); run `chmod 600 {}`",
            path.display()
        );
        bounded(&file, bytes_max).map(Zeroizing::new)
    };
    read().with_context(|| format!("reading `{}`", path.display()))
}

fn bounded(file: &File, bytes_max: u64) -> Result<String> {
    // With room from the start, a secret is not left behind by a text that grows.
    let room = file.metadata()?.len().min(bytes_max) + 1;
    let mut text = String::with_capacity(usize::try_from(room)?);
    file.take(bytes_max + 1).read_to_string(&mut text)?;
    ensure!(text.len() as u64 <= bytes_max, "it is larger than {bytes_max} bytes");
    Ok(text)
}
