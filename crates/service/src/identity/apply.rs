//! Identities as a file says, made and changed in one commit: all of it or nothing.

use super::admin::{Identities, new_access_key, new_account, new_role, new_user, role_id, user_id};
use super::changes::Stored;
use super::checks::{
    check_access_key, check_account, check_another_access_key, check_role, check_user,
};
use super::file::{
    AccessKeyEntry, AccountEntry, Document, IdentityFile, Named, RoleEntry, UserEntry,
};
use super::named::Planned;
use super::{access_key_id, account_id};
use crate::error::ServiceError;
use crate::records::Versioned;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use trent_core::AccountId;
use trent_core::identity::{AccessKey, Account, IdentityName, Permissions, Role, User};
use trent_store::{Change, Kind};

/// How a file is applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applying {
    /// Only say what would be changed.
    pub dry_run: bool,
    /// Also remove, in the accounts that the file names, users and roles that it does not have,
    /// and policies, boundaries and tags of those that it has.
    pub prune: bool,
}

/// Something that was changed, or would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Step {
    /// What was done.
    pub action: Action,
    /// To what, such as `policy decrypt of role app`.
    pub subject: String,
    /// In which account.
    pub account_id: String,
}

/// What is done to something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Action {
    /// It is new.
    Add,
    /// It is there already and becomes another.
    Change,
    /// It is removed.
    Remove,
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.action {
            Action::Add => '+',
            Action::Change => '~',
            Action::Remove => '-',
        };
        write!(formatter, "{sign} {}", self.subject)
    }
}

impl Identities {
    /// Makes the identities be as a file says; returns what that changed. Access keys that are not
    /// in the file stay, and whether one is active is not for the file to say.
    pub async fn apply(
        &self,
        file: &IdentityFile,
        applying: Applying,
    ) -> Result<Vec<Step>, ServiceError> {
        self.change(async || {
            let mut all = Plan::new(self, applying.prune);
            for (account, entry) in &file.accounts.0 {
                let usual = AccountEntry::default();
                all.account = Some(*account);
                all.account(*account, entry.as_ref().unwrap_or(&usual))
                    .await
                    .map_err(|error| within(&format!("account {account}"), error))?;
            }
            all.put_roles().await?;
            let changes = if applying.dry_run { Vec::new() } else { all.changes };
            Ok((changes, all.steps))
        })
        .await
    }
}

/// What is to be done.
struct Plan<'a> {
    identities: &'a Identities,
    prune: bool,
    account: Option<AccountId>,
    access_keys: BTreeSet<String>,
    /// Who there will be.
    planned: Planned,
    /// Roles as they will be and were, to be written when everybody is there whom they may trust.
    roles: Vec<(Role, Option<Versioned<Role>>)>,
    changes: Vec<Change>,
    steps: Vec<Step>,
}

impl<'a> Plan<'a> {
    fn new(identities: &'a Identities, prune: bool) -> Self {
        Self {
            identities,
            prune,
            account: None,
            access_keys: BTreeSet::new(),
            planned: Planned::default(),
            roles: Vec::new(),
            changes: Vec::new(),
            steps: Vec::new(),
        }
    }

    async fn account(&mut self, id: AccountId, entry: &AccountEntry) -> Result<(), ServiceError> {
        let before = self.identities.read::<Account>(&account_id(id)).await?;
        let mut account =
            before.as_ref().map_or_else(|| new_account(id, ""), |before| before.value.clone());
        if let Some(name) = &entry.name {
            account.name.clone_from(name);
        }
        check_account(&account)?;
        let is_same = |before: &Account| *before == account;
        self.note(&format!("account {id}"), before.as_ref().map(|one| is_same(&one.value)));
        self.put(&account, before.as_ref())?;
        self.planned.accounts.insert(id);
        check_distinct("users", &entry.users)?;
        check_distinct("roles", &entry.roles)?;
        for (name, user) in &entry.users.0 {
            let what = format!("user {name}");
            let usual = UserEntry::default();
            let user = user.as_ref().unwrap_or(&usual);
            self.user(id, name, user, &what).await.map_err(|error| within(&what, error))?;
        }
        for (name, role) in &entry.roles.0 {
            let what = format!("role {name}");
            self.role(id, name, role, &what).await.map_err(|error| within(&what, error))?;
        }
        if self.prune { self.prune(id, entry).await } else { Ok(()) }
    }

