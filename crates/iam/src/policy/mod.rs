//! The IAM policy language: reading a policy, and what it says to a request.
//!
//! A policy is read once, which checks it and prepares it, and asked many times. It is judged
//! alone: how key policies, IAM policies and grants come together is the caller's matter, as are
//! the values of condition keys.
//!
//! AWS: IAM User Guide, "IAM JSON policy element reference"
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html> and "Policy
//! evaluation logic".

mod condition;
mod date;
mod decimal;
mod document;
mod element;
mod evaluate;
mod operand;
mod pattern;
mod principal;
mod variable;

use condition::Condition;
use pattern::Pattern;
use std::borrow::Cow;
use std::fmt;

/// Where a policy is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// To a user or role, or a session policy, a boundary: without Principal, with Action or
    /// NotAction and Resource or NotResource.
    Identity,
    /// To a resource, as a key policy is: with Principal or NotPrincipal. Without Action or
    /// Resource a statement has no effect.
    Resource,
    /// To a role, saying who may assume it: with Principal and Action, without Resource.
    Trust,
}

/// A policy, checked and ready for evaluation.
#[derive(Debug)]
pub struct Policy {
    statements: Vec<document::Statement>,
    /// Every condition key that is asked for, in lower case, sorted.
    condition_keys: Vec<String>,
}

/// May who asks do this?
#[derive(Clone, Copy)]
pub struct AccessRequest<'a> {
    /// Who asks.
    pub principal: &'a Principal<'a>,
    /// `service:Name`.
    pub action: &'a str,
    /// An ARN, or `*` for an action without a resource.
    pub resource: &'a str,
    /// What else is known of the request.
    pub conditions: &'a dyn ConditionKeys,
}

/// Who asks, as policies name it.
#[derive(Clone, Copy, Debug)]
pub struct Principal<'a> {
    /// The ARN of a user, of an account's root user, of the session of a role, or of a federated
    /// user. For a web identity any text that is no ARN.
    pub arn: &'a str,
    /// 12 digits; empty for services and web identities.
    pub account: &'a str,
    /// For the session of a role: the role's ARN.
    pub role_arn: Option<&'a str>,
    /// `AIDA…` or `AROA…`, of the user or the role.
    pub unique_id: Option<&'a str>,
    /// For a service: its name, such as `logs.amazonaws.com`.
    pub service: Option<&'a str>,
    /// For a web identity: the ARN or the name of its provider.
    pub federated: Option<&'a str>,
}

/// The condition keys of a request.
pub trait ConditionKeys {
    /// The value of a key; `None` if it is absent. The whole key is in lower case, also what
    /// stands behind a prefix, as `str::to_lowercase` makes it.
    fn get(&self, lower_case_key: &str) -> Option<Values<'_>>;
}

/// The value of a condition key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Values<'a> {
    One(Cow<'a, str>),
    /// Of a multi-valued key; may be empty.
    Many(Vec<Cow<'a, str>>),
}

/// What a policy says to a request: indexes of statements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The first Deny that applies. Then the other two are `None`.
    pub denied_by: Option<usize>,
    /// The first Allow that names the principal itself: its ARN, its role, its unique id, its
    /// service or provider, or `*`. In identity policies, the first Allow that applies.
    pub allowed_by: Option<usize>,
    /// The first Allow that names the principal's account: IAM policies of the account may allow.
    /// The root user is named by its account too.
    pub delegated_by: Option<usize>,
}

/// Whether a statement allows or denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Allow,
    Deny,
}

/// What one statement says to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementReport {
    /// From 0.
    pub index: usize,
    /// As [`Policy::statement_name`].
    pub name: String,
    pub effect: Effect,
    /// Why the statement does not apply; `None` if it does.
    pub mismatch: Option<Mismatch>,
}

/// The first element of a statement that does not match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// Principal or NotPrincipal.
    Principal,
    /// Action or NotAction; also if there is neither.
    Action,
    /// Resource or NotResource; also if there is neither.
    Resource,
    Condition {
        /// As written.
        operator: String,
        /// In lower case.
        key: String,
        /// What the request has for it; `None` if nothing.
        values: Option<Vec<String>>,
    },
}

/// What is wrong with a policy, and where. The parts of the policy in its `Display` are cut short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    place: String,
    fault: String,
    is_invalid_principal: bool,
}

impl Policy {
    /// Reads a policy whose accounts, where they are written as 12 digits, are of the partition
    /// `aws`.
    pub fn parse(text: &str, kind: PolicyKind) -> Result<Self, PolicyError> {
        Self::parse_in(text, kind, "aws")
    }

