//! 100,000 policies and requests, decided here and by the crate `iam-rs`.
//!
//! Where the two are known to disagree, a rule says so, and why we decide as we do. A rule looks at
//! the place where the disagreement arises and nowhere else, and every rule is needed: without it
//! the comparison would fail.

use crate::support::{Keys, Value, evaluate, principal};
use iam_rs::{Arn, Context, ContextValue, Decision, IAMPolicy, IAMRequest, PrincipalId};
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use trent_iam::policy::{Policy, PolicyKind};

/// Comparisons.
const CASES: usize = 100_000;

/// A policy and a request.
#[derive(Debug)]
struct Case {
    version: &'static str,
    kind: PolicyKind,
    statements: Vec<Statement>,
    who: &'static str,
    action: &'static str,
    resource: String,
    keys: Keys,
}

#[derive(Debug)]
struct Statement {
    is_deny: bool,
    /// `AWS`, `Service`, `Federated` or `*`; and the names.
    principal: (&'static str, Vec<&'static str>),
    is_not_principal: bool,
    action_element: &'static str,
    actions: Vec<String>,
    resource_element: &'static str,
    resources: Vec<String>,
    conditions: Vec<Condition>,
}

#[derive(Debug)]
struct Condition {
    /// `ForAllValues:`, `ForAnyValue:` or nothing.
    set: &'static str,
    name: &'static str,
    /// `IfExists` or nothing.
    suffix: &'static str,
    key: &'static str,
    values: Vec<String>,
}

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
            assert_eq!(ours, theirs, "{case:?}\n{}", document(&case));
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
    let policy = Policy::parse(&document(case), case.kind).ok()?;
    let verdict = evaluate(&policy, case.who, case.action, &case.resource, &case.keys);
    Some(match (verdict.denied_by, verdict.allowed_by) {
        (Some(_), _) => Decision::Deny,
        (None, Some(_)) => Decision::Allow,
        (None, None) => Decision::NotApplicable,
    })
}

