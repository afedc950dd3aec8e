-- Scans that were ordered at scopes of resources, for SQLite. A twin of 0017_alert_operation.postgres.sql.

-- kind: the one alert that is looked for; NULL is all of them.
CREATE TABLE alert_operation (
    id       BLOB NOT NULL PRIMARY KEY,
    provider INTEGER NOT NULL,
    scope    TEXT NOT NULL,
    kind     TEXT,
    ordered  INTEGER NOT NULL,
    started  INTEGER,
    finished INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_operation_open ON alert_operation (ordered, id) WHERE finished IS NULL;
CREATE INDEX alert_operation_done ON alert_operation (finished) WHERE finished IS NOT NULL;
