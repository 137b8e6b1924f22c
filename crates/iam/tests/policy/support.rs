//! Who asks, and condition keys, for the tests of policies.

use std::borrow::Cow;
use std::collections::BTreeMap;
use trent_iam::policy::{AccessRequest, ConditionKeys, Policy, Principal, Values, Verdict};

/// Condition keys by name; every name in lower case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys(pub(crate) BTreeMap<String, Value>);

/// What a condition key has.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    One(String),
    Many(Vec<String>),
}

impl ConditionKeys for Keys {
    fn get(&self, lower_case_key: &str) -> Option<Values<'_>> {
        assert_eq!(lower_case_key, lower_case_key.to_lowercase(), "asked for in lower case");
        Some(match self.0.get(lower_case_key)? {
            Value::One(value) => Values::One(Cow::Borrowed(value)),
            Value::Many(values) => {
                Values::Many(values.iter().map(|value| Cow::Borrowed(&**value)).collect())
            }
        })
    }
}

impl Keys {
    /// Reads `a:b=x; c:d=[y, z]`.
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = text.split(';').map(str::trim).filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| {
                    let (key, value) = pair.split_once('=').expect("key=value");
                    (key.to_owned(), Value::parse(value).expect("a value"))
                })
                .collect(),
        )
    }

    pub(crate) fn one(key: &str, value: Option<Value>) -> Self {
        Self(value.map(|value| (key.to_owned(), value)).into_iter().collect())
    }
}

impl Value {
    /// Reads `x`, `""` or `[x, y]`; `-` is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let unquoted = |text: &str| text.trim_matches('"').to_owned();
        match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            _ if text == "-" => None,
            Some("") => Some(Self::Many(Vec::new())),
            Some(list) => Some(Self::Many(list.split(", ").map(unquoted).collect())),
            None => Some(Self::One(unquoted(text))),
        }
    }
}

/// The principals of the tests, by name.
pub(crate) fn principal(name: &str) -> Principal<'static> {
    let user = |arn, unique_id| Principal {
        arn,
        account: "111122223333",
        role_arn: None,
        unique_id,
        service: None,
        federated: None,
    };
    let nobody = Principal { arn: "anonymous", account: "", ..user("", None) };
    match name {
        "root" => user("arn:aws:iam::111122223333:root", None),
        "alice" => user("arn:aws:iam::111122223333:user/Alice", Some("AIDAALICE00000000000")),
        "bob" => user("arn:aws:iam::111122223333:user/Bob", Some("AIDABOB0000000000000")),
        "carol" => user("arn:aws:iam::111122223333:user/team/Carol", None),
        "federated" => user("arn:aws:sts::111122223333:federated-user/Dave", None),
        "session" => Principal {
            role_arn: Some("arn:aws:iam::111122223333:role/app/Worker"),
            ..user(
                "arn:aws:sts::111122223333:assumed-role/Worker/job-1",
                Some("AROAWORKER0000000000"),
            )
        },
        "stranger" => Principal {
            account: "444455556666",
            ..user("arn:aws:iam::444455556666:user/Alice", Some("AIDASTRANGER00000000"))
        },
        "logs" => Principal { service: Some("logs.amazonaws.com"), ..nobody },
        "web" => Principal { federated: Some("accounts.google.com"), ..nobody },
        other => panic!("no principal `{other}`"),
    }
}

pub(crate) fn evaluate(
    policy: &Policy,
    who: &str,
    action: &str,
    resource: &str,
    keys: &Keys,
) -> Verdict {
    let principal = principal(who);
    let request = AccessRequest { principal: &principal, action, resource, conditions: keys };
    let verdict = policy.evaluate(&request);
    check_explanation(policy, &request, verdict);
    verdict
}

/// The explanation says the same as the verdict.
fn check_explanation(policy: &Policy, request: &AccessRequest<'_>, verdict: Verdict) {
    use trent_iam::policy::Effect;
    let reports = policy.explain(request);
    let applies = |effect: Effect| {
        reports.iter().find(|report| report.effect == effect && report.mismatch.is_none())
    };
    assert_eq!(verdict.denied_by, applies(Effect::Deny).map(|report| report.index));
    if verdict.denied_by.is_none() {
        let first = verdict.allowed_by.into_iter().chain(verdict.delegated_by).min();
        assert_eq!(first, applies(Effect::Allow).map(|report| report.index));
    } else {
        assert_eq!((verdict.allowed_by, verdict.delegated_by), (None, None));
    }
}
