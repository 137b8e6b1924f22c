//! Identities on a store in memory: what can be made, changed and removed, its bounds, races, and
//! files.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;
use trent_core::AccountId;
use trent_core::identity::IdentityName;
use trent_keystore::root_key::Access;
use trent_service::ServiceError;
use trent_service::identity::admin::{Identities, Owner};
use trent_service::identity::apply::Applying;
use trent_service::identity::file::IdentityFile;
use trent_service::root_keys::RootKeys;
use trent_store::{SqliteStore, Store};
use zeroize::Zeroizing;

const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}"#;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"111122223333"}}]}"#;
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

fn account() -> AccountId {
    AccountId::parse("111122223333").unwrap()
}

fn name(text: &str) -> IdentityName {
    IdentityName::parse(text).unwrap()
}

fn none() -> BTreeMap<String, String> {
    BTreeMap::new()
}

/// Two administrators of one store.
async fn two() -> (Identities, Identities) {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open_in_memory().await.unwrap());
    let access = Access::File(Zeroizing::new(vec![0xe7; 32]));
    let root_keys = RootKeys::open(store, access).await.unwrap();
    (Identities::open(&root_keys), Identities::open(&root_keys))
}

/// An administrator of a store with one account.
async fn with_account() -> Identities {
    let (identities, _) = two().await;
    identities.create_account(Some(account()), "test").await.unwrap();
    identities
}

fn refusal<T>(result: Result<T, ServiceError>) -> String {
    match result {
        Err(ServiceError::Refused(message)) => {
            assert!(!message.contains('\n') && !message.contains(SECRET), "{message}");
            message
        }
        Err(other) => panic!("not a refusal: {other:?}"),
        Ok(_) => panic!("not refused"),
    }
}

#[tokio::test]
async fn accounts_users_and_roles_are_made_once() {
    let identities = with_account().await;
    let again = refusal(identities.create_account(Some(account()), "").await);
    assert_eq!(again, "account 111122223333 exists already");
    let random = identities.create_account(None, "other").await.unwrap();
    assert_ne!(random.id.as_str().as_bytes()[0], b'0');
    assert_eq!(identities.accounts().await.unwrap().len(), 2);

    let tags = BTreeMap::from([("team".to_owned(), "payments".to_owned())]);
    let alice =
        identities.create_user(account(), &name("Alice"), "/ops/", tags.clone()).await.unwrap();
    assert_eq!(alice.arn("aws"), "arn:aws:iam::111122223333:user/ops/Alice");
    assert!(alice.id.starts_with("AIDA") && alice.id.len() == 21);
    assert_eq!(identities.user(account(), &name("alice")).await.unwrap(), Some(alice));
    let again = refusal(identities.create_user(account(), &name("ALICE"), "/", none()).await);
    assert_eq!(again, "user ALICE of account 111122223333 exists already");
    // The same name in another account, and of a role, is another's.
    identities.create_user(random.id, &name("Alice"), "/", none()).await.unwrap();
    let role = identities.create_role(account(), &name("Alice"), "/", TRUST, 3600, tags).await;
    assert!(role.unwrap().id.starts_with("AROA"));
    let again = identities.create_role(account(), &name("alice"), "/", TRUST, 3600, none()).await;
    assert_eq!(refusal(again), "role alice of account 111122223333 exists already");

    let nowhere = AccountId::parse("999999999999").unwrap();
    let user = refusal(identities.create_user(nowhere, &name("a"), "/", none()).await);
    assert_eq!(user, "account 999999999999 does not exist");
    let role = identities.create_role(nowhere, &name("a"), "/", TRUST, 3600, none()).await;
    assert_eq!(refusal(role), "account 999999999999 does not exist");
}

