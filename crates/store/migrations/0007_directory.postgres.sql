-- What the directory knows beyond accounts and memberships, for PostgreSQL. A twin of 0007_directory.sqlite.sql.

CREATE INDEX principal_kind ON principal (kind, name_key, id);

CREATE TABLE directory_user (
    principal          UUID NOT NULL PRIMARY KEY REFERENCES principal (id),
    mail               TEXT,
    mail_key           TEXT COLLATE "C",
    given_name         TEXT,
    surname            TEXT,
    job_title          TEXT,
    department         TEXT,
    office_location    TEXT,
    mobile_phone       TEXT,
    business_phone     TEXT,
    preferred_language TEXT,
    manager            UUID,
    created            BIGINT
);
CREATE INDEX directory_user_mail ON directory_user (mail_key) WHERE mail_key IS NOT NULL;
CREATE INDEX directory_user_manager ON directory_user (manager) WHERE manager IS NOT NULL;

CREATE TABLE directory_group (
    id               UUID NOT NULL PRIMARY KEY REFERENCES access_group (id),
    mail_nickname    TEXT,
    mail_enabled     BOOLEAN NOT NULL,
    security_enabled BOOLEAN NOT NULL,
    unified          BOOLEAN NOT NULL,
    role_assignable  BOOLEAN NOT NULL,
    rule             TEXT,
    synchronised     BOOLEAN NOT NULL,
    created          BIGINT
);

CREATE TABLE group_owner (
    group_id  UUID NOT NULL REFERENCES access_group (id),
    principal UUID NOT NULL REFERENCES principal (id),
    PRIMARY KEY (group_id, principal)
);
CREATE INDEX group_owner_principal ON group_owner (principal);

-- Roles made by administrators; the built-in ones are the same everywhere and need no rows.
CREATE TABLE role_definition (
    id          UUID NOT NULL PRIMARY KEY,
    template    UUID NOT NULL,
    name        TEXT NOT NULL,
    name_key    TEXT COLLATE "C" NOT NULL,
    description TEXT,
    enabled     BOOLEAN NOT NULL,
    version     TEXT,
    permissions TEXT NOT NULL,
    created     BIGINT NOT NULL
);
CREATE UNIQUE INDEX role_definition_name ON role_definition (name_key);
CREATE UNIQUE INDEX role_definition_template ON role_definition (template);
