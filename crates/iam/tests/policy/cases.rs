//! Policies and requests made at random, such that they often fit each other.

use crate::support::{Keys, Value};
use proptest::prelude::Rng;
use proptest::test_runner::TestRng;
use serde_json::json;
use std::collections::BTreeMap;
use trent_iam::policy::PolicyKind;

/// A policy and a request.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) version: &'static str,
    pub(crate) kind: PolicyKind,
    pub(crate) statements: Vec<Statement>,
    pub(crate) who: &'static str,
    pub(crate) action: &'static str,
    pub(crate) resource: String,
    pub(crate) keys: Keys,
}

#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) is_deny: bool,
    /// `AWS`, `Service`, `Federated` or `*`; and the names.
    pub(crate) principal: (&'static str, Vec<&'static str>),
    pub(crate) is_not_principal: bool,
    pub(crate) action_element: &'static str,
    pub(crate) actions: Vec<String>,
    pub(crate) resource_element: &'static str,
    pub(crate) resources: Vec<String>,
    pub(crate) conditions: Vec<Condition>,
}

#[derive(Debug)]
pub(crate) struct Condition {
    /// `ForAllValues:`, `ForAnyValue:` or nothing.
    pub(crate) set: &'static str,
    pub(crate) name: &'static str,
    /// `IfExists` or nothing.
    pub(crate) suffix: &'static str,
    pub(crate) key: &'static str,
    pub(crate) values: Vec<String>,
}

impl Case {
    /// The policy.
    pub(crate) fn document(&self) -> String {
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
            if self.kind == PolicyKind::Resource {
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
        let statements: Vec<_> = self.statements.iter().map(statement).collect();
        json!({"Version": self.version, "Statement": statements}).to_string()
    }
}

/// Where cases come from.
pub(crate) struct Source(pub(crate) TestRng);

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

    pub(crate) fn case(&mut self) -> Case {
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
