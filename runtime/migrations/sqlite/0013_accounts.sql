-- Since when the operator has disabled an account; NULL: its person can sign in.
ALTER TABLE people ADD COLUMN disabled INTEGER;

-- Links by which a person sets a new password, one for each person.
CREATE TABLE reset_links (
    digest  BLOB PRIMARY KEY,
    person  TEXT NOT NULL UNIQUE REFERENCES people (id) ON DELETE CASCADE,
    expires INTEGER NOT NULL
) STRICT;

-- The name that its person chose for a key; NULL: it has the name that it was made with.
ALTER TABLE grants ADD COLUMN label TEXT;

-- An invitation without an inviter is the operator's.
CREATE TABLE new_invitations (
    id        TEXT PRIMARY KEY,
    digest    BLOB NOT NULL UNIQUE,
    workspace TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    role      TEXT NOT NULL,
    inviter   TEXT REFERENCES people (id) ON DELETE CASCADE,
    created   INTEGER NOT NULL,
    expires   INTEGER NOT NULL
) STRICT;
INSERT INTO new_invitations (id, digest, workspace, role, inviter, created, expires)
SELECT id, digest, workspace, role, inviter, created, expires FROM invitations ORDER BY rowid;
DROP TABLE invitations;
ALTER TABLE new_invitations RENAME TO invitations;
