-- A row stands for all events of one minute that agree in what it says of them.
ALTER TABLE audit ADD COLUMN count INTEGER NOT NULL DEFAULT 1;
ALTER TABLE audit ADD COLUMN last_at INTEGER; -- when the last one was; NULL: there is one only
-- What further events have to agree in: 8 bytes for the minute, the action and the person, 8 for the
-- rest; NULL: each event has a row of its own.
ALTER TABLE audit ADD COLUMN repeats BLOB;
-- Where there are too many rows, those with the lowest number go first: 0 tried, 1 a call of a tool,
-- 2 something changed.
ALTER TABLE audit ADD COLUMN keep INTEGER NOT NULL DEFAULT 2;

UPDATE audit SET keep = CASE action WHEN 'tool.called' THEN 1 ELSE 0 END
WHERE action IN ('tool.called', 'login.failed', 'authorize.started', 'workspace.chosen',
    'consent.denied', 'consent.refused', 'code.replayed', 'token.refused', 'upstream_key.not_made');

DROP INDEX IF EXISTS audit_by_time;
CREATE INDEX audit_by_keep ON audit (keep, at);
CREATE UNIQUE INDEX audit_by_repeats ON audit (repeats) WHERE repeats IS NOT NULL;

-- How many rows there are, without counting them.
ALTER TABLE store_state ADD COLUMN audit_rows INTEGER NOT NULL DEFAULT 0;
UPDATE store_state SET audit_rows = (SELECT COUNT(*) FROM audit);
CREATE TRIGGER audit_row_added AFTER INSERT ON audit BEGIN
    UPDATE store_state SET audit_rows = audit_rows + 1;
END;
CREATE TRIGGER audit_row_gone AFTER DELETE ON audit BEGIN
    UPDATE store_state SET audit_rows = audit_rows - 1;
END;
