//! Administration of identities, for the command line. It works on the store of a running server,
//! which notices within half a second.

use super::changes::{Stored, internal};
use super::checks::{
    check_access_key, check_account, check_another_access_key, check_role, check_user,
};
use super::named::Planned;
use super::{access_key_id, account_id, named_id, new_access_key_id, new_secret};
use crate::clock::Clock;
use crate::error::ServiceError;
use crate::records::{Records, Versioned};
use crate::root_keys::RootKeys;
use crate::service::Service;
use std::collections::BTreeMap;
use std::sync::Arc;
use trent_core::AccountId;
use trent_core::identity::{
    ACCESS_KEY_PREFIX, AccessKey, Account, IdentityName, Permissions, ROLE_ID_PREFIX, Role,
    USER_ID_PREFIX, User, unique_id,
};
use trent_store::{Kind, RecordId, Store};
use zeroize::Zeroizing;

/// The identities of one store.
///
/// What cannot be done is [`ServiceError::Refused`], with a text for the administrator.
pub struct Identities {
    pub(super) store: Arc<dyn Store>,
    pub(super) records: Arc<Records>,
}

/// A user or a role, named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A user of an account.
    User(AccountId, IdentityName),
    /// A role of an account.
    Role(AccountId, IdentityName),
}

impl Service {
    /// The identities of the store of this service.
    pub fn identities(&self) -> Identities {
        Identities { store: Arc::clone(&self.store), records: Arc::clone(&self.records) }
    }
}

impl Identities {
    /// The identities of a store of which the store keys have been opened.
    pub fn open(root_keys: &Arc<RootKeys>) -> Self {
        Self { store: root_keys.store(), records: Arc::new(root_keys.records()) }
    }

    /// Finishes what is under way in the store and closes it.
    pub async fn close(&self) {
        self.store.close().await;
    }

    /// Makes an account; without digits it gets random ones.
    pub async fn create_account(
        &self,
        id: Option<AccountId>,
        name: &str,
    ) -> Result<Account, ServiceError> {
        let id = match id {
            Some(id) => id,
            None => random_account()?,
        };
        let account = new_account(id, name);
        check_account(&account)?;
        self.create(account, &format!("account {id}")).await
    }

    /// All accounts, in the order of their digits.
    pub async fn accounts(&self) -> Result<Vec<Account>, ServiceError> {
        Ok(values(self.all(Kind::Account, "").await?))
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
        self.existing::<Account>(&account_id(account), &account_text(account)).await?;
        let mut user = new_user(account, name)?;
        path.clone_into(&mut user.path);
        user.permissions.tags = tags;
        check_user(&user)?;
        self.create(user, &user_text(account, name)).await
    }

    /// The users of an account, in the order of their names.
    pub async fn users(&self, account: AccountId) -> Result<Vec<User>, ServiceError> {
        Ok(values(self.all(Kind::User, account.as_str()).await?))
    }

    /// The user, if there is one.
    pub async fn user(
        &self,
        account: AccountId,
        name: &IdentityName,
    ) -> Result<Option<User>, ServiceError> {
        Ok(self.read::<User>(&user_id(account, name)).await?.map(|user| user.value))
    }

    /// Changes a user; its account, name and unique id stay.
    pub async fn change_user(
        &self,
        account: AccountId,
        name: &IdentityName,
        edit: impl Fn(&mut User),
    ) -> Result<User, ServiceError> {
        let edit = |user: &mut User| {
            edit(user);
            check_user(user)
        };
        self.edit(&user_id(account, name), &user_text(account, name), edit).await
    }

    /// Removes a user with its policies and access keys.
    pub async fn delete_user(
        &self,
        account: AccountId,
        name: &IdentityName,
    ) -> Result<(), ServiceError> {
        let id = user_id(account, name);
        self.change(async || {
            let user: Versioned<User> = self.existing(&id, &user_text(account, name)).await?;
            let mut changes = vec![Self::delete(&user)];
            let keys = self.owned_access_keys(account, Some(name)).await?;
            changes.extend(keys.iter().map(Self::delete));
            Ok((changes, ()))
        })
        .await
    }

