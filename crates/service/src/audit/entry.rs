//! The entry of one request: opened before anything is done, closed with its outcome.
//!
//! A request whose client goes away is not worked on any more, but may have changed something
//! already: its entry closes itself then, and says so.

use super::collector::{Collected, Resource};
use super::identity::UserIdentity;
use super::parameters::{Members, shown_message};
use super::record::{
    AdditionalEventData, EVENT_VERSION, Elements, Parameters, Record, Source, Text, TlsDetails,
    shortened,
};
use super::{AuditError, AuditSink, Kept};
use crate::authorize::request::RequestFacts;
use crate::pipeline::{Origin, header};
use crate::service::Service;
use jiff::Timestamp;
use serde_json::json;
use trent_api::{ErrorCode, KmsError, Operation};
use trent_iam::Request;
use trent_iam::sigv4::Authorization;

/// Which API is called.
#[derive(Clone, Copy)]
pub(crate) enum Api {
    Kms(Operation),
    /// AWS STS; its action is collected.
    Sts,
}

/// The entry of a request that is being worked on.
pub(crate) struct Entry<'a> {
    sink: Option<&'a dyn AuditSink>,
    api: Api,
    request: &'a Request<'a>,
    facts: &'a RequestFacts<'a>,
    origin: Origin,
    request_id: &'a str,
    began: Timestamp,
}

/// How a request ended.
pub(crate) enum Outcome<'a> {
    /// With a reply.
    Replied(&'a [u8]),
    /// With an error: its code as CloudTrail writes it, and its text.
    Failed(&'a str, Option<&'a str>),
}

impl Service {
    /// Opens the entry of a request. Fails if it could not be closed.
    pub(crate) fn audit<'a>(
        &'a self,
        api: Api,
        request: &'a Request<'a>,
        facts: &'a RequestFacts<'a>,
        origin: Origin,
        request_id: &'a str,
    ) -> Result<Entry<'a>, AuditError> {
        let sink = self.settings.audit.as_deref();
        if let Some(failure) = sink.and_then(AuditSink::failure) {
            return Err(failure);
        }
        Ok(Entry { sink, api, request, facts, origin, request_id, began: self.clock.now() })
    }
}

impl<'a> Entry<'a> {
    /// Closes the entry of a request of AWS KMS, and gives its result back once that is kept.
    pub(crate) async fn closed(
        self,
        result: Result<Vec<u8>, KmsError>,
    ) -> Result<Vec<u8>, KmsError> {
        let request_id = self.request_id;
        let kept = match &result {
            Ok(reply) => self.close(&Outcome::Replied(reply)),
            Err(error) => self.close(&Outcome::Failed(error_code(error.code()), error.message())),
        };
        match kept_or_failed(kept).await {
            Ok(()) => result,
            Err(failure) => {
                if let Err(error) = &result {
                    let cause = std::error::Error::source(error).map(ToString::to_string);
                    tracing::debug!(request_id, %error, cause, "this was not answered");
                }
                Err(KmsError::internal(failure))
            }
        }
    }

