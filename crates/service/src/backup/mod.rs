//! Backups: everything in a store at one point in time, in one file, sealed and authenticated.
//!
//! A backup is made beside a running server, checked without restoring it, and restored into an
//! empty store, whatever database that is in. Where the file is, how it is made durable and how its
//! root key is reached, is not decided here.

mod create;
mod format;
mod restore;

pub use self::restore::{Restored, Verified, outline, restore, verify};

use self::format::Header;
use crate::error::ServiceError;
use crate::records::setting_id;
use jiff::Timestamp;
use trent_keystore::root_key::Provider;
use trent_store::{RecordId, Store};

/// What a backup says of itself.
#[derive(Clone, Debug)]
pub struct Outline {
    /// When it was made.
    pub created: Timestamp,
    /// The version of Trent that made it.
    pub version: String,
    /// Its records.
    pub records: u64,
    /// Its size.
    pub bytes: u64,
    /// The root keys, each of which alone opens it: names and how they are found.
    pub root_keys: Vec<(String, Provider)>,
}

impl Outline {
    fn new(header: &Header, bytes: u64) -> Self {
        let Header { created, version, records, store_keys, .. } = header;
        let root_keys = store_keys.root_keys.iter();
        Self {
            created: *created,
            version: version.clone(),
            records: *records,
            bytes,
            root_keys: root_keys.map(|entry| (entry.id.clone(), entry.provider.clone())).collect(),
        }
    }
}

/// Refuses a store into which a backup was restored in part.
pub(crate) async fn check_is_whole(store: &dyn Store) -> Result<(), ServiceError> {
    if store.get(&restoring_id()).await?.is_some() {
        let message = "a backup was not restored to its end here: remove this store, and restore \
                       the backup again";
        return Err(ServiceError::Refused(message.to_owned()));
    }
    Ok(())
}

/// The record that is there while a backup is being restored.
fn restoring_id() -> RecordId {
    setting_id("restoring")
}
