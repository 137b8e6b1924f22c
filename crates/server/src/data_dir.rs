//! The data directory: root key file, store and lock, readable by their owner only.

use anyhow::{Context as _, Result, bail, ensure};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use trent_core::key_material::from_hex;
use trent_crypto::root_key::RootKey;
use zeroize::Zeroizing;

/// A data directory that is ours while this value lives.
pub(crate) struct DataDir {
    path: PathBuf,
    /// None for administration beside a running server.
    _lock: Option<File>,
}

impl DataDir {
    /// Opens or makes the directory, and a root key if there is nothing in it yet.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("making data directory `{}`", path.display()))?;
        let lock_path = path.join("lock");
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock_path)
            .with_context(|| format!("opening `{}`", lock_path.display()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("data directory `{}` is in use by another trent", path.display())
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("locking `{}`", lock_path.display()));
            }
        }
        let directory = Self { path: path.to_owned(), _lock: Some(lock) };
        let root_key_path = directory.root_key_path();
        if !root_key_path.exists() {
            let store_path = directory.store_path();
            ensure!(
                !store_path.exists(),
                "there is a store `{}` but no root key `{}`; without the root key it was made with \
                 the store cannot be read",
                store_path.display(),
                root_key_path.display()
            );
            write_root_key(path, &root_key_path)
                .with_context(|| format!("writing root key `{}`", root_key_path.display()))?;
        }
        Ok(directory)
    }

    /// Makes the directory and a root key; refused when it has a root key and a store already.
    pub(crate) fn make(path: &Path) -> Result<Self> {
        ensure!(
            Self::existing(path).is_err(),
            "`{}` is a data directory already; nothing was changed",
            path.display()
        );
        Self::open(path)
    }

    /// A directory that has a root key and a store already, without the lock: its server may be
    /// running.
    pub(crate) fn existing(path: &Path) -> Result<Self> {
        let directory = Self { path: path.to_owned(), _lock: None };
        for file in [directory.root_key_path(), directory.store_path()] {
            let is_there = file
                .try_exists()
                .with_context(|| format!("looking into data directory `{}`", path.display()))?;
            ensure!(
                is_there,
                "`{}` is no data directory of trent: there is no `{}`",
                path.display(),
                file.display()
            );
        }
        Ok(directory)
    }

    /// Where the store is.
    pub(crate) fn store_path(&self) -> PathBuf {
        self.path.join("trent.db")
    }

    /// Reads the root key; refused when others than its owner can read it.
    pub(crate) fn root_key(&self) -> Result<RootKey> {
        let path = self.root_key_path();
        let file =
            File::open(&path).with_context(|| format!("opening root key `{}`", path.display()))?;
        let mode = file.metadata()?.mode() & 0o777;
        ensure!(
            mode.trailing_zeros() >= 6,
            "root key `{0}` can be read by others than its owner (mode {mode:04o}); \
             run `chmod 600 {0}`",
            path.display()
        );
        let mut text = Zeroizing::new(String::new());
        (&file)
            .take(ROOT_KEY_FILE_BYTES_MAX)
            .read_to_string(&mut text)
            .with_context(|| format!("reading root key `{}`", path.display()))?;
        let bytes = text.trim().strip_prefix(ROOT_KEY_PREFIX).and_then(from_hex);
        bytes
            .map(Zeroizing::new)
            .and_then(|bytes| RootKey::from_bytes(&bytes).ok())
            .with_context(|| format!("`{}` is not a root key file", path.display()))
    }

    fn root_key_path(&self) -> PathBuf {
        self.path.join("root.key")
    }
}

/// Makes a root key and its file, durable before anything is sealed under it.
fn write_root_key(directory: &Path, path: &Path) -> Result<()> {
    let key = RootKey::generate()?.to_bytes();
    let mut text = Zeroizing::new(String::with_capacity(128));
    text.push_str(ROOT_KEY_PREFIX);
    for byte in key.iter() {
        text.push_str(&Zeroizing::new(format!("{byte:02x}")));
    }
    text.push('\n');
    // A file that is there under its name is whole.
    let unfinished = path.with_extension("new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    Ok(File::open(directory)?.sync_all()?)
}

/// What a root key file begins with; the key follows in hexadecimal digits.
const ROOT_KEY_PREFIX: &str = "trent-root-key-1:";

const ROOT_KEY_FILE_BYTES_MAX: u64 = 256;
