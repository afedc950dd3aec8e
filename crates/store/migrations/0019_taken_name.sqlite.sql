-- Names of requests that retention deleted, for SQLite: a late repeat must not give again what was given once. A twin of
-- 0019_taken_name.postgres.sql.

CREATE TABLE taken_name (
    provider INTEGER NOT NULL,
    name_key TEXT NOT NULL,
    PRIMARY KEY (provider, name_key)
) STRICT, WITHOUT ROWID;
