-- Applications and the tokens of the embedded issuer, for PostgreSQL. A twin of 0002_applications.sqlite.sql.

CREATE TABLE application (
    principal UUID NOT NULL PRIMARY KEY REFERENCES principal (id),
    client    UUID NOT NULL,
    public    BOOLEAN NOT NULL,
    redirects TEXT NOT NULL,
    created   BIGINT NOT NULL,
    name_key  TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX application_client ON application (client);
CREATE INDEX application_name ON application (name_key, principal);

CREATE TABLE application_secret (
    id        UUID NOT NULL PRIMARY KEY,
    principal UUID NOT NULL REFERENCES application (principal),
    hash      BYTEA NOT NULL,
    hint      TEXT NOT NULL,
    label     TEXT NOT NULL,
    created   BIGINT NOT NULL,
    expires   BIGINT NOT NULL
);
CREATE INDEX application_secret_principal ON application_secret (principal);

CREATE TABLE application_key (
    id         UUID NOT NULL PRIMARY KEY,
    principal  UUID NOT NULL REFERENCES application (principal),
    public_key TEXT NOT NULL,
    thumbprint BYTEA NOT NULL,
    label      TEXT NOT NULL,
    created    BIGINT NOT NULL,
    expires    BIGINT NOT NULL
);
CREATE INDEX application_key_principal ON application_key (principal);

CREATE TABLE consent (
    principal  UUID NOT NULL REFERENCES application (principal),
    permission TEXT NOT NULL,
    created    BIGINT NOT NULL,
    created_by UUID,
    PRIMARY KEY (principal, permission)
);

-- Tokens of one sign-in: they end together.
CREATE TABLE token_family (
    id        UUID NOT NULL PRIMARY KEY,
    client    UUID NOT NULL,
    principal UUID NOT NULL,
    facts     TEXT NOT NULL,
    created   BIGINT NOT NULL,
    expires   BIGINT NOT NULL,
    revoked   BIGINT
);
CREATE INDEX token_family_principal ON token_family (principal);
CREATE INDEX token_family_client ON token_family (client);
CREATE INDEX token_family_expires ON token_family (expires);
CREATE INDEX token_family_revoked ON token_family (revoked) WHERE revoked IS NOT NULL;

CREATE TABLE authorization_code (
    hash      BYTEA NOT NULL PRIMARY KEY,
    family    UUID NOT NULL,
    redirect  TEXT NOT NULL,
    challenge TEXT,
    scopes    TEXT NOT NULL,
    nonce     TEXT,
    expires   BIGINT NOT NULL,
    used      BIGINT
);
CREATE INDEX authorization_code_expires ON authorization_code (expires);

CREATE TABLE refresh_token (
    hash    BYTEA NOT NULL PRIMARY KEY,
    family  UUID NOT NULL,
    scopes  TEXT NOT NULL,
    expires BIGINT NOT NULL,
    used    BIGINT
);
CREATE INDEX refresh_token_expires ON refresh_token (expires);

-- state: 0 waits for a person, 1 allowed, 2 refused, 3 redeemed.
CREATE TABLE device_code (
    hash      BYTEA NOT NULL PRIMARY KEY,
    user_code TEXT NOT NULL,
    client    UUID NOT NULL,
    scopes    TEXT NOT NULL,
    created   BIGINT NOT NULL,
    expires   BIGINT NOT NULL,
    polled    BIGINT,
    state     SMALLINT NOT NULL,
    family    UUID
);
CREATE UNIQUE INDEX device_code_user_code ON device_code (user_code);
CREATE INDEX device_code_expires ON device_code (expires);

-- Signed assertions of clients that were used: each counts once.
CREATE TABLE used_assertion (
    hash    BYTEA NOT NULL PRIMARY KEY,
    expires BIGINT NOT NULL
);
CREATE INDEX used_assertion_expires ON used_assertion (expires);
