-- What there is once. Every commit locks its row: commits are one after the other, and `sequence`
-- numbers what they have changed.
CREATE TABLE trent_store (
    only_row boolean NOT NULL PRIMARY KEY DEFAULT true CHECK (only_row),
    schema   bigint  NOT NULL,
    sequence bigint  NOT NULL CHECK (sequence >= 0),
    -- The changes up to this one are forgotten.
    trimmed  bigint  NOT NULL CHECK (trimmed BETWEEN 0 AND sequence)
) WITH (fillfactor = 10);
INSERT INTO trent_store (schema, sequence, trimmed) VALUES (0, 0, 0);

-- Every record of every kind. The sealed bytes hold the record; the other columns are what
-- queries need. Names are ordered by their bytes.
CREATE TABLE record (
    seq     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind    bigint           NOT NULL,
    account text COLLATE "C" NOT NULL,
    region  text COLLATE "C" NOT NULL,
    name    text COLLATE "C" NOT NULL,
    version bigint           NOT NULL CHECK (version >= 1),
    sealed  bytea            NOT NULL,
    owner   text COLLATE "C",
    due_at  bigint
);
-- What is sealed does not compress.
ALTER TABLE record ALTER COLUMN sealed SET STORAGE EXTERNAL;

-- Identity, and the listing of an account in order of name.
CREATE UNIQUE INDEX record_by_id ON record (kind, account, region, name);
-- The same name in every account.
CREATE INDEX record_by_name ON record (kind, region, name, seq);
-- What belongs to an owner, in order of name.
CREATE INDEX record_by_owner ON record (kind, account, region, owner, name)
    WHERE owner IS NOT NULL;
-- What jobs have to look at, soonest first.
CREATE INDEX record_by_due_at ON record (due_at, seq) WHERE due_at IS NOT NULL;

-- Which records were changed, for the other nodes.
CREATE TABLE change (
    sequence bigint           NOT NULL PRIMARY KEY,
    kind     bigint           NOT NULL,
    account  text COLLATE "C" NOT NULL,
    region   text COLLATE "C" NOT NULL,
    name     text COLLATE "C" NOT NULL
);

-- Which node does which work, and until when.
CREATE TABLE lease (
    work  text COLLATE "C" NOT NULL PRIMARY KEY,
    node  text COLLATE "C" NOT NULL,
    until timestamptz      NOT NULL
);
