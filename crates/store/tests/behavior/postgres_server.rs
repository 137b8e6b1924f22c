//! A throw-away PostgreSQL server, one for all tests, and what is particular to PostgreSQL.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Row};
use tokio::task::JoinSet;
use tokio::time::sleep;
use trent_store::{Change, Changes, Kind, RecordId, StoreError, StoreUrl};

use crate::support::{
    ACCOUNT, AnyStore, REGION, commit, count_at_once, delete, id, put, record, version,
};

/// A server that ends with this process: it runs until its standard input is closed.
struct Server {
    folder: PathBuf,
    _process: Child,
}

impl Server {
    fn start(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("trent-{name}-{}", std::process::id()));
        let mut process = Self::script(&["run"], &folder)
            .args(["0", "fsync=off", "ssl=off"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "Ready.\n");
        Self { folder, _process: process }
    }

    fn script(command: &[&str], folder: &PathBuf) -> Command {
        let mut script =
            Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/postgres"));
        script.args(command).arg(folder);
        script
    }

    fn options(&self, database: &str) -> PgConnectOptions {
        let options = PgConnectOptions::new_without_pgpass().socket(&self.folder);
        options.port(5432).username("trent").database(database)
    }

    async fn new_database(&self, with: &str) -> Database<'_> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut connection = self.options("postgres").connect().await.unwrap();
        run(&mut connection, &format!("CREATE DATABASE {name} {with}")).await;
        Database { server: self, name }
    }
}

/// An empty database of a server.
pub(crate) struct Database<'a> {
    server: &'a Server,
    name: String,
}

impl Database<'_> {
    fn url(&self) -> StoreUrl {
        let folder = self.server.folder.display();
        format!("postgres:///{}?host={folder}&port=5432&user=trent", self.name).parse().unwrap()
    }

    pub(crate) async fn open(&self) -> Result<AnyStore, StoreError> {
        self.url().open().await
    }

    async fn refused(&self) -> StoreError {
        self.open().await.map(drop).unwrap_err()
    }

    /// A connection of somebody else.
    async fn stranger(&self) -> PgConnection {
        self.server.options(&self.name).connect().await.unwrap()
    }
}

/// A database of the server that all tests share.
pub(crate) async fn new_database() -> Database<'static> {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start("suite")).new_database("").await
}

async fn run(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.unwrap();
}

