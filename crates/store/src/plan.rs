//! What a batch of change sets comes to: which sets hold, and at most one write for each record.
//! Pure: whoever calls it has read the versions of the records, and has locked out everybody else.

use std::collections::HashMap;

use crate::record::{Change, RecordId};
use crate::writer::Work;

/// What has to be written, in this order.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Plan<'a> {
    /// For each work, whether its preconditions hold.
    pub(crate) held: Vec<bool>,
    /// All records that are stored are removed first.
    pub(crate) clears: bool,
    /// Records with the version that is stored.
    pub(crate) removals: Vec<(&'a RecordId, u64)>,
    /// In the order in which they are to be written.
    pub(crate) insertions: Vec<Write<'a>>,
    /// With the version that is stored.
    pub(crate) updates: Vec<(Write<'a>, u64)>,
    pub(crate) reseals: Vec<(&'a RecordId, u64, &'a [u8])>,
    /// The records whose content is another afterwards, each once.
    pub(crate) changed: Vec<&'a RecordId>,
}

/// A record with its new content.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Write<'a> {
    pub(crate) id: &'a RecordId,
    pub(crate) version: u64,
    pub(crate) sealed: &'a [u8],
    pub(crate) owner: Option<&'a str>,
    pub(crate) due_at: Option<i64>,
}

impl<'a> Plan<'a> {
    /// Judges all `works` in order over `stored`, the versions of the records that are there.
    pub(crate) fn of(works: &'a [Work], stored: &HashMap<&RecordId, u64>) -> Self {
        let mut records = Records { stored, known: HashMap::new(), clears: false, written: 0 };
        let held = works.iter().map(|work| records.take(work)).collect();
        let mut plan = Plan { held, clears: records.clears, ..Plan::default() };
        let mut insertions = Vec::new();
        for (id, known) in records.known {
            let is_removed = known.stored > 0 && (known.is_removed || known.version == 0);
            if is_removed {
                plan.removals.push((id, known.stored));
            }
            if is_removed || matches!(known.effect, Effect::Write(_)) {
                plan.changed.push(id);
            }
            match known.effect {
                Effect::Nothing => {}
                Effect::Write(write) if is_removed || known.stored == 0 => {
                    insertions.push((known.inserted, write));
                }
                Effect::Write(write) => plan.updates.push((write, known.stored)),
                Effect::Reseal(sealed) => plan.reseals.push((id, known.stored, sealed)),
            }
        }
        insertions.sort_unstable_by_key(|(inserted, _)| *inserted);
        plan.insertions = insertions.into_iter().map(|(_, write)| write).collect();
        plan
    }

    pub(crate) fn writes_nothing(&self) -> bool {
        !self.clears && self.reseals.is_empty() && self.changed.is_empty()
    }
}

/// The ids of all records that `works` touch, each once.
pub(crate) fn touched(works: &[Work]) -> Vec<&RecordId> {
    let sets = works.iter().filter_map(|work| match work {
        Work::Commit(changes) => Some(changes),
        Work::Clear => None,
    });
    let mut ids: Vec<_> = sets.flatten().map(id_of).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The records as they are in the middle of the batch.
struct Records<'a, 's> {
    stored: &'s HashMap<&'s RecordId, u64>,
    known: HashMap<&'a RecordId, Known<'a>>,
    clears: bool,
    /// Counts insertions.
    written: u64,
}

struct Known<'a> {
    /// The version in the database, 0 if it is not there.
    stored: u64,
    /// Whether what is stored was removed meanwhile.
    is_removed: bool,
    /// The version now, 0 if it is not there.
    version: u64,
    effect: Effect<'a>,
    /// Its place among the insertions.
    inserted: u64,
}

