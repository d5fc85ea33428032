-- The token of the identity provider that is exchanged for tokens of the API.
ALTER TABLE identities ADD COLUMN subject_with TEXT;      -- id of the sealing key
ALTER TABLE identities ADD COLUMN subject_sealed BLOB;    -- the token: nonce, ciphertext and tag
ALTER TABLE identities ADD COLUMN subject_until INTEGER;  -- until when it is used; without one, until when none is asked for
