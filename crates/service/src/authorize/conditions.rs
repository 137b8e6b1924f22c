//! The values of condition keys for one request, found when a policy asks for them.
//!
//! AWS: AWS KMS Developer Guide, "AWS KMS condition keys"; IAM User Guide, "AWS global condition
//! context keys".

use super::global_keys;
use crate::cache::OpenKey;
use crate::context::Context;
use crate::identity::principal::Principal;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use trent_api::{ErrorCode, KmsError, Operation};
use trent_core::alias::ALIASES_PER_KEY_MAX;
use trent_core::grant::Terms;
use trent_core::{AliasName, KmsKey, Region};
use trent_iam::policy::{ConditionKeys, Values};

/// Where the values come from.
pub(crate) struct Conditions<'a> {
    cx: &'a Context<'a>,
    principal: &'a Principal,
    region: &'a Region,
    key: Option<&'a KmsKey>,
    /// The alias by which the request names the key.
    alias: Option<&'a AliasName>,
    /// The aliases of the key, if a policy asks for them.
    aliases: Option<Vec<String>>,
    /// Whole days without use of the key, if a policy asks for them.
    unused_days: Option<i64>,
    /// For RetireGrant: the constraint of the grant.
    constraint: Option<(&'static str, Map<String, Value>)>,
    /// Whether a policy asked for a name of the encryption context that there is in several cases.
    is_ambiguous: AtomicBool,
    /// The encryption context, once something asks for a pair of it.
    folded_context: OnceLock<FoldedContext>,
}

/// The pairs of an encryption context by their names in lower case: large ones are searched often.
#[derive(Default)]
pub(crate) struct FoldedContext {
    pairs: HashMap<String, BTreeSet<String>>,
    /// How many pairs there are, also those whose names differ in case alone.
    count: usize,
}

impl FoldedContext {
    fn of(context: &Map<String, Value>) -> Self {
        let mut folded = Self { count: context.len(), ..Self::default() };
        for (name, value) in context {
            let values = folded.pairs.entry(name.to_lowercase()).or_default();
            values.extend(value.as_str().map(str::to_owned));
        }
        folded
    }

    /// The value of a name in lower case, if there is one and no other.
    fn only(&self, name: &str) -> Option<&str> {
        let values = self.pairs.get(name)?;
        values.first().filter(|_| values.len() == 1).map(String::as_str)
    }

    /// Whether a name in lower case has several values.
    fn is_ambiguous(&self, name: &str) -> bool {
        self.pairs.get(name).is_some_and(|values| values.len() > 1)
    }

    /// Whether all these pairs are there: names are compared without case, values with it.
    pub(super) fn includes(&self, pairs: &BTreeMap<String, String>) -> bool {
        pairs.iter().all(|(name, value)| {
            self.pairs.get(&name.to_lowercase()).is_some_and(|values| values.contains(value))
        })
    }

    /// Whether just these pairs are there.
    pub(super) fn equals(&self, pairs: &BTreeMap<String, String>) -> bool {
        let is_wanted = |(name, values): (&String, &BTreeSet<String>)| {
            values.iter().all(|value| {
                pairs.iter().any(|(other, wanted)| other.to_lowercase() == *name && wanted == value)
            })
        };
        self.count == pairs.len() && self.includes(pairs) && self.pairs.iter().all(is_wanted)
    }
}

impl<'a> Conditions<'a> {
    /// For a request about a key.
    pub(crate) async fn of_key(
        cx: &'a Context<'a>,
        key: &'a OpenKey,
        alias: Option<&'a AliasName>,
    ) -> Result<Self, KmsError> {
        let principal = &*cx.caller.principal;
        let policies = || {
            let sessions = principal.session.iter().flat_map(|session| &session.policies);
            let identity = principal.policies.iter().map(|(_, policy)| policy);
            identity.chain(&principal.boundary).chain(sessions)
        };
        let key_policy = key.policy()?;
        let by_aliases = "kms:resourcealiases";
        let aliases = if policies().any(|policy| policy.uses_condition_key(by_aliases)) {
            Some(aliases(cx, &key.key.value).await?)
        } else {
            None
        };
        let by_days = "kms:trailingdayswithoutkeyusage";
        let mut all = policies().chain([key_policy]);
        let unused_days = if all.any(|policy| policy.uses_condition_key(by_days)) {
            Some(unused_days(cx, &key.key.value).await?)
        } else {
            None
        };
        let region = cx.region();
        let key = Some(&key.key.value);
        Ok(Self { key, alias, aliases, unused_days, ..Self::without_key(cx, region) })
    }