enum Effect<'a> {
    Nothing,
    Write(Write<'a>),
    Reseal(&'a [u8]),
}

impl<'a> Records<'a, '_> {
    /// Does `work` if it holds; tells whether it does.
    fn take(&mut self, work: &'a Work) -> bool {
        match work {
            Work::Commit(changes) => {
                let holds = self.holds(changes);
                if holds {
                    for change in changes {
                        self.apply(change);
                    }
                }
                holds
            }
            Work::Clear => {
                self.known.clear();
                self.clears = true;
                true
            }
        }
    }

    fn holds(&self, changes: &[Change]) -> bool {
        let mut after = HashMap::new();
        changes.iter().all(|change| {
            let id = id_of(change);
            let version = after.get(id).copied().unwrap_or_else(|| self.version(id));
            let (expected, next) = match change {
                Change::Put(record) => (record.version - 1, record.version),
                Change::Reseal { version, .. } | Change::Expect { version, .. } => {
                    (*version, *version)
                }
                Change::Delete { version, .. } => (*version, 0),
                Change::Restore(record) => (0, record.version),
                Change::ExpectAbsent { .. } => (0, 0),
            };
            after.insert(id, next);
            version == expected
        })
    }

    fn version(&self, id: &RecordId) -> u64 {
        self.known.get(id).map_or_else(|| self.stored(id), |known| known.version)
    }

    fn stored(&self, id: &RecordId) -> u64 {
        if self.clears { 0 } else { self.stored.get(id).copied().unwrap_or(0) }
    }

    /// Does a change whose precondition holds.
    fn apply(&mut self, change: &'a Change) {
        let id = id_of(change);
        let stored = self.stored(id);
        let known = self.known.entry(id).or_insert(Known {
            stored,
            is_removed: false,
            version: stored,
            effect: Effect::Nothing,
            inserted: 0,
        });
        match change {
            Change::Put(record) | Change::Restore(record) => {
                if known.version == 0 {
                    self.written += 1;
                    known.inserted = self.written;
                }
                known.version = record.version;
                known.effect = Effect::Write(Write {
                    id,
                    version: record.version,
                    sealed: &record.sealed,
                    owner: record.owner.as_deref(),
                    due_at: record.due_at,
                });
            }
            Change::Reseal { sealed, .. } => match &mut known.effect {
                Effect::Write(write) => write.sealed = sealed,
                effect => *effect = Effect::Reseal(sealed),
            },
            Change::Delete { .. } => {
                known.version = 0;
                known.is_removed = known.stored > 0;
                known.effect = Effect::Nothing;
            }
            Change::Expect { .. } | Change::ExpectAbsent { .. } => {}
        }
    }
}

