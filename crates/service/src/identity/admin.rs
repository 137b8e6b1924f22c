//! Administration of identities, for the command line. It works on the store of a running server,
//! which notices within half a second.

use super::{
    access_key_id, access_key_owner, account_id, changes_id, named_id, new_access_key_id,
    new_secret,
};
use crate::error::ServiceError;
use crate::records::{Records, Versioned};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::Arc;
use trent_core::AccountId;
use trent_core::identity::{
    self, ACCESS_KEY_PREFIX, ACCESS_KEYS_PER_USER_MAX, AccessKey, Account, IDENTITY_TAGS_MAX,
    IdentityName, POLICY_CHARACTERS_MAX, Permissions, ROLE_ID_PREFIX, ROLE_POLICIES_CHARACTERS_MAX,
    Role, SESSION_SECONDS_MAX, TRUST_POLICY_CHARACTERS_MAX, USER_ID_PREFIX,
    USER_POLICIES_CHARACTERS_MAX, User, unique_id,
};
use trent_crypto::root_key::RootKey;
use trent_iam::policy::{Policy, PolicyKind};
use trent_store::{Change, Kind, Record, RecordId, Store, StoreError, bounds};
use zeroize::Zeroizing;

/// The identities of one store.
pub struct Identities {
    store: Arc<dyn Store>,
    records: Records,
}

/// A user or a role, named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A user of an account.
    User(AccountId, IdentityName),
    /// A role of an account.
    Role(AccountId, IdentityName),
}

impl Identities {
    /// Opens the identities of a store that is sealed under `root`.
    pub async fn open(store: Arc<dyn Store>, root: &RootKey) -> Result<Self, ServiceError> {
        let records = Records::new(root);
        records.check_root_key(&*store, root).await?;
        Ok(Self { store, records })
    }

    /// Makes an account; without digits it gets random ones.
    pub async fn create_account(
        &self,
        id: Option<AccountId>,
        name: &str,
    ) -> Result<Account, ServiceError> {
        check_text("the name of an account", name, 0, 50)?;
        let id = match id {
            Some(id) => id,
            None => random_account()?,
        };
        let account = Account { id, name: name.to_owned(), created: Timestamp::now() };
        self.create(account_id(id), None, &account, &format!("account {id}")).await?;
        Ok(account)
    }

    /// All accounts, in the order of their digits.
    pub async fn accounts(&self) -> Result<Vec<Account>, ServiceError> {
        self.all(Kind::Account, "").await
    }

    /// The account, if there is one.
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>, ServiceError> {
        Ok(self.read::<Account>(&account_id(id)).await?.map(|account| account.value))
    }

    /// Makes a user of an account that exists.
    pub async fn create_user(
        &self,
        account: AccountId,
        name: &IdentityName,
        path: &str,
        tags: BTreeMap<String, String>,
    ) -> Result<User, ServiceError> {
        self.check_account(account).await?;
        check_path(path)?;
        let user = User {
            account,
            path: path.to_owned(),
            name: name.clone(),
            id: unique_id(USER_ID_PREFIX, random()?),
            created: Timestamp::now(),
            permissions: Permissions { tags, ..Permissions::default() },
        };
        check_permissions(&user.permissions, USER_POLICIES_CHARACTERS_MAX)?;
        let id = named_id(Kind::User, account, name.as_str());
        self.create(id, None, &user, &format!("user {name}")).await?;
        Ok(user)
    }

    /// The users of an account, in the order of their names.
    pub async fn users(&self, account: AccountId) -> Result<Vec<User>, ServiceError> {
        self.all(Kind::User, account.as_str()).await
    }

    /// The user, if there is one.
    pub async fn user(
        &self,
        account: AccountId,
        name: &IdentityName,
    ) -> Result<Option<User>, ServiceError> {
        let id = named_id(Kind::User, account, name.as_str());
        Ok(self.read::<User>(&id).await?.map(|user| user.value))
    }

    /// Removes a user with its policies and access keys.
    pub async fn delete_user(
        &self,
        account: AccountId,
        name: &IdentityName,
    ) -> Result<(), ServiceError> {
        let id = named_id(Kind::User, account, name.as_str());
        let record = self.existing(&id, &format!("user {name}")).await?;
        let mut changes = vec![Change::Delete { id, version: record.version }];
        for key in self.owned_access_keys(account, Some(name)).await? {
            changes.push(Change::Delete { id: key.id, version: key.version });
        }
        self.commit(changes).await
    }

