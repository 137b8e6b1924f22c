//! Wire forms of JSON 1.1: how each type of the model is read from and written to JSON.

use crate::violation::{Path, Report, Shape};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// A value that can be read from JSON.
pub trait FromWire: Sized {
    /// Reads a value. A violated constraint is added to `report`; `None` means that there is no
    /// usable value and that the report says why.
    fn from_wire(
        value: Value,
        shape: &Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType>;
}

/// A member has another JSON type than the model says: `SerializationException`.
#[derive(Debug, thiserror::Error)]
#[error("{found} can not be converted to a {expected}")]
pub struct WrongType {
    found: &'static str,
    expected: &'static str,
}

impl WrongType {
    fn new(found: &Value, expected: &'static str) -> Self {
        let found = match found {
            Value::Null => "NULL_VALUE",
            Value::Bool(_) => "BOOLEAN_VALUE",
            Value::Number(_) => "NUMBER_VALUE",
            Value::String(_) => "STRING_VALUE",
            Value::Array(_) => "START_ARRAY",
            Value::Object(_) => "START_OBJECT",
        };
        Self { found, expected }
    }
}

/// The members of a structure that is being read.
pub struct Members(Map<String, Value>);

impl Members {
    /// The members of a JSON object.
    pub fn of(value: Value) -> Result<Self, WrongType> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            other => Err(WrongType::new(&other, "Structure")),
        }
    }

    /// A member that must be there.
    pub fn required<T: FromWire>(
        &mut self,
        name: &'static str,
        shape: &Shape,
        parent: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<T>, WrongType> {
        let path = Path::Member(parent, name);
        match self.0.remove(name) {
            None | Some(Value::Null) => {
                report.missing(&path);
                Ok(None)
            }
            Some(value) => T::from_wire(value, shape, &path, report),
        }
    }

    /// A member that may be absent or null.
    pub fn optional<T: FromWire>(
        &mut self,
        name: &'static str,
        shape: &Shape,
        parent: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<T>, WrongType> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => T::from_wire(value, shape, &Path::Member(parent, name), report),
        }
    }
}

impl FromWire for bool {
    fn from_wire(
        value: Value,
        _: &Shape,
        _: &Path<'_>,
        _: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        value.as_bool().map(Some).ok_or_else(|| WrongType::new(&value, "Boolean"))
    }
}

impl FromWire for i32 {
    fn from_wire(
        value: Value,
        shape: &Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let number = value.as_i64().ok_or_else(|| WrongType::new(&value, "Integer"))?;
        report.check_number(path, shape, number);
        Self::try_from(number).map(Some).map_err(|_| WrongType::new(&value, "Integer"))
    }
}

impl FromWire for String {
    fn from_wire(
        value: Value,
        shape: &Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let text = string(value)?;
        report.check_string(path, shape, &text);
        Ok(Some(text))
    }
}

impl<T: FromWire> FromWire for Vec<T> {
    fn from_wire(
        value: Value,
        shape: &Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let Value::Array(items) = value else {
            return Err(WrongType::new(&value, "List"));
        };
        report.check_length(path, shape, items.len(), Some(&Printed(&items)));
        let item_shape = shape.item.unwrap_or(&Shape::NONE);
        let mut list = Self::with_capacity(items.len().min(MAX_ITEMS_AHEAD));
        let mut is_whole = true;
        for (index, item) in items.into_iter().enumerate() {
            let item_path = Path::Item(path, index + 1);
            if item.is_null() {
                report.missing(&item_path);
                is_whole = false;
                continue;
            }
            match T::from_wire(item, item_shape, &item_path, report)? {
                Some(item) => list.push(item),
                None => is_whole = false,
            }
        }
        Ok(is_whole.then_some(list))
    }
}

impl FromWire for BTreeMap<String, String> {
    fn from_wire(
        value: Value,
        _: &Shape,
        _: &Path<'_>,
        _: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        match value {
            Value::Object(pairs) => pairs
                .into_iter()
                .map(|(key, value)| Ok((key, string(value)?)))
                .collect::<Result<Self, WrongType>>()
                .map(Some),
            other => Err(WrongType::new(&other, "Map")),
        }
    }
}

/// Bytes; base64 with padding on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blob(pub Vec<u8>);

