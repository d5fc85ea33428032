-- The tables of the store, with the columns that they have in SQLite. Times are milliseconds since
-- 1970-01-01 UTC; secrets are here as SHA-256 digests only. `seq` is the order in which rows were
-- inserted. Identifiers are compared by their bytes.

CREATE TABLE store_state (
    id    TEXT NOT NULL,           -- which store this is
    needs BIGINT NOT NULL          -- the number of the last migration that a program has to know
);
INSERT INTO store_state (id, needs) VALUES ('sto_' || replace(gen_random_uuid()::text, '-', ''), 1);

CREATE TABLE people (
    seq           BIGINT GENERATED ALWAYS AS IDENTITY,
    id            TEXT COLLATE "C" PRIMARY KEY,
    email         TEXT NOT NULL,
    email_key     TEXT COLLATE "C" NOT NULL UNIQUE, -- the address in lower case
    name          TEXT NOT NULL,
    password_hash TEXT NOT NULL,                    -- PHC string
    created       BIGINT NOT NULL,
    disabled      BIGINT                            -- since when the operator has disabled it
);

CREATE TABLE workspaces (
    seq           BIGINT GENERATED ALWAYS AS IDENTITY,
    id            TEXT COLLATE "C" PRIMARY KEY,
    name          TEXT NOT NULL,
    upstream_id   TEXT,
    created       BIGINT NOT NULL,
    suspended     BIGINT, -- since when its calls are refused
    linked_before TEXT    -- the API's id of it before it was unlinked: its grants are for that one
);

CREATE TABLE memberships (
    seq       BIGINT GENERATED ALWAYS AS IDENTITY,
    person    TEXT COLLATE "C" NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    workspace TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    role      TEXT NOT NULL,
    created   BIGINT NOT NULL,
    PRIMARY KEY (person, workspace)
);
CREATE INDEX memberships_of_workspace ON memberships (workspace);

CREATE TABLE setup_links (
    seq     BIGINT GENERATED ALWAYS AS IDENTITY,
    digest  BYTEA PRIMARY KEY,
    expires BIGINT NOT NULL
);

-- Links by which a person sets a new password, one for each person.
CREATE TABLE reset_links (
    seq     BIGINT GENERATED ALWAYS AS IDENTITY,
    digest  BYTEA PRIMARY KEY,
    person  TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES people (id) ON DELETE CASCADE,
    expires BIGINT NOT NULL
);

-- An invitation without an inviter is the operator's.
CREATE TABLE invitations (
    seq       BIGINT GENERATED ALWAYS AS IDENTITY,
    id        TEXT COLLATE "C" PRIMARY KEY,
    digest    BYTEA NOT NULL UNIQUE,
    workspace TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    role      TEXT NOT NULL,
    inviter   TEXT COLLATE "C" REFERENCES people (id) ON DELETE CASCADE,
    created   BIGINT NOT NULL,
    expires   BIGINT NOT NULL
);
CREATE INDEX invitations_of_workspace ON invitations (workspace);
CREATE INDEX invitations_of_inviter ON invitations (inviter);

CREATE TABLE sessions (
    seq       BIGINT GENERATED ALWAYS AS IDENTITY,
    id        TEXT COLLATE "C" PRIMARY KEY,
    digest    BYTEA NOT NULL UNIQUE,
    person    TEXT COLLATE "C" NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    method    TEXT NOT NULL,   -- how the person showed who they are
    browser   TEXT NOT NULL,
    created   BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    confirmed BIGINT NOT NULL, -- when they last entered their password
    expires   BIGINT NOT NULL
);
CREATE INDEX sessions_of_person ON sessions (person);

-- Browsers in which people signed in.
CREATE TABLE devices (
    seq       BIGINT GENERATED ALWAYS AS IDENTITY,
    digest    BYTEA NOT NULL, -- of the secret that the browser keeps
    person    TEXT COLLATE "C" NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    network   BYTEA NOT NULL, -- digest of the network it was last in
    last_used BIGINT NOT NULL,
    PRIMARY KEY (digest, person)
);
CREATE INDEX devices_of_person ON devices (person, network);

