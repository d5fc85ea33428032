-- Parts of answers that a cursor continues, sealed with a key that only the cursor has.
CREATE TABLE kept_parts (
    seq      BIGINT GENERATED ALWAYS AS IDENTITY,
    digest   BYTEA PRIMARY KEY, -- of the cursor
    answer   BYTEA NOT NULL,    -- the digest of the first part
    grant_id TEXT COLLATE "C" NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    sealed   BYTEA NOT NULL,
    expires  BIGINT NOT NULL
);
CREATE INDEX kept_parts_of_grant ON kept_parts (grant_id, answer);
CREATE INDEX kept_parts_by_end ON kept_parts (expires);

-- Links to files: what each is for, sealed with a key that only the link has, and how often it was used.
CREATE TABLE file_links (
    seq      BIGINT GENERATED ALWAYS AS IDENTITY,
    digest   BYTEA PRIMARY KEY,
    grant_id TEXT COLLATE "C" NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    sealed   BYTEA NOT NULL,
    expires  BIGINT NOT NULL,
    uses     BIGINT NOT NULL
);
CREATE INDEX file_links_of_grant ON file_links (grant_id, expires);
CREATE INDEX file_links_by_end ON file_links (expires);

-- Files that are uploaded, until a call sends them. `sealed` has the name and the type.
CREATE TABLE uploads (
    seq      BIGINT GENERATED ALWAYS AS IDENTITY,
    digest   BYTEA PRIMARY KEY,
    grant_id TEXT COLLATE "C" NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    state    TEXT NOT NULL, -- waiting, receiving, complete or sending
    sealed   BYTEA NOT NULL,
    bytes    BIGINT NOT NULL,
    expires  BIGINT NOT NULL
);
CREATE INDEX uploads_of_grant ON uploads (grant_id);
CREATE INDEX uploads_by_end ON uploads (expires);

-- The parts of an upload, sealed each with its number.
CREATE TABLE upload_chunks (
    seq    BIGINT GENERATED ALWAYS AS IDENTITY,
    upload BYTEA NOT NULL REFERENCES uploads (digest) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (upload, number)
);
