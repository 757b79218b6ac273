-- Which digest each slot was given. Rows are never deleted and never freed: a digest binds its slot from
-- the moment it was decided, whether or not the protocol went on to finish.
CREATE TABLE journal (
    id           INTEGER PRIMARY KEY,
    slot         TEXT NOT NULL,
    digest       TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    terms        TEXT NOT NULL,
    decided_at   INTEGER NOT NULL,
    signed_at    INTEGER,
    UNIQUE (slot, digest)
) STRICT;
CREATE INDEX journal_by_slot ON journal (slot, id);

-- One record a request, refusals too; each carries the hash of the one before it.
CREATE TABLE audit (
    seq    INTEGER PRIMARY KEY,
    prev   TEXT NOT NULL,
    hash   TEXT NOT NULL,
    record TEXT NOT NULL
) STRICT;

-- Attempt ids are single use.
CREATE TABLE attempt (
    id TEXT PRIMARY KEY,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What a paymaster may still be made to pay: for each slot the dearest approval and the latest expiry.
CREATE TABLE exposure (
    account     TEXT NOT NULL,
    slot        TEXT NOT NULL,
    wei         TEXT NOT NULL,
    valid_until INTEGER NOT NULL,
    PRIMARY KEY (account, slot)
) STRICT, WITHOUT ROWID;
CREATE INDEX exposure_by_expiry ON exposure (account, valid_until);

CREATE TABLE exposure_total (
    account TEXT PRIMARY KEY,
    wei     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Parties that a root key signs with no more. The root key is named by its public key: a ban belongs to
-- the key's oblivious-transfer state and outlives a change of the key's name.
CREATE TABLE ban (
    root   TEXT NOT NULL,
    party  INTEGER NOT NULL,
    reason TEXT NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (root, party)
) STRICT, WITHOUT ROWID;

-- Signatures that came out wrong without a culprit, counted against every other member of the quorum.
CREATE TABLE spoiled (
    root    TEXT NOT NULL,
    party   INTEGER NOT NULL,
    count   INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (root, party)
) STRICT, WITHOUT ROWID;
