-- Every record of every kind. The sealed bytes hold the record; the other columns are what
-- queries need. A rowid table: large values stay out of the way of the indexes.
CREATE TABLE record (
    seq     INTEGER PRIMARY KEY,
    kind    INTEGER NOT NULL,
    account TEXT    NOT NULL,
    region  TEXT    NOT NULL,
    name    TEXT    NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    sealed  BLOB    NOT NULL,
    owner   TEXT,
    due_at  INTEGER
) STRICT;

-- Identity, and the listing of an account in order of name.
CREATE UNIQUE INDEX record_by_id ON record (kind, account, region, name);
-- The same name in every account.
CREATE INDEX record_by_name ON record (kind, region, name);
-- What belongs to an owner, in order of name.
CREATE INDEX record_by_owner ON record (kind, account, region, owner, name)
    WHERE owner IS NOT NULL;
-- What jobs have to look at, soonest first.
CREATE INDEX record_by_due_at ON record (due_at) WHERE due_at IS NOT NULL;