    /// Makes a role of an account that exists. `max_session_seconds` is 3,600 to 43,200. Whom the
    /// trust policy names must exist.
    pub async fn create_role(
        &self,
        account: AccountId,
        name: &IdentityName,
        path: &str,
        trust_policy: &str,
        max_session_seconds: u32,
        tags: BTreeMap<String, String>,
    ) -> Result<Role, ServiceError> {
        self.existing::<Account>(&account_id(account), &account_text(account)).await?;
        let mut role = new_role(account, name, trust_policy, max_session_seconds)?;
        path.clone_into(&mut role.path);
        role.permissions.tags = tags;
        check_role(&role)?;
        self.change(async || {
            if self.read::<Role>(&role.id()).await?.is_some() {
                return Err(exists(&role_text(account, name)));
            }
            let trust_principals = self.trusted(trust_policy, &Planned::default()).await?;
            let role = Role { trust_principals, ..role.clone() };
            Ok((vec![self.put(&role, None)?], role))
        })
        .await
    }

    /// The roles of an account, in the order of their names.
    pub async fn roles(&self, account: AccountId) -> Result<Vec<Role>, ServiceError> {
        Ok(values(self.all(Kind::Role, account.as_str()).await?))
    }

    /// The role, if there is one.
    pub async fn role(
        &self,
        account: AccountId,
        name: &IdentityName,
    ) -> Result<Option<Role>, ServiceError> {
        Ok(self.read::<Role>(&role_id(account, name)).await?.map(|role| role.value))
    }

    /// Changes who may assume a role. Whom the trust policy names must exist.
    pub async fn put_trust_policy(
        &self,
        account: AccountId,
        name: &IdentityName,
        trust_policy: &str,
    ) -> Result<Role, ServiceError> {
        self.change(async || {
            let id = role_id(account, name);
            let before: Versioned<Role> = self.existing(&id, &role_text(account, name)).await?;
            let mut role = before.value;
            trust_policy.clone_into(&mut role.trust_policy);
            check_role(&role)?;
            role.trust_principals = self.trusted(trust_policy, &Planned::default()).await?;
            Ok((vec![self.put(&role, Some(before.version))?], role))
        })
        .await
    }

    /// Changes what sessions of a role may do.
    async fn change_role(
        &self,
        account: AccountId,
        name: &IdentityName,
        edit: impl Fn(&mut Permissions),
    ) -> Result<Role, ServiceError> {
        let edit = |role: &mut Role| {
            edit(&mut role.permissions);
            check_role(role)
        };
        self.edit(&role_id(account, name), &role_text(account, name), edit).await
    }

    /// Removes a role. Its sessions end.
    pub async fn delete_role(
        &self,
        account: AccountId,
        name: &IdentityName,
    ) -> Result<(), ServiceError> {
        self.remove::<Role>(&role_id(account, name), &role_text(account, name)).await
    }

