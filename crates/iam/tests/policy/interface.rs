//! What policies tell their callers besides verdicts.

use crate::support::{Keys, evaluate, principal};
use trent_iam::policy::{
    AccessRequest, Effect, Mismatch, Policy, PolicyKind, Verdict, rename_principals,
};

const POLICY: &str = r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": {"AWS": ["111122223333", "arn:aws:iam::111122223333:user/Alice"]},
            "Action": "kms:*",
            "Resource": "*"
        },
        {
            "Effect": "Allow",
            "Principal": {
                "AWS": [
                    "arn:aws:iam::111122223333:role/app/Worker",
                    "AIDAGONE000000000000",
                    "arn:aws:sts::111122223333:assumed-role/Worker/job-1"
                ],
                "Service": "logs.amazonaws.com"
            },
            "Action": "kms:Decrypt",
            "Resource": "arn:aws:kms:*:111122223333:key/${aws:PrincipalTag/Key}",
            "Condition": {
                "ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/${aws:username}-*"},
                "ForAllValues:StringEquals": {"kms:EncryptionContext:Dept": "IT"}
            }
        }
    ]
}"#;

fn policy() -> Policy {
    Policy::parse(POLICY, PolicyKind::Resource).unwrap()
}

#[test]
fn policies_can_be_shared() {
    fn shared<T: Send + Sync + std::fmt::Debug>() {}
    shared::<Policy>();
}

#[test]
fn statements_have_names() {
    let names = [0, 1, 2].map(|index| policy().statement_name(index));
    assert_eq!(names, ["Enable IAM User Permissions", "statement 2", "statement 3"]);
}

#[test]
fn condition_keys_are_known() {
    let policy = policy();
    for key in [
        "kms:resourcealiases",
        "kms:encryptioncontext:dept",
        "aws:username",
        "aws:principaltag/key",
    ] {
        assert!(policy.uses_condition_key(key), "{key}");
    }
    for key in ["kms:ResourceAliases", "kms:resourcealias", "kms:viaservice", ""] {
        assert!(!policy.uses_condition_key(key), "{key}");
    }
    let keys: Vec<&str> = policy.for_all_values_keys().collect();
    assert_eq!(keys, ["kms:encryptioncontext:dept"]);
}

#[test]
fn aws_principals_are_arns() {
    let expected = |partition: &str| {
        [
            format!("arn:{partition}:iam::111122223333:root"),
            "arn:aws:iam::111122223333:user/Alice".to_owned(),
            "arn:aws:iam::111122223333:role/app/Worker".to_owned(),
            "arn:aws:sts::111122223333:assumed-role/Worker/job-1".to_owned(),
        ]
    };
    assert_eq!(policy().aws_principals().collect::<Vec<_>>(), expected("aws"));
    let china = Policy::parse_in(POLICY, PolicyKind::Resource, "aws-cn").unwrap();
    assert_eq!(china.aws_principals().collect::<Vec<_>>(), expected("aws-cn"));
}

#[test]
fn a_bound_name_means_one_principal() {
    let text = r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*",
         "Principal": {"AWS": "arn:aws:iam::111122223333:user/Alice"}},
        {"Effect": "Allow", "Action": "*", "Resource": "*",
         "Principal": {"AWS": "arn:aws:iam::111122223333:role/app/Worker"}},
        {"Effect": "Allow", "Action": "*", "Resource": "*",
         "Principal": {"AWS": "arn:aws:sts::111122223333:assumed-role/Worker/job-1"}}
    ]}"#;
    let allowed_by = |policy: &Policy, who: &str| {
        evaluate(policy, who, "kms:Decrypt", "*", &Keys::default()).allowed_by
    };
    let mut policy = Policy::parse(text, PolicyKind::Resource).unwrap();
    assert_eq!(allowed_by(&policy, "alice"), Some(0));
    assert_eq!(allowed_by(&policy, "session"), Some(1));

    let mut asked = Vec::new();
    policy.bind_principals(|arn| {
        asked.push(arn.to_owned());
        let id =
            if arn.contains("user/") { "AIDAALICE00000000000" } else { "AROAFORMER0000000000" };
        Some(id.to_owned())
    });
    let arns = [
        "arn:aws:iam::111122223333:user/Alice",
        "arn:aws:iam::111122223333:role/app/Worker",
        "arn:aws:sts::111122223333:assumed-role/Worker/job-1",
    ];
    assert_eq!(asked, arns, "users, roles and sessions");
    assert_eq!(allowed_by(&policy, "alice"), Some(0), "she is the one who was meant");
    assert_eq!(allowed_by(&policy, "session"), None, "the role is another one now");

    policy.bind_principals(|_| Some("AIDAFORMER0000000000".to_owned()));
    assert_eq!(allowed_by(&policy, "alice"), None, "another user under the same name");
    policy.bind_principals(|_| None);
    assert_eq!(allowed_by(&policy, "alice"), Some(0), "the ARN alone counts again");
}

