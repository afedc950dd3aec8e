-- Keys that sign tokens, for SQLite. A twin of 0003_signing_key.postgres.sql.

CREATE TABLE signing_key (
    kid             TEXT NOT NULL PRIMARY KEY,
    algorithm       TEXT NOT NULL,
    public_key      TEXT NOT NULL,
    sealed          BLOB NOT NULL,
    created         INTEGER NOT NULL,
    signs_from      INTEGER NOT NULL,
    signs_until     INTEGER NOT NULL,
    published_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX signing_key_published ON signing_key (published_until);
