//! Making a backup of a store, beside whoever works on it.

use super::Outline;
use super::format::{Header, Writer};
use crate::error::ServiceError;
use crate::root_keys::RootKeys;
use crate::root_keys::admin::now;
use crate::root_keys::table::table_id;
use std::io::Write;
use std::sync::Arc;
use trent_crypto::store_key::Purpose;
use trent_keystore::root_key::Access;
use trent_store::RECORD_SCHEMA;

impl RootKeys {
    /// Writes everything that is in the store at this moment. With `own`, that root key alone opens
    /// the backup; on a token a key is made for it, unless one there is a root key of the store.
    pub async fn back_up(
        self: &Arc<Self>,
        out: impl Write,
        own: Option<&Access>,
    ) -> Result<Outline, ServiceError> {
        let store = self.store();
        let mut snapshot = store.snapshot().await?;
        let has_table = snapshot.get(&table_id()).await?.is_some();
        let (table, keys) = self.in_snapshot(&mut *snapshot, own).await?;
        let header = Header {
            id: uuid::Uuid::new_v4().to_string(),
            created: now(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schema: RECORD_SCHEMA,
            records: snapshot.records() - u64::from(has_table),
            store_keys: table,
        };
        let sealer = keys.current.sealer(Purpose::Backup).clone();
        let mut writer = Writer::begin(out, &header, sealer)?;
        loop {
            let records = snapshot.next(PAGE).await?;
            if records.is_empty() {
                break;
            }
            // The table stands in the header.
            for record in records.iter().filter(|record| record.id != table_id()) {
                writer.add(record)?;
            }
        }
        Ok(Outline::new(&header, writer.finish()?))
    }
}

/// Records that are read at once.
const PAGE: u32 = 128;
