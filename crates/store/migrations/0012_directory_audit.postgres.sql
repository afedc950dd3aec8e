-- An index of the audit log for readers of the directory's audits, for PostgreSQL: what is looked for, without names and free
-- texts. The log itself is the evidence. A twin of 0012_directory_audit.sqlite.sql.

CREATE TABLE directory_audit (
    id          UUID NOT NULL PRIMARY KEY,
    at          BIGINT NOT NULL,
    event       SMALLINT NOT NULL,
    provider    SMALLINT,
    actor       UUID,
    component   TEXT,
    address     TEXT,
    subject     UUID,
    request     UUID,
    entitlement UUID,
    correlation UUID NOT NULL,
    failure     TEXT,
    facts       TEXT NOT NULL
);
CREATE INDEX directory_audit_at ON directory_audit (at, id);
CREATE INDEX directory_audit_event ON directory_audit (event, at, id);
CREATE INDEX directory_audit_correlation ON directory_audit (correlation, at, id);
CREATE INDEX directory_audit_actor ON directory_audit (actor, at, id) WHERE actor IS NOT NULL;

-- What a record is about: principals, groups, roles, requests.
CREATE TABLE directory_audit_target (
    target UUID NOT NULL,
    at     BIGINT NOT NULL,
    audit  UUID NOT NULL,
    PRIMARY KEY (target, at, audit)
);
CREATE INDEX directory_audit_target_at ON directory_audit_target (at);
