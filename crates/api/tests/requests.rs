//! Reading requests: AWS's words for every kind of violation, wrong types, and what is not told.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use trent_api::structures::{
    CreateGrantRequest, CreateKeyRequest, DecryptRequest, EncryptRequest, EncryptResponse,
    GenerateRandomRequest, ListKeysRequest, ScheduleKeyDeletionRequest, TagResourceRequest,
};
use trent_api::wire::{Blob, SensitiveBytes};
use trent_api::{ErrorCode, KmsError, Operation, Request, parse};

fn refused<R: Request>(body: &str) -> (ErrorCode, String) {
    let error: KmsError = parse::<R>(body.as_bytes()).map(drop).unwrap_err();
    (error.code(), error.message().unwrap_or_default().to_owned())
}

fn violation<R: Request>(body: &str) -> String {
    let (code, message) = refused::<R>(body);
    assert_eq!(code, ErrorCode::Validation, "{message}");
    message
}

#[test]
fn numbers_are_checked_against_their_bounds() {
    assert_eq!(
        violation::<GenerateRandomRequest>(r#"{"NumberOfBytes":0}"#),
        "1 validation error detected: Value '0' at 'numberOfBytes' failed to satisfy constraint: \
         Member must have value greater than or equal to 1"
    );
    assert_eq!(
        violation::<GenerateRandomRequest>(r#"{"NumberOfBytes":1025}"#),
        "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy \
         constraint: Member must have value less than or equal to 1024"
    );
    // The real bounds, narrower than the model's.
    for days in [6, 31] {
        let body = format!(r#"{{"KeyId":"x","PendingWindowInDays":{days}}}"#);
        assert!(violation::<ScheduleKeyDeletionRequest>(&body).contains("pendingWindowInDays"));
    }
}

#[test]
fn a_missing_member_is_null() {
    let text = "1 validation error detected: Value null at 'keyId' failed to satisfy constraint: \
                Member must not be null";
    assert_eq!(violation::<ScheduleKeyDeletionRequest>(r#"{"KeyId":null}"#), text);
    assert_eq!(violation::<ScheduleKeyDeletionRequest>(""), text);
}

#[test]
fn all_violations_are_told_at_once_in_the_order_of_the_members() {
    let tag_key = "k".repeat(129);
    let body = format!(
        r#"{{"Tags":[{{"TagKey":"a","TagValue":"b"}},{{"TagKey":"{tag_key}"}}],"KeyId":""}}"#
    );
    assert_eq!(
        violation::<TagResourceRequest>(&body),
        format!(
            "3 validation errors detected: Value '' at 'keyId' failed to satisfy constraint: \
             Member must have length greater than or equal to 1; Value '{tag_key}' at \
             'tags.2.member.tagKey' failed to satisfy constraint: Member must have length less \
             than or equal to 128; Value null at 'tags.2.member.tagValue' failed to satisfy \
             constraint: Member must not be null"
        )
    );
}

#[test]
fn an_enumeration_names_its_set() {
    let message = violation::<CreateKeyRequest>(r#"{"KeyUsage":"SIGN"}"#);
    assert_eq!(
        message,
        "1 validation error detected: Value 'SIGN' at 'keyUsage' failed to satisfy constraint: \
         Member must satisfy enum value set: [SIGN_VERIFY, ENCRYPT_DECRYPT, GENERATE_VERIFY_MAC, \
         KEY_AGREEMENT, ENCAPSULATE_DECAPSULATE]"
    );
    let message =
        violation::<CreateGrantRequest>(r#"{"KeyId":"k","Operations":["Encrypt","Fly"]}"#);
    assert!(message.contains("Value 'Fly' at 'operations.2.member' failed"), "{message}");
}

#[test]
fn plaintexts_and_blobs_are_not_repeated() {
    let plaintext = "QUFB".repeat(1366);
    assert_eq!(
        violation::<EncryptRequest>(&format!(r#"{{"KeyId":"k","Plaintext":"{plaintext}"}}"#)),
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member \
         must have length less than or equal to 4096"
    );
    assert_eq!(
        violation::<DecryptRequest>(r#"{"CiphertextBlob":""}"#),
        "1 validation error detected: Value at 'ciphertextBlob' failed to satisfy constraint: \
         Member must have length greater than or equal to 1"
    );
}

#[test]
fn lists_have_lengths() {
    let tokens = [r#""t""#; 11].join(",");
    let message = violation::<DecryptRequest>(&format!(r#"{{"GrantTokens":[{tokens}]}}"#));
    assert_eq!(
        message,
        "1 validation error detected: Value '[t, t, t, t, t, t, t, t, t, t, t]' at 'grantTokens' \
         failed to satisfy constraint: Member must have length less than or equal to 10"
    );
}

#[test]
fn every_pattern_of_the_model_is_executed_as_it_is_meant() {
    let policy = |text: &str| {
        let body = serde_json::json!({ "Policy": text }).to_string();
        parse::<CreateKeyRequest>(body.as_bytes()).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(policy("{\t\n\r ÿ}"), Ok(()));
    assert_eq!(
        policy("{Ā}").unwrap_err(),
        "ValidationException: 1 validation error detected: Value '{Ā}' at 'policy' failed to \
         satisfy constraint: Member must satisfy regular expression pattern: \
         [\\u0009\\u000A\\u000D\\u0020-\\u00FF]+"
    );
    let grantee = |text: &str| {
        let body = serde_json::json!({
            "KeyId": "k", "Operations": ["Encrypt"], "GranteePrincipal": text
        });
        parse::<CreateGrantRequest>(body.to_string().as_bytes()).is_ok()
    };
    assert!(grantee("arn:aws:iam::111122223333:role/a_b+=,.@-"));
    assert!(!grantee("arn:aws:iam::111122223333:role/ä"));
    assert!(!grantee("a b"));
}

#[test]
fn wrong_json_is_a_serialization_exception() {
    for body in ["x", "[]", "1", "null", "\"a\"", "{", "{\"a\":1", "\u{feff}{}", "{\"KeyId\":1}"] {
        let (code, _) = refused::<EncryptRequest>(body);
        assert_eq!(code, ErrorCode::Serialization, "{body}");
    }
    for body in [
        r#"{"KeyId":"k","Plaintext":"!"}"#,
        r#"{"KeyId":"k","Plaintext":"QQ"}"#,
        r#"{"KeyId":"k","Plaintext":"QQ==","EncryptionContext":[]}"#,
        r#"{"KeyId":"k","Plaintext":"QQ==","EncryptionContext":{"a":1}}"#,
        r#"{"KeyId":"k","Plaintext":"QQ==","DryRun":"true"}"#,
        r#"{"KeyId":"k","Plaintext":"QQ==","GrantTokens":"t"}"#,
    ] {
        assert_eq!(refused::<EncryptRequest>(body).0, ErrorCode::Serialization, "{body}");
    }
    for number in ["1.5", "1e400", "99999999999", "\"1\"", "true"] {
        let body = format!(r#"{{"Limit":{number}}}"#);
        assert_eq!(refused::<ListKeysRequest>(&body).0, ErrorCode::Serialization, "{number}");
    }
    let deep = format!("{}{}", "{\"a\":".repeat(1000), "}".repeat(1000));
    assert_eq!(refused::<ListKeysRequest>(&deep).0, ErrorCode::Serialization);
}

#[test]
fn the_text_of_a_serialization_exception_holds_nothing_of_the_body() {
    let body = r#"{"KeyId":"k","Plaintext":"c2VjcmV0 c2VjcmV0"}"#;
    assert!(!refused::<EncryptRequest>(body).1.contains("c2VjcmV0"));
    assert!(!refused::<EncryptRequest>(r#"{"Plaintext":"c2VjcmV0"#).1.contains("c2VjcmV0"));
}

#[test]
fn unknown_members_are_ignored_and_empty_is_an_object() {
    assert!(parse::<ListKeysRequest>(br#"{"Unknown":{"x":[1]},"Limit":null}"#).is_ok());
    assert!(parse::<ListKeysRequest>(b"").is_ok());
}

#[test]
fn secrets_are_not_printed() {
    let request = parse::<EncryptRequest>(br#"{"KeyId":"k","Plaintext":"c2VjcmV0"}"#).unwrap();
    assert_eq!(*request.plaintext.0, b"secret");
    let printed = format!("{request:?}");
    assert!(printed.contains("SensitiveBytes(6 bytes)"), "{printed}");
    let password = br#"{"CustomKeyStoreName":"n","KeyStorePassword":"hunter22"}"#;
    let request = parse::<trent_api::structures::CreateCustomKeyStoreRequest>(password).unwrap();
    assert!(!format!("{request:?}").contains("hunter22"));
}

#[test]
fn replies_leave_out_what_is_not_there() {
    let reply = EncryptResponse {
        ciphertext_blob: Some(Blob(vec![0, 255])),
        key_id: None,
        encryption_algorithm: None,
    };
    assert_eq!(serde_json::to_string(&reply).unwrap(), r#"{"CiphertextBlob":"AP8="}"#);
    let secret = SensitiveBytes(b"secret".to_vec().into());
    assert_eq!(serde_json::to_string(&secret).unwrap(), r#""c2VjcmV0""#);
    let moment = "2024-01-01T00:00:00.120Z".parse().unwrap();
    let moment = serde_json::to_string(&trent_api::wire::Timestamp(moment)).unwrap();
    assert_eq!(moment, "1704067200.12");
}

#[test]
fn the_model_is_there_as_a_whole() {
    assert_eq!(Operation::ALL.len(), 56);
    for operation in Operation::ALL {
        assert_eq!(Operation::from_name(operation.as_str()), Some(*operation));
        assert!(operation.errors().contains(&ErrorCode::KmsInternal), "{operation:?}");
    }
    assert_eq!(Operation::from_name("encrypt"), None);
    assert_eq!(ErrorCode::NotFound.status(), 400);
    assert_eq!(ErrorCode::KmsInternal.status(), 500);
    assert_eq!(ErrorCode::KmsInternal.as_str(), "KMSInternalException");
}
