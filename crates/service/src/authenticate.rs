//! Who calls: the SigV4 signature of a request, and the account that its access key belongs to.

use jiff::Timestamp;
use std::collections::HashMap;
use trent_api::{ErrorCode, KmsError};
use trent_core::{AccountId, Region};
use trent_iam::Request;
use trent_iam::sigv4::{AuthenticationError, AuthenticationErrorCode, Authorization};
use zeroize::Zeroizing;

/// An access key whose secret is known: its signatures are verified.
pub struct Credential {
    /// The access key id.
    pub access_key_id: String,
    /// The secret access key.
    pub secret: Zeroizing<String>,
    /// The account whose root signs with it.
    pub account: AccountId,
}

/// The access keys that are accepted.
pub struct Credentials {
    known: HashMap<String, Credential>,
    of_unknown: Option<AccountId>,
}

impl Credentials {
    /// No access key is known, and unknown ones are refused.
    pub fn strict() -> Self {
        Self { known: HashMap::new(), of_unknown: None }
    }

    // DEVIATION: in development mode, signatures of unknown access keys are accepted unverified.
    /// Development mode: access keys in `known` are verified; any other is taken, unverified, as
    /// the root of `account`, or of the account that it names if it is 12 digits.
    pub fn accepting_unknown(account: AccountId, known: Vec<Credential>) -> Self {
        let known = known.into_iter().map(|one| (one.access_key_id.clone(), one)).collect();
        Self { known, of_unknown: Some(account) }
    }
}

/// Who calls, and in which Region: that of the credential scope.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
}

impl Caller {
    /// The ARN of the principal as messages name it.
    pub(crate) fn arn(&self) -> String {
        format!("arn:{}:iam::{}:root", self.region.partition(), self.account)
    }
}

impl Credentials {
    /// Authenticates a request at real time `now`.
    pub(crate) fn authenticate(
        &self,
        request: &Request<'_>,
        now: Timestamp,
    ) -> Result<Caller, KmsError> {
        let authorization = Authorization::parse(request).map_err(|error| refused(&error))?;
        authorization.check_scope(SERVICE).map_err(|error| refused(&error))?;
        let region = Region::parse(authorization.region()).ok_or_else(invalid_token)?;
        let access_key_id = authorization.access_key_id();
        if let Some(credential) = self.known.get(access_key_id) {
            if authorization.session_token().is_some() {
                return Err(invalid_token());
            }
            let key = authorization.signing_key(&credential.secret);
            authorization.verify(request, &key, now).map_err(|error| refused(&error))?;
            return Ok(Caller { account: credential.account, region });
        }
        let account = self.of_unknown.ok_or_else(invalid_token)?;
        Ok(Caller { account: AccountId::parse(access_key_id).unwrap_or(account), region })
    }
}

fn refused(error: &AuthenticationError) -> KmsError {
    let code = match error.code() {
        AuthenticationErrorCode::MissingAuthenticationToken => {
            ErrorCode::MissingAuthenticationToken
        }
        AuthenticationErrorCode::IncompleteSignature => ErrorCode::IncompleteSignature,
        AuthenticationErrorCode::InvalidSignature => ErrorCode::InvalidSignature,
    };
    KmsError::new(code, error.message())
}

fn invalid_token() -> KmsError {
    let message = "The security token included in the request is invalid.";
    KmsError::new(ErrorCode::UnrecognizedClient, message)
}

/// The name of the service in credential scopes.
const SERVICE: &str = "kms";
