//! Imported key material at random: imports of new and existing material, rotations, deletions,
//! expirations that were or were not swept up yet, disabled and doomed keys. Each step answers, and
//! leaves the key, as a small model says that knows nothing of how it is done.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;
use trent_api::enums::{
    ExpirationModelType, ImportState, ImportType, KeyMaterialState, KeyState, OriginType,
    RotationType,
};
use trent_api::{ErrorCode, KmsError, Operation};
use trent_core::import::{NewImport, valid_to};
use trent_core::key_material::Sealed;
use trent_core::key_state::check_key_state;
use trent_core::lifecycle::{NewKey, NewKind};
use trent_core::rotation::AllKeyMaterial;
use trent_core::{AccountId, KeyId, KeyMaterialId, KmsKey, Region};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// So many different materials there are.
const MATERIALS: u8 = 5;

#[derive(Clone, Debug)]
struct ImportStep {
    number: u8,
    import_type: Option<ImportType>,
    expected: Option<u8>,
    description: Option<u8>,
    hours: Option<i64>,
}

#[derive(Clone, Debug)]
enum Step {
    Import(ImportStep),
    Delete(Option<u8>),
    Rotate,
    Sweep,
    Disable,
    Enable,
    ScheduleDeletion,
    CancelDeletion,
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let number = 0..MATERIALS;
    let import_type = prop_oneof![
        3 => Just(None),
        3 => Just(Some(ImportType::NewKeyMaterial)),
        3 => Just(Some(ImportType::ExistingKeyMaterial)),
    ];
    let expected = prop_oneof![4 => Just(None), 1 => number.clone().prop_map(Some)];
    let hours =
        prop_oneof![2 => Just(None), 1 => (1..=48_i64).prop_map(Some), 1 => Just(Some(8760))];
    let import = (number.clone(), import_type, expected, prop::option::of(any::<u8>()), hours)
        .prop_map(|(number, import_type, expected, description, hours)| {
            Step::Import(ImportStep { number, import_type, expected, description, hours })
        });
    prop_oneof![
        12 => import,
        2 => prop::option::of(number).prop_map(Step::Delete),
        6 => Just(Step::Rotate),
        2 => Just(Step::Sweep),
        1 => Just(Step::Disable),
        2 => Just(Step::Enable),
        1 => Just(Step::ScheduleDeletion),
        2 => Just(Step::CancelDeletion),
        3 => prop_oneof![5 => 0..=48_i64, 1 => Just(9000)].prop_map(Step::Wait),
    ]
}

/// What the model knows of a material: no bytes, only whether they are here.
#[derive(Clone, Debug, PartialEq)]
struct Material {
    number: u8,
    is_here: bool,
    expires: Option<Timestamp>,
    description: Option<u8>,
}

impl Material {
    fn is_usable(&self, now: Timestamp) -> bool {
        self.is_here && self.expires.is_none_or(|expires| now < expires)
    }

    fn has_expired(&self, now: Timestamp) -> bool {
        self.is_here && !self.is_usable(now)
    }
}

/// A key with imported material: the table "Imported key material".
#[derive(Clone, Debug)]
struct Model {
    permanent: Vec<Material>,
    pending: Option<Material>,
    rotations: usize,
    is_enabled: bool,
    is_doomed: bool,
}

impl Model {
    fn state(&self, now: Timestamp) -> KeyState {
        let is_complete =
            !self.permanent.is_empty() && self.permanent.iter().all(|one| one.is_usable(now));
        match (self.is_doomed, is_complete, self.is_enabled) {
            (true, _, _) => KeyState::PendingDeletion,
            (false, false, _) => KeyState::PendingImport,
            (false, true, true) => KeyState::Enabled,
            (false, true, false) => KeyState::Disabled,
        }
    }

