//! 100,000 policies and requests, decided here and by the crate `iam-rs`.
//!
//! Where the two are known to disagree, a rule says so, and why we decide as we do. A rule looks at
//! the place where the disagreement arises and nowhere else, and every rule is needed: without it
//! the comparison would fail.

use crate::cases::{Case, Condition, Source, Statement};
use crate::support::{Keys, Value, evaluate, principal};
use iam_rs::{Arn, Context, ContextValue, Decision, IAMPolicy, IAMRequest, PrincipalId};
use proptest::test_runner::{RngAlgorithm, TestRng};
use std::collections::{BTreeMap, HashMap};
use trent_iam::policy::{Policy, PolicyKind};

/// Comparisons.
const CASES: usize = 100_000;

#[test]
fn another_implementation_decides_the_same() {
    let mut source = Source(TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let mut compared = 0;
    let mut allowed = 0;
    let mut denied = 0;
    let mut not_understood = 0;
    // By rule: cases that it took out, and how many of them alone were decided otherwise.
    let mut excluded: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    while compared < CASES {
        let case = source.case();
        let (Some(ours), Some(theirs)) = (decide(&case), decide_elsewhere(&case)) else {
            not_understood += 1;
            continue;
        };
        let rules: Vec<&str> =
            RULES.iter().filter(|(_, rule)| rule(&case)).map(|(name, _)| *name).collect();
        for name in &rules {
            let (cases, alone) = excluded.entry(name).or_default();
            *cases += 1;
            *alone += usize::from(rules.len() == 1 && ours != theirs);
        }
        if rules.is_empty() {
            assert_eq!(ours, theirs, "{case:?}\n{}", case.document());
            compared += 1;
            allowed += usize::from(ours == Decision::Allow);
            denied += usize::from(ours == Decision::Deny);
        }
    }
    // What was compared is worth it.
    assert!(allowed > CASES / 10 && denied > CASES / 20, "{allowed} allowed, {denied} denied");
    assert!(not_understood < CASES / 2, "{not_understood} not understood");
    for (name, _) in RULES {
        let (_, alone) = excluded.get(name).copied().unwrap_or_default();
        assert!(alone > 0, "the rule `{name}` is not needed: {excluded:#?}");
    }
}

/// What the policy says; `None` if it is refused. `iam-rs` knows nothing of delegation to IAM
/// policies, which is therefore no Allow here.
fn decide(case: &Case) -> Option<Decision> {
    let policy = Policy::parse(&case.document(), case.kind).ok()?;
    let verdict = evaluate(&policy, case.who, case.action, &case.resource, &case.keys);
    Some(match (verdict.denied_by, verdict.allowed_by) {
        (Some(_), _) => Decision::Deny,
        (None, Some(_)) => Decision::Allow,
        (None, None) => Decision::NotApplicable,
    })
}

fn decide_elsewhere(case: &Case) -> Option<Decision> {
    let policy = IAMPolicy::from_json(&case.document()).ok()?;
    let request = IAMRequest::new_with_context(
        match (caller_kind(case), principal(case.who)) {
            ("Service", who) => {
                iam_rs::Principal::Service(PrincipalId::String(who.service?.to_owned()))
            }
            ("Federated", who) => {
                iam_rs::Principal::Federated(PrincipalId::String(who.federated?.to_owned()))
            }
            (_, who) => iam_rs::Principal::Aws(PrincipalId::String(who.arn.to_owned())),
        },
        case.action,
        Arn::parse(&case.resource).ok()?,
        Context::with_data(typed(&case.keys)),
    );
    iam_rs::evaluate_policy(&policy, &request).ok()
}

/// The keys of a request with their types, which are those of their names.
fn typed(keys: &Keys) -> HashMap<String, ContextValue> {
    let typed = |(key, value): (&String, &Value)| {
        let value = match value {
            Value::One(value) if key == "k:bool" => ContextValue::Boolean(value == "true"),
            Value::One(value) => ContextValue::String(value.clone()),
            Value::Many(values) => ContextValue::StringList(values.clone()),
        };
        (key.clone(), value)
    };
    keys.0.iter().map(typed).collect()
}

/// What the two see differently.
type Rule = fn(&Case) -> bool;

const RULES: &[(&str, Rule)] = &[
    // Base64 has case, and padding belongs to it.
    ("iam-rs ignores case and padding in BinaryEquals", |case| {
        conditions(case).any(|condition| {
            let bare = |text: &str| text.to_lowercase().trim_end_matches('=').to_owned();
            condition.name == "BinaryEquals"
                && one(case, condition).is_some_and(|value| {
                    condition.values.iter().any(|own| own != value && bare(own) == bare(value))
                })
        })
    }),
    // AWS: where `*` ends a part of the ARN, it goes on over colons. iam-rs compares by parts and
    // fits no service to a wildcard.
    ("iam-rs matches resources by parts, and services without wildcards", |case| {
        resources(case).any(|pattern| {
            let by_parts = Arn::parse(&case.resource).map(|arn| arn.matches(pattern));
            by_parts != Ok(Ok(Arn::wildcard_match(&case.resource, pattern)))
        })
    }),
    // AWS: ArnEquals and ArnLike are the same.
    ("iam-rs knows no wildcards in ArnEquals", |case| {
        conditions(case).any(|condition| {
            matches!(condition.name, "ArnEquals" | "ArnNotEquals")
                && condition.values.iter().any(|value| value.contains(['*', '?']))
        })
    }),
    // AWS: each of the six parts is compared on its own.
    ("iam-rs lets wildcards cross colons in ArnLike", |case| {
        conditions(case).any(|condition| {
            matches!(condition.name, "ArnLike" | "ArnNotLike")
                && values(case, condition).iter().any(|arn| {
                    condition.values.iter().any(|pattern| {
                        Arn::wildcard_match(arn, pattern) != fits_by_parts(arn, pattern)
                    })
                })
        })
    }),
    // Its matcher takes the `*` of the pattern for that character.
    ("iam-rs errs where the request has a `*`", |case| {
        conditions(case).any(|condition| {
            condition.name.ends_with("Like")
                && values(case, condition).iter().any(|value| value.contains('*'))
        })
    }),
    // AWS: the key exists and its value is not null.
    ("iam-rs takes empty values for present in Null", |case| {
        conditions(case).any(|condition| {
            condition.name == "Null"
                && match value(case, condition) {
                    Some(Value::One(value)) => value.is_empty(),
                    Some(Value::Many(values)) => values.is_empty(),
                    None => false,
                }
        })
    }),
    // A negated operator is the opposite of its positive one.
    ("iam-rs is content with one value that is not equal", |case| {
        conditions(case).any(|condition| {
            condition.set.is_empty()
                && condition.name.contains("Not")
                && values(case, condition).len() > 1
        })
    }),
    // No values are no key.
    ("iam-rs takes an empty list for present", |case| {
        conditions(case).any(|condition| {
            let is_empty =
                |value: &Value| matches!(value, Value::Many(values) if values.is_empty());
            condition.set.is_empty()
                && (condition.name.contains("Not") || condition.suffix == "IfExists")
                && value(case, condition).is_some_and(is_empty)
        })
    }),
    // AWS: ForAllValues is true if a key resolves to a null data set, such as an empty string.
    ("iam-rs compares an empty text under ForAllValues", |case| {
        conditions(case)
            .any(|condition| condition.set == "ForAllValues:" && one(case, condition) == Some(""))
    }),
    ("iam-rs compares numbers as floating point", |case| {
        conditions(case).any(|condition| {
            let is_long = |text: &str| text.len() > 15;
            condition.name.starts_with("Numeric")
                && one(case, condition).is_some_and(is_long)
                && condition.values.iter().any(|value| is_long(value))
        })
    }),
    // W3C: four digits are a year.
    ("iam-rs takes a year for seconds", |case| {
        conditions(case).any(|condition| {
            condition.name.starts_with("Date")
                && condition.values.iter().any(|value| value.len() == 4)
        })
    }),
    // W3C: a day is its beginning.
    ("iam-rs does not read days in requests", |case| {
        conditions(case).any(|condition| {
            condition.name.starts_with("Date")
                && one(case, condition)
                    .is_some_and(|value| value.len() == 10 && value.contains('-'))
        })
    }),
    // AWS: condition values of strings and ARNs may have variables.
    ("iam-rs knows no variables in conditions", |case| {
        case.version == "2012-10-17"
            && conditions(case).any(|one| one.values.iter().any(|value| value.contains("${")))
    }),
    // AWS: an element with a variable that has no value does not match.
    ("iam-rs takes an absent variable for an empty text", |case| {
        case.version == "2012-10-17"
            && resources(case).any(|one| one.contains("${k:name}"))
            && !case.keys.0.contains_key("k:name")
    }),
    // The value of a variable is a text.
    ("iam-rs takes wildcards of variables for wildcards", |case| {
        case.version == "2012-10-17"
            && resources(case).any(|one| one.contains("${k:name"))
            && matches!(case.keys.0.get("k:name"), Some(Value::One(value)) if value.contains('*'))
    }),
    // AWS: `${*}` is a star.
    ("iam-rs takes the literal star for a variable", |case| {
        case.version == "2012-10-17" && resources(case).any(|one| one.contains("${*}"))
    }),
    // AWS: version 2008-10-17 has no variables.
    ("iam-rs has variables in every version", |case| {
        case.version == "2008-10-17" && resources(case).any(|one| one.contains("${"))
    }),
    // AWS: case is that of Unicode, as far as one can tell.
    ("iam-rs ignores the case of ASCII alone", |case| {
        conditions(case).any(|condition| {
            condition.name.ends_with("IgnoreCase")
                && values(case, condition).iter().any(|value| !value.is_ascii())
        })
    }),
    // An IPv4 address that comes over an IPv6 socket is that address.
    ("iam-rs does not unmap IPv4 addresses", |case| {
        conditions(case).any(|condition| {
            condition.name.ends_with("IpAddress")
                && one(case, condition).is_some_and(|value| value.starts_with("::ffff:"))
        })
    }),
    // AWS: `{"AWS": "*"}` is the same as `*`.
    ("iam-rs keeps services and web identities out of AWS *", |case| {
        named(case).any(|(_, kind, names)| {
            kind == "AWS" && names.contains(&"*") && caller_kind(case) != "AWS"
        })
    }),
    // AWS: a role stands for its sessions.
    ("iam-rs does not see the role of a session", |case| {
        let role = principal(case.who).role_arn;
        named(case).any(|(_, _, names)| role.is_some_and(|role| names.contains(&role)))
    }),
    ("iam-rs does not know unique ids", |case| {
        let id = principal(case.who).unique_id;
        named(case).any(|(_, _, names)| id.is_some_and(|id| names.contains(&id)))
    }),
    // AWS: to deny an account is to deny everyone in it.
    ("iam-rs denies an account to its root user alone", |case| {
        named(case).any(|(statement, _, names)| {
            statement.is_deny
                && !statement.is_not_principal
                && case.who != "root"
                && lists_account(names, case)
        })
    }),
    // AWS: NotPrincipal needs the account beside the user, and the role beside the session.
    ("iam-rs exempts without the account", |case| {
        named(case).any(|(statement, _, names)| {
            statement.is_not_principal
                && case.who != "root"
                && names.contains(&principal(case.who).arn)
                && !(lists_account(names, case) && principal(case.who).role_arn.is_none())
        })
    }),
    // A provider whose name begins like another one's is another one.
    ("iam-rs matches the beginnings of providers", |case| {
        let provider = principal(case.who).federated.unwrap_or_default();
        named(case).any(|(_, kind, names)| {
            let is_beginning = |name: &&str| provider.starts_with(*name) && provider != *name;
            kind == "Federated" && names.iter().any(is_beginning)
        })
    }),
];

fn conditions(case: &Case) -> impl Iterator<Item = &Condition> {
    case.statements.iter().flat_map(|statement| &statement.conditions)
}

fn resources(case: &Case) -> impl Iterator<Item = &str> {
    case.statements.iter().flat_map(|statement| &statement.resources).map(String::as_str)
}

/// Statements with a Principal or NotPrincipal: its kind and names.
fn named(case: &Case) -> impl Iterator<Item = (&Statement, &'static str, &[&'static str])> {
    let statements = match case.kind {
        PolicyKind::Resource => &*case.statements,
        PolicyKind::Identity | PolicyKind::Trust => &[],
    };
    statements.iter().map(|one| (one, one.principal.0, &*one.principal.1))
}

