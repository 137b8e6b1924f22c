//! Reading a policy document. What is not known is refused: unknown elements and operators,
//! elements that occur twice, values of the wrong kind.
//!
//! AWS: IAM User Guide, "Grammar of the IAM JSON policy language".

use super::condition::Condition;
use super::element::{Element, parse_action, parse_resource};
use super::principal::{Entry, Principals};
use super::{Effect, PolicyError, PolicyKind, Version, quoted};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::fmt;

/// A statement, ready for evaluation.
#[derive(Debug)]
pub(super) struct Statement {
    /// Not empty.
    pub(super) sid: Option<String>,
    pub(super) effect: Effect,
    pub(super) principals: Principals,
    pub(super) actions: Element,
    pub(super) resources: Element,
    pub(super) conditions: Vec<Condition>,
}

/// Reads the document `text`.
pub(super) fn parse(
    text: &str,
    kind: PolicyKind,
    partition: &str,
) -> Result<Vec<Statement>, PolicyError> {
    if text.len() > POLICY_BYTES_MAX {
        return Err(PolicyError::new(format!("longer than {POLICY_BYTES_MAX} bytes")));
    }
    let is_permitted = |c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}');
    if kind != PolicyKind::Identity && !text.chars().all(is_permitted) {
        return Err(PolicyError::new("a character beyond U+00FF or a control character"));
    }
    let document: &RawValue = serde_json::from_str(text)
        .map_err(|error| PolicyError::new(format!("not valid JSON: {error}")))?;
    let mut version = Version::V2008;
    let mut statement = None;
    for (name, value) in members(document)? {
        match name.as_str() {
            "Version" => version = parse_version(value).map_err(|e| e.within("Version"))?,
            "Id" => drop(text_of(value).map_err(|error| error.within("Id"))?),
            "Statement" => statement = Some(value),
            _ => return Err(PolicyError::new(format!("unknown element {}", quoted(&name)))),
        }
    }
    let statement = statement.ok_or_else(|| PolicyError::new("no Statement"))?;
    let context = Context { kind, partition, version };
    let statements = context.statements(statement)?;
    let mut sids = BTreeSet::new();
    for sid in statements.iter().filter_map(|statement| statement.sid.as_deref()) {
        if kind == PolicyKind::Identity && !sids.insert(sid) {
            return Err(PolicyError::new(format!("Sid {} occurs twice", quoted(sid))));
        }
    }
    Ok(statements)
}

/// See [`super::rename_principals`].
pub(super) fn rename_principals(
    text: &str,
    name_of: impl Fn(&str) -> Option<String>,
) -> Result<String, PolicyError> {
    let document: &RawValue = serde_json::from_str(text)
        .map_err(|error| PolicyError::new(format!("not valid JSON: {error}")))?;
    let mut renamed = String::with_capacity(text.len());
    let mut rest = text;
    for written in aws_principals(document)? {
        let Some(name) = name_of(&text_of(written)?) else { continue };
        // A raw value is a part of the text that it was read from.
        let end = text.len() - rest.len();
        let start = written.get().as_ptr().addr() - text.as_ptr().addr();
        let (before, from) = rest.split_at(start - end);
        renamed.push_str(before);
        renamed.push_str(&serde_json::Value::from(name).to_string());
        rest = &from[written.get().len()..];
    }
    renamed.push_str(rest);
    Ok(renamed)
}

/// The AWS principals of all statements, as they are written, in their order.
fn aws_principals(document: &RawValue) -> Result<Vec<&RawValue>, PolicyError> {
    let mut found = Vec::new();
    for (_, statements) in named(document, &["Statement"])? {
        for statement in one_or_more(statements)? {
            for (_, principals) in named(statement, &["Principal", "NotPrincipal"])? {
                if kind_of(principals) == JsonKind::Object {
                    for (_, names) in named(principals, &["AWS"])? {
                        found.extend(one_or_more(names)?);
                    }
                }
            }
        }
    }
    Ok(found)
}

/// The members of an object that have one of these names.
fn named<'a>(
    value: &'a RawValue,
    names: &[&str],
) -> Result<Vec<(String, &'a RawValue)>, PolicyError> {
    let members = members(value)?;
    Ok(members.into_iter().filter(|(name, _)| names.contains(&name.as_str())).collect())
}

