//! Whom the ARN of a principal names, and the unique ids to which trust policies are tied: a user or
//! role that is made later under the same name is not meant.
//!
//! AWS: IAM User Guide, "AWS JSON policy elements: Principal".

use super::admin::Identities;
use super::changes::Stored;
use super::{account_id, named_id};
use crate::error::ServiceError;
use std::collections::{BTreeMap, HashMap, HashSet};
use trent_core::AccountId;
use trent_core::identity::{Account, Role, User};
use trent_iam::arn::Arn;
use trent_iam::policy::{Policy, PolicyKind};
use trent_store::{Kind, RecordId};

/// Whom an ARN names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// Nobody who is known.
    Nobody,
    /// An account, or somebody whose account is asked no further.
    Somebody,
    /// A user, a role or its sessions, by unique id: another one of the same name is not meant.
    Identity(String),
}

/// What an ARN says about whom it names. The names of users and roles are without their paths.
pub(crate) enum PrincipalArn<'a> {
    Root(AccountId),
    User(AccountId, &'a str),
    Role(AccountId, &'a str),
    /// A session of the role of this name.
    Session(AccountId, &'a str),
    FederatedUser,
}

impl<'a> PrincipalArn<'a> {
    /// Reads an ARN; `None` if it is that of no principal.
    pub(crate) fn of(arn: &Arn<'a>) -> Option<Self> {
        let account = AccountId::parse(arn.account).filter(|_| arn.region.is_empty())?;
        let (kind, path_and_name) = arn.resource.split_once('/').unwrap_or((arn.resource, ""));
        let name = path_and_name.rsplit('/').next().unwrap_or_default();
        match (arn.service, kind) {
            ("iam", "root") if path_and_name.is_empty() => Some(Self::Root(account)),
            ("iam", "user") => Some(Self::User(account, name)),
            ("iam", "role") => Some(Self::Role(account, name)),
            ("sts", "assumed-role") => {
                Some(Self::Session(account, path_and_name.split('/').next().unwrap_or_default()))
            }
            ("sts", "federated-user") => Some(Self::FederatedUser),
            _ => None,
        }
    }
}

/// Identities as they will be when what is being planned is done; `None` is one that will be gone.
#[derive(Default)]
pub(super) struct Planned {
    pub(super) accounts: HashSet<AccountId>,
    pub(super) users: HashMap<RecordId, Option<User>>,
    pub(super) roles: HashMap<RecordId, Option<Role>>,
}

impl Identities {
    /// The unique ids of the users and roles that a trust policy names. Refuses one that names
    /// nobody.
    pub(super) async fn trusted(
        &self,
        trust_policy: &str,
        planned: &Planned,
    ) -> Result<BTreeMap<String, String>, ServiceError> {
        let policy = Policy::parse(trust_policy, PolicyKind::Trust)
            .map_err(|error| ServiceError::Refused(format!("the trust policy: {error}")))?;
        let mut ids = BTreeMap::new();
        for arn in policy.aws_principals() {
            match self.named(arn, planned).await? {
                Named::Somebody => {}
                Named::Identity(id) => {
                    ids.insert(arn.to_owned(), id);
                }
                Named::Nobody => {
                    let message =
                        format!("the trust policy: Invalid principal in policy: \"AWS\":\"{arn}\"");
                    return Err(ServiceError::Refused(message));
                }
            }
        }
        Ok(ids)
    }

    async fn named(&self, text: &str, planned: &Planned) -> Result<Named, ServiceError> {
        use PrincipalArn as P;
        let arn = Arn::parse(text);
        let Some((arn, principal)) = arn.and_then(|arn| Some((arn, P::of(&arn)?))) else {
            return Ok(Named::Nobody);
        };
        let id = match principal {
            P::FederatedUser => return Ok(Named::Somebody),
            P::Root(account) => {
                let is_known = planned.accounts.contains(&account)
                    || self.read::<Account>(&account_id(account)).await?.is_some();
                return Ok(if is_known { Named::Somebody } else { Named::Nobody });
            }
            P::User(account, name) => {
                let id = named_id(Kind::User, account, name);
                let user = self.one_planned(&planned.users, &id).await?;
                user.filter(|user| user.arn(arn.partition) == text).map(|user| user.id)
            }
            P::Role(account, name) => {
                let id = named_id(Kind::Role, account, name);
                let role = self.one_planned(&planned.roles, &id).await?;
                role.filter(|role| role.arn(arn.partition) == text).map(|role| role.id)
            }
            P::Session(account, name) => {
                let id = named_id(Kind::Role, account, name);
                let role = self.one_planned(&planned.roles, &id).await?;
                role.filter(|role| role.name.as_str() == name).map(|role| role.id)
            }
        };
        Ok(id.map_or(Named::Nobody, Named::Identity))
    }

    /// The user or role as it will be.
    async fn one_planned<T: Stored + Clone>(
        &self,
        planned: &HashMap<RecordId, Option<T>>,
        id: &RecordId,
    ) -> Result<Option<T>, ServiceError> {
        match planned.get(id) {
            Some(planned) => Ok(planned.clone()),
            None => Ok(self.read::<T>(id).await?.map(|one| one.value)),
        }
    }
}