    /// Makes a role of an account that exists. `max_session_seconds` is 3,600 to 43,200.
    pub async fn create_role(
        &self,
        account: AccountId,
        name: &IdentityName,
        path: &str,
        trust_policy: &str,
        max_session_seconds: u32,
        tags: BTreeMap<String, String>,
    ) -> Result<Role, ServiceError> {
        self.check_account(account).await?;
        let role = Role {
            account,
            path: path.to_owned(),
            name: name.clone(),
            id: unique_id(ROLE_ID_PREFIX, random()?),
            created: Timestamp::now(),
            trust_policy: trust_policy.to_owned(),
            max_session_seconds,
            permissions: Permissions { tags, ..Permissions::default() },
        };
        check_role(&role)?;
        let id = named_id(Kind::Role, account, name.as_str());
        self.create(id, None, &role, &format!("role {name}")).await?;
        Ok(role)
    }

    /// The roles of an account, in the order of their names.
    pub async fn roles(&self, account: AccountId) -> Result<Vec<Role>, ServiceError> {
        self.all(Kind::Role, account.as_str()).await
    }

    /// The role, if there is one.
    pub async fn role(
        &self,
        account: AccountId,
        name: &IdentityName,
    ) -> Result<Option<Role>, ServiceError> {
        let id = named_id(Kind::Role, account, name.as_str());
        Ok(self.read::<Role>(&id).await?.map(|role| role.value))
    }

    /// Changes a user; its account, name and unique id stay.
    pub async fn change_user(
        &self,
        account: AccountId,
        name: &IdentityName,
        edit: impl Fn(&mut User),
    ) -> Result<User, ServiceError> {
        let id = named_id(Kind::User, account, name.as_str());
        self.change(&id, &format!("user {name}"), |user: &mut User| {
            edit(user);
            check_path(&user.path)?;
            check_permissions(&user.permissions, USER_POLICIES_CHARACTERS_MAX)
        })
        .await
    }

    /// Changes a role; its account, name and unique id stay.
    pub async fn change_role(
        &self,
        account: AccountId,
        name: &IdentityName,
        edit: impl Fn(&mut Role),
    ) -> Result<Role, ServiceError> {
        let id = named_id(Kind::Role, account, name.as_str());
        self.change(&id, &format!("role {name}"), |role: &mut Role| {
            edit(role);
            check_role(role)
        })
        .await
    }

    /// Removes a role. Its sessions end.
    pub async fn delete_role(
        &self,
        account: AccountId,
        name: &IdentityName,
    ) -> Result<(), ServiceError> {
        let id = named_id(Kind::Role, account, name.as_str());
        let record = self.existing(&id, &format!("role {name}")).await?;
        self.commit(vec![Change::Delete { id, version: record.version }]).await
    }

    /// What a user or role may do.
    pub async fn permissions(&self, owner: &Owner) -> Result<Permissions, ServiceError> {
        let missing = || refused(format!("{owner} does not exist"));
        match owner {
            Owner::User(account, name) => {
                let user = self.user(*account, name).await?.ok_or_else(missing)?;
                Ok(user.permissions)
            }
            Owner::Role(account, name) => {
                let role = self.role(*account, name).await?.ok_or_else(missing)?;
                Ok(role.permissions)
            }
        }
    }

    /// Changes what a user or role may do.
    pub async fn change_permissions(
        &self,
        owner: &Owner,
        edit: impl Fn(&mut Permissions),
    ) -> Result<(), ServiceError> {
        match owner {
            Owner::User(account, name) => {
                self.change_user(*account, name, |user| edit(&mut user.permissions)).await?;
            }
            Owner::Role(account, name) => {
                self.change_role(*account, name, |role| edit(&mut role.permissions)).await?;
            }
        }
        Ok(())
    }

    /// Makes an access key of a user, or of the root of an account. At most two each.
    pub async fn create_access_key(
        &self,
        account: AccountId,
        user: Option<&IdentityName>,
    ) -> Result<AccessKey, ServiceError> {
        let id = new_access_key_id(ACCESS_KEY_PREFIX).map_err(internal)?;
        self.add_access_key(account, user, id, new_secret().map_err(internal)?).await
    }

    /// Makes an access key with an id and a secret that are known already, for automation.
    pub async fn add_access_key(
        &self,
        account: AccountId,
        user: Option<&IdentityName>,
        id: String,
        secret: Zeroizing<String>,
    ) -> Result<AccessKey, ServiceError> {
        if !identity::is_access_key_id(&id) {
            return Err(refused(format!(
                "`{id}` is not an access key id: 16 to 128 letters and digits"
            )));
        }
        check_text("a secret access key", &secret, 16, 128)?;
        let of_owner = match user {
            Some(name) => {
                let record = named_id(Kind::User, account, name.as_str());
                let record = self.existing(&record, &format!("user {name}")).await?;
                Change::Expect { id: record.id, version: record.version }
            }
            None => {
                let record = account_id(account);
                let record = self.existing(&record, &format!("account {account}")).await?;
                Change::Expect { id: record.id, version: record.version }
            }
        };
        if self.owned_access_keys(account, user).await?.len() >= ACCESS_KEYS_PER_USER_MAX {
            let message = format!("at most {ACCESS_KEYS_PER_USER_MAX} access keys each");
            return Err(refused(message));
        }
        let created = Timestamp::now();
        let user = user.cloned();
        let key = AccessKey { id, account, user, secret, is_active: true, created };
        let owner = access_key_owner(account, key.user.as_ref().map(IdentityName::as_str));
        let record = self
            .records
            .seal_owned(access_key_id(&key.id), 1, Some(owner), &key)
            .map_err(internal)?;
        match self.try_commit(vec![of_owner, Change::Put(record)]).await {
            Err(StoreError::Conflict) => Err(refused(format!("access key {} exists", key.id))),
            other => Ok(other.map(|()| key)?),
        }
    }

