//! Policy variables: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, and the literals
//! `${*}`, `${?}` and `${$}`.
//!
//! AWS: IAM User Guide, "IAM policy elements: Variables and tags".

use super::{ConditionKeys, PolicyError, Values, quoted};
use std::borrow::Cow;

/// A condition key whose value of the moment stands in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    key: String,
    default: Option<String>,
}

/// What stands between `${` and `}`.
pub(super) enum Placeholder {
    /// One of the characters that would otherwise have a meaning.
    Literal(char),
    Variable(Variable),
}

impl Placeholder {
    /// Reads one from the beginning of `text`, which is behind `${`; and what follows its `}`.
    pub(super) fn parse(text: &str) -> Result<(Self, &str), PolicyError> {
        let fault = || PolicyError::new(format!("malformed policy variable {}", quoted(text)));
        for literal in ['*', '?', '$'] {
            let rest = text.strip_prefix(literal).and_then(|rest| rest.strip_prefix('}'));
            if let Some(rest) = rest {
                return Ok((Self::Literal(literal), rest));
            }
        }
        let end = text.find([',', '}']).ok_or_else(fault)?;
        let key = text[..end].trim();
        if key.is_empty() || key.contains(['$', '{', '*', '?', '\'']) {
            return Err(fault());
        }
        let key = key.to_lowercase();
        if let Some(rest) = text[end..].strip_prefix('}') {
            return Ok((Self::Variable(Variable { key, default: None }), rest));
        }
        let default = text[end + 1..].trim_start().strip_prefix('\'').ok_or_else(fault)?;
        let (default, rest) = default.split_once('\'').ok_or_else(fault)?;
        let rest = rest.trim_start().strip_prefix('}').ok_or_else(fault)?;
        Ok((Self::Variable(Variable { key, default: Some(default.to_owned()) }), rest))
    }
}

impl Variable {
    /// The condition key, in lower case.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The value of the moment. `None` if the request has none and there is no default, or if the
    /// key has many values, which no text can stand for.
    pub(super) fn value<'a>(&'a self, keys: &'a dyn ConditionKeys) -> Option<Cow<'a, str>> {
        match keys.get(&self.key) {
            Some(Values::One(value)) => Some(value),
            Some(Values::Many(_)) => None,
            None => self.default.as_deref().map(Cow::Borrowed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(text: &str) -> Option<(String, Option<String>, &str)> {
        match Placeholder::parse(text).ok()? {
            (Placeholder::Variable(Variable { key, default }), rest) => Some((key, default, rest)),
            (Placeholder::Literal(literal), rest) => Some((literal.to_string(), None, rest)),
        }
    }

    #[test]
    fn placeholders_are_read() {
        let plain = |key: &str, rest| Some((key.to_owned(), None, rest));
        assert_eq!(variable("aws:Username}/x"), plain("aws:username", "/x"));
        assert_eq!(
            variable("aws:PrincipalTag/Cost Center}"),
            plain("aws:principaltag/cost center", "")
        );
        assert_eq!(variable("*}*"), plain("*", "*"));
        assert_eq!(variable("?}"), plain("?", ""));
        assert_eq!(variable("$}{a}"), plain("$", "{a}"));
        let with = |default: &str, rest| Some(("a:b".to_owned(), Some(default.to_owned()), rest));
        assert_eq!(variable("a:b, 'c d'}e"), with("c d", "e"));
        assert_eq!(variable("a:b,''}"), with("", ""));
        assert_eq!(variable("a:b , '}' }"), with("}", ""));
        for malformed in ["", "}", "a:b", " }", "**}", "$", "a:b,}", "a:b, c}", "a:b, 'c}", "a${b}"]
        {
            assert_eq!(variable(malformed), None, "{malformed}");
        }
    }
}
