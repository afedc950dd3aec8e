-- Second factors, for SQLite. A twin of 0004_factors.postgres.sql.

ALTER TABLE factor ADD COLUMN used INTEGER;
-- A key whose counter went back may be copied: it stays on record and opens nothing.
ALTER TABLE factor ADD COLUMN disabled INTEGER;

-- Codes for the day on which everything else is lost. A used one is deleted.
CREATE TABLE recovery_code (
    principal BLOB NOT NULL REFERENCES principal (id),
    hash      BLOB NOT NULL,
    created   INTEGER NOT NULL,
    PRIMARY KEY (principal, hash)
) STRICT, WITHOUT ROWID;

-- What the server remembers between two steps of a ceremony. Taken once.
CREATE TABLE ceremony (
    hash      BLOB NOT NULL PRIMARY KEY,
    kind      TEXT NOT NULL,
    principal BLOB REFERENCES principal (id),
    state     TEXT NOT NULL,
    expires   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ceremony_expires ON ceremony (expires);
CREATE INDEX ceremony_principal ON ceremony (principal) WHERE principal IS NOT NULL;

-- When the budget of guesses at one-time codes is whole again.
CREATE TABLE guess_budget (
    principal BLOB NOT NULL PRIMARY KEY REFERENCES principal (id),
    whole_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
