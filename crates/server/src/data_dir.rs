//! The data directory: root key file, store and lock, readable by their owner only.

use crate::files;
use anyhow::{Context as _, Result, bail, ensure};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
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
    pub(crate) fn open_or_make(path: &Path) -> Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("making data directory `{}`", path.display()))?;
        let directory = Self::lock(path)?;
        let root_key_path = root_key_path(path);
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

    /// Makes the directory and a root key; refused when there is a root key with a store already,
    /// and when others can use the directory.
    pub(crate) fn make(path: &Path) -> Result<Self> {
        ensure!(
            !(root_key_path(path).exists() && store_path(path).exists()),
            "`{}` is a data directory already; nothing was changed",
            path.display()
        );
        if path.exists() {
            check_private("data directory", path)?;
        }
        Self::open_or_make(path)
    }

    /// Opens the directory with the root key and the store that are in it.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Self::check(path)?;
        Self::lock(path)
    }

    /// The directory without its lock: its server may be running.
    pub(crate) fn existing(path: &Path) -> Result<Self> {
        Self::check(path)?;
        Ok(Self { path: path.to_owned(), _lock: None })
    }

    /// Checks that there are a root key and a store, for their owner only, without a lock.
    pub(crate) fn check(path: &Path) -> Result<()> {
        let (root_key_path, store_path) = (root_key_path(path), store_path(path));
        let name = path.display();
        match (root_key_path.try_exists(), store_path.try_exists()) {
            (Ok(true), Ok(true)) => {
                check_private("data directory", path)?;
                check_private("store", &store_path)?;
                read_root_key(&root_key_path).map(drop)
            }
            (Ok(false), Ok(false)) => bail!(
                "`{name}` is no data directory: it has neither root key nor store; \
                 run `trent init --data-dir {name}`"
            ),
            (Ok(true), Ok(false)) => bail!(
                "data directory `{name}` has a root key but no store `{}`; put it back, or run \
                 `trent init --data-dir {name}` to begin with an empty one",
                store_path.display()
            ),
            (Ok(false), Ok(true)) => bail!(
                "data directory `{name}` has a store but no root key `{}`; without the root key \
                 it was made with the store cannot be read",
                root_key_path.display()
            ),
            (Err(error), _) | (_, Err(error)) => {
                Err(error).with_context(|| format!("looking into data directory `{name}`"))
            }
        }
    }

    /// Where the directory is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the store is.
    pub(crate) fn store_path(&self) -> PathBuf {
        store_path(&self.path)
    }

    /// Reads the root key; refused when others than its owner can read it.
    pub(crate) fn root_key(&self) -> Result<RootKey> {
        read_root_key(&root_key_path(&self.path))
    }

    fn lock(path: &Path) -> Result<Self> {
        let lock_path = path.join("lock");
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&lock_path)
            .with_context(|| format!("opening `{}`", lock_path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: Some(lock) }),
            Err(TryLockError::WouldBlock) => {
                bail!("data directory `{}` is in use by another trent", path.display())
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("locking `{}`", lock_path.display()))
            }
        }
    }
}

fn store_path(directory: &Path) -> PathBuf {
    directory.join("trent.db")
}

fn root_key_path(directory: &Path) -> PathBuf {
    directory.join("root.key")
}

fn check_private(what: &str, path: &Path) -> Result<()> {
    let check = || files::check_private(path, &std::fs::metadata(path)?);
    check().with_context(|| format!("{what} `{}`", path.display()))
}

fn read_root_key(path: &Path) -> Result<RootKey> {
    let text = files::read_secret(path, ROOT_KEY_FILE_BYTES_MAX).context("root key")?;
    let bytes = text.trim().strip_prefix(ROOT_KEY_PREFIX).and_then(from_hex);
    bytes
        .map(Zeroizing::new)
        .and_then(|bytes| RootKey::from_bytes(&bytes).ok())
        .with_context(|| format!("`{}` is not a root key file", path.display()))
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