    /// For a request that is not about a key, or about one that does not exist yet.
    pub(crate) fn without_key(cx: &'a Context<'a>, region: &'a Region) -> Self {
        let principal = &*cx.caller.principal;
        Self {
            cx,
            principal,
            region,
            key: None,
            alias: None,
            aliases: None,
            unused_days: None,
            constraint: None,
            is_ambiguous: AtomicBool::new(false),
            folded_context: OnceLock::new(),
        }
    }

    /// For the permission to create a replica of a key in another Region.
    pub(crate) fn of_replica(cx: &'a Context<'a>, primary: &'a KmsKey, region: &'a Region) -> Self {
        Self { key: Some(primary), ..Self::without_key(cx, region) }
    }

    /// For the permission to retire a grant.
    pub(crate) fn of_grant(cx: &'a Context<'a>, terms: &Terms) -> Self {
        let pairs = |pairs: &BTreeMap<String, String>| {
            pairs.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect()
        };
        let equals = terms.context_equals.as_ref().map(|map| (CONTEXT_EQUALS, pairs(map)));
        let subset = terms.context_subset.as_ref().map(|map| (CONTEXT_SUBSET, pairs(map)));
        Self { constraint: equals.or(subset), ..Self::without_key(cx, cx.region()) }
    }

    /// The encryption context that the action is about.
    pub(crate) fn encryption_context(&self) -> Option<&Map<String, Value>> {
        let facts = self.cx.facts;
        let member = match self.cx.action {
            "Encrypt"
            | "Decrypt"
            | "GenerateDataKey"
            | "GenerateDataKeyPair"
            | "GenerateDataKeyPairWithoutPlaintext"
            | "GenerateDataKeyWithoutPlaintext" => "EncryptionContext",
            "ReEncryptFrom" => "SourceEncryptionContext",
            "ReEncryptTo" => "DestinationEncryptionContext",
            "CreateGrant" | "RetireGrant" => {
                return self.grant_constraint().map(|(_, pairs)| pairs);
            }
            _ => return None,
        };
        facts.member(member)?.as_object()
    }

    /// The same, to be searched for pairs; empty if there is none.
    pub(super) fn folded_context(&self) -> &FoldedContext {
        self.folded_context
            .get_or_init(|| self.encryption_context().map(FoldedContext::of).unwrap_or_default())
    }

    /// The kind of the grant constraint with its pairs.
    pub(crate) fn grant_constraint(&self) -> Option<(&'static str, &Map<String, Value>)> {
        if let Some((kind, pairs)) = &self.constraint {
            return Some((kind, pairs));
        }
        if self.cx.action != "CreateGrant" {
            return None;
        }
        let constraints = self.cx.facts.member("Constraints")?;
        // Beside one with pairs an empty one says nothing.
        [CONTEXT_EQUALS, CONTEXT_SUBSET]
            .into_iter()
            .filter_map(|kind| Some((kind, constraints.get(kind)?.as_object()?)))
            .min_by_key(|(_, pairs)| pairs.is_empty())
    }

    // DEVIATION: where policies are enforced, an encryption context has at most 8,192 bytes.
    // AWS has not published a bound; without one, a policy of many patterns takes seconds.
    /// Raises `ValidationException` for an encryption context that would take long to judge.
    pub(super) fn check_size(&self) -> Result<(), KmsError> {
        // What fits into the body is not longer than it.
        if self.cx.facts.body.len() <= CONTEXT_BYTES_MAX {
            return Ok(());
        }
        let pairs = self.encryption_context().into_iter().flatten();
        let sizes = pairs.map(|(name, value)| name.len() + value.as_str().map_or(0, str::len));
        if sizes.sum::<usize>() <= CONTEXT_BYTES_MAX {
            return Ok(());
        }
        let message = format!(
            "The encryption context exceeds the maximum size of {CONTEXT_BYTES_MAX} bytes."
        );
        Err(KmsError::new(ErrorCode::Validation, message))
    }