    /// Closes the entry. What is returned is to be waited for; none without an audit log.
    pub(crate) fn close(mut self, outcome: &Outcome<'_>) -> Option<Keeping<'a>> {
        let sink = self.sink.take()?;
        Some(Keeping { kept: sink.record(self.record(outcome)), flush: Flush(sink) })
    }

    fn record(&self, outcome: &Outcome<'_>) -> Vec<u8> {
        let serialized = self.facts.audit.with(|collected| self.serialized(collected, outcome));
        serialized.unwrap_or_default()
    }

    fn serialized(&self, collected: &Collected, outcome: &Outcome<'_>) -> Vec<u8> {
        // An unknown caller's parameters are not shown: nobody has a right to fill the log.
        let is_known = collected.caller.is_some();
        let claimed = if is_known { None } else { Authorization::parse(self.request).ok() };
        let (error_code, error_message, reply) = match *outcome {
            Outcome::Replied(reply) => (None, None, Some(reply)),
            Outcome::Failed(code, message) => (Some(code), message, None),
        };
        let caller = collected.caller.as_ref();
        let region = caller.map(|caller| caller.region.as_str());
        let claimed_region = claimed.as_ref().map(Authorization::region);
        let operation = self.operation();
        let additional =
            AdditionalEventData::of(collected, operation == Some(Operation::ReEncrypt));
        let record = Record {
            event_version: EVENT_VERSION,
            user_identity: UserIdentity::of(
                collected,
                claimed.as_ref().map(|one| shortened(one.access_key_id(), NAME_BYTES_MAX)),
            ),
            event_time: super::record::Seconds(self.began),
            event_source: match self.api {
                Api::Kms(_) => "kms.amazonaws.com",
                Api::Sts => "sts.amazonaws.com",
            },
            event_name: match self.api {
                Api::Kms(operation) => operation.as_str(),
                Api::Sts => collected.action.as_deref().unwrap_or("Unknown"),
            },
            aws_region: region.or(claimed_region).map(|name| shortened(name, NAME_BYTES_MAX)),
            source_ip_address: self.origin.source_ip.map(Source::Address),
            user_agent: self.facts.user_agent.map(|text| shortened(text, TEXT_BYTES_MAX)),
            error_code,
            error_message: error_message.map(|text| shortened(shown_message(text), TEXT_BYTES_MAX)),
            request_parameters: match operation {
                Some(operation) if is_known => parameters(operation, self.facts.body),
                Some(_) => None,
                None if collected.parameters.is_empty() => None,
                None => Some(Elements::Parameters(Parameters(&collected.parameters))),
            },
            response_elements: reply.and_then(|reply| response(operation, collected, reply)),
            additional_event_data: additional,
            request_id: Some(self.request_id),
            event_id: Text(uuid::Uuid::new_v4().hyphenated()),
            read_only: operation.is_none_or(is_read_only),
            resources: &collected.resources,
            event_type: "AwsApiCall",
            service_event_details: None,
            management_event: true,
            // DEVIATION: a call on a key of another account has one record, that of the caller's
            // account; CloudTrail has one for each of the two.
            recipient_account_id: caller.map(|caller| caller.account.as_str()),
            event_category: "Management",
            tls_details: self.origin.tls.map(|tls| TlsDetails::of(tls, self.host())),
        };
        let mut line = Vec::with_capacity(RECORD_BYTES);
        // Strings and numbers always serialize, and a vector takes what is written.
        if serde_json::to_writer(&mut line, &record).is_err() {
            line.clear();
        }
        line
    }

    fn host(&self) -> Option<&str> {
        header(self.request, "host").map(|host| shortened(host, TEXT_BYTES_MAX))
    }

    fn operation(&self) -> Option<Operation> {
        match self.api {
            Api::Kms(operation) => Some(operation),
            Api::Sts => None,
        }
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        if let Some(sink) = self.sink.take() {
            // Nobody waits for it.
            let _flush = Flush(sink);
            drop(sink.record(self.record(&Outcome::Failed(ABORTED, Some(ABORTED_MESSAGE)))));
        }
    }
}

/// A record that the sink has taken over.
pub(crate) struct Keeping<'a> {
    flush: Flush<'a>,
    kept: Kept,
}

/// Flushes the sink when it is dropped, and so also for a request whose client has gone away.
struct Flush<'a>(&'a dyn AuditSink);

impl Drop for Flush<'_> {
    fn drop(&mut self) {
        self.0.flush();
    }
}

/// Waits until a record is kept, if there is one.
pub(crate) async fn kept_or_failed(keeping: Option<Keeping<'_>>) -> Result<(), AuditError> {
    let Some(Keeping { flush, kept }) = keeping else { return Ok(()) };
    // Requests that are ready as well come first: what they record is written with this.
    tokio::task::yield_now().await;
    drop(flush);
    kept.await.unwrap_or_else(|_| Err(AuditError::ended()))
}

