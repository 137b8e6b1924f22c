//! Hears from the database when any node has committed. What is missed is only late: whoever has to
//! be sure asks the database.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::connections::{CONNECT_TIMEOUT, within};

/// A connection that listens, replaced when it breaks, until this is dropped.
#[derive(Debug)]
pub(super) struct Listener {
    heard: watch::Receiver<Heard>,
    task: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    /// The highest sequence that was told.
    sequence: u64,
    /// How often a connection was made: what was told before may have been missed.
    connections: u64,
    is_connected: bool,
}

impl Listener {
    pub(super) fn start(options: PgConnectOptions, channel: String) -> Self {
        let (telling, heard) = watch::channel(Heard::default());
        Self { heard, task: tokio::spawn(run(options, channel, telling)) }
    }

    /// Returns when a sequence above `after` was told, or may have been missed; without a
    /// connection, after [`POLL`]; and at the latest after `at_most`.
    pub(super) async fn await_sequence(&self, after: u64, at_most: Duration) {
        let mut heard = self.heard.clone();
        let begun = heard.borrow().connections;
        let told = async {
            loop {
                let now = *heard.borrow_and_update();
                if now.sequence > after || now.connections > begun {
                    // Others may follow at once.
                    return sleep(COALESCE).await;
                }
                if !now.is_connected {
                    return sleep(POLL).await;
                }
                if heard.changed().await.is_err() {
                    return sleep(POLL).await;
                }
            }
        };
        // Either is a reason to ask.
        let _ = timeout(at_most, told).await;
    }

    pub(super) fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn run(options: PgConnectOptions, channel: String, telling: watch::Sender<Heard>) {
    let mut is_known = false;
    loop {
        let Err(error) = Box::pin(listen(&options, &channel, &telling)).await;
        let was_connected = telling.borrow().is_connected;
        if was_connected || !is_known {
            is_known = true;
            tracing::warn!(%error, "changes of other nodes are asked for, not heard: no connection");
        }
        telling.send_modify(|heard| heard.is_connected = false);
        sleep(RETRY).await;
    }
}

async fn listen(
    options: &PgConnectOptions,
    channel: &str,
    telling: &watch::Sender<Heard>,
) -> Result<std::convert::Infallible, sqlx::Error> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .acquire_timeout(CONNECT_TIMEOUT)
        .connect_lazy_with(options.clone());
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    within(CONNECT_TIMEOUT, Box::pin(listener.listen(channel))).await?;
    telling.send_modify(|heard| {
        heard.is_connected = true;
        heard.connections += 1;
    });
    loop {
        match timeout(QUIET_MAX, listener.try_recv()).await {
            Ok(Ok(Some(told))) => {
                let sequence = told.payload().parse().unwrap_or(0);
                telling.send_if_modified(|heard| {
                    let is_new = sequence > heard.sequence;
                    heard.sequence = heard.sequence.max(sequence);
                    is_new
                });
            }
            Ok(Ok(None)) => return Err(std::io::Error::from(std::io::ErrorKind::BrokenPipe).into()),
            Ok(Err(error)) => return Err(error),
            // A connection that nothing comes from may be dead.
            Err(_) => {
                let ping = sqlx::query("SELECT 1").execute(&mut listener);
                within(CONNECT_TIMEOUT, ping).await?;
            }
        }
    }
}

/// How long after a change is asked for what was changed.
const COALESCE: Duration = Duration::from_millis(5);

/// How often is asked without a connection that listens.
const POLL: Duration = Duration::from_millis(250);

/// How long after a failure another connection is tried.
const RETRY: Duration = Duration::from_secs(1);

const QUIET_MAX: Duration = Duration::from_secs(30);
