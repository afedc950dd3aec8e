-- What scans found, for PostgreSQL. An alert without a row has its defaults and was never scanned. A twin of
-- 0013_alert.sqlite.sql.

CREATE TABLE alert (
    provider  SMALLINT NOT NULL,
    scope     TEXT COLLATE "C" NOT NULL,
    kind      TEXT COLLATE "C" NOT NULL,
    settings  TEXT NOT NULL,
    active    BOOLEAN NOT NULL,
    incidents BIGINT NOT NULL,
    modified  BIGINT,
    ordered   BIGINT,
    scanned   BIGINT,
    PRIMARY KEY (provider, scope, kind)
);

CREATE TABLE alert_incident (
    provider SMALLINT NOT NULL,
    scope    TEXT COLLATE "C" NOT NULL,
    kind     TEXT COLLATE "C" NOT NULL,
    id       TEXT COLLATE "C" NOT NULL,
    facts    TEXT NOT NULL,
    PRIMARY KEY (provider, scope, kind, id)
);

-- When somebody last proved who he or she is.
CREATE TABLE last_sign_in (
    principal UUID NOT NULL PRIMARY KEY,
    at        BIGINT NOT NULL
);
