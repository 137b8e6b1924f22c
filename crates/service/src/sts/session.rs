//! Sessions of roles: what is asked of one, and the temporary access key that it gets.
//!
//! AWS: AWS STS API Reference, "AssumeRole"; IAM User Guide, "Pass session tags in AWS STS".

use super::Call;
use super::error::StsError;
use super::parameters::Reading;
use super::session_token::SessionToken;
use super::xml::Xml;
use crate::identity::{new_access_key_id, new_secret};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use trent_api::KmsError;
use trent_api::violation::{Pattern, Shape};
use trent_core::AccountId;
use trent_core::identity::{
    Role, SESSION_KEY_PREFIX, SESSION_SECONDS_DEFAULT, SESSION_SECONDS_MAX, SESSION_SECONDS_MIN,
};
use trent_iam::arn::Arn;
use trent_iam::policy::{Policy, PolicyKind};

/// What is asked of a session, whoever may have it.
pub(super) struct Wanted<'a> {
    pub(super) role_arn: &'a str,
    pub(super) name: &'a str,
    /// How long it lasts.
    pub(super) seconds: u32,
    /// The session policy.
    policy: Option<&'a str>,
    /// Session tags, also those that are inherited.
    pub(super) tags: BTreeMap<String, String>,
    /// Keys of the tags that sessions assumed from this one inherit.
    pub(super) transitive_tags: BTreeSet<String>,
    pub(super) source_identity: Option<String>,
}

/// Who vouched for the caller, and what it said.
#[derive(Default)]
pub(super) struct Federation {
    /// The ARN of the provider.
    pub(super) provider: Option<String>,
    /// Condition keys, in lower case, with their values.
    pub(super) claims: BTreeMap<String, Vec<String>>,
}

impl<'a> Wanted<'a> {
    /// Reads the parameters that all ways to a session have.
    pub(super) fn read(reading: &mut Reading<'a>) -> Result<Self, StsError> {
        let seconds = reading.number("DurationSeconds", &DURATION)?;
        Ok(Self {
            role_arn: reading.required("RoleArn", &ROLE_ARN),
            name: reading.required("RoleSessionName", &SESSION_NAME),
            // What does not fit violates the shape.
            seconds: seconds.and_then(|one| one.try_into().ok()).unwrap_or(SESSION_SECONDS_DEFAULT),
            policy: reading.text("Policy", &POLICY),
            tags: BTreeMap::new(),
            transitive_tags: BTreeSet::new(),
            source_identity: None,
        })
    }

    /// Adds session tags, once.
    pub(super) fn tag<'t>(
        &mut self,
        tags: impl IntoIterator<Item = (&'t str, &'t str)>,
        transitive: impl IntoIterator<Item = &'t str>,
    ) -> Result<(), StsError> {
        let mut seen = BTreeSet::new();
        for (key, value) in tags {
            if !is_tag_text(key) || !is_tag_text(value) {
                return Err(StsError::validation(
                    "Tag keys and values have letters, digits, white space and _.:/=+-@ only.",
                ));
            }
            if key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:")) {
                let message = "Tag keys that begin with aws: are reserved for system use.";
                return Err(StsError::validation(message));
            }
            if !seen.insert(key.to_lowercase()) {
                let message = "Duplicate tag keys found. Please note that Tag keys are case \
                               insensitive.";
                return Err(StsError::new("InvalidParameterValue", message));
            }
            self.tags.insert(key.to_owned(), value.to_owned());
        }
        for key in transitive {
            let lower = key.to_lowercase();
            let tag =
                self.tags.keys().find(|tag| tag.to_lowercase() == lower).ok_or_else(|| {
                    let message =
                        "The specified transitive tag key must be included in the requested tags.";
                    StsError::new("InvalidParameterValue", message)
                })?;
            self.transitive_tags.insert(tag.clone());
        }
        Ok(())
    }

    /// Adds what a session that assumes another one hands down.
    pub(super) fn inherit(&mut self, from: &SessionToken) -> Result<(), StsError> {
        for key in &from.transitive_tags {
            let lower = key.to_lowercase();
            if self.tags.keys().any(|tag| tag.to_lowercase() == lower) {
                let message = "One of the specified transitive tag keys can't be set because it \
                               conflicts with a transitive tag key from the calling session.";
                return Err(StsError::new("InvalidParameterValue", message));
            }
        }
        for key in &from.transitive_tags {
            if let Some(value) = from.tags.get(key) {
                self.tags.insert(key.clone(), value.clone());
                self.transitive_tags.insert(key.clone());
            }
        }
        if self.source_identity.is_none() {
            self.source_identity.clone_from(&from.source_identity);
        }
        Ok(())
    }

    /// How much of what a session can have is used by its policy and tags, in percent. AWS does not
    /// say how it packs them: this counts bytes.
    ///
    /// Fails with what cannot be, and with what is too much.
    pub(super) fn check_content(&self) -> Result<u64, StsError> {
        if let Some(policy) = self.policy {
            Policy::parse(policy, PolicyKind::Identity)
                .map_err(|error| StsError::new("MalformedPolicyDocument", error.to_string()))?;
        }
        let tags: usize = self.tags.iter().map(|(key, value)| key.len() + value.len()).sum();
        let percent = |bytes: usize| (bytes as u64 * 100).div_ceil(CONTENT_BYTES_MAX);
        let policy = self.policy.map_or(0, str::len);
        if percent(tags) > 100 {
            let message = format!(
                "Packed size of session tags consumes {}% of allotted space.",
                percent(tags)
            );
            return Err(StsError::new(TOO_LARGE, message));
        }
        let all = percent(tags + policy);
        if all > 100 {
            let message = format!(
                "Packed policy consumes {all}% of allotted space, please use smaller policy."
            );
            return Err(StsError::new(TOO_LARGE, message));
        }
        Ok(all)
    }
}

