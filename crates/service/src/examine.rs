//! Examination of a store: whether every record opens, says what its columns say, and finds what it
//! refers to. It changes nothing.

use crate::error::{Damaged, ServiceError};
use crate::identity::{access_key_id, access_key_owner, account_id, named_id};
use crate::material::material_spec;
use crate::records::{
    Records, alias_record_id, damaged, grant_record_id, key_record_id, retirable_record_id,
};
use crate::root_keys::RootKeys;
use crate::root_keys::table::table_id;
use serde::de::IgnoredAny;
use std::sync::Arc;
use trent_core::identity::{AccessKey, Account, IdentityName, Role, User};
use trent_core::{KeyArn, KmsKey};
use trent_store::{Kind, Record, RecordId};

/// What is wrong: how much, and the first of it in words.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// How many faults there are.
    pub count: u64,
    /// The first of them.
    pub first: Vec<String>,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: String) {
        self.count += 1;
        if self.first.len() < SHOWN_MAX {
            self.first.push(fault);
        }
    }
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Examination {
    /// Records that were looked at.
    pub records: u64,
    /// KMS keys among them.
    pub keys: u64,
    /// Records that cannot be opened, or are not what their columns say.
    pub damaged: Faults,
    /// Records whose counterparts are missing.
    pub dangling: Faults,
}

/// What else must be there, and what the columns of a record must be.
pub(crate) struct Examined {
    id: RecordId,
    owner: Option<String>,
    due_at: Option<i64>,
    needs: Vec<RecordId>,
}

impl RootKeys {
    /// Examines everything that is in the store at this moment.
    pub async fn examine(self: &Arc<Self>) -> Result<Examination, ServiceError> {
        let (store, records) = (self.store(), self.records());
        // Records of the snapshot are under store keys of now or of before.
        let mut snapshot = store.snapshot().await?;
        self.refresh().await?;
        let mut found = Examination::default();
        loop {
            let page = snapshot.next(PAGE).await?;
            if page.is_empty() {
                return Ok(found);
            }
            for record in page.iter().filter(|record| record.id != table_id()) {
                found.records += 1;
                found.keys += u64::from(record.id.kind == Kind::Key);
                let examined = match records.examine(record) {
                    Ok(examined) => examined,
                    Err(damaged) => {
                        found.damaged.add(damaged.to_string());
                        continue;
                    }
                };
                for needed in &examined.needs {
                    if snapshot.get(needed).await?.is_none() {
                        let [record, needed] = [&record.id, needed].map(describe);
                        found.dangling.add(format!("{record} needs {needed}, which is missing"));
                    }
                }
            }
        }
    }
}

impl Records {
    /// Opens a record and everything in it, and holds its columns against it.
    pub(crate) fn examine(&self, record: &Record) -> Result<Examined, Damaged> {
        let examined = match record.id.kind {
            Kind::Setting | Kind::Event => {
                self.open::<IgnoredAny>(record)?;
                Examined::new(record.id.clone())
            }
            Kind::Key => self.examine_key(record)?,
            Kind::Alias => {
                let alias = self.open_alias(record)?.value;
                let id = alias_record_id(alias.account, &alias.region, &alias.name);
                let (region, account) = (alias.region.clone(), alias.account);
                let key = KeyArn { region, account, key_id: alias.target };
                Examined::new(id).owned(alias.target.to_string()).needs(key_record_id(&key))
            }
            Kind::Grant => {
                let grant = self.open_grant(record)?.value;
                let id = grant_record_id(&grant.key_arn(), &grant.id);
                let examined = Examined::new(id).owned(grant.key.to_string());
                let examined = examined.needs(key_record_id(&grant.key_arn()));
                match retirable_record_id(&grant) {
                    Some(retirable) => examined.needs(retirable),
                    None => examined,
                }
            }
            Kind::RetirableGrant => {
                let grant = self.open_retirable(record)?.value;
                let examined = Examined::new(record.id.clone());
                // The owner is whoever may retire it, whom only the grant names.
                let examined = Examined { owner: record.owner.clone(), ..examined };
                examined.needs(grant_record_id(&grant.key, &grant.id))
            }
            Kind::LastUsage => {
                self.open_last_usage(record)?;
                Examined::new(record.id.clone())
            }
            Kind::Account => {
                let account = self.open::<Account>(record)?.value;
                Examined::new(account_id(account.id))
            }
            Kind::User => {
                let user = self.open::<User>(record)?.value;
                let id = named_id(Kind::User, user.account, user.name.as_str());
                Examined::new(id).needs(account_id(user.account))
            }
            Kind::Role => {
                let role = self.open::<Role>(record)?.value;
                let id = named_id(Kind::Role, role.account, role.name.as_str());
                Examined::new(id).needs(account_id(role.account))
            }
            Kind::AccessKey => {
                let key = self.open::<AccessKey>(record)?.value;
                let user = key.user.as_ref().map(IdentityName::as_str);
                let examined = Examined::new(access_key_id(&key.id));
                let examined = examined.owned(access_key_owner(key.account, user));
                examined.needs(match user {
                    Some(name) => named_id(Kind::User, key.account, name),
                    None => account_id(key.account),
                })
            }
        };
        examined.check(record)?;
        Ok(examined)
    }

    fn examine_key(&self, record: &Record) -> Result<Examined, Damaged> {
        let key: KmsKey = self.open_key(record)?.value;
        let spec = material_spec(key.spec)
            .ok_or_else(|| damaged(&record.id, &"a key spec that is not supported"))?;
        for material in key.materials.iter().chain(&key.pending_material) {
            let Some(sealed) = &material.sealed else { continue };
            let only = [(material.id.0, sealed.0.as_slice())];
            self.key_store()
                .open(spec, key.id.as_bytes(), &material.id.0, &only)
                .map_err(|error| damaged(&record.id, &error))?;
        }
        let due_at = key.next_job().map(|job| job.due().as_millisecond());
        let related = key.related().into_iter().filter(|arn| *arn != key.arn());
        let needs = related.map(|arn| key_record_id(&arn)).collect();
        Ok(Examined { due_at, needs, ..Examined::new(key_record_id(&key.arn())) })
    }
}

impl Examined {
    fn new(id: RecordId) -> Self {
        Self { id, owner: None, due_at: None, needs: Vec::new() }
    }

    fn owned(self, owner: String) -> Self {
        Self { owner: Some(owner), ..self }
    }

    fn needs(mut self, id: RecordId) -> Self {
        self.needs.push(id);
        self
    }

    fn check(&self, record: &Record) -> Result<(), Damaged> {
        let wrong = |what: &str| Err(damaged(&record.id, &what));
        if self.id != record.id {
            return wrong("it is the record of something else");
        }
        if self.owner != record.owner {
            return wrong("its owner column is not what it says");
        }
        if self.due_at != record.due_at {
            return wrong("its due time column is not what it says");
        }
        Ok(())
    }
}

fn describe(id: &RecordId) -> String {
    damaged(id, &"").record
}

/// Records that are read at once.
const PAGE: u32 = 128;

/// Faults that are shown.
const SHOWN_MAX: usize = 20;
