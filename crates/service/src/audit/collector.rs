//! What a request shows of itself while it is worked on, for its record.

use crate::authenticate::Caller;
use crate::authorize::{Denial, Granted, Layer, Verdicts};
use crate::identity::principal::Principal;
use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use trent_core::{KeyArn, KeyMaterialId};
use trent_crypto::attestation::Attestation;
use trent_iam::policy::Policy;

/// Collects, or does nothing where there is no audit log.
#[derive(Default)]
pub(crate) struct Collector(Option<Mutex<Collected>>);

/// What was collected.
#[derive(Default)]
pub(super) struct Collected {
    pub(super) caller: Option<Caller>,
    /// The action of AWS STS.
    pub(super) action: Option<String>,
    pub(super) web_identity: Option<WebIdentityUser>,
    pub(super) resources: Vec<Resource>,
    pub(super) decisions: Vec<Decision>,
    /// In the order of their use.
    pub(super) key_materials: Vec<KeyMaterialId>,
    pub(super) recipient: Option<Arc<Attestation>>,
    /// Of AWS STS, whose parameters are no JSON.
    pub(super) parameters: Vec<(&'static str, String)>,
    pub(super) session: Option<BegunSession>,
    grant: Option<String>,
}

/// What a request is about.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Resource {
    Key(KeyArn),
    /// Another type of resource, its ARN.
    Other(&'static str, String),
}

/// Why a request is permitted or not.
pub(super) struct Decision {
    pub(super) action: &'static str,
    pub(super) verdict: &'static str,
    pub(super) policy: Cow<'static, str>,
    pub(super) statement: Option<String>,
    pub(super) grant: Option<String>,
}

/// Who calls with a token of an OpenID Connect issuer.
pub(super) struct WebIdentityUser {
    pub(super) provider: String,
    pub(super) audience: String,
    pub(super) subject: String,
}

/// The session that an answer of AWS STS begins.
pub(super) struct BegunSession {
    pub(super) access_key_id: String,
    pub(super) expiration: String,
    pub(super) assumed_role_id: String,
    pub(super) arn: String,
}

impl Collector {
    /// A collector that collects.
    pub(crate) fn on() -> Self {
        Self(Some(Mutex::default()))
    }

    /// Who calls.
    pub(crate) fn caller(&self, caller: &Caller) {
        self.with(|collected| collected.caller = Some(caller.clone()));
    }

    /// A key that the request is about.
    pub(crate) fn key(&self, arn: &KeyArn) {
        self.with(|collected| collected.add(Resource::Key(arn.clone())));
    }

    /// An alias or a role that the request is about, by its type and ARN.
    pub(crate) fn resource(&self, kind: &'static str, arn: impl FnOnce() -> String) {
        self.with(|collected| collected.add(Resource::Other(kind, arn())));
    }

    /// Key material that was used.
    pub(crate) fn key_material(&self, id: Option<KeyMaterialId>) {
        self.with(|collected| collected.key_materials.extend(id));
    }

    /// What the recipient of the answer has attested.
    pub(crate) fn recipient(&self, attestation: &Arc<Attestation>) {
        self.with(|collected| collected.recipient = Some(Arc::clone(attestation)));
    }

    /// The grant that the next decision is by, should grants matter.
    pub(crate) fn grant(&self, id: &str) {
        self.with(|collected| collected.grant = Some(id.to_owned()));
    }

