//! One connection: its TLS handshake, its requests, its end.

use super::activity::Activity;
use super::limits::{HEADER_BYTES_MAX, HEADERS_MAX};
use super::{Limits, Phase, Server, respond};
use crate::metrics::Metrics;
use axum::Router;
use hyper::Version;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustls::{CipherSuite, ProtocolVersion, ServerConnection};
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::io::InspectReader;
use trent_service::{Origin, Tls};

/// What all connections share.
pub(super) struct Connections {
    pub(super) server: Server,
    /// What is served beside the API.
    pub(super) side: Router,
    /// Whether the API is served.
    pub(super) has_api: bool,
    pub(super) metrics: Arc<Metrics>,
    /// The bytes that bodies may take still.
    pub(super) body_memory: Semaphore,
    builder: Builder<TokioExecutor>,
}

impl Connections {
    /// Serves the API, if `has_api`, and beside it `side`.
    pub(super) fn new(server: Server, side: Router, has_api: bool, metrics: Arc<Metrics>) -> Self {
        let builder = builder(&server.limits);
        let body_memory = Semaphore::new(server.limits.all_requests_bytes_max);
        Self { server, side, has_api, metrics, body_memory, builder }
    }

    /// Serves a connection until it ends, or until it is idle once the server is closing.
    pub(super) async fn serve(
        self: &Arc<Self>,
        stream: TcpStream,
        mut phase: watch::Receiver<Phase>,
    ) {
        // Without this, small answers wait for the client's acknowledgement.
        let _ = stream.set_nodelay(true);
        let source_ip = stream.peer_addr().ok().map(|address| address.ip().to_canonical());
        let origin = Origin { source_ip, is_secure: self.server.tls.is_some(), tls: None };
        let Some(tls) = &self.server.tls else {
            return self.serve_http(stream, origin, phase).await;
        };
        let acceptor = TlsAcceptor::from(Arc::clone(&tls.borrow()));
        let handshake = timeout(self.server.limits.handshake_timeout, acceptor.accept(stream));
        let stream = tokio::select! {
            stream = handshake => stream,
            () = closing(&mut phase) => return,
        };
        match stream {
            Ok(Ok(stream)) => {
                let origin = Origin { tls: agreed(stream.get_ref().1), ..origin };
                self.serve_http(stream, origin, phase).await;
            }
            Ok(Err(error)) => tracing::debug!(%error, "TLS handshake failed"),
            Err(_) => tracing::debug!("TLS handshake took too long"),
        }
    }

    async fn serve_http(
        self: &Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
        origin: Origin,
        mut phase: watch::Receiver<Phase>,
    ) {
        let activity = Arc::new(Activity::new(&self.server.limits));
        let reading = Arc::clone(&activity);
        let stream = InspectReader::new(stream, move |bytes: &[u8]| {
            if !bytes.is_empty() {
                reading.received();
            }
        });
        let (connections, asked) = (Arc::clone(self), Arc::clone(&activity));
        let now = phase.clone();
        let handler = service_fn(move |request| {
            let version = request.version();
            let running = asked.begin(version);
            let (connections, now) = (Arc::clone(&connections), now.clone());
            async move {
                let mut response = respond(&connections, origin, request).await;
                // Whoever asks again does so on another connection, which a load balancer leads to
                // another server. In HTTP/2 the end of a connection loses no request.
                if version != Version::HTTP_2 && *now.borrow() != Phase::Serving {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                drop(running);
                Ok::<_, Infallible>(response)
            }
        });
        let mut connection = pin!(self.builder.serve_connection(TokioIo::new(stream), handler));
        let has_expired = tokio::select! {
            biased;
            ended = connection.as_mut() => return ended_with(ended),
            () = closing(&mut phase) => false,
            () = activity.expired() => true,
        };
        if has_expired && activity.is_reading_headers() {
            return tracing::debug!("a client was too slow with its headers");
        }
        connection.as_mut().graceful_shutdown();
        if has_expired {
            if let Ok(ended) = timeout(CLOSING_TIMEOUT, connection).await {
                ended_with(ended);
            }
        } else {
            // How long is the server's matter.
            ended_with(connection.await);
        }
    }
}

fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // It would count the time between two requests, too: `Activity` sees to it.
        .header_read_timeout(None)
        .max_buf_size(HEADER_BYTES_MAX as usize)
        .max_headers(HEADERS_MAX)
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEADER_BYTES_MAX)
        .max_concurrent_streams(limits.http2_streams_max);
    builder
}

/// What was agreed on in a handshake, in the words of the IANA.
fn agreed(connection: &ServerConnection) -> Option<Tls> {
    let version = match connection.protocol_version()? {
        ProtocolVersion::TLSv1_3 => "TLSv1.3",
        ProtocolVersion::TLSv1_2 => "TLSv1.2",
        _ => return None,
    };
    let exchange = connection.negotiated_key_exchange_group();
    let cipher_suite = match connection.negotiated_cipher_suite()?.suite() {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        other => other.as_str()?,
    };
    let key_exchange = exchange.and_then(|group| group.name().as_str());
    Some(Tls { version, cipher_suite, key_exchange })
}

/// Ends when connections are to be closed.
async fn closing(phase: &mut watch::Receiver<Phase>) {
    // An error would mean that the server is gone altogether.
    let _ = phase.wait_for(|phase| *phase == Phase::Closing).await;
}

fn ended_with(result: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    if let Err(error) = result {
        tracing::debug!(error, "connection failed");
    }
}

/// How long a client that is told to go may take for it.
const CLOSING_TIMEOUT: Duration = Duration::from_secs(5);
