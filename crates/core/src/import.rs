//! Imported key material: what comes in, what is taken away, what expires.
//!
//! A symmetric encryption key can have several materials. Those that were ever current are
//! permanent: when the bytes of any of them are missing, the key is pending import. One more can be
//! pending rotation. Source: AWS KMS Developer Guide, "Importing key material for AWS KMS keys" and
//! "Rotate keys with imported material".

use crate::key::KmsKey;
use crate::key_material::{Import, KeyMaterial, KeyMaterialId, Sealed};
use crate::key_spec::{SpecKind, spec_kind};
use jiff::{SignedDuration, Timestamp};
use trent_api::enums::{ExpirationModelType, ImportType, KeyState, OriginType};
use trent_api::{ErrorCode, KmsError};

/// ValidTo is at most this far ahead.
const VALIDITY_MAX: SignedDuration = SignedDuration::from_hours(365 * 24);

/// Key material that was unwrapped, and what the request says of it.
#[derive(Clone, Debug)]
pub struct NewImport {
    /// Its id, computed from its bytes and the key id.
    pub id: KeyMaterialId,
    /// Its bytes, sealed.
    pub sealed: Sealed,
    /// The public key of asymmetric material.
    pub public_key: Option<Sealed>,
    /// `ImportType`, if given.
    pub import_type: Option<ImportType>,
    /// `KeyMaterialId`, if given.
    pub expected_id: Option<KeyMaterialId>,
    /// `KeyMaterialDescription`, if given.
    pub description: Option<String>,
    /// When it expires, if it does.
    pub valid_to: Option<Timestamp>,
}

