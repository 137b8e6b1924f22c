//! A KMS key: the facts that are stored of it, and the metadata computed from them.

use crate::id::{AccountId, KeyArn, KeyId, Region};
use crate::key_material::KeyMaterial;
use crate::key_spec::{self, SpecKind, spec_kind};
use crate::lifecycle::Deletion;
use crate::replication::{MultiRegion, Transition, TransitionKind};
use crate::rotation::{AutomaticRotation, OnDemandRotations};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trent_api::enums::{
    CustomerMasterKeySpec, ExpirationModelType, KeyManagerType, KeySpec, KeyState, KeyUsageType,
    OriginType,
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
    /// The unique ids that user and role ARNs in the key policy stood for when it was put: another
    /// principal of the same name is not meant.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub policy_principals: BTreeMap<String, String>,
    /// Up to 50 tags.
    pub tags: BTreeMap<String, String>,
    /// Whether the key was last enabled or disabled.
    pub is_enabled: bool,
    /// The deletion that is scheduled, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<Deletion>,
    /// All permanent key material, oldest first; the last one is current. Never shortened, and
    /// empty only before the first import.
    pub materials: Vec<KeyMaterial>,
    /// Imported key material that waits for its rotation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_material: Option<KeyMaterial>,
    /// Automatic rotation, if it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automatic_rotation: Option<AutomaticRotation>,
    /// The on-demand rotations so far.
    #[serde(default)]
    pub on_demand_rotations: OnDemandRotations,
    /// The set of related keys of a multi-Region key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multi_region: Option<MultiRegion>,
    /// A creation or exchange of roles that takes a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transition: Option<Transition>,
    /// Whose key it is: a customer's or a service's.
    #[serde(default = "customer")]
    pub manager: KeyManagerType,
}

fn customer() -> KeyManagerType {
    KeyManagerType::Customer
}

impl KmsKey {
    /// The ARN of the key.
    pub fn arn(&self) -> KeyArn {
        KeyArn { region: self.region.clone(), account: self.account, key_id: self.id }
    }

    /// The state, computed from the facts (AWS KMS Developer Guide, "Key states of AWS KMS keys").
    pub fn state(&self, now: Timestamp) -> KeyState {
        let transition = self.transition.filter(|transition| now < transition.until);
        let transition = transition.map(|transition| transition.kind);
        match self.deletion {
            Some(Deletion { due: Some(_), .. }) => return KeyState::PendingDeletion,
            Some(Deletion { due: None, .. }) => return KeyState::PendingReplicaDeletion,
            None => {}
        }
        if transition == Some(TransitionKind::Creating) {
            return KeyState::Creating;
        }
        if !self.has_all_material(now) {
            return KeyState::PendingImport;
        }
        match (transition, self.is_enabled) {
            (Some(_), _) => KeyState::Updating,
            (None, true) => KeyState::Enabled,
            (None, false) => KeyState::Disabled,
        }
    }

    /// Whether the bytes of all permanent key material are here.
    pub fn has_all_material(&self, now: Timestamp) -> bool {
        !self.materials.is_empty() && self.materials.iter().all(|material| material.is_usable(now))
    }

    /// The material that encrypts.
    pub fn current_material(&self) -> Option<&KeyMaterial> {
        self.materials.last()
    }

    /// The metadata that CreateKey and DescribeKey answer with.
    pub fn metadata(&self, now: Timestamp) -> KeyMetadata {
        let state = self.state(now);
        let (spec, usage) = (self.spec, self.usage);
        let is_symmetric = spec_kind(spec) == SpecKind::Symmetric;
        let expiration = self.expiration(now);
        let current =
            self.current_material().filter(|_| is_symmetric && state != KeyState::Creating);
        KeyMetadata {
            aws_account_id: Some(self.account.to_string()),
            key_id: Some(self.id.to_string()),
            arn: Some(self.arn().to_string()),
            creation_date: Some(wire::Timestamp(self.created)),
            enabled: Some(state == KeyState::Enabled),
            description: Some(self.description.clone()),
            key_usage: Some(usage),
            key_state: Some(state),
            deletion_date: self.deletion.and_then(|one| one.due).map(wire::Timestamp),
            pending_deletion_window_in_days: (state == KeyState::PendingReplicaDeletion)
                .then(|| self.deletion.map(|deletion| deletion.window_days))
                .flatten(),
            valid_to: expiration.and_then(|(_, valid_to)| valid_to).map(wire::Timestamp),
            expiration_model: expiration.map(|(model, _)| model),
            origin: Some(self.origin),
            key_manager: Some(self.manager),
            customer_master_key_spec: CustomerMasterKeySpec::from_name(spec.as_str()),
            key_spec: Some(spec),
            encryption_algorithms: listed(key_spec::encryption_algorithms(spec, usage)),
            signing_algorithms: listed(key_spec::signing_algorithms(spec, usage)),
            mac_algorithms: listed(key_spec::mac_algorithms(spec)),
            key_agreement_algorithms: listed(key_spec::key_agreement_algorithms(usage)),
            encapsulation_algorithms: listed(key_spec::encapsulation_algorithms(usage)),
            multi_region: Some(self.multi_region.is_some()),
            multi_region_configuration: self.multi_region_configuration(),
            current_key_material_id: current.map(|material| material.id.to_string()),
            ..KeyMetadata::default()
        }
    }

    /// Whether and when imported material expires, while all of it is here: the earliest date.
    fn expiration(&self, now: Timestamp) -> Option<(ExpirationModelType, Option<Timestamp>)> {
        if self.origin != OriginType::External || !self.has_all_material(now) {
            return None;
        }
        let valid_to = self.materials.iter().filter_map(KeyMaterial::valid_to).min();
        let model = match valid_to {
            Some(_) => ExpirationModelType::KeyMaterialExpires,
            None => ExpirationModelType::KeyMaterialDoesNotExpire,
        };
        Some((model, valid_to))
    }
}

/// A list of algorithms, absent when there is none.
pub fn listed<T: Copy>(algorithms: &[T]) -> Option<Vec<T>> {
    (!algorithms.is_empty()).then(|| algorithms.to_vec())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::key_material::{KeyMaterialId, Sealed};
    use crate::lifecycle::{NewKey, NewKind};

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
        let material = KeyMaterial::new(KeyMaterialId([0; 32]), Sealed(vec![1, 2, 3]), now);
        KmsKey::new(new, NewKind::SYMMETRIC, vec![material], now)
    }

    #[test]
    fn the_state_follows_from_the_facts() {
        let now = "2024-01-01T00:00:00Z".parse().unwrap();
        let key = key(now);
        assert_eq!(key.state(now), KeyState::Enabled);
        assert_eq!(key.disabled().state(now), KeyState::Disabled);
        assert_eq!(key.disabled().enabled().state(now), KeyState::Enabled);
        let doomed = key.scheduled_for_deletion(7, now).unwrap();
        assert_eq!(doomed.state(now), KeyState::PendingDeletion);
        assert_eq!(
            doomed.metadata(now).deletion_date.unwrap().0,
            "2024-01-08T00:00:00Z".parse().unwrap()
        );
        assert_eq!(doomed.metadata(now).enabled, Some(false));
        assert_eq!(doomed.deletion_cancelled().state(now), KeyState::Disabled);
        assert_eq!(key.metadata(now).deletion_date, None);
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