    /// The access keys of a user, or of the root of an account.
    pub async fn access_keys(
        &self,
        account: AccountId,
        user: Option<&IdentityName>,
    ) -> Result<Vec<AccessKey>, ServiceError> {
        let records = self.owned_access_keys(account, user).await?;
        records.iter().map(|record| Ok(self.records.open(record)?.value)).collect()
    }

    /// Whether requests signed with an access key are accepted.
    pub async fn set_access_key_active(
        &self,
        id: &str,
        is_active: bool,
    ) -> Result<AccessKey, ServiceError> {
        self.change(&access_key_id(id), &format!("access key {id}"), |key: &mut AccessKey| {
            key.is_active = is_active;
            Ok(())
        })
        .await
    }

    /// Removes an access key.
    pub async fn delete_access_key(&self, id: &str) -> Result<(), ServiceError> {
        let id = access_key_id(id);
        let record = self.existing(&id, &format!("access key {}", id.name)).await?;
        self.commit(vec![Change::Delete { id, version: record.version }]).await
    }

    async fn check_account(&self, account: AccountId) -> Result<(), ServiceError> {
        self.existing(&account_id(account), &format!("account {account}")).await.map(drop)
    }

    async fn owned_access_keys(
        &self,
        account: AccountId,
        user: Option<&IdentityName>,
    ) -> Result<Vec<Record>, ServiceError> {
        let owner = access_key_owner(account, user.map(IdentityName::as_str));
        Ok(self.store.list_owned(Kind::AccessKey, "", "", &owner, None, bounds::LIMIT_MAX).await?)
    }

    async fn all<T: DeserializeOwned>(
        &self,
        kind: Kind,
        account: &str,
    ) -> Result<Vec<T>, ServiceError> {
        let (mut found, mut after) = (Vec::new(), None::<String>);
        loop {
            let page =
                self.store.list(kind, account, "", after.as_deref(), bounds::LIMIT_MAX).await?;
            for record in &page {
                found.push(self.records.open(record)?.value);
            }
            match page.last() {
                Some(last) => after = Some(last.id.name.clone()),
                None => return Ok(found),
            }
        }
    }

    async fn existing(&self, id: &RecordId, what: &str) -> Result<Record, ServiceError> {
        let record = self.store.get(id).await?;
        record.ok_or_else(|| refused(format!("{what} does not exist")))
    }

    async fn read<T: DeserializeOwned>(
        &self,
        id: &RecordId,
    ) -> Result<Option<Versioned<T>>, ServiceError> {
        let record = self.store.get(id).await?;
        Ok(record.map(|record| self.records.open(&record)).transpose()?)
    }

    async fn create<T: Serialize>(
        &self,
        id: RecordId,
        owner: Option<String>,
        value: &T,
        what: &str,
    ) -> Result<(), ServiceError> {
        let record = self.records.seal_owned(id, 1, owner, value).map_err(internal)?;
        match self.try_commit(vec![Change::Put(record)]).await {
            Err(StoreError::Conflict) => Err(refused(format!("{what} exists already"))),
            other => Ok(other?),
        }
    }

    async fn change<T: Serialize + DeserializeOwned>(
        &self,
        id: &RecordId,
        what: &str,
        edit: impl Fn(&mut T) -> Result<(), ServiceError>,
    ) -> Result<T, ServiceError> {
        for _ in 0..RACES_MAX {
            let record = self.existing(id, what).await?;
            let mut changed: Versioned<T> = self.records.open(&record)?;
            edit(&mut changed.value)?;
            let version = changed.version + 1;
            let sealed = self.records.seal_owned(id.clone(), version, record.owner, &changed.value);
            match self.try_commit(vec![Change::Put(sealed.map_err(internal)?)]).await {
                Err(StoreError::Conflict) => {}
                other => return Ok(other.map(|()| changed.value)?),
            }
        }
        Err(contended())
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<(), ServiceError> {
        match self.try_commit(changes).await {
            Err(StoreError::Conflict) => Err(contended()),
            other => Ok(other?),
        }
    }

    /// Commits together with the setting that tells servers of the change. `Conflict` is about
    /// the changes: races for the setting are retried.
    async fn try_commit(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        for _ in 0..RACES_MAX {
            let mark = self.store.get(&changes_id()).await?;
            let version = mark.map_or(0, |mark| mark.version);
            let sealed = self.records.seal_setting("identities", version + 1, &());
            let mut all = changes.clone();
            all.push(Change::Put(sealed.map_err(|_| StoreError::Conflict)?));
            match self.store.commit(all).await {
                Err(StoreError::Conflict) => {
                    let now = self.store.get(&changes_id()).await?;
                    if now.map_or(0, |mark| mark.version) == version {
                        return Err(StoreError::Conflict);
                    }
                }
                other => return other,
            }
        }
        Err(StoreError::Conflict)
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User(account, name) => write!(formatter, "user {name} of account {account}"),
            Self::Role(account, name) => write!(formatter, "role {name} of account {account}"),
        }
    }
}