impl FromWire for Blob {
    fn from_wire(
        value: Value,
        shape: &Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let mut bytes = decoded(value)?;
        report.check_length(path, shape, bytes.len(), None);
        Ok(Some(Self(std::mem::take(&mut *bytes))))
    }
}

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

/// Secret bytes (plaintexts, data keys): zeroized, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SensitiveBytes(pub Zeroizing<Vec<u8>>);

impl FromWire for SensitiveBytes {
    fn from_wire(
        value: Value,
        shape: &Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let bytes = decoded(value)?;
        report.check_length(path, shape, bytes.len(), None);
        Ok(Some(Self(bytes)))
    }
}

impl Serialize for SensitiveBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(STANDARD.encode(&*self.0)))
    }
}

impl fmt::Debug for SensitiveBytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SensitiveBytes({} bytes)", self.0.len())
    }
}

/// A secret text (passwords, proxy credentials): zeroized, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SensitiveString(pub Zeroizing<String>);

impl FromWire for SensitiveString {
    fn from_wire(
        value: Value,
        shape: &Shape,
        path: &Path<'_>,
        report: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let text = Zeroizing::new(string(value)?);
        report.check_string(path, shape, &text);
        Ok(Some(Self(text)))
    }
}

impl Serialize for SensitiveString {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Debug for SensitiveString {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SensitiveString(…)")
    }
}

/// A moment; epoch seconds with milliseconds on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub jiff::Timestamp);

impl FromWire for Timestamp {
    #[expect(clippy::cast_possible_truncation, reason = "a float is cast within its bounds")]
    fn from_wire(
        value: Value,
        _: &Shape,
        _: &Path<'_>,
        _: &mut Report,
    ) -> Result<Option<Self>, WrongType> {
        let milliseconds = value.as_f64().map(|seconds| (seconds * 1000.0).round());
        milliseconds
            .filter(|number| number.is_finite())
            .and_then(|number| jiff::Timestamp::from_millisecond(number as i64).ok())
            .map(|moment| Some(Self(moment)))
            .ok_or_else(|| WrongType::new(&value, "Timestamp"))
    }
}

impl Serialize for Timestamp {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of 10,000 years fit into 2^53")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.as_millisecond() as f64 / 1000.0)
    }
}

/// Declares an enumeration of the model with its wire names.
macro_rules! wire_enum {
    ($(#[$doc:meta])* pub enum $name:ident { $($variant:ident = $wire:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $(#[doc = concat!("`", $wire, "`")] $variant,)* }

        impl $name {
            /// All values, in the order of the model.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $wire,)* }
            }

            /// The value of this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($wire => Some(Self::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl crate::wire::FromWire for $name {
            fn from_wire(
                value: serde_json::Value,
                _: &crate::violation::Shape,
                path: &crate::violation::Path<'_>,
                report: &mut crate::violation::Report,
            ) -> Result<Option<Self>, crate::wire::WrongType> {
                let text = crate::wire::string(value)?;
                let found = Self::from_name(&text);
                if found.is_none() {
                    report.not_in_set(path, &text, &[$($wire,)*]);
                }
                Ok(found)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                Self::from_name(&name)
                    .ok_or_else(|| serde::de::Error::unknown_variant(&name, &[$($wire,)*]))
            }
        }
    };
}
pub(crate) use wire_enum;

pub(crate) fn string(value: Value) -> Result<String, WrongType> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(WrongType::new(&other, "String")),
    }
}

/// Decodes base64 and wipes the text it came in, which may be a plaintext.
fn decoded(value: Value) -> Result<Zeroizing<Vec<u8>>, WrongType> {
    let mut text = string(value)?;
    let bytes = STANDARD.decode(&text).map(Zeroizing::new);
    text.zeroize();
    bytes.map_err(|_| WrongType { found: "STRING_VALUE", expected: "Blob (base64)" })
}

/// A list as AWS prints it in a violation: `[a, b]`.
struct Printed<'a>(&'a [Value]);

impl fmt::Display for Printed<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[")?;
        for (index, item) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            match item {
                Value::String(text) => write!(formatter, "{comma}{text}")?,
                other => write!(formatter, "{comma}{other}")?,
            }
        }
        formatter.write_str("]")
    }
}

/// How many entries of a list are allocated before any of them is read.
const MAX_ITEMS_AHEAD: usize = 64;