    /// Reads a policy whose accounts, where they are written as 12 digits, are of `partition`.
    /// At most 256 KiB.
    pub fn parse_in(text: &str, kind: PolicyKind, partition: &str) -> Result<Self, PolicyError> {
        let statements = document::parse(text, kind, partition)?;
        let mut condition_keys: Vec<String> = statements
            .iter()
            .flat_map(|statement| {
                let variables = statement.resources.patterns().iter().flat_map(Pattern::variables);
                statement.conditions.iter().flat_map(Condition::keys).chain(variables)
            })
            .map(str::to_owned)
            .collect();
        condition_keys.sort_unstable();
        condition_keys.dedup();
        Ok(Self { statements, condition_keys })
    }

    /// The Sid of a statement, or `statement 3` for the third one.
    pub fn statement_name(&self, index: usize) -> String {
        let sid = self.statements.get(index).and_then(|statement| statement.sid.clone());
        sid.unwrap_or_else(|| format!("statement {}", index.saturating_add(1)))
    }

    /// Whether the value of a condition key may matter, so that the caller must know it.
    pub fn uses_condition_key(&self, lower_case_key: &str) -> bool {
        self.condition_keys.binary_search_by(|key| key.as_str().cmp(lower_case_key)).is_ok()
    }

    /// The condition keys, in lower case, to which `ForAllValues` is applied: for a key with a
    /// single value that is more permissive than it looks.
    pub fn for_all_values_keys(&self) -> impl Iterator<Item = &str> {
        let conditions = self.statements.iter().flat_map(|statement| &statement.conditions);
        conditions.filter(|condition| condition.is_for_all_values()).map(Condition::key)
    }

    /// The AWS principals that are named, as ARNs, as often as they are; without `*` and unique
    /// ids.
    pub fn aws_principals(&self) -> impl Iterator<Item = &str> {
        let entries = self.statements.iter().flat_map(|statement| statement.principals.entries());
        entries.filter_map(|entry| entry.arn())
    }

    /// Ties the users, roles and sessions that are named to their unique ids, for sessions that of
    /// the role: from now on such a name means only a caller with this unique id, since one created
    /// later under the same name is not the same principal. A name for which `unique_id_of` has none goes on meaning the ARN.
    pub fn bind_principals(&mut self, mut unique_id_of: impl FnMut(&str) -> Option<String>) {
        for statement in &mut self.statements {
            for entry in statement.principals.entries_mut() {
                entry.bind(&mut unique_id_of);
            }
        }
    }
}

/// The text of a policy with other names for some AWS principals, those for which `name_of` has one.
/// Everything else stays byte for byte.
pub fn rename_principals(
    text: &str,
    name_of: impl Fn(&str) -> Option<String>,
) -> Result<String, PolicyError> {
    document::rename_principals(text, name_of)
}

impl PolicyError {
    /// Whether a principal is what is wrong: AWS has a text of its own for that.
    pub fn is_invalid_principal(&self) -> bool {
        self.is_invalid_principal
    }

    fn new(fault: impl Into<String>) -> Self {
        Self { place: String::new(), fault: fault.into(), is_invalid_principal: false }
    }

    fn invalid_principal(fault: impl Into<String>) -> Self {
        Self { is_invalid_principal: true, ..Self::new(fault) }
    }

    /// The same, seen from further outside.
    fn within(mut self, place: &str) -> Self {
        let place = shortened(place);
        self.place = if self.place.is_empty() { place } else { format!("{place}.{}", self.place) };
        self
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(formatter, "{}: ", self.place)?;
        }
        formatter.write_str(&self.fault)
    }
}

impl std::error::Error for PolicyError {}

impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Principal => formatter.write_str("Principal"),
            Self::Action => formatter.write_str("Action"),
            Self::Resource => formatter.write_str("Resource"),
            Self::Condition { operator, key, values: None } => {
                write!(formatter, "Condition {operator} {key}: absent")
            }
            Self::Condition { operator, key, values: Some(values) } => {
                write!(formatter, "Condition {operator} {key}: `{}`", values.join("`, `"))
            }
        }
    }
}

/// The version of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    /// Without policy variables.
    V2008,
    V2012,
}

/// A part of a policy as it stands in a message.
fn quoted(text: &str) -> String {
    format!("`{}`", shortened(text))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Longest part of a policy in a message.
const QUOTED_CHARACTERS_MAX: usize = 64;
