//! Properties of policies: what must hold for any of them.

use crate::support::{Keys, Value, evaluate};
use proptest::prelude::*;
use serde_json::json;
use trent_iam::policy::{Policy, PolicyKind, Verdict};

const KINDS: [PolicyKind; 3] = [PolicyKind::Identity, PolicyKind::Resource, PolicyKind::Trust];
const WHO: [&str; 9] =
    ["root", "alice", "bob", "carol", "federated", "session", "stranger", "logs", "web"];

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/a";

/// Any JSON, with the words of policies among its texts.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let text = prop_oneof![
        ".{0,12}",
        "[*?${}:a',]{0,12}",
        prop::sample::select(vec![
            "2012-10-17",
            "Allow",
            "Deny",
            "*",
            "kms:*",
            "arn:aws:kms:*:*:key/${k:a, '*'}",
            "111122223333",
            "arn:aws:iam::111122223333:root",
            "10.0.0.0/8",
            "2026-07",
            "true",
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        text.prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let name = prop_oneof![
            prop::sample::select(vec![
                "Version",
                "Id",
                "Statement",
                "Sid",
                "Effect",
                "Principal",
                "NotPrincipal",
                "Action",
                "NotAction",
                "Resource",
                "NotResource",
                "Condition",
                "AWS",
                "Service",
                "StringLike",
                "ArnLike",
                "NumericLessThan",
                "DateEquals",
                "IpAddress",
                "Null",
                "ForAllValues:StringEquals",
                "ForAnyValue:Bool",
                "k:a",
                "k:b",
            ])
            .prop_map(str::to_owned),
            ".{0,8}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
            prop::collection::vec((name, inner), 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A statement that is accepted.
fn any_statement(kind: PolicyKind) -> impl Strategy<Value = serde_json::Value> {
    let texts = |texts: &[&'static str]| prop::sample::select(texts.to_vec());
    let principal = prop_oneof![
        Just(json!("*")),
        texts(&[
            "111122223333",
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::111122223333:user/Alice",
            "arn:aws:iam::111122223333:role/app/Worker",
            "arn:aws:sts::111122223333:assumed-role/Worker/job-1",
            "AIDAALICE00000000000",
        ])
        .prop_map(|name| json!({"AWS": name})),
        Just(json!({"Service": "logs.amazonaws.com"})),
    ];
    // Operators, and values that they take.
    let families: [(&[&str], &[&str]); 6] = [
        (
            &["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringLike"],
            &["a", "A", "*", "a*", "?b", "${k:b}", "${k:c, 'a'}", "1"],
        ),
        (&["NumericEquals", "NumericLessThan", "NumericNotEquals"], &["1", "0.5", "-3", "2026"]),
        (&["DateGreaterThan", "DateNotEquals"], &["2026", "2026-01-01", "1"]),
        (&["Bool"], &["true", "false"]),
        (&["IpAddress", "NotIpAddress"], &["10.0.0.0/8", "10.0.0.1", "::/0"]),
        (&["ArnLike", "ArnNotEquals"], &["arn:a:b:c:d:*", "arn:a:b:c:d:${k:b}", "*"]),
    ];
    let condition = prop::sample::select(families.to_vec())
        .prop_flat_map(move |(operators, values)| {
            (
                texts(&["", "ForAllValues:", "ForAnyValue:"]),
                prop::sample::select(operators.to_vec()),
                texts(&["", "IfExists"]),
                texts(&["k:a", "k:b", "K:C"]),
                prop::collection::vec(prop::sample::select(values.to_vec()), 1..3),
            )
        })
        .prop_map(|(set, name, suffix, key, values)| {
            json!({ format!("{set}{name}{suffix}"): { key: values } })
        });
    (
        texts(&["Allow", "Deny"]),
        principal,
        texts(&["Action", "NotAction"]),
        texts(&["*", "kms:*", "kms:De*", "kms:Encrypt"]),
        texts(&["Resource", "NotResource"]),
        texts(&["*", "arn:aws:kms:*:*:key/a", "arn:aws:kms:*:*:key/${k:a}"]),
        prop::option::of(condition),
    )
        .prop_map(
            move |(effect, principal, action, actions, resource, resources, condition)| {
                let mut statement = json!({"Effect": effect, action: actions, resource: resources});
                if kind == PolicyKind::Resource {
                    statement["Principal"] = principal;
                }
                if let Some(condition) = condition {
                    statement["Condition"] = condition;
                }
                statement
            },
        )
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[ab*?]{0,6}", ".{0,6}"]
}

fn any_keys() -> impl Strategy<Value = Keys> {
    let value = prop_oneof![
        any_text().prop_map(Value::One),
        prop::sample::select(vec!["1", "true", "2026-01-01", "10.0.0.1", "AAEC", "arn:a:b:c:d:e"])
            .prop_map(|value| Value::One(value.to_owned())),
        prop::collection::vec(any_text(), 0..3).prop_map(Value::Many),
    ];
    prop::collection::btree_map(
        prop::sample::select(vec!["k:a", "k:b", "k:c"]).prop_map(str::to_owned),
        value,
        0..3,
    )
    .prop_map(Keys)
}

fn document(statements: &[serde_json::Value]) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// Whether the policy alone would let the caller in, if IAM policies did.
fn lets_in(verdict: Verdict) -> bool {
    verdict.denied_by.is_none() && (verdict.allowed_by.is_some() || verdict.delegated_by.is_some())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}") {
        for kind in KINDS {
            let _ = Policy::parse(&text, kind);
        }
    }

    #[test]
    fn any_json_is_read_or_refused(json in any_json()) {
        let wrapped = document(std::slice::from_ref(&json));
        for text in [json.to_string(), wrapped] {
            for kind in KINDS {
                if let Ok(policy) = Policy::parse(&text, kind) {
                    evaluate(&policy, "alice", "kms:Decrypt", "*", &Keys::default());
                }
            }
        }
    }

    #[test]
    fn a_deny_that_applies_always_wins(
        mut statements in prop::collection::vec(any_statement(PolicyKind::Resource), 0..6),
        place in any::<prop::sample::Index>(),
        keys in any_keys(),
        who in prop::sample::select(WHO.to_vec()),
    ) {
        let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"});
        statements.insert(place.index(statements.len() + 1), deny);
        let policy = Policy::parse(&document(&statements), PolicyKind::Resource).unwrap();
        let verdict = evaluate(&policy, who, "kms:Decrypt", KEY, &keys);
        prop_assert!(verdict.denied_by.is_some());
        prop_assert_eq!((verdict.allowed_by, verdict.delegated_by), (None, None));
    }

    #[test]
    fn a_further_deny_never_lets_in(
        mut statements in prop::collection::vec(any_statement(PolicyKind::Resource), 1..6),
        mut deny in any_statement(PolicyKind::Resource),
        place in any::<prop::sample::Index>(),
        keys in any_keys(),
        who in prop::sample::select(WHO.to_vec()),
        action in prop::sample::select(vec!["kms:Decrypt", "kms:Encrypt", "s3:GetObject"]),
    ) {
        deny["Effect"] = json!("Deny");
        let before = Policy::parse(&document(&statements), PolicyKind::Resource).unwrap();
        statements.insert(place.index(statements.len() + 1), deny);
        let after = Policy::parse(&document(&statements), PolicyKind::Resource).unwrap();
        let before = evaluate(&before, who, action, KEY, &keys);
        let after = evaluate(&after, who, action, KEY, &keys);
        prop_assert!(lets_in(before) || !lets_in(after));
    }

    #[test]
    fn a_negated_operator_is_the_opposite(
        operators in prop::sample::select(vec![
            ("StringEquals", "StringNotEquals"),
            ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
            ("StringLike", "StringNotLike"),
            ("NumericEquals", "NumericNotEquals"),
            ("DateEquals", "DateNotEquals"),
            ("IpAddress", "NotIpAddress"),
            ("ArnEquals", "ArnNotEquals"),
            ("ArnLike", "ArnNotLike"),
        ]),
        values in prop::collection::vec(
            prop_oneof![
                any_text(),
                prop::sample::select(vec!["1", "2026", "10.0.0.0/8", "${k:b}", "arn:a:b:c:d:*"])
                    .prop_map(str::to_owned),
            ],
            1..3,
        ),
        keys in any_keys(),
    ) {
        let holds = |operator: &str| {
            let statement = json!({
                "Effect": "Allow", "Action": "*", "Resource": "*",
                "Condition": {operator: {"k:a": values}},
            });
            let policy = Policy::parse(&document(&[statement]), PolicyKind::Identity).ok()?;
            Some(evaluate(&policy, "alice", "kms:Decrypt", "*", &keys).allowed_by.is_some())
        };
        prop_assert_eq!(holds(operators.0), holds(operators.1).map(|holds| !holds));
    }

    #[test]
    fn a_text_is_like_itself_and_its_prefixes_with_a_star(text in "[^$\\\\\"]{0,20}") {
        let escaped = text.replace('*', "${*}").replace('?', "${?}");
        let half: String = text.chars().take(text.chars().count() / 2).collect();
        let half = half.replace('*', "${*}").replace('?', "${?}");
        for pattern in [escaped.clone(), format!("{half}*"), format!("*{escaped}*"),
                        "?".repeat(text.chars().count())] {
            let statement = json!({
                "Effect": "Allow", "Action": "*", "Resource": "*",
                "Condition": {"StringLike": {"k:a": pattern}},
            });
            let policy = Policy::parse(&document(&[statement]), PolicyKind::Identity).unwrap();
            let keys = Keys::one("k:a", Some(Value::One(text.clone())));
            prop_assert!(evaluate(&policy, "alice", "a:b", "*", &keys).allowed_by.is_some());
        }
    }
}