    fn import(&mut self, step: &ImportStep, now: Timestamp) -> Result<(), ErrorCode> {
        let before = self.state(now);
        let is_new = match step.import_type {
            Some(given) => given == ImportType::NewKeyMaterial,
            None => self.permanent.is_empty(),
        };
        let material = Material {
            number: step.number,
            is_here: true,
            expires: step.hours.map(|hours| now + HOUR * i32::try_from(hours).unwrap()),
            description: step.description,
        };
        if is_new {
            self.import_new(step, material)?;
        } else {
            self.import_existing(step, &material)?;
        }
        if before == KeyState::PendingImport && self.state(now) != KeyState::PendingImport {
            self.is_enabled = true;
        }
        Ok(())
    }

    fn import_new(&mut self, step: &ImportStep, material: Material) -> Result<(), ErrorCode> {
        if step.expected.is_some() {
            return Err(ErrorCode::Validation);
        }
        if self.permanent.iter().any(|one| one.number == step.number) {
            return Err(ErrorCode::IncorrectKeyMaterial);
        }
        if self.pending.as_ref().is_some_and(|one| one.number != step.number) {
            return Err(ErrorCode::KmsInvalidState);
        }
        if self.permanent.is_empty() {
            self.permanent.push(material);
        } else {
            self.pending = Some(material);
        }
        Ok(())
    }

    fn import_existing(&mut self, step: &ImportStep, material: &Material) -> Result<(), ErrorCode> {
        let is_expected = step.expected.is_none_or(|expected| expected == step.number);
        let found = self
            .permanent
            .iter_mut()
            .chain(&mut self.pending)
            .find(|one| one.number == step.number && is_expected)
            .ok_or(ErrorCode::IncorrectKeyMaterial)?;
        let description = material.description.or(found.description);
        *found = Material { description, ..material.clone() };
        Ok(())
    }

    fn delete(&mut self, number: Option<u8>) -> Result<Option<u8>, ErrorCode> {
        let Some(number) = number.or_else(|| Some(self.permanent.last()?.number)) else {
            return Ok(None);
        };
        if self.pending.as_ref().is_some_and(|one| one.number == number) {
            self.pending = None;
        } else {
            let mut permanent = self.permanent.iter_mut();
            let found = permanent.find(|one| one.number == number).ok_or(ErrorCode::NotFound)?;
            found.is_here = false;
        }
        Ok(Some(number))
    }

    fn rotate(&mut self, now: Timestamp) -> Result<(), ErrorCode> {
        match self.state(now) {
            KeyState::Enabled => {}
            KeyState::Disabled => return Err(ErrorCode::Disabled),
            _ => return Err(ErrorCode::KmsInvalidState),
        }
        if self.rotations == 25 {
            return Err(ErrorCode::LimitExceeded);
        }
        let pending = self.pending.take_if(|one| one.is_usable(now));
        self.permanent.push(pending.ok_or(ErrorCode::KmsInvalidState)?);
        self.rotations += 1;
        Ok(())
    }

    /// Takes away what has expired; tells what it was.
    fn sweep(&mut self, now: Timestamp) -> Vec<u8> {
        let mut gone = Vec::new();
        for one in self.permanent.iter_mut().filter(|one| one.has_expired(now)) {
            one.is_here = false;
            gone.push(one.number);
        }
        gone.extend(self.pending.take_if(|one| one.has_expired(now)).map(|one| one.number));
        gone
    }

    fn switch(&mut self, on: bool, now: Timestamp) -> Result<(), ErrorCode> {
        if !matches!(self.state(now), KeyState::Enabled | KeyState::Disabled) {
            return Err(ErrorCode::KmsInvalidState);
        }
        self.is_enabled = on;
        Ok(())
    }
}

fn id(number: u8) -> KeyMaterialId {
    KeyMaterialId([number + 1; 32])
}