fn decide_elsewhere(case: &Case) -> Option<Decision> {
    let policy = IAMPolicy::from_json(&document(case)).ok()?;
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

fn document(case: &Case) -> String {
    let one_or_many = |values: &[String]| match values {
        [one] => json!(one),
        many => json!(many),
    };
    let statement = |statement: &Statement| {
        let mut document = json!({
            "Effect": if statement.is_deny { "Deny" } else { "Allow" },
            statement.action_element: one_or_many(&statement.actions),
            statement.resource_element: one_or_many(&statement.resources),
        });
        if case.kind == PolicyKind::Resource {
            let name = if statement.is_not_principal { "NotPrincipal" } else { "Principal" };
            let (kind, names) = &statement.principal;
            document[name] = match *kind {
                "*" => json!("*"),
                kind => json!({ kind: names }),
            };
        }
        for condition in &statement.conditions {
            let operator = format!("{}{}{}", condition.set, condition.name, condition.suffix);
            let values = match (condition.name, condition.values.as_slice()) {
                ("Bool" | "Null", [value]) => json!(value == "true"),
                (_, values) => one_or_many(values),
            };
            document["Condition"][operator][condition.key] = values;
        }
        document
    };
    let statements: Vec<_> = case.statements.iter().map(statement).collect();
    json!({"Version": case.version, "Statement": statements}).to_string()
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

/// Where cases come from.
struct Source(TestRng);

impl Source {
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.0.next_u32()).unwrap() % bound
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// Whether something happens that does once in `times`.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn some<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let count = 1 + self.below(most);
        (0..count).map(|_| make(self)).collect()
    }

    fn case(&mut self) -> Case {
        let kind = self.pick(&[PolicyKind::Identity, PolicyKind::Resource]);
        let action =
            self.pick(&["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey", "s3:GetObject"]);
        let resource = self.pick(&[KEY_A, KEY_B, ALIAS]).to_owned();
        Case {
            version: if self.once_in(10) { "2008-10-17" } else { "2012-10-17" },
            kind,
            statements: self.some(4, |source| source.statement(action, &resource)),
            who: self.pick(&["root", "alice", "bob", "session", "stranger", "logs", "web"]),
            action,
            resource,
            keys: self.keys(),
        }
    }

    fn statement(&mut self, action: &str, resource: &str) -> Statement {
        let is_deny = self.once_in(4);
        let is_not_principal = is_deny && self.once_in(3);
        let kind = self.pick(&["AWS", "AWS", "AWS", "*", "Service", "Federated"]);
        let names = match kind {
            "AWS" => self.some(4, |source| source.pick(AWS_PRINCIPALS)),
            "Service" => {
                self.some(2, |source| source.pick(&["logs.amazonaws.com", "s3.amazonaws.com"]))
            }
            _ => self.some(2, |source| {
                source.pick(&["accounts.google.com", "accounts.goo", "graph.facebook.com"])
            }),
        };
        let not =
            |source: &mut Self, name, opposite| if source.once_in(6) { opposite } else { name };
        Statement {
            is_deny,
            principal: (kind, names),
            is_not_principal,
            action_element: not(self, "Action", "NotAction"),
            actions: self.some(3, |source| source.action_pattern(action)),
            resource_element: not(self, "Resource", "NotResource"),
            resources: self.some(2, |source| source.resource_pattern(resource)),
            conditions: if self.once_in(3) { Vec::new() } else { vec![self.condition()] },
        }
    }

    fn action_pattern(&mut self, action: &str) -> String {
        match self.below(6) {
            0 => "*".to_owned(),
            1 => "kms:*".to_owned(),
            2 => self.pick(&["kms:Encrypt", "kms:Decrypt", "s3:*", "kms:Sign"]).to_owned(),
            _ => {
                let (service, name) = action.split_once(':').unwrap();
                let name = self.blurred(name);
                let pattern = format!("{service}:{name}");
                if self.once_in(3) { pattern.to_uppercase() } else { pattern }
            }
        }
    }

    fn resource_pattern(&mut self, resource: &str) -> String {
        match self.below(20) {
            0..=6 => "*".to_owned(),
            7..=8 => self.pick(&[KEY_A, KEY_B, ALIAS]).to_owned(),
            9 => {
                let end = self.pick(&["${k:name}", "${k:name, 'a'}", "a${*}", "${k:name}*"]);
                format!("arn:aws:kms:eu-west-1:111122223333:key/{end}")
            }
            10 => self.pick(&["arn:aws:*", "arn:aws:kms:*:key/a", "arn:aws:k*:*:*:*"]).to_owned(),
            _ => {
                let mut parts: Vec<String> = resource.splitn(6, ':').map(str::to_owned).collect();
                let part = self.pick(&[3, 4, 5, 5]);
                parts[part] = self.blurred(&parts[part]);
                parts.join(":")
            }
        }
    }

    /// The text with wildcards, which as a rule it still fits.
    fn blurred(&mut self, text: &str) -> String {
        let mut characters: Vec<char> = text.chars().collect();
        for _ in 0..self.below(3) {
            if characters.is_empty() {
                break;
            }
            let start = self.below(characters.len());
            let end = start + self.below(characters.len() - start + 1);
            let wildcard = self.pick(&['*', '*', '?']);
            let end = if wildcard == '?' { start + 1 } else { end };
            characters.splice(start..end, [wildcard]);
        }
        characters.into_iter().collect()
    }

    fn condition(&mut self) -> Condition {
        let (names, keys, values, takes_sets) = self.pick(FAMILIES);
        let name = self.pick(names);
        let set = if takes_sets { self.pick(&["", "ForAllValues:", "ForAnyValue:"]) } else { "" };
        let takes_suffix = set.is_empty() && name != "Null";
        let most = if matches!(name, "Bool" | "Null") { 1 } else { 3 };
        let key = self.pick(keys);
        Condition {
            set,
            name,
            suffix: if takes_suffix && self.once_in(4) { "IfExists" } else { "" },
            key,
            values: self.some(most, |source| {
                let value = source.pick(values).to_owned();
                if name.ends_with("Like") && source.once_in(2) {
                    source.blurred(&value)
                } else {
                    value
                }
            }),
        }
    }

    fn keys(&mut self) -> Keys {
        let mut keys = BTreeMap::new();
        for &(key, values) in VALUES {
            if self.once_in(3) {
                continue;
            }
            let value = if key.ends_with("many") {
                let count = self.below(4);
                Value::Many((0..count).map(|_| self.pick(values).to_owned()).collect())
            } else {
                Value::One(self.pick(values).to_owned())
            };
            keys.insert(key.to_owned(), value);
        }
        Keys(keys)
    }
}

