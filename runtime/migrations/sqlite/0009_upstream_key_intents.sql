-- Keys that the API is being asked for. A row is here before the request is sent, and goes with the
-- commit of the grant, or once it is known that the API has no such key.
CREATE TABLE upstream_key_intents (
    grant_id           TEXT PRIMARY KEY,
    workspace          TEXT NOT NULL,
    key_name           TEXT NOT NULL,
    upstream_workspace TEXT,             -- the API's id of the workspace
    access             TEXT NOT NULL,    -- 'read' or 'write'
    asked              INTEGER NOT NULL,
    due                INTEGER NOT NULL, -- from when somebody else may find out what became of it
    attempts           INTEGER NOT NULL DEFAULT 0, -- of finding out
    failure            TEXT              -- why it was not found out the last time
) STRICT;
CREATE INDEX upstream_key_intents_by_due ON upstream_key_intents (due);