/// A value, or those of a list.
fn one_or_more(value: &RawValue) -> Result<Vec<&RawValue>, PolicyError> {
    if kind_of(value) == JsonKind::List { list(value) } else { Ok(vec![value]) }
}

/// What is the same for every statement of a document.
#[derive(Clone, Copy)]
struct Context<'a> {
    kind: PolicyKind,
    partition: &'a str,
    version: Version,
}

/// The elements of a statement, unread.
#[derive(Default)]
struct Elements<'a> {
    sid: Option<&'a RawValue>,
    effect: Option<&'a RawValue>,
    principal: Option<&'a RawValue>,
    not_principal: Option<&'a RawValue>,
    action: Option<&'a RawValue>,
    not_action: Option<&'a RawValue>,
    resource: Option<&'a RawValue>,
    not_resource: Option<&'a RawValue>,
    condition: Option<&'a RawValue>,
}

impl Context<'_> {
    fn statements(self, value: &RawValue) -> Result<Vec<Statement>, PolicyError> {
        if kind_of(value) == JsonKind::Object {
            return Ok(vec![self.statement(value).map_err(|error| error.within("Statement"))?]);
        }
        let values = list(value).map_err(|error| error.within("Statement"))?;
        if values.is_empty() {
            return Err(PolicyError::new("empty").within("Statement"));
        }
        if values.len() > STATEMENTS_MAX {
            return Err(PolicyError::new(format!("more than {STATEMENTS_MAX}")).within("Statement"));
        }
        let statement = |(index, value): (usize, &&RawValue)| {
            self.statement(value).map_err(|error| error.within(&format!("Statement[{index}]")))
        };
        values.iter().enumerate().map(statement).collect()
    }

    fn statement(self, value: &RawValue) -> Result<Statement, PolicyError> {
        let elements = Elements::parse(value)?;
        Ok(Statement {
            sid: elements.sid.map(|sid| self.sid(sid)).transpose()?.filter(|sid| !sid.is_empty()),
            effect: parse_effect(elements.effect).map_err(|error| error.within("Effect"))?,
            principals: self.principals(&elements)?,
            actions: self.actions(&elements)?,
            resources: self.resources(&elements)?,
            conditions: match elements.condition {
                Some(condition) => {
                    self.conditions(condition).map_err(|error| error.within("Condition"))?
                }
                None => Vec::new(),
            },
        })
    }

    fn sid(self, value: &RawValue) -> Result<String, PolicyError> {
        let sid = text_of(value).map_err(|error| error.within("Sid"))?;
        if self.kind == PolicyKind::Identity && !sid.bytes().all(|b| b.is_ascii_alphanumeric()) {
            let fault = format!("{} has other characters than letters and digits", quoted(&sid));
            return Err(PolicyError::new(fault).within("Sid"));
        }
        Ok(sid)
    }

    fn principals(self, elements: &Elements<'_>) -> Result<Principals, PolicyError> {
        let element = elements.one_of("Principal", "NotPrincipal")?;
        let Some((name, value)) = element else {
            return match self.kind {
                PolicyKind::Identity => Ok(Principals::Implied),
                PolicyKind::Resource | PolicyKind::Trust => Err(PolicyError::new("no Principal")),
            };
        };
        if self.kind == PolicyKind::Identity {
            return Err(PolicyError::new(format!("{name} in an identity policy")));
        }
        if name == "Principal" {
            let entries = self.entries(value).map_err(|error| error.within(name))?;
            return Ok(Principals::Named(entries));
        }
        // AWS: NotPrincipal must be used with Deny, and not in role trust policies.
        let is_deny = parse_effect(elements.effect).is_ok_and(|effect| effect == Effect::Deny);
        if self.kind == PolicyKind::Trust || !is_deny {
            return Err(PolicyError::new("NotPrincipal goes with Deny in resource policies only"));
        }
        Ok(Principals::AllBut(self.entries(value).map_err(|error| error.within(name))?))
    }

    fn entries(self, value: &RawValue) -> Result<Vec<Entry>, PolicyError> {
        if kind_of(value) == JsonKind::Text {
            return match text_of(value)?.as_str() {
                "*" => Ok(vec![Entry::Anyone]),
                other => Err(PolicyError::invalid_principal(format!(
                    "{} is neither `*` nor an object",
                    quoted(other)
                ))),
            };
        }
        let mut entries = Vec::new();
        for (kind, names) in members(value)? {
            for name in texts(names).map_err(|error| error.within(&kind))? {
                let entry = Entry::parse(&kind, &name, self.partition);
                entries.push(entry.map_err(|error| error.within(&kind))?);
            }
        }
        if entries.is_empty() {
            return Err(PolicyError::new("empty"));
        }
        Ok(entries)
    }

    fn actions(self, elements: &Elements<'_>) -> Result<Element, PolicyError> {
        let Some((name, value)) = elements.one_of("Action", "NotAction")? else {
            return self.missing("Action");
        };
        let parse =
            || texts(value)?.iter().map(|text| parse_action(text)).collect::<Result<Vec<_>, _>>();
        let patterns = parse().map_err(|error| error.within(name))?;
        match (name, patterns.is_empty()) {
            ("Action", false) => Ok(Element::Only(patterns)),
            ("Action", true) => self.missing(name),
            (_, false) => Ok(Element::AllBut(patterns)),
            (_, true) => Err(PolicyError::new("empty").within(name)),
        }
    }

    fn resources(self, elements: &Elements<'_>) -> Result<Element, PolicyError> {
        let Some((name, value)) = elements.one_of("Resource", "NotResource")? else {
            return match self.kind {
                PolicyKind::Trust => Ok(Element::Implied),
                PolicyKind::Identity | PolicyKind::Resource => self.missing("Resource"),
            };
        };
        if self.kind == PolicyKind::Trust {
            return Err(PolicyError::new(format!("{name} in a role trust policy")));
        }
        let version = self.version;
        let parse = || {
            let patterns = texts(value)?.into_iter().map(|text| parse_resource(&text, version));
            patterns.collect::<Result<Vec<_>, _>>()
        };
        let patterns = parse().map_err(|error| error.within(name))?;
        match (name, patterns.is_empty()) {
            ("Resource", false) => Ok(Element::Only(patterns)),
            ("Resource", true) => self.missing(name),
            (_, false) => Ok(Element::AllBut(patterns)),
            (_, true) => Err(PolicyError::new("empty").within(name)),
        }
    }

    /// AWS: KMS Developer Guide, "Key policies": without Action or Resource, a statement of a key
    /// policy is accepted and has no effect.
    fn missing(self, name: &str) -> Result<Element, PolicyError> {
        match self.kind {
            PolicyKind::Resource => Ok(Element::Missing),
            PolicyKind::Identity | PolicyKind::Trust => Err(PolicyError::new(format!("no {name}"))),
        }
    }

    fn conditions(self, value: &RawValue) -> Result<Vec<Condition>, PolicyError> {
        let mut conditions = Vec::new();
        for (operator, keys) in members(value)? {
            let mut names = BTreeSet::new();
            for (key, values) in members(keys).map_err(|error| error.within(&operator))? {
                if !names.insert(key.to_lowercase()) {
                    let fault = format!("{} occurs twice", quoted(&key));
                    return Err(PolicyError::new(fault).within(&operator));
                }
                let values = scalars(values).map_err(|error| error.within(&operator))?;
                conditions.push(Condition::parse(&operator, &key, &values, self.version)?);
            }
        }
        Ok(conditions)
    }
}

