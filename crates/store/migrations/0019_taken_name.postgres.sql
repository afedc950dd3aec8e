-- Names of requests that retention deleted, for PostgreSQL: a late repeat must not give again what was given once. A twin of
-- 0019_taken_name.sqlite.sql.

CREATE TABLE taken_name (
    provider SMALLINT NOT NULL,
    name_key TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (provider, name_key)
);
