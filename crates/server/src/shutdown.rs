//! When to stop: SIGTERM or SIGINT.

use std::future::Future;
use tokio::signal::unix::{SignalKind, signal as on};

/// A future that ends when the process is asked to stop.
pub(crate) fn signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = on(SignalKind::terminate())?;
    let mut interrupt = on(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