#[tokio::test]
async fn what_is_out_of_bounds_is_refused() {
    let identities = with_account().await;
    refusal(identities.create_account(None, &"n".repeat(51)).await);
    refusal(identities.create_account(None, "a\nb").await);
    for path in ["", "a", "/a", "//"] {
        let said = refusal(identities.create_user(account(), &name("a"), path, none()).await);
        assert!(said.contains("is not a path"), "{said}");
    }
    let tag = |key: String, value: String| BTreeMap::from([(key, value)]);
    let many = (0..51).map(|n| (n.to_string(), String::new())).collect();
    for tags in [
        tag(String::new(), String::new()),
        tag("k".repeat(129), String::new()),
        tag("k".to_owned(), "v".repeat(257)),
        many,
    ] {
        let said = refusal(identities.create_user(account(), &name("a"), "/", tags).await);
        assert!(said.contains("tag"), "{said}");
    }
    for (trust, seconds, part) in [
        (TRUST, 3599, "1 to 12 hours"),
        (TRUST, 43_201, "1 to 12 hours"),
        (POLICY, 3600, "the trust policy: "),
        ("{", 3600, "line 1 column 1"),
        (&TRUST.replace("AssumeRole", &"x".repeat(4096)), 3600, "at most 4096"),
    ] {
        let role = identities.create_role(account(), &name("a"), "/", trust, seconds, none()).await;
        let said = refusal(role);
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(identities.users(account()).await.unwrap(), []);
    assert_eq!(identities.roles(account()).await.unwrap(), []);
}

#[tokio::test]
async fn policies_have_quotas_that_white_space_does_not_count_towards() {
    let identities = with_account().await;
    identities.create_user(account(), &name("a"), "/", none()).await.unwrap();
    identities.create_role(account(), &name("a"), "/", TRUST, 3600, none()).await.unwrap();
    let user = Owner::User(account(), name("a"));
    let role = Owner::Role(account(), name("a"));
    let put = async |owner: &Owner, policy: &str, text: &str| {
        let (policy, text) = (name(policy), text.to_owned());
        identities
            .change_permissions(owner, |all| {
                all.policies.insert(policy.clone(), text.clone());
            })
            .await
    };
    let of_characters = |characters: usize| {
        let rest = characters - POLICY.len();
        POLICY.replace("kms:*", &format!("kms:{}*", "x".repeat(rest)))
    };
    put(&user, "whole", &of_characters(2048)).await.unwrap();
    let said = refusal(put(&user, "more", POLICY).await);
    assert!(said.contains("at most 2048"), "{said}");
    put(&user, "whole", &of_characters(2048).replace("\":", "\" :  \n")).await.unwrap();
    let said = refusal(put(&user, "whole", &POLICY.replace(':', &" ".repeat(131_072))).await);
    assert!(said.contains("131072 bytes"), "{said}");
    put(&role, "whole", &of_characters(10_240)).await.unwrap();
    refusal(put(&role, "whole", &of_characters(10_241)).await);
    let said = refusal(put(&role, "broken", r#"{"Statement": []}"#).await);
    assert!(said.starts_with("policy broken: "), "{said}");
    let boundary = of_characters(10_240);
    identities
        .change_permissions(&user, |all| all.boundary = Some(boundary.clone()))
        .await
        .unwrap();
    let permissions = identities.permissions(&user).await.unwrap();
    assert_eq!(permissions.policies.len(), 1);
    assert_eq!(permissions.boundary, Some(boundary));
    let missing = Owner::Role(account(), name("b"));
    let said = refusal(put(&missing, "whole", POLICY).await);
    assert_eq!(said, "role b of account 111122223333 does not exist");
}

#[tokio::test]
async fn access_keys_are_two_each_and_go_with_their_user() {
    let identities = with_account().await;
    let alice = name("Alice");
    identities.create_user(account(), &alice, "/", none()).await.unwrap();
    let first = identities.create_access_key(account(), Some(&name("ALICE"))).await.unwrap();
    assert!(first.id.starts_with("AKIA") && first.id.len() == 20);
    assert_eq!(first.secret.len(), 40);
    assert_eq!(first.user, Some(alice.clone()), "the name as the user has it");
    let second = identities.create_access_key(account(), Some(&alice)).await.unwrap();
    assert!(first.id != second.id && first.secret != second.secret);
    let third = refusal(identities.create_access_key(account(), Some(&alice)).await);
    assert!(third.contains("has 2 access keys, at most 2"), "{third}");
    identities.create_access_key(account(), None).await.unwrap();
    assert_eq!(identities.all_access_keys(account()).await.unwrap().len(), 3);

    let key = identities.set_access_key_active(&first.id, false).await.unwrap();
    assert!(!key.is_active);
    let keys = identities.access_keys(account(), Some(&alice)).await.unwrap();
    assert_eq!(keys.iter().filter(|key| key.is_active).count(), 1);
    identities.delete_access_key(&second.id).await.unwrap();
    refusal(identities.delete_access_key(&second.id).await);
    refusal(identities.set_access_key_active(&second.id, true).await);

    let add = async |id: &str, secret: &str| {
        let secret = Zeroizing::new(secret.to_owned());
        identities.add_access_key(account(), Some(&alice), id.to_owned(), secret).await
    };
    for (id, secret) in [("AKIA", SECRET), ("AKIA-0123456789ABCDEF", SECRET)] {
        assert!(refusal(add(id, secret).await).contains("is not an access key id"));
    }
    refusal(add("AKIA0123456789ABCDEF", "short").await);
    let taken = refusal(add(&first.id, SECRET).await);
    assert_eq!(taken, format!("access key {} exists already", first.id));
    add("AKIA0123456789ABCDEF", SECRET).await.unwrap();

    identities.delete_user(account(), &alice).await.unwrap();
    refusal(identities.delete_user(account(), &alice).await);
    assert_eq!(identities.all_access_keys(account()).await.unwrap().len(), 1);
    // Another user of the name does not get them back.
    let again = identities.create_user(account(), &alice, "/", none()).await.unwrap();
    assert_eq!(identities.access_keys(account(), Some(&again.name)).await.unwrap().len(), 0);
    refusal(identities.access_keys(account(), Some(&name("bob"))).await);
}

#[tokio::test]
async fn administrators_do_not_undo_each_other() {
    let (one, other) = two().await;
    one.create_account(Some(account()), "").await.unwrap();
    let alice = name("alice");
    let (first, second) = tokio::join!(
        one.create_user(account(), &alice, "/", none()),
        other.create_user(account(), &alice, "/", none()),
    );
    let error = if first.is_ok() { second.map(drop) } else { first.map(drop) };
    assert!(refusal(error).contains("exists already"));

    let owner = Owner::User(account(), alice.clone());
    let put = async |identities: &Identities, names: [&str; 5]| {
        for policy in names {
            identities
                .change_permissions(&owner, |all| {
                    all.policies.insert(name(policy), POLICY.to_owned());
                })
                .await
                .unwrap();
        }
    };
    tokio::join!(
        put(&one, ["a", "b", "c", "d", "e"]),
        put(&other, ["f", "g", "h", "i", "j"]),
        put(&one, ["k", "l", "m", "n", "o"]),
    );
    assert_eq!(one.permissions(&owner).await.unwrap().policies.len(), 15);

    let made = tokio::join!(
        one.create_access_key(account(), Some(&alice)),
        other.create_access_key(account(), Some(&alice)),
        one.create_access_key(account(), Some(&alice)),
    );
    let made = [made.0.is_ok(), made.1.is_ok(), made.2.is_ok()];
    assert_eq!(made.iter().filter(|made| **made).count(), 2, "the quota holds in a race");

    one.delete_user(account(), &alice).await.unwrap();
    one.create_user(account(), &alice, "/", none()).await.unwrap();
    let (deleted, key) = tokio::join!(
        one.delete_user(account(), &alice),
        other.create_access_key(account(), Some(&alice)),
    );
    deleted.unwrap();
    // Whoever was first, no access key is left behind.
    drop(key);
    one.create_user(account(), &alice, "/", none()).await.unwrap();
    assert_eq!(one.access_keys(account(), Some(&alice)).await.unwrap().len(), 0);
}

const FILE: &str = r#"
accounts:
  111122223333:
    name: production
    users:
      alice:
        path: /ops/
        tags: { team: payments, level: 3 }
        policies:
          decrypt:
            Version: 2012-10-17
            Statement:
              - { Effect: Allow, Action: "kms:Decrypt", Resource: "*" }
        boundary: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}'
        access_keys:
          - { id: AKIA0123456789ABCDEF, secret: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY }
      bob:
    roles:
      app:
        max_session: 2h
        trust_policy:
          Version: 2012-10-17
          Statement:
            - { Effect: Allow, Action: "sts:AssumeRole", Principal: { AWS: "111122223333" } }
"#;

async fn applied(identities: &Identities, yaml: &str, applying: Applying) -> Vec<String> {
    let file = IdentityFile::parse(yaml).unwrap();
    let steps = identities.apply(&file, applying).await.unwrap();
    steps.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_file_is_applied_once() {
    let (identities, _) = two().await;
    let all = [
        "+ account 111122223333",
        "+ user alice",
        "+ policy decrypt of user alice",
        "+ permissions boundary of user alice",
        "+ access key AKIA0123456789ABCDEF of user alice",
        "+ user bob",
        "+ role app",
    ];
    let dry = Applying { dry_run: true, ..Applying::default() };
    assert_eq!(applied(&identities, FILE, dry).await, all);
    assert_eq!(identities.accounts().await.unwrap(), []);
    assert_eq!(applied(&identities, FILE, Applying::default()).await, all);
    assert_eq!(applied(&identities, FILE, Applying::default()).await, [""; 0]);
    let alice = identities.user(account(), &name("alice")).await.unwrap().unwrap();
    assert_eq!(alice.arn("aws"), "arn:aws:iam::111122223333:user/ops/alice");
    assert_eq!(alice.permissions.tags["level"], "3");
    let role = identities.role(account(), &name("app")).await.unwrap().unwrap();
    assert_eq!(role.max_session_seconds, 7200);
    let keys = identities.access_keys(account(), Some(&name("alice"))).await.unwrap();
    assert_eq!(*keys[0].secret, SECRET);

    let changed = FILE
        .replace("kms:Decrypt", "kms:Encrypt")
        .replace("/ops/", "/dev/")
        .replace("EXAMPLEKEY", "EXAMPLEYEK")
        .replace("2h", "3h")
        .replace("sts:AssumeRole", "sts:*")
        .replace("production", "test");
    let steps = [
        "~ account 111122223333",
        "~ user alice",
        "~ policy decrypt of user alice",
        "~ access key AKIA0123456789ABCDEF of user alice",
        "~ role app",
        "~ trust policy of role app",
    ];
    assert_eq!(applied(&identities, &changed, dry).await, steps);
    assert_eq!(applied(&identities, &changed, Applying::default()).await, steps);
    assert_eq!(applied(&identities, &changed, Applying::default()).await, [""; 0]);
    let again = identities.user(account(), &name("alice")).await.unwrap().unwrap();
    assert_eq!(again.id, alice.id);
}

#[tokio::test]
async fn only_pruning_removes() {
    let (identities, _) = two().await;
    applied(&identities, FILE, Applying::default()).await;
    let other = identities.create_account(None, "other").await.unwrap().id;
    identities.create_user(other, &name("carol"), "/", none()).await.unwrap();
    identities.create_access_key(account(), Some(&name("bob"))).await.unwrap();
    let less = "accounts: {111122223333: {users: {Alice: {policies: {}}}}}";
    assert_eq!(applied(&identities, less, Applying::default()).await, [""; 0]);
    let prune = Applying { prune: true, ..Applying::default() };
    let steps = [
        "~ user Alice",
        "- policy decrypt of user Alice",
        "- permissions boundary of user Alice",
        "- user bob",
        "- role app",
    ];
    let dry = Applying { dry_run: true, prune: true };
    assert_eq!(applied(&identities, less, dry).await, steps);
    assert_eq!(applied(&identities, less, prune).await, steps);
    assert_eq!(applied(&identities, less, prune).await, [""; 0]);
    // The access key of alice stays, that of bob went with him; other accounts are not touched.
    assert_eq!(identities.all_access_keys(account()).await.unwrap().len(), 1);
    assert_eq!(identities.users(other).await.unwrap().len(), 1);
}

#[tokio::test]
async fn mistakes_in_a_file_are_told_with_their_place_and_change_nothing() {
    for (yaml, parts) in [
        ("", vec!["accounts"]),
        ("accounts: 1", vec!["accounts", "a mapping", "line 1"]),
        ("accounts: {12: {}}", vec!["accounts"]),
        ("account: {}", vec!["unknown field `account`"]),
        (
            "accounts: {111122223333: {users: {a: {polices: {}}}}}",
            vec!["accounts.111122223333.users.a", "unknown field `polices`", "line 1 column"],
        ),
        ("accounts: {111122223333: {users: {a b: {}}}}", vec!["`a b` is not a name"]),
        ("accounts: {111122223333: {users: {a: {}, a: {}}}}", vec!["occurs twice"]),
        ("accounts: {111122223333: {users: {a: {tags: {x: 1, x: 2}}}}}", vec!["occurs twice"]),
        (
            "accounts: {111122223333: {users: {a: {policies: {p: {Version: 1, Version: 2}}}}}}",
            vec!["duplicate entry"],
        ),
        (
            "accounts: {111122223333: {users: {a: {policies: {p: [1]}}}}}",
            vec!["a policy is a mapping"],
        ),
        ("accounts: {111122223333: {roles: {r: {}}}}", vec!["missing field `trust_policy`"]),
        (
            "accounts: {111122223333: {roles: {r: {trust_policy: '{}', max_session: soon}}}}",
            vec!["max_session"],
        ),
        (
            "accounts: {111122223333: {users: {a: {access_keys: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY}}}}",
            vec!["access keys are a list", "line 1"],
        ),
        (
            "accounts: {111122223333: {users: {a: {access_keys: [wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY]}}}}",
            vec!["access keys are a list", "line 1"],
        ),
    ] {
        let said = refusal(IdentityFile::parse(yaml));
        for part in parts {
            assert!(said.contains(part), "{part:?} is not in {said:?}");
        }
    }
    let (identities, _) = two().await;
    for (users, part) in [
        ("{a: {}, A: {}}", "`a` occurs twice"),
        ("{a: {path: x}}", "user a: `x` is not a path"),
        ("{a: {policies: {p: {Version: 2012-10-17}}}}", "user a: policy p: no Statement"),
        ("{a: {policies: {p: '{'}}}", "policy p: not valid JSON"),
        ("{a: {access_keys: [{id: x, secret: yyyyyyyyyyyyyyyyyyy}]}}", "not an access key id"),
        (
            "{a: {access_keys: [{id: AKIA0123456789ABCDEF, secret: yyyyyyyyyyyyyyyyyyy}]}, \
              b: {access_keys: [{id: AKIA0123456789ABCDEF, secret: yyyyyyyyyyyyyyyyyyy}]}}",
            "user b: access key AKIA0123456789ABCDEF occurs twice",
        ),
        (
            "{a: {access_keys: [{id: AKIA0123456789ABCDE1, secret: yyyyyyyyyyyyyyyyyyy}, \
              {id: AKIA0123456789ABCDE2, secret: yyyyyyyyyyyyyyyyyyy}, \
              {id: AKIA0123456789ABCDE3, secret: yyyyyyyyyyyyyyyyyyy}]}}",
            "at most 2",
        ),
    ] {
        let file = IdentityFile::parse(&format!("accounts: {{111122223333: {{users: {users}}}}}"));
        let said = refusal(identities.apply(&file.unwrap(), Applying::default()).await);
        assert!(said.starts_with("account 111122223333: ") && said.contains(part), "{said}");
    }
    assert_eq!(identities.accounts().await.unwrap(), []);
}

#[tokio::test]
async fn a_file_does_not_take_an_access_key_from_another() {
    let identities = with_account().await;
    identities.create_user(account(), &name("carol"), "/", none()).await.unwrap();
    let id = "AKIA0123456789ABCDEF".to_owned();
    let secret = Zeroizing::new(SECRET.to_owned());
    identities.add_access_key(account(), Some(&name("carol")), id, secret).await.unwrap();
    let file = IdentityFile::parse(FILE).unwrap();
    let said = refusal(identities.apply(&file, Applying::default()).await);
    assert!(said.ends_with("access key AKIA0123456789ABCDEF exists already and is another's"));
    assert_eq!(identities.users(account()).await.unwrap().len(), 1);
}

/// A trust policy for a principal.
fn trusting(principal: &str) -> String {
    TRUST.replace(r#"{"AWS":"111122223333"}"#, &format!(r#"{{"AWS":"{principal}"}}"#))
}

#[tokio::test]
async fn a_trust_policy_names_somebody_who_exists() {
    let identities = with_account().await;
    let user = identities.create_user(account(), &name("alice"), "/ops/", none()).await.unwrap();
    let make = async |role: &str, principal: &str| {
        let trust = trusting(principal);
        identities.create_role(account(), &name(role), "/", &trust, 3600, none()).await
    };
    let known = [
        "arn:aws:iam::111122223333:user/ops/alice",
        "arn:aws-cn:iam::111122223333:user/ops/alice",
        "arn:aws:iam::111122223333:root",
        "arn:aws:iam::111122223333:role/role0",
        "arn:aws:sts::111122223333:assumed-role/role0/session",
        "arn:aws:sts::111122223333:federated-user/bob",
        "111122223333",
        "*",
    ];
    for (number, principal) in known.into_iter().enumerate() {
        let role = make(&format!("role{number}"), principal).await.unwrap();
        let ids: Vec<&String> = role.trust_principals.values().collect();
        match number {
            0 | 1 => assert_eq!(ids, [&user.id]),
            3 | 4 => assert!(ids[0].starts_with("AROA")),
            _ => assert_eq!(role.trust_principals, none()),
        }
    }
    for principal in [
        "arn:aws:iam::111122223333:user/alice",
        "arn:aws:iam::111122223333:user/ops/Alice",
        "arn:aws:iam::111122223333:user/bob",
        "arn:aws:iam::111122223333:role/bob",
        "arn:aws:iam::111122223333:role/ops/alice",
        "arn:aws:iam::999999999999:root",
        "arn:aws:iam::999999999999:user/ops/alice",
        "arn:aws:sts::111122223333:assumed-role/bob/session",
        "arn:aws:sts::111122223333:assumed-role/Role0/session",
    ] {
        let expected =
            format!(r#"the trust policy: Invalid principal in policy: "AWS":"{principal}""#);
        assert_eq!(refusal(make("bob", principal).await), expected);
        let (role, trust) = (name("role0"), trusting(principal));
        let put = identities.put_trust_policy(account(), &role, &trust).await;
        assert_eq!(refusal(put), expected);
    }
    let said = refusal(make("bob", "999999999999").await);
    assert!(said.ends_with(r#""AWS":"arn:aws:iam::999999999999:root""#), "{said}");
    let role = identities.role(account(), &name("role0")).await.unwrap().unwrap();
    assert_eq!(role.trust_policy, trusting(known[0]));
}

/// Two accounts whose roles trust whoever comes later in the file, and each other.
const CIRCLE: &str = r#"
accounts:
  "111122223333":
    users:
      zoe: {}
    roles:
      a:
        trust_policy:
          Version: 2012-10-17
          Statement:
            Effect: Allow
            Action: "sts:AssumeRole"
            Principal:
              AWS:
                - "arn:aws:iam::111122223333:user/zoe"
                - "arn:aws:iam::111122223333:role/b"
                - "arn:aws:iam::444455556666:user/late"
                - "444455556666"
      b:
        trust_policy:
          Version: 2012-10-17
          Statement:
            Effect: Allow
            Action: "sts:AssumeRole"
            Principal: { AWS: "arn:aws:iam::111122223333:role/a" }
  "444455556666":
    users:
      late: {}
"#;

#[tokio::test]
async fn roles_in_a_file_trust_whoever_is_in_it() {
    let (identities, _) = two().await;
    applied(&identities, CIRCLE, Applying::default()).await;
    let role = async |role: &str| identities.role(account(), &name(role)).await.unwrap().unwrap();
    let zoe = async || identities.user(account(), &name("zoe")).await.unwrap().unwrap().id;
    let (a, b) = (role("a").await, role("b").await);
    let circle = [("111122223333:role/b", &b.id), ("111122223333:user/zoe", &zoe().await)];
    for (who, id) in circle {
        assert_eq!(&a.trust_principals[&format!("arn:aws:iam::{who}")], id);
    }
    assert_eq!(b.trust_principals["arn:aws:iam::111122223333:role/a"], a.id);
    assert_eq!(applied(&identities, CIRCLE, Applying::default()).await, [""; 0]);

    // Somebody else has the name: the file means who is there now.
    identities.delete_user(account(), &name("zoe")).await.unwrap();
    let steps = applied(&identities, CIRCLE, Applying::default()).await;
    assert_eq!(steps, ["+ user zoe", "~ trust policy of role a"]);
    let other = role("a").await.trust_principals["arn:aws:iam::111122223333:user/zoe"].clone();
    assert_eq!(other, zoe().await);

    // Whoever the file removes is not there to be trusted.
    let prune = Applying { prune: true, ..Applying::default() };
    let without = CIRCLE.replace("      late: {}", "      early: {}");
    let file = IdentityFile::parse(&without).unwrap();
    let said = refusal(identities.apply(&file, prune).await);
    let expected = r#"account 111122223333: role a: the trust policy: Invalid principal in policy: "AWS":"arn:aws:iam::444455556666:user/late""#;
    assert_eq!(said, expected);
    assert_eq!(applied(&identities, CIRCLE, prune).await, [""; 0]);
}
