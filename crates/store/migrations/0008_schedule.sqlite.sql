-- Schedules of directory roles, groups and resource roles, for SQLite. A twin of 0008_schedule.postgres.sql.

-- One row for each principal, entitlement and kind: the schedule that is in force or to come, or the last one that was.
-- kind: 0 eligibility, 1 assignment. The times of an assignment are those of its grant.
-- scope: canonical text of the scope; of a group the access. definition: the role definition, or the group.
CREATE TABLE line (
    id          BLOB NOT NULL PRIMARY KEY,
    provider    INTEGER NOT NULL,
    kind        INTEGER NOT NULL,
    principal   BLOB NOT NULL,
    entitlement BLOB NOT NULL,
    definition  BLOB NOT NULL,
    scope       TEXT NOT NULL,
    schedule    BLOB NOT NULL,
    instance    BLOB NOT NULL,
    grant_id    BLOB,
    start_at    INTEGER NOT NULL,
    end_at      INTEGER,
    created     INTEGER NOT NULL,
    modified    INTEGER,
    made_by     BLOB NOT NULL,
    rests_on    BLOB,
    live        INTEGER NOT NULL,
    due         INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX line_list ON line (provider, kind, id) WHERE live;
CREATE INDEX line_principal ON line (principal, provider, kind, id) WHERE live;
CREATE INDEX line_definition ON line (definition, provider, kind, id) WHERE live;
CREATE INDEX line_scope ON line (provider, kind, scope, id) WHERE live;
CREATE INDEX line_schedule ON line (schedule) WHERE live;
CREATE INDEX line_rests_on ON line (rests_on) WHERE live AND rests_on IS NOT NULL;
CREATE INDEX line_grant ON line (grant_id) WHERE live AND grant_id IS NOT NULL;
CREATE INDEX line_due ON line (due, id) WHERE due IS NOT NULL;

-- What an order for a schedule says beside its request. ends: the grant that it took away.
CREATE TABLE schedule_order (
    request    BLOB NOT NULL PRIMARY KEY,
    provider   INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    principal  BLOB NOT NULL,
    requester  BLOB NOT NULL,
    definition BLOB NOT NULL,
    scope      TEXT NOT NULL,
    line       BLOB NOT NULL,
    schedule   BLOB,
    ends       BLOB,
    gated      INTEGER NOT NULL,
    details    TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX schedule_order_list ON schedule_order (provider, kind, request);
CREATE INDEX schedule_order_principal ON schedule_order (principal, provider, kind, request);
CREATE INDEX schedule_order_requester ON schedule_order (requester, provider, kind, request);
CREATE INDEX schedule_order_definition ON schedule_order (definition, provider, kind, request);
CREATE INDEX schedule_order_scope ON schedule_order (provider, kind, scope, request);
CREATE INDEX schedule_order_line ON schedule_order (line, request);
CREATE INDEX schedule_order_schedule ON schedule_order (schedule) WHERE schedule IS NOT NULL;
CREATE INDEX schedule_order_gated ON schedule_order (provider, request) WHERE gated;

CREATE INDEX approval_request ON approval (request);
