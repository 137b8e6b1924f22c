//! What one node changes, seen by the others.

use super::support::{ACCOUNT, BOUND, Commits, OTHER, SLOW, Way, nodes, within_bound};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout;
use trent_core::AccountId;
use trent_service::time_travel::ClockMove;

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_key_is_used_by_nobody_after_the_bound() {
    let (_, [a, b, c]) = nodes(|_| ()).await;
    // The one is told of changes, the other must ask.
    c.deafen();
    let key = a.key().await;
    for _ in 0..3 {
        for node in [&a, &b, &c] {
            node.encrypt(&key).await.unwrap();
        }
        a.call("DisableKey", json!({"KeyId": key})).await.unwrap();
        assert_eq!(a.encrypt(&key).await.unwrap_err(), "DisabledException");
        for node in [&b, &c] {
            within_bound(async || node.encrypt(&key).await == Err("DisabledException".to_owned()))
                .await;
        }
        b.call("EnableKey", json!({"KeyId": key})).await.unwrap();
        b.encrypt(&key).await.unwrap();
        for node in [&a, &c] {
            within_bound(async || node.encrypt(&key).await.is_ok()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_aliases_tags_and_rotations_follow() {
    let (_, [a, b, _]) = nodes(|_| ()).await;
    let (key, other) = (a.key().await, a.key().await);
    let alias = json!({"AliasName": "alias/one", "TargetKeyId": key});
    a.call("CreateAlias", alias).await.unwrap();
    let through = async || b.encrypt("alias/one").await.map(|reply| reply["KeyId"].clone());
    assert_eq!(through().await.unwrap(), key, "what is new is found at once");
    let moved = json!({"AliasName": "alias/one", "TargetKeyId": other});
    a.call("UpdateAlias", moved).await.unwrap();
    within_bound(async || through().await == Ok(json!(other))).await;
    a.call("DeleteAlias", json!({"AliasName": "alias/one"})).await.unwrap();
    within_bound(async || through().await == Err("NotFoundException".to_owned())).await;

    let material = async || {
        b.call("DescribeKey", json!({"KeyId": key})).await.unwrap()
        ["KeyMetadata"]["CurrentKeyMaterialId"]
        .clone()
    };
    let before = material().await;
    a.call("RotateKeyOnDemand", json!({"KeyId": key})).await.unwrap();
    within_bound(async || material().await != before).await;

    let arn = format!("arn:aws:iam::{ACCOUNT}:root");
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*"},
    ]});
    let policy = json!({"KeyId": key, "Policy": policy.to_string()});
    a.call("PutKeyPolicy", policy).await.unwrap();
    within_bound(async || b.encrypt(&key).await == Err("AccessDeniedException".to_owned())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_encrypted_after_a_rotation_is_decrypted_everywhere_at_once() {
    let (_, [a, b, c]) = nodes(|_| ()).await;
    let (key, other) = (a.key().await, a.key().await);
    for node in [&b, &c] {
        // They remember the key as it was.
        node.encrypt(&key).await.unwrap();
        node.stop_following();
    }
    a.call("RotateKeyOnDemand", json!({"KeyId": key})).await.unwrap();
    let blob = a.encrypt(&key).await.unwrap()["CiphertextBlob"].clone();
    let named = json!({"CiphertextBlob": blob, "KeyId": key});
    assert_eq!(b.call("Decrypt", named).await.unwrap()["Plaintext"], "eA==");
    let moved = json!({"CiphertextBlob": blob, "DestinationKeyId": other});
    c.call("ReEncrypt", moved).await.unwrap();
    // What is no ciphertext of the key stays none.
    let context = json!({"CiphertextBlob": blob, "EncryptionContext": {"a": "b"}});
    assert_eq!(b.call("Decrypt", context).await.unwrap_err(), "InvalidCiphertextException");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_is_in_force_with_its_token_at_once_and_without_within_the_bound() {
    let (_, [a, b, _]) = nodes(|_| ()).await;
    b.stop_following();
    let key = a.key().await;
    let encrypt = |token: Value| json!({"KeyId": key, "Plaintext": "eA==", "GrantTokens": token});
    let grant = async |operation: &str| {
        let request = json!({
            "KeyId": key,
            "GranteePrincipal": format!("arn:aws:iam::{OTHER}:root"),
            "Operations": [operation],
        });
        a.call("CreateGrant", request).await.unwrap()
    };
    // The node that does not follow remembers that there is one grant, which does not suffice.
    grant("Decrypt").await;
    let denied = b.call_as(OTHER, "Encrypt", encrypt(json!([]))).await;
    assert_eq!(denied.unwrap_err(), "AccessDeniedException");
    let given = grant("Encrypt").await;
    let denied = b.call_as(OTHER, "Encrypt", encrypt(json!([]))).await;
    assert_eq!(denied.unwrap_err(), "AccessDeniedException");
    let token = json!([given["GrantToken"]]);
    b.call_as(OTHER, "Encrypt", encrypt(token)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_grant_is_used_by_nobody_after_the_bound() {
    let (_, [a, b, _]) = nodes(|_| ()).await;
    let key = a.key().await;
    let request = json!({
        "KeyId": key,
        "GranteePrincipal": format!("arn:aws:iam::{OTHER}:root"),
        "Operations": ["Encrypt"],
    });
    let given = a.call("CreateGrant", request).await.unwrap();
    let encrypt = async || {
        b.call_as(OTHER, "Encrypt", json!({"KeyId": key, "Plaintext": "eA=="})).await.is_ok()
    };
    within_bound(&encrypt).await;
    let revoke = json!({"KeyId": key, "GrantId": given["GrantId"]});
    a.call("RevokeGrant", revoke).await.unwrap();
    within_bound(async || !encrypt().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn identities_follow() {
    let (_, [a, b, _]) = nodes(|_| ()).await;
    let identities = a.service.identities();
    let account = AccountId::parse(ACCOUNT).unwrap();
    identities.create_account(Some(account), "").await.unwrap();
    let key = identities.create_access_key(account, None).await.unwrap();
    // Its signature is wrong: that is found only of an access key that is known and active.
    let code = async || b.call_as(&key.id, "ListKeys", json!({})).await.unwrap_err();
    assert_eq!(code().await, "InvalidSignatureException");
    identities.set_access_key_active(&key.id, false).await.unwrap();
    within_bound(async || code().await == "UnrecognizedClientException").await;
    identities.set_access_key_active(&key.id, true).await.unwrap();
    within_bound(async || code().await == "InvalidSignatureException").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_builds_on_what_other_nodes_have_acknowledged() {
    let (_, [a, b, _]) = nodes(|_| ()).await;
    let key = a.key().await;
    let change = json!({"KeyId": key});
    for _ in 0..20 {
        // Whatever the node remembers, this is not found to be so already.
        a.call("DisableKey", change.clone()).await.unwrap();
        b.call("EnableKey", change.clone()).await.unwrap();
        let state = b.call("DescribeKey", change.clone()).await.unwrap();
        assert_eq!(state["KeyMetadata"]["KeyState"], "Enabled");
        let alias = json!({"AliasName": "alias/one", "TargetKeyId": key});
        a.call("CreateAlias", alias).await.unwrap();
        b.call("DeleteAlias", json!({"AliasName": "alias/one"})).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_cut_off_refuses_and_comes_back() {
    let (_, [a, b, _]) = nodes(|_| ()).await;
    let key = a.key().await;
    for way in [Way::Refusing, Way::Hanging] {
        b.encrypt(&key).await.unwrap();
        assert!(b.service.is_ready().await);
        b.cut(way);
        let cut = Instant::now();
        a.call("DisableKey", json!({"KeyId": key})).await.unwrap();
        let disabled = Instant::now();
        // It may answer from memory for a while, and never after.
        while cut.elapsed() < 2 * BOUND {
            let asked = Instant::now();
            match b.encrypt(&key).await {
                Ok(_) => {
                    assert!(asked < disabled + BOUND, "a disabled key was used after the bound");
                }
                // The key may have been forgotten just before.
                Err(code) => {
                    let is_retried = ["ServiceUnavailable", "KMSInternalException"];
                    assert!(is_retried.contains(&code.as_str()), "{code}");
                }
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(!b.service.is_ready().await);
        // Nothing is written either, and nobody waits for it.
        let refused = b.call("EnableKey", json!({"KeyId": key})).await;
        assert_eq!(refused.unwrap_err(), "ServiceUnavailable");
        b.cut(Way::Open);
        within_bound(async || b.encrypt(&key).await == Err("DisabledException".to_owned())).await;
        assert!(b.service.is_ready().await);
        a.call("EnableKey", json!({"KeyId": key})).await.unwrap();
        within_bound(async || b.encrypt(&key).await.is_ok()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_silent_store_is_told_when_the_bound_has_passed() {
    let (_, [a, b, _]) = nodes(|_| ()).await;
    let known = a.key().await;
    b.encrypt(&known).await.unwrap();
    let description = json!({"KeyId": known, "Description": "new"});
    for way in [Way::Refusing, Way::Hanging] {
        let key = json!({"KeyId": a.key().await});
        b.cut(way);
        let cut = Instant::now();
        // What needs the store, to be read or to be changed.
        let answers = tokio::join!(
            b.call("DescribeKey", key.clone()),
            b.call("ListKeys", json!({})),
            b.call("CreateKey", json!({})),
            b.call("UpdateKeyDescription", description.clone()),
        );
        let took = cut.elapsed();
        for answer in [answers.0, answers.1, answers.2, answers.3] {
            assert_eq!(answer.unwrap_err(), "ServiceUnavailable");
        }
        match way {
            Way::Refusing => assert!(took < BOUND / 4, "{took:?}"),
            _ => assert!(took < BOUND + BOUND / 4, "{took:?}"),
        }
        b.cut(Way::Open);
        within_bound(async || b.call("DescribeKey", key.clone()).await.is_ok()).await;
    }
    let described = a.call("DescribeKey", json!({"KeyId": known})).await.unwrap();
    assert_eq!(described["KeyMetadata"]["Description"], "", "what was refused was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_no_reason_to_try_again_unaware() {
    let (_, [a, b, _]) = nodes(|_| ()).await;
    let key = json!({"KeyId": a.key().await});
    b.let_commits_be(Commits::Lost);
    let begun = Instant::now();
    let answer = b.call("DisableKey", key.clone()).await;
    let took = begun.elapsed();
    // Not `ServiceUnavailable`, which would say that another node is to be asked the same.
    assert_eq!(answer.unwrap_err(), "KMSInternalException");
    assert!(took > BOUND && took < BOUND + Duration::from_secs(2), "{took:?}");
    let state = async |node: &super::support::Node| {
        let described = node.call("DescribeKey", key.clone()).await;
        described.map(|reply| reply["KeyMetadata"]["KeyState"].clone())
    };
    assert_eq!(state(&a).await.unwrap(), "Disabled");
    b.let_commits_be(Commits::Answered);
    b.cut(Way::Open);
    within_bound(async || state(&b).await == Ok(json!("Disabled"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_forgets_what_a_request_has_changed_whose_client_is_gone() {
    let (_, [a, ..]) = nodes(|_| ()).await;
    let key = a.key().await;
    a.encrypt(&key).await.unwrap();
    // Nobody else tells it.
    a.stop_following();
    a.let_commits_be(Commits::Slow);
    let disable = a.call("DisableKey", json!({"KeyId": key}));
    timeout(SLOW / 2, disable).await.unwrap_err();
    // It is read again while the commit is under way.
    a.encrypt(&key).await.unwrap();
    tokio::time::sleep(SLOW).await;
    assert_eq!(a.encrypt(&key).await.unwrap_err(), "DisabledException");
}

#[tokio::test(flavor = "multi_thread")]
async fn time_and_emptiness_follow() {
    let (_, [a, b, _]) = nodes(|_| ()).await;
    let key = a.key().await;
    b.encrypt(&key).await.unwrap();
    let span = "P400D".parse().unwrap();
    a.service.travel(ClockMove::Advance(span)).await.unwrap();
    let far = a.service.clock().offset();
    within_bound(async || b.service.clock().offset() == far).await;
    a.service.reset().await.unwrap();
    within_bound(async || b.encrypt(&key).await == Err("NotFoundException".to_owned())).await;
    within_bound(async || b.service.clock().offset().is_zero()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_store_keys_are_known_before_they_are_met() {
    let (_, [a, b, c]) = nodes(|_| ()).await;
    c.deafen();
    let old = a.key().await;
    for node in [&b, &c] {
        node.encrypt(&old).await.unwrap();
    }
    let keep = trent_service::root_keys::admin::KEEP_OLD_MIN;
    a.root_keys.rotate(&[], keep).await.unwrap();
    let new = a.key().await;
    for node in [&b, &c] {
        node.encrypt(&new).await.unwrap();
        node.encrypt(&old).await.unwrap();
    }
    a.root_keys.reseal().await.unwrap();
    tokio::time::sleep(BOUND).await;
    for node in [&b, &c] {
        node.encrypt(&old).await.unwrap();
        node.call("DisableKey", json!({"KeyId": old})).await.unwrap();
        node.call("EnableKey", json!({"KeyId": old})).await.unwrap();
    }
    let status = a.root_keys.status().await.unwrap();
    assert_eq!(status.store_keys[1].records, 0, "something was sealed under the old store key");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quota_of_keys_counts_what_other_nodes_create() {
    let (_, [a, b, _]) = nodes(|settings| settings.keys_per_region_max = 5).await;
    for node in [&a, &b, &a, &b, &b] {
        node.key().await;
    }
    tokio::time::sleep(BOUND).await;
    for node in [&b, &a] {
        let refused = node.call("CreateKey", json!({})).await;
        assert_eq!(refused.unwrap_err(), "LimitExceededException");
    }
    let doomed = a.call("ListKeys", json!({})).await.unwrap()["Keys"][0]["KeyId"].clone();
    let schedule = json!({"KeyId": doomed, "PendingWindowInDays": 7});
    a.call("ScheduleKeyDeletion", schedule).await.unwrap();
    a.service.travel(ClockMove::Advance("P8D".parse().unwrap())).await.unwrap();
    within_bound(async || b.call("CreateKey", json!({})).await.is_ok()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_disabled_during_long_work_is_not_used_after_it() {
    let (_, [a, b, _]) = nodes(|_| ()).await;
    let key = a.key().await;
    let b = Arc::new(b);
    let mut refused = 0;
    // Now and then two primes are found in no time.
    for _ in 0..30 {
        let work = tokio::spawn({
            let (b, key) = (Arc::clone(&b), key.clone());
            async move {
                let request = json!({"KeyId": key, "KeyPairSpec": "RSA_4096"});
                b.call("GenerateDataKeyPairWithoutPlaintext", request).await
            }
        });
        // The work has begun.
        tokio::time::sleep(Duration::from_millis(30)).await;
        a.call("DisableKey", json!({"KeyId": key})).await.unwrap();
        match work.await.unwrap() {
            Ok(_) => {}
            Err(code) => {
                assert_eq!(code, "DisabledException");
                refused += 1;
            }
        }
        a.call("EnableKey", json!({"KeyId": key})).await.unwrap();
        within_bound(async || b.encrypt(&key).await.is_ok()).await;
        if refused == 2 {
            return;
        }
    }
    panic!("the key was used whatever happened to it meanwhile");
}
