-- Each child of a key belongs to the caller that first named it or was given it, on every chain.

CREATE TABLE children (
    key    TEXT NOT NULL,
    child  INTEGER NOT NULL,
    caller TEXT NOT NULL,
    PRIMARY KEY (key, child)
) STRICT, WITHOUT ROWID;

INSERT OR IGNORE INTO children (key, child, caller)
    SELECT body ->> '$.key', body ->> '$.index', caller FROM wallets ORDER BY seq;

-- Why a row cannot be moved by this version; it is left alone until the next start.
ALTER TABLE operations ADD COLUMN quarantine TEXT;
