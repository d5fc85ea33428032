-- The issuer of the assertions that a grant comes of, where no person approved it.
ALTER TABLE grants ADD COLUMN issuer TEXT;

-- Assertions of identity providers that were exchanged for access tokens, until they expire. A row outlives
-- its grant, so that an assertion whose grant has ended makes no other one.
CREATE TABLE identity_assertions (
    seq       BIGINT GENERATED ALWAYS AS IDENTITY,
    id        BYTEA PRIMARY KEY, -- digest of issuer and jti
    content   BYTEA NOT NULL,    -- digest of the assertion
    client_id TEXT NOT NULL,
    grant_id  TEXT NOT NULL,
    expires   BIGINT NOT NULL
);
CREATE INDEX identity_assertions_by_end ON identity_assertions (expires);
