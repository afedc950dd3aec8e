-- Who gave an account its way in, for SQLite. A twin of 0006_way_in.postgres.sql.

-- The last person who set the password of somebody else's account, issued the link to set it, or let an identity of an
-- outside issuer sign in to it: he could speak as its holder.
CREATE TABLE way_in (
    principal BLOB NOT NULL PRIMARY KEY REFERENCES principal (id),
    person    BLOB NOT NULL,
    at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX way_in_person ON way_in (person);
