//! What is checked of a key policy when it is put: that it is one, that its principals exist, and
//! that the caller can change it again.
//!
//! AWS: AWS KMS API Reference, "PutKeyPolicy"; AWS KMS Developer Guide, "Key policies in AWS KMS".

use super::conditions::Conditions;
use crate::context::Context;
use crate::identity::named::{Named, PrincipalArn};
use crate::identity::principal::PrincipalKind;
use std::collections::BTreeMap;
use trent_api::{ErrorCode, KmsError};
use trent_core::KeyArn;
use trent_core::key_policy::check_size;
use trent_iam::arn::Arn;
use trent_iam::policy::{AccessRequest, Policy, PolicyKind};

/// A key policy that was accepted, and which unique ids its user and role ARNs stand for.
pub(crate) struct AcceptedPolicy {
    pub(crate) text: String,
    pub(crate) principals: BTreeMap<String, String>,
}

impl Context<'_> {
    // DEVIATION: an account written as 12 digits stays so in the text of the policy.
    /// Checks a key policy that is to be the one of `key`. Raises `LimitExceededException`,
    /// `MalformedPolicyDocumentException`.
    pub(crate) async fn accept_key_policy(
        &self,
        key: &KeyArn,
        text: String,
        bypass_lockout_check: Option<bool>,
    ) -> Result<AcceptedPolicy, KmsError> {
        check_size(&text)?;
        let partition = key.region.partition();
        let policy = Policy::parse_in(&text, PolicyKind::Resource, partition);
        let mut policy = policy.map_err(|error| {
            if error.is_invalid_principal() {
                invalid_principal()
            } else {
                malformed(error.to_string())
            }
        })?;
        if policy.for_all_values_keys().any(is_single_valued) {
            return Err(malformed(OVERLY_PERMISSIVE.to_owned()));
        }
        if !self.service.settings.enforce {
            return Ok(AcceptedPolicy { text, principals: BTreeMap::new() });
        }
        let mut principals = BTreeMap::new();
        for arn in policy.aws_principals() {
            match self.named(arn).await? {
                Named::Nobody => return Err(invalid_principal()),
                Named::Somebody => {}
                Named::Identity(id) => {
                    principals.insert(arn.to_owned(), id);
                }
            }
        }
        policy.bind_principals(|arn| principals.get(arn).cloned());
        if bypass_lockout_check != Some(true) && !self.can_change_policy(key, &policy) {
            let message = "The new key policy will not allow you to update the key policy in the \
                           future.";
            return Err(malformed(message.to_owned()));
        }
        Ok(AcceptedPolicy { text, principals })
    }

    /// What an ARN names that a key policy or a grant gives something to.
    pub(crate) async fn named(&self, arn: &str) -> Result<Named, KmsError> {
        use PrincipalArn as P;
        let parsed = Arn::parse(arn).filter(|arn| arn.partition == self.region().partition());
        let Some((partition, principal)) =
            parsed.and_then(|arn| Some((arn.partition, P::of(&arn)?)))
        else {
            return Ok(Named::Nobody);
        };
        let (directory, records) = (&self.service.directory, &self.service.records);
        let id = match principal {
            P::FederatedUser => return Ok(Named::Somebody),
            P::Root(account) => {
                let is_known = self.service.settings.credentials.accepts_any_account()
                    || account == self.caller.account
                    || directory.has_account(records, account).await?;
                return Ok(if is_known { Named::Somebody } else { Named::Nobody });
            }
            P::User(account, name) => {
                let user = directory.user(records, account, name).await?;
                user.filter(|user| user.arn(partition) == arn).map(|user| user.id)
            }
            P::Role(account, name) => {
                let role = directory.role(records, account, name).await?;
                role.filter(|role| role.arn(partition) == arn).map(|role| role.id)
            }
            P::Session(account, name) => {
                directory.role(records, account, name).await?.map(|role| role.id)
            }
        };
        Ok(id.map_or(Named::Nobody, Named::Identity))
    }

    /// Whether the caller could call PutKeyPolicy under the policy, itself or through its account.
    fn can_change_policy(&self, key: &KeyArn, policy: &Policy) -> bool {
        let cx = self.with_action("PutKeyPolicy");
        let principal = &*self.caller.principal;
        let conditions = Conditions::without_key(&cx, &key.region);
        let request = AccessRequest {
            principal: &principal.for_policies(),
            action: "kms:PutKeyPolicy",
            resource: &key.to_string(),
            conditions: &conditions,
        };
        let verdict = policy.evaluate(&request);
        let is_own = principal.account == key.account;
        let delegated =
            verdict.delegated_by.is_some() && (principal.kind == PrincipalKind::Root || is_own);
        verdict.denied_by.is_none() && (verdict.allowed_by.is_some() || delegated)
    }
}

/// Condition keys of which a request has one value, with which ForAllValues is a mistake.
fn is_single_valued(key: &str) -> bool {
    ["kms:encryptioncontext:", "aws:requesttag/", "aws:resourcetag/"]
        .iter()
        .any(|prefix| key.starts_with(prefix))
}

fn invalid_principal() -> KmsError {
    malformed("Policy contains a statement with one or more invalid principals.".to_owned())
}

fn malformed(message: String) -> KmsError {
    KmsError::new(ErrorCode::MalformedPolicyDocument, message)
}

/// The text for ForAllValues with a single-valued condition key.
const OVERLY_PERMISSIVE: &str = "OverlyPermissiveCondition: Using the ForAllValues set operator \
    with a single-valued condition key matches requests without the specified [encryption context \
    or tag] or with an unspecified [encryption context or tag]. To fix, remove ForAllValues.";
