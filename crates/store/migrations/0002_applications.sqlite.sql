-- Applications and the tokens of the embedded issuer, for SQLite. A twin of 0002_applications.postgres.sql.

CREATE TABLE application (
    principal BLOB NOT NULL PRIMARY KEY REFERENCES principal (id),
    client    BLOB NOT NULL,
    public    INTEGER NOT NULL,
    redirects TEXT NOT NULL,
    created   INTEGER NOT NULL,
    name_key  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX application_client ON application (client);
CREATE INDEX application_name ON application (name_key, principal);

CREATE TABLE application_secret (
    id        BLOB NOT NULL PRIMARY KEY,
    principal BLOB NOT NULL REFERENCES application (principal),
    hash      BLOB NOT NULL,
    hint      TEXT NOT NULL,
    label     TEXT NOT NULL,
    created   INTEGER NOT NULL,
    expires   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX application_secret_principal ON application_secret (principal);

CREATE TABLE application_key (
    id         BLOB NOT NULL PRIMARY KEY,
    principal  BLOB NOT NULL REFERENCES application (principal),
    public_key TEXT NOT NULL,
    thumbprint BLOB NOT NULL,
    label      TEXT NOT NULL,
    created    INTEGER NOT NULL,
    expires    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX application_key_principal ON application_key (principal);

CREATE TABLE consent (
    principal  BLOB NOT NULL REFERENCES application (principal),
    permission TEXT NOT NULL,
    created    INTEGER NOT NULL,
    created_by BLOB,
    PRIMARY KEY (principal, permission)
) STRICT, WITHOUT ROWID;

-- Tokens of one sign-in: they end together.
CREATE TABLE token_family (
    id        BLOB NOT NULL PRIMARY KEY,
    client    BLOB NOT NULL,
    principal BLOB NOT NULL,
    facts     TEXT NOT NULL,
    created   INTEGER NOT NULL,
    expires   INTEGER NOT NULL,
    revoked   INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX token_family_principal ON token_family (principal);
CREATE INDEX token_family_client ON token_family (client);
CREATE INDEX token_family_expires ON token_family (expires);
CREATE INDEX token_family_revoked ON token_family (revoked) WHERE revoked IS NOT NULL;

CREATE TABLE authorization_code (
    hash      BLOB NOT NULL PRIMARY KEY,
    family    BLOB NOT NULL,
    redirect  TEXT NOT NULL,
    challenge TEXT,
    scopes    TEXT NOT NULL,
    nonce     TEXT,
    expires   INTEGER NOT NULL,
    used      INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX authorization_code_expires ON authorization_code (expires);

CREATE TABLE refresh_token (
    hash    BLOB NOT NULL PRIMARY KEY,
    family  BLOB NOT NULL,
    scopes  TEXT NOT NULL,
    expires INTEGER NOT NULL,
    used    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_token_expires ON refresh_token (expires);

-- state: 0 waits for a person, 1 allowed, 2 refused, 3 redeemed.
CREATE TABLE device_code (
    hash      BLOB NOT NULL PRIMARY KEY,
    user_code TEXT NOT NULL,
    client    BLOB NOT NULL,
    scopes    TEXT NOT NULL,
    created   INTEGER NOT NULL,
    expires   INTEGER NOT NULL,
    polled    INTEGER,
    state     INTEGER NOT NULL,
    family    BLOB
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX device_code_user_code ON device_code (user_code);
CREATE INDEX device_code_expires ON device_code (expires);

-- Signed assertions of clients that were used: each counts once.
CREATE TABLE used_assertion (
    hash    BLOB NOT NULL PRIMARY KEY,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX used_assertion_expires ON used_assertion (expires);
