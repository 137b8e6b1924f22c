//! `requestParameters` and `responseElements`: the members of requests and replies that CloudTrail
//! shows. What is not named here is not shown, whatever a client sends.
//!
//! AWS: AWS KMS Developer Guide, "Examples of AWS KMS log entries"; AWS CloudTrail User Guide,
//! "CloudTrail record contents".

use super::record::date_text;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Deserializer, Serialize, Serializer};
use serde_json::Value;
use std::fmt;
use trent_api::Operation;
use trent_core::KeyArn;

/// Shown members, by their names in the API.
#[derive(Default)]
pub(super) struct Members(Vec<(&'static str, Value)>);

impl Members {
    /// The members of a request that are shown. None of a body that is no object.
    pub(super) fn of_request(operation: Operation, body: &[u8]) -> Self {
        let mut members = Self::read(body, SHOWN);
        let defaults: &[&str] = match operation {
            Operation::Encrypt | Operation::Decrypt => &["EncryptionAlgorithm"],
            Operation::ReEncrypt => {
                &["DestinationEncryptionAlgorithm", "SourceEncryptionAlgorithm"]
            }
            _ => &[],
        };
        for name in defaults {
            if !members.0.iter().any(|(shown, _)| shown == name) {
                members.0.push((name, "SYMMETRIC_DEFAULT".into()));
            }
        }
        members
    }

    /// The members of a reply that are shown, and the key that the request is about, where AWS
    /// shows it.
    pub(super) fn of_reply(operation: Operation, body: &[u8], key_arn: Option<&KeyArn>) -> Self {
        use Operation as O;
        let shown: &'static [&'static str] = match operation {
            O::CancelKeyDeletion | O::RotateKeyOnDemand => &["KeyId"],
            O::CreateGrant => &["GrantId"],
            O::CreateKey => &["KeyMetadata"],
            O::DeleteImportedKeyMaterial | O::ImportKeyMaterial => &["KeyId", "KeyMaterialId"],
            O::ReplicateKey => &["ReplicaKeyMetadata", "ReplicaPolicy"],
            O::ScheduleKeyDeletion => &["DeletionDate", "KeyId", "KeyState", "PendingWindowInDays"],
            _ => &[],
        };
        let mut members = if shown.is_empty() { Self::default() } else { Self::read(body, shown) };
        let is_named = matches!(
            operation,
            O::CreateAlias
                | O::CreateGrant
                | O::DeleteAlias
                | O::DisableKey
                | O::EnableKey
                | O::EnableKeyRotation
                | O::TagResource
                | O::UntagResource
                | O::UpdateAlias
                | O::UpdatePrimaryRegion
        );
        if let Some(arn) = key_arn.filter(|_| is_named) {
            members.0.push(("KeyId", arn.text().into()));
        }
        members
    }

    /// None if there is nothing to be shown: CloudTrail writes null then.
    pub(super) fn or_null(self) -> Option<Self> {
        (!self.0.is_empty()).then_some(self)
    }

    fn read(body: &[u8], shown: &'static [&'static str]) -> Self {
        let mut deserializer = serde_json::Deserializer::from_slice(body);
        Self(deserializer.deserialize_map(Shown(shown)).unwrap_or_default())
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(&Camel(name), &Shaped { name, value })?;
        }
        map.end()
    }
}

/// Reads an object, and of its members those that are shown.
struct Shown(&'static [&'static str]);

impl<'de> Visitor<'de> for Shown {
    type Value = Vec<(&'static str, Value)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members: Self::Value = Vec::new();
        while let Some(name) = map.next_key_seed(Name(self.0))? {
            let Some(name) = name else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value: Value = map.next_value()?;
            // As the request is read: of a repeated member the last counts, null is none.
            members.retain(|(known, _)| *known != name);
            if !value.is_null() {
                members.push((name, value));
            }
        }
        Ok(members)
    }
}

/// Reads a name; none for one that is not shown.
struct Name(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<&'static str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.binary_search(&name).ok().map(|index| self.0[index]))
    }
}

