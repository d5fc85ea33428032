-- Since when nobody may call for a workspace; NULL: they may.
ALTER TABLE workspaces ADD COLUMN suspended INTEGER;

-- When the person last gave their password in this session.
ALTER TABLE sessions ADD COLUMN confirmed INTEGER NOT NULL DEFAULT 0;

-- What a refresh narrowed the token to; NULL: all that was granted.
ALTER TABLE access_tokens ADD COLUMN scopes TEXT;
-- The same of the successor's access token, to tell it again.
ALTER TABLE refresh_tokens ADD COLUMN access_scopes TEXT;
