//! The life of a KMS key: creation, enabling and disabling, scheduled deletion, and what is to be
//! done with it at which time.

use crate::id::{AccountId, KeyId, Region};
use crate::key::KmsKey;
use crate::key_material::KeyMaterial;
use crate::replication::MultiRegion;
use crate::rotation::{OnDemandRotations, Rotation};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trent_api::KmsError;
use trent_api::enums::{KeyManagerType, KeySpec, KeyUsageType, OriginType};

/// The waiting period of ScheduleKeyDeletion without PendingWindowInDays.
pub const PENDING_WINDOW_DAYS_DEFAULT: i32 = 30;

/// A scheduled deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// 7 to 30 days.
    pub window_days: i32,
    /// When the key is deleted (`DeletionDate`); none while a multi-Region primary key waits for
    /// its replicas to be deleted first.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::optional")]
    pub due: Option<Timestamp>,
}

/// What a job does with a key when its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Deletes the key and its aliases.
    Delete {
        /// The date of deletion.
        due: Timestamp,
    },
    /// Erases imported key material that has expired.
    Expire {
        /// When it expired.
        due: Timestamp,
    },
    /// Rotates the key.
    Rotate(Rotation),
}

impl Job {
    /// When it is to be done.
    pub fn due(&self) -> Timestamp {
        match self {
            Self::Delete { due } | Self::Expire { due } => *due,
            Self::Rotate(rotation) => rotation.date,
        }
    }
}

/// What a customer chooses for a new key.
pub struct NewKey {
    /// The account that owns it.
    pub account: AccountId,
    /// Its Region.
    pub region: Region,
    /// Its id.
    pub id: KeyId,
    /// 0 to 8192 characters.
    pub description: String,
    /// The key policy, checked.
    pub policy: String,
    /// Its tags, checked.
    pub tags: BTreeMap<String, String>,
}

/// What kind of key a new key is.
#[derive(Clone, Copy, Debug)]
pub struct NewKind {
    /// Its key material.
    pub spec: KeySpec,
    /// What it is for.
    pub usage: KeyUsageType,
    /// Where its material comes from.
    pub origin: OriginType,
}

impl NewKind {
    /// A symmetric encryption key with material made here.
    pub const SYMMETRIC: Self = Self {
        spec: KeySpec::SymmetricDefault,
        usage: KeyUsageType::EncryptDecrypt,
        origin: OriginType::AwsKms,
    };
}

impl KmsKey {
    /// A new key with its first key material, or none if that is to be imported; enabled, without
    /// rotation. A key with the id of a multi-Region key is the primary of a set of one.
    pub fn new(new: NewKey, kind: NewKind, materials: Vec<KeyMaterial>, now: Timestamp) -> Self {
        let multi_region = new
            .id
            .is_multi_region()
            .then(|| MultiRegion { primary: new.region.clone(), replicas: Vec::new() });
        Self {
            account: new.account,
            region: new.region,
            id: new.id,
            spec: kind.spec,
            usage: kind.usage,
            origin: kind.origin,
            created: now,
            description: new.description,
            policy: new.policy,
            policy_principals: BTreeMap::new(),
            tags: new.tags,
            is_enabled: true,
            deletion: None,
            materials,
            pending_material: None,
            automatic_rotation: None,
            on_demand_rotations: OnDemandRotations::default(),
            multi_region,
            transition: None,
            manager: KeyManagerType::Customer,
        }
    }

    /// The key enabled.
    #[must_use]
    pub fn enabled(&self) -> Self {
        Self { is_enabled: true, ..self.clone() }
    }

    /// The key disabled.
    #[must_use]
    pub fn disabled(&self) -> Self {
        Self { is_enabled: false, ..self.clone() }
    }

    /// The key with its deletion scheduled `window_days` (7 to 30) after `now`, or after the last
    /// replica of a multi-Region primary key is gone.
    pub fn scheduled_for_deletion(
        &self,
        window_days: i32,
        now: Timestamp,
    ) -> Result<Self, KmsError> {
        let window = SignedDuration::from_hours(i64::from(window_days) * 24);
        let has_replicas = self
            .multi_region
            .as_ref()
            .is_some_and(|set| set.primary == self.region && !set.replicas.is_empty());
        let due = now.checked_add(window).map_err(KmsError::internal)?;
        let due = (!has_replicas).then_some(due);
        Ok(Self { deletion: Some(Deletion { window_days, due }), ..self.clone() })
    }

    /// The key with its deletion cancelled: it is disabled, never enabled at once.
    #[must_use]
    pub fn deletion_cancelled(&self) -> Self {
        Self { deletion: None, is_enabled: false, ..self.clone() }
    }

    /// What is to be done next with the key, and when. It does not depend on the present time:
    /// what is past is overdue.
    pub fn next_job(&self) -> Option<Job> {
        let deletion = self.deletion.and_then(|deletion| deletion.due);
        let deletion = deletion.map(|due| Job::Delete { due });
        let expiration = self.next_expiration().map(|due| Job::Expire { due });
        let rotation = self.next_rotation().map(Job::Rotate);
        [deletion, expiration, rotation].into_iter().flatten().min_by_key(Job::due)
    }
}
