//! Tags of KMS keys.

use crate::key::KmsKey;
use std::collections::BTreeMap;
use trent_api::structures::Tag;
use trent_api::{ErrorCode, KmsError};

/// Tags that one KMS key may have (AWS KMS Developer Guide, "Resource quotas").
pub const TAGS_PER_KEY_MAX: usize = 50;

/// The tags of a CreateKey request. Raises `TagException`.
pub fn tags_of_new_key(tags: &[Tag]) -> Result<BTreeMap<String, String>, KmsError> {
    let tags = distinct(tags)?;
    if tags.len() > TAGS_PER_KEY_MAX {
        return Err(KmsError::new(ErrorCode::Tag, "Too many tags"));
    }
    Ok(tags)
}

impl KmsKey {
    /// The key with `tags` added or overwritten. Raises `TagException`, `LimitExceededException`.
    pub fn tagged(&self, tags: &[Tag]) -> Result<Self, KmsError> {
        let mut changed = self.clone();
        changed.tags.extend(distinct(tags)?);
        if changed.tags.len() > TAGS_PER_KEY_MAX {
            return Err(KmsError::new(ErrorCode::LimitExceeded, "Too many tags"));
        }
        Ok(changed)
    }

    /// The key without the tags of these keys; unknown ones are ignored.
    #[must_use]
    pub fn untagged(&self, tag_keys: &[String]) -> Self {
        let mut changed = self.clone();
        changed.tags.retain(|key, _| !tag_keys.contains(key));
        changed
    }
}

fn distinct(tags: &[Tag]) -> Result<BTreeMap<String, String>, KmsError> {
    let mut distinct = BTreeMap::new();
    for Tag { tag_key, tag_value } in tags {
        if tag_key.to_ascii_lowercase().starts_with("aws:") {
            return Err(KmsError::new(ErrorCode::Tag, "Tags beginning with aws: are reserved"));
        }
        if distinct.insert(tag_key.clone(), tag_value.clone()).is_some() {
            return Err(KmsError::new(ErrorCode::Tag, "Duplicate tag keys"));
        }
    }
    Ok(distinct)
}