#[test]
fn principals_are_renamed_and_nothing_else() {
    let text = r#" {"Statement": [
        {"Sid": "alice", "Effect": "Allow", "Action": "*", "Resource": "*",
         "Principal": {"AWS": ["alice", "bob", "al\u0069ce"], "Service": "alice"}},
        {"Effect": "Deny", "Action": "*", "Resource": "*", "NotPrincipal": {"AWS": "alice"},
         "Condition": {"StringEquals": {"aws:username": "alice"}}},
        {"Principal": "*"}]} "#;
    let renamed = rename_principals(text, |name| (name == "alice").then(|| "A\"1".to_owned()));
    let expected = r#" {"Statement": [
        {"Sid": "alice", "Effect": "Allow", "Action": "*", "Resource": "*",
         "Principal": {"AWS": ["A\"1", "bob", "A\"1"], "Service": "alice"}},
        {"Effect": "Deny", "Action": "*", "Resource": "*", "NotPrincipal": {"AWS": "A\"1"},
         "Condition": {"StringEquals": {"aws:username": "alice"}}},
        {"Principal": "*"}]} "#;
    assert_eq!(renamed.unwrap(), expected);
    let of_one = r#"{"Statement": {"Principal": {"AWS": "x"}}}"#;
    assert_eq!(rename_principals(of_one, |_| None).unwrap(), of_one);
    assert!(rename_principals("x", |_| None).is_err());
}

#[test]
fn an_exemption_follows_the_unique_id() {
    let text = r#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*",
        "NotPrincipal": {"AWS": ["arn:aws:iam::111122223333:user/Alice", "111122223333"]}}}"#;
    let mut policy = Policy::parse(text, PolicyKind::Resource).unwrap();
    let denied = |policy: &Policy| {
        evaluate(policy, "alice", "kms:Decrypt", "*", &Keys::default()).denied_by.is_some()
    };
    assert!(!denied(&policy));
    policy.bind_principals(|_| Some("AIDAFORMER0000000000".to_owned()));
    assert!(denied(&policy));
}

#[test]
fn mismatches_are_named() {
    let text = r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Action": "*", "Resource": "*", "Principal": {"AWS": "444455556666"}},
        {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*", "Principal": "*"},
        {"Effect": "Allow", "Action": "*", "Principal": "*",
         "Resource": "arn:aws:kms:eu-west-1:111122223333:key/b"},
        {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*",
         "Condition": {"StringEquals": {"k:a": "x", "k:b": "y"}}},
        {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*",
         "Condition": {"ForAnyValue:StringEquals": {"K:Many": "x"}}},
        {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}
    ]}"#;
    let policy = Policy::parse(text, PolicyKind::Resource).unwrap();
    let alice = principal("alice");
    let keys = Keys::parse("k:a=x; k:many=[p, q]");
    let request = AccessRequest {
        principal: &alice,
        action: "kms:Decrypt",
        resource: "arn:aws:kms:eu-west-1:111122223333:key/a",
        conditions: &keys,
    };
    let reports = policy.explain(&request);
    let condition = |operator: &str, key: &str, values: Option<&[&str]>| {
        Some(Mismatch::Condition {
            operator: operator.to_owned(),
            key: key.to_owned(),
            values: values.map(|values| values.iter().map(|&value| value.to_owned()).collect()),
        })
    };
    let expected = [
        Some(Mismatch::Principal),
        Some(Mismatch::Action),
        Some(Mismatch::Resource),
        condition("StringEquals", "k:b", None),
        condition("ForAnyValue:StringEquals", "k:many", Some(&["p", "q"])),
        None,
    ];
    let found: Vec<Option<Mismatch>> = reports.iter().map(|one| one.mismatch.clone()).collect();
    assert_eq!(found, expected);
    assert_eq!(reports[0].effect, Effect::Deny);
    let texts: Vec<String> = found.iter().flatten().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "Principal",
            "Action",
            "Resource",
            "Condition StringEquals k:b: absent",
            "Condition ForAnyValue:StringEquals k:many: `p`, `q`",
        ]
    );
    let expected = Verdict { allowed_by: Some(5), ..Verdict::default() };
    assert_eq!(policy.evaluate(&request), expected);
}

#[test]
fn invalid_principals_are_told_apart() {
    let error = |element: &str| {
        let text = format!(r#"{{"Statement": [{{"Effect": "Allow", "Principal": {element}}}]}}"#);
        Policy::parse(&text, PolicyKind::Resource).unwrap_err()
    };
    let invalid = error(r#"{"AWS": ["111122223333", "arn:aws:iam::111122223333:group/x"]}"#);
    assert!(invalid.is_invalid_principal());
    assert_eq!(
        invalid.to_string(),
        "Statement[0].Principal.AWS: `arn:aws:iam::111122223333:group/x` is no principal"
    );
    assert!(!error("7").is_invalid_principal());
}

#[test]
fn sizes_are_bounded() {
    let parse = |text: &str| Policy::parse(text, PolicyKind::Identity);
    let statement = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    let statements = |count| format!(r#"{{"Statement":[{}]}}"#, vec![statement; count].join(","));
    assert!(parse(&statements(1_000)).is_ok());
    assert_eq!(parse(&statements(1_001)).unwrap_err().to_string(), "Statement: more than 1000");
    let padded = format!("{}{}", statements(1), " ".repeat(262_144));
    assert_eq!(parse(&padded).unwrap_err().to_string(), "longer than 262144 bytes");
    let nested = format!(r#"{{"Statement":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(parse(&nested).unwrap_err().to_string(), "Statement[0]: not an object");
    let long = format!(r#"{{"Statement":[{{"{}":1}}]}}"#, "x".repeat(100_000));
    let expected = format!("Statement[0]: unknown element `{}…`", "x".repeat(64));
    assert_eq!(parse(&long).unwrap_err().to_string(), expected);
}
