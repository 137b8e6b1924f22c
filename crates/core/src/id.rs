//! Identifiers: accounts, Regions, key ids, key ARNs, alias names, and what a request may name.
//!
//! Source: AWS KMS Developer Guide, "Key identifiers (KeyId)".

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt::{self, Write as _};
use std::sync::Arc;

/// An AWS account: 12 digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountId([u8; 12]);

impl AccountId {
    /// Reads 12 digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: [u8; 12] = text.as_bytes().try_into().ok()?;
        digits.iter().all(u8::is_ascii_digit).then_some(Self(digits))
    }

    /// The 12 digits.
    pub fn as_str(&self) -> &str {
        // Digits are ASCII: there is nothing to fall back to.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// A Region, such as `us-east-1`: 1 to 32 characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Region(Arc<str>);

impl Region {
    /// Reads a Region: two or three words in lower-case letters, then a number, joined by dashes.
    pub fn parse(text: &str) -> Option<Self> {
        let (words, number) = text.rsplit_once('-')?;
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
        let is_region = text.len() <= 32
            && (2..=3).contains(&words.split('-').count())
            && words.split('-').all(is_word)
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit());
        is_region.then(|| Self(text.into()))
    }

    /// The name of the Region.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition that the Region belongs to, as ARNs name it.
    pub fn partition(&self) -> &'static str {
        const PARTITIONS: &[(&str, &str)] = &[
            ("cn-", "aws-cn"),
            ("us-gov-", "aws-us-gov"),
            ("eusc-", "aws-eusc"),
            ("us-iso-", "aws-iso"),
            ("us-isob-", "aws-iso-b"),
            ("eu-isoe-", "aws-iso-e"),
            ("us-isof-", "aws-iso-f"),
        ];
        PARTITIONS
            .iter()
            .find(|(prefix, _)| self.0.starts_with(prefix))
            .map_or("aws", |(_, partition)| partition)
    }
}

/// A key id: a UUID, or for multi-Region keys `mrk-` and 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId {
    bytes: [u8; 16],
    is_multi_region: bool,
}

impl KeyId {
    /// The id of a single-Region key from 16 random bytes, of which a few bits become the version
    /// and variant of a random UUID (RFC 9562 §5.4).
    pub fn single_region(random: [u8; 16]) -> Self {
        Self {
            bytes: *uuid::Builder::from_random_bytes(random).as_uuid().as_bytes(),
            is_multi_region: false,
        }
    }

    /// The id of a multi-Region key from 16 random bytes.
    pub fn multi_region(random: [u8; 16]) -> Self {
        Self { bytes: random, is_multi_region: true }
    }

    /// The id with exactly these bytes, as a ciphertext blob carries it.
    pub fn from_parts(bytes: [u8; 16], is_multi_region: bool) -> Self {
        Self { bytes, is_multi_region }
    }

    /// Reads `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` or `mrk-` and 32 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let (digits, is_multi_region) = match text.strip_prefix("mrk-") {
            Some(digits) if digits.len() == 32 => (digits, true),
            None if text.len() == 36 => (text, false),
            _ => return None,
        };
        let bytes = *uuid::Uuid::try_parse(digits).ok()?.as_bytes();
        Some(Self { bytes, is_multi_region })
    }

    /// The 128 bits of the id.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.bytes
    }

    /// Whether the id has the form of a multi-Region key's.
    pub fn is_multi_region(&self) -> bool {
        self.is_multi_region
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let uuid = uuid::Uuid::from_bytes_ref(&self.bytes);
        if self.is_multi_region {
            write!(formatter, "mrk-{}", uuid.as_simple())
        } else {
            uuid.as_hyphenated().fmt(formatter)
        }
    }
}

/// Of the ARN of a KMS key, in the Regions that there are.
const KEY_ARN_BYTES: usize = 96;

/// The ARN of a KMS key.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyArn {
    /// The Region of the key.
    pub region: Region,
    /// The account that owns the key.
    pub account: AccountId,
    /// The key.
    pub key_id: KeyId,
}

impl KeyArn {
    /// The ARN as text: as `to_string` gives it, and in one piece of memory.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(KEY_ARN_BYTES);
        // Writing to a string cannot fail.
        let _ = write!(text, "{self}");
        text
    }
}

impl fmt::Display for KeyArn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { region, account, key_id } = self;
        // Piece by piece: every request needs it, and the machinery of `write!` costs more.
        let pieces =
            ["arn:", region.partition(), ":kms:", region.as_str(), ":", account.as_str(), ":key/"];
        pieces.into_iter().try_for_each(|piece| formatter.write_str(piece))?;
        fmt::Display::fmt(key_id, formatter)
    }
}

/// The name of an alias with its prefix, `alias/…`: 1 to 256 characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AliasName(String);

