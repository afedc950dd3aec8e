-- Who gave an account its password, for PostgreSQL. A twin of 0006_password_given.sqlite.sql.

-- The last person who set the password of somebody else's account, or issued the link to set it: he could sign in as its
-- holder.
CREATE TABLE password_given (
    principal UUID NOT NULL PRIMARY KEY REFERENCES principal (id),
    person    UUID NOT NULL,
    at        BIGINT NOT NULL
);
CREATE INDEX password_given_person ON password_given (person);
