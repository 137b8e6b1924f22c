//! The cache of opened KMS keys and aliases: bounded, never older than the last commit here, and, by
//! those of other nodes, than `freshness.rs` permits.

use crate::error::Damaged;
use crate::measures::CacheCounts;
use crate::records::Versioned;
use moka::sync::Cache as Moka;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher, Hash};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use trent_core::{AccountId, Alias, AliasName, Grant, KeyArn, KmsKey, Region};
use trent_iam::policy::{Policy, PolicyKind};
use trent_keystore::materials::Materials;

/// A KMS key ready for use: its record opened, its key material too.
pub(crate) struct OpenKey {
    pub(crate) key: Versioned<KmsKey>,
    pub(crate) materials: Materials,
    policy: OnceLock<Result<Policy, Damaged>>,
}

impl OpenKey {
    pub(crate) fn new(key: Versioned<KmsKey>, materials: Materials) -> Self {
        Self { key, materials, policy: OnceLock::new() }
    }

    /// The key policy, parsed when it is first asked for.
    pub(crate) fn policy(&self) -> Result<&Policy, Damaged> {
        let parse = || {
            let key = &self.key.value;
            let partition = key.region.partition();
            let policy = Policy::parse_in(&key.policy, PolicyKind::Resource, partition);
            let mut policy = policy.map_err(|error| Damaged {
                record: format!("the policy of {}", key.arn()),
                cause: error.to_string(),
            })?;
            policy.bind_principals(|arn| key.policy_principals.get(arn).cloned());
            Ok(policy)
        };
        self.policy.get_or_init(parse).as_ref().map_err(Clone::clone)
    }
}

/// The grants of one key by their grantees.
pub(crate) type GrantsByGrantee = HashMap<String, Vec<Grant>>;

pub(crate) type AliasId = (AccountId, Region, AliasName);

pub(crate) struct Cache {
    keys: Counted<KeyArn, Arc<OpenKey>>,
    aliases: Counted<AliasId, Arc<Versioned<Alias>>>,
    grants: Counted<KeyArn, Arc<GrantsByGrantee>>,
    /// How many commits there were that changed something of each part. A part is held while
    /// something of it is put in or thrown out, so that nothing that was read before a commit is put
    /// in after it.
    commits: Vec<Mutex<u64>>,
}

/// Shows how far commits had come when something was read.
#[derive(Clone, Copy)]
pub(crate) struct ReadMark(u64);

impl Cache {
    pub(crate) fn new(keys_max: u64) -> Self {
        Self {
            keys: Counted::new(keys_max),
            aliases: Counted::new(keys_max),
            grants: Counted::new(keys_max.min(GRANTED_KEYS_MAX)),
            commits: (0..PARTS).map(|_| Mutex::default()).collect(),
        }
    }

