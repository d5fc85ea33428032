-- Parts of answers that a cursor continues, sealed with a key that only the cursor has.
CREATE TABLE kept_parts (
    digest   BLOB NOT NULL PRIMARY KEY, -- of the cursor
    answer   BLOB NOT NULL,             -- the digest of the first part
    grant_id TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    sealed   BLOB NOT NULL,
    expires  INTEGER NOT NULL
) STRICT;
CREATE INDEX kept_parts_of_grant ON kept_parts (grant_id, answer);
CREATE INDEX kept_parts_by_end ON kept_parts (expires);

-- Links to files: what each is for, sealed with a key that only the link has, and how often it was used.
CREATE TABLE file_links (
    digest   BLOB NOT NULL PRIMARY KEY,
    grant_id TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    sealed   BLOB NOT NULL,
    expires  INTEGER NOT NULL,
    uses     INTEGER NOT NULL
) STRICT;
CREATE INDEX file_links_of_grant ON file_links (grant_id, expires);
CREATE INDEX file_links_by_end ON file_links (expires);

-- Files that are uploaded, until a call sends them. `sealed` has the name and the type.
CREATE TABLE uploads (
    digest   BLOB NOT NULL PRIMARY KEY,
    grant_id TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    state    TEXT NOT NULL, -- waiting, receiving, complete or sending
    sealed   BLOB NOT NULL,
    bytes    INTEGER NOT NULL,
    expires  INTEGER NOT NULL
) STRICT;
CREATE INDEX uploads_of_grant ON uploads (grant_id);
CREATE INDEX uploads_by_end ON uploads (expires);

-- The parts of an upload, sealed each with its number.
CREATE TABLE upload_chunks (
    upload BLOB NOT NULL REFERENCES uploads (digest) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (upload, number)
) STRICT;
