//! Who may do what: the decision over key policy, identity-based policies, permissions boundary,
//! session policies and grants.
//!
//! AWS: IAM User Guide, "Policy evaluation logic"; AWS KMS Developer Guide, "Key policies in AWS
//! KMS", "Grants in AWS KMS", "Allowing users in other accounts to use a KMS key".

pub(crate) mod conditions;
pub(crate) mod explain;
pub(crate) mod global_keys;
mod grants;
mod message;
pub(crate) mod policy_checks;
pub(crate) mod request;

use crate::cache::OpenKey;
use crate::context::Context;
use crate::identity::principal::{Principal, PrincipalKind};
use conditions::Conditions;
pub(crate) use message::Resource;
use trent_api::KmsError;
use trent_core::{AccountId, AliasName, KmsKey, Region};
use trent_iam::policy::{AccessRequest, Policy, Verdict};

/// A kind of policy, as messages name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    KeyPolicy,
    Identity,
    Boundary,
    Session,
}

/// Why something is not permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denial {
    /// A statement denies it.
    Explicit(Layer),
    /// No policy of this kind allows it.
    Missing(Layer),
    /// The key of another account, which does not allow it: not told apart from no key at all.
    Foreign,
}

/// What a grant gives to a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Granted {
    Nothing,
    /// To the caller itself.
    Directly,
    /// To the caller's account, whose IAM policies must allow it too.
    ToAccount,
}

/// What the policies say of one request, before grants are looked at.
pub(crate) struct Verdicts {
    is_root: bool,
    is_foreign: bool,
    /// Of the key policy; none where no key is involved.
    key: Option<Verdict>,
    identity: Said,
    boundary: Said,
    sessions: Said,
}

/// What all policies of a kind say together.
#[derive(Clone, Copy)]
struct Said {
    denies: bool,
    allows: bool,
    /// The first policy that denies, or else the first that allows, and the statement in it: by
    /// their places.
    by: Option<(usize, usize)>,
}

impl Said {
    /// Of policies of which one that allows is enough.
    fn by_any<'a>(policies: impl Iterator<Item = &'a Policy>, request: &AccessRequest<'_>) -> Self {
        policies.map(|policy| policy.evaluate(request)).enumerate().fold(
            Self { denies: false, allows: false, by: None },
            |said, (index, verdict)| {
                let place = |statement| (index, statement);
                let denied_by = verdict.denied_by.map(place).filter(|_| !said.denies);
                Self {
                    denies: said.denies || verdict.denied_by.is_some(),
                    allows: said.allows || verdict.allowed_by.is_some(),
                    by: denied_by.or(said.by).or(verdict.allowed_by.map(place)),
                }
            },
        )
    }

    /// Of policies that limit: each must allow.
    fn by_all<'a>(policies: impl Iterator<Item = &'a Policy>, request: &AccessRequest<'_>) -> Self {
        policies.map(|policy| policy.evaluate(request)).fold(
            Self { denies: false, allows: true, by: None },
            |said, verdict| Self {
                denies: said.denies || verdict.denied_by.is_some(),
                allows: said.allows && verdict.allowed_by.is_some(),
                by: None,
            },
        )
    }
}

impl Verdicts {
    /// Evaluates all policies. `key` is the policy of the key, if one is involved, and its account.
    pub(crate) fn of(
        principal: &Principal,
        key: Option<(&Policy, AccountId)>,
        request: &AccessRequest<'_>,
    ) -> Self {
        let policies = principal.policies.iter().map(|(_, policy)| policy);
        let sessions = principal.session.iter().flat_map(|session| &session.policies);
        Self {
            is_root: principal.kind == PrincipalKind::Root,
            is_foreign: key.is_some_and(|(_, account)| account != principal.account),
            key: key.map(|(policy, _)| policy.evaluate(request)),
            identity: Said::by_any(policies, request),
            boundary: Said::by_all(principal.boundary.iter(), request),
            sessions: Said::by_all(sessions, request),
        }
    }

    /// What the policy of the resource says.
    pub(crate) fn resource(&self) -> Option<&Verdict> {
        self.key.as_ref()
    }

    /// The policy of the principal that decides for the principal's policies, and the statement in
    /// it.
    pub(crate) fn identity(&self) -> Option<(usize, usize)> {
        self.identity.by
    }

    /// The decision, given what grants give.
    pub(crate) fn decision(&self, granted: Granted) -> Result<(), Denial> {
        let (direct, delegated) = self.key.map_or((false, false), |key| {
            (
                key.allowed_by.is_some() || granted == Granted::Directly,
                key.delegated_by.is_some() || granted == Granted::ToAccount,
            )
        });
        let is_denied_by_key = self.key.is_some_and(|key| key.denied_by.is_some());
        // Before the caller's own policies: what they deny, and on which conditions, would tell of
        // a key that is none of the caller's business.
        if self.is_foreign && (is_denied_by_key || !(direct || delegated)) {
            return Err(Denial::Foreign);
        }
        if self.identity.denies {
            return Err(Denial::Explicit(Layer::Identity));
        }
        if self.boundary.denies {
            return Err(Denial::Explicit(Layer::Boundary));
        }
        if self.sessions.denies {
            return Err(Denial::Explicit(Layer::Session));
        }
        let identity_allows = self.is_root || self.identity.allows;
        if is_denied_by_key {
            return Err(Denial::Explicit(Layer::KeyPolicy));
        }
        if self.key.is_some() && !direct && !delegated {
            return Err(Denial::Missing(Layer::KeyPolicy));
        }
        if !identity_allows && (self.is_foreign || !direct) {
            return Err(Denial::Missing(Layer::Identity));
        }
        // DEVIATION: a key policy that names a user or a session itself is limited by the
        // permissions boundary and the session policies too; with AWS it is not always.
        if !self.boundary.allows {
            return Err(Denial::Missing(Layer::Boundary));
        }
        if !self.sessions.allows {
            return Err(Denial::Missing(Layer::Session));
        }
        Ok(())
    }
}