fn parameters(operation: Operation, body: &[u8]) -> Option<Elements<'static>> {
    let members = Members::of_request(operation, body).or_null()?;
    if body.len() > PARAMETERS_BYTES_MAX {
        let bytes = serde_json::to_vec(&members).map_or(usize::MAX, |text| text.len());
        if bytes > PARAMETERS_BYTES_MAX {
            let omitted = json!({
                "omitted": true,
                "originalSize": bytes,
                "reason": format!("larger than {PARAMETERS_BYTES_MAX} bytes"),
            });
            return Some(Elements::Value(omitted));
        }
    }
    Some(Elements::Members(members))
}

fn response<'a>(
    operation: Option<Operation>,
    collected: &Collected,
    reply: &[u8],
) -> Option<Elements<'a>> {
    let Some(operation) = operation else {
        let session = collected.session.as_ref()?;
        return Some(Elements::Value(json!({
            "credentials": {
                "accessKeyId": session.access_key_id,
                "expiration": session.expiration,
            },
            "assumedRoleUser": {
                "assumedRoleId": session.assumed_role_id,
                "arn": session.arn,
            },
        })));
    };
    let key = collected.resources.iter().find_map(|resource| match resource {
        Resource::Key(arn) => Some(arn),
        Resource::Other(..) => None,
    });
    Members::of_reply(operation, reply, key).or_null().map(Elements::Members)
}

/// CloudTrail names the one exception like other services do.
fn error_code(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::AccessDenied => "AccessDenied",
        other => other.as_str(),
    }
}

/// Operations that change nothing, cryptographic ones among them.
pub(crate) fn is_read_only(operation: Operation) -> bool {
    use Operation as O;
    match operation {
        O::Decapsulate
        | O::Decrypt
        | O::DeriveSharedSecret
        | O::DescribeCustomKeyStores
        | O::DescribeKey
        | O::Encapsulate
        | O::Encrypt
        | O::GenerateDataKey
        | O::GenerateDataKeyPair
        | O::GenerateDataKeyPairWithoutPlaintext
        | O::GenerateDataKeyWithoutPlaintext
        | O::GenerateMac
        | O::GenerateRandom
        | O::GetKeyLastUsage
        | O::GetKeyPolicy
        | O::GetKeyRotationStatus
        | O::GetParametersForImport
        | O::GetPublicKey
        | O::ListAliases
        | O::ListGrants
        | O::ListKeyPolicies
        | O::ListKeyRotations
        | O::ListKeys
        | O::ListResourceTags
        | O::ListRetirableGrants
        | O::ReEncrypt
        | O::Sign
        | O::Verify
        | O::VerifyMac => true,
        O::CancelKeyDeletion
        | O::ConnectCustomKeyStore
        | O::CreateAlias
        | O::CreateCustomKeyStore
        | O::CreateGrant
        | O::CreateKey
        | O::DeleteAlias
        | O::DeleteCustomKeyStore
        | O::DeleteImportedKeyMaterial
        | O::DisableKey
        | O::DisableKeyRotation
        | O::DisconnectCustomKeyStore
        | O::EnableKey
        | O::EnableKeyRotation
        | O::ImportKeyMaterial
        | O::PutKeyPolicy
        | O::ReplicateKey
        | O::RetireGrant
        | O::RevokeGrant
        | O::RotateKeyOnDemand
        | O::ScheduleKeyDeletion
        | O::TagResource
        | O::UntagResource
        | O::UpdateAlias
        | O::UpdateCustomKeyStore
        | O::UpdateKeyDescription
        | O::UpdatePrimaryRegion => false,
    }
}

/// The code of a request that was not worked on to its end.
const ABORTED: &str = "RequestAborted";

const ABORTED_MESSAGE: &str = "The request was not answered, because its client went away or the server failed. What it asks \
     for may have been done.";

/// AWS: the user agent and the text of an error have at most 1 KB.
const TEXT_BYTES_MAX: usize = 1024;

/// AWS: request parameters have at most 100 KB.
const PARAMETERS_BYTES_MAX: usize = 100 * 1024;

/// What somebody unknown claims to be called.
const NAME_BYTES_MAX: usize = 128;

/// Most records fit.
const RECORD_BYTES: usize = 2048;
