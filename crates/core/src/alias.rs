//! Aliases: names that stand for KMS keys in one account and Region.

use crate::id::{AccountId, AliasName, KeyId, Region};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trent_api::structures::AliasListEntry;
use trent_api::{ErrorCode, KmsError, wire};

/// Aliases that one KMS key may have (AWS KMS Developer Guide, "Resource quotas").
pub const ALIASES_PER_KEY_MAX: u32 = 50;

/// An alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// The account of the alias and of its key.
    pub account: AccountId,
    /// The Region of the alias and of its key.
    pub region: Region,
    /// The name, with `alias/`.
    pub name: AliasName,
    /// The key that the alias stands for.
    pub target: KeyId,
    /// When the alias was created.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created: Timestamp,
    /// When it was last pointed at a key.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub updated: Timestamp,
}

impl Alias {
    /// The same alias, standing for another key from `now` on.
    #[must_use]
    pub fn pointed_at(&self, target: KeyId, now: Timestamp) -> Self {
        Self { target, updated: now, ..self.clone() }
    }

    /// The ARN of the alias.
    pub fn arn(&self) -> String {
        self.name.arn(&self.region, self.account)
    }

    /// What ListAliases says of it.
    pub fn entry(&self) -> AliasListEntry {
        AliasListEntry {
            alias_name: Some(self.name.to_string()),
            alias_arn: Some(self.arn()),
            target_key_id: Some(self.target.to_string()),
            creation_date: Some(wire::Timestamp(self.created)),
            last_updated_date: Some(wire::Timestamp(self.updated)),
        }
    }
}

/// The name of an alias that a customer may create, change or delete.
///
/// Raises `ValidationException` for a missing prefix, and `InvalidAliasNameException` where the
/// name is empty or kept for AWS (`alias/aws/`).
pub fn customer_alias_name(text: &str) -> Result<AliasName, KmsError> {
    if !text.starts_with("alias/") {
        return Err(KmsError::new(
            ErrorCode::Validation,
            "Alias must start with the prefix \"alias/\". Please see \
             https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
        ));
    }
    AliasName::parse(text).filter(|name| !name.is_reserved()).ok_or_else(|| {
        KmsError::new(ErrorCode::InvalidAliasName, format!("{text} is not a valid alias name."))
    })
}
