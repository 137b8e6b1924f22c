//! The data directory: lock and, unless they are elsewhere, store and file of the root key, readable by
//! their owner only.

use crate::files;
use crate::root_key::{self, RootKeySource};
use crate::store::StoreSource;
use anyhow::{Context as _, Result, bail, ensure};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// A data directory that is ours while this value lives.
pub(crate) struct DataDir {
    path: PathBuf,
    /// None for administration beside a running server.
    _lock: Option<File>,
}

impl DataDir {
    /// Opens or makes the directory, and a root key if there is nothing in it yet.
    pub(crate) fn open_or_make(
        path: &Path,
        root_key: &RootKeySource,
        store: &StoreSource,
    ) -> Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("making data directory `{}`", path.display()))?;
        let directory = Self::lock(path)?;
        if let Some(root_key_path) = root_key.file(path)
            && !root_key_path.exists()
        {
            let store = store.file(path).filter(|store| store.exists());
            ensure!(
                store.is_none(),
                "there is a store `{}` but no root key `{}`; without the root key it was made with \
                 the store cannot be read",
                store.unwrap_or_default().display(),
                root_key_path.display()
            );
            root_key::write_file(&root_key_path)?;
        }
        Ok(directory)
    }

    /// Makes the directory and a root key; refused when there is a root key with a store already,
    /// and when others can use the directory.
    pub(crate) fn make(path: &Path, root_key: &RootKeySource, store: &StoreSource) -> Result<Self> {
        let has_root_key = root_key.file(path).is_none_or(|file| file.exists());
        ensure!(
            !(has_root_key && store.file(path).is_some_and(|store| store.exists())),
            "`{}` is a data directory already; nothing was changed",
            path.display()
        );
        if path.exists() {
            check_private("data directory", path)?;
        }
        Self::open_or_make(path, root_key, store)
    }

    /// Opens or makes a directory for a store that is to be restored; refused when there is one
    /// already, and when others can use the directory. The root key has to be there.
    pub(crate) fn for_restore(
        path: &Path,
        root_key: &RootKeySource,
        store: &StoreSource,
    ) -> Result<Self> {
        if let Some(store) = store.file(path) {
            let files = ["", "-wal", "-shm"].map(|end| format!("{}{end}", store.display()));
            if let Some(file) = files.iter().find(|file| Path::new(file).symlink_metadata().is_ok())
            {
                bail!(
                    "there is a store in `{}` already (`{file}`); nothing was changed",
                    path.display()
                );
            }
        }
        if path.exists() {
            check_private("data directory", path)?;
        }
        if let Some(file) = root_key.file(path) {
            ensure!(
                file.exists(),
                "there is no root key `{}`: put the root key that opens the backup there, readable \
                 by its owner only, or say with --root-key-provider where it is",
                file.display()
            );
        }
        Self::open_or_make(path, root_key, store)
    }

    /// Opens the directory with the root key and the store that are in it.
    pub(crate) fn open(path: &Path, root_key: &RootKeySource, store: &StoreSource) -> Result<Self> {
        Self::check(path, root_key, store)?;
        Self::lock(path)
    }

    /// The directory without its lock: its server may be running.
    pub(crate) fn existing(
        path: &Path,
        root_key: &RootKeySource,
        store: &StoreSource,
    ) -> Result<Self> {
        Self::check(path, root_key, store)?;
        Ok(Self { path: path.to_owned(), _lock: None })
    }

    /// Checks that there are a root key, unless it is not in a file, and a store, for their owner
    /// only, without a lock.
    pub(crate) fn check(path: &Path, root_key: &RootKeySource, store: &StoreSource) -> Result<()> {
        let name = path.display();
        let Some(store_path) = store.file(path) else {
            check_private("data directory", path)?;
            let root_key = root_key.file(path).map(|file| root_key::read_file(&file));
            return root_key.transpose().map(drop);
        };
        let Some(root_key_path) = root_key.file(path) else {
            let found = store_path.try_exists();
            let found = found.with_context(|| format!("looking into data directory `{name}`"))?;
            ensure!(found, "`{name}` is no data directory: it has no store; run `trent init`");
            check_private("data directory", path)?;
            return check_private("store", &store_path);
        };
        match (root_key_path.try_exists(), store_path.try_exists()) {
            (Ok(true), Ok(true)) => {
                check_private("data directory", path)?;
                check_private("store", &store_path)?;
                root_key::read_file(&root_key_path).map(drop)
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

    /// Where the audit log of a data directory is, unless it is configured elsewhere.
    pub(crate) fn audit_in(path: &Path) -> PathBuf {
        path.join("audit")
    }

    /// Removes the file of a store that was just made and has nothing in it.
    pub(crate) fn remove_store(&self, store: &StoreSource) -> Result<()> {
        let Some(store) = store.file(&self.path) else { return Ok(()) };
        for path in ["-wal", "-shm"].map(|end| PathBuf::from(format!("{}{end}", store.display()))) {
            if path.exists() {
                std::fs::remove_file(path)?;
            }
        }
        Ok(std::fs::remove_file(store)?)
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

fn check_private(what: &str, path: &Path) -> Result<()> {
    let check = || files::check_private(path, &std::fs::metadata(path)?);
    check().with_context(|| format!("{what} `{}`", path.display()))
}
