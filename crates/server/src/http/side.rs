//! Beside the API: health, readiness, metrics, and in development mode the clock and the reset.

use super::connection::Connections;
use super::{Control, Phase, api};
use crate::metrics::{MEDIA_TYPE, Metrics};
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use hyper::body::Incoming;
use jiff::{Span, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::watch;
use tower::ServiceExt as _;
use trent_api::ErrorCode;
use trent_service::time_travel::ClockMove;
use trent_service::{Service, ServiceError};

/// The routes beside the API; with `metrics`, those are shown.
pub(super) fn router(
    service: Arc<Service>,
    control: Control,
    phase: watch::Receiver<Phase>,
    metrics: Option<Arc<Metrics>>,
) -> Router {
    let router = Router::new().route("/_trent/health", get(health)).route(
        "/_trent/ready",
        get(async move |State(service): State<Arc<Service>>| {
            let phase = *phase.borrow();
            ready(&service, phase).await
        }),
    );
    let router = match control {
        Control::Development => router
            .route("/_localstack/health", get(localstack_health))
            .route("/_trent/clock", get(clock).post(move_clock))
            .route("/_trent/reset", post(reset)),
        Control::Production => router,
    };
    let router = match metrics {
        Some(metrics) => router.route("/metrics", get(async move || show(&metrics).await)),
        None => router,
    };
    router.fallback(unknown).with_state(service)
}

/// Answers a request beside the API, its body within the limits of size and time.
pub(super) async fn respond(
    connections: &Connections,
    request: hyper::Request<Incoming>,
) -> Response {
    let (parts, body) = request.into_parts();
    match api::read(connections, body, BODY_BYTES_MAX).await {
        Ok((body, _memory)) => {
            let request = Request::from_parts(parts, Body::from(body));
            // The router cannot fail.
            let Ok(response) = connections.side.clone().oneshot(request).await;
            response
        }
        Err(error) => {
            let status =
                StatusCode::from_u16(error.code().status()).unwrap_or(StatusCode::BAD_REQUEST);
            let body = Json(json!({ "__type": error.code().as_str() }));
            (status, body).into_response()
        }
    }
}

async fn health(State(service): State<Arc<Service>>) -> Json<Value> {
    Json(json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "now": service.clock().now(),
        "jobs": service.job_counts(),
    }))
}

async fn ready(service: &Service, phase: Phase) -> Response {
    let message = if phase != Phase::Serving {
        "the server is shutting down"
    } else if !service.is_ready().await {
        "the store does not answer"
    } else {
        return Json(json!({ "ready": true })).into_response();
    };
    let body = Json(json!({ "ready": false, "message": message }));
    (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
}

async fn show(metrics: &Arc<Metrics>) -> Response {
    match metrics.page().await {
        Ok(page) => ([(header::CONTENT_TYPE, MEDIA_TYPE)], page).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn localstack_health() -> Json<Value> {
    Json(json!({ "services": { "kms": "available" } }))
}

async fn clock(State(service): State<Arc<Service>>) -> Json<Value> {
    Json(clock_of(&service))
}

/// Where to move the clock: exactly one of the two.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    /// An ISO 8601 duration, such as `P400D` or `PT90M`.
    advance: Option<Span>,
    /// An RFC 3339 moment, such as `2030-01-01T00:00:00Z`.
    set: Option<Timestamp>,
}

async fn move_clock(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(refusal) = refusal_of_browsers(&headers) {
        return refusal;
    }
    let by = match serde_json::from_slice(&body) {
        Ok(Move { advance: Some(span), set: None }) => ClockMove::Advance(span),
        Ok(Move { advance: None, set: Some(moment) }) => ClockMove::Set(moment),
        Ok(_) => return bad_request(&"give either `advance` or `set`"),
        Err(error) => return bad_request(&error),
    };
    match service.travel(by).await {
        Ok(_) => Json(clock_of(&service)).into_response(),
        Err(error) => failed(&error),
    }
}

async fn reset(State(service): State<Arc<Service>>, headers: HeaderMap) -> Response {
    if let Some(refusal) = refusal_of_browsers(&headers) {
        return refusal;
    }
    match service.reset().await {
        Ok(()) => Json(clock_of(&service)).into_response(),
        Err(error) => failed(&error),
    }
}

async fn unknown() -> Response {
    let body = Json(json!({ "__type": ErrorCode::UnknownOperation.as_str() }));
    (StatusCode::NOT_FOUND, body).into_response()
}

fn clock_of(service: &Service) -> Value {
    json!({ "now": service.clock().now(), "offset": service.clock().offset() })
}

/// A page on some site must not be able to move the clock or empty the server of whoever reads it.
fn refusal_of_browsers(headers: &HeaderMap) -> Option<Response> {
    headers.contains_key(header::ORIGIN).then(|| {
        let body = Json(json!({ "message": "requests from web pages are refused" }));
        (StatusCode::FORBIDDEN, body).into_response()
    })
}

fn failed(error: &ServiceError) -> Response {
    match error {
        ServiceError::Clock(message) => bad_request(&message),
        error => {
            let cause = std::error::Error::source(error).map(ToString::to_string);
            tracing::error!(%error, cause, "control request failed");
            let body = Json(json!({ "message": "failed; the log says why" }));
            (StatusCode::INTERNAL_SERVER_ERROR, body).into_response()
        }
    }
}

fn bad_request(message: &dyn std::fmt::Display) -> Response {
    let body = Json(json!({ "message": message.to_string() }));
    (StatusCode::BAD_REQUEST, body).into_response()
}

/// More than any control request needs.
const BODY_BYTES_MAX: usize = 16 * 1024;
