//! AssumeRoleWithWebIdentity: a session of a role for somebody with a token of a trusted issuer.
//!
//! AWS: AWS STS API Reference, "AssumeRoleWithWebIdentity"
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>.

use super::Call;
use super::error::StsError;
use super::parameters::Reading;
use super::session::{Federation, TOO_LARGE, Wanted};
use super::trust::{Question, WITH_WEB_IDENTITY, not_authorized};
use super::xml::Xml;
use crate::web_identity::{WebIdentityFailure, verify};
use serde_json::Value;
use std::collections::BTreeMap;
use trent_api::violation::Shape;
use trent_iam::arn::Arn;
use trent_iam::web_identity::{Token, WebIdentity, WebIdentityError};

impl Call<'_> {
    pub(super) async fn assume_role_with_web_identity(
        &self,
        xml: &mut Xml,
    ) -> Result<(), StsError> {
        let mut reading = Reading::of(self.parameters);
        let mut wanted = Wanted::read(&mut reading)?;
        let token = reading.required("WebIdentityToken", &TOKEN);
        reading.done()?;
        self.refuse_managed_policies()?;
        if self.parameters.get("ProviderId").is_some() {
            return Err(StsError::validation("only OpenID Connect tokens are accepted"));
        }
        wanted.check_content()?;
        let identity = self.identity(token).await?;
        let WebIdentity { subject, audience, .. } = &identity;
        self.facts.audit.web_identity(identity.provider(), audience, subject);
        self.show(&wanted);
        add_claimed(&identity, &mut wanted)?;
        wanted.check_content()?;

        let role = self.role(wanted.role_arn).await?;
        let role = role.ok_or_else(|| not_authorized(WITH_WEB_IDENTITY))?;
        let partition = Arn::parse(wanted.role_arn).map_or("aws", |arn| arn.partition);
        let (account, name) = (role.account, identity.provider());
        let provider = format!("arn:{partition}:iam::{account}:oidc-provider/{name}");
        let claims = claims(&identity)?;
        if self.service.settings.enforce {
            let external_id = None;
            let question = Question { role: &role, wanted: &wanted, external_id, claims: &claims };
            self.check_web_identity(&provider, &identity.subject, &question)?;
        }
        xml.leaf("SubjectFromWebIdentityToken", &identity.subject);
        xml.leaf("Audience", &identity.audience);
        xml.leaf("Provider", &provider);
        let federation = Federation { provider: Some(provider), claims };
        self.begin_session(&role, wanted, federation, xml)
    }

    /// The identity that the token proves.
    async fn identity(&self, token: &str) -> Result<WebIdentity, StsError> {
        let trusted = self.service.settings.web_identities.as_ref();
        let now = self.service.clock.real_now();
        let identity = match trusted {
            Some(trusted) => verify(&trusted.issuers, &*trusted.keys, token, now).await,
            None => Err(WebIdentityFailure::UnknownIssuer),
        };
        identity.map_err(|failure| refused(&failure, token))
    }
}

fn refused(failure: &WebIdentityFailure, token: &str) -> StsError {
    use WebIdentityFailure as F;
    match failure {
        F::KeysUnavailable => StsError::new("IDPCommunicationError", failure.to_string()),
        F::Token(WebIdentityError::Expired { .. }) => {
            StsError::new("ExpiredTokenException", failure.to_string())
        }
        F::Token(WebIdentityError::Malformed(cause)) => {
            StsError::new(INVALID_TOKEN, failure.to_string()).because(*cause)
        }
        F::Token(_) => StsError::new(INVALID_TOKEN, failure.to_string()),
        F::UnknownIssuer => match Token::parse(token) {
            Ok(token) => {
                let issuer: String = token.issuer().chars().take(ISSUER_CHARACTERS_MAX).collect();
                let message =
                    format!("No OpenIDConnect provider found in your account for {issuer}");
                StsError::new(INVALID_TOKEN, message)
            }
            Err(error) => StsError::new(INVALID_TOKEN, error.to_string()),
        },
    }
}

/// Adds the session tags and the source identity that the issuer put into the token.
///
/// AWS: IAM User Guide, "Pass session tags in AWS STS", "Monitor and control actions taken with
/// assumed roles".
fn add_claimed(identity: &WebIdentity, wanted: &mut Wanted<'_>) -> Result<(), StsError> {
    let invalid = || StsError::new(INVALID_TOKEN, "The session tags of the token are invalid");
    if let Some(claim) = identity.claims.get(TAGS_CLAIM) {
        let texts = |value: &Value| -> Option<Vec<String>> {
            let text = |one: &Value| one.as_str().map(str::to_owned);
            value.as_array()?.iter().map(text).collect()
        };
        let tags = claim.get("principal_tags").and_then(Value::as_object).ok_or_else(invalid)?;
        let mut read = Vec::with_capacity(tags.len());
        for (key, value) in tags {
            let value = match value {
                Value::String(value) => value.as_str(),
                Value::Array(values) if values.len() == 1 => {
                    values[0].as_str().ok_or_else(invalid)?
                }
                _ => return Err(invalid()),
            };
            let (key_characters, characters) = (key.chars().count(), value.chars().count());
            if !(1..=128).contains(&key_characters) || characters > 256 {
                return Err(invalid());
            }
            read.push((key.as_str(), value));
        }
        let transitive = match claim.get("transitive_tag_keys") {
            Some(keys) => texts(keys).ok_or_else(invalid)?,
            None => Vec::new(),
        };
        if read.len() > TAGS_MAX {
            return Err(invalid());
        }
        wanted.tag(read, transitive.iter().map(String::as_str))?;
    }
    if let Some(claim) = identity.claims.get(SOURCE_IDENTITY_CLAIM) {
        let text = claim.as_str().filter(|text| trent_core::identity::is_session_name(text));
        let text = text.ok_or_else(|| {
            StsError::new(INVALID_TOKEN, "The source identity of the token is invalid")
        })?;
        wanted.source_identity = Some(text.to_owned());
    }
    Ok(())
}

/// The condition keys of the token, in lower case.
fn claims(identity: &WebIdentity) -> Result<BTreeMap<String, Vec<String>>, StsError> {
    let keys = identity.condition_keys().into_iter();
    let keys: BTreeMap<_, _> = keys.map(|(key, values)| (key.to_lowercase(), values)).collect();
    let bytes = keys
        .iter()
        .map(|(key, values)| key.len() + values.iter().map(String::len).sum::<usize>())
        .sum::<usize>();
    if bytes > CLAIMS_BYTES_MAX {
        // Leaving claims out could let something through that is denied to those who have them.
        return Err(StsError::new(TOO_LARGE, "The claims of the token are too long."));
    }
    Ok(keys)
}

static TOKEN: Shape =
    Shape { min: Some(4), max: Some(20_000), value_is_hidden: true, ..Shape::NONE };

const INVALID_TOKEN: &str = "InvalidIdentityToken";

const TAGS_CLAIM: &str = "https://aws.amazon.com/tags";
const SOURCE_IDENTITY_CLAIM: &str = "https://aws.amazon.com/source_identity";

/// AWS: session tags.
const TAGS_MAX: usize = 50;

/// Bytes of claims that a session keeps. They travel in a header with every request.
const CLAIMS_BYTES_MAX: usize = 8 * 1024;

/// How much of an unknown issuer is told back: AWS's issuers are no longer.
const ISSUER_CHARACTERS_MAX: usize = 255;
