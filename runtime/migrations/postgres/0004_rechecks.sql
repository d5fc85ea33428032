-- By what the identity provider is asked again whether a person is still admitted there.
ALTER TABLE identities
    ADD COLUMN sealed_with TEXT COLLATE "C",  -- id of the sealing key
    ADD COLUMN sealed      BYTEA,             -- the provider's refresh token: nonce, ciphertext and tag
    ADD COLUMN due         BIGINT,            -- when it is asked next, or when the sign-in ends without a token
    ADD COLUMN tried       BIGINT,            -- when it was asked last
    ADD COLUMN lease       BIGINT;            -- until when one server alone asks

-- Sign-ins of earlier versions end 30 days after this one is installed.
UPDATE identities SET due = CAST(extract(epoch FROM now()) AS BIGINT) * 1000 + 2592000000;

-- The session at the provider that a session came from (`sid`), as a digest.
ALTER TABLE sessions ADD COLUMN provider_session BYTEA;
CREATE INDEX sessions_of_provider_session ON sessions (provider_session)
    WHERE provider_session IS NOT NULL;

-- Logout tokens that were used, so that none is used twice.
CREATE TABLE logout_tokens (
    seq     BIGINT GENERATED ALWAYS AS IDENTITY,
    digest  BYTEA PRIMARY KEY,  -- digest of issuer and `jti`
    expires BIGINT NOT NULL
);
