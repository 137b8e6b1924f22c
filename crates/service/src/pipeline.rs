//! The way of a request, written once:
//!
//! 1. the operation that `X-Amz-Target` names;
//! 2. the signature: who calls, in which Region;
//! 3. the typed request, all violated constraints collected;
//! 4. the request quotas, if they are on;
//! 5. the operation, which resolves, authorizes and checks its keys, works and commits;
//! 6. the answer: a reply, or an exception that the operation may raise;
//! 7. the audit log: the answer leaves when the record of the request is kept.
//!
//! Requests in the query protocol are for AWS STS, which answers on the same path.

use crate::audit::collector::Collector;
use crate::audit::entry::{Api, is_read_only};
use crate::authorize::request::RequestFacts;
use crate::context::Context;
use crate::dispatch::dispatch;
use crate::error::tried_elsewhere;
use crate::service::Service;
use crate::sts::is_query_protocol;
use serde_json::json;
use std::net::IpAddr;
use trent_api::{ErrorCode, KmsError, Operation};
use trent_iam::Request;

/// What goes back to the client.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// JSON, or XML of AWS STS; empty for operations without a reply.
    pub body: Vec<u8>,
    /// What the body is; `None` for JSON, which is in the version of the request.
    pub content_type: Option<&'static str>,
    /// The operation, if the request named one of AWS KMS.
    pub operation: Option<Operation>,
    /// The action, if the request named one of AWS STS that is there.
    pub sts_action: Option<&'static str>,
    /// The exception, if it is one of AWS KMS.
    pub error: Option<ErrorCode>,
}

/// Where a request came from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin {
    /// The address of the client.
    pub source_ip: Option<IpAddr>,
    /// Whether it came over TLS.
    pub is_secure: bool,
    /// What was agreed on, if it came over TLS.
    pub tls: Option<Tls>,
}

/// What client and server agreed on, for the audit log.
#[derive(Clone, Copy, Debug)]
pub struct Tls {
    /// Such as `TLSv1.3`.
    pub version: &'static str,
    /// Such as `TLS_AES_128_GCM_SHA256`.
    pub cipher_suite: &'static str,
    /// Such as `X25519MLKEM768`.
    pub key_exchange: Option<&'static str>,
}

impl Service {
    /// Answers one request. Never fails: whatever goes wrong is an exception in the answer.
    pub async fn answer(&self, request: &Request<'_>, origin: Origin, request_id: &str) -> Answer {
        let facts = RequestFacts {
            body: request.body,
            source_ip: origin.source_ip,
            is_secure: origin.is_secure,
            user_agent: header(request, "user-agent"),
            referer: header(request, "referer"),
            audit: self
                .settings
                .audit
                .as_ref()
                .map_or_else(Collector::default, |_| Collector::on()),
            ..RequestFacts::default()
        };
        if is_query_protocol(request) {
            return self.answer_sts(request, &facts, origin, request_id).await;
        }
        let operation = match operation_of(request) {
            Ok(operation) => operation,
            Err(error) => return failure(request_id, None, &error),
        };
        let entry = match self.audit(Api::Kms(operation), request, &facts, origin, request_id) {
            Ok(entry) => entry,
            Err(error) => return failure(request_id, Some(operation), &KmsError::internal(error)),
        };
        let reply = self.reply(operation, request, &facts, request_id);
        let reply = self.unless_silent(&facts, reply).await;
        let has_others = self.freshness.is_some() && !facts.may_have_written();
        let reply = reply
            .map_err(|error| if has_others { tried_elsewhere(error) } else { error })
            .map_err(|error| may_be_raised(operation, error));
        match entry.closed(reply).await {
            Ok(body) => Answer {
                status: 200,
                body,
                content_type: None,
                operation: Some(operation),
                sts_action: None,
                error: None,
            },
            Err(error) => failure(request_id, Some(operation), &error),
        }
    }

    async fn reply(
        &self,
        operation: Operation,
        request: &Request<'_>,
        facts: &RequestFacts<'_>,
        request_id: &str,
    ) -> Result<Vec<u8>, KmsError> {
        self.begin(facts)?;
        let caller = self.authenticate(request, SERVICE).await?;
        facts.audit.caller(&caller);
        if !self.has_region(&caller.region) {
            let region = &caller.region;
            let message = format!("Credential should be scoped to a valid Region, not '{region}'.");
            return Err(KmsError::new(ErrorCode::InvalidSignature, message));
        }
        let context = Context {
            service: self,
            caller,
            operation,
            action: operation.as_str(),
            now: self.clock.now(),
            request_id,
            facts,
            attestation: None,
            re_encrypts_on_same_key: None,
        };
        let reply = dispatch(&context, request.body).await?;
        // What changes something was measured when it was written.
        if is_read_only(operation) {
            self.check_age(facts)?;
        }
        Ok(reply)
    }
}

/// The answer that an exception is, for failures before there is a request to speak of, too. What is no
/// fault of the caller is logged.
pub fn failure(request_id: &str, operation: Option<Operation>, error: &KmsError) -> Answer {
    let code = error.code();
    if code.status() >= 500 {
        let cause = std::error::Error::source(error).map(ToString::to_string);
        tracing::error!(
            request_id,
            operation = operation.map(Operation::as_str),
            code = code.as_str(),
            text = error.message(),
            cause,
            "request failed"
        );
    }
    let mut body = json!({ "__type": code.as_str() });
    if let Some(message) = error.message() {
        // AWS writes this one member with a capital letter.
        let member = if code == ErrorCode::AccessDenied { "Message" } else { "message" };
        body[member] = message.into();
    }
    Answer {
        status: code.status(),
        body: body.to_string().into_bytes(),
        content_type: None,
        operation,
        sts_action: None,
        error: Some(code),
    }
}

fn operation_of(request: &Request<'_>) -> Result<Operation, KmsError> {
    header(request, "x-amz-target")
        .and_then(|target| target.strip_prefix("TrentService."))
        .and_then(Operation::from_name)
        .filter(|_| {
            let media_type = media_type(request);
            ["application/x-amz-json-1.1", "application/x-amz-json-1.0"]
                .iter()
                .any(|known| media_type.eq_ignore_ascii_case(known))
        })
        .ok_or_else(|| KmsError::bare(ErrorCode::UnknownOperation))
}

/// The media type of the body, without its parameters.
pub(crate) fn media_type<'a>(request: &Request<'a>) -> &'a str {
    let content_type = header(request, "content-type").unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim()
}

pub(crate) fn header<'a>(request: &Request<'a>, name: &str) -> Option<&'a str> {
    let (_, value) = request.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    std::str::from_utf8(value).ok().map(str::trim)
}

/// An operation raises only what the model declares for it, or a common exception. Parts of the
/// API that are not built yet are the one exception to that.
fn may_be_raised(operation: Operation, error: KmsError) -> KmsError {
    let code = error.code();
    let is_declared = code.is_common()
        || code == ErrorCode::UnsupportedOperation
        || operation.errors().contains(&code);
    if is_declared {
        return error;
    }
    KmsError::internal(format!("{operation:?} raised {}", code.as_str())).because(error)
}

/// The name of the service in credential scopes.
const SERVICE: &str = "kms";
