//! Every SQL statement that reads or writes records. Simple SQL on purpose: each statement uses one
//! index, which a test asserts.

pub(super) const GET: &str = "\
    SELECT kind, account, region, name, version, sealed, owner, due_at FROM record \
    WHERE kind = ? AND account = ? AND region = ? AND name = ?";

pub(super) const FIND: &str = "\
    SELECT kind, account, region, name, version, sealed, owner, due_at FROM record \
    WHERE kind = ? AND region = ? AND name = ? ORDER BY seq LIMIT ?";

/// A name is never empty, so every name comes after the empty one.
pub(super) const LIST: &str = "\
    SELECT kind, account, region, name, version, sealed, owner, due_at FROM record \
    WHERE kind = ? AND account = ? AND region = ? AND name > ? ORDER BY name LIMIT ?";

pub(super) const LIST_NAMES: &str = "\
    SELECT name FROM record \
    WHERE kind = ? AND account = ? AND region = ? AND name > ? ORDER BY name LIMIT ?";

/// SQLite thinks the index by id as good, since it cannot know how few records an owner has.
pub(super) const LIST_OWNED: &str = "\
    SELECT kind, account, region, name, version, sealed, owner, due_at FROM record INDEXED BY record_by_owner \
    WHERE kind = ? AND account = ? AND region = ? AND owner = ? AND name > ? \
    ORDER BY name LIMIT ?";

pub(super) const SCAN: &str = "\
    SELECT kind, account, region, name, version, sealed, owner, due_at FROM record INDEXED BY record_by_id \
    WHERE (kind, account, region, name) > (?, ?, ?, ?) ORDER BY kind, account, region, name LIMIT ?";

/// As they were first written. The place is the last column.
pub(super) const NEXT: &str = "\
    SELECT kind, account, region, name, version, sealed, owner, due_at, seq FROM record \
    WHERE seq > ? ORDER BY seq LIMIT ?";

pub(super) const COUNT_ALL: &str = "SELECT count(*) FROM record";

pub(super) const DUE: &str = "\
    SELECT kind, account, region, name, version, sealed, owner, due_at FROM record \
    WHERE due_at <= ? ORDER BY due_at, seq LIMIT ?";

/// The part is that of `RecordId::part`.
pub(super) const DUE_IN: &str = "\
    SELECT kind, account, region, name, version, sealed, owner, due_at FROM record \
    WHERE due_at <= ? AND instr('0123456789abcdef', substr(name, -1)) % 16 = ? \
    ORDER BY due_at, seq LIMIT ?";

pub(super) const NEXT_DUE: &str = "\
    SELECT due_at FROM record WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1";

pub(super) const COUNT: &str = "\
    SELECT count(*) FROM record WHERE kind = ? AND account = ? AND region = ?";

pub(super) const COUNT_OWNED: &str = "\
    SELECT count(*) FROM record INDEXED BY record_by_owner \
    WHERE kind = ? AND account = ? AND region = ? AND owner = ?";

// The statements that apply a change hold a precondition. Where it holds, they return a number
// that they are given, so that many of them in one query can be told apart.

pub(super) const INSERT: &str = "\
    INSERT INTO record (version, sealed, owner, due_at, kind, account, region, name) \
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, account, region, name) DO NOTHING \
    RETURNING ?;";

pub(super) const UPDATE: &str = "\
    UPDATE record SET version = ?, sealed = ?, owner = ?, due_at = ? \
    WHERE kind = ? AND account = ? AND region = ? AND name = ? AND version = ? RETURNING ?;";

pub(super) const RESEAL: &str = "\
    UPDATE record SET sealed = ? \
    WHERE kind = ? AND account = ? AND region = ? AND name = ? AND version = ? RETURNING ?;";

pub(super) const DELETE: &str = "\
    DELETE FROM record \
    WHERE kind = ? AND account = ? AND region = ? AND name = ? AND version = ? RETURNING ?;";

pub(super) const EXPECT: &str = "\
    SELECT ? FROM record \
    WHERE kind = ? AND account = ? AND region = ? AND name = ? AND version = ?;";

pub(super) const EXPECT_ABSENT: &str = "\
    SELECT ? WHERE NOT EXISTS \
    (SELECT 1 FROM record WHERE kind = ? AND account = ? AND region = ? AND name = ?);";

/// The version of a record that is there, after its number.
pub(super) const VERSION: &str = "\
    SELECT ?, version FROM record \
    WHERE kind = ? AND account = ? AND region = ? AND name = ?;";

pub(super) const CLEAR: &str = "DELETE FROM record";

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Row};

    use super::*;
    use crate::sqlite::connections::Connections;
    use crate::sqlite::schema;

    #[tokio::test]
    async fn every_query_uses_its_index() {
        let connections = Connections::to_memory();
        schema::prepare(&connections).await.unwrap();
        let covered =
            "USING COVERING INDEX record_by_id (kind=? AND account=? AND region=? AND name=?)";
        let by_id = "USING INDEX record_by_id (kind=? AND account=? AND region=? AND name=?)";
        for (sql, expected) in [
            (GET, by_id),
            (UPDATE, by_id),
            (RESEAL, by_id),
            (DELETE, by_id),
            (EXPECT, by_id),
            (VERSION, by_id),
            (EXPECT_ABSENT, covered),
            (FIND, "USING INDEX record_by_name (kind=? AND region=? AND name=?)"),
            (LIST, "USING INDEX record_by_id (kind=? AND account=? AND region=? AND name>?)"),
            (
                LIST_NAMES,
                "USING COVERING INDEX record_by_id (kind=? AND account=? AND region=? AND name>?)",
            ),
            (
                LIST_OWNED,
                "USING INDEX record_by_owner \
                 (kind=? AND account=? AND region=? AND owner=? AND name>?)",
            ),
            (SCAN, "USING INDEX record_by_id ((kind,account,region,name)>(?,?,?,?))"),
            (NEXT, "USING INTEGER PRIMARY KEY (rowid>?)"),
            (DUE, "USING INDEX record_by_due_at (due_at<?)"),
            (DUE_IN, "USING INDEX record_by_due_at (due_at<?)"),
            (NEXT_DUE, "USING COVERING INDEX record_by_due_at (due_at>?)"),
            (COUNT, "USING COVERING INDEX record_by_id (kind=? AND account=? AND region=?)"),
            (
                COUNT_OWNED,
                "USING COVERING INDEX record_by_owner (kind=? AND account=? AND region=? AND owner=?)",
            ),
        ] {
            let mut lease = connections.reader().await;
            let plan = sqlx::raw_sql(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
                .fetch_all(lease.connection().await.unwrap())
                .await
                .unwrap();
            let steps: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
            let of_table: Vec<_> = steps.iter().filter(|step| step.contains(" record")).collect();
            assert_eq!(of_table.len(), 1, "{sql}: {steps:?}");
            assert!(of_table[0].ends_with(expected), "{sql}: {steps:?}");
            assert!(!steps.iter().any(|step| step.contains("B-TREE")), "{sql}: {steps:?}");
        }
    }
}
