-- Times are milliseconds since 1970-01-01 UTC; secrets stand here as SHA-256 digests only.

CREATE TABLE people (
    id            TEXT PRIMARY KEY,
    email         TEXT NOT NULL,
    email_key     TEXT NOT NULL UNIQUE, -- the address in lower case
    name          TEXT NOT NULL,
    password_hash TEXT NOT NULL,        -- PHC string
    created       INTEGER NOT NULL
) STRICT;

CREATE TABLE workspaces (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    upstream_id TEXT,
    created     INTEGER NOT NULL
) STRICT;

CREATE TABLE memberships (
    person    TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    workspace TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    role      TEXT NOT NULL,
    created   INTEGER NOT NULL,
    PRIMARY KEY (person, workspace)
) STRICT;
CREATE INDEX memberships_of_workspace ON memberships (workspace);

CREATE TABLE setup_links (
    digest  BLOB PRIMARY KEY,
    expires INTEGER NOT NULL
) STRICT;

CREATE TABLE invitations (
    id        TEXT PRIMARY KEY,
    digest    BLOB NOT NULL UNIQUE,
    workspace TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    role      TEXT NOT NULL,
    inviter   TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    created   INTEGER NOT NULL,
    expires   INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    id        TEXT PRIMARY KEY,
    digest    BLOB NOT NULL UNIQUE,
    person    TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    browser   TEXT NOT NULL,
    created   INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    expires   INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_of_person ON sessions (person);

CREATE TABLE clients (
    id         TEXT PRIMARY KEY,
    metadata   TEXT NOT NULL, -- JSON
    registered INTEGER NOT NULL,
    last_used  INTEGER NOT NULL
) STRICT;

CREATE TABLE client_documents (
    id          TEXT PRIMARY KEY, -- the URL
    metadata    TEXT NOT NULL,    -- JSON
    fetched     INTEGER NOT NULL,
    fresh_until INTEGER NOT NULL
) STRICT;

CREATE TABLE transactions (
    handle      BLOB PRIMARY KEY,
    browser     BLOB NOT NULL,
    request     TEXT NOT NULL, -- JSON
    client_name TEXT,
    refreshes   INTEGER NOT NULL,
    workspace   TEXT,
    expires     INTEGER NOT NULL
) STRICT;

-- One grant is one consent and one API key of the portal.
CREATE TABLE grants (
    id             TEXT PRIMARY KEY,
    person         TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    workspace      TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    client_id      TEXT NOT NULL,
    client_name    TEXT,
    key_name       TEXT NOT NULL,
    redirect_uri   TEXT NOT NULL,
    redirect_host  TEXT NOT NULL,
    resource       TEXT NOT NULL,
    scopes         TEXT NOT NULL,
    refreshes      INTEGER NOT NULL,
    code_challenge TEXT NOT NULL,
    created        INTEGER NOT NULL,
    exchanged      INTEGER, -- when the code was redeemed
    last_used      INTEGER,
    expires        INTEGER, -- when it ends by itself; NULL: not before it is revoked
    revoked        INTEGER,
    reason         TEXT
) STRICT;
CREATE INDEX grants_of_person ON grants (person);
CREATE INDEX grants_of_workspace ON grants (workspace);

CREATE TABLE codes (
    digest   BLOB PRIMARY KEY,
    grant_id TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    expires  INTEGER NOT NULL,
    redeemed INTEGER
) STRICT;
CREATE INDEX codes_of_grant ON codes (grant_id);

CREATE TABLE access_tokens (
    digest   BLOB PRIMARY KEY,
    grant_id TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    expires  INTEGER -- NULL: until revoked
) STRICT;
CREATE INDEX access_tokens_of_grant ON access_tokens (grant_id);

-- A token is active until it is rotated. What was rotated is remembered, to notice its reuse.
CREATE TABLE refresh_tokens (
    digest         BLOB PRIMARY KEY,
    grant_id       TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    expires        INTEGER NOT NULL,
    rotated        INTEGER,
    repeat_until   INTEGER, -- end of the overlap
    salt           BLOB,    -- what the successor was derived with
    access_expires INTEGER  -- of the successor's access token
) STRICT;
CREATE INDEX refresh_tokens_of_grant ON refresh_tokens (grant_id);

CREATE TABLE audit (
    id         INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    action     TEXT NOT NULL,
    person     TEXT,
    client_id  TEXT,
    workspace  TEXT,
    grant_id   TEXT,
    subject    TEXT -- what else the action is about
) STRICT;
CREATE INDEX audit_by_time ON audit (at);