    async fn user(
        &mut self,
        account: AccountId,
        name: &IdentityName,
        entry: &UserEntry,
        what: &str,
    ) -> Result<(), ServiceError> {
        let before = self.identities.read::<User>(&user_id(account, name)).await?;
        let mut user = match &before {
            Some(before) => before.value.clone(),
            None => new_user(account, name)?,
        };
        if let Some(path) = &entry.path {
            user.path.clone_from(path);
        }
        self.tags(&mut user.permissions.tags, &entry.tags);
        let is_same = |before: &User| {
            before.path == user.path && before.permissions.tags == user.permissions.tags
        };
        self.note(what, before.as_ref().map(|one| is_same(&one.value)));
        self.policies(what, &mut user.permissions, &entry.policies, entry.boundary.as_ref());
        check_user(&user)?;
        self.put(&user, before.as_ref())?;
        self.planned.users.insert(user.id(), Some(user.clone()));
        self.access_keys(account, &user.name, &entry.access_keys, what).await
    }

    async fn role(
        &mut self,
        account: AccountId,
        name: &IdentityName,
        entry: &RoleEntry,
        what: &str,
    ) -> Result<(), ServiceError> {
        let before = self.identities.read::<Role>(&role_id(account, name)).await?;
        let (trust, session) = (&entry.trust_policy.0, entry.max_session);
        let mut role = match &before {
            Some(before) => before.value.clone(),
            None => new_role(account, name, trust, session)?,
        };
        if let Some(path) = &entry.path {
            role.path.clone_from(path);
        }
        role.max_session_seconds = session;
        self.tags(&mut role.permissions.tags, &entry.tags);
        let is_same = |before: &Role| {
            before.path == role.path
                && before.max_session_seconds == session
                && before.permissions.tags == role.permissions.tags
        };
        self.note(what, before.as_ref().map(|one| is_same(&one.value)));
        if !is_same_document(&role.trust_policy, trust) {
            role.trust_policy.clone_from(trust);
            self.step(Action::Change, format!("trust policy of {what}"));
        }
        self.policies(what, &mut role.permissions, &entry.policies, entry.boundary.as_ref());
        check_role(&role)?;
        self.planned.roles.insert(role.id(), Some(role.clone()));
        self.roles.push((role, before));
        Ok(())
    }

    /// Writes the roles. Whom their trust policies name are those who will be there.
    async fn put_roles(&mut self) -> Result<(), ServiceError> {
        for (mut role, before) in std::mem::take(&mut self.roles) {
            let (account, what) = (role.account, format!("role {}", role.name));
            let trusted = self.identities.trusted(&role.trust_policy, &self.planned).await;
            role.trust_principals =
                trusted.map_err(|error| within(&format!("account {account}: {what}"), error))?;
            let is_other = |before: &Role| {
                before.trust_policy == role.trust_policy
                    && before.trust_principals != role.trust_principals
            };
            // The text is the same, but somebody else has the name.
            if before.as_ref().is_some_and(|before| is_other(&before.value)) {
                self.account = Some(account);
                self.step(Action::Change, format!("trust policy of {what}"));
            }
            self.put(&role, before.as_ref())?;
        }
        Ok(())
    }

    fn tags(&self, tags: &mut BTreeMap<String, String>, wanted: &Named<String, String>) {
        if self.prune {
            tags.clear();
        }
        tags.extend(wanted.0.clone());
    }

    fn policies(
        &mut self,
        what: &str,
        permissions: &mut Permissions,
        wanted: &Named<IdentityName, Document>,
        boundary: Option<&Document>,
    ) {
        let policies = &mut permissions.policies;
        for (name, Document(text)) in &wanted.0 {
            let before = policies.get(name).map(|before| is_same_document(before, text));
            self.note(&format!("policy {name} of {what}"), before);
            if before != Some(true) {
                policies.insert(name.clone(), text.clone());
            }
        }
        let surplus = policies.keys().filter(|name| self.prune && !wanted.0.contains_key(name));
        for name in surplus.cloned().collect::<Vec<_>>() {
            policies.remove(&name);
            self.step(Action::Remove, format!("policy {name} of {what}"));
        }
        let subject = format!("permissions boundary of {what}");
        match (&permissions.boundary, boundary) {
            (before, Some(Document(text))) => {
                let before = before.as_ref().map(|before| is_same_document(before, text));
                self.note(&subject, before);
                if before != Some(true) {
                    permissions.boundary = Some(text.clone());
                }
            }
            (Some(_), None) if self.prune => {
                permissions.boundary = None;
                self.step(Action::Remove, subject);
            }
            (_, None) => {}
        }
    }

