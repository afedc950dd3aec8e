-- Identities of outside issuers, for PostgreSQL. A twin of 0005_identity_link.sqlite.sql.

-- A link that was ended stays: who was behind an identity is not forgotten.
CREATE TABLE identity_link (
    issuer     TEXT NOT NULL,
    subject    TEXT NOT NULL,
    principal  UUID NOT NULL REFERENCES principal (id),
    created    BIGINT NOT NULL,
    created_by UUID,
    ended      BIGINT,
    PRIMARY KEY (issuer, subject, principal)
);
CREATE UNIQUE INDEX identity_link_one ON identity_link (issuer, subject) WHERE ended IS NULL;
CREATE INDEX identity_link_principal ON identity_link (principal);
