//! Reading a backup: what it says of itself, whether it is whole, and restoring it.

use super::format::{Chunk, Header, Reader, damaged};
use super::{Outline, restoring_id};
use crate::error::ServiceError;
use crate::examine::Faults;
use crate::records::Records;
use crate::root_keys::admin::now;
use crate::root_keys::open_table;
use crate::root_keys::table::StoreKeys;
use jiff::{SignedDuration, Timestamp};
use std::io::Read;
use trent_crypto::key_ring::KeyRing;
use trent_crypto::store_key::{Purpose, Sealer};
use trent_keystore::root_key::Access;
use trent_store::{Change, Kind, RECORD_SCHEMA, Record, Store, bounds};

/// What was found of a backup that is as it was made.
#[derive(Clone, Debug)]
pub struct Verified {
    /// What it says of itself.
    pub outline: Outline,
    /// Records that cannot be opened: they were damaged in the store already.
    pub faults: Faults,
}

/// What was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What the backup says of itself.
    pub outline: Outline,
    /// KMS keys whose deletion was put off, because it was due, or would be within a few days.
    pub postponed_deletions: u64,
}

/// What a backup says of itself. Without a root key only accidents are found: whoever can write the
/// file can have written anything.
pub fn outline(source: impl Read) -> Result<Outline, ServiceError> {
    let (mut reader, header) = Reader::begin(source)?;
    while reader.next()?.is_some() {}
    Ok(Outline::new(&header, reader.bytes()))
}

/// Authenticates everything in a backup and opens every record, with the root key that `access`
/// gives. Fails if anything is not as it was made.
pub async fn verify(source: impl Read, access: &Access) -> Result<Verified, ServiceError> {
    let mut backup = Backup::open(source, access).await?;
    let mut faults = Faults::default();
    while let Some(records) = backup.next()? {
        for record in &records {
            if let Err(damaged) = backup.records.examine(record) {
                faults.add(damaged.to_string());
            }
        }
    }
    Ok(Verified { outline: backup.outline(), faults })
}

/// Writes a backup into a store, which must be empty, and keeps it unusable until it is whole.
///
/// Deletions of KMS keys that are due, or would be within seven days, are put off until then: what
/// was cancelled after the backup was made can be cancelled again.
pub async fn restore(
    source: impl Read,
    access: &Access,
    store: &dyn Store,
) -> Result<Restored, ServiceError> {
    let mut backup = Backup::open(source, access).await?;
    super::check_is_whole(store).await?;
    if store.snapshot().await?.records() > 0 {
        let message = "the store is not empty: a backup is restored into an empty one only";
        return Err(ServiceError::Refused(message.to_owned()));
    }
    store.commit(vec![Change::Put(restoring())]).await?;
    let earliest = now() + DELETION_AFTER;
    let mut postponed_deletions = 0;
    while let Some(mut records) = backup.next()? {
        for record in &mut records {
            if let Some(postponed) = backup.postponed(record, earliest) {
                *record = postponed;
                postponed_deletions += 1;
            }
        }
        let mut changes = records.into_iter().map(Change::Restore).peekable();
        while changes.peek().is_some() {
            store.commit(changes.by_ref().take(bounds::CHANGES_MAX).collect()).await?;
        }
    }
    let table = backup.header.store_keys.clone().put(&backup.keys.current, 0)?;
    let whole = Change::Delete { id: restoring_id(), version: restoring().version };
    store.commit(vec![table, whole]).await?;
    Ok(Restored { outline: backup.outline(), postponed_deletions })
}

/// A backup whose store keys are opened.
struct Backup<R> {
    reader: Reader<R>,
    header: Header,
    keys: StoreKeys,
    sealer: Sealer,
    records: Records,
    read: u64,
}

impl<R: Read> Backup<R> {
    async fn open(source: R, access: &Access) -> Result<Self, ServiceError> {
        let (reader, header) = Reader::begin(source)?;
        if header.schema > RECORD_SCHEMA {
            return Err(ServiceError::Backup(format!(
                "Trent {} has made this backup, and it has what this version does not know; use \
                 that one",
                header.version
            )));
        }
        let keys = open_table(access, &header.store_keys).await?;
        let ring = KeyRing::new(keys.current.clone());
        ring.replace(keys.current.clone(), keys.retired.clone());
        let sealer = keys.current.sealer(Purpose::Backup).clone();
        Ok(Self { reader, header, keys, sealer, records: Records::new(&ring), read: 0 })
    }

    /// The next records, authenticated. None when the end was reached and is the right one.
    fn next(&mut self) -> Result<Option<Vec<Record>>, ServiceError> {
        let chunk = self.reader.next()?;
        let records = chunk.as_ref().map(|chunk: &Chunk| chunk.open(&self.sealer)).transpose()?;
        match &records {
            Some(records) => self.read += records.len() as u64,
            None if self.read != self.header.records => {
                return Err(damaged("it has another number of records than it says"));
            }
            None => {}
        }
        Ok(records)
    }

    fn outline(&self) -> Outline {
        Outline::new(&self.header, self.reader.bytes())
    }

    /// The record of a key that would be deleted too early, changed. What cannot be opened stays as
    /// it is.
    fn postponed(&self, record: &Record, earliest: Timestamp) -> Option<Record> {
        if record.id.kind != Kind::Key {
            return None;
        }
        let mut key = self.records.open_key(record).ok()?.value;
        let due = key.deletion.as_mut()?.due.as_mut()?;
        if *due >= earliest {
            return None;
        }
        *due = earliest;
        self.records.seal_key(&key, record.version).ok()
    }
}

/// The record that is there until everything else is.
fn restoring() -> Record {
    let sealed = b"a backup is being restored".to_vec();
    Record { id: restoring_id(), version: 1, sealed, owner: None, due_at: None }
}

/// After a restoration no key is deleted sooner: the shortest waiting period of ScheduleKeyDeletion.
const DELETION_AFTER: SignedDuration = SignedDuration::from_hours(24 * 7);
