-- What each slot takes of the limits of the policy file: one row a limit, whose total it is, and slot. A replacement
-- raises its slot's row and never lowers it. Rows are never given back by a failure: what was decided counts.
CREATE TABLE reservation (
    account TEXT NOT NULL,
    slot    TEXT NOT NULL,
    amount  TEXT NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (account, slot)
) STRICT, WITHOUT ROWID;
CREATE INDEX reservation_by_time ON reservation (account, at);

-- Which slot a caller's intent was given: one intent, one nonce, for ever; and one nonce, one intent.
CREATE TABLE intent (
    signer TEXT NOT NULL,
    id     TEXT NOT NULL,
    slot   TEXT NOT NULL UNIQUE,
    at     INTEGER NOT NULL,
    PRIMARY KEY (signer, id)
) STRICT, WITHOUT ROWID;

-- Operations that change who or what commands an account. While one is open, nothing else of the account is signed.
CREATE TABLE barrier (
    account TEXT NOT NULL,
    slot    TEXT NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (account, slot)
) STRICT, WITHOUT ROWID;