    // DEVIATION: where a policy asks for a name of the encryption context and there are several
    // that differ only in case, the request is refused: which of them counts is not published.
    /// Raises `ValidationException` if what a policy asked for has no one answer.
    pub(crate) fn check_one_answer(&self) -> Result<(), KmsError> {
        if !self.is_ambiguous.load(Ordering::Relaxed) {
            return Ok(());
        }
        let message = "The encryption context has names that differ only in case, and a policy \
                       depends on one of them.";
        Err(KmsError::new(ErrorCode::Validation, message))
    }

    fn kms(&self, name: &str) -> Option<Values<'_>> {
        if let Some(wanted) = name.strip_prefix("encryptioncontext:") {
            let context = self.folded_context();
            if context.is_ambiguous(wanted) {
                self.is_ambiguous.store(true, Ordering::Relaxed);
            }
            return one(context.only(wanted)?);
        }
        if let Some(register) = name.strip_prefix("recipientattestation:") {
            let attestation = self.cx.attestation.as_ref()?;
            return attested(attestation, register).map(owned);
        }
        match name {
            "calleraccount" => one(self.principal.account.as_str()),
            "customermasterkeyspec" | "keyspec" => self.spec(),
            "customermasterkeyusage" | "keyusage" => self.usage(),
            "keyorigin" => self.origin(),
            "multiregion" => self.is_multi_region().map(|is| owned(is.to_string())),
            "multiregionkeytype" => self.multi_region_type(),
            "encryptioncontextkeys" => {
                many(self.encryption_context()?.keys().map(String::as_str).collect())
            }
            "requestalias" => one(self.alias?.as_str()),
            "resourcealiases" => {
                let aliases = self.aliases.as_ref()?;
                // More than 50 make the key ineffective.
                let is_effective = aliases.len() <= ALIASES_PER_KEY_MAX as usize;
                is_effective.then(|| many(aliases.iter().map(String::as_str).collect()))?
            }
            "trailingdayswithoutkeyusage" => {
                matches!(self.cx.operation, Operation::DisableKey | Operation::ScheduleKeyDeletion)
                    .then(|| self.unused_days.map(|days| owned(days.to_string())))?
            }
            _ => self.of_request(name),
        }
    }

    /// Keys whose value is a member of the request, or its default.
    fn of_request(&self, name: &str) -> Option<Values<'_>> {
        let facts = self.cx.facts;
        let member = |member| facts.scalar(member).map(owned);
        let or = |given: &str, default: &str| {
            Some(owned(facts.scalar(given).unwrap_or_else(|| default.to_owned())))
        };
        match (name, self.cx.action) {
            ("bypasspolicylockoutsafetycheck", "CreateKey" | "PutKeyPolicy" | "ReplicateKey") => {
                member("BypassPolicyLockoutSafetyCheck")
            }
            ("datakeypairspec", "GenerateDataKeyPair" | "GenerateDataKeyPairWithoutPlaintext") => {
                member("KeyPairSpec")
            }
            ("encryptionalgorithm", "Encrypt" | "Decrypt") => {
                or("EncryptionAlgorithm", SYMMETRIC_DEFAULT)
            }
            ("encryptionalgorithm", "ReEncryptFrom") => {
                or("SourceEncryptionAlgorithm", SYMMETRIC_DEFAULT)
            }
            ("encryptionalgorithm", "ReEncryptTo") => {
                or("DestinationEncryptionAlgorithm", SYMMETRIC_DEFAULT)
            }
            ("encryptionalgorithm", action) if action.starts_with("GenerateDataKey") => {
                one(SYMMETRIC_DEFAULT)
            }
            ("expirationmodel", "ImportKeyMaterial") => member("ExpirationModel"),
            ("validto", "ImportKeyMaterial") => member("ValidTo"),
            ("grantconstrainttype", "CreateGrant" | "RetireGrant") => {
                one(self.grant_constraint()?.0)
            }
            ("grantconstraintsourcearn", "CreateGrant") => {
                one(facts.member("Constraints")?.get("SourceArn")?.as_str()?)
            }
            ("grantisforawsresource", "CreateGrant" | "ListGrants" | "RevokeGrant") => one("false"),
            ("grantoperations", "CreateGrant") => many(facts.texts("Operations")?),
            ("granteeprincipal", "CreateGrant") => member("GranteePrincipal"),
            ("granteeserviceprincipal", "CreateGrant") => member("GranteeServicePrincipal"),
            ("retiringprincipal", "CreateGrant") => member("RetiringPrincipal"),
            ("retiringserviceprincipal", "CreateGrant") => member("RetiringServicePrincipal"),
            ("keyagreementalgorithm", "DeriveSharedSecret") => member("KeyAgreementAlgorithm"),
            ("macalgorithm", "GenerateMac" | "VerifyMac") => member("MacAlgorithm"),
            ("messagetype", "Sign" | "Verify") => or("MessageType", "RAW"),
            ("signingalgorithm", "Sign" | "Verify") => member("SigningAlgorithm"),
            ("primaryregion", "UpdatePrimaryRegion") => member("PrimaryRegion"),
            ("reencryptonsamekey", "ReEncryptFrom" | "ReEncryptTo") => {
                Some(owned(self.cx.re_encrypts_on_same_key?.to_string()))
            }
            ("replicaregion", "ReplicateKey") => member("ReplicaRegion"),
            ("rotationperiodindays", "EnableKeyRotation") => member("RotationPeriodInDays"),
            ("schedulekeydeletionpendingwindowindays", "ScheduleKeyDeletion") => {
                member("PendingWindowInDays")
            }
            ("wrappingalgorithm", "GetParametersForImport") => member("WrappingAlgorithm"),
            ("wrappingkeyspec", "GetParametersForImport") => member("WrappingKeySpec"),
            _ => None,
        }
    }

    fn aws(&self, name: &str) -> Option<Values<'_>> {
        let facts = self.cx.facts;
        match name {
            "tagkeys" => {
                let keys = match self.cx.operation {
                    Operation::UntagResource => facts.texts("TagKeys").unwrap_or_default(),
                    _ if self.gives_tags() => facts.tags().map(|(key, _)| key).collect(),
                    _ => Vec::new(),
                };
                (!keys.is_empty()).then(|| many(keys))?
            }
            "resourceaccount" => one(self.key?.account.as_str()),
            "requestedregion" => one(self.region.as_str()),
            _ => self
                .tag(name)
                .or_else(|| global_keys::of_request(facts, self.cx.now, name))
                .or_else(|| global_keys::of_principal(self.principal, name)),
        }
    }

    fn tag(&self, name: &str) -> Option<Values<'_>> {
        let (kind, tag) = name.split_once('/')?;
        match kind {
            "resourcetag" => {
                let tags = self.key?.tags.iter();
                only(tags.map(|(key, value)| (key.as_str(), value.as_str())), tag).and_then(one)
            }
            "requesttag" if self.gives_tags() => only(self.cx.facts.tags(), tag).and_then(one),
            _ => None,
        }
    }

    fn gives_tags(&self) -> bool {
        use Operation as O;
        matches!(self.cx.operation, O::CreateKey | O::ReplicateKey | O::TagResource)
    }

    fn spec(&self) -> Option<Values<'_>> {
        match self.key {
            Some(key) => one(key.spec.as_str()),
            None => self.of_new_key(&["KeySpec", "CustomerMasterKeySpec"], SYMMETRIC_DEFAULT),
        }
    }

    fn usage(&self) -> Option<Values<'_>> {
        match self.key {
            Some(key) => one(key.usage.as_str()),
            None => self.of_new_key(&["KeyUsage"], "ENCRYPT_DECRYPT"),
        }
    }

    fn origin(&self) -> Option<Values<'_>> {
        match self.key {
            Some(key) => one(key.origin.as_str()),
            None => self.of_new_key(&["Origin"], "AWS_KMS"),
        }
    }

    fn is_multi_region(&self) -> Option<bool> {
        match self.key {
            Some(key) => Some(key.multi_region.is_some()),
            None if self.cx.action == "CreateKey" => {
                Some(self.cx.facts.scalar("MultiRegion").as_deref() == Some("true"))
            }
            None => None,
        }
    }

    fn multi_region_type(&self) -> Option<Values<'_>> {
        if !self.is_multi_region()? {
            return None;
        }
        let is_made = self.cx.operation == Operation::ReplicateKey && self.cx.action == "CreateKey";
        let is_replica = match &self.key.and_then(|key| key.multi_region.as_ref()) {
            Some(set) => is_made || set.primary != self.key?.region,
            None => false,
        };
        one(if is_replica { "REPLICA" } else { "PRIMARY" })
    }

    fn of_new_key(&self, members: &[&str], default: &str) -> Option<Values<'_>> {
        if self.cx.action != "CreateKey" {
            return None;
        }
        let given = members.iter().find_map(|member| self.cx.facts.scalar(member));
        Some(owned(given.unwrap_or_else(|| default.to_owned())))
    }
}

