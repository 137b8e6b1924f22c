//! Whether somebody may assume a role: its trust policy, and the policies of the one who asks.
//!
//! AWS: IAM User Guide, "Available keys for AWS STS", "Cross-account policy evaluation logic".

use super::Call;
use super::error::StsError;
use super::session::Wanted;
use crate::authenticate::Caller;
use crate::authorize::global_keys;
use crate::authorize::request::RequestFacts;
use crate::authorize::{Granted, Verdicts};
use crate::error::Damaged;
use crate::identity::principal::Principal;
use jiff::Timestamp;
use std::borrow::Cow;
use std::collections::BTreeMap;
use trent_api::KmsError;
use trent_core::identity::Role;
use trent_iam::arn::Arn;
use trent_iam::policy::{self, AccessRequest, ConditionKeys, Policy, PolicyKind, Values};

/// A role and what is asked of it: what trust policies judge.
pub(super) struct Question<'a> {
    pub(super) role: &'a Role,
    pub(super) wanted: &'a Wanted<'a>,
    pub(super) external_id: Option<&'a str>,
    /// What the issuer of a web identity said: condition keys, in lower case, with their values.
    pub(super) claims: &'a BTreeMap<String, Vec<String>>,
}

impl Call<'_> {
    // DEVIATION: the root of an account may assume roles; with AWS it may not.
    /// Whether the caller may have the session. Fails with `AccessDenied`.
    pub(super) fn check_caller(
        &self,
        caller: &Caller,
        question: &Question<'_>,
    ) -> Result<(), StsError> {
        let principal = &*caller.principal;
        let trust = question.trust_policy()?;
        let conditions = self.conditions(question, Some(principal), caller.region.as_str());
        for action in question.actions("sts:AssumeRole") {
            let request = AccessRequest {
                principal: &principal.for_policies(),
                action,
                resource: question.wanted.role_arn,
                conditions: &conditions,
            };
            let verdicts = Verdicts::of(principal, Some((&trust, question.role.account)), &request);
            verdicts
                .decision(Granted::Nothing)
                .map_err(|_| StsError::denied(caller.arn(), action, question.wanted.role_arn))?;
        }
        Ok(())
    }

    /// Whether the trust policy lets somebody of a provider have the session. Fails with
    /// `AccessDenied`.
    pub(super) fn check_web_identity(
        &self,
        provider: &str,
        subject: &str,
        question: &Question<'_>,
    ) -> Result<(), StsError> {
        let trust = question.trust_policy()?;
        let conditions = self.conditions(question, None, self.region().as_str());
        let principal = policy::Principal {
            arn: subject,
            account: "",
            role_arn: None,
            unique_id: None,
            service: None,
            federated: Some(provider),
        };
        for action in question.actions(WITH_WEB_IDENTITY) {
            let verdict = trust.evaluate(&AccessRequest {
                principal: &principal,
                action,
                resource: question.wanted.role_arn,
                conditions: &conditions,
            });
            if verdict.allowed_by.is_none() {
                return Err(not_authorized(action));
            }
        }
        Ok(())
    }

    fn conditions<'a>(
        &'a self,
        question: &Question<'_>,
        principal: Option<&'a Principal>,
        region: &'a str,
    ) -> TrustConditions<'a> {
        let (facts, now) = (self.facts, self.service.clock.now());
        TrustConditions { facts, now, region, principal, given: question.condition_keys() }
    }
}

/// The error for somebody without an access key.
pub(super) fn not_authorized(action: &str) -> StsError {
    StsError::new("AccessDenied", format!("Not authorized to perform {action}"))
}

impl Question<'_> {
    fn trust_policy(&self) -> Result<Policy, KmsError> {
        let partition = Arn::parse(self.wanted.role_arn).map_or("aws", |arn| arn.partition);
        let policy = Policy::parse_in(&self.role.trust_policy, PolicyKind::Trust, partition);
        let mut policy = policy.map_err(|error| Damaged {
            record: format!("the trust policy of {}", self.wanted.role_arn),
            cause: error.to_string(),
        })?;
        policy.bind_principals(|arn| self.role.trust_principals.get(arn).cloned());
        Ok(policy)
    }

    /// What must be allowed: AWS asks for tags and source identities, also inherited ones, apart.
    fn actions(&self, assume: &'static str) -> impl Iterator<Item = &'static str> {
        let tag = (!self.wanted.tags.is_empty()).then_some("sts:TagSession");
        let identity = &self.wanted.source_identity;
        let set_identity = identity.as_ref().map(|_| "sts:SetSourceIdentity");
        [Some(assume), tag, set_identity].into_iter().flatten()
    }

    fn condition_keys(&self) -> BTreeMap<String, Vec<String>> {
        let Self { role, wanted, external_id, claims } = self;
        let mut keys = (*claims).clone();
        let mut one = |key: &str, value: &str| {
            keys.insert(key.to_owned(), vec![value.to_owned()]);
        };
        one("sts:rolesessionname", wanted.name);
        one("sts:durationseconds", &wanted.seconds.to_string());
        one("aws:resourceaccount", role.account.as_str());
        if let Some(id) = external_id {
            one("sts:externalid", id);
        }
        if let Some(identity) = &wanted.source_identity {
            one("sts:sourceidentity", identity);
        }
        for (key, value) in &wanted.tags {
            one(&format!("aws:requesttag/{}", key.to_lowercase()), value);
        }
        for (key, value) in &role.permissions.tags {
            let key = key.to_lowercase();
            one(&format!("aws:resourcetag/{key}"), value);
            one(&format!("iam:resourcetag/{key}"), value);
        }
        if !wanted.tags.is_empty() {
            keys.insert("aws:tagkeys".to_owned(), wanted.tags.keys().cloned().collect());
        }
        if !wanted.transitive_tags.is_empty() {
            let transitive = wanted.transitive_tags.iter().cloned().collect();
            keys.insert("sts:transitivetagkeys".to_owned(), transitive);
        }
        keys
    }
}

/// The values of condition keys when somebody wants to assume a role.
struct TrustConditions<'a> {
    facts: &'a RequestFacts<'a>,
    now: Timestamp,
    region: &'a str,
    /// None without an access key.
    principal: Option<&'a Principal>,
    given: BTreeMap<String, Vec<String>>,
}

impl ConditionKeys for TrustConditions<'_> {
    fn get(&self, key: &str) -> Option<Values<'_>> {
        if let Some(values) = self.given.get(key) {
            return Some(global_keys::given(values));
        }
        let Some(name) = key.strip_prefix("aws:") else {
            return global_keys::of_claims(self.principal?, key);
        };
        if name == "requestedregion" {
            return Some(Values::One(Cow::Borrowed(self.region)));
        }
        global_keys::of_request(self.facts, self.now, name)
            .or_else(|| global_keys::of_principal(self.principal?, name))
    }
}

/// What somebody of a provider does.
pub(super) const WITH_WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";
