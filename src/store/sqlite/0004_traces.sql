-- By what an operation is found beside its id and hashes: the trace it belongs to, and the transactions that held it.

ALTER TABLE operations ADD COLUMN trace_id TEXT;
CREATE INDEX operations_by_trace ON operations (trace_id) WHERE trace_id IS NOT NULL;
CREATE INDEX operations_by_id ON operations (id);

CREATE TABLE transactions (
    hash TEXT NOT NULL,
    seq  INTEGER NOT NULL REFERENCES operations (seq),
    PRIMARY KEY (hash, seq)
) STRICT, WITHOUT ROWID;

INSERT OR IGNORE INTO transactions (hash, seq)
    SELECT coalesce(state ->> '$.included.inclusion.transactionHash',
                    state ->> '$.reverted.inclusion.transactionHash') AS hash, seq
    FROM operations WHERE stage IN ('included', 'reverted') AND hash IS NOT NULL;
