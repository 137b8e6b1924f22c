//! Load on a server: clients that send one request after the other, as fast as they are answered
//! or at a steady pace.

use crate::http::Connection;
use anyhow::{Context as _, Result};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Requests ready to be sent, one after the other and again from the beginning.
pub(crate) type Requests = Arc<[Vec<u8>]>;

/// When a load ends.
#[derive(Clone, Copy)]
pub(crate) enum End {
    After(Duration),
    Requests(usize),
}

/// What a load showed.
pub(crate) struct Outcome {
    pub(crate) elapsed: Duration,
    /// In no particular order.
    pub(crate) latencies: Vec<Duration>,
}

/// Clients with a connection each.
pub(crate) struct Clients {
    connections: Vec<Connection>,
    never_sleep: bool,
}

impl Clients {
    pub(crate) async fn connect(address: SocketAddr, count: usize) -> Result<Self> {
        let mut connections = Vec::with_capacity(count);
        for _ in 0..count {
            connections.push(Connection::open(address).await?);
        }
        Ok(Self { connections, never_sleep: false })
    }

    /// Lets these clients look for answers all the time instead of sleeping until there are some.
    ///
    /// To wake a client that sleeps on another core costs a server more than anything else does in
    /// a virtual machine. A slow server has to do it for every answer and a fast one hardly ever,
    /// as its clients are busy; a comparison of the two must be without it. Only for clients with a
    /// core of their own.
    pub(crate) fn never_sleep(self, never_sleep: bool) -> Self {
        Self { never_sleep, ..self }
    }

    /// All clients send as fast as they are answered.
    pub(crate) async fn run(&mut self, requests: &Requests, end: End) -> Result<Outcome> {
        let sent = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        let start = Instant::now();
        for connection in self.connections.drain(..) {
            let (requests, sent) = (Arc::clone(requests), Arc::clone(&sent));
            tasks.spawn(send(connection, requests, sent, start, end));
        }
        let _awake = self.never_sleep.then(|| {
            let mut awake = JoinSet::new();
            awake.spawn(async {
                loop {
                    tokio::task::yield_now().await;
                }
            });
            awake
        });
        let mut latencies = Vec::new();
        while let Some(done) =
            tokio::time::timeout(TIMEOUT, tasks.join_next()).await.context("no answer")?
        {
            let (connection, mut more) = done??;
            self.connections.push(connection);
            latencies.append(&mut more);
        }
        Ok(Outcome { elapsed: start.elapsed(), latencies })
    }
}

async fn send(
    mut connection: Connection,
    requests: Requests,
    sent: Arc<AtomicUsize>,
    start: Instant,
    end: End,
) -> Result<(Connection, Vec<Duration>)> {
    let mut latencies = Vec::with_capacity(8 * 1024);
    let mut before = Instant::now();
    loop {
        let index = sent.fetch_add(1, Ordering::Relaxed);
        let is_over = match end {
            End::After(duration) => before - start >= duration,
            End::Requests(count) => index >= count,
        };
        if is_over {
            return Ok((connection, latencies));
        }
        connection.send(&requests[index % requests.len()]).await?;
        let after = Instant::now();
        latencies.push(after - before);
        before = after;
    }
}

/// One client that sends at a steady pace until `stop`. A request that has to wait for the one
/// before it counts from when it should have been sent.
pub(crate) async fn pace(
    address: SocketAddr,
    requests: Requests,
    interval: Duration,
    stop: Arc<AtomicBool>,
) -> Result<Vec<Duration>> {
    let mut connection = Connection::open(address).await?;
    let mut latencies = Vec::new();
    let mut scheduled = Instant::now();
    for request in requests.iter().cycle() {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let is_late = Instant::now() > scheduled;
        let start = if is_late {
            scheduled
        } else {
            // The timer is coarse; being woken late is not the server's fault.
            tokio::time::sleep_until(scheduled.into()).await;
            Instant::now()
        };
        connection.send(request).await?;
        latencies.push(start.elapsed());
        scheduled += interval;
    }
    Ok(latencies)
}

/// No load lasts so long between the ends of two of its clients.
const TIMEOUT: Duration = Duration::from_mins(5);
