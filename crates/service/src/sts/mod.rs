//! AWS Security Token Service: temporary access keys for roles, and who one is.
//!
//! Parameters of a form or a query come in, XML goes out. Deliberately absent: sessions as such,
//! which are nowhere kept: a session token says everything about its session.
//!
//! AWS: AWS STS API Reference, "Actions", "Common Parameters", "Common Errors"
//! <https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html>.

mod assume_role;
mod error;
mod parameters;
mod session;
pub(crate) mod session_token;
mod trust;
mod web_identity_role;
mod xml;

use crate::audit::entry::{Api, Outcome, kept_or_failed};
use crate::authenticate::Caller;
use crate::authorize::request::RequestFacts;
use crate::pipeline::{Answer, Origin, header, media_type};
use crate::service::Service;
use error::StsError;
use parameters::Parameters;
use trent_api::KmsError;
use trent_core::Region;
use trent_iam::Request;
use xml::Xml;

/// Whether a query names an action, as the query protocol does.
pub fn has_action(query: &str) -> bool {
    query.len() <= parameters::QUERY_BYTES_MAX
        && form_urlencoded::parse(query.as_bytes())
            .take(parameters::PARAMETERS_MAX)
            .any(|(name, _)| name == "Action")
}

/// Whether a request is in the query protocol: it has no target, and a form or an action.
pub(crate) fn is_query_protocol(request: &Request<'_>) -> bool {
    header(request, "x-amz-target").is_none()
        && (media_type(request).eq_ignore_ascii_case(FORM) || has_action(request.query))
}

/// One request on its way.
struct Call<'a> {
    service: &'a Service,
    facts: &'a RequestFacts<'a>,
    parameters: &'a Parameters,
}

impl Service {
    /// Answers one request. Never fails: whatever goes wrong is an error in the answer.
    pub(crate) async fn answer_sts(
        &self,
        request: &Request<'_>,
        facts: &RequestFacts<'_>,
        origin: Origin,
        request_id: &str,
    ) -> Answer {
        let mut sts_action = None;
        let reply = match self.audit(Api::Sts, request, facts, origin, request_id) {
            Ok(entry) => {
                let reply = match Parameters::read(request) {
                    Ok(parameters) => {
                        let action = parameters.get("Action");
                        sts_action = ACTIONS.into_iter().find(|known| action == Some(known));
                        let reply = self.reply_sts(request, &parameters, facts, request_id);
                        self.unless_silent(facts, reply).await
                    }
                    Err(error) => Err(error),
                };
                let kept = match &reply {
                    Ok(_) => entry.close(&Outcome::Replied(&[])),
                    Err(error) => entry.close(&error.outcome()),
                };
                kept_or_failed(kept)
                    .await
                    .map_err(KmsError::internal)
                    .map_err(StsError::from)
                    .and(reply)
            }
            Err(failure) => Err(KmsError::internal(failure).into()),
        };
        let (status, body) = match reply {
            Ok(body) => (200, body),
            Err(error) => {
                error.log(request_id);
                (error.status(), error.body(request_id))
            }
        };
        Answer {
            status,
            body: body.into_bytes(),
            content_type: Some("text/xml"),
            operation: None,
            sts_action,
            error: None,
        }
    }

    // DEVIATION: of AWS STS there are AssumeRole, AssumeRoleWithWebIdentity and GetCallerIdentity;
    // other actions are answered as if AWS did not know them.
    async fn reply_sts(
        &self,
        request: &Request<'_>,
        parameters: &Parameters,
        facts: &RequestFacts<'_>,
        request_id: &str,
    ) -> Result<String, StsError> {
        let action = parameters.get("Action").ok_or_else(StsError::missing_action)?;
        if ACTIONS.contains(&action) {
            facts.audit.action(action);
        }
        let version = parameters.get("Version").unwrap_or("NO_VERSION_SPECIFIED");
        let call = Call { service: self, facts, parameters };
        let mut xml = Xml::response(action);
        match action {
            _ if version != VERSION => return Err(StsError::unknown(action, version)),
            ASSUME_ROLE => {
                call.assume_role(&self.sts_caller(request, facts).await?, &mut xml).await?;
            }
            // Who has a token of a trusted issuer needs no access key.
            WITH_WEB_IDENTITY => call.assume_role_with_web_identity(&mut xml).await?,
            CALLER_IDENTITY => caller_identity(&self.sts_caller(request, facts).await?, &mut xml),
            _ => return Err(StsError::unknown(action, version)),
        }
        self.check_age(facts)?;
        Ok(xml.with_metadata(request_id))
    }

    async fn sts_caller(
        &self,
        request: &Request<'_>,
        facts: &RequestFacts<'_>,
    ) -> Result<Caller, StsError> {
        self.begin(facts)?;
        let caller = self.authenticate(request, SERVICE).await?;
        facts.audit.caller(&caller);
        Ok(caller)
    }
}

/// AWS: GetCallerIdentity needs no permission, and no policy can deny it.
fn caller_identity(caller: &Caller, xml: &mut Xml) {
    xml.leaf("Arn", caller.arn());
    xml.leaf("UserId", &caller.principal.user_id);
    xml.leaf("Account", caller.account.as_str());
}

impl Call<'_> {
    /// The Region of requests without a signature.
    fn region(&self) -> &Region {
        &self.service.settings.region
    }
}

const ASSUME_ROLE: &str = "AssumeRole";
const WITH_WEB_IDENTITY: &str = "AssumeRoleWithWebIdentity";
const CALLER_IDENTITY: &str = "GetCallerIdentity";
const ACTIONS: [&str; 3] = [ASSUME_ROLE, WITH_WEB_IDENTITY, CALLER_IDENTITY];

/// The name of the service in credential scopes.
const SERVICE: &str = "sts";

/// The only version of the API.
const VERSION: &str = "2011-06-15";

const FORM: &str = "application/x-www-form-urlencoded";
