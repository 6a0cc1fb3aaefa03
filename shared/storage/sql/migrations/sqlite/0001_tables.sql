-- The newest value of every key. Keys compare by bytes.
CREATE TABLE annex_current (
    key     text PRIMARY KEY NOT NULL,
    rev     integer NOT NULL, -- of the last write
    value   blob NOT NULL,
    expires integer           -- milliseconds since 1970; NULL: never
) WITHOUT ROWID;
CREATE INDEX annex_current_expires ON annex_current (expires) WHERE expires IS NOT NULL;

-- Every write since the last compaction; written once, then only deleted, from the lowest revision upwards.
CREATE TABLE annex_log (
    rev        integer PRIMARY KEY,
    key        text NOT NULL,
    value      blob,                       -- NULL: the key was deleted
    prev_rev   integer NOT NULL DEFAULT 0, -- of the write that this one replaced; 0: the key was not there
    prev_value blob,                       -- NULL: the key was not there
    created    integer NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS integer))
);

-- One row. A transaction that writes holds the database's write lock from its beginning: so that revisions are in the
-- order of commits, and have no gaps.
CREATE TABLE annex_meta (
    singleton        integer PRIMARY KEY DEFAULT 1 CHECK (singleton = 1),
    revision         integer NOT NULL, -- of the last write
    compact_revision integer NOT NULL  -- up to which the log has been deleted
);
INSERT INTO annex_meta (revision, compact_revision) VALUES (1, 0);
