//! HTTP: the API on `/`, served by hyper directly, and a router for everything beside it.

mod api;
mod side;

use anyhow::Result;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, EXPIRES, HeaderName, HeaderValue, PRAGMA};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tower::ServiceExt as _;
use trent_service::{Origin, Service};

/// What may be done beside the API.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Control {
    /// The clock can be moved and the server emptied.
    Development,
}

/// Serves HTTP/1.1 and HTTP/2 (cleartext) until `stop`; then finishes what runs.
pub(crate) async fn serve(
    listener: TcpListener,
    service: Arc<Service>,
    control: Control,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let jobs = tokio::spawn({
        let service = Arc::clone(&service);
        async move { service.run_jobs().await }
    });
    let side = side::router(Arc::clone(&service), control);
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(HTTP2_STREAMS_MAX);
    let graceful = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let (stream, address) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: others will be closed soon.
                    tracing::warn!(%error, "accepting a connection failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        // Without this, small answers wait for the client's acknowledgement.
        let _ = stream.set_nodelay(true);
        let service = Arc::clone(&service);
        let side = side.clone();
        let origin = Origin { source_ip: Some(address.ip()), is_secure: false };
        let handler = service_fn(move |request| {
            let service = Arc::clone(&service);
            let side = side.clone();
            async move { Ok::<_, Infallible>(respond(&service, side, origin, request).await) }
        });
        let connection = builder.serve_connection(TokioIo::new(stream), handler).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error, "connection failed");
            }
        });
    }
    drop(listener);
    jobs.abort();
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were still running after {SHUTDOWN_TIMEOUT:?}");
    }
    service.close().await;
    Ok(())
}

type Body = http_body_util::Either<Full<Bytes>, axum::body::Body>;

async fn respond(
    service: &Arc<Service>,
    side: axum::Router,
    origin: Origin,
    request: Request<Incoming>,
) -> Response<Body> {
    let request_id = uuid::Uuid::new_v4().to_string();
    let mut response = if request.uri().path() == "/" {
        api::respond(service, &request_id, origin, request).await.map(http_body_util::Either::Left)
    } else {
        // The router cannot fail.
        let Ok(response) = side.oneshot(request.map(axum::body::Body::new)).await;
        response.map(http_body_util::Either::Right)
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

/// A client must have sent its headers after this time.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// Requests of one HTTP/2 connection that run at the same time.
const HTTP2_STREAMS_MAX: u32 = 256;

/// How long to wait before accepting again after accepting has failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long running requests may take after the signal to stop.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(30);
