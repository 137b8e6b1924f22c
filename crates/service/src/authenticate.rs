//! Who calls: the SigV4 signature of a request, and the principal that its access key belongs to.

use crate::identity::principal::Principal;
use crate::service::Service;
use crate::sts::session_token::SessionToken;
use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;
use trent_api::{ErrorCode, KmsError};
use trent_core::{AccountId, Region};
use trent_iam::Request;
use trent_iam::sigv4::{AuthenticationError, AuthenticationErrorCode, Authorization, SigningKey};
use zeroize::Zeroizing;

/// An access key of an account's root, given at the start: its signatures are verified.
pub struct Credential {
    /// The access key id.
    pub access_key_id: String,
    /// The secret access key.
    pub secret: Secret,
    /// The account whose root signs with it.
    pub account: AccountId,
}

/// A secret access key, with the signing key that was last derived from it: most requests of a day
/// are for one Region.
pub struct Secret {
    text: Zeroizing<String>,
    derived: ArcSwapOption<(String, SigningKey)>,
}

impl From<Zeroizing<String>> for Secret {
    fn from(text: Zeroizing<String>) -> Self {
        Self { text, derived: ArcSwapOption::empty() }
    }
}

impl Secret {
    /// Verifies what a request claims.
    fn verify(
        &self,
        authorization: &Authorization,
        request: &Request<'_>,
        now: Timestamp,
    ) -> Result<(), AuthenticationError> {
        let scope = authorization.scope();
        if let Some(derived) = &*self.derived.load()
            && derived.0 == scope
        {
            return authorization.verify(request, &derived.1, now);
        }
        let key = authorization.signing_key(&self.text);
        authorization.verify(request, &key, now)?;
        self.derived.store(Some(Arc::new((scope.to_owned(), key))));
        Ok(())
    }
}

/// The access keys that are accepted beside those of the store.
pub struct Credentials {
    known: HashMap<String, Credential>,
    of_unknown: Option<AccountId>,
}

impl Credentials {
    /// Whether any 12 digits are an account.
    pub(crate) fn accepts_any_account(&self) -> bool {
        self.of_unknown.is_some()
    }

    /// None: whatever the store does not know is refused.
    pub fn strict() -> Self {
        Self { known: HashMap::new(), of_unknown: None }
    }

    // DEVIATION: in development mode, signatures of unknown access keys are accepted unverified.
    /// Development mode: access keys in `known` and those of the store are verified; any other is
    /// taken, unverified, as
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
    pub(crate) principal: Arc<Principal>,
    /// The session with whose temporary access key the request is signed.
    pub(crate) session: Option<Arc<SessionToken>>,
    pub(crate) access_key_id: Arc<str>,
}

impl Caller {
    /// The ARN of the principal as messages name it.
    pub(crate) fn arn(&self) -> &str {
        &self.principal.arn
    }
}

impl Service {
    /// Authenticates a request to `service`, such as `kms`, at real time.
    pub(crate) async fn authenticate(
        &self,
        request: &Request<'_>,
        service: &str,
    ) -> Result<Caller, KmsError> {
        let now = self.clock.real_now();
        let authorization = Authorization::parse(request).map_err(|error| refused(&error))?;
        authorization.check_scope(service).map_err(|error| refused(&error))?;
        let region = Region::parse(authorization.region()).ok_or_else(invalid_token)?;
        let access_key_id = authorization.access_key_id();
        let verify = |secret: &Secret| {
            secret.verify(&authorization, request, now).map_err(|error| refused(&error))
        };
        let caller = |principal: Arc<Principal>, session| Caller {
            account: principal.account,
            region: region.clone(),
            principal,
            session,
            access_key_id: Arc::from(access_key_id),
        };
        let credentials = &self.settings.credentials;
        let root = |account| Arc::new(Principal::root(region.partition(), account));
        let token = authorization.session_token();
        if let Some(token) = token.and_then(|token| SessionToken::open(&self.tokens, token)) {
            let is_of_here = token.partition == region.partition();
            if token.access_key_id != access_key_id || !is_of_here {
                return Err(invalid_token());
            }
            let (directory, records) = (&self.directory, &self.records);
            let signer = directory.session_signer(records, region.partition(), &token).await?;
            let signer = signer.ok_or_else(invalid_token)?;
            verify(&signer.secret)?;
            if token.expires <= now {
                let message = "The security token included in the request is expired";
                return Err(KmsError::new(ErrorCode::ExpiredToken, message));
            }
            return Ok(caller(Arc::clone(&signer.principal), Some(Arc::new(token))));
        }
        if let Some(credential) = credentials.known.get(access_key_id) {
            if token.is_some() {
                return Err(invalid_token());
            }
            verify(&credential.secret)?;
            return Ok(caller(root(credential.account), None));
        }
        let signer =
            self.directory.signer(&self.records, region.partition(), access_key_id).await?;
        if let Some(signer) = signer {
            if token.is_some() {
                return Err(invalid_token());
            }
            verify(&signer.secret)?;
            return Ok(caller(Arc::clone(&signer.principal), None));
        }
        let account = credentials.of_unknown.ok_or_else(invalid_token)?;
        Ok(caller(root(AccountId::parse(access_key_id).unwrap_or(account)), None))
    }
}

impl Service {
    /// The principal of a caller as it is now; none where it cannot change: of access keys that were
    /// given at the start, and of those that nobody knows. Raises `UnrecognizedClientException` if
    /// it is no more.
    pub(crate) async fn principal_again(
        &self,
        caller: &Caller,
    ) -> Result<Option<Arc<Principal>>, KmsError> {
        let (directory, records) = (&self.directory, &self.records);
        let (partition, id) = (caller.region.partition(), &*caller.access_key_id);
        let credentials = &self.settings.credentials;
        let signer = match &caller.session {
            Some(token) => directory.session_signer(records, partition, token).await?,
            None if credentials.known.contains_key(id) => return Ok(None),
            None => directory.signer(records, partition, id).await?,
        };
        match signer {
            Some(signer) => Ok(Some(Arc::clone(&signer.principal))),
            None if caller.session.is_none() && credentials.of_unknown.is_some() => Ok(None),
            None => Err(invalid_token()),
        }
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

pub(crate) fn invalid_token() -> KmsError {
    let message = "The security token included in the request is invalid.";
    KmsError::new(ErrorCode::UnrecognizedClient, message)
}
