-- What of a record may be taken away later; the chained line holds its hash. And the operation that it is about.
ALTER TABLE audit ADD COLUMN shown TEXT;
ALTER TABLE audit ADD COLUMN operation TEXT;
CREATE INDEX audit_by_operation ON audit (operation) WHERE operation IS NOT NULL;

-- Ends of the chain under our identity's signature. Each names the one before it.
CREATE TABLE seal (
    count     INTEGER PRIMARY KEY,
    hash      TEXT NOT NULL,
    after     INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    signature TEXT NOT NULL
) STRICT;

-- Heads that this journal's history covers beside those of its own chain: of histories that were imported, of
-- records that were archived, and those that an operator waived.
CREATE TABLE lineage (
    count  INTEGER NOT NULL,
    hash   TEXT NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (count, hash)
) STRICT, WITHOUT ROWID;

-- The highest journal head of each other cosigner that we were shown, under its own signature.
CREATE TABLE peer_head (
    identity TEXT PRIMARY KEY,
    head     TEXT NOT NULL,
    at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Slots of which an imported history says something else than we do: nothing more is signed for them.
CREATE TABLE frozen (
    slot TEXT PRIMARY KEY,
    at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What can land in an operation's slot by our signature: each userOpHash that was decided, and the last second at
-- which the chain takes it, if the chain holds it to one.
CREATE TABLE operation (
    slot        TEXT NOT NULL,
    hash        TEXT NOT NULL,
    valid_until INTEGER,
    PRIMARY KEY (slot, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX reservation_by_slot ON reservation (slot);

-- The era of this journal: it rises when a history is imported or waived, so that what came before is known as older.
INSERT INTO meta (name, value) VALUES ('era', '0');
