//! Measures commits to a database file: `throughput <directory>`. Put the directory on the disk
//! in question.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use trent_store::{Change, Kind, Record, RecordId, SqliteStore, Store};

/// About the size of a sealed symmetric key.
const SEALED_BYTES: usize = 1200;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args_os().nth(1).ok_or("the directory is missing")?;
    let directory = tempfile::tempdir_in(PathBuf::from(directory))?;
    let begin = Instant::now();
    let store = Arc::new(SqliteStore::open(&directory.path().join("store.db")).await?);
    report("create", 1, 1, begin.elapsed())?;
    for (callers, commits) in [(1, 1000), (64, 200), (256, 10_000_usize.div_ceil(256))] {
        let names = move |caller: usize| move |n: usize| format!("{callers}-{caller}-{n}");
        run(&store, "insert", callers, commits, move |caller, n| record(names(caller)(n), 1))
            .await?;
        run(&store, "update", callers, commits, move |caller, n| record(names(caller)(n), 2))
            .await?;
        run(&store, "one record each", callers, commits, move |caller, n| {
            record(format!("{callers}-{caller}"), u64::try_from(n).unwrap_or(0) + 1)
        })
        .await?;
    }
    let begin = Instant::now();
    let gets = 10_000;
    for n in 0..gets {
        store.get(&record(format!("1-0-{}", n % 1000), 1).id).await?;
    }
    report("get", 1, gets, begin.elapsed())?;
    store.close().await;
    Ok(())
}

async fn run(
    store: &Arc<SqliteStore>,
    what: &str,
    callers: usize,
    commits: usize,
    make: impl Fn(usize, usize) -> Record + Copy + Send + 'static,
) -> Result<(), Box<dyn std::error::Error>> {
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let store = Arc::clone(store);
        tasks.spawn(async move {
            for n in 0..commits {
                store.commit(vec![Change::Put(make(caller, n))]).await?;
            }
            Ok::<_, trent_store::StoreError>(())
        });
    }
    while let Some(result) = tasks.join_next().await {
        result??;
    }
    report(what, callers, callers * commits, begin.elapsed())?;
    Ok(())
}

fn report(what: &str, callers: usize, count: usize, elapsed: Duration) -> io::Result<()> {
    let micros = elapsed.as_micros().max(1);
    let rate = count as u128 * 1_000_000 / micros;
    writeln!(io::stdout(), "{what}: {callers} callers, {count} in {elapsed:.2?}, {rate}/s")
}

fn record(name: String, version: u64) -> Record {
    let region = "eu-central-1".to_owned();
    let id = RecordId { kind: Kind::Key, account: "000000000000".to_owned(), region, name };
    Record { id, version, sealed: vec![7; SEALED_BYTES], owner: None, due_at: None }
}