impl<'a> Elements<'a> {
    fn parse(value: &'a RawValue) -> Result<Self, PolicyError> {
        let mut elements = Self::default();
        for (name, value) in members(value)? {
            let element = match name.as_str() {
                "Sid" => &mut elements.sid,
                "Effect" => &mut elements.effect,
                "Principal" => &mut elements.principal,
                "NotPrincipal" => &mut elements.not_principal,
                "Action" => &mut elements.action,
                "NotAction" => &mut elements.not_action,
                "Resource" => &mut elements.resource,
                "NotResource" => &mut elements.not_resource,
                "Condition" => &mut elements.condition,
                _ => return Err(PolicyError::new(format!("unknown element {}", quoted(&name)))),
            };
            *element = Some(value);
        }
        Ok(elements)
    }

    /// An element or its opposite, but not both.
    fn one_of(
        &self,
        name: &'static str,
        opposite: &'static str,
    ) -> Result<Option<(&'static str, &'a RawValue)>, PolicyError> {
        let (element, other) = match name {
            "Principal" => (self.principal, self.not_principal),
            "Action" => (self.action, self.not_action),
            _ => (self.resource, self.not_resource),
        };
        match (element, other) {
            (Some(value), None) => Ok(Some((name, value))),
            (None, Some(value)) => Ok(Some((opposite, value))),
            (None, None) => Ok(None),
            (Some(_), Some(_)) => Err(PolicyError::new(format!("both {name} and {opposite}"))),
        }
    }
}

