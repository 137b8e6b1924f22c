//! An event, in the shape in which Amazon EventBridge delivers those of AWS KMS.
//!
//! AWS: AWS KMS Developer Guide, "Monitor KMS keys with Amazon EventBridge"; Amazon EventBridge User
//! Guide, "Event structure".

use crate::audit::service_event::ServiceEvent;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

/// An event.
// DEVIATION: AWS tells of deletions for certain and of rotations and expirations at its best effort;
// here every event is delivered at least once, for as long as its outbox keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Event {
    version: String,
    pub(crate) id: Uuid,
    detail_type: String,
    source: String,
    account: String,
    time: Timestamp,
    region: String,
    resources: Vec<String>,
    detail: Map<String, Value>,
}

impl Event {
    /// The event with this id that tells what happened at `date`; none if EventBridge tells nothing
    /// of it.
    pub(crate) fn of(happened: &ServiceEvent, id: Uuid, date: Timestamp) -> Option<Self> {
        let told = TOLD.iter().find(|told| told.event_name == happened.name())?;
        let detail = told.members.iter().filter_map(|(member, source)| {
            Some(((*member).to_owned(), happened.details()?.get(source)?.clone()))
        });
        let key = happened.key();
        Some(Self {
            version: "0".to_owned(),
            id,
            detail_type: told.detail_type.to_owned(),
            source: "aws.kms".to_owned(),
            account: key.account.to_string(),
            // It has whole seconds.
            time: Timestamp::from_second(date.as_second()).unwrap_or(date),
            region: key.region.to_string(),
            resources: vec![key.to_string()],
            detail: detail.collect(),
        })
    }
}

/// How EventBridge tells of what CloudTrail records.
struct Told {
    event_name: &'static str,
    detail_type: &'static str,
    /// The members of the detail, by their names in EventBridge and in CloudTrail.
    members: &'static [(&'static str, &'static str)],
}

const TOLD: [Told; 3] = [
    Told {
        event_name: "RotateKey",
        detail_type: "KMS CMK Rotation",
        members: &[
            ("key-id", "keyId"),
            ("key-origin", "keyOrigin"),
            ("rotation-type", "rotationType"),
            ("previous-key-material-id", "previousKeyMaterialId"),
            ("current-key-material-id", "currentKeyMaterialId"),
        ],
    },
    Told {
        event_name: "DeleteExpiredKeyMaterial",
        detail_type: "KMS Imported Key Material Expiration",
        members: &[("key-id", "keyId"), ("key-material-id", "keyMaterialId")],
    },
    Told {
        event_name: "DeleteKey",
        detail_type: "KMS CMK Deletion",
        members: &[("key-id", "keyId")],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;
    use serde_json::json;
    use std::collections::BTreeMap;
    use trent_api::enums::RotationType;
    use trent_core::key_material::{Import, Sealed};
    use trent_core::lifecycle::{Job, NewKey, NewKind};
    use trent_core::rotation::Rotation;
    use trent_core::{AccountId, KeyId, KeyMaterial, KeyMaterialId, KmsKey, Region};

    const KEY_ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
    const ID: Uuid = Uuid::from_u128(0x6a7e_8feb_b491_4cf7_a9f1_bf37_0346_7718);

    fn date() -> Timestamp {
        "2022-08-25T21:05:33.999Z".parse().unwrap()
    }

    fn material(number: u8) -> KeyMaterial {
        KeyMaterial::new(KeyMaterialId([number; 32]), Sealed(vec![1]), date())
    }

    fn key(materials: Vec<KeyMaterial>) -> KmsKey {
        let new = NewKey {
            account: AccountId::parse("111122223333").unwrap(),
            region: Region::parse("us-west-2").unwrap(),
            id: KeyId::parse(KEY_ID).unwrap(),
            description: String::new(),
            policy: "{}".to_owned(),
            tags: BTreeMap::new(),
        };
        KmsKey::new(new, NewKind::SYMMETRIC, materials, date())
    }

    fn events(job: Job, before: &KmsKey, after: Option<&KmsKey>) -> Vec<Value> {
        ServiceEvent::of_job(job, before, after, date())
            .iter()
            .filter_map(|happened| Event::of(happened, ID, date()))
            .map(|event| serde_json::to_value(event).unwrap())
            .collect()
    }

    /// AWS KMS Developer Guide, "Monitor KMS keys with Amazon EventBridge".
    fn expected(detail_type: &str, detail: &Value) -> Value {
        json!({
            "version": "0",
            "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
            "detail-type": detail_type,
            "source": "aws.kms",
            "account": "111122223333",
            "time": "2022-08-25T21:05:33Z",
            "region": "us-west-2",
            "resources": [format!("arn:aws:kms:us-west-2:111122223333:key/{KEY_ID}")],
            "detail": detail,
        })
    }

    #[test]
    fn a_rotation_is_told_as_by_aws() {
        let (before, after) = (key(vec![material(1)]), key(vec![material(1), material(2)]));
        for (kind, name) in
            [(RotationType::Automatic, "AUTOMATIC"), (RotationType::OnDemand, "ON_DEMAND")]
        {
            let job = Job::Rotate(Rotation { kind, date: date() });
            let detail = json!({
                "key-id": KEY_ID,
                "key-origin": "AWS_KMS",
                "rotation-type": name,
                "previous-key-material-id": "01".repeat(32),
                "current-key-material-id": "02".repeat(32),
            });
            let told = events(job, &before, Some(&after));
            assert_eq!(told, [expected("KMS CMK Rotation", &detail)]);
        }
    }

    #[test]
    fn a_deletion_is_told_as_by_aws() {
        let told = events(Job::Delete { due: date() }, &key(vec![material(1)]), None);
        assert_eq!(told, [expected("KMS CMK Deletion", &json!({ "key-id": KEY_ID }))]);
    }

    #[test]
    fn each_expired_key_material_is_told_as_by_aws() {
        let expiring = |number, seconds| {
            let valid_to = Some(date() + SignedDuration::from_secs(seconds));
            let import = Some(Import { valid_to, description: None });
            KeyMaterial { import, ..material(number) }
        };
        let before = key(vec![expiring(1, 0), expiring(2, 1), expiring(3, -1)]);
        let (after, _) = before.without_expired(date());
        let told = events(Job::Expire { due: date() }, &before, Some(&after));
        let detail = |number: &str| {
            let detail = json!({ "key-id": KEY_ID, "key-material-id": number.repeat(32) });
            expected("KMS Imported Key Material Expiration", &detail)
        };
        assert_eq!(told, [detail("01"), detail("03")]);
    }

    #[test]
    fn an_event_survives_its_record() {
        let happened = ServiceEvent::of_job(
            Job::Delete { due: date() },
            &key(vec![material(1)]),
            None,
            date(),
        );
        let event = Event::of(&happened[0], ID, date()).unwrap();
        let record = serde_json::to_vec(&event).unwrap();
        assert_eq!(serde_json::from_slice::<Event>(&record).unwrap(), event);
    }
}