/// When imported material expires. Raises `ValidationException`.
pub fn valid_to(
    model: Option<ExpirationModelType>,
    valid_to: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<Timestamp>, KmsError> {
    let invalid = |message: &str| Err(KmsError::new(ErrorCode::Validation, message));
    match (model.unwrap_or(ExpirationModelType::KeyMaterialExpires), valid_to) {
        (ExpirationModelType::KeyMaterialDoesNotExpire, None) => Ok(None),
        (ExpirationModelType::KeyMaterialDoesNotExpire, Some(_)) => invalid(
            "A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE",
        ),
        (ExpirationModelType::KeyMaterialExpires, None) => {
            invalid("A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES")
        }
        (ExpirationModelType::KeyMaterialExpires, Some(valid_to)) => {
            let ahead = valid_to.duration_since(now);
            if ahead <= SignedDuration::ZERO {
                return invalid("The validTo date must be in the future");
            }
            if ahead > VALIDITY_MAX {
                return invalid("The validTo date must be at most 365 days in the future");
            }
            Ok(Some(valid_to))
        }
    }
}

impl KmsKey {
    /// Raises `UnsupportedOperationException` unless the key's material is imported.
    pub fn check_is_imported(&self) -> Result<(), KmsError> {
        if self.origin == OriginType::External {
            return Ok(());
        }
        Err(KmsError::new(
            ErrorCode::UnsupportedOperation,
            format!(
                "{} origin is {} which is not valid for this operation.",
                self.arn(),
                self.origin
            ),
        ))
    }

    /// The key with key material imported.
    ///
    /// Raises `IncorrectKeyMaterialException`, `KMSInvalidStateException`, `ValidationException`,
    /// `UnsupportedOperationException`.
    pub fn with_import(&self, import: NewImport, now: Timestamp) -> Result<Self, KmsError> {
        self.check_is_imported()?;
        self.check_import_parameters(&import)?;
        let was_pending_import = self.state(now) == KeyState::PendingImport;
        let is_new = match import.import_type {
            Some(import_type) => import_type == ImportType::NewKeyMaterial,
            None => self.materials.is_empty(),
        };
        let mut changed =
            if is_new { self.with_new(import, now)? } else { self.with_existing(import)? };
        if was_pending_import && changed.state(now) != KeyState::PendingImport {
            changed.is_enabled = true;
        }
        Ok(changed)
    }

    /// The key without the bytes of one material (the current one, if none is named), and the id
    /// of that. Material pending rotation is forgotten, but on a replica, where the primary
    /// decides. Raises `NotFoundException` for an unknown id.
    pub fn without_import(
        &self,
        id: Option<KeyMaterialId>,
    ) -> Result<(Self, Option<KeyMaterialId>), KmsError> {
        self.check_is_imported()?;
        let mut changed = self.clone();
        let Some(id) = id.or_else(|| self.current_material().map(|material| material.id)) else {
            return Ok((changed, None));
        };
        if let Some(pending) = self.pending_material.as_ref().filter(|pending| pending.id == id) {
            changed.pending_material = self.is_replica().then(|| pending.erased());
            return Ok((changed, Some(id)));
        }
        let Some(material) = changed.materials.iter_mut().find(|material| material.id == id) else {
            let message = format!("Key material '{id}' does not exist in key '{}'", self.arn());
            return Err(KmsError::new(ErrorCode::NotFound, message));
        };
        *material = material.erased();
        Ok((changed, Some(id)))
    }

    /// When the next bytes expire.
    pub fn next_expiration(&self) -> Option<Timestamp> {
        self.materials.iter().chain(&self.pending_material).filter_map(KeyMaterial::valid_to).min()
    }

    /// The key without bytes that have expired, and the ids of those.
    pub fn without_expired(&self, now: Timestamp) -> (Self, Vec<KeyMaterialId>) {
        let has_expired =
            |material: &KeyMaterial| material.valid_to().is_some_and(|valid_to| valid_to <= now);
        let mut changed = self.clone();
        let mut expired = Vec::new();
        for material in changed.materials.iter_mut().filter(|material| has_expired(material)) {
            expired.push(material.id);
            *material = material.erased();
        }
        if let Some(pending) = self.pending_material.as_ref().filter(|one| has_expired(one)) {
            expired.push(pending.id);
            changed.pending_material = self.is_replica().then(|| pending.erased());
        }
        (changed, expired)
    }

    fn check_import_parameters(&self, import: &NewImport) -> Result<(), KmsError> {
        let invalid = |message: &str| Err(KmsError::new(ErrorCode::Validation, message));
        let is_first = self.materials.is_empty() && import.import_type.is_none();
        let is_plain = import.import_type.is_none()
            && import.description.is_none()
            && import.expected_id.is_none();
        if spec_kind(self.spec) != SpecKind::Symmetric && !is_plain {
            return invalid(
                "ImportType, KeyMaterialDescription and KeyMaterialId are valid for symmetric \
                 encryption keys only.",
            );
        }
        if is_first || import.import_type == Some(ImportType::NewKeyMaterial) {
            if import.expected_id.is_some() {
                return invalid(
                    "KeyMaterialId must not be set if the ImportType is NEW_KEY_MATERIAL",
                );
            }
            if self.is_replica() && !is_first {
                self.check_is_primary()?;
            }
        }
        Ok(())
    }

    fn with_new(&self, import: NewImport, now: Timestamp) -> Result<Self, KmsError> {
        if self.materials.iter().any(|material| material.id == import.id) {
            return Err(incorrect_material("The key material belongs to the key already."));
        }
        if let Some(pending) = self.pending_material.as_ref().filter(|one| one.id != import.id) {
            return Err(KmsError::new(
                ErrorCode::KmsInvalidState,
                format!(
                    "New key material (id: {}) cannot be imported into KMS key {}, because another \
                     key material (id: {}) is pending rotation.",
                    import.id, self.id, pending.id
                ),
            ));
        }
        let mut changed = self.clone();
        let material = KeyMaterial {
            id: import.id,
            sealed: Some(import.sealed),
            created: now,
            rotation: None,
            import: Some(Import { valid_to: import.valid_to, description: import.description }),
            public_key: import.public_key,
        };
        if self.materials.is_empty() {
            changed.materials.push(material);
        } else {
            changed.pending_material = Some(material);
        }
        Ok(changed)
    }

    fn with_existing(&self, import: NewImport) -> Result<Self, KmsError> {
        if import.expected_id.is_some_and(|expected| expected != import.id) {
            return Err(incorrect_material(
                "The key material is not the one that KeyMaterialId names.",
            ));
        }
        let is_replica = self.is_replica();
        let mut changed = self.clone();
        let material = changed
            .materials
            .iter_mut()
            .chain(&mut changed.pending_material)
            .find(|material| material.id == import.id)
            .ok_or_else(|| incorrect_material("The key material does not belong to the key."))?;
        let description_before = material.import.take().and_then(|import| import.description);
        let description = import.description.filter(|_| !is_replica).or(description_before);
        material.sealed = Some(import.sealed);
        material.import = Some(Import { valid_to: import.valid_to, description });
        Ok(changed)
    }
}

fn incorrect_material(message: &str) -> KmsError {
    KmsError::new(ErrorCode::IncorrectKeyMaterial, message)
}
