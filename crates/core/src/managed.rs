//! AWS managed keys: keys that belong to a service, under `alias/aws/<service>`.
//!
//! Source: AWS KMS Developer Guide, "AWS managed keys".

use crate::id::{AccountId, AliasName, Region};
use crate::key::KmsKey;
use crate::rotation::{AutomaticRotation, ROTATION_PERIOD_DAYS_DEFAULT};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use trent_api::enums::KeyManagerType;
use trent_api::{KmsError, Operation};

/// Services with an AWS managed key: the word of the alias, the service that calls AWS KMS, and
/// what it is called.
const SERVICES: &[(&str, &str, &str)] = &[
    ("acm", "acm", "ACM"),
    ("backup", "backup", "AWS Backup"),
    ("codecommit", "codecommit", "CodeCommit"),
    ("dms", "dms", "AWS DMS"),
    ("dynamodb", "dynamodb", "DynamoDB"),
    ("ebs", "ec2", "EBS"),
    ("elasticfilesystem", "elasticfilesystem", "EFS"),
    ("es", "es", "OpenSearch Service"),
    ("fsx", "fsx", "Amazon FSx"),
    ("glue", "glue", "Glue"),
    ("kinesis", "kinesis", "Kinesis"),
    ("lambda", "lambda", "Lambda"),
    ("rds", "rds", "RDS"),
    ("redshift", "redshift", "Redshift"),
    ("s3", "s3", "S3"),
    ("secretsmanager", "secretsmanager", "Secrets Manager"),
    ("ses", "ses", "SES"),
    ("sns", "sns", "SNS"),
    ("sqs", "sqs", "SQS"),
    ("ssm", "ssm", "Systems Manager"),
    ("xray", "xray", "X-Ray"),
];

/// The aliases of AWS managed keys that exist in every account and Region, in the order of their
/// names, whether or not the key exists yet.
pub fn predefined_aliases() -> impl Iterator<Item = AliasName> {
    SERVICES.iter().filter_map(|(word, ..)| AliasName::parse(&format!("alias/aws/{word}")))
}

/// Whether the alias is that of an AWS managed key.
pub fn is_predefined(name: &AliasName) -> bool {
    service_of(name).is_some()
}

fn service_of(name: &AliasName) -> Option<&'static (&'static str, &'static str, &'static str)> {
    let word = name.as_str().strip_prefix("alias/aws/")?;
    SERVICES.iter().find(|(known, ..)| *known == word)
}

/// The description of the key behind a predefined alias.
pub fn description(name: &AliasName) -> String {
    let title = service_of(name).map_or("my data", |(_, _, title)| title);
    format!("Default key that protects my {title} data when no other key is defined")
}

/// The key policy of the key behind a predefined alias: its service may use it for callers of the
/// account, and the account may look at it.
pub fn key_policy(name: &AliasName, region: &Region, account: AccountId) -> String {
    let (word, service, title) = service_of(name).copied().unwrap_or_default();
    let policy = json!({
        "Version": "2012-10-17",
        "Id": format!("auto-{word}-2"),
        "Statement": [
            {
                "Sid": format!(
                    "Allow access through {title} for all principals in the account that are \
                     authorized to use {title}"
                ),
                "Effect": "Allow",
                "Principal": { "AWS": "*" },
                "Action": [
                    "kms:Encrypt",
                    "kms:Decrypt",
                    "kms:ReEncrypt*",
                    "kms:GenerateDataKey*",
                    "kms:CreateGrant",
                    "kms:DescribeKey"
                ],
                "Resource": "*",
                "Condition": {
                    "StringEquals": {
                        "kms:CallerAccount": account.as_str(),
                        "kms:ViaService": format!("{service}.{region}.amazonaws.com")
                    }
                }
            },
            {
                "Sid": "Allow direct access to key metadata to the account",
                "Effect": "Allow",
                "Principal": { "AWS": format!("arn:{}:iam::{account}:root", region.partition()) },
                "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
                "Resource": "*"
            }
        ]
    });
    policy.to_string()
}

/// Whether the policy of AWS managed keys lets a customer do this.
pub fn permits(operation: Operation) -> bool {
    let name = operation.as_str();
    ["Describe", "Get", "List"].iter().any(|prefix| name.starts_with(prefix))
        || operation == Operation::RevokeGrant
}

impl KmsKey {
    /// The key as one of a service: it rotates every year from `now` on.
    pub fn managed_by_service(&self, now: Timestamp) -> Result<Self, KmsError> {
        let period_days = ROTATION_PERIOD_DAYS_DEFAULT;
        let period = SignedDuration::from_hours(i64::from(period_days) * 24);
        let next = now.checked_add(period).map_err(KmsError::internal)?;
        let automatic_rotation = Some(AutomaticRotation { period_days, next });
        Ok(Self { manager: KeyManagerType::Aws, automatic_rotation, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_predefined_aliases_are_in_order_and_have_policies() {
        let names: Vec<AliasName> = predefined_aliases().collect();
        assert_eq!(names.len(), SERVICES.len());
        assert!(names.is_sorted());
        let region = Region::parse("us-east-1").unwrap();
        let account = AccountId::parse("111122223333").unwrap();
        for name in names {
            let policy = key_policy(&name, &region, account);
            crate::key_policy::check_size(&policy).unwrap();
            serde_json::from_str::<serde_json::Value>(&policy).unwrap();
        }
    }

    #[test]
    fn customers_may_look_at_managed_keys_and_nothing_else() {
        assert!(permits(Operation::DescribeKey));
        assert!(permits(Operation::GetKeyRotationStatus));
        for operation in [
            Operation::Encrypt,
            Operation::GenerateDataKey,
            Operation::DisableKey,
            Operation::RotateKeyOnDemand,
            Operation::PutKeyPolicy,
        ] {
            assert!(!permits(operation), "{operation:?}");
        }
    }
}
