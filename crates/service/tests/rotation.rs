//! Rotation at random: encryptions, restarts, disabled and doomed keys, jumps of the clock. Every
//! ciphertext decrypts while its key is usable, the next rotation date is always the schedule's,
//! and no rotation is lost or done twice.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/unsigned.rs"]
mod unsigned;

use jiff::{SignedDuration, Span, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use trent_core::AccountId;
use trent_keystore::root_key::Access;
use trent_service::root_keys::RootKeys;
use trent_service::time_travel::ClockMove;
use trent_service::{Credentials, Service, Settings};
use trent_store::SqliteStore;
use zeroize::Zeroizing;

#[derive(Clone, Debug)]
enum Step {
    Encrypt(usize),
    EnableRotation(usize, i32),
    DisableRotation(usize),
    DisableKey(usize),
    EnableKey(usize),
    ScheduleDeletion(usize, i32),
    CancelDeletion(usize),
    RotateOnDemand(usize),
    Advance(i32),
    Restart,
}

const KEYS: usize = 3;

fn step() -> impl Strategy<Value = Step> {
    let key = 0..KEYS;
    prop_oneof![
        4 => key.clone().prop_map(Step::Encrypt),
        3 => (key.clone(), prop_oneof![Just(90), Just(365), 90..=2560])
            .prop_map(|(key, days)| Step::EnableRotation(key, days)),
        1 => key.clone().prop_map(Step::DisableRotation),
        2 => key.clone().prop_map(Step::DisableKey),
        3 => key.clone().prop_map(Step::EnableKey),
        1 => (key.clone(), 7..=30).prop_map(|(key, days)| Step::ScheduleDeletion(key, days)),
        2 => key.clone().prop_map(Step::CancelDeletion),
        2 => key.prop_map(Step::RotateOnDemand),
        4 => prop_oneof![1..30, 30..200, 200..800].prop_map(Step::Advance),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn rotation_keeps_its_promises(steps in proptest::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let directory = tempfile::tempdir().unwrap();
            let mut world = World::new(&directory.path().join("trent.db")).await;
            for step in steps {
                world.take(step).await;
                world.check().await;
            }
        });
    }
}

/// What must be true of one key.
struct Key {
    id: String,
    is_enabled: bool,
    deletion: Option<Timestamp>,
    is_deleted: bool,
    schedule: Option<(i32, Timestamp)>,
    /// Earliest and latest permitted date of each rotation, and its kind.
    rotations: Vec<(Timestamp, Timestamp, &'static str)>,
    on_demand: usize,
    ciphertexts: Vec<(String, String)>,
}

impl Key {
    fn is_usable(&self) -> bool {
        self.is_enabled && self.deletion.is_none() && !self.is_deleted
    }

    /// Rotates if the schedule says so and the key may: once, however many dates have passed.
    fn catch_up(&mut self, earliest: Timestamp, latest: Timestamp) {
        let Some((days, next)) = self.schedule else { return };
        if !self.is_usable() || next > latest {
            return;
        }
        self.rotations.push((earliest.max(next), latest, "AUTOMATIC"));
        let mut next = next;
        while next <= latest {
            next += day() * days;
        }
        self.schedule = Some((days, next));
    }
}

struct World {
    path: std::path::PathBuf,
    root: Access,
    service: Arc<Service>,
    keys: Vec<Key>,
}

impl World {
    async fn new(path: &Path) -> Self {
        let root = Access::File(Zeroizing::new(vec![0xe7; 32]));
        let service = open(path, &root).await;
        let mut world = Self { path: path.to_owned(), root, service, keys: Vec::new() };
        for _ in 0..KEYS {
            let reply = world.call("CreateKey", &json!({})).await.unwrap();
            world.keys.push(Key {
                id: text(&reply["KeyMetadata"]["KeyId"]),
                is_enabled: true,
                deletion: None,
                is_deleted: false,
                schedule: None,
                rotations: Vec::new(),
                on_demand: 0,
                ciphertexts: Vec::new(),
            });
        }
        world
    }

