-- Administrative units, for PostgreSQL: places in the directory at which roles can hold. A twin of
-- 0014_administrative_unit.sqlite.sql.

CREATE TABLE administrative_unit (
    id          UUID NOT NULL PRIMARY KEY,
    name        TEXT NOT NULL,
    name_key    TEXT COLLATE "C" NOT NULL,
    description TEXT,
    visibility  TEXT
);
CREATE INDEX administrative_unit_name ON administrative_unit (name_key, id);

-- Users and groups in them.
CREATE TABLE administrative_unit_member (
    unit   UUID NOT NULL REFERENCES administrative_unit (id),
    member UUID NOT NULL,
    PRIMARY KEY (unit, member)
);
CREATE INDEX administrative_unit_member_of ON administrative_unit_member (member, unit);
