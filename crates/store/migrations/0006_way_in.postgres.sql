-- Who gave an account its way in, for PostgreSQL. A twin of 0006_way_in.sqlite.sql.

-- The last person who set the password of somebody else's account, issued the link to set it, or let an identity of an
-- outside issuer sign in to it: he could speak as its holder.
CREATE TABLE way_in (
    principal UUID NOT NULL PRIMARY KEY REFERENCES principal (id),
    person    UUID NOT NULL,
    at        BIGINT NOT NULL
);
CREATE INDEX way_in_person ON way_in (person);
