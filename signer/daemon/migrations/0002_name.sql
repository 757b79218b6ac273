-- Facts about this file itself. The journal's name is kept beside the shares too, so that an empty or
-- another journal is never taken for the one that knows what was signed.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta (name, value) VALUES ('journal', lower(hex(randomblob(16))));