impl AliasName {
    /// Reads `alias/` and at least one of `a-z A-Z 0-9 : / _ -`, 256 characters in all.
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.strip_prefix("alias/")?;
        let is_name = !name.is_empty()
            && text.len() <= 256
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/_-".contains(&byte));
        is_name.then(|| Self(text.to_owned()))
    }

    /// The name, with its prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name is kept for AWS managed keys.
    pub fn is_reserved(&self) -> bool {
        self.0.starts_with("alias/aws/")
    }

    /// The ARN of the alias in an account and Region.
    pub fn arn(&self, region: &Region, account: AccountId) -> String {
        format!("arn:{}:kms:{region}:{account}:{}", region.partition(), self.0)
    }
}

/// What a request names as its KMS key; nothing says yet that it exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRef {
    /// A key id.
    Id(KeyId),
    /// A key ARN.
    Arn(KeyArn),
    /// An alias name, in the caller's account and Region.
    Alias(AliasName),
    /// An alias ARN.
    AliasArn(Region, AccountId, AliasName),
}

/// Why a text names no KMS key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidKeyRef {
    /// It starts like an ARN and is none of AWS KMS.
    Arn,
    /// It is neither an ARN nor an alias name, and no key id.
    KeyId,
}

impl KeyRef {
    /// Reads a key id, key ARN, alias name or alias ARN.
    pub fn parse(text: &str) -> Result<Self, InvalidKeyRef> {
        if text.starts_with("arn:") {
            return Self::parse_arn(text).ok_or(InvalidKeyRef::Arn);
        }
        if text.starts_with("alias/") {
            return AliasName::parse(text).map(Self::Alias).ok_or(InvalidKeyRef::KeyId);
        }
        KeyId::parse(text).map(Self::Id).ok_or(InvalidKeyRef::KeyId)
    }

    fn parse_arn(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [_, partition, "kms", region, account, resource] = parts.as_slice() else {
            return None;
        };
        let region = Region::parse(region)?;
        let account = AccountId::parse(account)?;
        if region.partition() != *partition {
            return None;
        }
        match resource.strip_prefix("key/") {
            Some(key_id) => {
                Some(Self::Arn(KeyArn { region, account, key_id: KeyId::parse(key_id)? }))
            }
            None => Some(Self::AliasArn(region, account, AliasName::parse(resource)?)),
        }
    }
}

/// Text forms: `Display`, `Debug` as the text, and serde as a string.
macro_rules! text_forms {
    ($name:ident, $parse:expr) => {
        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, formatter)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                $parse(&text).ok_or_else(|| D::Error::custom(concat!("no ", stringify!($name))))
            }
        }
    };
}

macro_rules! display_as_str {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    )*};
}

display_as_str!(AccountId, AliasName, Region);
text_forms!(AccountId, AccountId::parse);
text_forms!(AliasName, AliasName::parse);
text_forms!(KeyId, KeyId::parse);
text_forms!(Region, Region::parse);

impl fmt::Debug for KeyArn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

    #[test]
    fn a_key_can_be_named_in_four_ways() {
        for text in [
            UUID,
            "mrk-1234abcd12ab34cd56ef1234567890ab",
            "alias/prod/key:1_a-b",
            "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws-cn:kms:cn-north-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab",
            "arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/x",
        ] {
            let printed = match KeyRef::parse(text).unwrap() {
                KeyRef::Id(id) => id.to_string(),
                KeyRef::Arn(arn) => arn.to_string(),
                KeyRef::Alias(name) => name.to_string(),
                KeyRef::AliasArn(region, account, name) => name.arn(&region, account),
            };
            assert_eq!(printed, text);
        }
    }

    #[test]
    fn what_names_no_key_is_told_apart() {
        for text in ["", "x", "1234abcd12ab34cd56ef1234567890ab", "mrk-fake", "alias/", "alias/a b"]
        {
            assert_eq!(KeyRef::parse(text), Err(InvalidKeyRef::KeyId), "{text}");
        }
        for text in [
            "arn:aws:kms:us-east-1:111122223333",
            "arn:aws:kms:us-east-1:11112222333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:s3:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws-cn:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:us-east-1:111122223333:key/x",
            "arn:aws:kms:nowhere:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        ] {
            assert_eq!(KeyRef::parse(text), Err(InvalidKeyRef::Arn), "{text}");
        }
    }

    #[test]
    fn a_region_is_words_and_a_number() {
        for region in ["us-east-1", "ap-southeast-12", "us-gov-west-1"] {
            assert!(Region::parse(region).is_some(), "{region}");
        }
        for text in ["", "us", "us-1", "us-east", "US-east-1", "a-b-c-d-1", "us--1", "us-east-"] {
            assert!(Region::parse(text).is_none(), "{text}");
        }
    }
}
