-- An index of the audit log for readers of the directory's audits, for SQLite: what is looked for, without names and free
-- texts. The log itself is the evidence. A twin of 0012_directory_audit.postgres.sql.

CREATE TABLE directory_audit (
    id          BLOB NOT NULL PRIMARY KEY,
    at          INTEGER NOT NULL,
    event       INTEGER NOT NULL,
    provider    INTEGER,
    actor       BLOB,
    component   TEXT,
    address     TEXT,
    subject     BLOB,
    request     BLOB,
    entitlement BLOB,
    correlation BLOB NOT NULL,
    failure     TEXT,
    facts       TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX directory_audit_at ON directory_audit (at, id);
CREATE INDEX directory_audit_event ON directory_audit (event, at, id);
CREATE INDEX directory_audit_correlation ON directory_audit (correlation, at, id);
CREATE INDEX directory_audit_actor ON directory_audit (actor, at, id) WHERE actor IS NOT NULL;

-- What a record is about: principals, groups, roles, requests.
CREATE TABLE directory_audit_target (
    target BLOB NOT NULL,
    at     INTEGER NOT NULL,
    audit  BLOB NOT NULL,
    PRIMARY KEY (target, at, audit)
) STRICT, WITHOUT ROWID;
CREATE INDEX directory_audit_target_at ON directory_audit_target (at);
