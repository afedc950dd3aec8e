-- Scans that were ordered at scopes of resources, for PostgreSQL. A twin of 0017_alert_operation.sqlite.sql.

-- kind: the one alert that is looked for; NULL is all of them.
CREATE TABLE alert_operation (
    id       UUID NOT NULL PRIMARY KEY,
    provider SMALLINT NOT NULL,
    scope    TEXT COLLATE "C" NOT NULL,
    kind     TEXT COLLATE "C",
    ordered  BIGINT NOT NULL,
    started  BIGINT,
    finished BIGINT
);
CREATE INDEX alert_operation_open ON alert_operation (ordered, id) WHERE finished IS NULL;
CREATE INDEX alert_operation_done ON alert_operation (finished) WHERE finished IS NOT NULL;
