//! Development tasks: `cargo xtask codegen|compatibility [--check]`, `cargo xtask coverage`; its
//! tests are the rules of the repository (`tidy`).
//!
//! It generates committed files and checks rules; nothing of it ships.

mod codegen;
mod compatibility;
mod coverage;
mod model;
#[cfg(test)]
mod tidy;

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let check = arguments.iter().any(|argument| argument == "--check");
    match arguments.first().map(String::as_str) {
        Some("codegen") => codegen::run(&workspace(), check),
        Some("compatibility") => compatibility::run(&workspace(), check),
        Some("coverage") => coverage::run(&workspace()),
        _ => bail!("usage: cargo xtask codegen|compatibility|coverage [--check]"),
    }
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Writes `content` to `path`, or with `check` fails when the file differs from it.
fn write_or_check(path: &Path, content: &str, check: bool) -> Result<()> {
    let present = std::fs::read_to_string(path).unwrap_or_default();
    if present == content {
        return Ok(());
    }
    if check {
        bail!("`{}` is not what its generator writes; run `make codegen`", path.display());
    }
    std::fs::write(path, content).with_context(|| format!("writing `{}`", path.display()))
}

/// All files below `directory` with this extension, sorted.
fn files(directory: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, extension)?);
        } else if path.extension().is_some_and(|known| known == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
