//! Rotation: the schedule, on-demand rotations, and the one way in which a KMS key rotates.
//!
//! Sources: AWS KMS Developer Guide, "Rotate AWS KMS keys"; AWS KMS API Reference,
//! "EnableKeyRotation", "RotateKeyOnDemand", "GetKeyRotationStatus", "ListKeyRotations".

use crate::key::KmsKey;
use crate::key_material::{KeyMaterial, KeyMaterialId, Sealed};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use trent_api::enums::{
    ExpirationModelType, ImportState, KeyMaterialState, KeySpec, OriginType, RotationType,
};
use trent_api::structures::{GetKeyRotationStatusResponse, RotationsListEntry};
use trent_api::{ErrorCode, KmsError, wire};

/// The rotation period of EnableKeyRotation without RotationPeriodInDays.
pub const ROTATION_PERIOD_DAYS_DEFAULT: i32 = 365;

/// On-demand rotations that one KMS key may have in its lifetime.
pub const ON_DEMAND_ROTATIONS_MAX: u8 = 25;

/// RotateKeyOnDemand is refused when the automatic rotation is due within this time.
pub const AUTOMATIC_ROTATION_NEAR: SignedDuration = SignedDuration::from_mins(20);

/// Automatic rotation that is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutomaticRotation {
    /// 90 to 2560 days of 24 hours.
    pub period_days: i32,
    /// When the key is rotated next, if it may then.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub next: Timestamp,
}

impl AutomaticRotation {
    /// The schedule after a rotation at `at`: the next date of the same grid that is later.
    /// However many dates have passed, they are made up for by this one rotation.
    fn after(self, at: Timestamp) -> Self {
        let period = days(self.period_days);
        let mut next = self.next;
        while next <= at {
            match next.checked_add(period) {
                Ok(later) => next = later,
                Err(_) => break,
            }
        }
        Self { next, ..self }
    }
}

/// The on-demand rotations of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnDemandRotations {
    /// How many were ever begun, 0 to 25.
    pub count: u8,
    /// The one in progress, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_progress: Option<OnDemandRotation>,
}

/// An on-demand rotation that is not completed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnDemandRotation {
    /// When RotateKeyOnDemand was called.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub started: Timestamp,
    /// When it is to be completed.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub due: Timestamp,
}

/// A completed rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// When the key got the material.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub date: Timestamp,
    /// By the schedule or on demand.
    pub kind: RotationType,
}

impl KmsKey {
    /// The key with automatic rotation on; the first one is a whole period after `now`, also when
    /// it was on before. Raises `UnsupportedOperationException` for keys that cannot rotate so.
    pub fn with_automatic_rotation(
        &self,
        period_days: Option<i32>,
        now: Timestamp,
    ) -> Result<Self, KmsError> {
        self.check_can_rotate_automatically()?;
        let period_days = period_days.unwrap_or(ROTATION_PERIOD_DAYS_DEFAULT);
        let next = now.checked_add(days(period_days)).map_err(KmsError::internal)?;
        let automatic_rotation = Some(AutomaticRotation { period_days, next });
        Ok(Self { automatic_rotation, ..self.clone() })
    }

    /// The key with automatic rotation off and its schedule forgotten. All material stays.
    pub fn without_automatic_rotation(&self) -> Result<Self, KmsError> {
        self.check_can_rotate_automatically()?;
        Ok(Self { automatic_rotation: None, ..self.clone() })
    }