-- `source` is the digest of the network that something was kept for; NULL: of several.
CREATE TABLE clients (
    seq        BIGINT GENERATED ALWAYS AS IDENTITY,
    id         TEXT COLLATE "C" PRIMARY KEY,
    metadata   TEXT NOT NULL, -- JSON
    registered BIGINT NOT NULL,
    last_used  BIGINT NOT NULL,
    source     BYTEA
);
CREATE INDEX clients_of_source ON clients (source, registered);

CREATE TABLE client_documents (
    seq         BIGINT GENERATED ALWAYS AS IDENTITY,
    id          TEXT COLLATE "C" PRIMARY KEY, -- the URL
    metadata    TEXT NOT NULL,                -- JSON
    fetched     BIGINT NOT NULL,
    fresh_until BIGINT NOT NULL,
    source      BYTEA
);
CREATE INDEX client_documents_of_source ON client_documents (source, fetched);

CREATE TABLE transactions (
    seq         BIGINT GENERATED ALWAYS AS IDENTITY,
    handle      BYTEA PRIMARY KEY,
    browser     BYTEA NOT NULL,
    request     TEXT NOT NULL, -- JSON
    client_name TEXT,
    refreshes   BOOLEAN NOT NULL,
    workspace   TEXT COLLATE "C",
    expires     BIGINT NOT NULL,
    source      BYTEA,
    seen        BOOLEAN NOT NULL, -- whether somebody looks at it
    person      TEXT COLLATE "C"  -- and who, once they are signed in
);
CREATE INDEX transactions_of_source ON transactions (source, expires);
CREATE INDEX transactions_of_person ON transactions (person, expires) WHERE person IS NOT NULL;

-- One grant is one consent and one API key of the portal.
CREATE TABLE grants (
    seq            BIGINT GENERATED ALWAYS AS IDENTITY,
    id             TEXT COLLATE "C" PRIMARY KEY,
    person         TEXT COLLATE "C" NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    workspace      TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    client_id      TEXT COLLATE "C" NOT NULL,
    client_name    TEXT,
    key_name       TEXT NOT NULL,
    label          TEXT,    -- the name that its person chose
    redirect_uri   TEXT NOT NULL,
    redirect_host  TEXT NOT NULL,
    resource       TEXT NOT NULL,
    scopes         TEXT NOT NULL,
    refreshes      BOOLEAN NOT NULL,
    code_challenge TEXT NOT NULL,
    signed_in      BIGINT,  -- when the person had last proved who they are
    created        BIGINT NOT NULL,
    exchanged      BIGINT,  -- when the code was redeemed
    last_used      BIGINT,
    expires        BIGINT,  -- when it ends by itself; NULL: not before it is revoked
    revoked        BIGINT,
    reason         TEXT
);
CREATE INDEX grants_of_person ON grants (person);
CREATE INDEX grants_of_workspace ON grants (workspace);
CREATE INDEX grants_of_client ON grants (client_id);

CREATE TABLE codes (
    seq      BIGINT GENERATED ALWAYS AS IDENTITY,
    digest   BYTEA PRIMARY KEY,
    grant_id TEXT COLLATE "C" NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    expires  BIGINT NOT NULL,
    redeemed BIGINT,
    nonce    TEXT -- of the authorization request
);
CREATE INDEX codes_of_grant ON codes (grant_id);

CREATE TABLE access_tokens (
    seq      BIGINT GENERATED ALWAYS AS IDENTITY,
    digest   BYTEA PRIMARY KEY,
    grant_id TEXT COLLATE "C" NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    expires  BIGINT, -- NULL: until revoked
    scopes   TEXT    -- what a refresh narrowed the token to; NULL: all that was granted
);
CREATE INDEX access_tokens_of_grant ON access_tokens (grant_id, seq);

