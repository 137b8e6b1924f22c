//! Keys with a chosen id or chosen key material, for development mode: the tags `_custom_id_` and
//! `_custom_key_material_` of CreateKey, as LocalStack has them.

use crate::context::Context;
use crate::error::from_key_store;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use trent_api::{ErrorCode, KmsError};
use trent_core::KeyId;
use trent_keystore::KeyStoreError;
use trent_keystore::materials::MaterialSpec;
use trent_keystore::software::NewKeyMaterial;
use zeroize::Zeroizing;

/// What the tags of a new key ask for.
#[derive(Default)]
pub(super) struct CustomKey {
    /// The id of the key.
    pub(super) id: Option<KeyId>,
    material: Option<Zeroizing<Vec<u8>>>,
}

impl CustomKey {
    /// Reads the tags, where that is permitted, and takes the one with the secret away. Raises
    /// `ValidationException`.
    pub(super) fn from_tags(
        cx: &Context<'_>,
        tags: &mut BTreeMap<String, String>,
    ) -> Result<Self, KmsError> {
        if !cx.service.settings.custom_keys {
            return Ok(Self::default());
        }
        let id = match tags.get(ID_TAG) {
            Some(text) => Some(KeyId::parse(text.trim()).ok_or_else(|| {
                invalid(format!("The value of the tag {ID_TAG} is no key id: {text}"))
            })?),
            None => None,
        };
        let material = match tags.remove(MATERIAL_TAG).map(Zeroizing::new) {
            Some(text) => Some(STANDARD.decode(text.trim()).map(Zeroizing::new).map_err(|_| {
                invalid(format!("The value of the tag {MATERIAL_TAG} is not base64"))
            })?),
            None => None,
        };
        Ok(Self { id, material })
    }

    /// The chosen key material, sealed, if any. Raises `ValidationException`.
    pub(super) fn material(
        &self,
        cx: &Context<'_>,
        spec: MaterialSpec,
        id: KeyId,
    ) -> Result<Option<NewKeyMaterial>, KmsError> {
        let Some(bytes) = &self.material else { return Ok(None) };
        let adopted = cx.service.key_store.adopt(spec, id.as_bytes(), bytes);
        adopted.map(Some).map_err(|error| match error {
            KeyStoreError::KeyMaterialLength { .. } | KeyStoreError::Refused(_) => {
                invalid(format!("The value of the tag {MATERIAL_TAG} does not suit the KeySpec"))
            }
            other => from_key_store(other),
        })
    }
}

fn invalid(message: String) -> KmsError {
    KmsError::new(ErrorCode::Validation, message)
}

const ID_TAG: &str = "_custom_id_";

const MATERIAL_TAG: &str = "_custom_key_material_";
