-- Objects are kept as the JSON they are answered with; what is asked for is in columns.
CREATE TABLE IF NOT EXISTS object (
    position     INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    kind         TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    document     TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS object_by_owner ON object (kind, workspace_id, position);

-- The bytes of media and avatars.
CREATE TABLE IF NOT EXISTS content (
    object_id  TEXT PRIMARY KEY,
    media_type TEXT NOT NULL,
    bytes      BLOB NOT NULL
);

CREATE TABLE IF NOT EXISTS ledger (
    position      INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    workspace_id  TEXT NOT NULL,
    kind          TEXT NOT NULL,
    amount        INTEGER NOT NULL,
    balance_after INTEGER NOT NULL CHECK (balance_after >= 0),
    bundle_id     TEXT,
    note          TEXT NOT NULL,
    created_at    TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS ledger_by_workspace ON ledger (workspace_id, position);

-- A secret is shown once; here is only its hash.
CREATE TABLE IF NOT EXISTS api_key (
    position     INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    workspace_id TEXT NOT NULL,
    name         TEXT NOT NULL,
    level        TEXT NOT NULL CHECK (level IN ('read', 'full')),
    hint         TEXT NOT NULL,
    secret_hash  TEXT NOT NULL UNIQUE,
    created_at   TEXT NOT NULL,
    last_used_at TEXT,
    revoked_at   TEXT
);

-- First answers to requests that carried an Idempotency-Key.
CREATE TABLE IF NOT EXISTS answered (
    workspace_id TEXT NOT NULL,
    key          TEXT NOT NULL,
    fingerprint  TEXT NOT NULL,
    status       INTEGER NOT NULL,
    document     TEXT NOT NULL,
    PRIMARY KEY (workspace_id, key)
);