/// Ends all other connections to the database.
async fn disconnect_all(connection: &mut PgConnection) {
    run(
        connection,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .await;
}

async fn open_two() -> (Database<'static>, AnyStore, AnyStore) {
    let database = new_database().await;
    let (one, two) = tokio::join!(database.open(), database.open());
    (database, one.unwrap(), two.unwrap())
}

fn names(changes: Changes) -> Vec<String> {
    changes.records.unwrap().into_iter().map(|id: RecordId| id.name).collect()
}

#[tokio::test]
async fn reopening_shows_everything() {
    let database = new_database().await;
    for round in 1..=3 {
        let store = database.open().await.unwrap();
        assert!(store.is_shared());
        assert_eq!(version(&store, "a").await, round - 1);
        commit(&store, vec![put("a", round)]).await;
        store.close().await;
    }
    let mut stranger = database.stranger().await;
    // Everything is closed.
    for _ in 0..100 {
        let left = "SELECT count(*) FROM pg_stat_activity \
                    WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let row = sqlx::raw_sql(left).fetch_one(&mut stranger).await.unwrap();
        if row.get::<i64, _>(0) == 0 {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("connections are left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_share_a_new_database() {
    let (database, one, two) = open_two().await;
    count_at_once([one, two]).await;
    assert_eq!(version(&database.open().await.unwrap(), "a").await, 100);
}

/// Each node writes one of two records if the other one is not there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_expected_of_other_records_holds_across_nodes() {
    let (_database, one, two) = open_two().await;
    for round in 0..50 {
        let [a, b] = ["a", "b"].map(|name| format!("{name}{round}"));
        let absent = |name: &str| Change::ExpectAbsent { id: id(name) };
        let (first, second) = tokio::join!(
            one.commit(vec![absent(&b), put(&a, 1)]),
            two.commit(vec![absent(&a), put(&b, 1)]),
        );
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    }
}

#[tokio::test]
async fn changes_of_all_nodes_are_told() {
    let (_database, one, two) = open_two().await;
    let begin = one.changes(0).await.unwrap();
    assert_eq!(begin, Changes { sequence: begin.sequence, records: Some(vec![]) });
    commit(&two, vec![put("a", 1), put("b", 1)]).await;
    commit(&one, vec![put("c", 1), put("a", 2), put("a", 3)]).await;
    let first = one.changes(begin.sequence).await.unwrap();
    assert!(first.sequence > begin.sequence);
    assert_eq!(names(first.clone()), ["a", "b", "c"]);
    assert_eq!(two.changes(begin.sequence).await.unwrap(), first);
    // What writes nothing is no change, nor is what is only sealed anew.
    let sealed = b"anew".to_vec();
    commit(&two, vec![Change::Reseal { id: id("a"), version: 3, sealed }]).await;
    commit(&two, vec![Change::Expect { id: id("a"), version: 3 }]).await;
    two.commit(vec![put("c", 7)]).await.unwrap_err();
    let none = one.changes(first.sequence).await.unwrap();
    assert_eq!(none, Changes { sequence: first.sequence, records: Some(vec![]) });
    commit(&two, vec![delete("b", 1)]).await;
    commit(&two, vec![delete("c", 1), put("c", 1)]).await;
    let second = one.changes(first.sequence).await.unwrap();
    assert_eq!(names(second.clone()), ["b", "c"]);
    // All at once, or a part.
    assert_eq!(names(one.changes(begin.sequence).await.unwrap()), ["a", "b", "c"]);
    assert_eq!(names(one.changes(second.sequence - 1).await.unwrap()), ["c"]);
}

#[tokio::test]
async fn what_cannot_be_told_is_not() {
    let (database, one, two) = open_two().await;
    commit(&one, vec![put("a", 1)]).await;
    let begin = two.changes(0).await.unwrap().sequence;
    // The database knows less than the node: it was restored.
    assert_eq!(two.changes(begin + 1).await.unwrap(), Changes { sequence: begin, records: None });
    assert_eq!(two.changes(u64::MAX).await.unwrap().records, None);
    one.clear().await.unwrap();
    let cleared = two.changes(begin).await.unwrap();
    assert!(cleared.sequence > begin && cleared.records.is_none(), "{cleared:?}");
    commit(&one, vec![put("b", 1)]).await;
    assert_eq!(two.changes(begin).await.unwrap().records, None);
    assert_eq!(names(two.changes(cleared.sequence).await.unwrap()), ["b"]);
    // Too much to be told at once.
    for set in 0..11 {
        commit(&one, (0..1000).map(|n| put(&format!("{set}-{n}"), 1)).collect()).await;
    }
    let many = two.changes(cleared.sequence).await.unwrap();
    assert_eq!(many, Changes { sequence: cleared.sequence + 11_001, records: None });
    assert_eq!(names(two.changes(many.sequence - 1000).await.unwrap()).len(), 1000);
    // What was long ago is forgotten.
    let mut stranger = database.stranger().await;
    run(&mut stranger, "UPDATE trent_store SET sequence = sequence + 200000").await;
    commit(&one, vec![put("c", 1)]).await;
    let row = sqlx::raw_sql("SELECT count(*) FROM change").fetch_one(&mut stranger).await.unwrap();
    assert_eq!(row.get::<i64, _>(0), 1);
    let late = two.changes(many.sequence).await.unwrap();
    assert_eq!(late.records, None);
    assert_eq!(names(two.changes(late.sequence - 1).await.unwrap()), ["c"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_are_whole_and_in_order_while_all_nodes_write() {
    let (_database, one, two) = open_two().await;
    let mut tasks = JoinSet::new();
    for (node, store) in [&one, &two].into_iter().enumerate() {
        for writer in 0..4 {
            let store = Arc::clone(store);
            tasks.spawn(async move {
                for n in 0..25 {
                    commit(&store, vec![put(&format!("{node}-{writer}-{n}"), 1)]).await;
                }
            });
        }
    }
    let (mut told, mut after) = (vec![], 0);
    loop {
        let is_over = tasks.is_empty();
        let changes = one.changes(after).await.unwrap();
        after = changes.sequence;
        told.extend(names(changes));
        if is_over {
            break;
        }
        while tasks.try_join_next().is_some() {}
    }
    told.sort();
    told.dedup();
    assert_eq!(told.len(), 200);
    assert_eq!(after, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_heard_of() {
    let (database, one, two) = open_two().await;
    let hear = async |after: u64| {
        let waiting = {
            let one = Arc::clone(&one);
            tokio::spawn(async move {
                let begun = Instant::now();
                one.await_change(after, Duration::from_mins(1)).await;
                begun.elapsed()
            })
        };
        sleep(Duration::from_millis(50)).await;
        let next = version(&two, "a").await + 1;
        commit(&two, vec![put("a", next)]).await;
        waiting.await.unwrap()
    };
    for _ in 0..3 {
        let after = one.changes(0).await.unwrap().sequence;
        let took = hear(after).await;
        assert!(took < Duration::from_secs(5), "{took:?}");
        // What has come already is not waited for.
        let begun = Instant::now();
        one.await_change(after, Duration::from_mins(1)).await;
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
    // Also when the connection that listens has ended.
    disconnect_all(&mut database.stranger().await).await;
    for _ in 0..3 {
        let after = one.changes(0).await.unwrap().sequence;
        let took = hear(after).await;
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
}

#[tokio::test]
async fn work_is_claimed_by_one_node_at_a_time() {
    let (_database, one, two) = open_two().await;
    let minute = Duration::from_mins(1);
    assert!(one.claim("jobs", "one", minute).await.unwrap());
    assert!(!two.claim("jobs", "two", minute).await.unwrap());
    assert!(!two.claim("jobs", "two", Duration::ZERO).await.unwrap());
    assert!(one.claim("jobs", "one", minute).await.unwrap());
    assert!(two.claim("other", "two", minute).await.unwrap());
    assert!(one.claim("jobs", "one", Duration::ZERO).await.unwrap());
    assert!(two.claim("jobs", "two", Duration::from_millis(300)).await.unwrap());
    assert!(!one.claim("jobs", "one", minute).await.unwrap());
    sleep(Duration::from_millis(400)).await;
    assert!(one.claim("jobs", "one", minute).await.unwrap());
    assert!(!two.claim("jobs", "two", minute).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_connections_are_replaced() {
    let (database, one, _two) = open_two().await;
    let mut stranger = database.stranger().await;
    for round in 1..=5 {
        let mut tasks = JoinSet::new();
        for n in 0..20 {
            let store = Arc::clone(&one);
            tasks.spawn(async move { version(&store, &format!("{n}")).await });
        }
        tasks.join_all().await;
        disconnect_all(&mut stranger).await;
        assert_eq!(version(&one, "a").await, round - 1);
        disconnect_all(&mut stranger).await;
        commit(&one, vec![put("a", round)]).await;
        disconnect_all(&mut stranger).await;
        assert!(one.changes(0).await.unwrap().sequence >= round);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_of_the_database_is_survived() {
    let server = Server::start("crash");
    let database = server.new_database("").await;
    let store = database.open().await.unwrap();
    commit(&store, vec![put("a", 1)]).await;
    for round in 2..=3 {
        assert!(Server::script(&["crash"], &server.folder).status().unwrap().success());
        let errors = [
            store.get(&id("a")).await.unwrap_err(),
            store.commit(vec![put("a", round)]).await.unwrap_err(),
            store.changes(0).await.unwrap_err(),
            store.claim("work", "node", Duration::ZERO).await.unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        }
        assert!(Server::script(&["start"], &server.folder).status().unwrap().success());
        assert_eq!(store.get(&id("a")).await.unwrap(), Some(record("a", round - 1)));
        commit(&store, vec![put("a", round)]).await;
    }
    // Stopped and started again before anybody notices.
    assert!(Server::script(&["crash"], &server.folder).status().unwrap().success());
    assert!(Server::script(&["start"], &server.folder).status().unwrap().success());
    commit(&store, vec![put("a", 4)]).await;
    assert_eq!(version(&store, "a").await, 4);
    let begun = Instant::now();
    while store.changes(0).await.unwrap().sequence < 4 {
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn the_writer_waits_for_another_node() {
    let (database, store, _two) = open_two().await;
    let mut stranger = database.stranger().await;
    run(&mut stranger, "BEGIN; SELECT FROM trent_store FOR UPDATE").await;
    let waiting = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { commit(&store, vec![put("a", 1)]).await })
    };
    sleep(Duration::from_millis(300)).await;
    assert!(!waiting.is_finished());
    // Readings go on meanwhile.
    assert_eq!(version(&store, "a").await, 0);
    assert_eq!(store.changes(0).await.unwrap().sequence, 0);
    run(&mut stranger, "COMMIT").await;
    waiting.await.unwrap();
    assert_eq!(version(&store, "a").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_writer_recovers_from_failures() {
    let (database, store, _two) = open_two().await;
    commit(&store, vec![put("a", 1)]).await;
    let mut connection = database.stranger().await;
    run(&mut connection, "ALTER TABLE record RENAME TO hidden").await;
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.commit(vec![put("a", 2)]).await });
    }
    for result in tasks.join_all().await {
        assert!(matches!(result, Err(StoreError::Unavailable(_))), "{result:?}");
    }
    store.get(&id("a")).await.unwrap_err();
    run(&mut connection, "ALTER TABLE hidden RENAME TO record").await;
    commit(&store, vec![put("a", 2)]).await;
    assert_eq!(store.get(&id("a")).await.unwrap(), Some(record("a", 2)));
}

#[tokio::test]
async fn writes_of_others_are_found_out() {
    let (database, store, _two) = open_two().await;
    commit(&store, vec![put("a", 1)]).await;
    let mut stranger = database.stranger().await;
    run(&mut stranger, "UPDATE record SET kind = 99, due_at = 1").await;
    let error = store.due(9, 9).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    run(&mut stranger, "UPDATE record SET kind = 2, sealed = 'x'").await;
    // Nobody updates a record that is removed by a trigger.
    run(
        &mut stranger,
        "CREATE FUNCTION vanish() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; \
         CREATE TRIGGER vanish BEFORE UPDATE ON record EXECUTE FUNCTION vanish(); \
         CREATE TRIGGER vanish_row BEFORE UPDATE ON record FOR EACH ROW EXECUTE FUNCTION vanish()",
    )
    .await;
    let error = store.commit(vec![put("b", 1), put("a", 2)]).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    assert_eq!(version(&store, "b").await, 0);
    run(&mut stranger, "DELETE FROM trent_store").await;
    store.commit(vec![put("b", 1)]).await.unwrap_err();
    let error = store.changes(0).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
}

#[tokio::test]
async fn newer_schemas_are_refused_at_any_time() {
    let (database, store, _two) = open_two().await;
    run(&mut database.stranger().await, "UPDATE trent_store SET schema = 99").await;
    let errors = [
        database.refused().await,
        store.commit(vec![put("a", 1)]).await.unwrap_err(),
        store.changes(0).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error:?}");
        assert!(error.to_string().contains("schema 99"), "{error}");
    }
    run(&mut database.stranger().await, "UPDATE trent_store SET schema = -1").await;
    let error = database.refused().await;
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
}

#[tokio::test]
async fn foreign_databases_are_refused_and_left_alone() {
    let database = new_database().await;
    let mut stranger = database.stranger().await;
    // What belongs to an extension is nobody's.
    run(&mut stranger, "CREATE EXTENSION pg_stat_statements").await;
    run(&mut stranger, "CREATE TABLE customer (name text)").await;
    let error = database.refused().await;
    assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
    let row = sqlx::raw_sql("SELECT count(*) FROM pg_class WHERE relname = 'trent_store'");
    assert_eq!(row.fetch_one(&mut stranger).await.unwrap().get::<i64, _>(0), 0);
    run(&mut stranger, "DROP TABLE customer").await;
    database.open().await.unwrap();
    let server = database.server;
    let latin = "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0";
    let error = server.new_database(latin).await.refused().await;
    assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
}

#[tokio::test]
async fn a_schema_of_its_own_is_enough() {
    let database = new_database().await;
    let mut stranger = database.stranger().await;
    let name = &database.name;
    run(&mut stranger, "CREATE TABLE customer (name text)").await;
    run(&mut stranger, &format!("ALTER DATABASE {name} SET search_path = trent")).await;
    let error = database.refused().await;
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    run(&mut stranger, "CREATE SCHEMA trent").await;
    let store = database.open().await.unwrap();
    commit(&store, vec![put("a", 1)]).await;
    let row = sqlx::raw_sql("SELECT count(*) FROM trent.record");
    assert_eq!(row.fetch_one(&mut stranger).await.unwrap().get::<i64, _>(0), 1);
}

#[tokio::test]
async fn a_database_that_cannot_be_written_is_refused() {
    let database = new_database().await;
    let store = database.open().await.unwrap();
    let name = &database.name;
    let mut stranger = database.stranger().await;
    run(&mut stranger, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on"))
        .await;
    disconnect_all(&mut stranger).await;
    let error = store.commit(vec![put("a", 1)]).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    // Commits are durable, whatever the database is used to.
    run(&mut stranger, &format!("ALTER DATABASE {name} RESET default_transaction_read_only")).await;
    commit(&store, vec![put("a", 1)]).await;
}

#[tokio::test]
async fn a_wrong_place_is_unavailable_and_shows_no_password() {
    let folder = tempfile::tempdir().unwrap();
    for url in [
        format!("postgres://u:secret@localhost/d?host={}", folder.path().display()),
        "postgres://u:secret@127.0.0.1:1/d".to_owned(),
        "postgres://u:secret@host.invalid/d".to_owned(),
    ] {
        let error = url.parse::<StoreUrl>().unwrap().open().await.map(drop).unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}

/// Without sequential scans, the database only makes one where no index is of use.
#[tokio::test]
async fn every_query_uses_an_index() {
    let database = new_database().await;
    let name = &database.name;
    let mut stranger = database.stranger().await;
    database.open().await.unwrap().close().await;
    run(
        &mut stranger,
        &format!(
            "ALTER DATABASE {name} SET enable_seqscan = off; \
             ALTER DATABASE {name} SET plan_cache_mode = force_generic_plan"
        ),
    )
    .await;
    let mut scans = async || -> (i64, i64) {
        sleep(Duration::from_secs(1)).await;
        let sql = "SELECT pg_stat_clear_snapshot(), seq_scan, idx_scan \
                   FROM pg_stat_user_tables WHERE relname = 'record'";
        let row = sqlx::raw_sql(sql).fetch_one(&mut stranger).await.unwrap();
        (row.get(1), row.get(2))
    };
    let before = scans().await;
    let store = database.open().await.unwrap();
    for set in 0..4 {
        let name = |n| format!("{set}-{n}");
        commit(&store, (0..500).map(|n| put(&name(n), 1)).collect()).await;
        commit(&store, vec![put(&name(1), 2), delete(&name(2), 1)]).await;
        let sealed = b"anew".to_vec();
        commit(&store, vec![Change::Reseal { id: id(&name(1)), version: 2, sealed }]).await;
    }
    store.get(&id("a")).await.unwrap();
    store.find(Kind::Key, REGION, "a", 9).await.unwrap();
    store.list(Kind::Key, ACCOUNT, REGION, Some("a"), 9).await.unwrap();
    store.list_names(Kind::Key, ACCOUNT, REGION, Some("a"), 9).await.unwrap();
    store.list_owned(Kind::Key, ACCOUNT, REGION, "a", None, 9).await.unwrap();
    store.scan(Some(&id("a")), 9).await.unwrap();
    store.due(9, 9).await.unwrap();
    store.next_due().await.unwrap();
    store.count(Kind::Key, ACCOUNT, REGION).await.unwrap();
    store.count_owned(Kind::Key, ACCOUNT, REGION, "a").await.unwrap();
    store.close().await;
    let after = scans().await;
    assert_eq!(after.0, before.0, "sequential scans");
    assert!(after.1 > before.1 + 20, "{before:?} {after:?}");
}