/// A value in CloudTrail's form: names begin in lower case, dates are texts.
struct Shaped<'a> {
    name: &'a str,
    value: &'a Value,
}

impl Serialize for Shaped<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { name, value } = *self;
        match value {
            // The names in it are the client's.
            Value::Object(_) if name.contains("EncryptionContext") => value.serialize(serializer),
            Value::Object(members) => {
                let is_hidden = members.get("TagKey").is_some_and(|key| key == HIDDEN_TAG);
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, value) in members {
                    if is_hidden && name != "TagKey" {
                        map.serialize_entry(&Camel(name), HIDDEN_TEXT)?;
                    } else {
                        map.serialize_entry(&Camel(name), &Shaped { name, value })?;
                    }
                }
                map.end()
            }
            Value::Array(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for value in items {
                    seq.serialize_element(&Shaped { name, value })?;
                }
                seq.end()
            }
            Value::Number(number) if name.ends_with("Date") || name == "ValidTo" => {
                match number.as_f64().and_then(date_text) {
                    Some(text) => serializer.serialize_str(&text),
                    None => value.serialize(serializer),
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                value.serialize(serializer)
            }
        }
    }
}

/// A name that begins in lower case.
struct Camel<'a>(&'a str);

impl Serialize for Camel<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut name = self.0.to_owned();
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        serializer.serialize_str(&name)
    }
}

/// The text for a client, unless it repeats something that is not shown.
pub(super) fn shown_message(message: &str) -> &str {
    let hidden = ["'grantToken", "'importToken", "'marker"];
    if hidden.iter().any(|path| message.contains(path)) { HIDDEN_TEXT } else { message }
}

/// What CloudTrail writes in the place of secrets.
const HIDDEN_TEXT: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// A tag of CreateKey whose value is key material.
const HIDDEN_TAG: &str = "_custom_key_material_";

