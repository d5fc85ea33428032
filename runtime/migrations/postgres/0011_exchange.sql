-- The token of the identity provider that is exchanged for tokens of the API.
ALTER TABLE identities
    ADD COLUMN subject_with   TEXT COLLATE "C",  -- id of the sealing key
    ADD COLUMN subject_sealed BYTEA,             -- the token: nonce, ciphertext and tag
    ADD COLUMN subject_until  BIGINT;            -- until when it is used; without one, until when none is asked for
