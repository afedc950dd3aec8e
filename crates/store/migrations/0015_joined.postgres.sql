-- Since when and through whom somebody is in a group for good, for PostgreSQL: nobody decides who was put among the
-- deciders after the asking, by the one who asks. A twin of 0015_joined.sqlite.sql.

ALTER TABLE standing_member ADD COLUMN since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE standing_member ADD COLUMN added_by UUID;
