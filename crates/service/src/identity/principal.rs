//! Who calls, ready for decisions: names, tags, and policies parsed once.

use crate::error::Damaged;
use jiff::Timestamp;
use std::collections::BTreeMap;
use trent_core::AccountId;
use trent_core::identity::{Permissions, Role, User, root_arn};
use trent_iam::policy::{self, Policy, PolicyKind};

/// An authenticated principal.
pub(crate) struct Principal {
    pub(crate) kind: PrincipalKind,
    pub(crate) account: AccountId,
    /// The ARN as messages name it.
    pub(crate) arn: String,
    /// The role of a session.
    pub(crate) role_arn: Option<String>,
    /// `AIDA…` or `AROA…`.
    pub(crate) unique_id: Option<String>,
    /// What `aws:userid` is.
    pub(crate) user_id: String,
    /// Tags of the user or role, overridden by those of the session. Keys in lower case.
    pub(crate) tags: BTreeMap<String, String>,
    /// The identity-based policies, by name.
    pub(crate) policies: Vec<(String, Policy)>,
    pub(crate) boundary: Option<Policy>,
    pub(crate) session: Option<Session>,
}

/// Which sort of principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PrincipalKind {
    /// The root of an account: it has whatever its account has.
    Root,
    User,
    /// A session of a role.
    Session,
}

impl PrincipalKind {
    /// What `aws:PrincipalType` is.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Root => "Account",
            Self::User => "User",
            Self::Session => "AssumedRole",
        }
    }
}

/// What is known of a session beside its role.
pub(crate) struct Session {
    pub(crate) issued: Timestamp,
    /// Session policies: each limits what the role's policies allow.
    pub(crate) policies: Vec<Policy>,
    pub(crate) source_identity: Option<String>,
    /// Who vouched for the caller, and what it said: condition keys with their values.
    pub(crate) federated_provider: Option<String>,
    pub(crate) claims: BTreeMap<String, Vec<String>>,
}

impl Principal {
    /// The root of an account.
    pub(crate) fn root(partition: &str, account: AccountId) -> Self {
        Self {
            kind: PrincipalKind::Root,
            account,
            arn: root_arn(partition, account),
            role_arn: None,
            unique_id: None,
            user_id: account.to_string(),
            tags: BTreeMap::new(),
            policies: Vec::new(),
            boundary: None,
            session: None,
        }
    }

    /// A user.
    pub(crate) fn user(partition: &str, user: &User) -> Result<Self, Damaged> {
        let arn = user.arn(partition);
        let (policies, boundary) = parsed(&arn, &user.permissions)?;
        Ok(Self {
            kind: PrincipalKind::User,
            account: user.account,
            arn,
            role_arn: None,
            unique_id: Some(user.id.clone()),
            user_id: user.id.clone(),
            tags: lower_case_keys(&user.permissions.tags),
            policies,
            boundary,
            session: None,
        })
    }

    /// A session of a role.
    pub(crate) fn session(
        partition: &str,
        role: &Role,
        name: &str,
        tags: &BTreeMap<String, String>,
        session: Session,
    ) -> Result<Self, Damaged> {
        let role_arn = role.arn(partition);
        let (policies, boundary) = parsed(&role_arn, &role.permissions)?;
        let mut all_tags = lower_case_keys(&role.permissions.tags);
        all_tags.extend(lower_case_keys(tags));
        Ok(Self {
            kind: PrincipalKind::Session,
            account: role.account,
            arn: role.session_arn(partition, name),
            role_arn: Some(role_arn),
            unique_id: Some(role.id.clone()),
            user_id: format!("{}:{name}", role.id),
            tags: all_tags,
            policies,
            boundary,
            session: Some(session),
        })
    }

    /// The user's name, for `aws:username`.
    pub(crate) fn user_name(&self) -> Option<&str> {
        match self.kind {
            PrincipalKind::User => self.arn.rsplit('/').next(),
            PrincipalKind::Root | PrincipalKind::Session => None,
        }
    }

    /// The ARN that `aws:PrincipalArn` is: that of the role for sessions.
    pub(crate) fn principal_arn(&self) -> &str {
        self.role_arn.as_deref().unwrap_or(&self.arn)
    }

    /// Whether a principal of a grant or of a key policy, given as an ARN, is this one: itself, its
    /// role, or for the root its account.
    pub(crate) fn is(&self, arn: &str) -> bool {
        self.arn == arn || self.role_arn.as_deref() == Some(arn)
    }

    /// As policies name it.
    pub(crate) fn for_policies(&self) -> policy::Principal<'_> {
        policy::Principal {
            arn: &self.arn,
            account: self.account.as_str(),
            role_arn: self.role_arn.as_deref(),
            unique_id: self.unique_id.as_deref(),
            service: None,
            federated: None,
        }
    }
}

type ParsedPolicies = (Vec<(String, Policy)>, Option<Policy>);

/// The policies were checked when they were put: one that cannot be parsed is damaged, and whoever
/// has it may do nothing.
fn parsed(arn: &str, permissions: &Permissions) -> Result<ParsedPolicies, Damaged> {
    let parse = |name: &str, text: &str| {
        Policy::parse(text, PolicyKind::Identity).map_err(|error| Damaged {
            record: format!("{name} of {arn}"),
            cause: error.to_string(),
        })
    };
    let policies = permissions
        .policies
        .iter()
        .map(|(name, text)| Ok((name.to_string(), parse(name.as_str(), text)?)))
        .collect::<Result<_, Damaged>>()?;
    let boundary = permissions.boundary.as_ref().map(|text| parse("the boundary", text));
    Ok((policies, boundary.transpose()?))
}

fn lower_case_keys(tags: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    tags.iter().map(|(key, value)| (key.to_lowercase(), value.clone())).collect()
}
