-- What a call of a tool needed, took and cost; NULL for all else, and for calls of earlier versions.
ALTER TABLE audit ADD COLUMN access TEXT;
ALTER TABLE audit ADD COLUMN elapsed_ms INTEGER;
ALTER TABLE audit ADD COLUMN cost INTEGER;

-- Rows are looked for by time, workspace or person, the latest first.
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_of_workspace ON audit (workspace, at);
CREATE INDEX audit_of_person ON audit (person, at);
