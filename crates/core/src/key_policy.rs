//! Key policies as documents: the default one, and whether a text is one at all.
//!
//! What a policy allows is decided elsewhere; here it is kept byte for byte.

use crate::id::{AccountId, Region};
use serde_json::Value;
use trent_api::{ErrorCode, KmsError};

/// The only name that a key policy has.
pub const DEFAULT_POLICY_NAME: &str = "default";

/// The greatest size of a key policy in bytes (AWS KMS Developer Guide, "Resource quotas").
pub const KEY_POLICY_BYTES_MAX: usize = 32_768;

/// The key policy of a KMS key that is created without one, as AWS prints it
/// (AWS KMS Developer Guide, "Default key policy").
pub fn default_key_policy(region: &Region, account: AccountId) -> String {
    format!(
        r#"{{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {{
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "arn:{}:iam::{account}:root"
    }},
    "Action" : "kms:*",
    "Resource" : "*"
  }} ]
}}"#,
        region.partition()
    )
}

/// Checks that a text is a key policy document of a permitted size.
///
/// Raises `LimitExceededException` above 32,768 bytes and `MalformedPolicyDocumentException` for
/// what is not a policy document.
pub fn check_key_policy(text: &str) -> Result<(), KmsError> {
    if text.len() > KEY_POLICY_BYTES_MAX {
        return Err(KmsError::new(
            ErrorCode::LimitExceeded,
            format!("The key policy exceeds the maximum size of {KEY_POLICY_BYTES_MAX} bytes."),
        ));
    }
    let fault = match serde_json::from_str::<Value>(text) {
        Ok(document) => fault_of_document(&document),
        Err(_) => Some("The policy is not a valid JSON document."),
    };
    match fault {
        Some(fault) => Err(KmsError::new(ErrorCode::MalformedPolicyDocument, fault)),
        None => Ok(()),
    }
}

fn fault_of_document(document: &Value) -> Option<&'static str> {
    let Some(document) = document.as_object() else {
        return Some("The policy is not a JSON object.");
    };
    match document.get("Version").map(Value::as_str) {
        None | Some(Some("2012-10-17" | "2008-10-17")) => {}
        Some(_) => return Some("The policy has an invalid Version."),
    }
    match document.get("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => {
            statements.iter().find_map(fault_of_statement)
        }
        Some(statement @ Value::Object(_)) => fault_of_statement(statement),
        _ => Some("The policy has no Statement."),
    }
}

fn fault_of_statement(statement: &Value) -> Option<&'static str> {
    match statement.get("Effect").and_then(Value::as_str) {
        Some("Allow" | "Deny") => {}
        _ => return Some("A statement of the policy has no valid Effect."),
    }
    match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(_), None) | (None, Some(_)) => None,
        (None, None) => Some("A statement of the policy has no Principal."),
        (Some(_), Some(_)) => Some("A statement of the policy has Principal and NotPrincipal."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Option<ErrorCode> {
        check_key_policy(text).err().map(|error| error.code())
    }

    #[test]
    fn the_default_policy_is_a_policy() {
        let account = AccountId::parse("111122223333").unwrap();
        let text = default_key_policy(&Region::parse("cn-north-1").unwrap(), account);
        assert!(text.contains(r#""AWS" : "arn:aws-cn:iam::111122223333:root""#));
        assert_eq!(code(&text), None);
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for text in [
            "",
            "x",
            "[]",
            "{}",
            r#"{"Statement":[]}"#,
            r#"{"Version":"2020-01-01","Statement":{"Effect":"Allow","Principal":"*"}}"#,
            r#"{"Statement":{"Effect":"allow","Principal":"*"}}"#,
            r#"{"Statement":[{"Effect":"Allow"}]}"#,
            r#"{"Statement":{"Effect":"Allow","Principal":"*","NotPrincipal":"*"}}"#,
        ] {
            assert_eq!(code(text), Some(ErrorCode::MalformedPolicyDocument), "{text}");
        }
        let statement = r#"{"Statement":{"Effect":"Deny","NotPrincipal":"*"}}"#;
        assert_eq!(code(statement), None);
        let padded = format!("{statement}{}", " ".repeat(KEY_POLICY_BYTES_MAX));
        assert_eq!(code(&padded), Some(ErrorCode::LimitExceeded));
    }
}
