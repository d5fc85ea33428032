-- What tells calls of tools apart, so that one that is taken over from a spool twice is here once;
-- NULL for all else.
ALTER TABLE audit ADD COLUMN call_id INTEGER;
CREATE UNIQUE INDEX audit_by_call ON audit (call_id) WHERE call_id IS NOT NULL;