impl ConditionKeys for Conditions<'_> {
    fn get(&self, key: &str) -> Option<Values<'_>> {
        if let Some(values) = self.cx.facts.given.get(key) {
            return Some(global_keys::given(values));
        }
        match key.split_once(':')? {
            ("kms", name) => self.kms(name),
            ("aws", name) => self.aws(name),
            _ => global_keys::of_claims(self.principal, key),
        }
    }
}

fn attested(
    attestation: &trent_crypto::attestation::Attestation,
    register: &str,
) -> Option<String> {
    let indexed = |prefix: &str, registers: &BTreeMap<u8, Vec<u8>>| {
        let index = register.strip_prefix(prefix)?.parse().ok()?;
        registers.get(&index).map(hex::encode)
    };
    if register == "imagesha384" {
        return attestation.pcrs.get(&0).map(hex::encode);
    }
    indexed("pcr", &attestation.pcrs).or_else(|| indexed("nitrotpmpcr", &attestation.nitrotpm_pcrs))
}

/// The value of the tag with this key, which is in lower case.
///
/// AWS: IAM User Guide, `aws:ResourceTag`: the keys of tags are compared without case, and "not
/// both" of two that differ in case alone are meant. None is, then: whoever may give a tag must not
/// choose which one counts.
fn only<'t>(tags: impl Iterator<Item = (&'t str, &'t str)>, wanted: &str) -> Option<&'t str> {
    let mut values = tags.filter(|(key, _)| key.to_lowercase() == wanted).map(|(_, value)| value);
    values.next().filter(|_| values.next().is_none())
}

