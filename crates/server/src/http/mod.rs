//! HTTP: the API on `/`, served by hyper directly, and a router for everything beside it.

mod activity;
mod api;
mod connection;
mod limits;
mod side;

pub(crate) use limits::Limits;

use crate::events::Sinks;
use crate::metrics::Metrics;
use anyhow::Result;
use connection::Connections;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, EXPIRES, HeaderName, HeaderValue, PRAGMA};
use hyper::{Request, Response};
use rustls::ServerConfig;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use trent_service::{Origin, Service};

/// What may be done beside the API.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Control {
    /// The clock can be moved and the server emptied.
    Development,
    /// Health and readiness are told, nothing can be changed.
    Production,
}

/// What is served, and how.
pub(crate) struct Server {
    /// Answers the API.
    pub(crate) service: Arc<Service>,
    /// What may be done beside it.
    pub(crate) control: Control,
    /// What a client may take.
    pub(crate) limits: Limits,
    /// HTTPS with what is current; without it, plain HTTP.
    pub(crate) tls: Option<watch::Receiver<Arc<ServerConfig>>>,
}

/// Where a server is in its life.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It takes connections.
    Serving,
    /// It takes connections still, says that it is not ready, and closes each connection with its
    /// next answer.
    Leaving,
    /// It finishes what runs.
    Closing,
}

impl Server {
    /// Serves HTTP/1.1 and HTTP/2 until `stop`; then finishes what runs. On `beside`, if it is
    /// given, there are metrics, health and readiness alone, in plain HTTP. Meanwhile `events` go
    /// where they are to go.
    pub(crate) async fn serve(
        self,
        listener: TcpListener,
        beside: Option<TcpListener>,
        events: Sinks,
        stop: impl Future<Output = ()>,
    ) -> Result<()> {
        let (service, limits) = (Arc::clone(&self.service), self.limits);
        let jobs = tokio::spawn({
            let service = Arc::clone(&service);
            async move { service.run_jobs().await }
        });
        let following = tokio::spawn({
            let service = Arc::clone(&service);
            async move { service.follow().await }
        });
        let deliveries = events.start(&service);
        let phase = Arc::new(watch::Sender::new(Phase::Serving));
        let places = Arc::new(Semaphore::new(limits.connections_max as usize));
        let metrics = Metrics::new(Arc::clone(&service), limits.connections_max);
        let beside =
            beside.map(|listener| self.serve_beside(listener, Arc::clone(&metrics), &phase));
        let shown = (self.control == Control::Development).then(|| Arc::clone(&metrics));
        let side = side::router(Arc::clone(&service), self.control, phase.subscribe(), shown);
        let connections = Arc::new(Connections::new(self, side, true, metrics));
        tokio::select! {
            () = accept(&listener, &connections, &places, &phase) => {}
            () = stop => {}
        }
        phase.send_replace(Phase::Leaving);
        tokio::select! {
            () = accept(&listener, &connections, &places, &phase) => {}
            () = sleep(limits.shutdown_delay) => {}
        }
        drop(listener);
        jobs.abort();
        phase.send_replace(Phase::Closing);
        // All places are free when no connection is left.
        let all_ended = places.acquire_many(limits.connections_max);
        if timeout(limits.shutdown_timeout, all_ended).await.is_err() {
            tracing::warn!("requests were still running after {:?}", limits.shutdown_timeout);
        }
        if let Some(beside) = beside {
            beside.abort();
        }
        // Whoever was stopped in the middle must not find the store closed.
        let _ = jobs.await;
        deliveries.end().await;
        following.abort();
        let _ = following.await;
        service.close().await;
        Ok(())
    }

    /// Serves metrics, health and readiness on a listener of their own until it is aborted.
    fn serve_beside(
        &self,
        listener: TcpListener,
        metrics: Arc<Metrics>,
        phase: &Arc<watch::Sender<Phase>>,
    ) -> JoinHandle<()> {
        let limits = Limits { connections_max: BESIDE_CONNECTIONS_MAX, ..self.limits };
        let (service, control) = (Arc::clone(&self.service), Control::Production);
        let shown = Some(Arc::clone(&metrics));
        let side = side::router(Arc::clone(&service), control, phase.subscribe(), shown);
        let server = Self { service, control, limits, tls: None };
        let connections = Arc::new(Connections::new(server, side, false, metrics));
        let places = Arc::new(Semaphore::new(limits.connections_max as usize));
        let phase = Arc::clone(phase);
        tokio::spawn(async move { accept(&listener, &connections, &places, &phase).await })
    }
}

/// Accepts connections as long as it is polled, each when there is a place for it.
async fn accept(
    listener: &TcpListener,
    connections: &Arc<Connections>,
    places: &Arc<Semaphore>,
    phase: &watch::Sender<Phase>,
) {
    let mut told = None;
    while let Ok(place) = next_place(places, &mut told).await {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (connections, phase) = (Arc::clone(connections), phase.subscribe());
                tokio::spawn(async move {
                    let _open = connections.has_api.then(|| connections.metrics.connection());
                    connections.serve(stream, phase).await;
                    drop(place);
                });
            }
            Err(error) => {
                // Out of file descriptors, most likely: others will be closed soon.
                tracing::warn!(%error, "accepting a connection failed");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Waits for a place for a connection; tells now and then that there is none.
async fn next_place(
    places: &Arc<Semaphore>,
    told: &mut Option<Instant>,
) -> Result<OwnedSemaphorePermit> {
    if let Ok(place) = Arc::clone(places).try_acquire_owned() {
        return Ok(place);
    }
    if told.is_none_or(|told| told.elapsed() >= FULL_NOTICE_INTERVAL) {
        tracing::warn!("there are as many connections as may be; further ones wait");
        *told = Some(Instant::now());
    }
    Ok(Arc::clone(places).acquire_owned().await?)
}

type Body = http_body_util::Either<Full<Bytes>, axum::body::Body>;

async fn respond(
    connections: &Connections,
    origin: Origin,
    request: Request<Incoming>,
) -> Response<Body> {
    let request_id = uuid::Uuid::new_v4().to_string();
    let mut response = if connections.has_api && request.uri().path() == "/" {
        let response = api::respond(connections, &request_id, origin, request).await;
        response.map(http_body_util::Either::Left)
    } else {
        side::respond(connections, request).await.map(http_body_util::Either::Right)
    };
    let headers = response.headers_mut();
    if let Ok(request_id) = HeaderValue::from_str(&request_id) {
        headers.insert(HeaderName::from_static("x-amzn-requestid"), request_id);
    }
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-store, must-revalidate, private"),
    );
    headers.insert(EXPIRES, HeaderValue::from_static("0"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// Connections for metrics, health and readiness, where these have an address of their own.
const BESIDE_CONNECTIONS_MAX: u32 = 64;

/// How long to wait before accepting again after accepting has failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How often it is told that there is no place for another connection.
const FULL_NOTICE_INTERVAL: Duration = Duration::from_mins(1);
