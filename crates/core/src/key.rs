//! A KMS key: the facts that are stored of it, and the metadata computed from them.

use crate::id::{AccountId, KeyArn, KeyId, Region};
use crate::key_material::KeyMaterial;
use crate::lifecycle::Deletion;
use crate::rotation::{AutomaticRotation, OnDemandRotations};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trent_api::enums::{
    CustomerMasterKeySpec, EncryptionAlgorithmSpec, KeyManagerType, KeySpec, KeyState,
    KeyUsageType, OriginType,
};
use trent_api::structures::KeyMetadata;
use trent_api::wire;

/// A KMS key. Facts only: its state is computed by [`KmsKey::state`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KmsKey {
    /// The account that owns the key.
    pub account: AccountId,
    /// The Region of the key.
    pub region: Region,
    /// The key id.
    pub id: KeyId,
    /// What kind of key material the key has.
    pub spec: KeySpec,
    /// What the key is for; never changes.
    pub usage: KeyUsageType,
    /// Where the key material comes from.
    pub origin: OriginType,
    /// When the key was created.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created: Timestamp,
    /// 0 to 8192 characters.
    pub description: String,
    /// The key policy, byte for byte as it was given.
    pub policy: String,
    /// Up to 50 tags.
    pub tags: BTreeMap<String, String>,
    /// Whether the key was last enabled or disabled.
    pub is_enabled: bool,
    /// The deletion that is scheduled, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<Deletion>,
    /// All key material, oldest first; the last one is current. Never empty, never shortened.
    pub materials: Vec<KeyMaterial>,
    /// Automatic rotation, if it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automatic_rotation: Option<AutomaticRotation>,
    /// The on-demand rotations so far.
    #[serde(default)]
    pub on_demand_rotations: OnDemandRotations,
}

impl KmsKey {
    /// The ARN of the key.
    pub fn arn(&self) -> KeyArn {
        KeyArn { region: self.region.clone(), account: self.account, key_id: self.id }
    }

    /// The state, computed from the facts (AWS KMS Developer Guide, "Key states of AWS KMS keys").
    pub fn state(&self) -> KeyState {
        match (self.deletion.is_some(), self.is_enabled) {
            (true, _) => KeyState::PendingDeletion,
            (false, true) => KeyState::Enabled,
            (false, false) => KeyState::Disabled,
        }
    }

    /// The material that encrypts.
    pub fn current_material(&self) -> Option<&KeyMaterial> {
        self.materials.last()
    }

    /// The metadata that CreateKey and DescribeKey answer with.
    pub fn metadata(&self) -> KeyMetadata {
        let state = self.state();
        KeyMetadata {
            aws_account_id: Some(self.account.to_string()),
            key_id: Some(self.id.to_string()),
            arn: Some(self.arn().to_string()),
            creation_date: Some(wire::Timestamp(self.created)),
            enabled: Some(state == KeyState::Enabled),
            description: Some(self.description.clone()),
            key_usage: Some(self.usage),
            key_state: Some(state),
            deletion_date: self.deletion.map(|deletion| wire::Timestamp(deletion.due)),
            origin: Some(self.origin),
            key_manager: Some(KeyManagerType::Customer),
            customer_master_key_spec: CustomerMasterKeySpec::from_name(self.spec.as_str()),
            key_spec: Some(self.spec),
            encryption_algorithms: Some(vec![EncryptionAlgorithmSpec::SymmetricDefault]),
            multi_region: Some(false),
            current_key_material_id: self
                .current_material()
                .map(|material| material.id.to_string()),
            ..KeyMetadata::default()
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::key_material::{KeyMaterialId, Sealed};
    use crate::lifecycle::NewKey;

    /// An enabled key without rotation, created at `now`.
    pub(crate) fn key(now: Timestamp) -> KmsKey {
        let new = NewKey {
            account: AccountId::parse("111122223333").unwrap(),
            region: Region::parse("us-east-1").unwrap(),
            id: KeyId::parse("1234abcd-12ab-34cd-56ef-1234567890ab").unwrap(),
            description: String::new(),
            policy: "{}".to_owned(),
            tags: BTreeMap::new(),
        };
        let material = KeyMaterial {
            id: KeyMaterialId([0; 32]),
            sealed: Sealed(vec![1, 2, 3]),
            created: now,
            rotation: None,
        };
        KmsKey::new_symmetric(new, vec![material], now)
    }

    #[test]
    fn the_state_follows_from_the_facts() {
        let now = "2024-01-01T00:00:00Z".parse().unwrap();
        let key = key(now);
        assert_eq!(key.state(), KeyState::Enabled);
        assert_eq!(key.disabled().state(), KeyState::Disabled);
        assert_eq!(key.disabled().enabled().state(), KeyState::Enabled);
        let doomed = key.scheduled_for_deletion(7, now).unwrap();
        assert_eq!(doomed.state(), KeyState::PendingDeletion);
        assert_eq!(
            doomed.metadata().deletion_date.unwrap().0,
            "2024-01-08T00:00:00Z".parse().unwrap()
        );
        assert_eq!(doomed.metadata().enabled, Some(false));
        assert_eq!(doomed.deletion_cancelled().state(), KeyState::Disabled);
        assert_eq!(key.metadata().deletion_date, None);
    }

    #[test]
    fn a_key_survives_its_record() {
        let now = "2024-01-01T00:00:00.123Z".parse().unwrap();
        let key = key(now).with_automatic_rotation(None, now).unwrap();
        let key = key.with_on_demand_rotation(now, jiff::SignedDuration::ZERO).unwrap();
        let record = serde_json::to_vec(&key).unwrap();
        assert_eq!(serde_json::from_slice::<KmsKey>(&record).unwrap(), key);
    }
}
