//! Accounts, users, roles, access keys and policies as administrators see them. The members are
//! named as the API of AWS IAM does.

use super::admin::table;
use serde::Serialize;
use serde_json::Value;
use std::fmt::{self, Display, Formatter};
use trent_core::identity::{AccessKey, Account, Permissions, Role, User, root_arn};
use zeroize::Zeroizing;

/// An account.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AccountView {
    id: String,
    name: String,
    arn: String,
    create_date: String,
}

/// A user.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UserView {
    user_name: String,
    user_id: String,
    path: String,
    arn: String,
    create_date: String,
    #[serde(flatten)]
    permissions: PermissionsView,
}

/// A role.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RoleView {
    role_name: String,
    role_id: String,
    path: String,
    arn: String,
    create_date: String,
    max_session_duration: u32,
    assume_role_policy_document: Value,
    #[serde(flatten)]
    permissions: PermissionsView,
}

/// What a user or role may do.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PermissionsView {
    tags: Vec<TagView>,
    policies: Vec<PolicyView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions_boundary: Option<Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TagView {
    key: String,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyView {
    policy_name: String,
    policy_document: Value,
}

/// An access key without its secret.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AccessKeyView {
    access_key_id: String,
    /// None for the root of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_name: Option<String>,
    account_id: String,
    status: &'static str,
    create_date: String,
}

/// An access key with its secret, for the one time that it is shown.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NewAccessKeyView {
    #[serde(flatten)]
    key: AccessKeyView,
    secret_access_key: Zeroizing<String>,
}

/// One thing, under its name in JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) enum One {
    Account(AccountView),
    User(UserView),
    Role(RoleView),
    AccessKey(NewAccessKeyView),
    AccessKeyMetadata(AccessKeyView),
}

/// Several things, under their name in JSON.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) enum Many {
    Accounts(Vec<AccountView>),
    Users(Vec<UserView>),
    Roles(Vec<RoleView>),
    AccessKeyMetadata(Vec<AccessKeyView>),
    PolicyNames(Vec<String>),
}

impl AccountView {
    pub(super) fn of(account: &Account) -> Self {
        Self {
            id: account.id.to_string(),
            name: account.name.clone(),
            arn: root_arn(PARTITION, account.id),
            create_date: account.created.to_string(),
        }
    }
}

impl UserView {
    pub(super) fn of(user: &User) -> Self {
        Self {
            user_name: user.name.to_string(),
            user_id: user.id.clone(),
            path: user.path.clone(),
            arn: user.arn(PARTITION),
            create_date: user.created.to_string(),
            permissions: PermissionsView::of(&user.permissions),
        }
    }
}

impl RoleView {
    pub(super) fn of(role: &Role) -> Self {
        Self {
            role_name: role.name.to_string(),
            role_id: role.id.clone(),
            path: role.path.clone(),
            arn: role.arn(PARTITION),
            create_date: role.created.to_string(),
            max_session_duration: role.max_session_seconds,
            assume_role_policy_document: document(&role.trust_policy),
            permissions: PermissionsView::of(&role.permissions),
        }
    }
}

impl PermissionsView {
    fn of(permissions: &Permissions) -> Self {
        let policies = permissions.policies.iter().map(|(name, text)| PolicyView {
            policy_name: name.to_string(),
            policy_document: document(text),
        });
        let tags = permissions.tags.iter();
        Self {
            tags: tags
                .map(|(key, value)| TagView { key: key.clone(), value: value.clone() })
                .collect(),
            policies: policies.collect(),
            permissions_boundary: permissions.boundary.as_deref().map(document),
        }
    }
}

impl AccessKeyView {
    pub(super) fn of(key: &AccessKey) -> Self {
        Self {
            access_key_id: key.id.clone(),
            user_name: key.user.as_ref().map(ToString::to_string),
            account_id: key.account.to_string(),
            status: if key.is_active { "Active" } else { "Inactive" },
            create_date: key.created.to_string(),
        }
    }

    fn owner(&self) -> &str {
        self.user_name.as_deref().unwrap_or("(root)")
    }
}

impl NewAccessKeyView {
    pub(super) fn of(key: AccessKey) -> Self {
        Self { key: AccessKeyView::of(&key), secret_access_key: key.secret }
    }
}