async fn aliases(cx: &Context<'_>, key: &KmsKey) -> Result<Vec<String>, KmsError> {
    let found = cx.service.aliases_of(&key.arn(), None, ALIASES_PER_KEY_MAX + 1).await?;
    Ok(found.into_iter().map(|alias| alias.value.name.to_string()).collect())
}

async fn unused_days(cx: &Context<'_>, key: &KmsKey) -> Result<i64, KmsError> {
    let usage = cx.service.last_usage(&key.arn()).await?;
    let since = usage.map_or(key.created, |usage| usage.at);
    Ok(cx.now.duration_since(since).as_secs() / SECONDS_PER_DAY)
}

#[expect(clippy::unnecessary_wraps, reason = "any value may be absent")]
fn one(value: &str) -> Option<Values<'_>> {
    Some(Values::One(Cow::Borrowed(value)))
}

fn owned<'a>(value: String) -> Values<'a> {
    Values::One(Cow::Owned(value))
}

#[expect(clippy::unnecessary_wraps, reason = "any value may be absent")]
fn many(values: Vec<&str>) -> Option<Values<'_>> {
    Some(Values::Many(values.into_iter().map(Cow::Borrowed).collect()))
}

/// The constraint that an encryption context has just these pairs.
pub(super) const CONTEXT_EQUALS: &str = "EncryptionContextEquals";

/// The constraint that an encryption context has these pairs among others.
const CONTEXT_SUBSET: &str = "EncryptionContextSubset";

/// Bytes of the names and values of an encryption context.
const CONTEXT_BYTES_MAX: usize = 8_192;

const SYMMETRIC_DEFAULT: &str = "SYMMETRIC_DEFAULT";

const SECONDS_PER_DAY: i64 = 86_400;
