//! The task of a sink: it learns what waits in the outbox, delivers it, and removes what the sink has
//! taken. What fails is tried again, later and later; nothing but the outbox waits meanwhile.

use super::queue::{Queue, Retry};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use trent_service::Service;
use trent_service::events::{EventCounts, EventSink};
use uuid::Uuid;

/// Takes events.
pub(super) trait Sink: Send + 'static {
    /// Whose outbox is emptied.
    const KIND: EventSink;
    /// Events that are given to it at once.
    const BATCH: usize;
    const RETRY: Retry;
    /// Whether it takes events so fast that a server that ends waits for it.
    const IS_QUICK: bool;

    /// What has become of each event, in their order. `now` is real time.
    fn deliver(
        &mut self,
        events: &[Event],
        now: Timestamp,
    ) -> impl Future<Output = Vec<Result<(), Undelivered>>> + Send;
}

/// An event on its way.
pub(super) struct Event {
    pub(super) id: Uuid,
    /// JSON, in one line without its end.
    pub(super) json: Vec<u8>,
}

/// Why an event was not delivered.
#[derive(Clone, Debug)]
pub(super) enum Undelivered {
    /// It is to be tried again.
    Failed(String),
    /// Nothing is to be delivered there any more.
    Gone,
}

/// Empties the outbox of a sink.
pub(super) struct Delivery<S> {
    service: Arc<Service>,
    sink: S,
    queue: Queue,
    /// When the store was last asked for what waits.
    looked: Option<Instant>,
    /// When it was last told that something failed.
    told: Option<Instant>,
    is_failing: bool,
    is_gone: bool,
}

impl<S: Sink> Delivery<S> {
    pub(super) fn new(service: Arc<Service>, sink: S) -> Self {
        let queue = Queue::new(S::RETRY);
        Self { service, sink, queue, looked: None, told: None, is_failing: false, is_gone: false }
    }