    async fn take(&mut self, step: Step) {
        let before = self.now();
        match step {
            Step::Advance(days) => return self.advance(days).await,
            Step::Restart => {
                self.service.close().await;
                self.service = open(&self.path, &self.root).await;
                assert!(self.now() >= before, "a restart took time back");
            }
            Step::Encrypt(index) => self.encrypt(index).await,
            Step::EnableRotation(index, days) => {
                let request = json!({"RotationPeriodInDays": days});
                if self.change(index, "EnableKeyRotation", request).await {
                    let status = self.status(index).await.unwrap();
                    let next = moment(&status["NextRotationDate"]);
                    assert!(before + day() * days <= next && next <= self.now() + day() * days);
                    self.keys[index].schedule = Some((days, next));
                }
            }
            Step::DisableRotation(index) => {
                if self.change(index, "DisableKeyRotation", json!({})).await {
                    self.keys[index].schedule = None;
                }
            }
            Step::DisableKey(index) => {
                if self.change(index, "DisableKey", json!({})).await {
                    self.keys[index].is_enabled = false;
                }
            }
            Step::EnableKey(index) => {
                if self.change(index, "EnableKey", json!({})).await {
                    self.keys[index].is_enabled = true;
                    let now = self.now();
                    self.keys[index].catch_up(before, now);
                }
            }
            Step::ScheduleDeletion(index, days) => {
                let request = json!({"PendingWindowInDays": days});
                if self.change(index, "ScheduleKeyDeletion", request).await {
                    self.keys[index].deletion = Some(before + day() * days);
                }
            }
            Step::CancelDeletion(index) => {
                if self.change(index, "CancelKeyDeletion", json!({})).await {
                    self.keys[index].deletion = None;
                    self.keys[index].is_enabled = false;
                }
            }
            Step::RotateOnDemand(index) => {
                if self.change(index, "RotateKeyOnDemand", json!({})).await {
                    let now = self.now();
                    self.keys[index].on_demand += 1;
                    self.keys[index].rotations.push((before, now, "ON_DEMAND"));
                }
            }
        }
    }

    async fn encrypt(&mut self, index: usize) {
        let plaintext = text(
            &self.call("GenerateRandom", &json!({"NumberOfBytes": 24})).await.unwrap()["Plaintext"],
        );
        let request = json!({"KeyId": self.keys[index].id, "Plaintext": plaintext});
        match self.call("Encrypt", &request).await {
            Ok(reply) => {
                assert!(self.keys[index].is_usable());
                let ciphertext = text(&reply["CiphertextBlob"]);
                self.keys[index].ciphertexts.push((ciphertext, plaintext));
            }
            Err(_) => assert!(!self.keys[index].is_usable()),
        }
    }

    /// Plays time through: every date that passes is a rotation at exactly its date.
    async fn advance(&mut self, days: i32) {
        let target = self.now() + day() * days;
        self.service.travel(ClockMove::Advance(Span::new().days(days))).await.unwrap();
        let now = self.now();
        assert!(now >= target);
        for key in &mut self.keys {
            if key.deletion.is_some_and(|due| due <= now) {
                key.is_deleted = true;
            }
            let usable = key.is_usable();
            if let Some((days, next)) = key.schedule.as_mut().filter(|_| usable) {
                while *next <= now {
                    key.rotations.push((*next, *next, "AUTOMATIC"));
                    *next += day() * *days;
                }
            }
        }
    }

