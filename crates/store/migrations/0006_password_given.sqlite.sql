-- Who gave an account its password, for SQLite. A twin of 0006_password_given.postgres.sql.

-- The last person who set the password of somebody else's account, or issued the link to set it: he could sign in as its
-- holder.
CREATE TABLE password_given (
    principal BLOB NOT NULL PRIMARY KEY REFERENCES principal (id),
    person    BLOB NOT NULL,
    at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX password_given_person ON password_given (person);
