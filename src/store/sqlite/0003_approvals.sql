-- People's approvals of exact operations, in the order in which they came. The last of a person counts.

CREATE TABLE approvals (
    n        INTEGER PRIMARY KEY AUTOINCREMENT,
    seq      INTEGER NOT NULL REFERENCES operations (seq),
    hash     TEXT NOT NULL,
    approver TEXT NOT NULL,
    expiry   INTEGER NOT NULL,
    body     TEXT NOT NULL,
    UNIQUE (seq, hash, approver)
) STRICT;

CREATE INDEX operations_awaiting ON operations (caller, seq) WHERE stage = 'awaiting';
