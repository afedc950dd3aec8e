-- What the directory knows beyond accounts and memberships, for SQLite. A twin of 0007_directory.postgres.sql.

CREATE INDEX principal_kind ON principal (kind, name_key, id);

CREATE TABLE directory_user (
    principal          BLOB NOT NULL PRIMARY KEY REFERENCES principal (id),
    mail               TEXT,
    mail_key           TEXT,
    given_name         TEXT,
    surname            TEXT,
    job_title          TEXT,
    department         TEXT,
    office_location    TEXT,
    mobile_phone       TEXT,
    business_phone     TEXT,
    preferred_language TEXT,
    manager            BLOB,
    created            INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX directory_user_mail ON directory_user (mail_key) WHERE mail_key IS NOT NULL;
CREATE INDEX directory_user_manager ON directory_user (manager) WHERE manager IS NOT NULL;

CREATE TABLE directory_group (
    id               BLOB NOT NULL PRIMARY KEY REFERENCES access_group (id),
    mail_nickname    TEXT,
    mail_enabled     INTEGER NOT NULL,
    security_enabled INTEGER NOT NULL,
    unified          INTEGER NOT NULL,
    role_assignable  INTEGER NOT NULL,
    rule             TEXT,
    synchronised     INTEGER NOT NULL,
    created          INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE group_owner (
    group_id  BLOB NOT NULL REFERENCES access_group (id),
    principal BLOB NOT NULL REFERENCES principal (id),
    PRIMARY KEY (group_id, principal)
) STRICT, WITHOUT ROWID;
CREATE INDEX group_owner_principal ON group_owner (principal);

-- Roles made by administrators; the built-in ones are the same everywhere and need no rows.
CREATE TABLE role_definition (
    id          BLOB NOT NULL PRIMARY KEY,
    template    BLOB NOT NULL,
    name        TEXT NOT NULL,
    name_key    TEXT NOT NULL,
    description TEXT,
    enabled     INTEGER NOT NULL,
    version     TEXT,
    permissions TEXT NOT NULL,
    created     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX role_definition_name ON role_definition (name_key);
CREATE UNIQUE INDEX role_definition_template ON role_definition (template);
