//! Key material as the domain knows it: its id, its sealed bytes, and how it came to be.

use crate::rotation::Rotation;
use hex::FromHex as _;
use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// One version of a KMS key's key material. The bytes are sealed; only a key store opens them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyMaterial {
    /// Names the material in ciphertexts and replies.
    pub id: KeyMaterialId,
    /// The sealed bytes; none of imported material that was deleted or has expired.
    pub sealed: Option<Sealed>,
    /// When the material was made.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created: Timestamp,
    /// The rotation that brought the material; none for the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
    /// What is known of imported material; none of material that was made here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<Import>,
    /// The public key of asymmetric material, SPKI DER (RFC 5280).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<Sealed>,
}

impl KeyMaterial {
    /// Material that was made here.
    pub fn new(id: KeyMaterialId, sealed: Sealed, created: Timestamp) -> Self {
        Self { id, sealed: Some(sealed), created, rotation: None, import: None, public_key: None }
    }

    /// Whether the bytes are here and have not expired.
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.sealed.is_some() && self.valid_to().is_none_or(|valid_to| now < valid_to)
    }

    /// When the bytes expire, while they are here.
    pub fn valid_to(&self) -> Option<Timestamp> {
        self.sealed.as_ref()?;
        self.import.as_ref()?.valid_to
    }

    /// The same material without its bytes.
    #[must_use]
    pub fn erased(&self) -> Self {
        Self { sealed: None, ..self.clone() }
    }
}

/// What is known of imported key material.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// When it expires; none: it does not.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "jiff::fmt::serde::timestamp::millisecond::optional"
    )]
    pub valid_to: Option<Timestamp>,
    /// 0 to 256 characters, if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// `KeyMaterialId`: 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyMaterialId(pub [u8; 32]);

impl fmt::Display for KeyMaterialId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyMaterialId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl Serialize for KeyMaterialId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for KeyMaterialId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <[u8; 32]>::from_hex(String::deserialize(deserializer)?)
            .map(Self)
            .map_err(|_| D::Error::custom("a key material id has 64 hexadecimal digits"))
    }
}

/// Bytes that are sealed (or public); hexadecimal in a record.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

impl fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Sealed({} bytes)", self.0.len())
    }
}

impl Serialize for Sealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        hex::decode(String::deserialize(deserializer)?)
            .map(Self)
            .map_err(|_| D::Error::custom("sealed bytes are hexadecimal digits"))
    }
}
