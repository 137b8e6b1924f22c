//! AWS STS over a service in memory: who may assume which role, and what its session may do.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../common/signature.rs"]
mod signature;
mod support;

use serde_json::{Value, json};
use support::{ISSUER, Key, OTHER, OWN, World, account, allows, policy, trusts};
use trent_core::identity::IdentityName;

const ASSUME: &str = "sts:AssumeRole";

/// Parameters of a request.
type Pairs<'a> = &'a [(&'a str, &'a str)];

#[tokio::test]
async fn everybody_learns_who_they_are() {
    let world = World::new(true).await;
    let alice = world.user(OWN, "alice", Value::Null).await;
    let identity = [("Action", "GetCallerIdentity")];
    let reply = world.sts(Some(&alice), &identity).await;
    assert_eq!(reply.status, 200, "{}", reply.xml);
    assert_eq!(reply.text("Arn"), format!("arn:aws:iam::{OWN}:user/alice"));
    assert!(reply.text("UserId").starts_with("AIDA"));
    assert_eq!(reply.text("Account"), OWN);

    let reply = world.sts(Some(&world.root(OTHER).await), &identity).await;
    assert_eq!(reply.text("Arn"), format!("arn:aws:iam::{OTHER}:root"));
    assert_eq!(reply.text("UserId"), OTHER);

    let role = world.role("role", trusts(OWN, &[ASSUME]), Value::Null).await;
    let session = world.assume(&world.root(OWN).await, &role, &[]).await;
    let reply = world.sts(Some(&session.key()), &identity).await;
    assert_eq!(reply.text("Arn"), format!("arn:aws:sts::{OWN}:assumed-role/role/session"));
    assert_eq!(reply.text("UserId"), session.text("AssumedRoleId"));
}

#[tokio::test]
async fn access_keys_that_are_none_are_refused() {
    let world = World::new(true).await;
    let alice = world.user(OWN, "alice", Value::Null).await;
    let identity = [("Action", "GetCallerIdentity")];
    let code = async |key: Option<Key>| {
        let reply = world.sts(key.as_ref(), &identity).await;
        let (status, code, _) = reply.error();
        (status, code)
    };
    let refused = |code: &str| (403, code.to_owned());
    assert_eq!(code(None).await, refused("MissingAuthenticationToken"));
    let wrong = Key { secret: "wrong".to_owned(), ..alice.clone() };
    assert_eq!(code(Some(wrong)).await, refused("SignatureDoesNotMatch"));
    let unknown = Key { id: "AKIAUNKNOWN012345678".to_owned(), ..alice.clone() };
    assert_eq!(code(Some(unknown)).await, refused("InvalidClientTokenId"));

    let role = world.role("role", trusts(OWN, &[ASSUME]), Value::Null).await;
    let session = world.assume(&world.root(OWN).await, &role, &[]).await.key();
    let without = Key { token: None, ..session.clone() };
    assert_eq!(code(Some(without)).await, refused("InvalidClientTokenId"));
    let other = world.assume(&world.root(OWN).await, &role, &[]).await.key();
    let mixed = Key { token: other.token, ..session };
    assert_eq!(code(Some(mixed)).await, refused("InvalidClientTokenId"));
}

/// Trust policy and IAM policy, each allowing or not, in the same account and in another.
#[tokio::test]
async fn trust_and_iam_policies_decide_together() {
    let world = World::new(true).await;
    let may = allows(&[ASSUME]);
    let never = json!([
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
        { "Effect": "Deny", "Action": ASSUME, "Resource": "*" },
    ]);
    let users = [
        world.user(OWN, "may", may.clone()).await,
        world.user(OWN, "cannot", Value::Null).await,
        world.user(OWN, "never", never).await,
        world.user(OTHER, "may", may).await,
        world.user(OTHER, "cannot", Value::Null).await,
        world.root(OWN).await,
        world.root(OTHER).await,
    ];
    let user = |account: &str, name: &str| format!("arn:aws:iam::{account}:user/{name}");
    // Who of the users may assume a role that trusts this principal.
    let cases = [
        (OWN.to_owned(), [true, false, false, false, false, true, false]),
        (OTHER.to_owned(), [false, false, false, true, false, false, true]),
        (user(OWN, "cannot"), [false, true, false, false, false, false, false]),
        (user(OWN, "never"), [false; 7]),
        (user(OTHER, "cannot"), [false; 7]),
        (user(OTHER, "may"), [false, false, false, true, false, false, false]),
        ("*".to_owned(), [true, true, false, true, false, true, true]),
    ];
    for (number, (principal, expected)) in cases.into_iter().enumerate() {
        let trust = trusts(&principal, &[ASSUME]);
        let role = world.role(&format!("role{number}"), trust, Value::Null).await;
        for (key, may) in users.iter().zip(expected) {
            let reply = world.assume(key, &role, &[]).await;
            assert_eq!(reply.status == 200, may, "{principal} {}: {}", key.id, reply.xml);
            assert!(may || reply.is_denied());
        }
    }
}

