-- Policies that somebody has changed, for SQLite; all others are the defaults of their provider. A twin of
-- 0009_policy.postgres.sql.

CREATE TABLE policy (
    -- Derived from the key; of a PAM role there is none, as its rules are the role's own.
    owner       BLOB NOT NULL PRIMARY KEY,
    provider    INTEGER NOT NULL,
    key         TEXT NOT NULL,
    rules       TEXT NOT NULL,
    modified    INTEGER NOT NULL,
    modified_by BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX policy_provider ON policy (provider, owner);
