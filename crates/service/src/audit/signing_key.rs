//! The key that signs the audit log: made once, and sealed in the store.

use crate::error::ServiceError;
use crate::records::setting_id;
use crate::root_keys::RootKeys;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use trent_crypto::key_pair::{KeyPair, KeyPairSpec};
use trent_store::{Change, StoreError};
use zeroize::Zeroizing;

/// The Ed25519 key pair of the store's audit log; a new one if it has none yet.
pub async fn signing_key(root_keys: &Arc<RootKeys>) -> Result<KeyPair, ServiceError> {
    let (store, records) = (root_keys.store(), root_keys.records());
    loop {
        if let Some(pair) = existing_signing_key(root_keys).await? {
            return Ok(pair);
        }
        let pair = KeyPair::generate(SPEC).map_err(|error| internal(&error))?;
        let pkcs8 = pair.to_pkcs8().map_err(|error| internal(&error))?;
        let record = records
            .seal_setting(SETTING, 1, &Stored { pkcs8 })
            .map_err(|error| internal(&error))?;
        match store.commit(vec![Change::Put(record)]).await {
            // Somebody else was faster: theirs it is.
            Err(StoreError::Conflict) => {}
            written => {
                written?;
                return Ok(pair);
            }
        }
    }
}

/// The Ed25519 key pair of the store's audit log, if it has one.
pub async fn existing_signing_key(
    root_keys: &Arc<RootKeys>,
) -> Result<Option<KeyPair>, ServiceError> {
    let Some(record) = root_keys.store().get(&setting_id(SETTING)).await? else { return Ok(None) };
    let stored = root_keys.records().open_setting::<Stored>(&record)?.value;
    KeyPair::from_pkcs8(SPEC, &stored.pkcs8).map(Some).map_err(|error| internal(&error))
}

fn internal(error: &dyn std::fmt::Display) -> ServiceError {
    ServiceError::Internal(error.to_string())
}

#[derive(Serialize, Deserialize)]
struct Stored {
    pkcs8: Zeroizing<Vec<u8>>,
}

const SPEC: KeyPairSpec = KeyPairSpec::EccNistEdwards25519;

/// The setting that holds it.
pub(crate) const SETTING: &str = "audit-signing-key";
