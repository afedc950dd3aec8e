-- Resources: the tree of scopes, roles made here, and who holds which role where, for SQLite. A twin of
-- 0010_resources.postgres.sql.

-- kind: 1 management group, 2 subscription, 3 resource group, 4 resource.
CREATE TABLE place (
    scope_key  TEXT NOT NULL PRIMARY KEY,
    scope      TEXT NOT NULL,
    kind       INTEGER NOT NULL,
    name       TEXT NOT NULL,
    parent     TEXT NOT NULL,
    parent_key TEXT NOT NULL,
    location   TEXT,
    tags       TEXT NOT NULL,
    created    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX place_parent ON place (parent_key, kind, scope_key);
CREATE INDEX place_kind ON place (kind, scope_key);

CREATE TABLE resource_role (
    id          BLOB NOT NULL PRIMARY KEY,
    name        TEXT NOT NULL,
    name_key    TEXT NOT NULL,
    description TEXT,
    permissions TEXT NOT NULL,
    assignable  TEXT NOT NULL,
    created     INTEGER NOT NULL,
    updated     INTEGER NOT NULL,
    created_by  BLOB,
    updated_by  BLOB
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX resource_role_name ON resource_role (name_key);

CREATE TABLE role_assignment (
    name               BLOB NOT NULL PRIMARY KEY,
    scope              TEXT NOT NULL,
    scope_key          TEXT NOT NULL,
    definition         BLOB NOT NULL,
    principal          BLOB NOT NULL,
    kind               INTEGER NOT NULL,
    description        TEXT,
    condition          TEXT,
    condition_version  TEXT,
    delegated_identity TEXT,
    created            INTEGER NOT NULL,
    updated            INTEGER NOT NULL,
    created_by         BLOB,
    updated_by         BLOB
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX role_assignment_line ON role_assignment (principal, scope_key, definition);
CREATE INDEX role_assignment_scope ON role_assignment (scope_key, name);
CREATE INDEX role_assignment_definition ON role_assignment (definition);

CREATE TABLE deny_assignment (
    id          BLOB NOT NULL PRIMARY KEY,
    scope       TEXT NOT NULL,
    scope_key   TEXT NOT NULL,
    name        TEXT NOT NULL,
    not_below   INTEGER NOT NULL,
    permissions TEXT NOT NULL,
    principals  TEXT NOT NULL,
    excluded    TEXT NOT NULL,
    created     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX deny_assignment_scope ON deny_assignment (scope_key, id);
