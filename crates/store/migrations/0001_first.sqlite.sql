-- The first schema, for SQLite. A twin of 0001_first.postgres.sql.
-- Instants are microseconds since 1970 in UTC, durations are seconds. Ids are 16 bytes.
-- Names with `_key` are folded to lower case: they carry uniqueness and order.

-- Small facts: tenant, settings, demo mark.
CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row. Grows with each change of what decisions are made on.
CREATE TABLE config_version (
    one     INTEGER NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO config_version (one, version) VALUES (1, 1);

-- People and what they sign in with ---------------------------------------------------------------

CREATE TABLE principal (
    id           BLOB NOT NULL PRIMARY KEY,
    kind         INTEGER NOT NULL,
    person       BLOB NOT NULL,
    domain       TEXT NOT NULL,
    account      TEXT NOT NULL,
    display_name TEXT NOT NULL,
    upn          TEXT,
    enabled      INTEGER NOT NULL,
    login_key    TEXT NOT NULL,
    account_key  TEXT NOT NULL,
    upn_key      TEXT,
    name_key     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX principal_login ON principal (login_key);
CREATE UNIQUE INDEX principal_upn ON principal (upn_key) WHERE upn_key IS NOT NULL;
CREATE INDEX principal_account ON principal (account_key);
CREATE INDEX principal_person ON principal (person);
CREATE INDEX principal_name ON principal (name_key, id);

-- Accounts whose unlinking from their person waits for open requests.
CREATE TABLE pending_unlink (
    account BLOB NOT NULL PRIMARY KEY REFERENCES principal (id),
    since   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pam_user (
    id          BLOB NOT NULL PRIMARY KEY REFERENCES principal (id),
    corp        BLOB REFERENCES principal (id),
    source      TEXT NOT NULL,
    description TEXT,
    has_pin     INTEGER NOT NULL,
    pin         BLOB
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX pam_user_corp ON pam_user (corp) WHERE corp IS NOT NULL;

CREATE TABLE credential (
    principal BLOB NOT NULL PRIMARY KEY REFERENCES principal (id),
    hash      TEXT NOT NULL,
    changed   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE factor (
    id        BLOB NOT NULL PRIMARY KEY,
    principal BLOB NOT NULL REFERENCES principal (id),
    kind      TEXT NOT NULL,
    label     TEXT NOT NULL,
    secret    BLOB NOT NULL,
    counter   INTEGER NOT NULL,
    created   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX factor_principal ON factor (principal);

CREATE TABLE enrolment (
    hash      BLOB NOT NULL PRIMARY KEY,
    principal BLOB NOT NULL REFERENCES principal (id),
    purpose   TEXT NOT NULL,
    created   INTEGER NOT NULL,
    expires   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX enrolment_principal ON enrolment (principal);
CREATE INDEX enrolment_expires ON enrolment (expires);

CREATE TABLE api_token (
    id        BLOB NOT NULL PRIMARY KEY,
    principal BLOB NOT NULL REFERENCES principal (id),
    hash      BLOB NOT NULL,
    scopes    TEXT NOT NULL,
    label     TEXT NOT NULL,
    created   INTEGER NOT NULL,
    expires   INTEGER NOT NULL,
    revoked   INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX api_token_hash ON api_token (hash);
CREATE INDEX api_token_principal ON api_token (principal);
CREATE INDEX api_token_expires ON api_token (expires);

CREATE TABLE session (
    hash      BLOB NOT NULL PRIMARY KEY,
    principal BLOB NOT NULL REFERENCES principal (id),
    created   INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    expires   INTEGER NOT NULL,
    facts     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_principal ON session (principal);
CREATE INDEX session_expires ON session (expires);

CREATE TABLE administrator (
    principal  BLOB NOT NULL REFERENCES principal (id),
    template   BLOB NOT NULL,
    created    INTEGER NOT NULL,
    created_by BLOB,
    PRIMARY KEY (principal, template)
) STRICT, WITHOUT ROWID;
CREATE INDEX administrator_template ON administrator (template);

-- Targets and what they hold ----------------------------------------------------------------------

CREATE TABLE target (
    id         BLOB NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    name_key   TEXT NOT NULL,
    kind       TEXT NOT NULL,
    config     TEXT NOT NULL,
    secret     BLOB,
    mode       INTEGER NOT NULL,
    built_in   INTEGER NOT NULL,
    unwritable INTEGER NOT NULL,
    health     TEXT,
    health_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX target_name ON target (name_key);

CREATE TABLE account (
    principal  BLOB NOT NULL REFERENCES principal (id),
    target     BLOB NOT NULL REFERENCES target (id),
    native     TEXT NOT NULL,
    native_key TEXT NOT NULL,
    login      TEXT NOT NULL,
    PRIMARY KEY (principal, target)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX account_native ON account (target, native_key);

CREATE TABLE access_group (
    id             BLOB NOT NULL PRIMARY KEY,
    target         BLOB NOT NULL REFERENCES target (id),
    native         TEXT NOT NULL,
    native_key     TEXT NOT NULL,
    attribute      TEXT NOT NULL,
    source_domain  TEXT NOT NULL,
    source_account TEXT NOT NULL,
    source_sid     TEXT,
    priv_account   TEXT NOT NULL,
    display_name   TEXT NOT NULL,
    name_key       TEXT NOT NULL,
    description    TEXT,
    active         INTEGER NOT NULL,
    priv_only      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX access_group_native ON access_group (target, native_key);
CREATE INDEX access_group_target ON access_group (target, id);
CREATE INDEX access_group_name ON access_group (name_key, id);

CREATE TABLE standing_member (
    group_id  BLOB NOT NULL REFERENCES access_group (id),
    principal BLOB NOT NULL REFERENCES principal (id),
    PRIMARY KEY (group_id, principal)
) STRICT, WITHOUT ROWID;
CREATE INDEX standing_member_principal ON standing_member (principal);

-- Roles -------------------------------------------------------------------------------------------

CREATE TABLE pam_role (
    id                   BLOB NOT NULL PRIMARY KEY,
    name                 TEXT NOT NULL,
    name_key             TEXT NOT NULL,
    description          TEXT,
    ttl                  INTEGER NOT NULL,
    window_from          TEXT,
    window_to            TEXT,
    window_enabled       INTEGER NOT NULL,
    mfa                  INTEGER NOT NULL,
    approval             INTEGER NOT NULL,
    owner_needs_approval INTEGER NOT NULL,
    deleted              INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX pam_role_name ON pam_role (name_key) WHERE deleted IS NULL;
CREATE INDEX pam_role_list ON pam_role (name_key, id) WHERE deleted IS NULL;

CREATE TABLE eligibility (
    id          BLOB NOT NULL PRIMARY KEY,
    principal   BLOB NOT NULL,
    entitlement BLOB NOT NULL,
    provider    INTEGER NOT NULL,
    start_at    INTEGER NOT NULL,
    end_at      INTEGER,
    created     INTEGER NOT NULL,
    created_by  BLOB
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX eligibility_line ON eligibility (principal, entitlement) WHERE provider = 0;
CREATE INDEX eligibility_entitlement ON eligibility (entitlement, principal);

CREATE TABLE approver (
    entitlement BLOB NOT NULL,
    principal   BLOB NOT NULL REFERENCES principal (id),
    named_by    BLOB,
    named_at    INTEGER NOT NULL,
    PRIMARY KEY (entitlement, principal)
) STRICT, WITHOUT ROWID;
CREATE INDEX approver_principal ON approver (principal);

CREATE TABLE privilege (
    entitlement BLOB NOT NULL REFERENCES pam_role (id),
    group_id    BLOB NOT NULL REFERENCES access_group (id),
    PRIMARY KEY (entitlement, group_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX privilege_group ON privilege (group_id);

-- Requests, grants, approvals ---------------------------------------------------------------------
-- No foreign keys: history outlives what it names. `finished` parts the few rows that are alive from the many that are
-- not; every index belongs to one of the two, so that a new request costs the same however long the history is.

-- stage: 0 awaiting MFA, 1 awaiting approval, 2 awaiting an administrator, 3 granted, 4 declined, 5 recorded.
-- position: expiration as PAM 7.3 sorts by it, or far beyond all instants plus creation where there is none.
CREATE TABLE request (
    id            BLOB NOT NULL PRIMARY KEY,
    name          TEXT,
    name_key      TEXT,
    provider      INTEGER NOT NULL,
    action        INTEGER NOT NULL,
    principal     BLOB NOT NULL,
    requester     BLOB NOT NULL,
    entitlement   BLOB NOT NULL,
    channel       INTEGER NOT NULL,
    justification TEXT,
    asked_ttl     INTEGER NOT NULL,
    asked_start   INTEGER NOT NULL,
    created       INTEGER NOT NULL,
    stage         INTEGER NOT NULL,
    due           INTEGER,
    approval      BLOB,
    grant_id      BLOB,
    cause         TEXT,
    settled       INTEGER,
    finished      INTEGER,
    position      INTEGER NOT NULL,
    call_started  INTEGER,
    leaf          BLOB
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX request_name ON request (provider, name_key) WHERE name_key IS NOT NULL;
CREATE INDEX request_open ON request (principal, provider, position, id) WHERE finished IS NULL;
CREATE INDEX request_history ON request (principal, provider, position, id) WHERE finished IS NOT NULL;
CREATE INDEX request_finished ON request (finished, id) WHERE finished IS NOT NULL;
CREATE INDEX request_due ON request (due, id) WHERE due IS NOT NULL;
CREATE INDEX request_to_approve ON request (entitlement, created, id) WHERE stage = 1;

-- phase: 0 scheduled, 1 applying, 2 in force, 3 ending, 4 ended.
CREATE TABLE access_grant (
    id          BLOB NOT NULL PRIMARY KEY,
    request     BLOB NOT NULL,
    provider    INTEGER NOT NULL,
    principal   BLOB NOT NULL,
    entitlement BLOB NOT NULL,
    kind        INTEGER NOT NULL,
    lasts       INTEGER,
    phase       INTEGER NOT NULL,
    start_at    INTEGER,
    end_at      INTEGER,
    give_up     INTEGER,
    cause       TEXT,
    due         INTEGER,
    leaf        BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX access_grant_line ON access_grant (principal, entitlement, id) WHERE phase < 4;
CREATE INDEX access_grant_due ON access_grant (due, id) WHERE due IS NOT NULL;

CREATE TABLE approval (
    id            BLOB NOT NULL PRIMARY KEY,
    request       BLOB NOT NULL,
    opened        INTEGER NOT NULL,
    until         INTEGER NOT NULL,
    verdict       INTEGER,
    decided_by    BLOB,
    person        BLOB,
    decided_at    INTEGER,
    justification TEXT
) STRICT, WITHOUT ROWID;

-- Rows of grants that are not ended.
CREATE TABLE effect (
    grant_id  BLOB NOT NULL,
    group_id  BLOB NOT NULL,
    principal BLOB NOT NULL,
    live      INTEGER NOT NULL,
    PRIMARY KEY (grant_id, group_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX effect_membership ON effect (group_id, principal, live);

CREATE TABLE membership (
    group_id   BLOB NOT NULL,
    principal  BLOB NOT NULL,
    target     BLOB NOT NULL,
    built_in   INTEGER NOT NULL,
    wanted     INTEGER NOT NULL,
    in_force   INTEGER NOT NULL,
    prior      INTEGER NOT NULL,
    since      INTEGER NOT NULL,
    due        INTEGER,
    attempts   INTEGER NOT NULL,
    last_fault TEXT,
    alarm      INTEGER NOT NULL,
    PRIMARY KEY (group_id, principal)
) STRICT, WITHOUT ROWID;
CREATE INDEX membership_due ON membership (target, due) WHERE due IS NOT NULL;

CREATE TABLE outbox (
    id       BLOB NOT NULL PRIMARY KEY,
    kind     TEXT NOT NULL,
    payload  TEXT NOT NULL,
    due      INTEGER NOT NULL,
    attempts INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (due, id);

-- The record --------------------------------------------------------------------------------------

-- Numbered in the commit by the one writer.
CREATE TABLE leaf (
    idx       INTEGER NOT NULL PRIMARY KEY,
    leaf      BLOB,
    leaf_hash BLOB NOT NULL,
    erasable  TEXT
) STRICT;
CREATE VIEW numbered_leaf AS SELECT idx, leaf, leaf_hash, erasable FROM leaf;

-- One row: number of leaves and the right edge of the tree.
CREATE TABLE audit_head (
    one      INTEGER NOT NULL PRIMARY KEY,
    size     INTEGER NOT NULL,
    frontier BLOB NOT NULL
) STRICT;
INSERT INTO audit_head (one, size, frontier) VALUES (1, 0, X'010000000000000000');

CREATE TABLE checkpoint (
    size INTEGER NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;