    /// The key with an on-demand rotation begun, to be completed after `delay`.
    ///
    /// Raises `UnsupportedOperationException`, `LimitExceededException` after 25 of them, and
    /// `ConflictException` while one is in progress or the automatic rotation is due within 20
    /// minutes (or overdue).
    pub fn with_on_demand_rotation(
        &self,
        now: Timestamp,
        delay: SignedDuration,
    ) -> Result<Self, KmsError> {
        if self.spec != KeySpec::SymmetricDefault {
            return Err(KmsError::bare(ErrorCode::UnsupportedOperation));
        }
        self.check_rotation_is_managed_here()?;
        let arn = self.arn();
        if self.on_demand_rotations.in_progress.is_some() {
            // AWS does not say whether this is a conflict; a second rotation that is silently the
            // first one would be worse.
            return Err(conflict(format!("An on-demand rotation of {arn} is in progress.")));
        }
        if self
            .automatic_rotation
            .is_some_and(|automatic| automatic.next.duration_since(now) <= AUTOMATIC_ROTATION_NEAR)
        {
            return Err(conflict(format!(
                "Automatic rotation of {arn} is in progress or due within the next 20 minutes."
            )));
        }
        if self.on_demand_rotations.count >= ON_DEMAND_ROTATIONS_MAX {
            return Err(KmsError::new(
                ErrorCode::LimitExceeded,
                format!(
                    "The on-demand rotations limit has been reached for the given keyId. No more \
                     on-demand rotations can be performed for this key: {arn}"
                ),
            ));
        }
        if self.origin == OriginType::External
            && !self.pending_material.as_ref().is_some_and(|pending| pending.is_usable(now))
        {
            return Err(KmsError::new(
                ErrorCode::KmsInvalidState,
                format!("No available key material pending rotation for the key: {arn}."),
            ));
        }
        let due = now.checked_add(delay).map_err(KmsError::internal)?;
        let on_demand_rotations = OnDemandRotations {
            count: self.on_demand_rotations.count + 1,
            in_progress: Some(OnDemandRotation { started: now, due }),
        };
        Ok(Self { on_demand_rotations, ..self.clone() })
    }

    /// The rotation that is to happen next, and when. A key that is not enabled has none: it
    /// rotates when it is enabled again. A replica rotates with its primary.
    pub fn next_rotation(&self) -> Option<Rotation> {
        let is_at_work = self.is_enabled && self.deletion.is_none() && !self.is_replica();
        if !is_at_work {
            return None;
        }
        let automatic = self
            .automatic_rotation
            .map(|automatic| Rotation { date: automatic.next, kind: RotationType::Automatic });
        let on_demand = self
            .on_demand_rotations
            .in_progress
            .map(|running| Rotation { date: running.due, kind: RotationType::OnDemand });
        [on_demand, automatic].into_iter().flatten().min_by_key(|rotation| rotation.date)
    }

    /// The key rotated at `date` to new material, or to imported material that waited for it. This
    /// is the one way in which a key rotates. `made` makes material, if there is none to import.
    pub fn rotated<E>(
        &self,
        kind: RotationType,
        made: impl FnOnce() -> Result<(KeyMaterialId, Sealed), E>,
        date: Timestamp,
    ) -> Result<Self, E> {
        // Dates ascend, also when the time was taken before another rotation was.
        let date = self.current_material().map_or(date, |current| date.max(current.created));
        let mut rotated = self.clone();
        let material = match rotated.pending_material.take() {
            Some(pending) => Some(pending),
            // The material that was to be rotated to has been deleted meanwhile.
            None if self.origin == OriginType::External => None,
            None => {
                let (id, sealed) = made()?;
                Some(KeyMaterial::new(id, sealed, date))
            }
        };
        let rotation = Some(Rotation { date, kind });
        rotated.materials.extend(material.map(|material| KeyMaterial { rotation, ..material }));
        match kind {
            RotationType::Automatic => {
                rotated.automatic_rotation =
                    self.automatic_rotation.map(|automatic| automatic.after(date));
            }
            RotationType::OnDemand => rotated.on_demand_rotations.in_progress = None,
        }
        Ok(rotated)
    }

    /// What GetKeyRotationStatus answers. A key pending deletion does not rotate: its status reads
    /// off, and comes back when the deletion is cancelled.
    pub fn rotation_status(&self) -> GetKeyRotationStatusResponse {
        let is_pending_deletion = self.deletion.is_some();
        let automatic = self.automatic_rotation.filter(|_| !is_pending_deletion);
        let on_demand = self.on_demand_rotations.in_progress.filter(|_| !is_pending_deletion);
        GetKeyRotationStatusResponse {
            key_rotation_enabled: Some(automatic.is_some()),
            key_id: Some(self.id.to_string()),
            rotation_period_in_days: automatic.map(|automatic| automatic.period_days),
            next_rotation_date: automatic.map(|automatic| wire::Timestamp(automatic.next)),
            on_demand_rotation_start_date: on_demand
                .map(|running| wire::Timestamp(running.started)),
        }
    }

