//! How many due rotations several nodes over one PostgreSQL database do in a second, and whether each
//! happens once:
//!
//!     cargo run --release -p trent-service --example due_rotations -- URL [KEYS [NODES]]
//!
//! The database must be empty. Keys are made whose rotations are due after 90 days; then nodes are
//! opened whose clock is 91 days ahead.
#![expect(clippy::unwrap_used, reason = "a measurement ends with the first failure")]
#![expect(clippy::print_stdout, reason = "it prints what it measures")]

use futures_util::future::join_all;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use trent_core::AccountId;
use trent_iam::Request;
use trent_keystore::root_key::Access;
use trent_service::root_keys::RootKeys;
use trent_service::time_travel::ClockMove;
use trent_service::{Credentials, Origin, Service, Settings};
use trent_store::{Change, Kind, RecordId, SqliteStore, Store, StoreUrl};
use zeroize::Zeroizing;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let url: StoreUrl = arguments.next().unwrap_or_default().parse().unwrap();
    let keys: usize = arguments.next().map_or(100_000, |text| text.parse().unwrap());
    let nodes: usize = arguments.next().map_or(3, |text| text.parse().unwrap());
    let begun = Instant::now();
    let arns = prepare(&url, keys).await;
    println!("{keys} keys with rotation made in {:.1} s", begun.elapsed().as_secs_f64());

    let mut services = Vec::new();
    for _ in 0..nodes {
        services.push(open(url.open().await.unwrap()).await);
    }
    let mut tasks: Vec<_> = services.iter().map(follow).collect();
    let begun = Instant::now();
    tasks.extend(services.iter().cloned().map(|service| {
        tokio::spawn(async move {
            service.run_jobs().await;
        })
    }));
    let done = || services.iter().map(|one| one.job_counts().automatic_rotations).sum::<u64>();
    let mut told = Instant::now();
    while done() < keys as u64 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        if told.elapsed() > Duration::from_secs(10) {
            told = Instant::now();
            println!("  {} of {keys}", done());
        }
    }
    let took = begun.elapsed().as_secs_f64();
    // Whoever does one twice does it now.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(done(), keys as u64, "some rotations were counted twice");
    #[expect(clippy::cast_precision_loss, reason = "it is shown without decimals")]
    let rate = keys as f64 / took;
    println!("{keys} rotations by {nodes} nodes in {took:.1} s: {rate:.0} keys/s");
    for (number, service) in services.iter().enumerate() {
        let [_, (_, conflicts), (_, failed)] = service.store_counts().commits();
        let done = service.job_counts().automatic_rotations;
        println!(
            "  node {number}: {done} rotations, {conflicts} conflicts, {failed} failed commits"
        );
    }
    tasks.iter().for_each(JoinHandle::abort);
    verify(&open(url.open().await.unwrap()).await, &arns).await;
    println!("every key has rotated exactly once");
}

/// Makes keys, and moves the clock past the dates of their rotations.
async fn prepare(url: &StoreUrl, keys: usize) -> Vec<String> {
    let store = url.open().await.unwrap();
    let maker = open(Arc::clone(&store)).await;
    let following = follow(&maker);
    let arns = make_keys(&maker, keys).await;
    following.abort();
    move_clock(&*store).await;
    store.close().await;
    arns
}

async fn make_keys(service: &Service, count: usize) -> Vec<String> {
    let make = async || {
        let made = call(service, "CreateKey", json!({})).await;
        let arn = made["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
        let enable = json!({ "KeyId": arn, "RotationPeriodInDays": 90 });
        call(service, "EnableKeyRotation", enable).await;
        arn
    };
    let mut arns = Vec::with_capacity(count);
    while arns.len() < count {
        let some = (count - arns.len()).min(AT_ONCE);
        arns.extend(join_all((0..some).map(|_| make())).await);
    }
    arns
}

/// Writes what the clock of another store says after time went on, with nothing to do meanwhile.
async fn move_clock(store: &dyn Store) {
    let other = Arc::new(SqliteStore::open_in_memory().await.unwrap());
    let traveller = open(Arc::clone(&other) as _).await;
    traveller.travel(ClockMove::Advance("P91D".parse().unwrap())).await.unwrap();
    let (account, region, name) = (String::new(), String::new(), "clock".to_owned());
    let id = RecordId { kind: Kind::Setting, account, region, name };
    let record = other.get(&id).await.unwrap().unwrap();
    store.commit(vec![Change::Put(record)]).await.unwrap();
}

async fn open(store: Arc<dyn Store>) -> Arc<Service> {
    let account = AccountId::parse("000000000000").unwrap();
    let settings = Settings {
        enforce: false,
        keys_per_region_max: u32::MAX,
        ..Settings::new(Credentials::accepting_unknown(account, Vec::new())).unwrap()
    };
    let access = Access::File(Zeroizing::new(vec![0x7a; 32]));
    let root_keys = RootKeys::open(store, access).await.unwrap();
    Arc::new(Service::open(root_keys, settings).await.unwrap())
}

fn follow(service: &Arc<Service>) -> JoinHandle<()> {
    let service = Arc::clone(service);
    tokio::spawn(async move { service.follow().await })
}

/// That each key has rotated once.
async fn verify(service: &Arc<Service>, arns: &[String]) {
    let following = follow(service);
    for some in arns.chunks(AT_ONCE) {
        let list = async |arn: &String| {
            let listed = call(service, "ListKeyRotations", json!({ "KeyId": arn })).await;
            let rotations = listed["Rotations"].as_array().unwrap();
            assert_eq!(rotations.len(), 1, "{arn}: {rotations:?}");
        };
        join_all(some.iter().map(list)).await;
    }
    following.abort();
}

async fn call(service: &Service, operation: &str, request: Value) -> Value {
    let body = request.to_string();
    let target = format!("TrentService.{operation}");
    let headers: [(&str, &[u8]); 5] = [
        ("host", b"localhost"),
        ("content-type", b"application/x-amz-json-1.1"),
        ("x-amz-date", b"20260101T000000Z"),
        ("x-amz-target", target.as_bytes()),
        ("authorization", AUTHORIZATION.as_bytes()),
    ];
    let body = body.as_bytes();
    let request = Request { method: "POST", path: "/", query: "", headers: &headers, body };
    let answer = service.answer(&request, Origin::default(), "request").await;
    let text = String::from_utf8_lossy(&answer.body);
    assert!(answer.error.is_none(), "{operation}: {text}");
    serde_json::from_str(&text).unwrap_or_default()
}

/// Unverified in development mode, but of the right form.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 \
    Credential=trent/20260101/us-east-1/kms/aws4_request, \
    SignedHeaders=host;x-amz-date;x-amz-target, \
    Signature=0000000000000000000000000000000000000000000000000000000000000000";

/// Requests that run at the same time.
const AT_ONCE: usize = 512;
