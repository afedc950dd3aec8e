-- The first schema, for PostgreSQL. A twin of 0001_first.sqlite.sql.
-- Instants are microseconds since 1970 in UTC, durations are seconds. Ids are 16 bytes.
-- Names with `_key` are folded to lower case: they carry uniqueness and order.

-- Small facts: tenant, settings, demo mark.
CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- One row. Grows with each change of what decisions are made on.
CREATE TABLE config_version (
    one     SMALLINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
);
INSERT INTO config_version (one, version) VALUES (1, 1);

-- People and what they sign in with ---------------------------------------------------------------

CREATE TABLE principal (
    id           UUID NOT NULL PRIMARY KEY,
    kind         SMALLINT NOT NULL,
    person       UUID NOT NULL,
    domain       TEXT NOT NULL,
    account      TEXT NOT NULL,
    display_name TEXT NOT NULL,
    upn          TEXT,
    enabled      BOOLEAN NOT NULL,
    login_key    TEXT COLLATE "C" NOT NULL,
    account_key  TEXT COLLATE "C" NOT NULL,
    upn_key      TEXT COLLATE "C",
    name_key     TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX principal_login ON principal (login_key);
CREATE UNIQUE INDEX principal_upn ON principal (upn_key) WHERE upn_key IS NOT NULL;
CREATE INDEX principal_account ON principal (account_key);
CREATE INDEX principal_person ON principal (person);
CREATE INDEX principal_name ON principal (name_key, id);

-- Accounts whose unlinking from their person waits for open requests.
CREATE TABLE pending_unlink (
    account UUID NOT NULL PRIMARY KEY REFERENCES principal (id),
    since   BIGINT NOT NULL
);

CREATE TABLE pam_user (
    id          UUID NOT NULL PRIMARY KEY REFERENCES principal (id),
    corp        UUID REFERENCES principal (id),
    source      TEXT NOT NULL,
    description TEXT,
    has_pin     BOOLEAN NOT NULL,
    pin         BYTEA
);
CREATE UNIQUE INDEX pam_user_corp ON pam_user (corp) WHERE corp IS NOT NULL;

CREATE TABLE credential (
    principal UUID NOT NULL PRIMARY KEY REFERENCES principal (id),
    hash      TEXT NOT NULL,
    changed   BIGINT NOT NULL
);

CREATE TABLE factor (
    id        UUID NOT NULL PRIMARY KEY,
    principal UUID NOT NULL REFERENCES principal (id),
    kind      TEXT NOT NULL,
    label     TEXT NOT NULL,
    secret    BYTEA NOT NULL,
    counter   BIGINT NOT NULL,
    created   BIGINT NOT NULL
);
CREATE INDEX factor_principal ON factor (principal);

CREATE TABLE enrolment (
    hash      BYTEA NOT NULL PRIMARY KEY,
    principal UUID NOT NULL REFERENCES principal (id),
    purpose   TEXT NOT NULL,
    created   BIGINT NOT NULL,
    expires   BIGINT NOT NULL
);
CREATE INDEX enrolment_principal ON enrolment (principal);
CREATE INDEX enrolment_expires ON enrolment (expires);

CREATE TABLE api_token (
    id        UUID NOT NULL PRIMARY KEY,
    principal UUID NOT NULL REFERENCES principal (id),
    hash      BYTEA NOT NULL,
    scopes    TEXT NOT NULL,
    label     TEXT NOT NULL,
    created   BIGINT NOT NULL,
    expires   BIGINT NOT NULL,
    revoked   BIGINT
);
CREATE UNIQUE INDEX api_token_hash ON api_token (hash);
CREATE INDEX api_token_principal ON api_token (principal);
CREATE INDEX api_token_expires ON api_token (expires);

CREATE TABLE session (
    hash      BYTEA NOT NULL PRIMARY KEY,
    principal UUID NOT NULL REFERENCES principal (id),
    created   BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    expires   BIGINT NOT NULL,
    facts     TEXT NOT NULL
);
CREATE INDEX session_principal ON session (principal);
CREATE INDEX session_expires ON session (expires);

CREATE TABLE administrator (
    principal  UUID NOT NULL REFERENCES principal (id),
    template   UUID NOT NULL,
    created    BIGINT NOT NULL,
    created_by UUID,
    PRIMARY KEY (principal, template)
);
CREATE INDEX administrator_template ON administrator (template);

-- Targets and what they hold ----------------------------------------------------------------------

CREATE TABLE target (
    id         UUID NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    name_key   TEXT COLLATE "C" NOT NULL,
    kind       TEXT NOT NULL,
    config     TEXT NOT NULL,
    secret     BYTEA,
    mode       SMALLINT NOT NULL,
    built_in   BOOLEAN NOT NULL,
    unwritable BOOLEAN NOT NULL,
    health     TEXT,
    health_at  BIGINT
);
CREATE UNIQUE INDEX target_name ON target (name_key);

CREATE TABLE account (
    principal  UUID NOT NULL REFERENCES principal (id),
    target     UUID NOT NULL REFERENCES target (id),
    native     TEXT NOT NULL,
    native_key TEXT COLLATE "C" NOT NULL,
    login      TEXT NOT NULL,
    PRIMARY KEY (principal, target)
);
CREATE UNIQUE INDEX account_native ON account (target, native_key);

CREATE TABLE access_group (
    id             UUID NOT NULL PRIMARY KEY,
    target         UUID NOT NULL REFERENCES target (id),
    native         TEXT NOT NULL,
    native_key     TEXT COLLATE "C" NOT NULL,
    attribute      TEXT NOT NULL,
    source_domain  TEXT NOT NULL,
    source_account TEXT NOT NULL,
    source_sid     TEXT,
    priv_account   TEXT NOT NULL,
    display_name   TEXT NOT NULL,
    name_key       TEXT COLLATE "C" NOT NULL,
    description    TEXT,
    active         BOOLEAN NOT NULL,
    priv_only      BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX access_group_native ON access_group (target, native_key);
CREATE INDEX access_group_target ON access_group (target, id);
CREATE INDEX access_group_name ON access_group (name_key, id);

CREATE TABLE standing_member (
    group_id  UUID NOT NULL REFERENCES access_group (id),
    principal UUID NOT NULL REFERENCES principal (id),
    PRIMARY KEY (group_id, principal)
);
CREATE INDEX standing_member_principal ON standing_member (principal);

-- Roles -------------------------------------------------------------------------------------------

CREATE TABLE pam_role (
    id                   UUID NOT NULL PRIMARY KEY,
    name                 TEXT NOT NULL,
    name_key             TEXT COLLATE "C" NOT NULL,
    description          TEXT,
    ttl                  BIGINT NOT NULL,
    window_from          TEXT,
    window_to            TEXT,
    window_enabled       BOOLEAN NOT NULL,
    mfa                  BOOLEAN NOT NULL,
    approval             BOOLEAN NOT NULL,
    owner_needs_approval BOOLEAN NOT NULL,
    deleted              BIGINT
);
CREATE UNIQUE INDEX pam_role_name ON pam_role (name_key) WHERE deleted IS NULL;
CREATE INDEX pam_role_list ON pam_role (name_key, id) WHERE deleted IS NULL;

CREATE TABLE eligibility (
    id          UUID NOT NULL PRIMARY KEY,
    principal   UUID NOT NULL,
    entitlement UUID NOT NULL,
    provider    SMALLINT NOT NULL,
    start_at    BIGINT NOT NULL,
    end_at      BIGINT,
    created     BIGINT NOT NULL,
    created_by  UUID
);
CREATE UNIQUE INDEX eligibility_line ON eligibility (principal, entitlement) WHERE provider = 0;
CREATE INDEX eligibility_entitlement ON eligibility (entitlement, principal);

CREATE TABLE approver (
    entitlement UUID NOT NULL,
    principal   UUID NOT NULL REFERENCES principal (id),
    named_by    UUID,
    named_at    BIGINT NOT NULL,
    PRIMARY KEY (entitlement, principal)
);
CREATE INDEX approver_principal ON approver (principal);

CREATE TABLE privilege (
    entitlement UUID NOT NULL REFERENCES pam_role (id),
    group_id    UUID NOT NULL REFERENCES access_group (id),
    PRIMARY KEY (entitlement, group_id)
);
CREATE INDEX privilege_group ON privilege (group_id);

-- Requests, grants, approvals ---------------------------------------------------------------------
-- No foreign keys: history outlives what it names. `finished` parts the few rows that are alive from the many that are
-- not; every index belongs to one of the two, so that a new request costs the same however long the history is.

-- stage: 0 awaiting MFA, 1 awaiting approval, 2 awaiting an administrator, 3 granted, 4 declined, 5 recorded.
-- position: expiration as PAM 7.3 sorts by it, or far beyond all instants plus creation where there is none.
CREATE TABLE request (
    id            UUID NOT NULL PRIMARY KEY,
    name          TEXT,
    name_key      TEXT COLLATE "C",
    provider      SMALLINT NOT NULL,
    action        SMALLINT NOT NULL,
    principal     UUID NOT NULL,
    requester     UUID NOT NULL,
    entitlement   UUID NOT NULL,
    channel       SMALLINT NOT NULL,
    justification TEXT,
    asked_ttl     BIGINT NOT NULL,
    asked_start   BIGINT NOT NULL,
    created       BIGINT NOT NULL,
    stage         SMALLINT NOT NULL,
    due           BIGINT,
    approval      UUID,
    grant_id      UUID,
    cause         TEXT,
    settled       BIGINT,
    finished      BIGINT,
    position      BIGINT NOT NULL,
    call_started  BIGINT,
    leaf          BYTEA
);
CREATE UNIQUE INDEX request_name ON request (provider, name_key) WHERE name_key IS NOT NULL;
CREATE INDEX request_open ON request (principal, provider, position, id) WHERE finished IS NULL;
CREATE INDEX request_history ON request (principal, provider, position, id) WHERE finished IS NOT NULL;
CREATE INDEX request_finished ON request (finished, id) WHERE finished IS NOT NULL;
CREATE INDEX request_due ON request (due, id) WHERE due IS NOT NULL;
CREATE INDEX request_to_approve ON request (entitlement, created, id) WHERE stage = 1;

-- phase: 0 scheduled, 1 applying, 2 in force, 3 ending, 4 ended.
CREATE TABLE access_grant (
    id          UUID NOT NULL PRIMARY KEY,
    request     UUID NOT NULL,
    provider    SMALLINT NOT NULL,
    principal   UUID NOT NULL,
    entitlement UUID NOT NULL,
    kind        SMALLINT NOT NULL,
    lasts       BIGINT,
    phase       SMALLINT NOT NULL,
    start_at    BIGINT,
    end_at      BIGINT,
    give_up     BIGINT,
    cause       TEXT,
    due         BIGINT,
    leaf        BYTEA
);
CREATE INDEX access_grant_line ON access_grant (principal, entitlement, id) WHERE phase < 4;
CREATE INDEX access_grant_due ON access_grant (due, id) WHERE due IS NOT NULL;

CREATE TABLE approval (
    id            UUID NOT NULL PRIMARY KEY,
    request       UUID NOT NULL,
    opened        BIGINT NOT NULL,
    until         BIGINT NOT NULL,
    verdict       SMALLINT,
    decided_by    UUID,
    person        UUID,
    decided_at    BIGINT,
    justification TEXT
);

-- Rows of grants that are not ended.
CREATE TABLE effect (
    grant_id  UUID NOT NULL,
    group_id  UUID NOT NULL,
    principal UUID NOT NULL,
    live      BOOLEAN NOT NULL,
    PRIMARY KEY (grant_id, group_id)
);
CREATE INDEX effect_membership ON effect (group_id, principal, live);

CREATE TABLE membership (
    group_id   UUID NOT NULL,
    principal  UUID NOT NULL,
    target     UUID NOT NULL,
    built_in   BOOLEAN NOT NULL,
    wanted     BOOLEAN NOT NULL,
    in_force   BOOLEAN NOT NULL,
    prior      SMALLINT NOT NULL,
    since      BIGINT NOT NULL,
    due        BIGINT,
    attempts   BIGINT NOT NULL,
    last_fault TEXT,
    alarm      SMALLINT NOT NULL,
    PRIMARY KEY (group_id, principal)
);
CREATE INDEX membership_due ON membership (target, due) WHERE due IS NOT NULL;

CREATE TABLE outbox (
    id       UUID NOT NULL PRIMARY KEY,
    kind     TEXT NOT NULL,
    payload  TEXT NOT NULL,
    due      BIGINT NOT NULL,
    attempts BIGINT NOT NULL
);
CREATE INDEX outbox_due ON outbox (due, id);

-- The record --------------------------------------------------------------------------------------

-- Committed without number, in no order but that of transactions.
CREATE TABLE leaf (
    xid       BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    seq       BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
    leaf      BYTEA,
    leaf_hash BYTEA NOT NULL,
    erasable  TEXT,
    PRIMARY KEY (xid, seq)
);

-- Numbers, given by the holder of the sequencer lease below every running transaction.
CREATE TABLE leaf_number (
    idx BIGINT NOT NULL PRIMARY KEY,
    xid BIGINT NOT NULL,
    seq BIGINT NOT NULL
);
CREATE VIEW numbered_leaf AS
    SELECT n.idx, l.leaf, l.leaf_hash, l.erasable FROM leaf_number n JOIN leaf l ON l.xid = n.xid AND l.seq = n.seq;

-- One row: number of leaves, the right edge of the tree, and the last (xid, seq) below which all leaves have numbers.
CREATE TABLE audit_head (
    one      SMALLINT NOT NULL PRIMARY KEY,
    size     BIGINT NOT NULL,
    frontier BYTEA NOT NULL,
    mark_xid BIGINT NOT NULL,
    mark_seq BIGINT NOT NULL
);
INSERT INTO audit_head (one, size, frontier, mark_xid, mark_seq) VALUES (1, 0, '\x010000000000000000', 0, 0);

-- Who does what only one node may do. Instants are those of this server's clock.
CREATE TABLE lease (
    name    TEXT NOT NULL PRIMARY KEY,
    holder  UUID,
    epoch   BIGINT NOT NULL,
    expires BIGINT NOT NULL
);

CREATE TABLE checkpoint (
    size BIGINT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
);
