//! Whether a grant permits a request.
//!
//! AWS: AWS KMS Developer Guide, "Grants in AWS KMS", "Using grant constraints".

use super::Granted;
use super::conditions::{CONTEXT_EQUALS, Conditions};
use crate::context::Context;
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
            if let Some(grant) =
                grants.get(grantee).and_then(|all| all.iter().find(|one| permits(one)))
            {
                self.facts.audit.grant(&grant.id);
                return Ok(Granted::Directly);
            }
        }
        let to_account = grants.get(&account).and_then(|all| all.iter().find(|one| permits(one)));
        if let Some(grant) = to_account {
            self.facts.audit.grant(&grant.id);
        }
        // A grant of which only a token is known is in force too, on every node at once.
        Ok(if to_account.is_some() { Granted::ToAccount } else { Granted::Nothing })
    }

    /// Whether the caller may retire the grant: as its retiring principal, as its grantee if
    /// RetireGrant is among the operations, or by an IAM policy of the account that issued it. Key
    /// policies have no say. Raises `AccessDeniedException`.
    pub(crate) fn authorize_retiring(&self, grant: &Grant) -> Result<(), KmsError> {
        if !self.service.settings.enforce {
            return Ok(());
        }
        let (terms, principal) = (&grant.terms, &*self.caller.principal);
        self.facts.audit.grant(&grant.id);
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
        let arn = grant.key_arn().text();
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
                _ => {
                    let context = conditions.folded_context();
                    terms.context_equals.as_ref().is_none_or(|pairs| context.equals(pairs))
                        && terms.context_subset.as_ref().is_none_or(|pairs| context.includes(pairs))
                }
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
        let child = conditions.grant_constraint().map(|(kind, _)| kind);
        let pairs = conditions.folded_context();
        match (&parent.context_equals, &parent.context_subset, child) {
            (None, None, _) => true,
            (Some(equals), _, Some(CONTEXT_EQUALS)) => pairs.equals(equals),
            (None, Some(subset), Some(_)) => pairs.includes(subset),
            _ => false,
        }
    }
}