    /// Calls an operation on a key; whether it succeeded must be what the key's state says.
    async fn change(&self, index: usize, operation: &str, mut request: Value) -> bool {
        let key = &self.keys[index];
        request["KeyId"] = json!(key.id);
        let expected = match operation {
            _ if key.is_deleted => Err("NotFoundException"),
            "CancelKeyDeletion" if key.deletion.is_some() => Ok(()),
            "CancelKeyDeletion" => Err("KMSInvalidStateException"),
            _ if key.deletion.is_some() => Err("KMSInvalidStateException"),
            "EnableKey" | "DisableKey" | "ScheduleKeyDeletion" => Ok(()),
            _ if !key.is_enabled => Err("DisabledException"),
            "RotateKeyOnDemand" if key.on_demand == 25 => Err("LimitExceededException"),
            _ => Ok(()),
        };
        let result = self.call(operation, &request).await;
        assert_eq!(result.as_ref().err().map(String::as_str), expected.err(), "{operation}");
        result.is_ok()
    }

    async fn check(&self) {
        for (index, key) in self.keys.iter().enumerate() {
            let Some(status) = self.status(index).await else {
                assert!(key.is_deleted);
                continue;
            };
            let schedule = key.schedule.filter(|_| key.deletion.is_none());
            assert_eq!(status["KeyRotationEnabled"], json!(schedule.is_some()));
            if let Some((days, next)) = schedule {
                assert_eq!(status["RotationPeriodInDays"], json!(days));
                assert_eq!(moment(&status["NextRotationDate"]), next);
                assert!(next > self.now() || !key.is_usable(), "a rotation was missed");
            }
            let request = json!({"KeyId": key.id, "Limit": 1000});
            let listed = self.call("ListKeyRotations", &request).await.unwrap();
            let listed = listed["Rotations"].as_array().unwrap();
            assert_eq!(listed.len(), key.rotations.len(), "{listed:?} {:?}", key.rotations);
            for (entry, (earliest, latest, kind)) in listed.iter().zip(&key.rotations) {
                let date = moment(&entry["RotationDate"]);
                assert!(*earliest <= date && date <= *latest, "{earliest} {date} {latest}");
                assert_eq!(entry["RotationType"], json!(kind));
            }
            for (ciphertext, plaintext) in &key.ciphertexts {
                match self.call("Decrypt", &json!({"CiphertextBlob": ciphertext})).await {
                    Ok(reply) => {
                        assert!(key.is_usable());
                        assert_eq!(text(&reply["Plaintext"]), *plaintext);
                    }
                    Err(code) => assert!(!key.is_usable(), "{code}"),
                }
            }
        }
    }

    async fn status(&self, index: usize) -> Option<Value> {
        let request = json!({"KeyId": self.keys[index].id});
        self.call("GetKeyRotationStatus", &request).await.ok()
    }

    async fn call(&self, operation: &str, request: &Value) -> Result<Value, String> {
        let answer = unsigned::call(&self.service, "us-east-1", operation, request).await;
        answer.map_err(|error| {
            let code = text(&error["__type"]);
            assert!(REFUSALS.contains(&code.as_str()), "{operation}: {error}");
            code
        })
    }

    fn now(&self) -> Timestamp {
        self.service.clock().now()
    }
}

/// What the state of a key brings.
const REFUSALS: [&str; 4] = [
    "DisabledException",
    "KMSInvalidStateException",
    "LimitExceededException",
    "NotFoundException",
];

async fn open(path: &Path, root: &Access) -> Arc<Service> {
    let account = AccountId::parse("000000000000").unwrap();
    let settings = Settings {
        enforce: false,
        cached_keys_max: 100,
        ..Settings::new(Credentials::accepting_unknown(account, Vec::new())).unwrap()
    };
    let store = Arc::new(SqliteStore::open(path).await.unwrap());
    let root_keys = RootKeys::open(store, root.clone()).await.unwrap();
    Arc::new(Service::open(root_keys, settings).await.unwrap())
}

fn day() -> SignedDuration {
    SignedDuration::from_hours(24)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds of this age fit")]
fn moment(value: &Value) -> Timestamp {
    Timestamp::from_millisecond((value.as_f64().unwrap() * 1000.0).round() as i64).unwrap()
}