fn id_of(change: &Change) -> &RecordId {
    match change {
        Change::Put(record) | Change::Restore(record) => &record.id,
        Change::Reseal { id, .. }
        | Change::Delete { id, .. }
        | Change::Expect { id, .. }
        | Change::ExpectAbsent { id } => id,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::record::{Kind, Record};

    fn id(name: u8) -> RecordId {
        let [account, region] = [String::new(), String::new()];
        RecordId { kind: Kind::Key, account, region, name: name.to_string() }
    }

    /// Records in the order in which they were first written: id, version, content.
    type Table = Vec<(RecordId, u64, Vec<u8>)>;

    /// What the words of `Change` say, one change after the other.
    fn apply(table: &mut Table, change: &Change) -> bool {
        let found = table.iter().position(|(id, ..)| id == id_of(change));
        let version = found.map_or(0, |at| table[at].1);
        match (change, found) {
            (Change::Put(record), _) if record.version != version + 1 => return false,
            (Change::Put(record), Some(at)) => {
                table[at] = (record.id.clone(), record.version, record.sealed.clone());
            }
            (Change::Put(record), None) => {
                table.push((record.id.clone(), 1, record.sealed.clone()));
            }
            (Change::Restore(record), None) => {
                table.push((record.id.clone(), record.version, record.sealed.clone()));
            }
            (Change::Restore(_), Some(_)) => return false,
            (Change::ExpectAbsent { .. }, found) => return found.is_none(),
            (
                Change::Reseal { version: expected, .. }
                | Change::Delete { version: expected, .. }
                | Change::Expect { version: expected, .. },
                _,
            ) if *expected != version => return false,
            (Change::Reseal { sealed, .. }, Some(at)) => table[at].2.clone_from(sealed),
            (Change::Delete { .. }, Some(at)) => drop(table.remove(at)),
            _ => {}
        }
        true
    }

    /// What the database does with a plan.
    fn execute(table: &mut Table, plan: &Plan<'_>) {
        if plan.clears {
            table.clear();
        }
        for (id, version) in &plan.removals {
            let at = table.iter().position(|(known, ..)| known == *id).unwrap();
            assert_eq!(table.remove(at).1, *version);
        }
        for (id, version, sealed) in &plan.reseals {
            let row = table.iter_mut().find(|(known, ..)| known == *id).unwrap();
            assert_eq!(row.1, *version);
            row.2 = sealed.to_vec();
        }
        for (write, stored) in &plan.updates {
            let row = table.iter_mut().find(|(known, ..)| known == write.id).unwrap();
            assert_eq!(row.1, *stored);
            *row = (write.id.clone(), write.version, write.sealed.to_vec());
        }
        for write in &plan.insertions {
            assert!(table.iter().all(|(known, ..)| known != write.id));
            table.push((write.id.clone(), write.version, write.sealed.to_vec()));
        }
    }

    /// A change of a kind, of one of few records; wrong ones have the version of another moment.
    #[derive(Clone, Copy, Debug)]
    struct Idea {
        kind: u8,
        name: u8,
        is_wrong: bool,
        byte: u8,
    }

    impl Idea {
        fn any() -> impl Strategy<Value = Self> {
            let numbers = (0..6_u8, 0..4_u8, prop::bool::weighted(0.1), any::<u8>());
            numbers.prop_map(|(kind, name, is_wrong, byte)| Self { kind, name, is_wrong, byte })
        }

        /// The change that holds for the records of `table`, or does not.
        fn over(self, table: &Table) -> Change {
            let (id, sealed) = (id(self.name), vec![self.byte]);
            let found = table.iter().find(|(known, ..)| *known == id);
            let version = found.map_or(0, |(_, version, _)| *version) + u64::from(self.is_wrong);
            match self.kind {
                0 => {
                    let version = version + 1;
                    Change::Put(Record { id, version, sealed, owner: None, due_at: None })
                }
                1 => Change::Delete { id, version: version.max(1) },
                2 => Change::Expect { id, version: version.max(1) },
                3 => Change::ExpectAbsent { id },
                4 => {
                    let version = version + 3;
                    Change::Restore(Record { id, version, sealed, owner: None, due_at: None })
                }
                _ => Change::Reseal { id, version: version.max(1), sealed },
            }
        }
    }

    /// Change sets of what holds for the most part; the empty one is to be `Clear`.
    fn works(table: &Table, sets: Vec<Vec<Idea>>) -> Vec<Work> {
        let mut table = table.clone();
        let mut works = Vec::new();
        for ideas in sets {
            if ideas.is_empty() {
                table.clear();
                works.push(Work::Clear);
                continue;
            }
            let mut tried = table.clone();
            let mut all_hold = true;
            let mut changes = Vec::new();
            for idea in ideas {
                let change = idea.over(&tried);
                let holds = apply(&mut tried, &change);
                // Most of what does not hold is left out.
                if holds || idea.is_wrong {
                    all_hold &= holds;
                    changes.push(change);
                }
            }
            if all_hold {
                table = tried;
            }
            works.push(Work::Commit(changes));
        }
        works
    }

    fn sets() -> impl Strategy<Value = Vec<Vec<Idea>>> {
        let set = prop_oneof![
            30 => prop::collection::vec(Idea::any(), 1..6),
            1 => Just(Vec::new()),
        ];
        prop::collection::vec(set, 1..8)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn a_plan_comes_to_the_same_as_one_change_after_the_other(
            batches in prop::collection::vec(sets(), 1..6)
        ) {
            let (mut one_by_one, mut planned) = (Table::new(), Table::new());
            for sets in batches {
                let works = works(&one_by_one, sets);
                let before: BTreeMap<_, _> =
                    one_by_one.iter().map(|(id, _, sealed)| (id.clone(), sealed.clone())).collect();
                let held: Vec<bool> = works
                    .iter()
                    .map(|work| {
                        let Work::Commit(changes) = work else {
                            one_by_one.clear();
                            return true;
                        };
                        let mut tried = one_by_one.clone();
                        let holds = changes.iter().all(|change| apply(&mut tried, change));
                        if holds {
                            one_by_one = tried;
                        }
                        holds
                    })
                    .collect();
                let stored = planned.clone();
                let stored = stored.iter().map(|(id, version, _)| (id, *version)).collect();
                let plan = Plan::of(&works, &stored);
                execute(&mut planned, &plan);
                prop_assert_eq!(&plan.held, &held);
                prop_assert_eq!(&planned, &one_by_one);
                let is_nothing = plan == Plan { held, ..Plan::default() };
                prop_assert_eq!(plan.writes_nothing(), is_nothing);
                // Whoever is told of the changes knows of all that are others now.
                let after: BTreeMap<_, _> =
                    one_by_one.iter().map(|(id, _, sealed)| (id.clone(), sealed.clone())).collect();
                let resealed: Vec<_> = plan.reseals.iter().map(|(id, ..)| *id).collect();
                for name in 0..4 {
                    let id = &id(name);
                    let is_told = plan.clears || plan.changed.contains(&id);
                    let is_other = before.get(id) != after.get(id);
                    prop_assert!(is_told || !is_other || resealed.contains(&id));
                }
            }
        }
    }
}