impl Display for One {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(account) => lines(
                formatter,
                &[("Account", &account.id), ("Name", &account.name), ("Root", &account.arn)],
            ),
            Self::User(user) => {
                let (name, id) = (&user.user_name, &user.user_id);
                let (arn, created) = (&user.arn, &user.create_date);
                lines(
                    formatter,
                    &[("User", name), ("Id", id), ("Arn", arn), ("Created", created)],
                )?;
                user.permissions.fmt(formatter)
            }
            Self::Role(role) => {
                let hours = format!("{} seconds", role.max_session_duration);
                let (name, id) = (&role.role_name, &role.role_id);
                let (arn, created) = (&role.arn, &role.create_date);
                lines(
                    formatter,
                    &[("Role", name), ("Id", id), ("Arn", arn), ("Created", created)],
                )?;
                lines(formatter, &[("Session", &hours)])?;
                let trust = role.assume_role_policy_document.to_string();
                lines(formatter, &[("Trust", &trust)])?;
                role.permissions.fmt(formatter)
            }
            Self::AccessKey(key) => key.fmt(formatter),
            Self::AccessKeyMetadata(key) => lines(
                formatter,
                &[("AccessKey", &key.access_key_id), ("Status", &key.status.to_owned())],
            ),
        }
    }
}

impl Display for NewAccessKeyView {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self { key, secret_access_key } = self;
        let owner =
            key.user_name.as_ref().map_or("the root".to_owned(), |name| format!("user {name}"));
        writeln!(
            formatter,
            "# The secret access key of {owner} is shown only now.\n\
             export AWS_ACCESS_KEY_ID={}\nexport AWS_SECRET_ACCESS_KEY={}",
            key.access_key_id,
            secret_access_key.as_str()
        )
    }
}

impl Display for PermissionsView {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        for TagView { key, value } in &self.tags {
            lines(formatter, &[("Tag", &format!("{key}={value}"))])?;
        }
        for PolicyView { policy_name, policy_document } in &self.policies {
            lines(formatter, &[("Policy", &format!("{policy_name} {policy_document}"))])?;
        }
        if let Some(boundary) = &self.permissions_boundary {
            lines(formatter, &[("Boundary", &boundary.to_string())])?;
        }
        Ok(())
    }
}

impl Display for Many {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let lines = match self {
            Self::Accounts(accounts) => {
                let line = |one: &AccountView| vec![one.id.clone(), one.name.clone()];
                headed(&["ACCOUNT", "NAME"], accounts.iter().map(line))
            }
            Self::Users(users) => {
                let line = |one: &UserView| {
                    vec![one.user_name.clone(), one.arn.clone(), one.permissions.names()]
                };
                headed(&["USER", "ARN", "POLICIES"], users.iter().map(line))
            }
            Self::Roles(roles) => {
                let line = |one: &RoleView| {
                    vec![one.role_name.clone(), one.arn.clone(), one.permissions.names()]
                };
                headed(&["ROLE", "ARN", "POLICIES"], roles.iter().map(line))
            }
            Self::AccessKeyMetadata(keys) => {
                let line = |one: &AccessKeyView| {
                    let (id, owner) = (one.access_key_id.clone(), one.owner().to_owned());
                    vec![id, owner, one.status.to_owned(), one.create_date.clone()]
                };
                headed(&["ACCESS KEY", "USER", "STATUS", "CREATED"], keys.iter().map(line))
            }
            Self::PolicyNames(names) => names.iter().map(|name| vec![name.clone()]).collect(),
        };
        table(formatter, &lines)
    }
}

impl PermissionsView {
    fn names(&self) -> String {
        let names: Vec<&str> = self.policies.iter().map(|one| one.policy_name.as_str()).collect();
        names.join(", ")
    }
}

/// A policy as JSON. It was checked when it was put.
pub(super) fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

fn headed(heading: &[&str], lines: impl Iterator<Item = Vec<String>>) -> Vec<Vec<String>> {
    let heading = heading.iter().map(|&word| word.to_owned()).collect();
    std::iter::once(heading).chain(lines).collect()
}

fn lines(formatter: &mut Formatter<'_>, pairs: &[(&str, &String)]) -> fmt::Result {
    for (name, value) in pairs {
        writeln!(formatter, "{name:9} {value}")?;
    }
    Ok(())
}

/// The partition of the ARNs that are shown.
const PARTITION: &str = "aws";
