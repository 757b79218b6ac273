-- The gateway's state: wallets, intents with the stage each has reached, and what happened to them.

CREATE TABLE child_counters (
    key  TEXT PRIMARY KEY,
    next INTEGER NOT NULL
) STRICT;

CREATE TABLE wallets (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    caller  TEXT NOT NULL,
    chain   INTEGER NOT NULL,
    address TEXT NOT NULL,
    body    TEXT NOT NULL,
    UNIQUE (chain, address)
) STRICT;

CREATE INDEX wallets_by_caller ON wallets (caller, seq);

CREATE TABLE operations (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    caller      TEXT NOT NULL,
    id          TEXT NOT NULL,
    body_hash   TEXT NOT NULL,
    chain       INTEGER NOT NULL,
    entry_point TEXT NOT NULL,
    sender      TEXT NOT NULL,
    intent      TEXT NOT NULL,
    stage       TEXT NOT NULL,          -- name of the stage, for questions about many rows
    state       TEXT NOT NULL,          -- the stage itself
    nonce_key   TEXT,
    nonce_seq   INTEGER,
    settled     INTEGER NOT NULL DEFAULT 0,   -- 1: nothing can happen to it any more
    attempts    INTEGER NOT NULL DEFAULT 0,
    due_ms      INTEGER NOT NULL DEFAULT 0,
    lease_owner TEXT,
    lease_until INTEGER NOT NULL DEFAULT 0,
    created_ms  INTEGER NOT NULL,
    updated_ms  INTEGER NOT NULL,
    UNIQUE (caller, id)
) STRICT;

-- One nonce, one intent.
CREATE UNIQUE INDEX operations_by_nonce
    ON operations (chain, entry_point, sender, nonce_key, nonce_seq) WHERE nonce_seq IS NOT NULL;
CREATE INDEX operations_due ON operations (due_ms) WHERE settled = 0;
CREATE INDEX operations_by_sender ON operations (chain, sender, seq);

-- Every hash that was ever shown to the cosigners.
CREATE TABLE hashes (
    hash TEXT NOT NULL,
    seq  INTEGER NOT NULL REFERENCES operations (seq),
    PRIMARY KEY (hash, seq)
) STRICT, WITHOUT ROWID;

-- Nonce keys of a sender in which a slot was given away and never used: nothing can follow there.
CREATE TABLE blocked_lanes (
    chain       INTEGER NOT NULL,
    entry_point TEXT NOT NULL,
    sender      TEXT NOT NULL,
    nonce_key   TEXT NOT NULL,
    PRIMARY KEY (chain, entry_point, sender, nonce_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE timeline (
    n    INTEGER PRIMARY KEY AUTOINCREMENT,
    seq  INTEGER NOT NULL REFERENCES operations (seq),
    body TEXT NOT NULL
) STRICT;

CREATE INDEX timeline_by_operation ON timeline (seq, n);