    /// What a user or role may do.
    pub async fn permissions(&self, owner: &Owner) -> Result<Permissions, ServiceError> {
        let what = owner.to_string();
        match owner {
            Owner::User(account, name) => {
                let user: Versioned<User> = self.existing(&user_id(*account, name), &what).await?;
                Ok(user.value.permissions)
            }
            Owner::Role(account, name) => {
                let role: Versioned<Role> = self.existing(&role_id(*account, name), &what).await?;
                Ok(role.value.permissions)
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
                self.change_role(*account, name, edit).await?;
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
        let key = new_access_key(account, user.cloned(), id, secret);
        check_access_key(&key)?;
        self.change(async || {
            let (owner, name) = self.access_key_owner(account, user).await?;
            let key = AccessKey { user: name, ..key.clone() };
            if self.read::<AccessKey>(&key.id()).await?.is_some() {
                return Err(exists(&format!("access key {}", key.id)));
            }
            let count = self.owned_access_keys(account, user).await?.len();
            check_another_access_key(&owner, count)?;
            Ok((vec![self.put(&key, None)?], key))
        })
        .await
    }

    /// The access keys of a user, or of the root of an account.
    pub async fn access_keys(
        &self,
        account: AccountId,
        user: Option<&IdentityName>,
    ) -> Result<Vec<AccessKey>, ServiceError> {
        self.access_key_owner(account, user).await?;
        Ok(values(self.owned_access_keys(account, user).await?))
    }

    /// All access keys of an account: of its root, then of its users.
    pub async fn all_access_keys(
        &self,
        account: AccountId,
    ) -> Result<Vec<AccessKey>, ServiceError> {
        let mut keys = self.access_keys(account, None).await?;
        for user in self.users(account).await? {
            keys.extend(values(self.owned_access_keys(account, Some(&user.name)).await?));
        }
        Ok(keys)
    }

    /// Whether requests signed with an access key are accepted.
    pub async fn set_access_key_active(
        &self,
        id: &str,
        is_active: bool,
    ) -> Result<AccessKey, ServiceError> {
        let edit = |key: &mut AccessKey| {
            key.is_active = is_active;
            Ok(())
        };
        self.edit(&access_key_id(id), &format!("access key {id}"), edit).await
    }

    /// Removes an access key.
    pub async fn delete_access_key(&self, id: &str) -> Result<(), ServiceError> {
        self.remove::<AccessKey>(&access_key_id(id), &format!("access key {id}")).await
    }

    /// Whose access keys they are, for messages, and the name as the user has it.
    async fn access_key_owner(
        &self,
        account: AccountId,
        user: Option<&IdentityName>,
    ) -> Result<(String, Option<IdentityName>), ServiceError> {
        if let Some(name) = user {
            let what = user_text(account, name);
            let user: Versioned<User> = self.existing(&user_id(account, name), &what).await?;
            return Ok((what, Some(user.value.name)));
        }
        let what = account_text(account);
        self.existing::<Account>(&account_id(account), &what).await?;
        Ok((format!("the root of {what}"), None))
    }

    async fn create<T: Stored>(&self, value: T, what: &str) -> Result<T, ServiceError> {
        self.change(async || {
            if self.read::<T>(&value.id()).await?.is_some() {
                return Err(exists(what));
            }
            Ok((vec![self.put(&value, None)?], ()))
        })
        .await?;
        Ok(value)
    }

    async fn edit<T: Stored>(
        &self,
        id: &RecordId,
        what: &str,
        edit: impl Fn(&mut T) -> Result<(), ServiceError>,
    ) -> Result<T, ServiceError> {
        self.change(async || {
            let mut record: Versioned<T> = self.existing(id, what).await?;
            edit(&mut record.value)?;
            Ok((vec![self.put(&record.value, Some(record.version))?], record.value))
        })
        .await
    }

    async fn remove<T: Stored>(&self, id: &RecordId, what: &str) -> Result<(), ServiceError> {
        self.change(async || {
            let record: Versioned<T> = self.existing(id, what).await?;
            Ok((vec![Self::delete(&record)], ()))
        })
        .await
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&match self {
            Self::User(account, name) => user_text(*account, name),
            Self::Role(account, name) => role_text(*account, name),
        })
    }
}

/// An account that begins now.
pub(super) fn new_account(id: AccountId, name: &str) -> Account {
    Account { id, name: name.to_owned(), created: Clock::default().real_now() }
}

/// A user that may do nothing yet.
pub(super) fn new_user(account: AccountId, name: &IdentityName) -> Result<User, ServiceError> {
    Ok(User {
        account,
        path: "/".to_owned(),
        name: name.clone(),
        id: unique_id(USER_ID_PREFIX, random()?),
        created: Clock::default().real_now(),
        permissions: Permissions::default(),
    })
}

/// A role that may do nothing yet.
pub(super) fn new_role(
    account: AccountId,
    name: &IdentityName,
    trust_policy: &str,
    max_session_seconds: u32,
) -> Result<Role, ServiceError> {
    Ok(Role {
        account,
        path: "/".to_owned(),
        name: name.clone(),
        id: unique_id(ROLE_ID_PREFIX, random()?),
        created: Clock::default().real_now(),
        trust_policy: trust_policy.to_owned(),
        trust_principals: BTreeMap::new(),
        max_session_seconds,
        permissions: Permissions::default(),
    })
}

/// An access key that is accepted.
pub(super) fn new_access_key(
    account: AccountId,
    user: Option<IdentityName>,
    id: String,
    secret: Zeroizing<String>,
) -> AccessKey {
    AccessKey { id, account, user, secret, is_active: true, created: Clock::default().real_now() }
}

/// The record of a user.
pub(super) fn user_id(account: AccountId, name: &IdentityName) -> RecordId {
    named_id(Kind::User, account, name.as_str())
}

/// The record of a role.
pub(super) fn role_id(account: AccountId, name: &IdentityName) -> RecordId {
    named_id(Kind::Role, account, name.as_str())
}

fn account_text(account: AccountId) -> String {
    format!("account {account}")
}

fn user_text(account: AccountId, name: &IdentityName) -> String {
    format!("user {name} of account {account}")
}

fn role_text(account: AccountId, name: &IdentityName) -> String {
    format!("role {name} of account {account}")
}

fn values<T>(records: Vec<Versioned<T>>) -> Vec<T> {
    records.into_iter().map(|record| record.value).collect()
}

fn exists(what: &str) -> ServiceError {
    ServiceError::Refused(format!("{what} exists already"))
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
