//! Signature Version 4: verification of requests signed with an access key.
//!
//! The steps of a caller:
//! 1. [`Authorization::parse`]: what the request claims, in the header or in the query.
//! 2. [`Authorization::check_scope`]: the claim is meant for this service.
//! 3. The caller looks up the secret of [`Authorization::access_key_id`] and judges
//!    [`Authorization::session_token`].
//! 4. [`Authorization::signing_key`], which may be kept for the day.
//! 5. [`Authorization::verify`]: the date, then the signature.
//!
//! Deliberately absent: SigV4A, chunked and unsigned payloads, and the single encoding of paths,
//! which are for other services.
//!
//! AWS: IAM User Guide, "Create a signed AWS API request"
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

mod authorization;
mod canonical;
mod date;
mod query;
mod signing_key;
mod verification;

use std::borrow::Cow;

pub use authorization::Authorization;
pub use signing_key::SigningKey;

/// Why a request is not authenticated. Its `Display` is the message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct AuthenticationError {
    code: AuthenticationErrorCode,
    message: Cow<'static, str>,
}

/// Which of AWS's exceptions an [`AuthenticationError`] is.
///
/// AWS: KMS API Reference, "Common Errors"
/// <https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuthenticationErrorCode {
    /// `IncompleteSignatureException`: what is claimed cannot be understood.
    IncompleteSignature,
    /// `InvalidSignatureException`: what is claimed is not so.
    InvalidSignature,
    /// `MissingAuthenticationTokenException`: nothing is claimed.
    MissingAuthenticationToken,
}

impl AuthenticationError {
    /// The exception.
    pub fn code(&self) -> AuthenticationErrorCode {
        self.code
    }

    /// The text for the client, in AWS's words.
    pub fn message(&self) -> &str {
        &self.message
    }

    fn incomplete(message: impl Into<Cow<'static, str>>) -> Self {
        Self { code: AuthenticationErrorCode::IncompleteSignature, message: message.into() }
    }

    fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self { code: AuthenticationErrorCode::InvalidSignature, message: message.into() }
    }

    fn mismatch() -> Self {
        Self::invalid(MISMATCH)
    }

    fn missing() -> Self {
        let message = Cow::Borrowed("Missing Authentication Token");
        Self { code: AuthenticationErrorCode::MissingAuthenticationToken, message }
    }
}

/// One text for all that a wrong signature may come from.
const MISMATCH: &str = "The request signature we calculated does not match the signature you \
    provided. Check your AWS Secret Access Key and signing method. Consult the service \
    documentation for details.";
/// The one algorithm.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The last element of every credential scope.
const TERMINATOR: &str = "aws4_request";
/// The query parameter that holds the signature and is therefore not signed.
const SIGNATURE_PARAMETER: &str = "X-Amz-Signature";
