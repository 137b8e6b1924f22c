//! The values of a condition, read once as what their operator compares.

use super::decimal::Decimal;
use super::pattern::{Case, Pattern, Token, Wildcards, fits};
use super::{ConditionKeys, PolicyError, Version, date, quoted};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ipnet::IpNet;
use jiff::Timestamp;
use std::cmp::Ordering;
use std::net::IpAddr;

/// What an operator compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Text,
    TextIgnoringCase,
    TextPattern,
    Number(Relation),
    Date(Relation),
    Bool,
    Binary,
    IpAddress,
    Arn,
    Absence,
}

/// How the request's value must stand to the policy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The policy's values.
#[derive(Debug)]
pub(super) enum Operands {
    Texts(Vec<Pattern>, Case),
    Numbers(Vec<Decimal<'static>>, Relation),
    Dates(Vec<Timestamp>, Relation),
    Bools(Vec<bool>),
    Binaries(Vec<Vec<u8>>),
    Networks(Vec<IpNet>),
    Arns(Vec<ArnPattern>),
    /// `Null`: whether the key is to be absent.
    Absence(Vec<bool>),
}

/// An ARN with wildcards, whose parts are compared one by one.
#[derive(Debug)]
pub(super) struct ArnPattern {
    pattern: Pattern,
    /// Taken apart already, unless there are variables in it.
    parts: Option<ArnParts>,
}

type ArnParts = [Vec<Token>; 6];

impl Operands {
    pub(super) fn parse(
        family: Family,
        values: &[String],
        version: Version,
    ) -> Result<Self, PolicyError> {
        let texts = |wildcards, case| {
            let patterns = values.iter().map(|value| Pattern::parse(value, wildcards, version));
            Ok(Self::Texts(patterns.collect::<Result<_, _>>()?, case))
        };
        match family {
            Family::Text => texts(Wildcards::Literal, Case::Sensitive),
            Family::TextIgnoringCase => texts(Wildcards::Literal, Case::Insensitive),
            Family::TextPattern => texts(Wildcards::Special, Case::Sensitive),
            Family::Number(relation) => {
                let number = |text| Decimal::parse(text).map(Decimal::into_owned);
                Ok(Self::Numbers(all(values, "number", number)?, relation))
            }
            Family::Date(relation) => Ok(Self::Dates(all(values, "date", date::parse)?, relation)),
            Family::Bool => Ok(Self::Bools(all(values, "boolean", boolean)?)),
            Family::Binary => Ok(Self::Binaries(all(values, "base64", binary)?)),
            Family::IpAddress => Ok(Self::Networks(all(values, "IP address range", network)?)),
            Family::Arn => {
                let arns = values.iter().map(|value| ArnPattern::parse(value, version));
                Ok(Self::Arns(arns.collect::<Result<_, _>>()?))
            }
            Family::Absence => Ok(Self::Absence(all(values, "boolean", boolean)?)),
        }
    }

    /// The condition keys that stand in the values as variables, in lower case.
    pub(super) fn variables(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        match self {
            Self::Texts(patterns, _) => Box::new(patterns.iter().flat_map(Pattern::variables)),
            Self::Arns(arns) => Box::new(arns.iter().flat_map(|arn| arn.pattern.variables())),
            _ => Box::new(std::iter::empty()),
        }
    }

    /// Whether a value of the request fits one of these. A value that is not of the operator's
    /// type fits none.
    pub(super) fn include(&self, value: &str, keys: &dyn ConditionKeys) -> bool {
        match self {
            Self::Texts(patterns, case) => {
                patterns.iter().any(|pattern| pattern.matches(value, *case, keys))
            }
            Self::Numbers(numbers, relation) => Decimal::parse(value).is_some_and(|value| {
                numbers.iter().any(|number| relation.holds(value.compare(number)))
            }),
            Self::Dates(dates, relation) => date::parse(value)
                .is_some_and(|value| dates.iter().any(|date| relation.holds(value.cmp(date)))),
            Self::Bools(booleans) => boolean(value).is_some_and(|value| booleans.contains(&value)),
            Self::Binaries(binaries) => {
                binary(value).is_some_and(|value| binaries.contains(&value))
            }
            Self::Networks(networks) => value.parse::<IpAddr>().is_ok_and(|address| {
                let address = address.to_canonical();
                networks.iter().any(|network| network.contains(&address))
            }),
            Self::Arns(arns) => arns.iter().any(|arn| arn.matches(value, keys)),
            Self::Absence(_) => false,
        }
    }
}

impl Relation {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

impl ArnPattern {
    fn parse(text: &str, version: Version) -> Result<Self, PolicyError> {
        let pattern = Pattern::parse(text, Wildcards::Special, version)?;
        let has_variables = pattern.variables().next().is_some();
        let parts = pattern.tokens(&NoKeys).and_then(|tokens| arn_parts(&tokens));
        if parts.is_none() && !has_variables && !pattern.is_anything() {
            return Err(PolicyError::new(format!("{} is no ARN", quoted(text))));
        }
        Ok(Self { pattern, parts: parts.filter(|_| !has_variables) })
    }

    fn matches(&self, arn: &str, keys: &dyn ConditionKeys) -> bool {
        if let Some(parts) = &self.parts {
            return arn_fits(parts, arn);
        }
        self.pattern.is_anything()
            || self
                .pattern
                .tokens(keys)
                .and_then(|tokens| arn_parts(&tokens))
                .is_some_and(|parts| arn_fits(&parts, arn))
    }
}

/// Cuts tokens at the first five colons.
fn arn_parts(tokens: &[Token]) -> Option<ArnParts> {
    let mut parts = ArnParts::default();
    let mut part = 0;
    for token in tokens {
        let Token::Text(text) = token else {
            parts[part].push(token.clone());
            continue;
        };
        let mut rest = &**text;
        while part < 5
            && let Some((before, after)) = rest.split_once(':')
        {
            if !before.is_empty() {
                parts[part].push(Token::Text(before.into()));
            }
            part += 1;
            rest = after;
        }
        if !rest.is_empty() {
            parts[part].push(Token::Text(rest.into()));
        }
    }
    (part == 5).then_some(parts)
}

fn arn_fits(parts: &ArnParts, arn: &str) -> bool {
    let mut texts = arn.splitn(6, ':');
    parts.iter().all(|part| texts.next().is_some_and(|text| fits(part, text, Case::Sensitive)))
}

/// A request without condition keys.
struct NoKeys;

impl ConditionKeys for NoKeys {
    fn get(&self, _lower_case_key: &str) -> Option<super::Values<'_>> {
        None
    }
}

/// Every value of a condition as what it must be.
fn all<'a, T>(
    values: &'a [String],
    what: &str,
    parse: impl Fn(&'a str) -> Option<T>,
) -> Result<Vec<T>, PolicyError> {
    let parse_one = |value: &'a String| {
        parse(value).ok_or_else(|| PolicyError::new(format!("{} is no {what}", quoted(value))))
    };
    values.iter().map(parse_one).collect()
}

fn boolean(text: &str) -> Option<bool> {
    // AWS: does not say whether case counts. Tools write `True`.
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

fn binary(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

/// A CIDR block, or a single address.
fn network(text: &str) -> Option<IpNet> {
    match text.parse::<IpAddr>() {
        Ok(address) => Some(IpNet::from(address)),
        Err(_) => text.parse().ok(),
    }
}
