-- Schedules of directory roles, groups and resource roles, for PostgreSQL. A twin of 0008_schedule.sqlite.sql.

-- One row for each principal, entitlement and kind: the schedule that is in force or to come, or the last one that was.
-- kind: 0 eligibility, 1 assignment. The times of an assignment are those of its grant.
-- scope: canonical text of the scope; of a group the access. definition: the role definition, or the group.
CREATE TABLE line (
    id          UUID NOT NULL PRIMARY KEY,
    provider    SMALLINT NOT NULL,
    kind        SMALLINT NOT NULL,
    principal   UUID NOT NULL,
    entitlement UUID NOT NULL,
    definition  UUID NOT NULL,
    scope       TEXT COLLATE "C" NOT NULL,
    schedule    UUID NOT NULL,
    instance    UUID NOT NULL,
    grant_id    UUID,
    start_at    BIGINT NOT NULL,
    end_at      BIGINT,
    created     BIGINT NOT NULL,
    modified    BIGINT,
    made_by     UUID NOT NULL,
    rests_on    UUID,
    live        BOOLEAN NOT NULL,
    due         BIGINT
);
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
    request    UUID NOT NULL PRIMARY KEY,
    provider   SMALLINT NOT NULL,
    kind       SMALLINT NOT NULL,
    principal  UUID NOT NULL,
    requester  UUID NOT NULL,
    definition UUID NOT NULL,
    scope      TEXT COLLATE "C" NOT NULL,
    line       UUID NOT NULL,
    schedule   UUID,
    ends       UUID,
    gated      BOOLEAN NOT NULL,
    details    TEXT NOT NULL
);
CREATE INDEX schedule_order_list ON schedule_order (provider, kind, request);
CREATE INDEX schedule_order_principal ON schedule_order (principal, provider, kind, request);
CREATE INDEX schedule_order_requester ON schedule_order (requester, provider, kind, request);
CREATE INDEX schedule_order_definition ON schedule_order (definition, provider, kind, request);
CREATE INDEX schedule_order_scope ON schedule_order (provider, kind, scope, request);
CREATE INDEX schedule_order_line ON schedule_order (line, request);
CREATE INDEX schedule_order_schedule ON schedule_order (schedule) WHERE schedule IS NOT NULL;
CREATE INDEX schedule_order_gated ON schedule_order (provider, request) WHERE gated;

CREATE INDEX approval_request ON approval (request);
