-- Second factors, for PostgreSQL. A twin of 0004_factors.sqlite.sql.

ALTER TABLE factor ADD COLUMN used BIGINT;
-- A key whose counter went back may be copied: it stays on record and opens nothing.
ALTER TABLE factor ADD COLUMN disabled BIGINT;

-- Codes for the day on which everything else is lost. A used one is deleted.
CREATE TABLE recovery_code (
    principal UUID NOT NULL REFERENCES principal (id),
    hash      BYTEA NOT NULL,
    created   BIGINT NOT NULL,
    PRIMARY KEY (principal, hash)
);

-- What the server remembers between two steps of a ceremony. Taken once.
CREATE TABLE ceremony (
    hash      BYTEA NOT NULL PRIMARY KEY,
    kind      TEXT NOT NULL,
    principal UUID REFERENCES principal (id),
    state     TEXT NOT NULL,
    expires   BIGINT NOT NULL
);
CREATE INDEX ceremony_expires ON ceremony (expires);
CREATE INDEX ceremony_principal ON ceremony (principal) WHERE principal IS NOT NULL;

-- When the budget of guesses at one-time codes is whole again.
CREATE TABLE guess_budget (
    principal UUID NOT NULL PRIMARY KEY REFERENCES principal (id),
    whole_at  BIGINT NOT NULL
);