    /// A decision over `action`. `resource` is the name of the policy of the resource, and it.
    pub(crate) fn decided(
        &self,
        action: &'static str,
        principal: &Principal,
        resource: Option<(&'static str, &Policy)>,
        (verdicts, granted): (&Verdicts, Granted),
        decision: Result<(), Denial>,
    ) {
        self.with(|collected| {
            let grant = collected.grant.take();
            let one = decision_of(principal, resource, (verdicts, granted), decision);
            collected.decisions.push(Decision {
                action,
                grant: grant.filter(|_| decision.is_ok() && granted != Granted::Nothing),
                ..one
            });
        });
    }

    /// A parameter of AWS STS.
    pub(crate) fn parameter(&self, name: &'static str, value: &str) {
        self.with(|collected| collected.parameters.push((name, value.to_owned())));
    }

    /// The action of AWS STS that is called.
    pub(crate) fn action(&self, name: &str) {
        self.with(|collected| collected.action = Some(name.to_owned()));
    }

    /// Who calls AWS STS with a web identity token.
    pub(crate) fn web_identity(&self, provider: &str, audience: &str, subject: &str) {
        self.with(|collected| {
            collected.web_identity = Some(WebIdentityUser {
                provider: provider.to_owned(),
                audience: audience.to_owned(),
                subject: subject.to_owned(),
            });
        });
    }

    /// The session that AWS STS begins. Neither its secret nor its token come here.
    pub(crate) fn session(
        &self,
        access_key_id: &str,
        expiration: &str,
        assumed_role_id: &str,
        arn: &str,
    ) {
        self.with(|collected| {
            collected.session = Some(BegunSession {
                access_key_id: access_key_id.to_owned(),
                expiration: expiration.to_owned(),
                assumed_role_id: assumed_role_id.to_owned(),
                arn: arn.to_owned(),
            });
        });
    }

    /// Does something with what was collected, if anything is.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Collected) -> T) -> Option<T> {
        let collected = self.0.as_ref()?;
        Some(work(&mut collected.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Collected {
    /// Lost races and changes of a key name it again.
    fn add(&mut self, resource: Resource) {
        if !self.resources.contains(&resource) {
            self.resources.push(resource);
        }
    }
}

/// Which policy and statement decided.
fn decision_of(
    principal: &Principal,
    resource: Option<(&'static str, &Policy)>,
    (verdicts, granted): (&Verdicts, Granted),
    decision: Result<(), Denial>,
) -> Decision {
    let by = |verdict, policy: Cow<'static, str>, statement| Decision {
        action: "",
        verdict,
        policy,
        statement,
        grant: None,
    };
    let resource_policy = resource.map_or("resource-based policy", |(name, _)| name);
    let of_resource = |index: Option<usize>| Some(resource?.1.statement_name(index?));
    let name = |layer| match layer {
        Layer::KeyPolicy => resource_policy,
        Layer::Identity => "identity-based policy",
        Layer::Boundary => "permissions boundary",
        Layer::Session => "session policy",
    };
    let of_identity = |found: Option<(usize, usize)>| {
        let (name, policy) = principal.policies.get(found?.0)?;
        let policy_name = Cow::Owned(format!("identity-based policy {name}"));
        Some((policy_name, Some(policy.statement_name(found?.1))))
    };
    match decision {
        Err(Denial::Foreign) => by("ImplicitDeny", resource_policy.into(), None),
        Err(Denial::Missing(layer)) => by("ImplicitDeny", name(layer).into(), None),
        Err(Denial::Explicit(Layer::Identity)) => {
            let (policy, statement) =
                of_identity(verdicts.identity()).unwrap_or((name(Layer::Identity).into(), None));
            by("ExplicitDeny", policy, statement)
        }
        Err(Denial::Explicit(Layer::KeyPolicy)) => {
            let statement = of_resource(verdicts.resource().and_then(|one| one.denied_by));
            by("ExplicitDeny", resource_policy.into(), statement)
        }
        Err(Denial::Explicit(layer)) => by("ExplicitDeny", name(layer).into(), None),
        Ok(()) => {
            if let Some(statement) = of_resource(verdicts.resource().and_then(|one| one.allowed_by))
            {
                return by("Allow", resource_policy.into(), Some(statement));
            }
            if granted == Granted::Directly {
                return by("Allow", "grant".into(), None);
            }
            let (policy, statement) =
                of_identity(verdicts.identity()).unwrap_or(("root of the account".into(), None));
            by("Allow", policy, statement)
        }
    }
}
