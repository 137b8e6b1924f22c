//! The life of a KMS key: creation, enabling and disabling, scheduled deletion, and what is to be
//! done with it at which time.

use crate::id::{AccountId, KeyId, Region};
use crate::key::KmsKey;
use crate::key_material::KeyMaterial;
use crate::rotation::{OnDemandRotations, Rotation};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trent_api::KmsError;
use trent_api::enums::{KeySpec, KeyUsageType, OriginType};

/// The waiting period of ScheduleKeyDeletion without PendingWindowInDays.
pub const PENDING_WINDOW_DAYS_DEFAULT: i32 = 30;

/// A scheduled deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// 7 to 30 days.
    pub window_days: i32,
    /// When the key is deleted (`DeletionDate`).
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub due: Timestamp,
}

/// What a job does with a key when its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Deletes the key and its aliases.
    Delete {
        /// The date of deletion.
        due: Timestamp,
    },
    /// Rotates the key.
    Rotate(Rotation),
}

impl Job {
    /// When it is to be done.
    pub fn due(&self) -> Timestamp {
        match self {
            Self::Delete { due } => *due,
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

impl KmsKey {
    /// A new symmetric encryption key with its first key material; enabled, without rotation.
    pub fn new_symmetric(new: NewKey, materials: Vec<KeyMaterial>, now: Timestamp) -> Self {
        Self {
            account: new.account,
            region: new.region,
            id: new.id,
            spec: KeySpec::SymmetricDefault,
            usage: KeyUsageType::EncryptDecrypt,
            origin: OriginType::AwsKms,
            created: now,
            description: new.description,
            policy: new.policy,
            tags: new.tags,
            is_enabled: true,
            deletion: None,
            materials,
            automatic_rotation: None,
            on_demand_rotations: OnDemandRotations::default(),
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

    /// The key with its deletion scheduled `window_days` (7 to 30) after `now`.
    pub fn scheduled_for_deletion(
        &self,
        window_days: i32,
        now: Timestamp,
    ) -> Result<Self, KmsError> {
        let window = SignedDuration::from_hours(i64::from(window_days) * 24);
        let due = now.checked_add(window).map_err(KmsError::internal)?;
        Ok(Self { deletion: Some(Deletion { window_days, due }), ..self.clone() })
    }

    /// The key with its deletion cancelled: it is disabled, never enabled at once.
    #[must_use]
    pub fn deletion_cancelled(&self) -> Self {
        Self { deletion: None, is_enabled: false, ..self.clone() }
    }

    /// What is to be done next with the key, and when.
    pub fn next_job(&self) -> Option<Job> {
        match self.deletion {
            Some(deletion) => Some(Job::Delete { due: deletion.due }),
            None => self.next_rotation().map(Job::Rotate),
        }
    }
}
