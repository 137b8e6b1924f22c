//! What waits for a sink, and when each event is tried next. It is in memory alone: after a restart
//! everything is tried at once.

use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// Events in the order of their ids, which is that in which they happened.
pub(super) struct Queue {
    waiting: BTreeMap<Uuid, Attempts>,
    retry: Retry,
}

/// The time between attempts: doubled after each, half of it at random.
#[derive(Clone, Copy)]
pub(super) struct Retry {
    /// After the first attempt.
    pub(super) first: Duration,
    pub(super) most: Duration,
}

struct Attempts {
    failed: u32,
    next: Instant,
}

impl Queue {
    pub(super) fn new(retry: Retry) -> Self {
        Self { waiting: BTreeMap::new(), retry }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn has(&self, id: &Uuid) -> bool {
        self.waiting.contains_key(id)
    }

    /// Adds events that are to be tried at once, if they are new.
    pub(super) fn add(&mut self, ids: impl IntoIterator<Item = Uuid>, now: Instant) {
        for id in ids {
            self.waiting.entry(id).or_insert(Attempts { failed: 0, next: now });
        }
    }

    /// Keeps these events alone.
    pub(super) fn retain(&mut self, ids: &[Uuid]) {
        let mut kept = BTreeMap::new();
        for id in ids {
            if let Some(attempts) = self.waiting.remove(id) {
                kept.insert(*id, attempts);
            }
        }
        self.waiting = kept;
    }

    pub(super) fn remove(&mut self, id: &Uuid) {
        self.waiting.remove(id);
    }

    /// What is to be tried now, at most `max`: first what is due longest.
    pub(super) fn due(&self, max: usize, now: Instant) -> Vec<Uuid> {
        let due = self.waiting.iter().filter(|(_, attempts)| attempts.next <= now);
        let mut due: Vec<_> = due.map(|(id, attempts)| (attempts.next, *id)).collect();
        due.sort_unstable();
        due.into_iter().take(max).map(|(_, id)| id).collect()
    }

    /// When something is to be tried next.
    pub(super) fn next(&self) -> Option<Instant> {
        self.waiting.values().map(|attempts| attempts.next).min()
    }

    /// An attempt has failed; `random` spreads the next ones.
    pub(super) fn failed(&mut self, id: &Uuid, now: Instant, random: u32) {
        if let Some(attempts) = self.waiting.get_mut(id) {
            attempts.failed = attempts.failed.saturating_add(1);
            attempts.next = now + self.retry.after(attempts.failed, random);
        }
    }

    /// The oldest events, beyond `max`.
    pub(super) fn surplus(&self, max: usize) -> Vec<Uuid> {
        self.waiting.keys().take(self.waiting.len().saturating_sub(max)).copied().collect()
    }
}

impl Retry {
    /// How long to wait after so many failed attempts.
    fn after(self, failed: u32, random: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(failed.saturating_sub(1));
        let whole = self.first.saturating_mul(doubled).min(self.most);
        whole / 2 + (whole / 2).mul_f64(f64::from(random) / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Retry = Retry { first: Duration::from_secs(5), most: Duration::from_hours(1) };

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    #[test]
    fn the_time_between_attempts_is_doubled_up_to_its_bound() {
        let bounds = [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600];
        for (failed, bound) in (1..).zip(bounds.map(Duration::from_secs)) {
            assert_eq!(RETRY.after(failed, 0), bound / 2);
            assert_eq!(RETRY.after(failed, u32::MAX), bound);
        }
        assert_eq!(RETRY.after(u32::MAX, u32::MAX), RETRY.most);
        let middle = RETRY.after(1, u32::MAX / 2).as_millis();
        assert!((3749..=3750).contains(&middle), "{middle}");
    }

    #[test]
    fn new_events_do_not_wait_for_those_that_failed() {
        let now = Instant::now();
        let mut queue = Queue::new(RETRY);
        queue.add([id(1), id(2)], now);
        assert_eq!(queue.due(1, now), [id(1)]);
        queue.failed(&id(1), now, 0);
        queue.add([id(3), id(1)], now);
        assert_eq!(queue.due(9, now), [id(2), id(3)]);
        assert_eq!(queue.next(), Some(now));
        queue.remove(&id(2));
        queue.remove(&id(3));
        assert!(queue.due(9, now).is_empty());
        assert_eq!(queue.next(), Some(now + Duration::from_millis(2500)));
        // What is due longest goes first.
        let later = now + Duration::from_secs(3);
        queue.add([id(0)], later);
        assert_eq!(queue.due(9, later), [id(1), id(0)]);
        queue.retain(&[id(0), id(7)]);
        assert_eq!((queue.len(), queue.has(&id(7))), (1, false));
    }

    #[test]
    fn the_oldest_are_too_many() {
        let mut queue = Queue::new(RETRY);
        queue.add((0..5).map(id), Instant::now());
        assert_eq!(queue.surplus(3), [id(0), id(1)]);
        assert!(queue.surplus(5).is_empty());
    }
}
