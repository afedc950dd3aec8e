-- Policies that somebody has changed, for PostgreSQL; all others are the defaults of their provider. A twin of
-- 0009_policy.sqlite.sql.

CREATE TABLE policy (
    -- Derived from the key; of a PAM role there is none, as its rules are the role's own.
    owner       UUID NOT NULL PRIMARY KEY,
    provider    SMALLINT NOT NULL,
    key         TEXT NOT NULL,
    rules       TEXT NOT NULL,
    modified    BIGINT NOT NULL,
    modified_by UUID
);
CREATE INDEX policy_provider ON policy (provider, owner);