impl Call<'_> {
    /// Shows what is asked of a session to the audit log.
    pub(super) fn show(&self, wanted: &Wanted<'_>) {
        let audit = &self.facts.audit;
        audit.resource("AWS::IAM::Role", || wanted.role_arn.to_owned());
        audit.parameter("roleArn", wanted.role_arn);
        audit.parameter("roleSessionName", wanted.name);
        audit.parameter("durationSeconds", &wanted.seconds.to_string());
        if let Some(policy) = wanted.policy {
            audit.parameter("policy", policy);
        }
        if let Some(identity) = &wanted.source_identity {
            audit.parameter("sourceIdentity", identity);
        }
    }

    /// The role of this ARN, if there is one.
    pub(super) async fn role(&self, arn: &str) -> Result<Option<Role>, StsError> {
        let invalid = || StsError::validation("Request ARN is invalid");
        let parts = Arn::parse(arn).filter(|arn| arn.service == "iam" && arn.region.is_empty());
        let parts = parts.ok_or_else(invalid)?;
        let account = AccountId::parse(parts.account).ok_or_else(invalid)?;
        let path_and_name = parts.resource.strip_prefix("role/").ok_or_else(invalid)?;
        let name = path_and_name.rsplit('/').next().unwrap_or_default();
        let role = self.service.directory.role(&self.service.records, account, name).await?;
        Ok(role.filter(|role| role.arn(parts.partition) == arn))
    }

    /// Begins a session of a role for somebody who may have it, and says so in `xml`.
    pub(super) fn begin_session(
        &self,
        role: &Role,
        wanted: Wanted<'_>,
        federation: Federation,
        xml: &mut Xml,
    ) -> Result<(), StsError> {
        if wanted.seconds > role.max_session_seconds {
            let message =
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
            return Err(StsError::validation(message));
        }
        let used = wanted.check_content()?;
        let now = self.service.clock.real_now();
        let expires = now
            .checked_add(SignedDuration::from_secs(wanted.seconds.into()))
            .and_then(|expires| Timestamp::from_second(expires.as_second()))
            .map_err(KmsError::internal)?;
        let partition = Arn::parse(wanted.role_arn).map_or("aws", |arn| arn.partition);
        let token = SessionToken {
            access_key_id: new_access_key_id(SESSION_KEY_PREFIX).map_err(KmsError::internal)?,
            secret: new_secret().map_err(KmsError::internal)?,
            partition: partition.to_owned(),
            account: role.account,
            role: role.name.to_string(),
            role_id: role.id.clone(),
            session_name: wanted.name.to_owned(),
            issued: now,
            expires,
            policies: wanted.policy.map(str::to_owned).into_iter().collect(),
            tags: wanted.tags,
            transitive_tags: wanted.transitive_tags.into_iter().collect(),
            source_identity: wanted.source_identity,
            federated_provider: federation.provider,
            claims: federation.claims,
        };
        let id = format!("{}:{}", role.id, token.session_name);
        let arn = role.session_arn(partition, &token.session_name);
        self.facts.audit.session(&token.access_key_id, &expires.to_string(), &id, &arn);
        xml.begin("AssumedRoleUser");
        xml.leaf("AssumedRoleId", &id);
        xml.leaf("Arn", &arn);
        xml.end();
        xml.begin("Credentials");
        xml.leaf("AccessKeyId", &token.access_key_id);
        xml.leaf("SecretAccessKey", &token.secret);
        xml.leaf("SessionToken", &token.seal(&self.service.tokens)?);
        xml.leaf("Expiration", &expires.to_string());
        xml.end();
        if used > 0 {
            xml.leaf("PackedPolicySize", &used.to_string());
        }
        if let Some(identity) = &token.source_identity {
            xml.leaf("SourceIdentity", identity);
        }
        Ok(())
    }
}

/// AWS: letters, separators and numbers of Unicode, and `_.:/=+-@`.
fn is_tag_text(text: &str) -> bool {
    text.chars().all(|one| {
        one.is_alphanumeric()
            || (one.is_whitespace() && !one.is_control())
            || "_.:/=+-@".contains(one)
    })
}

static ROLE_ARN: Shape = Shape { min: Some(20), max: Some(2048), ..Shape::NONE };

static SESSION_NAME: Shape =
    Shape { min: Some(2), max: Some(64), pattern: Some(&WORD), ..Shape::NONE };

/// AWS: of source identities too.
pub(super) static SOURCE_IDENTITY: Shape =
    Shape { min: Some(2), max: Some(64), pattern: Some(&WORD), ..Shape::NONE };

static WORD: Pattern = Pattern::new(r"[\w+=,.@-]*", r"\A[A-Za-z0-9_+=,.@-]*\z");

static POLICY: Shape = Shape {
    min: Some(1),
    max: Some(2048),
    pattern: Some(&POLICY_PATTERN),
    value_is_hidden: true,
    ..Shape::NONE
};

static POLICY_PATTERN: Pattern =
    Pattern::new(r"[\u0009\u000A\u000D\u0020-\u00FF]+", r"\A[\x09\x0A\x0D\x20-\x{FF}]+\z");

static DURATION: Shape = Shape {
    min: Some(SESSION_SECONDS_MIN as u64),
    max: Some(SESSION_SECONDS_MAX as u64),
    ..Shape::NONE
};

/// Bytes of a session's policy and tags. They travel in a header with every request.
const CONTENT_BYTES_MAX: u64 = 4096;

pub(super) const TOO_LARGE: &str = "PackedPolicyTooLarge";
