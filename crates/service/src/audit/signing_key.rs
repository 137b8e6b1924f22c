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
    let internal = |error: &dyn std::fmt::Display| ServiceError::Internal(error.to_string());
    let (store, records) = (root_keys.store(), root_keys.records());
    loop {
        if let Some(record) = store.get(&setting_id(SETTING)).await? {
            let stored = records.open_setting::<Stored>(&record)?.value;
            return KeyPair::from_pkcs8(SPEC, &stored.pkcs8).map_err(|error| internal(&error));
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

#[derive(Serialize, Deserialize)]
struct Stored {
    pkcs8: Zeroizing<Vec<u8>>,
}

const SPEC: KeyPairSpec = KeyPairSpec::EccNistEdwards25519;

/// The setting that holds it.
pub(crate) const SETTING: &str = "audit-signing-key";