const KEY_A: &str = "arn:aws:kms:eu-west-1:111122223333:key/a";
const KEY_B: &str = "arn:aws:kms:us-east-1:111122223333:key/mrk-b";
const ALIAS: &str = "arn:aws:kms:eu-west-1:111122223333:alias/app:one";

const AWS_PRINCIPALS: &[&str] = &[
    "*",
    "111122223333",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::444455556666:root",
    "arn:aws:iam::111122223333:user/Alice",
    "arn:aws:iam::111122223333:user/Bob",
    "arn:aws:iam::444455556666:user/Alice",
    "arn:aws:iam::111122223333:role/app/Worker",
    "arn:aws:sts::111122223333:assumed-role/Worker/job-1",
    "AIDAALICE00000000000",
];

/// Operators, keys and values that go together, and whether set operators do.
type OperatorFamily =
    (&'static [&'static str], &'static [&'static str], &'static [&'static str], bool);

const FAMILIES: &[OperatorFamily] = &[
    (
        &["StringEquals", "StringNotEquals", "StringLike", "StringNotLike"],
        &["k:text", "K:Text", "k:many"],
        &["", "a", "ab", "abc", "A", "ö", "a*", "?b*", "*", "${k:name}", "${k:name, 'a'}"],
        true,
    ),
    (
        &["StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"],
        &["k:text", "k:many"],
        &["a", "AB", "Ö", "A*", ""],
        true,
    ),
    (
        &[
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ],
        &["k:number", "k:text"],
        &["0", "1", "-1", "10", "1.5", "9007199254740993", "9007199254740992"],
        false,
    ),
    (
        &[
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
        ],
        &["k:date", "k:text"],
        &[
            "2026-07-01T00:00:00Z",
            "2026-07-01T02:00:00+02:00",
            "2026-07-01T00:00:00.5Z",
            "1782864000",
            "2026",
        ],
        false,
    ),
    (&["Bool"], &["k:bool"], &["true", "false"], false),
    (&["BinaryEquals"], &["k:binary"], &["AAEC", "aaec", "QUI=", "QUJD"], false),
    (
        &["IpAddress", "NotIpAddress"],
        &["k:address", "k:text"],
        &["10.0.0.0/8", "10.1.2.3", "192.0.2.0/25", "0.0.0.0/0", "2001:db8::/32", "::1"],
        false,
    ),
    (
        &["ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"],
        &["k:arn", "k:arnmany"],
        &[
            "arn:aws:iam::111122223333:user/Alice",
            "arn:aws:iam::111122223333:user/*",
            "arn:aws:sns:eu-west-1:111122223333:a:b",
            "arn:*:sns:*:*:?:b",
            "arn:aws:s*:111122223333:a:b:*",
        ],
        true,
    ),
    (&["Null"], &["k:text", "k:many", "k:number", "k:absent"], &["true", "false"], false),
];

/// Condition keys, and values that requests have for them.
const VALUES: &[(&str, &[&str])] = &[
    ("k:text", &["a", "ab", "abc", "A", "aB", "ö", "", "*a", "b"]),
    ("k:many", &["a", "ab", "abc", "A", "ö", "b"]),
    ("k:name", &["a", "b", "a", "*"]),
    ("k:number", &["0", "-0", "1", "1.0", "01", "-1", "2", "9007199254740993", "9007199254740992"]),
    (
        "k:date",
        &["2026-07-01T00:00:00Z", "2026-07-01T00:00:01Z", "1782864000", "1000000000", "2026-07-01"],
    ),
    ("k:bool", &["true", "false"]),
    ("k:binary", &["AAEC", "AAED", "QUJD", "QUI=", "QUI"]),
    (
        "k:address",
        &["10.1.2.3", "192.0.2.1", "192.0.2.129", "2001:db8::1", "::1", "::ffff:10.1.2.3"],
    ),
    ("k:arn", &["arn:aws:iam::111122223333:user/Alice", "arn:aws:sns:eu-west-1:111122223333:a:b"]),
    (
        "k:arnmany",
        &["arn:aws:iam::111122223333:user/Alice", "arn:aws:sns:eu-west-1:111122223333:a:b"],
    ),
];
