//! Multi-Region keys: who is primary, who are replicas, and what is shared among them.
//!
//! Source: AWS KMS Developer Guide, "Multi-Region keys in AWS KMS".

use crate::id::{KeyArn, Region};
use crate::key::KmsKey;
use crate::key_material::{Import, KeyMaterial};
use crate::lifecycle::NewKey;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trent_api::enums::{MultiRegionKeyType, OriginType};
use trent_api::structures::{self, MultiRegionConfiguration};
use trent_api::{ErrorCode, KmsError};

/// The set of related multi-Region keys, as each of them knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MultiRegion {
    /// The Region of the primary key.
    pub primary: Region,
    /// The Regions of the replica keys, in the order of their names.
    pub replicas: Vec<Region>,
}

/// A change of roles or a creation that takes a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// What is happening.
    pub kind: TransitionKind,
    /// When it is over.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub until: Timestamp,
}

/// What a transition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TransitionKind {
    /// A new replica.
    Creating,
    /// An exchange of the roles of primary and replica.
    Updating,
}

impl MultiRegion {
    /// All Regions of the set, the primary first.
    pub fn regions(&self) -> impl Iterator<Item = &Region> {
        std::iter::once(&self.primary).chain(&self.replicas)
    }
}

impl KmsKey {
    /// Primary or replica; none of a single-Region key.
    pub fn multi_region_key_type(&self) -> Option<MultiRegionKeyType> {
        let set = self.multi_region.as_ref()?;
        Some(if set.primary == self.region {
            MultiRegionKeyType::Primary
        } else {
            MultiRegionKeyType::Replica
        })
    }

    /// Whether the key is a replica.
    pub fn is_replica(&self) -> bool {
        self.multi_region_key_type() == Some(MultiRegionKeyType::Replica)
    }

    /// The ARNs of the keys that share this key's material, the primary first; of a single-Region
    /// key, its own.
    pub fn related(&self) -> Vec<KeyArn> {
        match &self.multi_region {
            None => vec![self.arn()],
            Some(set) => set
                .regions()
                .map(|region| KeyArn { region: region.clone(), ..self.arn() })
                .collect(),
        }
    }

    /// The ARNs of the replicas of this key, if it is a primary.
    pub fn replicas(&self) -> Vec<KeyArn> {
        if self.is_replica() { Vec::new() } else { self.related().split_off(1) }
    }

    /// Whether nothing that is shared among related keys differs from `other`.
    pub fn shares_all_with(&self, other: &Self) -> bool {
        self.materials == other.materials
            && self.pending_material == other.pending_material
            && self.automatic_rotation == other.automatic_rotation
            && self.on_demand_rotations == other.on_demand_rotations
            && self.multi_region == other.multi_region
    }

    /// The part of the metadata that only multi-Region keys have.
    pub fn multi_region_configuration(&self) -> Option<MultiRegionConfiguration> {
        let set = self.multi_region.as_ref()?;
        let key = |region: &Region| structures::MultiRegionKey {
            arn: Some(KeyArn { region: region.clone(), ..self.arn() }.to_string()),
            region: Some(region.to_string()),
        };
        Some(MultiRegionConfiguration {
            multi_region_key_type: self.multi_region_key_type(),
            primary_key: Some(key(&set.primary)),
            replica_keys: Some(set.replicas.iter().map(key).collect()),
        })
    }

    /// Raises `UnsupportedOperationException` unless the key is the primary of a set.
    pub fn check_is_primary(&self) -> Result<&MultiRegion, KmsError> {
        self.multi_region.as_ref().filter(|set| set.primary == self.region).ok_or_else(|| {
            KmsError::new(
                ErrorCode::UnsupportedOperation,
                format!("{} is not a multi-region primary key.", self.arn()),
            )
        })
    }

    /// A new replica of this primary key. What is shared is copied, nothing else. The set of this
    /// key must name the new Region already.
    #[must_use]
    pub fn replica(&self, new: NewKey, now: Timestamp, ready: Timestamp) -> Self {
        let is_here = self.origin != OriginType::External;
        let bytes_stay = |material: &KeyMaterial| {
            if is_here { material.clone() } else { material.erased() }
        };
        Self {
            account: new.account,
            region: new.region,
            created: now,
            description: new.description,
            policy: new.policy,
            policy_principals: BTreeMap::new(),
            tags: new.tags,
            is_enabled: true,
            deletion: None,
            materials: self.materials.iter().map(bytes_stay).collect(),
            pending_material: self.pending_material.as_ref().map(bytes_stay),
            transition: Some(Transition { kind: TransitionKind::Creating, until: ready }),
            ..self.clone()
        }
    }

    /// This replica with what it shares with its primary key, as that is now. Imported bytes are
    /// not shared: only which material there is.
    #[must_use]
    pub fn synchronized(&self, primary: &Self) -> Self {
        let own = |material: &KeyMaterial| {
            if primary.origin != OriginType::External {
                return material.clone();
            }
            let description = material.import.as_ref().and_then(|one| one.description.clone());
            let mine = self
                .materials
                .iter()
                .chain(&self.pending_material)
                .find(|mine| mine.id == material.id);
            let bytes = mine.and_then(|mine| mine.sealed.clone());
            let valid_to = mine.and_then(|mine| mine.import.as_ref()?.valid_to);
            let import = Some(Import { valid_to, description });
            KeyMaterial { sealed: bytes, import, ..material.clone() }
        };
        Self {
            materials: primary.materials.iter().map(own).collect(),
            pending_material: primary.pending_material.as_ref().map(own),
            automatic_rotation: primary.automatic_rotation,
            on_demand_rotations: primary.on_demand_rotations,
            multi_region: primary.multi_region.clone(),
            ..self.clone()
        }
    }

    /// The key in a set with other members.
    #[must_use]
    pub fn in_set(&self, set: MultiRegion) -> Self {
        Self { multi_region: Some(set), ..self.clone() }
    }

    /// The key after the primary role went to `primary`. The old and the new primary are Updating
    /// until `ready`.
    #[must_use]
    pub fn with_primary(&self, primary: &Region, ready: Timestamp) -> Self {
        let Some(set) = &self.multi_region else { return self.clone() };
        let mut replicas: Vec<Region> =
            set.regions().filter(|region| *region != primary).cloned().collect();
        replicas.sort();
        let changes_role = self.region == *primary || self.region == set.primary;
        let transition = Transition { kind: TransitionKind::Updating, until: ready };
        Self {
            multi_region: Some(MultiRegion { primary: primary.clone(), replicas }),
            transition: if changes_role { Some(transition) } else { self.transition },
            ..self.clone()
        }
    }

    /// The key after the replica in `region` was deleted. A primary that waited for its last
    /// replica to go begins its own waiting period.
    pub fn without_replica(&self, region: &Region, now: Timestamp) -> Result<Self, KmsError> {
        let Some(set) = &self.multi_region else { return Ok(self.clone()) };
        let mut set = set.clone();
        set.replicas.retain(|replica| replica != region);
        let mut changed = self.in_set(set.clone());
        if let (true, Some(deletion)) = (set.replicas.is_empty(), self.deletion)
            && deletion.due.is_none()
        {
            changed = changed.scheduled_for_deletion(deletion.window_days, now)?;
        }
        Ok(changed)
    }
}
