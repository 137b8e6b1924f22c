//! A record as it is written: the members of CloudTrail, in its order, and one of our own:
//! `additionalEventData.authorization` says which policy and statement decided.
//!
//! AWS: AWS CloudTrail User Guide, "CloudTrail record contents for management, data, and network
//! activity events".

use super::collector::{Collected, Decision, Resource};
use super::identity::UserIdentity;
use super::parameters::Members;
use crate::pipeline::Tls;
use jiff::Timestamp;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use trent_core::{AccountId, KeyMaterialId};
use trent_crypto::attestation::Attestation;

/// A record. What is `None` is left out, but for parameters and response elements.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record<'a> {
    pub(super) event_version: &'static str,
    pub(super) user_identity: UserIdentity<'a>,
    pub(super) event_time: Seconds,
    pub(super) event_source: &'static str,
    pub(super) event_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) aws_region: Option<&'a str>,
    #[serde(rename = "sourceIPAddress", skip_serializing_if = "Option::is_none")]
    pub(super) source_ip_address: Option<Source>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error_message: Option<&'a str>,
    pub(super) request_parameters: Option<Elements<'a>>,
    pub(super) response_elements: Option<Elements<'a>>,
    #[serde(skip_serializing_if = "AdditionalEventData::is_empty")]
    pub(super) additional_event_data: AdditionalEventData<'a>,
    #[serde(rename = "requestID", skip_serializing_if = "Option::is_none")]
    pub(super) request_id: Option<&'a str>,
    #[serde(rename = "eventID")]
    pub(super) event_id: Text<uuid::fmt::Hyphenated>,
    pub(super) read_only: bool,
    pub(super) resources: &'a [Resource],
    pub(super) event_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) service_event_details: Option<Value>,
    pub(super) management_event: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) recipient_account_id: Option<&'a str>,
    pub(super) event_category: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tls_details: Option<TlsDetails<'a>>,
}

/// The version of the form of records that this is.
pub(super) const EVENT_VERSION: &str = "1.11";

/// Where a request came from.
pub(super) enum Source {
    Address(IpAddr),
    Service,
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Address(address) => serializer.collect_str(address),
            Self::Service => serializer.serialize_str(super::service_event::INTERNAL),
        }
    }
}

/// Request parameters or response elements.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Elements<'a> {
    Members(Members),
    Parameters(Parameters<'a>),
    Value(Value),
}

/// The parameters of AWS STS.
pub(super) struct Parameters<'a>(pub(super) &'a [(&'static str, String)]);

impl Serialize for Parameters<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// `additionalEventData`.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AdditionalEventData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    key_material_id: Option<Text<KeyMaterialId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_key_material_id: Option<Text<KeyMaterialId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_key_material_id: Option<Text<KeyMaterialId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<Recipient<'a>>,
    #[serde(skip_serializing_if = "<[Decision]>::is_empty")]
    authorization: &'a [Decision],
}

impl<'a> AdditionalEventData<'a> {
    /// What a request shows beside its parameters. `re_encrypts`: it has two keys.
    pub(super) fn of(collected: &'a Collected, re_encrypts: bool) -> Self {
        let materials = &collected.key_materials;
        let (first, second) = (materials.first().copied(), materials.get(1).copied());
        Self {
            key_material_id: first.filter(|_| !re_encrypts).map(Text),
            source_key_material_id: first.filter(|_| re_encrypts).map(Text),
            destination_key_material_id: second.filter(|_| re_encrypts).map(Text),
            recipient: collected.recipient.as_deref().map(Recipient),
            authorization: &collected.decisions,
        }
    }

    fn is_empty(&self) -> bool {
        self.key_material_id.is_none()
            && self.source_key_material_id.is_none()
            && self.destination_key_material_id.is_none()
            && self.recipient.is_none()
            && self.authorization.is_empty()
    }
}

/// What the recipient of the answer has attested: as far as AWS shows it.
struct Recipient<'a>(&'a Attestation);

impl Serialize for Recipient<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Attestation { module_id, pcrs, nitrotpm_pcrs, .. } = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("attestationDocumentModuleId", module_id)?;
        for (index, pcr) in pcrs {
            let name = match index {
                0 => Cow::Borrowed("attestationDocumentEnclaveImageDigest"),
                _ => Cow::Owned(format!("attestationDocumentEnclavePCR{index}")),
            };
            map.serialize_entry(&name, &hex::encode(pcr))?;
        }
        for (index, pcr) in nitrotpm_pcrs {
            let name = format!("attestationDocumentNitroTPMPCR{index}");
            map.serialize_entry(&name, &hex::encode(pcr))?;
        }
        map.end()
    }
}

impl Serialize for Decision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("action", self.action)?;
        map.serialize_entry("decision", self.verdict)?;
        map.serialize_entry("policy", &self.policy)?;
        if let Some(statement) = &self.statement {
            map.serialize_entry("statement", statement)?;
        }
        if let Some(grant) = &self.grant {
            map.serialize_entry("grantId", grant)?;
        }
        map.end()
    }
}

impl Serialize for Resource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        match self {
            Self::Key(arn) => {
                map.serialize_entry("accountId", arn.account.as_str())?;
                map.serialize_entry("type", "AWS::KMS::Key")?;
                map.serialize_entry("ARN", &arn.text())?;
            }
            Self::Other(kind, arn) => {
                let account = arn.split(':').nth(4).and_then(AccountId::parse);
                map.serialize_entry("accountId", &account.as_ref().map(AccountId::as_str))?;
                map.serialize_entry("type", kind)?;
                map.serialize_entry("ARN", arn)?;
            }
        }
        map.end()
    }
}

/// `tlsDetails`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TlsDetails<'a> {
    tls_version: &'static str,
    cipher_suite: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_provided_host_header: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_exchange: Option<&'static str>,
}

impl<'a> TlsDetails<'a> {
    pub(super) fn of(tls: Tls, host: Option<&'a str>) -> Self {
        Self {
            tls_version: tls.version,
            cipher_suite: tls.cipher_suite,
            client_provided_host_header: host,
            key_exchange: tls.key_exchange,
        }
    }
}

/// A moment in whole seconds.
pub(super) struct Seconds(pub(super) Timestamp);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let seconds = Timestamp::from_second(self.0.as_second()).unwrap_or(self.0);
        serializer.collect_str(&seconds)
    }
}

/// Something as its text.
pub(super) struct Text<T>(pub(super) T);

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A date of the API, in seconds since 1970, as CloudTrail writes it: `Aug 10, 2022, 10:38:27 PM`.
#[expect(clippy::cast_possible_truncation, reason = "a float saturates, and years have bounds")]
pub(super) fn date_text(seconds: f64) -> Option<String> {
    let moment = Timestamp::from_second(seconds.floor() as i64).ok()?;
    Some(moment.strftime("%b %-d, %Y, %-I:%M:%S %p").to_string())
}

/// The beginning of a text, of at most `bytes_max` bytes.
pub(super) fn shortened(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}