    /// What ListKeyRotations lists, oldest first: completed rotations, with `all` also the first
    /// material and that which waits for its rotation, whose state the caller knows.
    pub fn rotations(
        &self,
        all: AllKeyMaterial,
        pending_state: KeyMaterialState,
        now: Timestamp,
    ) -> Vec<RotationsListEntry> {
        if self.spec != KeySpec::SymmetricDefault {
            return Vec::new();
        }
        let current = self.current_material().map(|material| material.id);
        let permanent = self
            .materials
            .iter()
            .filter(|material| all == AllKeyMaterial::Yes || material.rotation.is_some())
            .map(|material| {
                let is_current = Some(material.id) == current;
                let state = if is_current {
                    KeyMaterialState::Current
                } else {
                    KeyMaterialState::NonCurrent
                };
                self.entry(material, state, now)
            });
        let pending = self
            .pending_material
            .iter()
            .filter(|_| all == AllKeyMaterial::Yes)
            .map(|material| self.entry(material, pending_state, now));
        permanent.chain(pending).collect()
    }

    fn entry(
        &self,
        material: &KeyMaterial,
        state: KeyMaterialState,
        now: Timestamp,
    ) -> RotationsListEntry {
        let import = material.import.as_ref();
        let is_usable = material.is_usable(now);
        let valid_to = material.valid_to().filter(|_| is_usable);
        RotationsListEntry {
            key_id: Some(self.id.to_string()),
            key_material_id: Some(material.id.to_string()),
            key_material_description: import.and_then(|import| import.description.clone()),
            import_state: import.map(|_| {
                if is_usable { ImportState::Imported } else { ImportState::PendingImport }
            }),
            key_material_state: Some(state),
            expiration_model: import.filter(|_| is_usable).map(|_| match valid_to {
                Some(_) => ExpirationModelType::KeyMaterialExpires,
                None => ExpirationModelType::KeyMaterialDoesNotExpire,
            }),
            valid_to: valid_to.map(wire::Timestamp),
            rotation_date: material.rotation.map(|rotation| wire::Timestamp(rotation.date)),
            rotation_type: material.rotation.map(|rotation| rotation.kind),
        }
    }

    fn check_can_rotate_automatically(&self) -> Result<(), KmsError> {
        if self.spec != KeySpec::SymmetricDefault {
            return Err(KmsError::bare(ErrorCode::UnsupportedOperation));
        }
        if self.origin != OriginType::AwsKms {
            return Err(KmsError::new(
                ErrorCode::UnsupportedOperation,
                format!(
                    "{} origin is {} which is not valid for this operation.",
                    self.arn(),
                    self.origin
                ),
            ));
        }
        self.check_rotation_is_managed_here()
    }

    /// A multi-Region key rotates on its primary, and what belongs to a service is rotated by it.
    fn check_rotation_is_managed_here(&self) -> Result<(), KmsError> {
        if self.is_replica() {
            self.check_is_primary()?;
        }
        Ok(())
    }
}

/// Whether ListKeyRotations lists all key material or completed rotations only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllKeyMaterial {
    /// `ALL_KEY_MATERIAL`
    Yes,
    /// `ROTATIONS_ONLY`
    No,
}

fn days(count: i32) -> SignedDuration {
    SignedDuration::from_hours(i64::from(count) * 24)
}