impl Context<'_> {
    /// Whether the caller may do the action to the key. Raises `AccessDeniedException`.
    pub(crate) async fn authorize_key(
        &self,
        key: &OpenKey,
        alias: Option<&AliasName>,
        named_by: Resource<'_>,
    ) -> Result<(), KmsError> {
        if !self.service.settings.enforce {
            return Ok(());
        }
        let principal = &*self.caller.principal;
        let conditions = Conditions::of_key(self, key, alias).await?;
        conditions.check_size()?;
        let arn = key.key.value.arn().text();
        let action = ["kms:", self.action].concat();
        let request = access_request(principal, &action, &arn, &conditions);
        let policy = key.policy()?;
        let owner = key.key.value.account;
        let verdicts = Verdicts::of(principal, Some((policy, owner)), &request.request());
        let mut granted = Granted::Nothing;
        let mut decision = verdicts.decision(granted);
        if matches!(decision, Err(Denial::Missing(_) | Denial::Foreign)) {
            granted = self.granted(&key.key.value, &conditions).await?;
            decision = verdicts.decision(granted);
        }
        let resource = Some((KEY_POLICY, policy));
        let reasons = (&verdicts, granted);
        self.facts.audit.decided(self.action, principal, resource, reasons, decision);
        decision.map_err(|denial| message::denied(self, denial, &named_by.or_arn(&arn)))?;
        conditions.check_one_answer()
    }

    /// Whether the caller's identity-based policies allow the action where no key is involved, on
    /// `*` or an alias ARN. Raises `AccessDeniedException`.
    pub(crate) fn authorize_identity(&self, resource: &str) -> Result<(), KmsError> {
        self.authorize_identity_with(resource, &Conditions::without_key(self, self.region()))
    }

    /// The permissions that ReplicateKey needs in the Region of the replica. Raises
    /// `AccessDeniedException`.
    pub(crate) fn authorize_creation_of_replica(
        &self,
        primary: &KmsKey,
        region: &Region,
        has_tags: bool,
    ) -> Result<(), KmsError> {
        let tagging = has_tags.then_some("TagResource");
        for action in ["CreateKey"].into_iter().chain(tagging) {
            let cx = self.with_action(action);
            cx.authorize_identity_with("*", &Conditions::of_replica(&cx, primary, region))?;
        }
        Ok(())
    }

    /// Whether the caller may do something to a grant, given whether the grant names it, and
    /// whether IAM policies of its account have a say.
    fn authorize_by_grant(
        &self,
        arn: &str,
        conditions: &Conditions<'_>,
        is_named: bool,
        may_issue: bool,
    ) -> Result<(), KmsError> {
        let principal = &*self.caller.principal;
        let action = ["kms:", self.action].concat();
        let request = access_request(principal, &action, arn, conditions);
        let verdicts = Verdicts::of(principal, None, &request.request());
        let allows = is_named || verdicts.identity.allows;
        let verdicts = Verdicts { identity: Said { allows, ..verdicts.identity }, ..verdicts };
        let decision = if is_named || may_issue {
            verdicts.decision(Granted::Nothing)
        } else {
            Err(Denial::Foreign)
        };
        let reasons = (&verdicts, if is_named { Granted::Directly } else { Granted::Nothing });
        self.facts.audit.decided(self.action, principal, None, reasons, decision);
        decision.map_err(|denial| message::denied(self, denial, &Resource::Named(arn)))
    }

    fn authorize_identity_with(
        &self,
        resource: &str,
        conditions: &Conditions<'_>,
    ) -> Result<(), KmsError> {
        if !self.service.settings.enforce {
            return Ok(());
        }
        let principal = &*self.caller.principal;
        let action = ["kms:", self.action].concat();
        let request = access_request(principal, &action, resource, conditions);
        let verdicts = Verdicts::of(principal, None, &request.request());
        let decision = verdicts.decision(Granted::Nothing);
        let reasons = (&verdicts, Granted::Nothing);
        self.facts.audit.decided(self.action, principal, None, reasons, decision);
        decision.map_err(|denial| message::denied(self, denial, &Resource::Named(resource)))
    }
}

/// The policy of a key, as the audit log names it.
const KEY_POLICY: &str = "key policy";

/// Owns what an [`AccessRequest`] borrows.
struct Asking<'a> {
    principal: trent_iam::policy::Principal<'a>,
    action: &'a str,
    resource: &'a str,
    conditions: &'a Conditions<'a>,
}

fn access_request<'a>(
    principal: &'a Principal,
    action: &'a str,
    resource: &'a str,
    conditions: &'a Conditions<'a>,
) -> Asking<'a> {
    Asking { principal: principal.for_policies(), action, resource, conditions }
}

impl Asking<'_> {
    fn request(&self) -> AccessRequest<'_> {
        AccessRequest {
            principal: &self.principal,
            action: self.action,
            resource: self.resource,
            conditions: self.conditions,
        }
    }
}
