//! What the process does to itself so that its secrets stay in it: no dumps of its memory, no files
//! that others can open, and for servers no memory on swap space; and what keeps it from stopping
//! now and then.
//!
//! It does not protect from root on the same machine.

use anyhow::{Context as _, Result, bail};
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, setrlimit, umask};
use serde::Deserialize;

/// Whether the memory of a server is kept from being swapped out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MemoryLock {
    /// It is where the process may lock memory without a limit; else there is a warning.
    #[default]
    Try,
    /// It is, or the server does not start.
    Required,
    /// It is not.
    Off,
}

/// Before anything else: new files are for their owner alone, and the memory of the process goes
/// neither into a core dump nor to a debugger of the same user (Linux: prctl(2),
/// PR_SET_DUMPABLE).
pub(crate) fn harden() -> Result<()> {
    umask(Mode::RWXG | Mode::RWXO);
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none).context("turning core dumps off (RLIMIT_CORE)")?;
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable)
            .context("closing the memory of the process to others (PR_SET_DUMPABLE)")?;
        // Clearing a huge page stops all requests for up to milliseconds. Without them it only costs
        // some speed.
        let _ = rustix::thread::disable_transparent_huge_pages(true);
    }
    Ok(())
}

/// Locks all memory, that of now and of later. To be called before the first secret is read, and
/// after the log has started, because it may warn.
pub(crate) fn lock_memory(lock: MemoryLock) -> Result<()> {
    if lock == MemoryLock::Off {
        return Ok(());
    }
    match (lock_all(), lock) {
        (Ok(()), _) => Ok(()),
        (Err(error), MemoryLock::Required) => Err(error.context("locking the memory")),
        (Err(error), _) => {
            tracing::warn!("the memory is not locked and may be written to swap space: {error:#}");
            Ok(())
        }
    }
}

/// mlockall(2). A limit that is not reached now would be later: then allocations fail and the
/// process ends. So it is all or nothing.
#[cfg(target_os = "linux")]
fn lock_all() -> Result<()> {
    use rustix::mm::{MlockAllFlags, mlockall};
    use rustix::process::getrlimit;
    use rustix::thread::{CapabilitySet, capabilities};

    let maximum = getrlimit(Resource::Memlock).maximum;
    if let Some(bytes) = maximum {
        let may_all = capabilities(None)?.effective.contains(CapabilitySet::IPC_LOCK);
        if !may_all {
            bail!(
                "the process may lock {bytes} bytes only; allow it all of them (LimitMEMLOCK=infinity \
                 of systemd, `ulimit -l unlimited`) or give it the capability CAP_IPC_LOCK"
            );
        }
    } else {
        setrlimit(Resource::Memlock, Rlimit { current: None, maximum: None })?;
    }
    // Pages are locked as they come into use: stacks of threads are reserved far beyond their use.
    mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT)
        .context("mlockall")
}

#[cfg(not(target_os = "linux"))]
fn lock_all() -> Result<()> {
    bail!("it is built for Linux alone")
}
