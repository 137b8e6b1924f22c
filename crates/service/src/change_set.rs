//! A change set: what one operation or job changes, written by the one write of the store.

use crate::cache::AliasId;
use crate::events::EventSink;
use crate::events::event::Event;
use crate::events::outbox::event_record_id;
use crate::key_quota::{Place, counted_place};
use crate::last_usage::LastUsage;
use crate::records::{
    Records, Versioned, alias_record_id, grant_record_id, key_record_id, last_usage_record_id,
    retirable_record_id,
};
use trent_api::KmsError;
use trent_core::{Alias, Grant, KeyArn, KmsKey};
use trent_store::Change;

/// Changes that happen all or not at all.
pub(crate) struct ChangeSet<'a> {
    records: &'a Records,
    pub(crate) changes: Vec<Change>,
    pub(crate) keys: Vec<KeyArn>,
    /// Keys that must be as they were read.
    pub(crate) expected: Vec<KeyArn>,
    pub(crate) aliases: Vec<AliasId>,
    /// Keys whose grants change.
    pub(crate) granted: Vec<KeyArn>,
    /// By how many the customer managed keys of a place become more.
    pub(crate) key_counts: Vec<(Place, i64)>,
}

impl<'a> ChangeSet<'a> {
    pub(crate) fn new(records: &'a Records) -> Self {
        Self {
            records,
            changes: Vec::new(),
            keys: Vec::new(),
            expected: Vec::new(),
            aliases: Vec::new(),
            granted: Vec::new(),
            key_counts: Vec::new(),
        }
    }

    /// A key that must not exist yet.
    pub(crate) fn create_key(mut self, key: &KmsKey) -> Result<Self, KmsError> {
        self.key_counts.extend(counted_place(key).map(|place| (place, 1)));
        self.put_key(key, 0)
    }

    /// The key whose version was `version_before`, changed.
    pub(crate) fn put_key(mut self, key: &KmsKey, version_before: u64) -> Result<Self, KmsError> {
        let record = self.records.seal_key(key, version_before + 1).map_err(KmsError::internal)?;
        self.changes.push(Change::Put(record));
        self.keys.push(key.arn());
        Ok(self)
    }

    pub(crate) fn delete_key(mut self, key: &Versioned<KmsKey>) -> Self {
        let id = key_record_id(&key.value.arn());
        self.changes.push(Change::Delete { id, version: key.version });
        self.key_counts.extend(counted_place(&key.value).map(|place| (place, -1)));
        self.keys.push(key.value.arn());
        self
    }

    /// Nothing is written of this key, but it must still be as it was read.
    pub(crate) fn expect_key(mut self, key: &Versioned<KmsKey>) -> Self {
        let id = key_record_id(&key.value.arn());
        self.changes.push(Change::Expect { id, version: key.version });
        self.expected.push(key.value.arn());
        self
    }

    /// The alias whose version was `version_before` (0: it must not exist), created or changed.
    pub(crate) fn put_alias(
        mut self,
        alias: &Alias,
        version_before: u64,
    ) -> Result<Self, KmsError> {
        let record =
            self.records.seal_alias(alias, version_before + 1).map_err(KmsError::internal)?;
        self.changes.push(Change::Put(record));
        self.aliases.push((alias.account, alias.region.clone(), alias.name.clone()));
        Ok(self)
    }

    /// A new grant, listed under its key and its retiring principal.
    pub(crate) fn create_grant(mut self, grant: &Grant) -> Result<Self, KmsError> {
        let record = self.records.seal_grant(grant, 1).map_err(KmsError::internal)?;
        self.changes.push(Change::Put(record));
        if let Some(record) = self.records.seal_retirable(grant) {
            self.changes.push(Change::Put(record.map_err(KmsError::internal)?));
        }
        self.granted.push(grant.key_arn());
        Ok(self)
    }

    pub(crate) fn delete_grant(mut self, grant: &Versioned<Grant>) -> Self {
        let id = grant_record_id(&grant.value.key_arn(), &grant.value.id);
        self.changes.push(Change::Delete { id, version: grant.version });
        if let Some(id) = retirable_record_id(&grant.value) {
            self.changes.push(Change::Delete { id, version: 1 });
        }
        self.granted.push(grant.value.key_arn());
        self
    }

    /// When a key was last used; the version before is 0 if that is not known yet.
    pub(crate) fn put_last_usage(
        mut self,
        arn: &KeyArn,
        usage: &LastUsage,
        version_before: u64,
    ) -> Result<Self, KmsError> {
        let record = self.records.seal_last_usage(arn, version_before + 1, usage);
        self.changes.push(Change::Put(record.map_err(KmsError::internal)?));
        Ok(self)
    }

    pub(crate) fn delete_last_usage(mut self, arn: &KeyArn, version: u64) -> Self {
        self.changes.push(Change::Delete { id: last_usage_record_id(arn), version });
        self
    }

    /// An event that waits for its sink.
    pub(crate) fn put_event(mut self, sink: EventSink, event: &Event) -> Result<Self, KmsError> {
        let record = self.records.seal_owned(event_record_id(sink, event.id), 1, None, event);
        self.changes.push(Change::Put(record.map_err(KmsError::internal)?));
        Ok(self)
    }

    pub(crate) fn delete_alias(mut self, alias: &Versioned<Alias>) -> Self {
        let Alias { account, region, name, .. } = &alias.value;
        let id = alias_record_id(*account, region, name);
        self.changes.push(Change::Delete { id, version: alias.version });
        self.aliases.push((*account, region.clone(), name.clone()));
        self
    }
}
