//! An issuer on this machine whose answers can be changed.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header::LOCATION};
use axum::response::{IntoResponse as _, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub(super) struct TestIssuer {
    pub(super) url: String,
    answers: Arc<Mutex<Answers>>,
}

pub(super) struct Answers {
    url: String,
    pub(super) status: u16,
    pub(super) keys: String,
    /// In place of the right one; `URL` stands for the issuer.
    pub(super) discovery: Option<String>,
    pub(super) hangs: bool,
    pub(super) delay: Duration,
    requests: Vec<String>,
}

impl TestIssuer {
    pub(super) async fn start(keys: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = Self::answering(keys, format!("http://{}", listener.local_addr().unwrap()));
        let router = issuer.router();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = TowerToHyperService::new(router.clone());
                tokio::spawn(async move {
                    let builder = Builder::new(TokioExecutor::new());
                    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        issuer
    }

    /// The issuer, and the certificate of its private authority (PEM).
    pub(super) async fn start_tls(keys: &str) -> (Self, String) {
        let (authority, pem) = authority();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["localhost".to_owned()])
            .unwrap()
            .signed_by(&key, &authority)
            .unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let tls = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let issuer = Self::answering(keys, format!("https://localhost:{port}"));
        let router = issuer.router();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = TowerToHyperService::new(router.clone());
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let builder = Builder::new(TokioExecutor::new());
                        let _ = builder.serve_connection(TokioIo::new(stream), service).await;
                    }
                });
            }
        });
        (issuer, pem)
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Answers)) {
        change(&mut self.answers.lock().unwrap());
    }

    /// The paths that were asked for, in order.
    pub(super) fn requests(&self) -> Vec<String> {
        self.answers.lock().unwrap().requests.clone()
    }

    fn answering(keys: &str, url: String) -> Self {
        let answers = Answers {
            url: url.clone(),
            status: 200,
            keys: keys.to_owned(),
            discovery: None,
            hangs: false,
            delay: Duration::ZERO,
            requests: Vec::new(),
        };
        Self { url, answers: Arc::new(Mutex::new(answers)) }
    }

    fn router(&self) -> Router {
        Router::new().fallback(answer).with_state(Arc::clone(&self.answers))
    }
}

/// A private authority and its certificate (PEM).
pub(super) fn authority() -> (Issuer<'static, KeyPair>, String) {
    let mut parameters = CertificateParams::new([]).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = parameters.self_signed(&key).unwrap().pem();
    (Issuer::new(parameters, key), pem)
}

async fn answer(State(answers): State<Arc<Mutex<Answers>>>, request: Request) -> Response {
    let (response, hangs, delay) = {
        let mut answers = answers.lock().unwrap();
        let path = request.uri().path().to_owned();
        answers.requests.push(path.clone());
        let response = match path.as_str() {
            "/.well-known/openid-configuration" => {
                let right = json!({ "issuer": "URL", "jwks_uri": "URL/jwks" }).to_string();
                let text = answers.discovery.clone().unwrap_or(right).replace("URL", &answers.url);
                text.into_response()
            }
            "/jwks" => {
                let status = StatusCode::from_u16(answers.status).unwrap();
                let location = [(LOCATION, format!("{}/elsewhere", answers.url))];
                (status, location, answers.keys.clone()).into_response()
            }
            _ => answers.keys.clone().into_response(),
        };
        (response, answers.hangs, answers.delay)
    };
    if hangs {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(delay).await;
    response
}
