//! The `Principal` and `NotPrincipal` elements, and who is meant by them.
//!
//! AWS: IAM User Guide, "AWS JSON policy elements: Principal" and "… NotPrincipal".

use super::{PolicyError, Principal, quoted};
use crate::arn::Arn;

/// Whom a statement is about.
#[derive(Debug)]
pub(super) enum Principals {
    /// The statement is in an identity policy: about whoever has the policy.
    Implied,
    Named(Vec<Entry>),
    AllBut(Vec<Entry>),
}

/// How a statement names a principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Naming {
    /// Itself, its role, its unique id, its kind (`*`).
    pub(super) direct: bool,
    /// Its account.
    pub(super) account: bool,
}

/// One principal of a list.
#[derive(Debug)]
pub(super) enum Entry {
    Anyone,
    /// An account, as the ARN of its root user.
    Account {
        root_arn: String,
    },
    /// A user or a role.
    Arn {
        arn: String,
        bound_to: Option<String>,
    },
    /// A session of a role, or a federated user. Bound to the unique id of the role.
    Session {
        arn: String,
        bound_to: Option<String>,
    },
    /// `AIDA…`, `AROA…`: what is left of a user or role that was deleted.
    UniqueId(String),
    Service(String),
    Federated(String),
    /// Known to S3 alone: nobody here.
    CanonicalUser,
}

impl Principals {
    pub(super) fn entries(&self) -> &[Entry] {
        match self {
            Self::Implied => &[],
            Self::Named(entries) | Self::AllBut(entries) => entries,
        }
    }

    pub(super) fn entries_mut(&mut self) -> &mut [Entry] {
        match self {
            Self::Implied => &mut [],
            Self::Named(entries) | Self::AllBut(entries) => entries,
        }
    }

    /// How the statement names `principal`; `None` if it is not about it.
    pub(super) fn name(&self, principal: &Principal<'_>) -> Option<Naming> {
        match self {
            Self::Implied => Some(Naming { direct: true, account: false }),
            Self::Named(entries) => {
                let naming = Naming {
                    direct: entries.iter().any(|entry| entry.names(principal)),
                    account: entries.iter().any(|entry| entry.names_account_of(principal)),
                };
                (naming.direct || naming.account).then_some(naming)
            }
            Self::AllBut(entries) => {
                (!is_exempt(entries, principal)).then_some(Naming { direct: true, account: false })
            }
        }
    }
}

