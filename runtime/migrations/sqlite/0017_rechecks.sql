-- By what the identity provider is asked again whether a person is still admitted there.
ALTER TABLE identities ADD COLUMN sealed_with TEXT;  -- id of the sealing key
ALTER TABLE identities ADD COLUMN sealed BLOB;       -- the provider's refresh token: nonce, ciphertext and tag
ALTER TABLE identities ADD COLUMN due INTEGER;       -- when it is asked next, or when the sign-in ends without a token
ALTER TABLE identities ADD COLUMN tried INTEGER;     -- when it was asked last
ALTER TABLE identities ADD COLUMN lease INTEGER;     -- until when one server alone asks

-- Sign-ins of earlier versions end 30 days after this one is installed.
UPDATE identities SET due = CAST(strftime('%s', 'now') AS INTEGER) * 1000 + 2592000000;

-- The session at the provider that a session came from (`sid`), as a digest.
ALTER TABLE sessions ADD COLUMN provider_session BLOB;
CREATE INDEX sessions_of_provider_session ON sessions (provider_session)
    WHERE provider_session IS NOT NULL;

-- Logout tokens that were used, so that none is used twice.
CREATE TABLE logout_tokens (
    digest  BLOB PRIMARY KEY,  -- digest of issuer and `jti`
    expires INTEGER NOT NULL
) STRICT;
