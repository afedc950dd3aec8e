-- Identities of outside issuers, for SQLite. A twin of 0005_identity_link.postgres.sql.

-- A link that was ended stays: who was behind an identity is not forgotten.
CREATE TABLE identity_link (
    issuer     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    principal  BLOB NOT NULL REFERENCES principal (id),
    created    INTEGER NOT NULL,
    created_by BLOB,
    ended      INTEGER,
    PRIMARY KEY (issuer, subject, principal)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX identity_link_one ON identity_link (issuer, subject) WHERE ended IS NULL;
CREATE INDEX identity_link_principal ON identity_link (principal);
