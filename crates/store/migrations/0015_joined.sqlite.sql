-- Since when and through whom somebody is in a group for good, for SQLite: nobody decides who was put among the deciders
-- after the asking, by the one who asks. A twin of 0015_joined.postgres.sql.

ALTER TABLE standing_member ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE standing_member ADD COLUMN added_by BLOB;
