//! What a policy says to a request, and why.

use super::document::Statement;
use super::pattern::Case;
use super::principal::Naming;
use super::{AccessRequest, Effect, Mismatch, Policy, StatementReport, Values, Verdict};
use std::borrow::Cow;

impl Policy {
    /// What the policy says to `request`. A Deny that applies hides everything else.
    pub fn evaluate(&self, request: &AccessRequest<'_>) -> Verdict {
        let mut verdict = Verdict::default();
        for (index, statement) in self.statements.iter().enumerate() {
            let is_news = statement.effect == Effect::Deny
                || verdict.allowed_by.is_none()
                || verdict.delegated_by.is_none();
            let Some(naming) = is_news.then(|| statement.naming(request)).flatten() else {
                continue;
            };
            match statement.effect {
                Effect::Deny => return Verdict { denied_by: Some(index), ..Verdict::default() },
                Effect::Allow => {
                    if naming.direct {
                        verdict.allowed_by.get_or_insert(index);
                    }
                    if naming.account {
                        verdict.delegated_by.get_or_insert(index);
                    }
                }
            }
        }
        verdict
    }

    /// What every statement says to `request`, in their order.
    pub fn explain(&self, request: &AccessRequest<'_>) -> Vec<StatementReport> {
        let report = |(index, statement): (usize, &Statement)| StatementReport {
            index,
            name: self.statement_name(index),
            effect: statement.effect,
            mismatch: statement.mismatch(request),
        };
        self.statements.iter().enumerate().map(report).collect()
    }
}

impl Statement {
    /// How the statement names the principal, if it applies; the cheapest question first.
    fn naming(&self, request: &AccessRequest<'_>) -> Option<Naming> {
        let keys = request.conditions;
        if !self.actions.matches(request.action, Case::Insensitive, keys) {
            return None;
        }
        let naming = self.principals.name(request.principal)?;
        let applies = self.resources.matches(request.resource, Case::Sensitive, keys)
            && self.conditions.iter().all(|condition| condition.holds(keys));
        applies.then_some(naming)
    }

    /// The first element that does not match.
    fn mismatch(&self, request: &AccessRequest<'_>) -> Option<Mismatch> {
        let keys = request.conditions;
        if self.principals.name(request.principal).is_none() {
            return Some(Mismatch::Principal);
        }
        if !self.actions.matches(request.action, Case::Insensitive, keys) {
            return Some(Mismatch::Action);
        }
        if !self.resources.matches(request.resource, Case::Sensitive, keys) {
            return Some(Mismatch::Resource);
        }
        let condition = self.conditions.iter().find(|condition| !condition.holds(keys))?;
        Some(Mismatch::Condition {
            operator: condition.operator_name().to_owned(),
            key: condition.key().to_owned(),
            values: keys.get(condition.key()).map(|values| match values {
                Values::One(value) => vec![value.into_owned()],
                Values::Many(values) => values.into_iter().map(Cow::into_owned).collect(),
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{ConditionKeys, PolicyKind, Principal};

    struct Encrypting;

    impl ConditionKeys for Encrypting {
        fn get(&self, lower_case_key: &str) -> Option<Values<'_>> {
            (lower_case_key == "kms:encryptioncontext:dept").then(|| Values::One("IT".into()))
        }
    }

    const POLICY: &str = r#"{
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "Delegate to IAM", "Effect": "Allow", "Action": "kms:*", "Resource": "*",
             "Principal": {"AWS": "111122223333"}},
            {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*",
             "Principal": {"AWS": "arn:aws:iam::111122223333:user/Alice"}},
            {"Effect": "Deny", "Action": "kms:D*", "Resource": "*", "Principal": "*",
             "Condition": {"StringNotEquals": {"kms:EncryptionContext:Dept": "IT"}}},
            {"Effect": "Deny", "Action": "kms:Encrypt", "Resource": "*", "Principal": "*"}
        ]
    }"#;

    #[test]
    fn every_statement_is_explained() {
        let policy = Policy::parse(POLICY, PolicyKind::Resource).unwrap();
        let principal = Principal {
            arn: "arn:aws:iam::111122223333:user/Alice",
            account: "111122223333",
            role_arn: None,
            unique_id: Some("AIDAIOSFODNN7EXAMPLE"),
            service: None,
            federated: None,
        };
        let mut request = AccessRequest {
            principal: &principal,
            action: "kms:Decrypt",
            resource: "arn:aws:kms:eu-west-1:111122223333:key/1",
            conditions: &Encrypting,
        };
        let verdict = policy.evaluate(&request);
        let expected = Verdict { denied_by: None, allowed_by: Some(1), delegated_by: Some(0) };
        assert_eq!(verdict, expected);

        let reports = policy.explain(&request);
        let names: Vec<&str> = reports.iter().map(|report| &*report.name).collect();
        assert_eq!(names, ["Delegate to IAM", "statement 2", "statement 3", "statement 4"]);
        let texts: Vec<Option<String>> = reports
            .iter()
            .map(|report| report.mismatch.as_ref().map(ToString::to_string))
            .collect();
        let condition = "Condition StringNotEquals kms:encryptioncontext:dept: `IT`".to_owned();
        assert_eq!(texts, [None, None, Some(condition), Some("Action".to_owned())]);

        request.action = "kms:Encrypt";
        let denied = Verdict { denied_by: Some(3), allowed_by: None, delegated_by: None };
        assert_eq!(policy.evaluate(&request), denied);
    }
}
