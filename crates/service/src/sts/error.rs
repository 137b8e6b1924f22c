//! The errors of AWS STS: the codes have no `Exception` at their end, but for one.
//!
//! AWS: AWS STS API Reference, "Common Errors" and the Errors of each action.

use super::xml::Xml;
use crate::audit::entry::Outcome;
use std::error::Error;
use trent_api::{ErrorCode, KmsError};

/// An error as a client gets it, and its cause for the log.
#[derive(Debug)]
pub(super) struct StsError {
    code: &'static str,
    status: u16,
    message: String,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl StsError {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        let status = match code {
            ACCESS_DENIED
            | "ExpiredToken"
            | "InvalidClientTokenId"
            | "MissingAuthenticationToken"
            | "SignatureDoesNotMatch" => 403,
            INTERNAL_FAILURE => 500,
            SERVICE_UNAVAILABLE => 503,
            _ => 400,
        };
        Self { code, status, message: message.into(), cause: None }
    }

    /// Some parameter cannot be.
    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new("ValidationError", message)
    }

    /// `who` may not do it; nobody learns from this whether the role exists.
    pub(super) fn denied(who: &str, action: &str, role_arn: &str) -> Self {
        let message =
            format!("User: {who} is not authorized to perform: {action} on resource: {role_arn}");
        Self::new(ACCESS_DENIED, message)
    }

    pub(super) fn missing_action() -> Self {
        Self::new("MissingAction", "The request is missing an action or a required parameter.")
    }

    pub(super) fn unknown(action: &str, version: &str) -> Self {
        let cut = |text: &str| text.chars().take(ECHO_CHARACTERS_MAX).collect::<String>();
        let (action, version) = (cut(action), cut(version));
        let message = format!("Could not find operation {action} for version {version}");
        Self::new("InvalidAction", message)
    }

    /// The same error with a cause for the log.
    pub(super) fn because(self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { cause: Some(cause.into()), ..self }
    }

    /// What the audit log has of it.
    pub(super) fn outcome(&self) -> Outcome<'_> {
        Outcome::Failed(self.code, Some(&self.message))
    }

    pub(super) fn status(&self) -> u16 {
        self.status
    }

    pub(super) fn log(&self, request_id: &str) {
        let Self { code, message, cause, .. } = self;
        // An exception of AWS KMS has a cause of its own.
        let cause = cause.as_deref().map(|one| one.source().unwrap_or(one).to_string());
        if self.status >= 500 {
            tracing::error!(request_id, code, text = message, cause, "request to STS failed");
        } else {
            tracing::debug!(request_id, code, text = message, cause, "request to STS refused");
        }
    }

    pub(super) fn body(&self, request_id: &str) -> String {
        let mut xml = Xml::root("ErrorResponse");
        xml.begin("Error");
        xml.leaf("Type", if self.status >= 500 { "Receiver" } else { "Sender" });
        xml.leaf("Code", self.code);
        xml.leaf("Message", &self.message);
        xml.end();
        xml.leaf("RequestId", request_id);
        xml.finish()
    }
}

impl From<KmsError> for StsError {
    /// What authentication and the store may raise.
    fn from(error: KmsError) -> Self {
        let code = match error.code() {
            ErrorCode::MissingAuthenticationToken => {
                let message = "Request is missing Authentication Token";
                return Self::new("MissingAuthenticationToken", message);
            }
            ErrorCode::ExpiredToken => "ExpiredToken",
            ErrorCode::IncompleteSignature => "IncompleteSignature",
            ErrorCode::InvalidSignature => "SignatureDoesNotMatch",
            ErrorCode::ServiceUnavailable => SERVICE_UNAVAILABLE,
            ErrorCode::UnrecognizedClient => "InvalidClientTokenId",
            _ => {
                let message = "The request processing has failed because of an unknown error, \
                               exception or failure.";
                return Self::new(INTERNAL_FAILURE, message).because(error);
            }
        };
        Self::new(code, error.message().unwrap_or_default())
    }
}

const ACCESS_DENIED: &str = "AccessDenied";
const INTERNAL_FAILURE: &str = "InternalFailure";
const SERVICE_UNAVAILABLE: &str = "ServiceUnavailable";

/// How much of an unknown action or version is told back.
const ECHO_CHARACTERS_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_in_xml_without_their_causes() {
        let error = StsError::denied("a<b", "sts:AssumeRole", "arn").because("secret");
        let expected = "\
<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">
  <Error>
    <Type>Sender</Type>
    <Code>AccessDenied</Code>
    <Message>User: a&lt;b is not authorized to perform: sts:AssumeRole on resource: arn</Message>
  </Error>
  <RequestId>id</RequestId>
</ErrorResponse>
";
        assert_eq!((error.status(), error.body("id").as_str()), (403, expected));
        let error = StsError::from(KmsError::internal("secret"));
        assert_eq!(error.status(), 500);
        let body = error.body("id");
        assert!(body.contains("<Type>Receiver</Type>") && !body.contains("secret"), "{body}");
    }
}
