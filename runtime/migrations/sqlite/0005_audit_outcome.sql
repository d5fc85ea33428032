-- How a call ended; NULL for what is written down only once it is done.
ALTER TABLE audit ADD COLUMN outcome TEXT;
CREATE INDEX audit_by_workspace ON audit (workspace, client_id, at);
