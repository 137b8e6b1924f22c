//! The outboxes: events as records, put there by the change sets that they tell of, found and removed
//! by who delivers them.

use super::event::Event;
use super::{EventCounts, EventSink};
use crate::audit::service_event::ServiceEvent;
use crate::change_set::ChangeSet;
use crate::error::ServiceError;
use crate::service::Service;
use jiff::Timestamp;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;
use trent_api::KmsError;
use trent_store::{Change, Kind, RecordId, StoreError, bounds};
use uuid::Uuid;

/// What this process knows of the outbox of a sink.
pub(crate) struct Outbox {
    sink: EventSink,
    /// Events that were committed and that nobody has asked for yet.
    fresh: Mutex<Vec<Uuid>>,
    filled: Notify,
    counts: EventCounts,
}

impl Outbox {
    pub(crate) fn new(sink: EventSink) -> Self {
        Self {
            sink,
            fresh: Mutex::default(),
            filled: Notify::new(),
            counts: EventCounts::default(),
        }
    }

    /// Takes note of events that are in the store now. Too many of them are forgotten: who delivers
    /// finds them in the store.
    pub(crate) fn committed(&self, ids: &[Uuid]) {
        if ids.is_empty() {
            return;
        }
        let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        let room = FRESH_MAX.saturating_sub(fresh.len());
        fresh.extend(ids.iter().take(room));
        drop(fresh);
        self.filled.notify_one();
    }
}

impl Service {
    /// Adds what happened at `date` to the change set that makes it happen, for each sink. Returns
    /// the ids of the events.
    pub(crate) fn put_events<'a>(
        &self,
        mut set: ChangeSet<'a>,
        happened: &[ServiceEvent],
        date: Timestamp,
    ) -> Result<(ChangeSet<'a>, Vec<Uuid>), KmsError> {
        let mut ids = Vec::new();
        if self.outboxes.is_empty() {
            return Ok((set, ids));
        }
        for happened in happened {
            // It tells its real time, and sorts after those that were made before.
            let id = Uuid::now_v7();
            let Some(event) = Event::of(happened, id, date) else { continue };
            for outbox in &self.outboxes {
                set = set.put_event(outbox.sink, &event)?;
            }
            ids.push(event.id);
        }
        Ok((set, ids))
    }

    /// The sinks that have an outbox, and what became of their events.
    pub fn event_counts(&self) -> impl Iterator<Item = (EventSink, &EventCounts)> {
        self.outboxes.iter().map(|outbox| (outbox.sink, &outbox.counts))
    }

    /// What became of the events of a sink; none if it has no outbox.
    pub fn event_counts_of(&self, sink: EventSink) -> Option<&EventCounts> {
        self.outbox(sink).map(|outbox| &outbox.counts)
    }

    /// Waits until there may be events that `fresh_events` returns. Without an outbox it waits for
    /// ever.
    pub async fn await_events(&self, sink: EventSink) {
        match self.outbox(sink) {
            Some(outbox) => outbox.filled.notified().await,
            None => std::future::pending().await,
        }
    }

    /// The events that were committed here since this was called last.
    pub fn fresh_events(&self, sink: EventSink) -> Vec<Uuid> {
        self.outbox(sink).map_or_else(Vec::new, |outbox| {
            std::mem::take(&mut *outbox.fresh.lock().unwrap_or_else(PoisonError::into_inner))
        })
    }

    /// All events that wait in the store, oldest first, whoever has committed them.
    pub async fn stored_events(&self, sink: EventSink) -> Result<Vec<Uuid>, ServiceError> {
        let prefix = format!("{}/", sink.name());
        let (mut ids, mut after) = (Vec::new(), prefix.clone());
        loop {
            let limit = bounds::LIMIT_MAX;
            let names = self.store.list_names(Kind::Event, "", "", Some(&after), limit).await?;
            for name in &names {
                let Some(id) = name.strip_prefix(&prefix) else { return Ok(ids) };
                if let Ok(id) = Uuid::try_parse(id) {
                    ids.push(id);
                } else {
                    tracing::error!(name, "an event in the store has a wrong name");
                }
            }
            match names.into_iter().next_back() {
                Some(last) => after = last,
                None => return Ok(ids),
            }
        }
    }

    /// An event that waits, as JSON in one line; none if it is not there any more.
    pub async fn event(&self, sink: EventSink, id: Uuid) -> Result<Option<Vec<u8>>, ServiceError> {
        let Some(record) = self.store.get(&event_record_id(sink, id)).await? else {
            return Ok(None);
        };
        let event: Event = self.records.open(&record)?.value;
        let json = serde_json::to_vec(&event);
        json.map(Some).map_err(|error| ServiceError::Internal(error.to_string()))
    }

    /// Removes events, whether or not they are there still.
    pub async fn remove_events(&self, sink: EventSink, ids: &[Uuid]) -> Result<(), ServiceError> {
        let change = |id: &Uuid| Change::Delete { id: event_record_id(sink, *id), version: 1 };
        for ids in ids.chunks(bounds::CHANGES_MAX) {
            match self.store.commit(ids.iter().map(change).collect()).await {
                // One of them is gone.
                Err(StoreError::Conflict) => {
                    for id in ids {
                        match self.store.commit(vec![change(id)]).await {
                            Ok(()) | Err(StoreError::Conflict) => {}
                            Err(error) => return Err(error.into()),
                        }
                    }
                }
                removed => removed?,
            }
        }
        Ok(())
    }

    fn outbox(&self, sink: EventSink) -> Option<&Outbox> {
        self.outboxes.iter().find(|outbox| outbox.sink == sink)
    }
}

