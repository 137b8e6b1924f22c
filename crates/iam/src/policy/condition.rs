//! The `Condition` element: operators, set operators, and when a condition holds.
//!
//! AWS: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for
//! multivalued context keys".

use super::operand::{Family, Operands, Relation};
use super::{ConditionKeys, PolicyError, Values, Version, quoted};

/// One condition key under one operator.
#[derive(Debug)]
pub(super) struct Condition {
    operator: Operator,
    /// As written.
    operator_name: String,
    /// In lower case.
    key: String,
    operands: Operands,
}

/// An operator, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Operator {
    set: Set,
    family: Family,
    /// `…Not…`: holds when no value of the policy fits.
    is_negated: bool,
    /// `…IfExists`: holds when the key is absent.
    if_exists: bool,
}

/// How many of the request's values must fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Set {
    /// No set operator: the key has one value.
    // AWS: does not say what comes of a key with many. As with ForAnyValue, one that fits is
    // enough; none may fit a negated operator.
    Single,
    All,
    Any,
}

impl Condition {
    /// Reads one; `key` in any case.
    pub(super) fn parse(
        operator_name: &str,
        key: &str,
        values: &[String],
        version: Version,
    ) -> Result<Self, PolicyError> {
        let operator = Operator::parse(operator_name).ok_or_else(|| {
            PolicyError::new(format!("unknown operator {}", quoted(operator_name)))
        })?;
        // The keys of web identities begin with their provider: `host/path:sub`.
        let is_key = key.len() <= KEY_BYTES_MAX
            && key.split_once(':').is_some_and(|(service, name)| {
                let is_graphic = service.bytes().all(|byte| byte.is_ascii_graphic());
                is_graphic && !service.is_empty() && !name.is_empty()
            });
        if !is_key {
            return Err(PolicyError::new(format!("{} is no condition key", quoted(key))));
        }
        if values.is_empty() {
            return Err(PolicyError::new(format!("{} has no values", quoted(key))));
        }
        Ok(Self {
            operator,
            operator_name: operator_name.to_owned(),
            key: key.to_lowercase(),
            operands: Operands::parse(operator.family, values, version)?,
        })
    }

    /// As written.
    pub(super) fn operator_name(&self) -> &str {
        &self.operator_name
    }

    /// In lower case.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn is_for_all_values(&self) -> bool {
        self.operator.set == Set::All
    }

    /// Every condition key that is asked for, in lower case: the key itself, and policy variables.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&*self.key).chain(self.operands.variables())
    }

    pub(super) fn holds(&self, keys: &dyn ConditionKeys) -> bool {
        let values = keys.get(&self.key);
        if let Operands::Absence(expected) = &self.operands {
            return expected.contains(&values.as_ref().is_none_or(is_null));
        }
        let Some(values) = values.filter(|values| !is_empty(values)) else {
            return match self.operator.set {
                _ if self.operator.if_exists => true,
                Set::Single => self.operator.is_negated,
                Set::All => true,
                Set::Any => false,
            };
        };
        let fits = |value: &str| self.operands.include(value, keys) != self.operator.is_negated;
        match (self.operator.set, &values) {
            // AWS: the value of a key may resolve to a null data set, such as an empty string.
            (Set::All, Values::One(value)) => value.is_empty() || fits(value),
            (Set::Single | Set::Any, Values::One(value)) => fits(value),
            (Set::All, Values::Many(values)) => values.iter().all(|value| fits(value)),
            (Set::Any, Values::Many(values)) => values.iter().any(|value| fits(value)),
            (Set::Single, Values::Many(values)) => {
                let include = |value| self.operands.include(value, keys);
                values.iter().any(|value| include(value)) != self.operator.is_negated
            }
        }
    }
}

impl Operator {
    fn parse(name: &str) -> Option<Self> {
        let (set, name) = match name.split_once(':') {
            None => (Set::Single, name),
            Some(("ForAllValues", name)) => (Set::All, name),
            Some(("ForAnyValue", name)) => (Set::Any, name),
            Some(_) => return None,
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (_, family, is_negated) = OPERATORS.iter().find(|(known, ..)| *known == name)?;
        if *family == Family::Absence && (if_exists || set != Set::Single) {
            return None;
        }
        Some(Self { set, family: *family, is_negated: *is_negated, if_exists })
    }
}

/// Whether the key is there but has no values.
fn is_empty(values: &Values<'_>) -> bool {
    matches!(values, Values::Many(values) if values.is_empty())
}

/// Whether `Null` takes the key for absent.
fn is_null(values: &Values<'_>) -> bool {
    match values {
        Values::One(value) => value.is_empty(),
        Values::Many(values) => values.is_empty(),
    }
}

/// Longest condition key: a prefix and the longest tag key or encryption context key.
const KEY_BYTES_MAX: usize = 8_192;
/// Every operator, without its prefix and suffix: what it compares, and whether it is negated.
const OPERATORS: &[(&str, Family, bool)] = &[
    ("StringEquals", Family::Text, false),
    ("StringNotEquals", Family::Text, true),
    ("StringEqualsIgnoreCase", Family::TextIgnoringCase, false),
    ("StringNotEqualsIgnoreCase", Family::TextIgnoringCase, true),
    ("StringLike", Family::TextPattern, false),
    ("StringNotLike", Family::TextPattern, true),
    ("NumericEquals", Family::Number(Relation::Equal), false),
    ("NumericNotEquals", Family::Number(Relation::Equal), true),
    ("NumericLessThan", Family::Number(Relation::Less), false),
    ("NumericLessThanEquals", Family::Number(Relation::LessOrEqual), false),
    ("NumericGreaterThan", Family::Number(Relation::Greater), false),
    ("NumericGreaterThanEquals", Family::Number(Relation::GreaterOrEqual), false),
    ("DateEquals", Family::Date(Relation::Equal), false),
    ("DateNotEquals", Family::Date(Relation::Equal), true),
    ("DateLessThan", Family::Date(Relation::Less), false),
    ("DateLessThanEquals", Family::Date(Relation::LessOrEqual), false),
    ("DateGreaterThan", Family::Date(Relation::Greater), false),
    ("DateGreaterThanEquals", Family::Date(Relation::GreaterOrEqual), false),
    ("Bool", Family::Bool, false),
    ("BinaryEquals", Family::Binary, false),
    ("IpAddress", Family::IpAddress, false),
    ("NotIpAddress", Family::IpAddress, true),
    ("ArnEquals", Family::Arn, false),
    ("ArnNotEquals", Family::Arn, true),
    ("ArnLike", Family::Arn, false),
    ("ArnNotLike", Family::Arn, true),
    ("Null", Family::Absence, false),
];