/// The members of requests that are shown, sorted.
const SHOWN: &[&str] = &[
    "AliasName",
    "BypassPolicyLockoutSafetyCheck",
    "CloudHsmClusterId",
    "Constraints",
    "CustomKeyStoreId",
    "CustomKeyStoreName",
    "CustomKeyStoreType",
    "CustomerMasterKeySpec",
    "Description",
    "DestinationEncryptionAlgorithm",
    "DestinationEncryptionContext",
    "DestinationKeyId",
    "DryRun",
    "DryRunModifiers",
    "EncapsulationAlgorithm",
    "EncryptionAlgorithm",
    "EncryptionContext",
    "ExpirationModel",
    "GrantId",
    "GranteePrincipal",
    "GranteeServicePrincipal",
    "ImportType",
    "IncludeKeyMaterial",
    "KeyAgreementAlgorithm",
    "KeyId",
    "KeyMaterialDescription",
    "KeyMaterialId",
    "KeyPairSpec",
    "KeySpec",
    "KeyUsage",
    "Limit",
    "MacAlgorithm",
    "MessageType",
    "MultiRegion",
    "Name",
    "NewCustomKeyStoreName",
    "NumberOfBytes",
    "Operations",
    "Origin",
    "PendingWindowInDays",
    "Policy",
    "PolicyName",
    "PrimaryRegion",
    "PublicKey",
    "ReplicaRegion",
    "ResourceOwners",
    "RetiringPrincipal",
    "RetiringServicePrincipal",
    "RotationPeriodInDays",
    "SigningAlgorithm",
    "SourceEncryptionAlgorithm",
    "SourceEncryptionContext",
    "SourceKeyId",
    "TagKeys",
    "Tags",
    "TargetKeyId",
    "ValidTo",
    "WrappingAlgorithm",
    "WrappingKeySpec",
    "XksKeyId",
    "XksProxyConnectivity",
    "XksProxyUriEndpoint",
    "XksProxyUriPath",
    "XksProxyVpcEndpointServiceName",
    "XksProxyVpcEndpointServiceOwner",
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(operation: Operation, body: &str) -> Value {
        serde_json::to_value(Members::of_request(operation, body.as_bytes()).or_null()).unwrap()
    }

    #[test]
    fn each_member_of_each_request_is_shown_or_hidden_on_purpose() {
        const HIDDEN: &[&str] = &[
            "CiphertextBlob",
            "EncryptedKeyMaterial",
            "GrantToken",
            "GrantTokens",
            "ImportToken",
            "KeyStorePassword",
            "Mac",
            "Marker",
            "Message",
            "Plaintext",
            "Recipient",
            "SharedSecretCiphertextBlob",
            "Signature",
            "TrustAnchorCertificate",
            "XksProxyAuthenticationCredential",
        ];
        assert!(SHOWN.is_sorted());
        let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../../model/kms-2014-11-01.json");
        let model: Value = serde_json::from_slice(&std::fs::read(model).unwrap()).unwrap();
        let mut members = std::collections::BTreeSet::new();
        for (name, shape) in model["shapes"].as_object().unwrap() {
            if name.ends_with("Request") {
                members.extend(shape["members"].as_object().unwrap().keys().map(String::as_str));
            }
        }
        let known: std::collections::BTreeSet<&str> = SHOWN.iter().chain(HIDDEN).copied().collect();
        assert_eq!(members, known);
        assert_eq!(known.len(), SHOWN.len() + HIDDEN.len());
    }

    #[test]
    fn requests_are_shown_in_the_form_of_cloudtrail() {
        let body = r#"{"KeyId":"a","Plaintext":"c2VjcmV0","EncryptionContext":{"Dept":"IT","a":1},
            "GrantTokens":["t"],"Unknown":{"x":"y"}}"#;
        let expected = json!({
            "keyId": "a",
            "encryptionContext": {"Dept": "IT", "a": 1},
            "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
        });
        assert_eq!(shown(Operation::Encrypt, body), expected);
        let body = r#"{"Tags":[{"TagKey":"a","TagValue":"b"},
            {"TagKey":"_custom_key_material_","TagValue":"secret"}],
            "Constraints":{"EncryptionContextSubset":{"Key":"v"}},"ValidTo":1660170000.5}"#;
        let expected = json!({
            "tags": [
                {"tagKey": "a", "tagValue": "b"},
                {"tagKey": "_custom_key_material_", "tagValue": "HIDDEN_DUE_TO_SECURITY_REASONS"},
            ],
            "constraints": {"encryptionContextSubset": {"Key": "v"}},
            "validTo": "Aug 10, 2022, 10:20:00 PM",
        });
        assert_eq!(shown(Operation::CreateKey, body), expected);
    }

    #[test]
    fn odd_bodies_show_nothing_or_what_counts() {
        for body in ["", "[]", "\"x\"", "{", r#"{"KeyId":"a","#, "\u{0}"] {
            assert_eq!(shown(Operation::DescribeKey, body), Value::Null, "{body}");
        }
        assert_eq!(shown(Operation::DescribeKey, r#"{"KeyId":null}"#), Value::Null);
        let twice = r#"{"KeyId":"decoy","KeyId":"real"}"#;
        assert_eq!(shown(Operation::DescribeKey, twice), json!({"keyId": "real"}));
    }

    #[test]
    fn replies_are_shown_where_aws_shows_them() {
        let text = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        let Ok(trent_core::KeyRef::Arn(arn)) = trent_core::KeyRef::parse(text) else { panic!() };
        let body = br#"{"GrantToken":"secret","GrantId":"1"}"#;
        let members = Members::of_reply(Operation::CreateGrant, body, Some(&arn));
        let expected = json!({"grantId": "1", "keyId": text});
        assert_eq!(serde_json::to_value(members.or_null()).unwrap(), expected);
        let body = br#"{"Plaintext":"secret","KeyId":"1"}"#;
        let members = Members::of_reply(Operation::Decrypt, body, Some(&arn));
        assert!(members.or_null().is_none());
    }
}
