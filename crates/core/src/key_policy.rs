//! Key policies as texts: the default one, and how long one may be.
//!
//! What a policy says is read elsewhere; here it is kept byte for byte.

use crate::id::{AccountId, Region};
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

/// Checks that a key policy is not too long. Raises `LimitExceededException` above 32,768 bytes.
pub fn check_size(text: &str) -> Result<(), KmsError> {
    if text.len() <= KEY_POLICY_BYTES_MAX {
        return Ok(());
    }
    Err(KmsError::new(
        ErrorCode::LimitExceeded,
        format!("The key policy exceeds the maximum size of {KEY_POLICY_BYTES_MAX} bytes."),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_policy_names_the_account_in_its_partition() {
        let account = AccountId::parse("111122223333").unwrap();
        let text = default_key_policy(&Region::parse("cn-north-1").unwrap(), account);
        assert!(text.contains(r#""AWS" : "arn:aws-cn:iam::111122223333:root""#));
    }

    #[test]
    fn a_policy_has_a_greatest_size() {
        assert!(check_size(&" ".repeat(KEY_POLICY_BYTES_MAX)).is_ok());
        let error = check_size(&" ".repeat(KEY_POLICY_BYTES_MAX + 1)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::LimitExceeded);
    }
}
