//! The API on `/`: body limit, the neutral form of a request, and the answer as HTTP.

use super::connection::Connections;
use futures_util::FutureExt as _;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HOST, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::task::Poll;
use std::time::Instant;
use tokio::sync::{Semaphore, SemaphorePermit, TryAcquireError};
use trent_api::{ErrorCode, KmsError};
use trent_service::pipeline::failure;
use trent_service::{Answer, Origin, Service, has_action};

/// Answers a request to `/`.
pub(crate) async fn respond(
    connections: &Connections,
    request_id: &str,
    origin: Origin,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    // AWS STS answers what is asked in a query, too: a presigned GetCallerIdentity.
    let is_asked = parts.method == Method::GET && has_action(parts.uri.query().unwrap_or_default());
    if parts.method != Method::POST && !is_asked {
        let error = KmsError::bare(ErrorCode::MissingAuthenticationToken);
        connections.metrics.requests.count(&failure(request_id, None, &error));
        return not_posted(&parts);
    }
    let (server, requests) = (&connections.server, &connections.metrics.requests);
    let answer = match read(connections, body, server.limits.request_bytes_max).await {
        Ok((body, _memory)) => {
            let began = Instant::now();
            let answer = answer(&server.service, request_id, origin, &parts, &body).await;
            requests.took(&answer, began.elapsed());
            answer
        }
        Err(error) => failure(request_id, None, &error),
    };
    requests.count(&answer);
    tracing::debug!(
        request_id,
        operation = answer.operation.map(trent_api::Operation::as_str).or(answer.sts_action),
        status = answer.status,
        error = answer.error.map(ErrorCode::as_str),
        "answered"
    );
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = answer.content_type.map(HeaderValue::from_static);
    let content_type = content_type.unwrap_or_else(|| json_version(&parts));
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// Reads a body, within its limits of size and time. The permit is the memory that it takes.
pub(super) async fn read(
    connections: &Connections,
    body: Incoming,
    bytes_max: usize,
) -> Result<(Bytes, SemaphorePermit<'_>), KmsError> {
    let mut read = pin!(collect(Limited::new(body, bytes_max), &connections.body_memory));
    // Mostly it has come with the headers, and needs no timer.
    let read = match futures_util::poll!(read.as_mut()) {
        Poll::Ready(read) => Ok(read),
        Poll::Pending => tokio::time::timeout(connections.server.limits.body_timeout, read).await,
    };
    match read {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(Unread::Body(error))) if error.is::<LengthLimitError>() => Err(KmsError::new(
            ErrorCode::RequestEntityTooLarge,
            format!("The request body exceeds {bytes_max} bytes."),
        )),
        Ok(Err(Unread::Body(error))) => {
            Err(KmsError::bare(ErrorCode::MalformedHttpRequest).because(error))
        }
        Ok(Err(Unread::NoMemory(error))) => {
            Err(KmsError::bare(ErrorCode::ServiceUnavailable).because(error))
        }
        Err(_) => Err(KmsError::bare(ErrorCode::RequestTimeout)),
    }
}

/// Why there is no body.
enum Unread {
    Body(Box<dyn std::error::Error + Send + Sync>),
    NoMemory(TryAcquireError),
}

/// Takes memory for what has come, not for what is announced: announcing costs nothing.
async fn collect(
    mut body: Limited<Incoming>,
    memory: &Semaphore,
) -> Result<(Bytes, SemaphorePermit<'_>), Unread> {
    let take = |bytes: usize| {
        // A frame is never larger than the buffer it was read into.
        memory.try_acquire_many(u32::try_from(bytes).unwrap_or(u32::MAX)).map_err(Unread::NoMemory)
    };
    let mut taken = take(0)?;
    let (mut first, mut rest) = (Bytes::new(), Vec::new());
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(Unread::Body)?.into_data() else { continue };
        taken.merge(take(data.len())?);
        // Most bodies come in one piece, which needs no copy.
        if first.is_empty() {
            first = data;
        } else {
            rest.extend_from_slice(&data);
        }
    }
    if rest.is_empty() {
        return Ok((first, taken));
    }
    Ok((Bytes::from([&first[..], &rest].concat()), taken))
}

async fn answer(
    service: &Service,
    request_id: &str,
    origin: Origin,
    parts: &Parts,
    body: &[u8],
) -> Answer {
    let mut headers: Vec<(&str, &[u8])> = Vec::with_capacity(parts.headers.len() + 1);
    headers.extend(parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())));
    // HTTP/2 has the authority in the place of the header.
    if let (false, Some(authority)) = (parts.headers.contains_key(HOST), parts.uri.authority()) {
        headers.push(("host", authority.as_str().as_bytes()));
    }
    let request = trent_iam::Request {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        headers: &headers,
        body,
    };
    // A defect of ours must end one request, not a connection with others on it.
    match AssertUnwindSafe(service.answer(&request, origin, request_id)).catch_unwind().await {
        Ok(answer) => answer,
        Err(_) => failure(request_id, None, &KmsError::bare(ErrorCode::InternalFailure)),
    }
}

/// AWS answers what is not posted in XML.
fn not_posted(parts: &Parts) -> Response<Full<Bytes>> {
    let code = ErrorCode::MissingAuthenticationToken.as_str();
    let body = format!("<{code}>\n  <Message>Missing Authentication Token</Message>\n</{code}>\n");
    let mut response = Response::new(Full::new(Bytes::from(body)));
    if parts.method == Method::GET || parts.method == Method::HEAD {
        *response.status_mut() = StatusCode::BAD_REQUEST;
    } else {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    }
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}

/// The version of JSON that was asked in.
fn json_version(parts: &Parts) -> HeaderValue {
    match parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes) {
        Some(b"application/x-amz-json-1.0") => {
            HeaderValue::from_static("application/x-amz-json-1.0")
        }
        _ => HeaderValue::from_static("application/x-amz-json-1.1"),
    }
}