fn lists_account(names: &[&str], case: &Case) -> bool {
    let account = principal(case.who).account;
    let root = format!("arn:aws:iam::{account}:root");
    !account.is_empty() && names.iter().any(|name| *name == account || *name == root)
}

fn caller_kind(case: &Case) -> &'static str {
    match case.who {
        "logs" => "Service",
        "web" => "Federated",
        _ => "AWS",
    }
}

fn value<'a>(case: &'a Case, condition: &Condition) -> Option<&'a Value> {
    case.keys.0.get(&condition.key.to_lowercase())
}

/// The request's value of a condition's key, if it is one.
fn one<'a>(case: &'a Case, condition: &Condition) -> Option<&'a str> {
    match value(case, condition)? {
        Value::One(value) => Some(value),
        Value::Many(_) => None,
    }
}

fn values<'a>(case: &'a Case, condition: &Condition) -> &'a [String] {
    match value(case, condition) {
        Some(Value::One(value)) => std::slice::from_ref(value),
        Some(Value::Many(values)) => values,
        None => &[],
    }
}

fn fits_by_parts(arn: &str, pattern: &str) -> bool {
    let (arn, pattern): (Vec<_>, Vec<_>) =
        (arn.splitn(6, ':').collect(), pattern.splitn(6, ':').collect());
    pattern == ["*"]
        || (arn.len() == 6
            && arn.iter().zip(pattern).all(|(part, pattern)| Arn::wildcard_match(part, pattern)))
}
