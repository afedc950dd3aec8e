-- What scans found, for SQLite. An alert without a row has its defaults and was never scanned. A twin of
-- 0013_alert.postgres.sql.

CREATE TABLE alert (
    provider  INTEGER NOT NULL,
    scope     TEXT NOT NULL,
    kind      TEXT NOT NULL,
    settings  TEXT NOT NULL,
    active    INTEGER NOT NULL,
    incidents INTEGER NOT NULL,
    modified  INTEGER,
    ordered   INTEGER,
    scanned   INTEGER,
    PRIMARY KEY (provider, scope, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE alert_incident (
    provider INTEGER NOT NULL,
    scope    TEXT NOT NULL,
    kind     TEXT NOT NULL,
    id       TEXT NOT NULL,
    facts    TEXT NOT NULL,
    PRIMARY KEY (provider, scope, kind, id)
) STRICT, WITHOUT ROWID;

-- When somebody last proved who he or she is.
CREATE TABLE last_sign_in (
    principal BLOB NOT NULL PRIMARY KEY,
    at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
