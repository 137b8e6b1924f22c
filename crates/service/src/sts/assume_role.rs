//! AssumeRole: a session of a role for somebody with an access key.
//!
//! AWS: AWS STS API Reference, "AssumeRole"
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.

use super::Call;
use super::error::StsError;
use super::parameters::Reading;
use super::session::{Federation, SOURCE_IDENTITY, Wanted};
use super::trust::Question;
use super::xml::Xml;
use crate::authenticate::Caller;
use std::collections::BTreeMap;
use trent_api::violation::{Pattern, Shape};

impl Call<'_> {
    // DEVIATION: without enforcement everybody may assume every role that exists.
    pub(super) async fn assume_role(&self, caller: &Caller, xml: &mut Xml) -> Result<(), StsError> {
        let (wanted, external_id) = self.wanted_of(caller)?;
        self.show(&wanted);
        if let Some(external_id) = external_id {
            self.facts.audit.parameter("externalId", external_id);
        }
        let denied = |action| StsError::denied(caller.arn(), action, wanted.role_arn);
        let role = self.role(wanted.role_arn).await?;
        let role = role.filter(|role| role.arn(caller.region.partition()) == wanted.role_arn);
        let role = role.ok_or_else(|| denied("sts:AssumeRole"))?;
        if self.service.settings.enforce {
            let claims = &BTreeMap::default();
            let question = Question { role: &role, wanted: &wanted, external_id, claims };
            self.check_caller(caller, &question)?;
        }
        self.begin_session(&role, wanted, Federation::default(), xml)
    }

    /// What the caller wants, with what its session hands down; and the external id.
    fn wanted_of(&self, caller: &Caller) -> Result<(Wanted<'_>, Option<&str>), StsError> {
        let mut reading = Reading::of(self.parameters);
        let mut wanted = Wanted::read(&mut reading)?;
        let external_id = reading.text("ExternalId", &EXTERNAL_ID);
        let source_identity = reading.text("SourceIdentity", &SOURCE_IDENTITY);
        let tags = reading.pairs("Tags", TAGS_MAX, (&TAG_KEY, &TAG_VALUE));
        let transitive = reading.texts("TransitiveTagKeys", TAGS_MAX, &TAG_KEY);
        reading.done()?;
        self.refuse_unknown()?;
        wanted.tag(tags, transitive)?;
        wanted.source_identity = source_identity.map(str::to_owned);
        if let Some(session) = &caller.session {
            if wanted.seconds > CHAINED_SECONDS_MAX {
                let message = "The requested DurationSeconds exceeds the 1 hour session limit for \
                               roles assumed by role chaining.";
                return Err(StsError::validation(message));
            }
            if source_identity.is_some()
                && session.source_identity.is_some()
                && session.source_identity.as_deref() != source_identity
            {
                // A source identity is set once.
                let (who, role_arn) = (caller.arn(), wanted.role_arn);
                return Err(StsError::denied(who, "sts:SetSourceIdentity", role_arn));
            }
            wanted.inherit(session)?;
        }
        wanted.check_content()?;
        Ok((wanted, external_id))
    }

    // DEVIATION: there are no managed policies, no MFA devices and no trusted context providers:
    // AssumeRole with them is refused.
    /// Refuses what would make a session weaker, or its caller surer, and is not there.
    fn refuse_unknown(&self) -> Result<(), StsError> {
        let parameters = self.parameters;
        if parameters.get("SerialNumber").or(parameters.get("TokenCode")).is_some() {
            let message = "MultiFactorAuthentication failed, unable to validate MFA code.  Please \
                           verify your MFA serial number is valid and associated with this user.";
            return Err(StsError::new("AccessDenied", message));
        }
        if parameters.has_list("ProvidedContexts") {
            return Err(StsError::validation("there are no trusted context providers"));
        }
        self.refuse_managed_policies()
    }

    /// Refuses policies that would limit the session and are not there.
    pub(super) fn refuse_managed_policies(&self) -> Result<(), StsError> {
        if self.parameters.has_list("PolicyArns") {
            let message = "there are no managed policies: give the session policy as `Policy`";
            return Err(StsError::validation(message));
        }
        Ok(())
    }
}

static EXTERNAL_ID: Shape =
    Shape { min: Some(2), max: Some(1224), pattern: Some(&EXTERNAL_ID_PATTERN), ..Shape::NONE };

static EXTERNAL_ID_PATTERN: Pattern = Pattern::new(r"[\w+=,.@:\/-]*", r"\A[A-Za-z0-9_+=,.@:/-]*\z");

pub(super) static TAG_KEY: Shape = Shape { min: Some(1), max: Some(128), ..Shape::NONE };

pub(super) static TAG_VALUE: Shape = Shape { min: Some(0), max: Some(256), ..Shape::NONE };

/// AWS: session tags, and as many of them transitive.
const TAGS_MAX: u64 = 50;

/// How long a session lasts at most that a session assumes.
const CHAINED_SECONDS_MAX: u32 = 3_600;
