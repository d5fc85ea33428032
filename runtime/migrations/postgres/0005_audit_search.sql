-- What a call of a tool needed, took and cost; NULL for all else, and for calls of earlier versions.
ALTER TABLE audit ADD COLUMN access TEXT;
ALTER TABLE audit ADD COLUMN elapsed_ms BIGINT;
ALTER TABLE audit ADD COLUMN cost BIGINT;

-- Rows are looked for by time, workspace or person, the latest first.
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_of_workspace ON audit (workspace, at);
CREATE INDEX audit_of_person ON audit (person, at);
