-- Agents: programs that act for one workspace without a person. Each has a grant, which says for whom it
-- acts and what it may.
CREATE TABLE agents (
    seq        BIGINT GENERATED ALWAYS AS IDENTITY,
    client_id  TEXT COLLATE "C" PRIMARY KEY,
    grant_id   TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES grants (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL,  -- 'wallet', 'keys' or 'keys_at'
    credential TEXT NOT NULL   -- the wallet's address, a JSON Web Key Set, or its URL
);

-- Nonces of challenges and ids of assertions that were used, so that none is used twice.
CREATE TABLE used_assertions (
    seq     BIGINT GENERATED ALWAYS AS IDENTITY,
    digest  BYTEA PRIMARY KEY,
    expires BIGINT NOT NULL
);