fn conflict(message: String) -> KmsError {
    KmsError::new(ErrorCode::Conflict, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::tests::key;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn rotate(key: &KmsKey, kind: RotationType, date: Timestamp) -> KmsKey {
        let id = KeyMaterialId([u8::try_from(key.materials.len()).unwrap(); 32]);
        key.rotated(kind, || Ok::<_, ()>((id, Sealed(Vec::new()))), date).unwrap()
    }

    #[test]
    fn the_schedule_is_a_grid_from_the_day_of_enabling() {
        let start = at("2024-01-01T00:00:00Z");
        let key = key(start).with_automatic_rotation(Some(90), start).unwrap();
        let first = start + DAY * 90;
        assert_eq!(
            key.next_rotation(),
            Some(Rotation { date: first, kind: RotationType::Automatic })
        );
        let on_time = rotate(&key, RotationType::Automatic, first);
        assert_eq!(on_time.automatic_rotation.unwrap().next, first + DAY * 90);
        // Four dates have passed: one rotation, then the next date of the grid.
        let late = rotate(&key, RotationType::Automatic, first + DAY * 271);
        assert_eq!(late.automatic_rotation.unwrap().next, first + DAY * 360);
        assert_eq!(late.materials.len(), 2);
    }

    #[test]
    fn an_on_demand_rotation_leaves_the_schedule_in_place() {
        // The documented example: 730 days, due on 14 April 2024, on-demand on 10 April.
        let due = at("2024-04-14T00:00:00Z");
        let key = key(due - DAY * 730).with_automatic_rotation(Some(730), due - DAY * 730).unwrap();
        let now = at("2024-04-10T00:00:00Z");
        let begun = key.with_on_demand_rotation(now, SignedDuration::ZERO).unwrap();
        assert_eq!(
            begun.rotation_status().on_demand_rotation_start_date,
            Some(wire::Timestamp(now))
        );
        assert_eq!(begun.next_rotation().unwrap().kind, RotationType::OnDemand);
        let rotated = rotate(&begun, RotationType::OnDemand, now);
        assert_eq!(rotated.automatic_rotation.unwrap().next, due);
        assert_eq!(rotated.rotation_status().on_demand_rotation_start_date, None);
        let rotated = rotate(&rotated, RotationType::Automatic, due);
        assert_eq!(rotated.automatic_rotation.unwrap().next, due + DAY * 730);
        let kinds: Vec<_> = rotated
            .rotations(AllKeyMaterial::Yes, KeyMaterialState::PendingRotation, due)
            .iter()
            .map(|entry| entry.rotation_type)
            .collect();
        assert_eq!(kinds, [None, Some(RotationType::OnDemand), Some(RotationType::Automatic)]);
        assert_eq!(
            rotated.rotations(AllKeyMaterial::No, KeyMaterialState::PendingRotation, due).len(),
            2
        );
    }

    #[test]
    fn twenty_minutes_before_the_automatic_rotation_is_a_conflict() {
        let start = at("2024-01-01T00:00:00Z");
        let key = key(start).with_automatic_rotation(None, start).unwrap();
        let due = start + DAY * 365;
        let near = due - AUTOMATIC_ROTATION_NEAR;
        let code = |now| {
            key.with_on_demand_rotation(now, SignedDuration::ZERO).err().map(|error| error.code())
        };
        assert_eq!(code(near), Some(ErrorCode::Conflict));
        assert_eq!(code(due + DAY), Some(ErrorCode::Conflict));
        assert_eq!(code(near - SignedDuration::from_millis(1)), None);
    }

    #[test]
    fn twenty_five_on_demand_rotations_are_all() {
        let now = at("2024-01-01T00:00:00Z");
        let mut key = key(now);
        for _ in 0..25 {
            key = key.with_on_demand_rotation(now, SignedDuration::ZERO).unwrap();
            assert_eq!(
                key.with_on_demand_rotation(now, SignedDuration::ZERO).unwrap_err().code(),
                ErrorCode::Conflict
            );
            key = rotate(&key, RotationType::OnDemand, now);
        }
        let error = key.with_on_demand_rotation(now, SignedDuration::ZERO).unwrap_err();
        assert_eq!(error.code(), ErrorCode::LimitExceeded);
        assert!(error.message().unwrap().ends_with(&format!("for this key: {}", key.arn())));
    }

    #[test]
    fn a_key_that_is_not_enabled_does_not_rotate_and_keeps_its_schedule() {
        let start = at("2024-01-01T00:00:00Z");
        let key = key(start).with_automatic_rotation(None, start).unwrap();
        let disabled = KmsKey { is_enabled: false, ..key.clone() };
        assert_eq!(disabled.next_rotation(), None);
        assert_eq!(disabled.rotation_status(), key.rotation_status());
        let doomed = key.scheduled_for_deletion(30, start).unwrap();
        assert_eq!(doomed.next_rotation(), None);
        assert_eq!(doomed.rotation_status().key_rotation_enabled, Some(false));
        assert_eq!(doomed.rotation_status().next_rotation_date, None);
        assert_eq!(doomed.deletion_cancelled().rotation_status(), key.rotation_status());
    }
}