fn external_key(now: Timestamp) -> KmsKey {
    let new = NewKey {
        account: AccountId::parse("111122223333").unwrap(),
        region: Region::parse("us-east-1").unwrap(),
        id: KeyId::parse("1234abcd-12ab-34cd-56ef-1234567890ab").unwrap(),
        description: String::new(),
        policy: "{}".to_owned(),
        tags: BTreeMap::new(),
    };
    let kind = NewKind { origin: OriginType::External, ..NewKind::SYMMETRIC };
    KmsKey::new(new, kind, Vec::new(), now)
}

/// What is imported by a step, the way a request is read.
fn new_import(step: &ImportStep, now: Timestamp) -> NewImport {
    let (model, date) = match step.hours {
        Some(hours) => (None, Some(now + HOUR * i32::try_from(hours).unwrap())),
        None => (Some(ExpirationModelType::KeyMaterialDoesNotExpire), None),
    };
    NewImport {
        id: id(step.number),
        sealed: Sealed(vec![step.number]),
        public_key: None,
        import_type: step.import_type,
        expected_id: step.expected.map(id),
        description: step.description.map(|description| description.to_string()),
        valid_to: valid_to(model, date, now).unwrap(),
    }
}

/// Does what an operation does with the key, after the check of its state.
fn operate<T>(
    key: &mut KmsKey,
    operation: Operation,
    now: Timestamp,
    change: impl FnOnce(&KmsKey) -> Result<(KmsKey, T), KmsError>,
) -> Result<T, ErrorCode> {
    check_key_state(operation, key, now).map_err(|error| error.code())?;
    let (changed, answer) = change(key).map_err(|error| error.code())?;
    *key = changed;
    Ok(answer)
}

fn rotated(key: &KmsKey, now: Timestamp) -> Result<(KmsKey, ()), KmsError> {
    let begun = key.with_on_demand_rotation(now, SignedDuration::ZERO)?;
    let made = || -> Result<(KeyMaterialId, Sealed), KmsError> {
        Err(KmsError::internal("imported material is never made"))
    };
    Ok((begun.rotated(RotationType::OnDemand, made, now)?, ()))
}

struct World {
    key: KmsKey,
    model: Model,
    now: Timestamp,
}

impl World {
    fn new() -> Self {
        let now = "2024-01-01T00:00:00.123Z".parse().unwrap();
        let model = Model {
            permanent: Vec::new(),
            pending: None,
            rotations: 0,
            is_enabled: true,
            is_doomed: false,
        };
        Self { key: external_key(now), model, now }
    }

    fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        let (key, model, now) = (&mut self.key, &mut self.model, self.now);
        match step {
            Step::Import(step) => {
                let is_first = step.import_type.is_none() && model.permanent.is_empty();
                let expected = step.expected.filter(|_| !is_first);
                let step = ImportStep { expected, ..step };
                let import = new_import(&step, now);
                let answer = operate(key, Operation::ImportKeyMaterial, now, |key| {
                    Ok((key.with_import(import, now)?, ()))
                });
                prop_assert_eq!(answer, model.import(&step, now));
            }
            Step::Delete(number) => {
                let operation = Operation::DeleteImportedKeyMaterial;
                let answer = operate(key, operation, now, |key| key.without_import(number.map(id)));
                prop_assert_eq!(answer, model.delete(number).map(|number| number.map(id)));
            }
            Step::Rotate => {
                let answer =
                    operate(key, Operation::RotateKeyOnDemand, now, |key| rotated(key, now));
                prop_assert_eq!(answer, model.rotate(now));
            }
            Step::Sweep => {
                let (swept, gone) = key.without_expired(now);
                let expected: Vec<_> = model.sweep(now).into_iter().map(id).collect();
                prop_assert_eq!(gone, expected);
                *key = swept;
            }
            Step::Disable => {
                let answer =
                    operate(key, Operation::DisableKey, now, |key| Ok((key.disabled(), ())));
                prop_assert_eq!(answer, model.switch(false, now));
            }
            Step::Enable => {
                let answer = operate(key, Operation::EnableKey, now, |key| Ok((key.enabled(), ())));
                prop_assert_eq!(answer, model.switch(true, now));
            }
            Step::ScheduleDeletion => {
                let answer = operate(key, Operation::ScheduleKeyDeletion, now, |key| {
                    Ok((key.scheduled_for_deletion(30, now)?, ()))
                });
                prop_assert_eq!(answer.is_ok(), !model.is_doomed);
                model.is_doomed = true;
            }
            Step::CancelDeletion => {
                let answer = operate(key, Operation::CancelKeyDeletion, now, |key| {
                    Ok((key.deletion_cancelled(), ()))
                });
                prop_assert_eq!(answer.is_ok(), model.is_doomed);
                if model.is_doomed {
                    (model.is_doomed, model.is_enabled) = (false, false);
                }
            }
            Step::Wait(hours) => self.now = now + HOUR * i32::try_from(hours).unwrap(),
        }
        self.check()
    }

    /// The key is what the model says, in all that the API shows of it.
    fn check(&self) -> Result<(), TestCaseError> {
        let (key, model, now) = (&self.key, &self.model, self.now);
        let state = model.state(now);
        prop_assert_eq!(key.state(now), state);
        let (swept, _) = key.without_expired(now);
        prop_assert_eq!(swept.state(now), state, "whether it is swept up makes no difference");
        prop_assert_eq!(swept.without_expired(now), (swept.clone(), Vec::new()));
        let record = serde_json::to_vec(key).unwrap();
        prop_assert_eq!(&serde_json::from_slice::<KmsKey>(&record).unwrap(), key);
        let expirations = model.permanent.iter().chain(&model.pending);
        prop_assert_eq!(
            key.next_expiration(),
            expirations.filter(|one| one.is_here).filter_map(|one| one.expires).min()
        );
        prop_assert_eq!(usize::from(key.on_demand_rotations.count), model.rotations);
        self.check_metadata()?;
        self.check_list()
    }

    fn check_metadata(&self) -> Result<(), TestCaseError> {
        let (model, now) = (&self.model, self.now);
        let metadata = self.key.metadata(now);
        prop_assert_eq!(metadata.enabled, Some(model.state(now) == KeyState::Enabled));
        let current = model.permanent.last().map(|one| id(one.number).to_string());
        prop_assert_eq!(metadata.current_key_material_id, current);
        let is_complete =
            !model.permanent.is_empty() && model.permanent.iter().all(|one| one.is_usable(now));
        let expires = model.permanent.iter().filter_map(|one| one.expires).min();
        let expires = expires.filter(|_| is_complete);
        prop_assert_eq!(metadata.valid_to.map(|date| date.0), expires);
        let expected = is_complete.then_some(match expires {
            Some(_) => ExpirationModelType::KeyMaterialExpires,
            None => ExpirationModelType::KeyMaterialDoesNotExpire,
        });
        prop_assert_eq!(metadata.expiration_model, expected);
        Ok(())
    }

    fn check_list(&self) -> Result<(), TestCaseError> {
        let (model, now) = (&self.model, self.now);
        let pending_state = KeyMaterialState::PendingRotation;
        let all = self.key.rotations(AllKeyMaterial::Yes, pending_state, now);
        let rotations = self.key.rotations(AllKeyMaterial::No, pending_state, now);
        prop_assert_eq!(rotations.len(), model.rotations);
        prop_assert!(rotations.iter().all(|entry| all.contains(entry)));
        let dates: Vec<_> = rotations.iter().map(|entry| entry.rotation_date.unwrap().0).collect();
        prop_assert!(dates.is_sorted());
        prop_assert_eq!(all.len(), model.permanent.len() + usize::from(model.pending.is_some()));
        for (index, material) in model.permanent.iter().chain(&model.pending).enumerate() {
            let (entry, count) = (&all[index], model.permanent.len());
            let state = match index {
                _ if index + 1 < count => KeyMaterialState::NonCurrent,
                _ if index + 1 == count => KeyMaterialState::Current,
                _ => KeyMaterialState::PendingRotation,
            };
            prop_assert_eq!(entry.key_material_id.clone(), Some(id(material.number).to_string()));
            prop_assert_eq!(entry.key_material_state, Some(state));
            let description = material.description.map(|description| description.to_string());
            prop_assert_eq!(entry.key_material_description.clone(), description);
            let (import_state, expires) = if material.is_usable(now) {
                (ImportState::Imported, material.expires)
            } else {
                (ImportState::PendingImport, None)
            };
            prop_assert_eq!(entry.import_state, Some(import_state));
            prop_assert_eq!(entry.valid_to.map(|date| date.0), expires);
            let was_rotated_to = index > 0 && index < count;
            prop_assert_eq!(entry.rotation_date.is_some(), was_rotated_to);
            let kind = was_rotated_to.then_some(RotationType::OnDemand);
            prop_assert_eq!(entry.rotation_type, kind);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn imported_material_comes_waits_and_goes_as_the_model_says(
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut world = World::new();
        world.check()?;
        for step in steps {
            world.take(step)?;
        }
    }

    #[test]
    fn material_expires_at_most_365_days_ahead_or_not_at_all(
        millis in -10 * YEAR..10 * YEAR,
        model in prop_oneof![
            Just(None),
            Just(Some(ExpirationModelType::KeyMaterialExpires)),
            Just(Some(ExpirationModelType::KeyMaterialDoesNotExpire)),
        ],
        is_given in any::<bool>(),
    ) {
        let now: Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
        let date = is_given.then(|| now + SignedDuration::from_millis(millis));
        let expires = model != Some(ExpirationModelType::KeyMaterialDoesNotExpire);
        let is_in_range = (1..=YEAR).contains(&millis);
        let answer = valid_to(model, date, now);
        match (expires, is_given) {
            (false, false) => prop_assert_eq!(answer.unwrap(), None),
            (true, true) if is_in_range => prop_assert_eq!(answer.unwrap(), date),
            _ => prop_assert_eq!(answer.unwrap_err().code(), ErrorCode::Validation),
        }
    }
}

/// 365 days in milliseconds.
const YEAR: i64 = 365 * 24 * 60 * 60 * 1000;

fn import(number: u8, import_type: Option<ImportType>) -> Step {
    Step::Import(ImportStep { number, import_type, expected: None, description: None, hours: None })
}

#[test]
fn a_key_rotates_to_25_imported_materials() {
    let mut world = World::new();
    for number in 0..=25 {
        world.take(import(number, Some(ImportType::NewKeyMaterial))).unwrap();
        if number > 0 {
            world.take(Step::Rotate).unwrap();
        }
    }
    assert_eq!(world.model.rotations, 25);
    world.take(import(26, Some(ImportType::NewKeyMaterial))).unwrap();
    world.take(Step::Rotate).unwrap();
    assert_eq!(world.model.rotations, 25);
    assert_eq!(world.model.permanent.len(), 26);
    let error = rotated(&world.key, world.now).unwrap_err();
    assert_eq!(error.code(), ErrorCode::LimitExceeded);
}

#[test]
fn the_refusal_of_a_second_pending_material_names_both() {
    let mut world = World::new();
    for number in [0, 1] {
        world.take(import(number, Some(ImportType::NewKeyMaterial))).unwrap();
    }
    let step = ImportStep {
        number: 2,
        import_type: Some(ImportType::NewKeyMaterial),
        expected: None,
        description: None,
        hours: None,
    };
    let error = world.key.with_import(new_import(&step, world.now), world.now).unwrap_err();
    let expected = format!(
        "New key material (id: {}) cannot be imported into KMS key {}, because another key \
         material (id: {}) is pending rotation.",
        id(2),
        world.key.id,
        id(1)
    );
    assert_eq!(error.message(), Some(expected.as_str()));
}