-- A token is active until it is rotated. What was rotated is remembered, to notice its reuse.
CREATE TABLE refresh_tokens (
    seq            BIGINT GENERATED ALWAYS AS IDENTITY,
    digest         BYTEA PRIMARY KEY,
    grant_id       TEXT COLLATE "C" NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    expires        BIGINT NOT NULL,
    rotated        BIGINT,
    repeat_until   BIGINT, -- end of the overlap
    salt           BYTEA,  -- what the successor was derived with
    access_expires BIGINT, -- of the successor's access token
    access_scopes  TEXT    -- of the successor's access token
);
CREATE INDEX refresh_tokens_of_grant ON refresh_tokens (grant_id, seq);

-- Keys that were made at the API, one for each grant. A row outlives its grant until the API has
-- revoked the key. The key itself is sealed, and forgotten when its grant ends.
CREATE TABLE upstream_keys (
    seq         BIGINT GENERATED ALWAYS AS IDENTITY,
    grant_id    TEXT COLLATE "C" PRIMARY KEY,
    workspace   TEXT COLLATE "C" NOT NULL,
    key_id      TEXT NOT NULL, -- the API's
    sealed_with TEXT,          -- id of the sealing key
    sealed      BYTEA,
    attempts    BIGINT NOT NULL DEFAULT 0,
    due         BIGINT,        -- when the API is to be asked to revoke it; NULL: the grant lasts
    failure     TEXT           -- why it was not revoked the last time
);
CREATE INDEX upstream_keys_by_due ON upstream_keys (due) WHERE due IS NOT NULL;

-- Keys that the API is being asked for. A row is here before the request is sent, and goes with the
-- commit of the grant, or once it is known that the API has no such key.
CREATE TABLE upstream_key_intents (
    seq                BIGINT GENERATED ALWAYS AS IDENTITY,
    grant_id           TEXT COLLATE "C" PRIMARY KEY,
    workspace          TEXT COLLATE "C" NOT NULL,
    key_name           TEXT NOT NULL,
    upstream_workspace TEXT,              -- the API's id of the workspace
    access             TEXT NOT NULL,     -- 'read' or 'write'
    asked              BIGINT NOT NULL,
    due                BIGINT NOT NULL,   -- from when another server may find out what became of it
    attempts           BIGINT NOT NULL DEFAULT 0, -- of finding out
    failure            TEXT               -- why it was not found out the last time
);
CREATE INDEX upstream_key_intents_by_due ON upstream_key_intents (due);

CREATE TABLE audit (
    seq        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         BIGINT NOT NULL,
    request_id TEXT NOT NULL,
    action     TEXT NOT NULL,
    person     TEXT,
    client_id  TEXT COLLATE "C",
    workspace  TEXT COLLATE "C",
    grant_id   TEXT COLLATE "C",
    subject    TEXT,   -- what else the action is about
    outcome    TEXT,   -- how a call ended; NULL for all else
    count      BIGINT NOT NULL DEFAULT 1, -- how many events of one minute the row is for
    last_at    BIGINT, -- when the last one was; NULL: there is one only
    repeats    BYTEA,  -- what they agree in; NULL: each event has a row of its own
    keep       BIGINT NOT NULL DEFAULT 2, -- 0 tried, 1 a call of a tool, 2 something changed
    call_id    BIGINT  -- of calls of tools, so that each is here once; NULL for all else
);
CREATE INDEX audit_by_keep ON audit (keep, at);
CREATE INDEX audit_by_workspace ON audit (workspace, client_id, at);
CREATE UNIQUE INDEX audit_by_repeats ON audit (repeats) WHERE repeats IS NOT NULL;
CREATE UNIQUE INDEX audit_by_call ON audit (call_id) WHERE call_id IS NOT NULL;