    /// Delivers until `stop` changes.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<()>) {
        loop {
            let is_ending = stop.has_changed().unwrap_or(true);
            if !is_ending {
                self.look().await;
            }
            self.queue.add(self.service.fresh_events(S::KIND), Instant::now());
            self.drop_events(&self.queue.surplus(WAITING_MAX), "too many wait").await;
            self.count(|counts| counts.waiting.set(self.queue.len()));
            let max = if self.is_gone { 0 } else { S::BATCH };
            let due = self.queue.due(max, Instant::now());
            if is_ending && (due.is_empty() || !S::IS_QUICK) {
                return;
            }
            if !due.is_empty() {
                self.attempt(&due).await;
                continue;
            }
            let next = self.queue.next().filter(|_| !self.is_gone);
            let look = self.looked.unwrap_or_else(Instant::now) + LOOK_EVERY;
            tokio::select! {
                () = sleep_until(next.map_or(look, |next| next.min(look))) => {}
                () = self.service.await_events(S::KIND) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// Asks the store now and then: for what an earlier process or another node has left.
    async fn look(&mut self) {
        let now = Instant::now();
        let is_first = self.looked.is_none();
        if self.looked.is_some_and(|looked| now - looked < LOOK_EVERY) {
            return;
        }
        self.looked = Some(now);
        match self.service.stored_events(S::KIND).await {
            Ok(mut stored) => {
                let real_now = self.service.clock().real_now();
                // Who has made a younger one is about to deliver it.
                let is_mine = |id: &Uuid| is_first || age(*id, real_now) >= LEFT_AFTER;
                stored.retain(|id| self.queue.has(id) || is_mine(id));
                self.queue.retain(&stored);
                self.queue.add(stored, now);
            }
            Err(error) => {
                let sink = S::KIND.name();
                tracing::error!(sink, %error, "reading which events wait failed");
            }
        }
    }

    async fn attempt(&mut self, ids: &[Uuid]) {
        let mut events = Vec::with_capacity(ids.len());
        for id in ids {
            match self.service.event(S::KIND, *id).await {
                Ok(Some(json)) => events.push(Event { id: *id, json }),
                // Another node has delivered it, or the store was emptied.
                Ok(None) => self.queue.remove(id),
                Err(error) => self.failed(*id, &error.to_string()).await,
            }
        }
        if events.is_empty() {
            return;
        }
        let outcomes = self.sink.deliver(&events, self.service.clock().real_now()).await;
        let mut delivered = Vec::with_capacity(events.len());
        for (event, outcome) in events.iter().zip(outcomes) {
            match outcome {
                Ok(()) => delivered.push(event.id),
                Err(Undelivered::Failed(cause)) => self.failed(event.id, &cause).await,
                Err(Undelivered::Gone) => self.gone(),
            }
        }
        self.count(|counts| counts.delivered.add(delivered.len()));
        if self.is_failing && delivered.len() == events.len() {
            self.is_failing = false;
            tracing::info!(sink = S::KIND.name(), "events are delivered again");
        }
        self.remove(&delivered).await;
    }

    /// Takes events out of the outbox. While that fails they are delivered again.
    async fn remove(&mut self, ids: &[Uuid]) {
        let removed = self.service.remove_events(S::KIND, ids).await;
        for id in ids {
            match &removed {
                Ok(()) => self.queue.remove(id),
                Err(error) => {
                    self.told(&format!("removing what was delivered: {error}"));
                    self.queue.failed(id, Instant::now(), random());
                }
            }
        }
    }

    async fn failed(&mut self, id: Uuid, cause: &str) {
        self.count(|counts| counts.failed.add(1));
        self.told(cause);
        self.queue.failed(&id, Instant::now(), random());
        if age(id, self.service.clock().real_now()) > GIVE_UP_AFTER {
            self.drop_events(&[id], "it was tried for three days").await;
        }
    }

    async fn drop_events(&mut self, ids: &[Uuid], reason: &str) {
        if ids.is_empty() {
            return;
        }
        let sink = S::KIND.name();
        tracing::error!(sink, events = ids.len(), first = %ids[0], reason, "events were dropped");
        self.count(|counts| counts.dropped.add(ids.len()));
        self.remove(ids).await;
    }

    /// The sink wants nothing more.
    fn gone(&mut self) {
        self.count(|counts| counts.failed.add(1));
        if !self.is_gone {
            self.is_gone = true;
            let sink = S::KIND.name();
            tracing::error!(
                sink,
                "the receiver says that it is gone (410): no event is delivered there any more; \
                 they wait until the next start"
            );
        }
    }

    /// Says that something failed, not too often.
    fn told(&mut self, cause: &str) {
        if self.told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
            self.told = Some(Instant::now());
            self.is_failing = true;
            let (sink, waiting) = (S::KIND.name(), self.queue.len());
            tracing::warn!(sink, waiting, cause, "events are not delivered; they are tried again");
        }
    }

    fn count(&self, change: impl FnOnce(&EventCounts)) {
        if let Some(counts) = self.service.event_counts_of(S::KIND) {
            change(counts);
        }
    }
}

/// How long ago an event happened, by its id.
fn age(id: Uuid, now: Timestamp) -> SignedDuration {
    let made = id.get_timestamp().and_then(|made| {
        let (seconds, nanoseconds) = made.to_unix();
        let nanoseconds = i32::try_from(nanoseconds).ok()?;
        Timestamp::new(i64::try_from(seconds).ok()?, nanoseconds).ok()
    });
    made.map_or(SignedDuration::ZERO, |made| now.duration_since(made))
}

/// Spreads attempts; that it fails does not matter.
fn random() -> u32 {
    let mut bytes = [0; 4];
    let _ = trent_crypto::random::fill(&mut bytes);
    u32::from_ne_bytes(bytes)
}

/// Events that wait at most; the oldest ones make place.
const WAITING_MAX: usize = 10_000;

/// Events that fail are given up at this age.
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(3 * 24);

/// How often the store is asked.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// Whoever has made an event has had the time to deliver it.
const LEFT_AFTER: SignedDuration = SignedDuration::from_mins(1);

/// How often it is told that something fails.
const TELL_EVERY: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_the_age() {
        let made: Timestamp = "2026-01-02T03:04:05.678Z".parse().unwrap();
        let (seconds, nanoseconds) = (made.as_second(), made.subsec_nanosecond());
        let made_at = uuid::Timestamp::from_unix(
            uuid::NoContext,
            seconds.try_into().unwrap(),
            nanoseconds.try_into().unwrap(),
        );
        let id = Uuid::new_v7(made_at);
        assert_eq!(age(id, made), SignedDuration::ZERO);
        assert!(age(id, made + GIVE_UP_AFTER) <= GIVE_UP_AFTER);
        assert!(age(id, made + GIVE_UP_AFTER + SignedDuration::from_millis(1)) > GIVE_UP_AFTER);
        // One that does not tell is as if it were new.
        assert_eq!(age(Uuid::nil(), made), SignedDuration::ZERO);
    }
}