/// Checks one policy of an identity, or a permissions boundary.
pub(crate) fn check_policy(what: &str, text: &str) -> Result<(), ServiceError> {
    check_length(what, text, POLICY_CHARACTERS_MAX)?;
    Policy::parse(text, PolicyKind::Identity)
        .map(drop)
        .map_err(|error| refused(format!("{what}: {error}")))
}

fn check_role(role: &Role) -> Result<(), ServiceError> {
    check_path(&role.path)?;
    check_length("the trust policy", &role.trust_policy, TRUST_POLICY_CHARACTERS_MAX)?;
    Policy::parse(&role.trust_policy, PolicyKind::Trust)
        .map_err(|error| refused(format!("the trust policy: {error}")))?;
    let seconds = role.max_session_seconds;
    if !(identity::SESSION_SECONDS_DEFAULT..=SESSION_SECONDS_MAX).contains(&seconds) {
        let message = format!("a session lasts at most 3600 to 43200 seconds, not {seconds}");
        return Err(refused(message));
    }
    check_permissions(&role.permissions, ROLE_POLICIES_CHARACTERS_MAX)
}

fn check_permissions(permissions: &Permissions, characters_max: usize) -> Result<(), ServiceError> {
    let mut characters = 0;
    for (name, text) in &permissions.policies {
        check_policy(&format!("policy {name}"), text)?;
        characters += visible_characters(text);
    }
    if characters > characters_max {
        let message = format!(
            "the inline policies have {characters} characters without white space, \
             at most {characters_max} are possible"
        );
        return Err(refused(message));
    }
    if let Some(boundary) = &permissions.boundary {
        check_policy("the permissions boundary", boundary)?;
    }
    if permissions.tags.len() > IDENTITY_TAGS_MAX {
        return Err(refused(format!("at most {IDENTITY_TAGS_MAX} tags are possible")));
    }
    for (key, value) in &permissions.tags {
        check_text("a tag key", key, 1, 128)?;
        check_text("a tag value", value, 0, 256)?;
    }
    Ok(())
}

fn check_length(what: &str, text: &str, characters_max: usize) -> Result<(), ServiceError> {
    let characters = visible_characters(text);
    if characters <= characters_max {
        return Ok(());
    }
    Err(refused(format!(
        "{what} has {characters} characters without white space, at most {characters_max} are \
         possible"
    )))
}

/// White space does not count towards the sizes of policies
/// (IAM User Guide, "IAM and AWS STS quotas").
fn visible_characters(text: &str) -> usize {
    text.chars().filter(|one| !one.is_whitespace()).count()
}

fn check_path(path: &str) -> Result<(), ServiceError> {
    if identity::is_path(path) {
        return Ok(());
    }
    Err(refused(format!("`{path}` is not a path: it begins and ends with a slash")))
}

fn check_text(what: &str, text: &str, min: usize, max: usize) -> Result<(), ServiceError> {
    let characters = text.chars().count();
    if (min..=max).contains(&characters) && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(refused(format!("{what} has {min} to {max} printable characters")))
}

fn random<const N: usize>() -> Result<[u8; N], ServiceError> {
    let mut random = [0; N];
    trent_crypto::random::fill(&mut random).map_err(internal)?;
    Ok(random)
}

/// Twelve random digits, the first of them not zero.
fn random_account() -> Result<AccountId, ServiceError> {
    let number = u64::from_be_bytes(random()?) % 900_000_000_000 + 100_000_000_000;
    AccountId::parse(&number.to_string()).ok_or_else(|| internal("no account"))
}

fn refused(message: String) -> ServiceError {
    ServiceError::Refused(message)
}

fn contended() -> ServiceError {
    internal("identities are being changed by others; try again")
}

fn internal(error: impl std::fmt::Display) -> ServiceError {
    ServiceError::Internal(error.to_string())
}

/// How often a change is tried again from the reading.
const RACES_MAX: usize = 16;
