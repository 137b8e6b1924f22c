//! What is due happens once, whichever node does it, and all of them share the work.

use super::support::{Node, nodes};
use jiff::SignedDuration;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn every_key_rotates_once_and_the_nodes_share_the_work() {
    let nodes = run(1_000, true).await;
    let conflicts: u64 = nodes.iter().map(|node| node.service.store_counts().commits()[1].1).sum();
    assert!(conflicts < 100, "the nodes have got into each other's way {conflicts} times");
    for node in &nodes {
        let done = node.service.job_counts().on_demand_rotations;
        assert!(done > 50, "a node has done {done} jobs only");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_rotates_once_even_if_all_nodes_work_on_the_same() {
    run(300, false).await;
}

/// Makes keys whose rotations are due at about the same time, and waits for them.
async fn run(keys: usize, has_claims: bool) -> [Node; 3] {
    let delay = SignedDuration::from_secs(4);
    let (database, nodes) = nodes(|settings| settings.on_demand_rotation_delay = delay).await;
    database.has_claims.store(has_claims, Ordering::SeqCst);
    let mut arns = Vec::new();
    for index in 0..keys {
        let node = &nodes[index % 3];
        let key = node.key().await;
        node.call("RotateKeyOnDemand", json!({"KeyId": key})).await.unwrap();
        arns.push(key);
    }
    // All are due when the nodes begin.
    tokio::time::sleep(delay.unsigned_abs()).await;
    let jobs: Vec<_> = nodes
        .iter()
        .map(|node| {
            let service = Arc::clone(&node.service);
            tokio::spawn(async move { service.run_jobs().await })
        })
        .collect();
    let begun = Instant::now();
    let done =
        || -> u64 { nodes.iter().map(|node| node.service.job_counts().on_demand_rotations).sum() };
    while done() < keys as u64 {
        assert!(begun.elapsed() < Duration::from_mins(1), "{} of {keys}", done());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Nobody does anything of it again.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(done(), keys as u64);
    for job in jobs {
        job.abort();
    }
    for (index, key) in arns.iter().enumerate() {
        let listed = nodes[index % 3].call("ListKeyRotations", json!({"KeyId": key})).await;
        assert_eq!(listed.unwrap()["Rotations"].as_array().unwrap().len(), 1, "{key}");
    }
    nodes
}