#[tokio::test]
async fn a_role_that_does_not_exist_looks_like_one_that_is_denied() {
    let world = World::new(true).await;
    let alice = world.user(OWN, "alice", allows(&[ASSUME])).await;
    let closed = world.role("closed", trusts(OTHER, &[ASSUME]), Value::Null).await;
    for role in [closed, format!("arn:aws:iam::{OWN}:role/none")] {
        let message = format!(
            "User: arn:aws:iam::{OWN}:user/alice is not authorized to perform: sts:AssumeRole on \
             resource: {role}"
        );
        let reply = world.assume(&alice, &role, &[]).await;
        assert_eq!(reply.error(), (403, "AccessDenied".to_owned(), message));
    }
    for arn in ["arn:aws:iam::111122223333:user/alice", "arn:aws:iam:::role/alice", &"x".repeat(20)]
    {
        let reply = world.assume(&alice, arn, &[]).await;
        let message = "Request ARN is invalid".to_owned();
        assert_eq!(reply.error(), (400, "ValidationError".to_owned(), message), "{arn}");
    }
}

#[tokio::test]
async fn conditions_of_the_trust_policy_are_asked() {
    let world = World::new(true).await;
    let alice = world.user(OWN, "alice", allows(&["sts:*"])).await;
    let cases: [(&str, Value, Pairs<'_>, bool); 13] = [
        ("StringEquals", json!({ "sts:ExternalId": "it/s" }), &[("ExternalId", "it/s")], true),
        ("StringEquals", json!({ "sts:ExternalId": "it/s" }), &[("ExternalId", "other")], false),
        ("StringEquals", json!({ "sts:ExternalId": "it/s" }), &[], false),
        ("StringEquals", json!({ "sts:RoleSessionName": "${aws:username}" }), &[], false),
        (
            "StringEquals",
            json!({ "sts:RoleSessionName": "${aws:username}" }),
            &[("RoleSessionName", "alice")],
            true,
        ),
        ("StringEquals", json!({ "aws:PrincipalTag/team": "blue" }), &[], true),
        ("StringEquals", json!({ "aws:ResourceTag/team": "red" }), &[], true),
        ("IpAddress", json!({ "aws:SourceIp": "203.0.113.0/24" }), &[], true),
        ("IpAddress", json!({ "aws:SourceIp": "192.0.2.0/24" }), &[], false),
        ("Bool", json!({ "aws:SecureTransport": "true" }), &[], false),
        ("NumericLessThanEquals", json!({ "sts:DurationSeconds": "3600" }), &[], true),
        (
            "NumericLessThanEquals",
            json!({ "sts:DurationSeconds": "3600" }),
            &[("DurationSeconds", "7200")],
            false,
        ),
        (
            "ArnLike",
            json!({ "aws:PrincipalArn": "arn:aws:iam::*:user/alice" }),
            &[("DurationSeconds", "7200")],
            true,
        ),
    ];
    for (number, (operator, keys, parameters, may)) in cases.into_iter().enumerate() {
        let mut trust = trusts(OWN, &[ASSUME]);
        trust[0]["Condition"] = json!({ operator: keys });
        let role = world.role(&format!("role{number}"), trust, Value::Null).await;
        let reply = world.assume(&alice, &role, parameters).await;
        assert_eq!(reply.status == 200, may, "{number}: {}", reply.xml);
    }
}

#[tokio::test]
async fn tags_and_source_identity_need_permissions_of_their_own() {
    let world = World::new(true).await;
    let alice = world.user(OWN, "alice", allows(&["sts:*"])).await;
    let plain = world.role("plain", trusts(OWN, &[ASSUME]), Value::Null).await;
    let tag = [("Tags.member.1.Key", "Project"), ("Tags.member.1.Value", "x")];
    let identity = [("SourceIdentity", "alice@example.com")];
    for (parameters, action) in
        [(&tag[..], "sts:TagSession"), (&identity[..], "sts:SetSourceIdentity")]
    {
        let reply = world.assume(&alice, &plain, parameters).await;
        assert!(reply.is_denied() && reply.text("Message").contains(action), "{}", reply.xml);
    }
    let mut trust = trusts(OWN, &[ASSUME, "sts:TagSession", "sts:SetSourceIdentity"]);
    trust[0]["Condition"] = json!({
        "StringLikeIfExists": { "aws:RequestTag/Project": "x*" },
        "ForAllValues:StringEquals": { "aws:TagKeys": ["Project"] },
    });
    let open = world.role("open", trust, Value::Null).await;
    let both = [&tag[..], &identity[..]].concat();
    let reply = world.assume(&alice, &open, &both).await;
    assert_eq!(reply.status, 200, "{}", reply.xml);
    assert_eq!(reply.text("SourceIdentity"), "alice@example.com");
    assert_eq!(reply.text("PackedPolicySize"), "1");
    let other = [("Tags.member.1.Key", "Project"), ("Tags.member.1.Value", "y")];
    assert!(world.assume(&alice, &open, &other).await.is_denied());
    let other = [("Tags.member.1.Key", "Other"), ("Tags.member.1.Value", "x")];
    assert!(world.assume(&alice, &open, &other).await.is_denied());
}

#[tokio::test]
async fn a_session_has_what_role_and_session_policy_both_allow() {
    let world = World::new(true).await;
    let alice = world.user(OWN, "alice", allows(&[ASSUME])).await;
    let may = allows(&["kms:CreateKey", "kms:ListKeys"]);
    let role = world.role("role", trusts(OWN, &[ASSUME]), may).await;
    let session = world.assume(&alice, &role, &[]).await.key();
    assert!(session.id.starts_with("ASIA") && session.id.len() == 20);
    assert_eq!(session.secret.len(), 40);
    assert!(world.kms(&session, "ListKeys", json!({})).await["Keys"].is_array());
    assert!(world.kms(&session, "CreateKey", json!({})).await["KeyMetadata"].is_object());
    let denied = json!("AccessDeniedException");
    assert_eq!(world.kms(&session, "ListAliases", json!({})).await, denied);
    assert_eq!(world.kms(&alice, "ListKeys", json!({})).await, denied);

    let policy = policy(&allows(&["kms:ListKeys", "kms:ListAliases"]));
    let session = world.assume(&alice, &role, &[("Policy", &policy)]).await;
    assert!(session.has("PackedPolicySize"));
    let session = session.key();
    assert!(world.kms(&session, "ListKeys", json!({})).await["Keys"].is_array());
    assert_eq!(world.kms(&session, "CreateKey", json!({})).await, denied);
    assert_eq!(world.kms(&session, "ListAliases", json!({})).await, denied);

    let name = IdentityName::parse("role").unwrap();
    world.identities.delete_role(account(OWN), &name).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    let refused = json!("UnrecognizedClientException");
    assert_eq!(world.kms(&session, "ListKeys", json!({})).await, refused);
}

#[tokio::test]
async fn session_tags_override_role_tags_and_transitive_ones_go_on() {
    let world = World::new(true).await;
    let alice = world.user(OWN, "alice", allows(&["sts:*"])).await;
    let trust = trusts(OWN, &[ASSUME, "sts:TagSession", "sts:SetSourceIdentity"]);
    let when = |tag: &str, value: &str| {
        json!([
            { "Effect": "Allow", "Action": "sts:*", "Resource": "*" },
            { "Effect": "Allow", "Action": "kms:ListKeys", "Resource": "*",
              "Condition": { "StringEquals": { tag: value } } },
        ])
    };
    let by_tag = when("aws:PrincipalTag/team", "green");
    let first = world.role("first", trust.clone(), by_tag.clone()).await;
    let second = world.role("second", trust.clone(), by_tag).await;
    let third = world.role("third", trust, when("aws:SourceIdentity", "alice")).await;
    let lists = async |key: &Key| world.kms(key, "ListKeys", json!({})).await["Keys"].is_array();

    let plain = world.assume(&alice, &first, &[]).await.key();
    assert!(!lists(&plain).await);
    let tags = [("Tags.member.1.Key", "TEAM"), ("Tags.member.1.Value", "green")];
    let tagged = world.assume(&alice, &first, &tags).await.key();
    assert!(lists(&tagged).await);
    // A tag that is not transitive stays behind.
    assert!(!lists(&world.assume(&tagged, &second, &[]).await.key()).await);

    let transitive =
        [&tags[..], &[("TransitiveTagKeys.member.1", "team"), ("SourceIdentity", "alice")]]
            .concat();
    let tagged = world.assume(&alice, &first, &transitive).await.key();
    let chained = world.assume(&tagged, &second, &[]).await;
    assert!(lists(&chained.key()).await);
    assert_eq!(chained.text("SourceIdentity"), "alice");
    assert!(lists(&world.assume(&chained.key(), &third, &[]).await.key()).await);

    let (status, code, message) = world.assume(&tagged, &second, &tags).await.error();
    assert_eq!((status, code.as_str()), (400, "InvalidParameterValue"));
    assert!(message.contains("conflicts with a transitive tag key"), "{message}");
    let identity = [("SourceIdentity", "bob")];
    assert!(world.assume(&tagged, &second, &identity).await.is_denied());
}

#[tokio::test]
async fn sessions_last_as_long_as_they_may() {
    let world = World::new(true).await;
    let alice = world.user(OWN, "alice", allows(&[ASSUME])).await;
    let role = world.role("role", trusts(OWN, &[ASSUME]), allows(&[ASSUME])).await;
    let lasting = async |key: &Key, seconds: &str| {
        world.assume(key, &role, &[("DurationSeconds", seconds)]).await
    };
    let session = lasting(&alice, "7200").await;
    let expiration: jiff::Timestamp = session.text("Expiration").parse().unwrap();
    let left = expiration.duration_since(world.service.clock().real_now()).as_secs();
    assert!((7190..=7200).contains(&left), "{left}");
    let session = session.key();
    assert_eq!(lasting(&session, "3600").await.status, 200);

    let failures = [
        (&alice, "7201", "The requested DurationSeconds exceeds the MaxSessionDuration set"),
        (&alice, "899", "Value '899' at 'durationSeconds' failed to satisfy constraint: Member"),
        (&alice, "43201", "Value '43201' at 'durationSeconds' failed to satisfy constraint"),
        (&session, "3601", "The requested DurationSeconds exceeds the 1 hour session limit for"),
    ];
    for (key, seconds, expected) in failures {
        let (status, code, message) = lasting(key, seconds).await.error();
        assert_eq!((status, code.as_str()), (400, "ValidationError"));
        assert!(message.contains(expected), "{message}");
    }
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    let world = World::new(true).await;
    let alice = world.user(OWN, "alice", allows(&["sts:*"])).await;
    let trust = trusts(OWN, &[ASSUME, "sts:TagSession"]);
    let role = world.role("role", trust, Value::Null).await;
    let long = format!("{{\"Version\": \"2012-10-17\",{}", " ".repeat(2048));
    let tag = |key: &'static str| [("Tags.member.1.Key", key), ("Tags.member.1.Value", "x")];
    let large: Vec<(String, String)> = (1..=20)
        .flat_map(|number| {
            let tag = format!("Tags.member.{number}");
            [
                (format!("{tag}.Key"), format!("k{number}")),
                (format!("{tag}.Value"), "v".repeat(256)),
            ]
        })
        .collect();
    let large: Vec<(&str, &str)> = large.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let managed = [("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/ReadOnlyAccess")];
    let twice =
        [&tag("A")[..], &[("Tags.member.2.Key", "a"), ("Tags.member.2.Value", "y")]].concat();
    let transitive = [&tag("A")[..], &[("TransitiveTagKeys.member.1", "b")]].concat();
    let cases: [(Pairs<'_>, &str, &str); 13] = [
        (&[("RoleSessionName", "a b")], "ValidationError", r"pattern: [\w+=,.@-]*"),
        (&[("RoleSessionName", "a")], "ValidationError", "greater than or equal to 2"),
        (&[("DurationSeconds", "1h")], "MalformedInput", "DurationSeconds"),
        (&[("Policy", "{}")], "MalformedPolicyDocument", ""),
        (&[("Policy", &long)], "ValidationError", "less than or equal to 2048"),
        (&managed, "ValidationError", "there are no managed policies"),
        (&[("SerialNumber", "x"), ("TokenCode", "1")], "AccessDenied", "MultiFactor"),
        (&tag("aws:x"), "ValidationError", "reserved"),
        (&tag("a#"), "ValidationError", "letters"),
        (&twice, "InvalidParameterValue", "Duplicate"),
        (&transitive, "InvalidParameterValue", "must be included"),
        (&large, "PackedPolicyTooLarge", "Packed size of session tags consumes 127%"),
        (&[("Tags.member.1.Key", "a")], "ValidationError", "'tags.1.member.value'"),
    ];
    for (parameters, code, text) in cases {
        let error = world.assume(&alice, &role, parameters).await.error();
        assert_eq!(error.1, code, "{}", error.2);
        assert!(error.2.contains(text), "{}", error.2);
    }
    let reply = world.sts(Some(&alice), &[("Action", "AssumeRole")]).await;
    assert!(reply.text("Message").starts_with("2 validation errors detected: "), "{}", reply.xml);
    for (action, message) in [
        ("GetSessionToken", "Could not find operation GetSessionToken for version 2011-06-15"),
        ("<x>", "Could not find operation &lt;x&gt; for version 2011-06-15"),
    ] {
        let reply = world.sts(Some(&alice), &[("Action", action)]).await;
        assert_eq!(reply.error(), (400, "InvalidAction".to_owned(), message.to_owned()));
    }
    assert_eq!(world.sts(Some(&alice), &[]).await.text("Code"), "MissingAction");
}

#[tokio::test]
async fn without_enforcement_trust_policies_are_not_asked() {
    let world = World::new(false).await;
    let anybody = Key { id: "trent".to_owned(), secret: "trent".to_owned(), token: None };
    let reply = world.sts(Some(&anybody), &[("Action", "GetCallerIdentity")]).await;
    assert_eq!(reply.text("Arn"), "arn:aws:iam::000000000000:root");
    let role = world.role("role", trusts(OTHER, &[ASSUME]), Value::Null).await;
    let session = world.assume(&anybody, &role, &[]).await.key();
    let reply = world.sts(Some(&session), &[("Action", "GetCallerIdentity")]).await;
    assert_eq!(reply.text("Arn"), format!("arn:aws:sts::{OWN}:assumed-role/role/session"));
    assert!(world.assume(&anybody, &format!("{role}s"), &[]).await.is_denied());
}

fn federated(issuer: &str) -> Value {
    let provider = format!("arn:aws:iam::{OWN}:oidc-provider/{issuer}");
    json!([{
        "Effect": "Allow", "Principal": { "Federated": provider },
        "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"],
        "Condition": { "StringLike": { "token.example.com/tenant:sub": "repo:example/*" } },
    }])
}

#[tokio::test]
async fn a_token_of_a_trusted_issuer_opens_a_role() {
    let world = World::new(true).await;
    let may = json!([
        { "Effect": "Allow", "Action": "kms:ListKeys", "Resource": "*", "Condition": {
            "StringEquals": { "token.example.com/tenant:ref": "main" } } },
        { "Effect": "Allow", "Action": "kms:ListAliases", "Resource": "*", "Condition": {
            "StringEquals": { "aws:PrincipalTag/Project": "x", "aws:SourceIdentity": "ci-7" } } },
    ]);
    let provider = "token.example.com/tenant";
    let role = world.role("ci", federated(provider), may).await;
    let reply = world.assume_with(&world.token(&json!({ "ref": "main" })), &role).await;
    assert_eq!(reply.status, 200, "{}", reply.xml);
    assert_eq!(reply.text("SubjectFromWebIdentityToken"), "repo:example/app");
    assert_eq!(reply.text("Audience"), "trent");
    let arn = format!("arn:aws:iam::{OWN}:oidc-provider/{provider}");
    assert_eq!(reply.text("Provider"), arn);
    assert_eq!(reply.text("Arn"), format!("arn:aws:sts::{OWN}:assumed-role/ci/ci"));
    let session = reply.key();
    assert!(world.kms(&session, "ListKeys", json!({})).await["Keys"].is_array());
    let denied = json!("AccessDeniedException");
    assert_eq!(world.kms(&session, "ListAliases", json!({})).await, denied);

    let tags = json!({
        "https://aws.amazon.com/tags": { "principal_tags": { "Project": ["x"] } },
        "https://aws.amazon.com/source_identity": "ci-7",
    });
    let session = world.assume_with(&world.token(&tags), &role).await.key();
    assert!(world.kms(&session, "ListAliases", json!({})).await["Aliases"].is_array());
    assert_eq!(world.kms(&session, "ListKeys", json!({})).await, denied);
}

#[tokio::test]
async fn other_tokens_open_nothing() {
    let world = World::new(true).await;
    let role = world.role("ci", federated("token.example.com/tenant"), Value::Null).await;
    let elsewhere = world.role("elsewhere", federated("other.example.com"), Value::Null).await;
    let users_only = world.role("users", trusts(OWN, &["sts:*"]), Value::Null).await;
    let none = format!("{role}x");
    let good = world.token(&json!({}));
    let denied = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
    let now = world.service.clock().real_now().as_second();
    let tampered = format!("{}A{}", &good[..good.len() - 4], &good[good.len() - 3..]);
    let cases = [
        (good.clone(), &elsewhere, "AccessDenied", denied),
        (good.clone(), &users_only, "AccessDenied", denied),
        (good.clone(), &none, "AccessDenied", denied),
        (world.token(&json!({ "sub": "repo:other/app" })), &role, "AccessDenied", denied),
        (
            world.token(&json!({ "iss": "https://other.example.com" })),
            &role,
            "InvalidIdentityToken",
            "No OpenIDConnect provider found in your account for https://other.example.com",
        ),
        (
            world.token(&json!({ "aud": "other" })),
            &role,
            "InvalidIdentityToken",
            "Incorrect token audience",
        ),
        (
            world.token(&json!({ "exp": now - 10, "iat": now - 20 })),
            &role,
            "ExpiredTokenException",
            "Token expired",
        ),
        (tampered, &role, "InvalidIdentityToken", "signature"),
        ("no token".to_owned(), &role, "InvalidIdentityToken", "not a valid JWT"),
        (
            world.token(&json!({ "https://aws.amazon.com/tags": { "principal_tags": 1 } })),
            &role,
            "InvalidIdentityToken",
            "tags",
        ),
        (
            world.token(&json!({ "groups": vec!["g".repeat(100); 90] })),
            &role,
            "PackedPolicyTooLarge",
            "claims",
        ),
    ];
    for (token, role, code, text) in cases {
        let error = world.assume_with(&token, role).await.error();
        assert_eq!(error.1, code, "{}", error.2);
        assert!(error.2.contains(text), "{}", error.2);
    }
    assert_eq!(world.assume_with(&good, &role).await.status, 200);
    assert!(ISSUER.ends_with("token.example.com/tenant"));
}

#[tokio::test]
async fn whoever_takes_a_name_over_is_not_trusted() {
    let world = World::new(true).await;
    let (account, name) = (account(OWN), |text: &str| IdentityName::parse(text).unwrap());
    let user = trusts(&format!("arn:aws:iam::{OWN}:user/alice"), &[ASSUME]);
    let first = world.user(OWN, "alice", Value::Null).await;
    let role = world.role("role", user.clone(), Value::Null).await;
    let of_role = trusts(&role, &[ASSUME]);
    let next = world.role("next", of_role.clone(), Value::Null).await;
    let of_session = trusts(&format!("arn:aws:sts::{OWN}:assumed-role/role/session"), &[ASSUME]);
    let last = world.role("last", of_session, Value::Null).await;
    let session = world.assume(&first, &role, &[]).await.key();
    for role in [&next, &last] {
        assert_eq!(world.assume(&session, role, &[]).await.status, 200);
    }

    world.identities.delete_user(account, &name("alice")).await.unwrap();
    let second = world.user(OWN, "alice", Value::Null).await;
    assert!(world.assume(&second, &role, &[]).await.is_denied());
    // It is another policy when it is put again, though the text is the same.
    let trust = policy(&user);
    world.identities.put_trust_policy(account, &name("role"), &trust).await.unwrap();
    assert_eq!(world.assume(&second, &role, &[]).await.status, 200);

    world.identities.delete_role(account, &name("role")).await.unwrap();
    let again = world.role("role", user, Value::Null).await;
    let session = world.assume(&second, &again, &[]).await.key();
    for role in [&next, &last] {
        assert!(world.assume(&session, role, &[]).await.is_denied());
    }
    let trust = policy(&of_role);
    world.identities.put_trust_policy(account, &name("next"), &trust).await.unwrap();
    assert_eq!(world.assume(&session, &next, &[]).await.status, 200);
}