    /// What each has done, by name.
    pub(crate) fn counts(&self) -> [(&'static str, CacheCounts); 3] {
        [
            ("keys", self.keys.counts()),
            ("aliases", self.aliases.counts()),
            ("grants", self.grants.counts()),
        ]
    }

    pub(crate) fn key(&self, arn: &KeyArn) -> Option<Arc<OpenKey>> {
        self.keys.get(arn)
    }

    pub(crate) fn alias(&self, id: &AliasId) -> Option<Arc<Versioned<Alias>>> {
        self.aliases.get(id)
    }

    pub(crate) fn grants(&self, arn: &KeyArn) -> Option<Arc<GrantsByGrantee>> {
        self.grants.get(arn)
    }

    /// Forgets the grants of a key if this one, which is in the store, is not among them.
    pub(crate) fn meet_grant(&self, grant: &Grant) {
        let arn = grant.key_arn();
        if let Some(known) = self.grants.entries.get(&arn) {
            let of_grantee = known.get(grant.terms.grantee.as_str());
            if !of_grantee.is_some_and(|all| all.iter().any(|one| one.id == grant.id)) {
                self.forget(&[], &[], &[arn]);
            }
        }
    }

    /// To be taken before `id` is read from the store: the key, the alias, or the key whose grants
    /// are read.
    pub(crate) fn mark(&self, id: &impl Hash) -> ReadMark {
        ReadMark(*self.part(id))
    }

    /// Keeps a key that was read after `mark`, unless there was a commit since.
    pub(crate) fn keep_key(&self, mark: ReadMark, arn: KeyArn, key: &Arc<OpenKey>) {
        let commits = self.part(&arn);
        if *commits == mark.0 {
            self.keys.insert(arn, Arc::clone(key));
        }
    }

    /// Keeps an alias that was read after `mark`, unless there was a commit since.
    pub(crate) fn keep_alias(&self, mark: ReadMark, id: AliasId, alias: &Arc<Versioned<Alias>>) {
        let commits = self.part(&id);
        if *commits == mark.0 {
            self.aliases.insert(id, Arc::clone(alias));
        }
    }

    /// Keeps the grants of a key that were read after `mark`, unless there was a commit since.
    pub(crate) fn keep_grants(&self, mark: ReadMark, arn: KeyArn, grants: &Arc<GrantsByGrantee>) {
        let commits = self.part(&arn);
        if *commits == mark.0 {
            self.grants.insert(arn, Arc::clone(grants));
        }
    }

    /// Throws out what a commit changed: keys, aliases, and the grants of keys. To be called after
    /// the commit and before its answer.
    pub(crate) fn forget(&self, keys: &[KeyArn], aliases: &[AliasId], granted: &[KeyArn]) {
        for arn in keys {
            let mut commits = self.part(arn);
            *commits = commits.wrapping_add(1);
            self.keys.invalidate(arn);
        }
        for id in aliases {
            let mut commits = self.part(id);
            *commits = commits.wrapping_add(1);
            self.aliases.invalidate(id);
        }
        for arn in granted {
            let mut commits = self.part(arn);
            *commits = commits.wrapping_add(1);
            self.grants.invalidate(arn);
        }
    }

    /// Throws out everything.
    pub(crate) fn clear(&self) {
        let mut parts: Vec<_> = self.commits.iter().map(locked).collect();
        for commits in &mut parts {
            **commits = commits.wrapping_add(1);
        }
        self.keys.invalidate_all();
        self.aliases.invalidate_all();
        self.grants.invalidate_all();
    }

    fn part(&self, id: &impl Hash) -> MutexGuard<'_, u64> {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(id);
        let index = usize::try_from(hash % PARTS).unwrap_or_default();
        locked(&self.commits[index])
    }
}

fn locked(commits: &Mutex<u64>) -> MutexGuard<'_, u64> {
    commits.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A cache that counts how often it helps.
struct Counted<K, V> {
    entries: Moka<K, V>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl<K: Eq + Hash + Send + Sync + 'static, V: Clone + Send + Sync + 'static> Counted<K, V> {
    fn new(entries_max: u64) -> Self {
        let (hits, misses) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { entries: Moka::new(entries_max), hits, misses }
    }

    fn get(&self, id: &K) -> Option<V> {
        let entry = self.entries.get(id);
        let count = if entry.is_some() { &self.hits } else { &self.misses };
        count.fetch_add(1, Ordering::Relaxed);
        entry
    }

    fn insert(&self, id: K, entry: V) {
        self.entries.insert(id, entry);
    }

    fn invalidate(&self, id: &K) {
        self.entries.invalidate(id);
    }

    fn invalidate_all(&self) {
        self.entries.invalidate_all();
    }

    fn counts(&self) -> CacheCounts {
        // What was put in and thrown out is counted now and then, or when asked for.
        self.entries.run_pending_tasks();
        CacheCounts {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            entries: self.entries.entry_count(),
        }
    }
}

/// Keys whose grants are kept in memory.
const GRANTED_KEYS_MAX: u64 = 10_000;

/// Parts whose commits are counted apart: while others commit all the time, what they do not touch
/// can still be put in.
const PARTS: u64 = 256;
