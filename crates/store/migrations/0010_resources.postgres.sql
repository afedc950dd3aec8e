-- Resources: the tree of scopes, roles made here, and who holds which role where, for PostgreSQL. A twin
-- of 0010_resources.sqlite.sql.

-- kind: 1 management group, 2 subscription, 3 resource group, 4 resource.
CREATE TABLE place (
    scope_key  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    scope      TEXT NOT NULL,
    kind       SMALLINT NOT NULL,
    name       TEXT NOT NULL,
    parent     TEXT NOT NULL,
    parent_key TEXT COLLATE "C" NOT NULL,
    location   TEXT,
    tags       TEXT NOT NULL,
    created    BIGINT NOT NULL
);
CREATE INDEX place_parent ON place (parent_key, kind, scope_key);
CREATE INDEX place_kind ON place (kind, scope_key);

CREATE TABLE resource_role (
    id          UUID NOT NULL PRIMARY KEY,
    name        TEXT NOT NULL,
    name_key    TEXT COLLATE "C" NOT NULL,
    description TEXT,
    permissions TEXT NOT NULL,
    assignable  TEXT NOT NULL,
    created     BIGINT NOT NULL,
    updated     BIGINT NOT NULL,
    created_by  UUID,
    updated_by  UUID
);
CREATE UNIQUE INDEX resource_role_name ON resource_role (name_key);

CREATE TABLE role_assignment (
    name               UUID NOT NULL PRIMARY KEY,
    scope              TEXT NOT NULL,
    scope_key          TEXT COLLATE "C" NOT NULL,
    definition         UUID NOT NULL,
    principal          UUID NOT NULL,
    kind               SMALLINT NOT NULL,
    description        TEXT,
    condition          TEXT,
    condition_version  TEXT,
    delegated_identity TEXT,
    created            BIGINT NOT NULL,
    updated            BIGINT NOT NULL,
    created_by         UUID,
    updated_by         UUID
);
CREATE UNIQUE INDEX role_assignment_line ON role_assignment (principal, scope_key, definition);
CREATE INDEX role_assignment_scope ON role_assignment (scope_key, name);
CREATE INDEX role_assignment_definition ON role_assignment (definition);

CREATE TABLE deny_assignment (
    id          UUID NOT NULL PRIMARY KEY,
    scope       TEXT NOT NULL,
    scope_key   TEXT COLLATE "C" NOT NULL,
    name        TEXT NOT NULL,
    not_below   BOOLEAN NOT NULL,
    permissions TEXT NOT NULL,
    principals  TEXT NOT NULL,
    excluded    TEXT NOT NULL,
    created     BIGINT NOT NULL
);
CREATE INDEX deny_assignment_scope ON deny_assignment (scope_key, id);
