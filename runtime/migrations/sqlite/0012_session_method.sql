-- How the person of a session showed who they are.
ALTER TABLE sessions ADD COLUMN method TEXT NOT NULL DEFAULT 'password';