pub(crate) fn event_record_id(sink: EventSink, id: Uuid) -> RecordId {
    RecordId {
        kind: Kind::Event,
        account: String::new(),
        region: String::new(),
        name: format!("{}/{id}", sink.name()),
    }
}

/// Events that are remembered for who delivers them; more than may wait in an outbox.
const FRESH_MAX: usize = 20_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authenticate::Credentials;
    use crate::root_keys::RootKeys;
    use crate::service::Settings;
    use std::sync::Arc;
    use trent_core::lifecycle::Job;
    use trent_core::{AccountId, AliasName, KmsKey, Region};
    use trent_keystore::root_key::Access;
    use trent_store::{SqliteStore, Store};

    /// A service in memory, its store, and a key that is not in it.
    async fn service(event_sinks: &[EventSink]) -> (Service, Arc<dyn Store>, KmsKey) {
        let settings = Settings::new(Credentials::strict()).unwrap();
        let settings = Settings { event_sinks: event_sinks.to_vec(), ..settings };
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open_in_memory().await.unwrap());
        let access = Access::File(vec![0xe7; 32].into());
        let root_keys = RootKeys::open(Arc::clone(&store), access).await.unwrap();
        let service = Service::open(root_keys, settings).await.unwrap();
        let id = (
            AccountId::parse("111122223333").unwrap(),
            Region::parse("eu-west-1").unwrap(),
            AliasName::parse("alias/aws/s3").unwrap(),
        );
        let (key, _) = service.new_managed_key(id, service.clock.now()).unwrap();
        (service, store, key)
    }

    /// Events of as many deletions, in one change set.
    async fn committed(service: &Service, key: &KmsKey, count: usize) -> Vec<Uuid> {
        let due = service.clock.now();
        let happened: Vec<_> = (0..count)
            .flat_map(|_| ServiceEvent::of_job(Job::Delete { due }, key, None, due))
            .collect();
        let set = ChangeSet::new(&service.records);
        let (set, ids) = service.put_events(set, &happened, due).unwrap();
        assert!(service.commit(set).await.is_ok());
        for outbox in &service.outboxes {
            outbox.committed(&ids);
        }
        ids
    }

    #[tokio::test]
    async fn each_sink_has_its_own_events_in_their_order() {
        let (service, _, key) = service(&[EventSink::File, EventSink::Webhook]).await;
        let ids = committed(&service, &key, 3).await;
        assert_eq!(ids.len(), 3);
        for sink in [EventSink::File, EventSink::Webhook] {
            assert_eq!(service.stored_events(sink).await.unwrap(), ids);
            service.await_events(sink).await;
            assert_eq!(service.fresh_events(sink), ids);
            assert!(service.fresh_events(sink).is_empty());
        }
        let json = service.event(EventSink::File, ids[0]).await.unwrap().unwrap();
        assert_eq!(serde_json::from_slice::<Event>(&json).unwrap().id, ids[0]);
        // One that is gone already is no obstacle.
        service.remove_events(EventSink::File, &ids[..1]).await.unwrap();
        assert_eq!(service.event(EventSink::File, ids[0]).await.unwrap(), None);
        service.remove_events(EventSink::File, &ids[..2]).await.unwrap();
        assert_eq!(service.stored_events(EventSink::File).await.unwrap(), ids[2..]);
        assert_eq!(service.stored_events(EventSink::Webhook).await.unwrap(), ids);
    }

    #[tokio::test]
    async fn without_a_sink_nothing_is_written() {
        let (service, store, key) = service(&[]).await;
        assert!(committed(&service, &key, 3).await.is_empty());
        assert_eq!(store.count(Kind::Event, "", "").await.unwrap(), 0);
        assert!(service.stored_events(EventSink::File).await.unwrap().is_empty());
        assert!(service.event_counts_of(EventSink::File).is_none());
    }

    #[tokio::test]
    async fn an_event_is_sealed_and_counts_for_its_sink_alone() {
        let (service, store, key) = service(&[EventSink::File]).await;
        let [id] = committed(&service, &key, 1).await[..] else { panic!("not one event") };
        let record = store.get(&event_record_id(EventSink::File, id)).await.unwrap().unwrap();
        let key_id = key.id.to_string();
        let is_shown =
            |bytes: &[u8]| bytes.windows(key_id.len()).any(|one| one == key_id.as_bytes());
        assert!(!is_shown(&record.sealed));
        assert!(is_shown(&service.event(EventSink::File, id).await.unwrap().unwrap()));
        let moved = RecordId { name: format!("webhook/{id}"), ..record.id.clone() };
        let moved = trent_store::Record { id: moved, ..record };
        store.commit(vec![Change::Put(moved)]).await.unwrap();
        assert!(service.event(EventSink::Webhook, id).await.is_err());
    }
}