fn parse_version(value: &RawValue) -> Result<Version, PolicyError> {
    match text_of(value)?.as_str() {
        "2012-10-17" => Ok(Version::V2012),
        "2008-10-17" => Ok(Version::V2008),
        other => Err(PolicyError::new(format!("{} is no version", quoted(other)))),
    }
}

fn parse_effect(value: Option<&RawValue>) -> Result<Effect, PolicyError> {
    let value = value.ok_or_else(|| PolicyError::new("missing"))?;
    match text_of(value)?.as_str() {
        "Allow" => Ok(Effect::Allow),
        "Deny" => Ok(Effect::Deny),
        other => Err(PolicyError::new(format!("{} is neither Allow nor Deny", quoted(other)))),
    }
}

/// What a JSON value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JsonKind {
    Object,
    List,
    Text,
    /// A number or a boolean.
    Scalar,
    Null,
}

fn kind_of(value: &RawValue) -> JsonKind {
    match value.get().as_bytes().first() {
        Some(b'{') => JsonKind::Object,
        Some(b'[') => JsonKind::List,
        Some(b'"') => JsonKind::Text,
        Some(b'n') | None => JsonKind::Null,
        Some(_) => JsonKind::Scalar,
    }
}

/// The members of an object, none of them twice.
fn members(value: &RawValue) -> Result<Vec<(String, &RawValue)>, PolicyError> {
    if kind_of(value) != JsonKind::Object {
        return Err(PolicyError::new("not an object"));
    }
    let Members(members) = read(value)?;
    let mut names = BTreeSet::new();
    match members.iter().find(|(name, _)| !names.insert(name)) {
        Some((name, _)) => Err(PolicyError::new(format!("{} occurs twice", quoted(name)))),
        None => Ok(members),
    }
}

fn list(value: &RawValue) -> Result<Vec<&RawValue>, PolicyError> {
    if kind_of(value) != JsonKind::List {
        return Err(PolicyError::new("neither an object nor a list"));
    }
    read(value)
}

/// One string, or a list of them.
fn texts(value: &RawValue) -> Result<Vec<String>, PolicyError> {
    match kind_of(value) {
        JsonKind::List => list(value)?.into_iter().map(text_of).collect(),
        _ => Ok(vec![text_of(value)?]),
    }
}

/// One string, number or boolean, or a list of them, as they are written.
fn scalars(value: &RawValue) -> Result<Vec<String>, PolicyError> {
    let scalar = |value: &RawValue| match kind_of(value) {
        JsonKind::Scalar => Ok(value.get().to_owned()),
        _ => text_of(value),
    };
    match kind_of(value) {
        JsonKind::List => list(value)?.into_iter().map(scalar).collect(),
        _ => Ok(vec![scalar(value)?]),
    }
}

fn text_of(value: &RawValue) -> Result<String, PolicyError> {
    if kind_of(value) != JsonKind::Text {
        return Err(PolicyError::new("not a string"));
    }
    read(value)
}

fn read<'a, T: Deserialize<'a>>(value: &'a RawValue) -> Result<T, PolicyError> {
    serde_json::from_str(value.get())
        .map_err(|error| PolicyError::new(format!("not valid JSON: {error}")))
}

/// The members of an object in their order, as often as they occur.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

/// Longest document: 131,072 characters of at most two bytes (AWS KMS API Reference,
/// "PutKeyPolicy"). With it everything in a document is bounded; callers have narrower limits.
const POLICY_BYTES_MAX: usize = 262_144;
/// Most statements: more than fit into 32 KiB.
const STATEMENTS_MAX: usize = 1_000;
