-- Administrative units, for SQLite: places in the directory at which roles can hold. A twin of
-- 0014_administrative_unit.postgres.sql.

CREATE TABLE administrative_unit (
    id          BLOB NOT NULL PRIMARY KEY,
    name        TEXT NOT NULL,
    name_key    TEXT NOT NULL,
    description TEXT,
    visibility  TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX administrative_unit_name ON administrative_unit (name_key, id);

-- Users and groups in them.
CREATE TABLE administrative_unit_member (
    unit   BLOB NOT NULL REFERENCES administrative_unit (id),
    member BLOB NOT NULL,
    PRIMARY KEY (unit, member)
) STRICT, WITHOUT ROWID;
CREATE INDEX administrative_unit_member_of ON administrative_unit_member (member, unit);