impl Entry {
    /// Reads a principal of the kind `kind`: `AWS`, `Service`, `Federated` or `CanonicalUser`.
    /// An account of 12 digits is one of `partition`.
    pub(super) fn parse(kind: &str, text: &str, partition: &str) -> Result<Self, PolicyError> {
        let fault = || PolicyError::invalid_principal(format!("{} is no principal", quoted(text)));
        let is_text = |text: &str| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && !b"*?".contains(&b))
        };
        match kind {
            "AWS" if text == "*" => Ok(Self::Anyone),
            "AWS" if is_account(text) => {
                Ok(Self::Account { root_arn: format!("arn:{partition}:iam::{text}:root") })
            }
            "AWS" if is_unique_id(text) => Ok(Self::UniqueId(text.to_owned())),
            _ if !is_text(text) => Err(fault()),
            "AWS" => Self::parse_arn(text).ok_or_else(fault),
            "Service" => Ok(Self::Service(text.to_owned())),
            "Federated" => Ok(Self::Federated(text.to_owned())),
            "CanonicalUser" => Ok(Self::CanonicalUser),
            _ => Err(PolicyError::new(format!("unknown kind of principal {}", quoted(kind)))),
        }
    }

    fn parse_arn(text: &str) -> Option<Self> {
        let arn = Arn::parse(text)?;
        let is_principal = PARTITIONS.contains(&arn.partition)
            && arn.region.is_empty()
            && is_account(arn.account)
            && match arn.service {
                "iam" => arn.resource == "root" || is_user_or_role(arn.resource),
                "sts" => is_session(arn.resource),
                _ => false,
            };
        let text = text.to_owned();
        is_principal.then_some(match (arn.service, arn.resource) {
            ("sts", _) => Self::Session { arn: text, bound_to: None },
            (_, "root") => Self::Account { root_arn: text },
            _ => Self::Arn { arn: text, bound_to: None },
        })
    }

    /// The ARN of an AWS principal.
    pub(super) fn arn(&self) -> Option<&str> {
        match self {
            Self::Account { root_arn: arn } | Self::Arn { arn, .. } | Self::Session { arn, .. } => {
                Some(arn)
            }
            Self::Anyone
            | Self::UniqueId(_)
            | Self::Service(_)
            | Self::Federated(_)
            | Self::CanonicalUser => None,
        }
    }

    /// Ties a user, a role or a session to its unique id.
    pub(super) fn bind(&mut self, mut unique_id_of: impl FnMut(&str) -> Option<String>) {
        if let Self::Arn { arn, bound_to } | Self::Session { arn, bound_to } = self {
            *bound_to = unique_id_of(arn);
        }
    }

    fn names(&self, principal: &Principal<'_>) -> bool {
        self.names_session_or_user(principal) || self.names_role_of(principal)
    }

    /// Whether the one who asks is named, beyond doubt and not by the role alone.
    fn names_session_or_user(&self, principal: &Principal<'_>) -> bool {
        match self {
            Self::Anyone => true,
            Self::Account { root_arn } => root_arn == principal.arn,
            Self::Arn { arn, bound_to: None } => arn == principal.arn,
            Self::Arn { bound_to: Some(id), .. } | Self::UniqueId(id) => {
                principal.role_arn.is_none() && principal.unique_id == Some(id)
            }
            Self::Session { arn, bound_to } => {
                let is_same = |id: &String| principal.unique_id == Some(id);
                arn == principal.arn && bound_to.as_ref().is_none_or(is_same)
            }
            Self::Service(service) => principal.service == Some(service),
            Self::Federated(provider) => principal.federated == Some(provider),
            Self::CanonicalUser => false,
        }
    }

    fn names_role_of(&self, principal: &Principal<'_>) -> bool {
        let Some(role_arn) = principal.role_arn else { return false };
        match self {
            Self::Arn { arn, bound_to: None } => arn == role_arn,
            Self::Arn { bound_to: Some(id), .. } | Self::UniqueId(id) => {
                principal.unique_id == Some(id)
            }
            Self::Anyone
            | Self::Account { .. }
            | Self::Session { .. }
            | Self::Service(_)
            | Self::Federated(_)
            | Self::CanonicalUser => false,
        }
    }

    /// Whether the account is named, of the partition of `principal`.
    fn names_account_of(&self, principal: &Principal<'_>) -> bool {
        let Self::Account { root_arn } = self else { return false };
        if root_arn == principal.arn {
            return true;
        }
        match (Arn::parse(root_arn), Arn::parse(principal.arn)) {
            (Some(root), Some(arn)) => {
                root.account == principal.account && root.partition == arn.partition
            }
            _ => false,
        }
    }
}

/// Whether `NotPrincipal` leaves `principal` out. AWS looks first for the account, then for the
/// role, then for the session or the user, and each must be listed; the root user is its account.
///
/// Strict where AWS says "might": an exemption that is too narrow denies, and denying is safe.
fn is_exempt(entries: &[Entry], principal: &Principal<'_>) -> bool {
    let lists = |names: fn(&Entry, &Principal<'_>) -> bool| {
        entries.iter().any(|entry| names(entry, principal))
    };
    let is_listed = lists(Entry::names_session_or_user);
    if entries.iter().any(|entry| matches!(entry, Entry::Anyone)) {
        return true;
    }
    if principal.service.is_some() || principal.federated.is_some() {
        return is_listed;
    }
    let role_is_listed = principal.role_arn.is_none() || lists(Entry::names_role_of);
    is_listed && role_is_listed && lists(Entry::names_account_of)
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// AWS: IAM User Guide, "IAM identifiers", "Understanding unique ID prefixes".
fn is_unique_id(text: &str) -> bool {
    (text.starts_with("AIDA") || text.starts_with("AROA"))
        && (16..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// `user/NAME` or `role/NAME`, with a path before the name or without.
fn is_user_or_role(resource: &str) -> bool {
    let name = resource.strip_prefix("user/").or_else(|| resource.strip_prefix("role/"));
    name.is_some_and(|name| name.split('/').all(|part| !part.is_empty()))
}

/// `assumed-role/ROLE/SESSION` or `federated-user/NAME`.
fn is_session(resource: &str) -> bool {
    let parts: Vec<&str> = resource.splitn(4, '/').collect();
    match *parts {
        ["assumed-role", role, session] => !role.is_empty() && !session.is_empty(),
        ["federated-user", name] => !name.is_empty(),
        _ => false,
    }
}

/// AWS: General Reference, "Amazon Resource Names".
const PARTITIONS: [&str; 8] =
    ["aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"];
