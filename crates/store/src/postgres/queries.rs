//! Every SQL statement that reads or writes records. Simple SQL on purpose: each statement uses one
//! index, which a test asserts.

pub(super) const GET: &str = "\
    SELECT kind, account, region, name, version, sealed, owner, due_at FROM record \
    WHERE kind = $1 AND account = $2 AND region = $3 AND name = $4";

pub(super) const FIND: &str = "\
    SELECT kind, account, region, name, version, sealed, owner, due_at FROM record \
    WHERE kind = $1 AND region = $2 AND name = $3 ORDER BY seq LIMIT $4";

/// A name is never empty, so every name comes after the empty one.
pub(super) const LIST: &str = "\
    SELECT kind, account, region, name, version, sealed, owner, due_at FROM record \
    WHERE kind = $1 AND account = $2 AND region = $3 AND name > $4 ORDER BY name LIMIT $5";

pub(super) const LIST_NAMES: &str = "\
    SELECT name FROM record \
    WHERE kind = $1 AND account = $2 AND region = $3 AND name > $4 ORDER BY name LIMIT $5";

pub(super) const LIST_OWNED: &str = "\
    SELECT kind, account, region, name, version, sealed, owner, due_at FROM record \
    WHERE kind = $1 AND account = $2 AND region = $3 AND owner = $4 AND name > $5 \
    ORDER BY name LIMIT $6";

pub(super) const SCAN: &str = "\
    SELECT kind, account, region, name, version, sealed, owner, due_at FROM record \
    WHERE (kind, account, region, name) > ($1, $2, $3, $4) \
    ORDER BY kind, account, region, name LIMIT $5";

pub(super) const BEGIN_SNAPSHOT: &str = "\
    BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
    SET LOCAL idle_in_transaction_session_timeout = 0";

pub(super) const COUNT_ALL: &str = "SELECT count(*) FROM record";

/// In the order in which records were first written, each with its place.
pub(super) const NEXT: &str = "\
    SELECT kind, account, region, name, version, sealed, owner, due_at, seq FROM record \
    WHERE seq > $1 ORDER BY seq LIMIT $2";

pub(super) const DUE: &str = "\
    SELECT kind, account, region, name, version, sealed, owner, due_at FROM record \
    WHERE due_at <= $1 ORDER BY due_at, seq LIMIT $2";

/// The part is that of `RecordId::part`.
pub(super) const DUE_IN: &str = "\
    SELECT kind, account, region, name, version, sealed, owner, due_at FROM record \
    WHERE due_at <= $1 AND strpos('0123456789abcdef', right(name, 1)) % 16 = $2 \
    ORDER BY due_at, seq LIMIT $3";

pub(super) const NEXT_DUE: &str = "\
    SELECT due_at FROM record WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 1";

pub(super) const COUNT: &str = "\
    SELECT count(*) FROM record WHERE kind = $1 AND account = $2 AND region = $3";

pub(super) const COUNT_OWNED: &str = "\
    SELECT count(*) FROM record WHERE kind = $1 AND account = $2 AND region = $3 AND owner = $4";

/// The state of the database, once a row of it is locked against all other commits.
pub(super) const BEGIN: &str = "\
    BEGIN ISOLATION LEVEL READ COMMITTED; \
    SELECT schema, sequence, trimmed FROM trent_store FOR UPDATE";

/// Of records by number: the versions of those that are there.
pub(super) const VERSIONS: &str = "\
    SELECT given.number, record.version \
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY \
        AS given (kind, account, region, name, number) \
    JOIN record USING (kind, account, region, name)";

/// In the order in which they are given.
pub(super) const INSERT: &str = "\
    INSERT INTO record (kind, account, region, name, version, sealed, owner, due_at) \
    SELECT kind, account, region, name, version, sealed, owner, due_at \
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bytea[], \
        $7::text[], $8::bigint[]) WITH ORDINALITY \
        AS given (kind, account, region, name, version, sealed, owner, due_at, number) \
    ORDER BY number";

pub(super) const UPDATE: &str = "\
    UPDATE record SET version = given.version, sealed = given.sealed, owner = given.owner, \
        due_at = given.due_at \
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bytea[], \
        $7::text[], $8::bigint[], $9::bigint[]) \
        AS given (kind, account, region, name, version, sealed, owner, due_at, stored) \
    WHERE record.kind = given.kind AND record.account = given.account \
        AND record.region = given.region AND record.name = given.name \
        AND record.version = given.stored";

pub(super) const RESEAL: &str = "\
    UPDATE record SET sealed = given.sealed \
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bytea[]) \
        AS given (kind, account, region, name, version, sealed) \
    WHERE record.kind = given.kind AND record.account = given.account \
        AND record.region = given.region AND record.name = given.name \
        AND record.version = given.version";

pub(super) const DELETE: &str = "\
    DELETE FROM record \
    USING unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::bigint[]) \
        AS given (kind, account, region, name, version) \
    WHERE record.kind = given.kind AND record.account = given.account \
        AND record.region = given.region AND record.name = given.name \
        AND record.version = given.version";

pub(super) const CLEAR: &str = "DELETE FROM record";

/// Writes down which records were changed after the sequence `$1`.
pub(super) const TELL: &str = "\
    INSERT INTO change (sequence, kind, account, region, name) \
    SELECT $1 + number, kind, account, region, name \
    FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY \
        AS given (kind, account, region, name, number)";

pub(super) const FORGET: &str = "DELETE FROM change WHERE sequence <= $1";

pub(super) const ADVANCE: &str = "UPDATE trent_store SET sequence = $1, trimmed = $2";

/// What was changed after the sequence `$1`, at most `$2` records. One row without a record, if
/// nothing was.
pub(super) const CHANGES: &str = "\
    SELECT state.schema, state.sequence, state.trimmed, pg_is_in_recovery(), \
        told.kind, told.account, told.region, told.name \
    FROM trent_store AS state LEFT JOIN LATERAL ( \
        SELECT sequence, kind, account, region, name FROM change \
        WHERE change.sequence > $1 ORDER BY change.sequence LIMIT $2 \
    ) AS told ON true";

/// A row if `$2` has the work `$1` now, for `$3` microseconds.
pub(super) const CLAIM: &str = "\
    INSERT INTO lease AS held (work, node, until) \
    VALUES ($1, $2, clock_timestamp() + $3 * interval '1 microsecond') \
    ON CONFLICT (work) DO UPDATE SET node = excluded.node, until = excluded.until \
    WHERE held.node = excluded.node OR held.until <= clock_timestamp() \
    RETURNING true";

/// Work of which nobody knows any more.
pub(super) const FORGET_CLAIMS: &str = "\
    DELETE FROM lease WHERE until < clock_timestamp() - interval '1 day'";
