-- Indexes that lists of resources page by, for SQLite. A twin of 0020_resource_lists.postgres.sql.

-- What waits for an approval: approvers look through these alone.
CREATE INDEX request_awaiting ON request (provider, id) WHERE stage = 1;
-- Role assignments that rest on a schedule are asked for by name.
CREATE INDEX line_instance ON line (instance) WHERE live;
-- Scans that were ordered at a scope.
CREATE INDEX alert_operation_scope ON alert_operation (provider, scope, ordered, id);
