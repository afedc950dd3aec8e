-- Who gave an account a way in, for SQLite. A twin of 0006_way_in.postgres.sql.

-- Whoever gave somebody else's account something to sign in with could speak as its holder. What: 0 its password or a link
-- to set it, 1 the names by which directories know it, 2 an identity of an outside issuer.
CREATE TABLE way_in (
    principal BLOB NOT NULL REFERENCES principal (id),
    way       INTEGER NOT NULL,
    person    BLOB NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (principal, way, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX way_in_person ON way_in (person);
