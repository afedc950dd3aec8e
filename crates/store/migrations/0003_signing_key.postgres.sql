-- Keys that sign tokens, for PostgreSQL. A twin of 0003_signing_key.sqlite.sql.

CREATE TABLE signing_key (
    kid             TEXT NOT NULL PRIMARY KEY,
    algorithm       TEXT NOT NULL,
    public_key      TEXT NOT NULL,
    sealed          BYTEA NOT NULL,
    created         BIGINT NOT NULL,
    signs_from      BIGINT NOT NULL,
    signs_until     BIGINT NOT NULL,
    published_until BIGINT NOT NULL
);
CREATE INDEX signing_key_published ON signing_key (published_until);
