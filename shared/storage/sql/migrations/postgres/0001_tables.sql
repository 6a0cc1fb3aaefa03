-- The newest value of every key. Keys compare by bytes.
CREATE TABLE annex_current (
    key     text COLLATE "C" PRIMARY KEY,
    rev     bigint NOT NULL, -- of the last write
    value   bytea NOT NULL,
    expires bigint           -- milliseconds since 1970; NULL: never
);
CREATE INDEX annex_current_expires ON annex_current (expires) WHERE expires IS NOT NULL;

-- Every write since the last compaction; written once, then only deleted, from the lowest revision upwards.
CREATE TABLE annex_log (
    rev        bigint PRIMARY KEY,
    key        text COLLATE "C" NOT NULL,
    value      bytea,                      -- NULL: the key was deleted
    prev_rev   bigint NOT NULL DEFAULT 0,  -- of the write that this one replaced; 0: the key was not there
    prev_value bytea,                      -- NULL: the key was not there
    created    bigint NOT NULL DEFAULT (extract(epoch FROM clock_timestamp()) * 1000)::bigint
);

-- One row. A transaction that writes locks it first, and holds it until it commits: so that revisions are in the order
-- of commits, and have no gaps. Updated in place, hence the room.
CREATE TABLE annex_meta (
    singleton        boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    revision         bigint NOT NULL, -- of the last write
    compact_revision bigint NOT NULL  -- up to which the log has been deleted
) WITH (fillfactor = 10);
INSERT INTO annex_meta (revision, compact_revision) VALUES (1, 0);
