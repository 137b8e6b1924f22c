//! Records of what the service does by itself.
//!
//! AWS: AWS KMS Developer Guide, "Examples of AWS KMS log entries", "Rotate AWS KMS keys".

use super::AuditError;
use super::collector::Resource;
use super::identity::UserIdentity;
use super::record::{AdditionalEventData, EVENT_VERSION, Elements, Record, Seconds, Source, Text};
use crate::service::Service;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::PoisonError;
use trent_api::enums::RotationType;
use trent_core::lifecycle::Job;
use trent_core::{KeyArn, KmsKey};

/// What happened to a key.
pub(crate) struct ServiceEvent {
    name: &'static str,
    key: KeyArn,
    details: Option<Value>,
}

impl ServiceEvent {
    /// What a job does at `date` to a key, which is `after` then, or gone; and to its replicas.
    pub(crate) fn of_job(
        job: Job,
        before: &KmsKey,
        after: Option<&KmsKey>,
        date: Timestamp,
    ) -> Vec<Self> {
        let (key, key_id) = (before.arn(), before.id.to_string());
        let event = |name, details| Self { name, key: key.clone(), details: Some(details) };
        let id = |key: &KmsKey| key.current_material().map(|one| one.id.to_string());
        let mut events = match job {
            Job::Delete { .. } => vec![event("DeleteKey", json!({ "keyId": key_id }))],
            Job::Expire { .. } => before
                .without_expired(date)
                .1
                .iter()
                .map(|id| {
                    let details = json!({ "keyId": key_id, "keyMaterialId": id.to_string() });
                    event("DeleteExpiredKeyMaterial", details)
                })
                .collect(),
            Job::Rotate(rotation) => {
                let kind = match rotation.kind {
                    RotationType::Automatic => "AUTOMATIC",
                    RotationType::OnDemand => "ON_DEMAND",
                };
                let details = json!({
                    "rotationType": kind,
                    "keyOrigin": before.origin.as_str(),
                    "previousKeyMaterialId": id(before),
                    "currentKeyMaterialId": after.and_then(id),
                    "keyId": key_id,
                });
                vec![event("RotateKey", details)]
            }
        };
        events.extend(after.map(|after| Self::synchronizations(before, after)).unwrap_or_default());
        events
    }

    /// The replicas to which a changed primary key gives what they share.
    pub(crate) fn synchronizations(before: &KmsKey, after: &KmsKey) -> Vec<Self> {
        if after.shares_all_with(before) {
            return Vec::new();
        }
        let one = |key| Self { name: SYNCHRONIZE, key, details: None };
        after.replicas().into_iter().map(one).collect()
    }

    /// Its name in CloudTrail.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn key(&self) -> &KeyArn {
        &self.key
    }

    /// Members by their names in CloudTrail.
    pub(crate) fn details(&self) -> Option<&Value> {
        self.details.as_ref()
    }

    fn record(self, now: Timestamp) -> Vec<u8> {
        let is_call = self.name == SYNCHRONIZE;
        let request_id = is_call.then(|| uuid::Uuid::new_v4().to_string());
        let arn = self.key.to_string();
        let record = Record {
            event_version: EVENT_VERSION,
            user_identity: UserIdentity::service(&self.key.account),
            event_time: Seconds(now),
            event_source: "kms.amazonaws.com",
            event_name: self.name,
            aws_region: Some(self.key.region.as_str()),
            source_ip_address: Some(Source::Service),
            user_agent: Some(INTERNAL),
            error_code: None,
            error_message: None,
            request_parameters: None,
            response_elements: Some(Elements::Value(json!({ "keyId": arn }))),
            additional_event_data: AdditionalEventData::default(),
            request_id: request_id.as_deref(),
            event_id: Text(uuid::Uuid::new_v4().hyphenated()),
            read_only: false,
            resources: &[Resource::Key(self.key.clone())],
            event_type: if is_call { "AwsApiCall" } else { "AwsServiceEvent" },
            service_event_details: self.details,
            management_event: true,
            recipient_account_id: Some(self.key.account.as_str()),
            event_category: "Management",
            tls_details: None,
        };
        // Strings always serialize.
        serde_json::to_vec(&record).unwrap_or_default()
    }
}

impl Service {
    /// Takes note of what was done at `now`. It is kept by the next `keep_events`.
    pub(crate) fn note_events(&self, events: Vec<ServiceEvent>, now: Timestamp) {
        if self.settings.audit.is_none() || events.is_empty() {
            return;
        }
        let mut noted = self.unkept_events.lock().unwrap_or_else(PoisonError::into_inner);
        noted.extend(events.into_iter().map(|event| event.record(now)));
        self.wake_jobs.notify_one();
    }

    /// Keeps the events that were noted. Those that are not kept are tried again the next time; no
    /// job is run before they are.
    pub(crate) async fn keep_events(&self) -> Result<(), AuditError> {
        let Some(sink) = &self.settings.audit else { return Ok(()) };
        if let Some(failure) = sink.failure() {
            return Err(failure);
        }
        let noted = {
            let mut noted = self.unkept_events.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *noted)
        };
        // All are in one group of the sink.
        let taken: Vec<_> =
            noted.into_iter().map(|event| (event.clone(), sink.record(event))).collect();
        sink.flush();
        let mut result = Ok(());
        for (event, kept) in taken {
            if let Err(failure) = kept.await.unwrap_or_else(|_| Err(AuditError::ended())) {
                let mut noted = self.unkept_events.lock().unwrap_or_else(PoisonError::into_inner);
                noted.push(event);
                result = Err(failure);
            }
        }
        result
    }
}

/// Who calls when nobody does.
pub(super) const INTERNAL: &str = "AWS Internal";

const SYNCHRONIZE: &str = "SynchronizeMultiRegionKey";
