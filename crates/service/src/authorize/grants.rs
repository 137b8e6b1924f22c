//! Whether a grant permits a request.
//!
//! AWS: AWS KMS Developer Guide, "Grants in AWS KMS", "Using grant constraints".

use super::Granted;
use super::conditions::{CONTEXT_EQUALS, Conditions};
use crate::context::Context;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use trent_api::KmsError;
use trent_api::enums::GrantOperation;
use trent_core::grant::{Principal as Named, Terms};
use trent_core::identity::root_arn;
use trent_core::{Grant, KmsKey};

impl Context<'_> {
    /// What the grants of the key give to the caller for the action.
    pub(super) async fn granted(
        &self,
        key: &KmsKey,
        conditions: &Conditions<'_>,
    ) -> Result<Granted, KmsError> {
        let Some(operation) = GrantOperation::from_name(self.action) else {
            return Ok(Granted::Nothing);
        };
        let principal = &self.caller.principal;
        let account = root_arn(self.region().partition(), principal.account);
        let arn = key.arn();
        let grants = self.service.granted(&arn).await?;
        let permits = |grant: &Grant| {
            let is_same = grant.grantee_id.is_none() || grant.grantee_id == principal.unique_id;
            is_same && self.permits(&grant.terms, operation, conditions)
        };
        for grantee in [Some(&principal.arn), principal.role_arn.as_ref()].into_iter().flatten() {
            if grants.get(grantee).is_some_and(|grants| grants.iter().any(permits)) {
                return Ok(Granted::Directly);
            }
        }
        let to_account = grants.get(&account).is_some_and(|grants| grants.iter().any(permits));
        // A grant of which only a token is known is in force too, on every node at once.
        Ok(if to_account { Granted::ToAccount } else { Granted::Nothing })
    }

    /// Whether the caller may retire the grant: as its retiring principal, as its grantee if
    /// RetireGrant is among the operations, or by an IAM policy of the account that issued it. Key
    /// policies have no say. Raises `AccessDeniedException`.
    pub(crate) fn authorize_retiring(&self, grant: &Grant) -> Result<(), KmsError> {
        if !self.service.settings.enforce {
            return Ok(());
        }
        let (terms, principal) = (&grant.terms, &*self.caller.principal);
        let is = |one: &Named, id: &Option<String>| match one {
            Named::Arn(arn) => principal.is(arn) && (id.is_none() || *id == principal.unique_id),
            Named::Service(_) => false,
        };
        let may_retire = terms.operations.contains(&GrantOperation::RetireGrant);
        let is_grantee = may_retire && is(&terms.grantee, &grant.grantee_id);
        let is_retiring = terms.retiring.as_ref().is_some_and(|one| is(one, &grant.retiring_id));
        let is_named = is_retiring || is_grantee;
        let may_issue = grant.issuing_account == principal.account;
        let conditions = Conditions::of_grant(self, terms);
        let arn = grant.key_arn().to_string();
        self.authorize_by_grant(&arn, &conditions, is_named, may_issue)
    }

    /// Grants are listed for retiring principals of the caller's account; those of a service only
    /// to that service, which is no caller here. Raises `AccessDeniedException`.
    pub(crate) fn check_may_list_retirable(&self, arn: Option<&str>) -> Result<(), KmsError> {
        let account = arn.and_then(|arn| arn.split(':').nth(4));
        let is_own = account == Some(self.caller.account.as_str());
        if is_own || !self.service.settings.enforce {
            return Ok(());
        }
        Err(self.denied("this resource"))
    }

    fn permits(
        &self,
        terms: &Terms,
        operation: GrantOperation,
        conditions: &Conditions<'_>,
    ) -> bool {
        // A source ARN limits a grant to what services do for a resource; no caller here is one.
        terms.operations.contains(&operation)
            && terms.source_arn.is_none()
            && match operation {
                GrantOperation::DescribeKey | GrantOperation::RetireGrant => true,
                GrantOperation::CreateGrant => self.is_narrower(terms, conditions),
                _ => matches(terms, conditions.encryption_context()),
            }
    }

    /// Whether the grant that is asked for gives no more than the one that permits giving it.
    fn is_narrower(&self, parent: &Terms, conditions: &Conditions<'_>) -> bool {
        let operations = self.facts.texts("Operations").unwrap_or_default();
        let known = |name: &&str| {
            GrantOperation::from_name(name).is_some_and(|one| parent.operations.contains(&one))
        };
        if !operations.iter().all(known) {
            return false;
        }
        let child = conditions.grant_constraint();
        match (&parent.context_equals, &parent.context_subset, child) {
            (None, None, _) => true,
            (Some(equals), _, Some((CONTEXT_EQUALS, pairs))) => is_equal(equals, pairs),
            (None, Some(subset), Some((_, pairs))) => is_subset(subset, pairs),
            _ => false,
        }
    }
}

fn matches(terms: &Terms, context: Option<&Map<String, Value>>) -> bool {
    let none = Map::new();
    let context = context.unwrap_or(&none);
    terms.context_equals.as_ref().is_none_or(|pairs| is_equal(pairs, context))
        && terms.context_subset.as_ref().is_none_or(|pairs| is_subset(pairs, context))
}

fn is_equal(pairs: &BTreeMap<String, String>, context: &Map<String, Value>) -> bool {
    let has = |(name, given): (&String, &Value)| {
        pairs.iter().any(|(known, value)| {
            known.to_lowercase() == name.to_lowercase() && given.as_str() == Some(value.as_str())
        })
    };
    pairs.len() == context.len() && is_subset(pairs, context) && context.iter().all(has)
}

/// Names are compared without case, values with it.
fn is_subset(pairs: &BTreeMap<String, String>, context: &Map<String, Value>) -> bool {
    pairs.iter().all(|(name, value)| {
        let name = name.to_lowercase();
        context.iter().any(|(other, given)| {
            other.to_lowercase() == name && given.as_str() == Some(value.as_str())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn context(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn equal_means_neither_more_nor_less() {
        let both = pairs(&[("a", "1"), ("A", "1")]);
        assert!(is_equal(&both, &context(json!({ "a": "1", "A": "1" }))));
        assert!(!is_equal(&both, &context(json!({ "a": "1", "b": "2" }))));
        let one = pairs(&[("Dept", "IT")]);
        assert!(is_equal(&one, &context(json!({ "dept": "IT" }))));
        assert!(!is_equal(&one, &context(json!({ "dept": "it" }))));
        assert!(!is_equal(&one, &context(json!({ "dept": "IT", "x": "y" }))));
        assert!(is_subset(&one, &context(json!({ "dept": "IT", "x": "y" }))));
        assert!(!is_subset(&one, &context(json!({}))));
    }
}