    async fn access_keys(
        &mut self,
        account: AccountId,
        user: &IdentityName,
        entries: &[AccessKeyEntry],
        what: &str,
    ) -> Result<(), ServiceError> {
        let mut count = self.identities.owned_access_keys(account, Some(user)).await?.len();
        for AccessKeyEntry { id, secret } in entries {
            let subject = format!("access key {id} of {what}");
            let wanted = new_access_key(account, Some(user.clone()), id.clone(), secret.clone());
            check_access_key(&wanted)?;
            if !self.access_keys.insert(id.clone()) {
                return Err(ServiceError::Refused(format!("access key {id} occurs twice")));
            }
            let before = self.identities.read::<AccessKey>(&access_key_id(id)).await?;
            let Some(before) = before else {
                check_another_access_key(what, count)?;
                count += 1;
                self.step(Action::Add, subject);
                self.changes.push(self.identities.put(&wanted, None)?);
                continue;
            };
            if before.value.owner() != wanted.owner() {
                let message = format!("access key {id} exists already and is another's");
                return Err(ServiceError::Refused(message));
            }
            if before.value.secret != *secret {
                self.step(Action::Change, subject);
                let changed = AccessKey { secret: secret.clone(), ..before.value.clone() };
                self.changes.push(self.identities.put(&changed, Some(before.version))?);
            }
        }
        Ok(())
    }

    async fn prune(
        &mut self,
        account: AccountId,
        entry: &AccountEntry,
    ) -> Result<(), ServiceError> {
        for user in self.identities.all::<User>(Kind::User, account.as_str()).await? {
            let name = &user.value.name;
            if has(&entry.users, name) {
                continue;
            }
            self.step(Action::Remove, format!("user {name}"));
            self.changes.push(Identities::delete(&user));
            self.planned.users.insert(user.value.id(), None);
            let keys = self.identities.owned_access_keys(account, Some(name)).await?;
            self.changes.extend(keys.iter().map(Identities::delete));
        }
        for role in self.identities.all::<Role>(Kind::Role, account.as_str()).await? {
            let name = &role.value.name;
            if !has(&entry.roles, name) {
                self.step(Action::Remove, format!("role {name}"));
                self.changes.push(Identities::delete(&role));
                self.planned.roles.insert(role.value.id(), None);
            }
        }
        Ok(())
    }

    /// Writes a record unless it is there as it is to be.
    fn put<T: Stored + PartialEq>(
        &mut self,
        value: &T,
        before: Option<&Versioned<T>>,
    ) -> Result<(), ServiceError> {
        if before.is_none_or(|before| before.value != *value) {
            self.changes.push(self.identities.put(value, before.map(|before| before.version))?);
        }
        Ok(())
    }

    /// Notes what is new or changes; `is_same` of what is there already.
    fn note(&mut self, subject: &str, is_same: Option<bool>) {
        match is_same {
            None => self.step(Action::Add, subject.to_owned()),
            Some(false) => self.step(Action::Change, subject.to_owned()),
            Some(true) => {}
        }
    }

    fn step(&mut self, action: Action, subject: String) {
        let account_id = self.account.as_ref().map(ToString::to_string).unwrap_or_default();
        self.steps.push(Step { action, subject, account_id });
    }
}

/// Names that differ only in case are the same name.
fn check_distinct<V>(what: &str, named: &Named<IdentityName, V>) -> Result<(), ServiceError> {
    let mut seen = BTreeSet::new();
    for name in named.0.keys() {
        if !seen.insert(name.as_str().to_ascii_lowercase()) {
            let message = format!("{what}: `{name}` occurs twice, in different case");
            return Err(ServiceError::Refused(message));
        }
    }
    Ok(())
}

fn has<V>(named: &Named<IdentityName, V>, name: &IdentityName) -> bool {
    named.0.keys().any(|one| one.as_str().eq_ignore_ascii_case(name.as_str()))
}

/// Whether two policies say the same, however they are written.
fn is_same_document(one: &str, other: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    one == other || read(one).is_some_and(|one| Some(one) == read(other))
}

fn within(place: &str, error: ServiceError) -> ServiceError {
    match error {
        ServiceError::Refused(message) => ServiceError::Refused(format!("{place}: {message}")),
        other => other,
    }
}
