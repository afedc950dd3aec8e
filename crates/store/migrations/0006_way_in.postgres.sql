-- Who gave an account a way in, for PostgreSQL. A twin of 0006_way_in.sqlite.sql.

-- Whoever gave somebody else's account something to sign in with could speak as its holder. What: 0 its password or a link
-- to set it, 1 the names by which directories know it, 2 an identity of an outside issuer.
CREATE TABLE way_in (
    principal UUID NOT NULL REFERENCES principal (id),
    way       BIGINT NOT NULL,
    person    UUID NOT NULL,
    at        BIGINT NOT NULL,
    PRIMARY KEY (principal, way, person)
);
CREATE INDEX way_in_person ON way_in (person);
