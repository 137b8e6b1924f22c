//! What one node learns of the others.

use std::time::{Duration, Instant};

use trent_store::{StoreError, bounds};

use crate::support::AnyStore;

pub(crate) async fn claims_have_bounds(store: AnyStore) {
    let long = "x".repeat(bounds::NAME_BYTES_MAX + 1);
    for name in ["", "nul\0", long.as_str()] {
        for (work, node) in [(name, "node"), ("work", name)] {
            let error = store.claim(work, node, Duration::from_secs(1)).await.unwrap_err();
            assert!(matches!(error, StoreError::InvalidRecord { .. }), "{error:?}");
        }
    }
    let longest = "x".repeat(bounds::NAME_BYTES_MAX);
    assert!(store.claim(&longest, &longest, Duration::from_secs(1)).await.unwrap());
    assert!(store.claim("work", "node", Duration::MAX).await.unwrap());
    assert!(store.claim("work", "node", Duration::ZERO).await.unwrap());
}

pub(crate) async fn awaiting_a_change_ends(store: AnyStore) {
    let sequence = store.changes(0).await.unwrap().sequence;
    let begun = Instant::now();
    store.await_change(sequence, Duration::from_millis(300)).await;
    let took = begun.elapsed();
    assert!((Duration::from_millis(250)..Duration::from_secs(10)).contains(&took), "{took:?}");
}
