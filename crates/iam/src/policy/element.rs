//! The elements `Action` and `Resource`, and their opposites.
//!
//! AWS: IAM User Guide, "IAM JSON policy elements: Action", "… NotAction", "… Resource",
//! "… NotResource".

use super::pattern::{Case, Pattern, Wildcards};
use super::{ConditionKeys, PolicyError, Version, quoted};

/// The actions or resources of a statement.
#[derive(Debug)]
pub(super) enum Element {
    /// Neither is there: the statement has no effect.
    Missing,
    /// `Action`, `Resource`.
    Only(Vec<Pattern>),
    /// `NotAction`, `NotResource`.
    AllBut(Vec<Pattern>),
    /// There is no such element in policies of this kind.
    Implied,
}

impl Element {
    pub(super) fn matches(&self, text: &str, case: Case, keys: &dyn ConditionKeys) -> bool {
        let matches = |pattern: &Pattern| pattern.matches(text, case, keys);
        match self {
            Self::Missing => false,
            Self::Only(patterns) => patterns.iter().any(matches),
            Self::AllBut(patterns) => !patterns.iter().any(matches),
            Self::Implied => true,
        }
    }

    pub(super) fn patterns(&self) -> &[Pattern] {
        match self {
            Self::Missing | Self::Implied => &[],
            Self::Only(patterns) | Self::AllBut(patterns) => patterns,
        }
    }
}

/// Reads an action: `*`, or `service:Name` with wildcards. There are no variables in it.
pub(super) fn parse_action(text: &str) -> Result<Pattern, PolicyError> {
    let is_part = |part: &str| {
        let is_ok = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.*?".contains(&byte);
        !part.is_empty() && part.bytes().all(is_ok)
    };
    let is_action = text.bytes().all(|byte| byte == b'*')
        || text.split_once(':').is_some_and(|(service, name)| is_part(service) && is_part(name));
    if text.is_empty() || !is_action {
        return Err(PolicyError::new(format!("{} is no action", quoted(text))));
    }
    Pattern::parse(text, Wildcards::Special, Version::V2008)
}

/// Reads a resource: `*`, or an ARN with wildcards, and with variables behind its fifth colon.
///
/// A `*` goes on over colons. AWS: at the end of a part of the ARN it "can expand to match beyond
/// the colon boundaries", so that an ARN may also end early, in a `*`.
pub(super) fn parse_resource(text: &str, version: Version) -> Result<Pattern, PolicyError> {
    let pattern = Pattern::parse(text, Wildcards::Special, version)?;
    let is_resource = pattern.is_anything() || text.starts_with("arn:");
    if !is_resource {
        return Err(PolicyError::new(format!("{} is neither an ARN nor `*`", quoted(text))));
    }
    let before_variables = text.split("${").next().unwrap_or(text);
    let has_early_variable =
        pattern.variables().next().is_some() && before_variables.matches(':').count() < 5;
    if has_early_variable {
        return Err(PolicyError::new(format!(
            "a variable before the fifth colon of {}",
            quoted(text)
        )));
    }
    Ok(pattern)
}
