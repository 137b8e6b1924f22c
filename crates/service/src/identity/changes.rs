//! The records of identities: read, and changed by one administrator after the other.
//!
//! Every change writes one setting beside what it changes, and builds on the version of that
//! setting which it read first: whoever loses a race starts again from the reading. So nothing that
//! a change was decided on, be it a record that is missing or the number of access keys, can have
//! become untrue when it is written.

use super::admin::Identities;
use super::{access_key_id, access_key_owner, account_id, changes_id, named_id};
use crate::error::ServiceError;
use crate::records::Versioned;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use trent_core::AccountId;
use trent_core::identity::{AccessKey, Account, IdentityName, Role, User};
use trent_store::{Change, Kind, RecordId, StoreError, bounds};

/// What is kept as a record of its own.
pub(super) trait Stored: Serialize + DeserializeOwned {
    /// The name of its record.
    fn id(&self) -> RecordId;

    /// The owner of its record.
    fn owner(&self) -> Option<String> {
        None
    }
}

impl Stored for Account {
    fn id(&self) -> RecordId {
        account_id(self.id)
    }
}

impl Stored for User {
    fn id(&self) -> RecordId {
        named_id(Kind::User, self.account, self.name.as_str())
    }
}

impl Stored for Role {
    fn id(&self) -> RecordId {
        named_id(Kind::Role, self.account, self.name.as_str())
    }
}

impl Stored for AccessKey {
    fn id(&self) -> RecordId {
        access_key_id(&self.id)
    }

    fn owner(&self) -> Option<String> {
        Some(access_key_owner(self.account, self.user.as_ref().map(IdentityName::as_str)))
    }
}

impl Identities {
    /// Makes the changes that `plan` decides on after reading; none if it decides on none.
    pub(super) async fn change<T>(
        &self,
        plan: impl AsyncFn() -> Result<(Vec<Change>, T), ServiceError>,
    ) -> Result<T, ServiceError> {
        for _ in 0..RACES_MAX {
            let mark = self.store.get(&changes_id()).await?;
            let version = mark.map_or(0, |mark| mark.version) + 1;
            let (mut changes, value) = plan().await?;
            if changes.is_empty() {
                return Ok(value);
            }
            if changes.len() >= bounds::CHANGES_MAX {
                let most = bounds::CHANGES_MAX - 1;
                let message =
                    format!("{} changes at once, at most {most} are possible", changes.len());
                return Err(ServiceError::Refused(message));
            }
            let sealed = self.records.seal_setting(CHANGES, version, &());
            changes.push(Change::Put(sealed.map_err(internal)?));
            match self.store.commit(changes).await {
                Err(StoreError::Conflict) => tokio::time::sleep(RACE_PAUSE).await,
                other => return Ok(other.map(|()| value)?),
            }
        }
        Err(ServiceError::Internal("identities are being changed by others; try again".to_owned()))
    }

    /// Writes a record for the first time, or over `before`.
    pub(super) fn put<T: Stored>(
        &self,
        value: &T,
        before: Option<u64>,
    ) -> Result<Change, ServiceError> {
        let version = before.unwrap_or_default() + 1;
        let record = self.records.seal_owned(value.id(), version, value.owner(), value);
        Ok(Change::Put(record.map_err(internal)?))
    }

    /// Removes a record.
    pub(super) fn delete<T: Stored>(record: &Versioned<T>) -> Change {
        Change::Delete { id: record.value.id(), version: record.version }
    }

    /// The record, if there is one.
    pub(super) async fn read<T: Stored>(
        &self,
        id: &RecordId,
    ) -> Result<Option<Versioned<T>>, ServiceError> {
        let record = self.store.get(id).await?;
        Ok(record.map(|record| self.records.open(&record)).transpose()?)
    }

    /// The record; `what` it is stands in the message if there is none.
    pub(super) async fn existing<T: Stored>(
        &self,
        id: &RecordId,
        what: &str,
    ) -> Result<Versioned<T>, ServiceError> {
        let record = self.read(id).await?;
        record.ok_or_else(|| ServiceError::Refused(format!("{what} does not exist")))
    }

    /// All records of a kind in an account, in the order of their names.
    pub(super) async fn all<T: Stored>(
        &self,
        kind: Kind,
        account: &str,
    ) -> Result<Vec<Versioned<T>>, ServiceError> {
        let (mut found, mut after) = (Vec::new(), None::<String>);
        loop {
            let limit = bounds::LIMIT_MAX;
            let page = self.store.list(kind, account, "", after.as_deref(), limit).await?;
            let Some(last) = page.last() else { return Ok(found) };
            after = Some(last.id.name.clone());
            for record in &page {
                found.push(self.records.open(record)?);
            }
        }
    }

    /// The access keys of a user, or of the root of an account.
    pub(super) async fn owned_access_keys(
        &self,
        account: AccountId,
        user: Option<&IdentityName>,
    ) -> Result<Vec<Versioned<AccessKey>>, ServiceError> {
        let owner = access_key_owner(account, user.map(IdentityName::as_str));
        let limit = bounds::LIMIT_MAX;
        let records = self.store.list_owned(Kind::AccessKey, "", "", &owner, None, limit).await?;
        records.iter().map(|record| Ok(self.records.open(record)?)).collect()
    }
}

pub(super) fn internal(error: impl std::fmt::Display) -> ServiceError {
    ServiceError::Internal(error.to_string())
}

/// The setting that every change writes.
pub(super) const CHANGES: &str = "identities";

/// How often a change is tried again from the reading.
const RACES_MAX: usize = 100;

/// Lets the winner of a race finish.
const RACE_PAUSE: Duration = Duration::from_millis(2);
