-- Keys that were made at the API, one for each grant. A row outlives its grant until the API has
-- revoked the key. The key itself is sealed, and forgotten when its grant ends.
CREATE TABLE upstream_keys (
    grant_id    TEXT PRIMARY KEY,
    workspace   TEXT NOT NULL,
    key_id      TEXT NOT NULL, -- the API's
    sealed_with TEXT,          -- id of the sealing key
    sealed      BLOB,
    attempts    INTEGER NOT NULL DEFAULT 0,
    due         INTEGER,       -- when the API is to be asked to revoke it; NULL: the grant lasts
    failure     TEXT           -- why it was not revoked the last time
) STRICT;
CREATE INDEX upstream_keys_by_due ON upstream_keys (due) WHERE due IS NOT NULL;
