-- Which rows a sink has not received yet: 1 until it has, each time that the row changes.
ALTER TABLE audit ADD COLUMN pending_export BIGINT NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN pending_metering BIGINT NOT NULL DEFAULT 0;
CREATE INDEX audit_to_export ON audit (seq) WHERE pending_export = 1;
CREATE INDEX audit_to_meter ON audit (seq) WHERE pending_metering = 1;

-- Rows that wait are not removed where there are too many, and are not looked at for that.
DROP INDEX audit_by_keep;
CREATE INDEX audit_by_keep ON audit (keep, at) WHERE pending_export = 0 AND pending_metering = 0;

-- Which sinks are configured.
ALTER TABLE store_state ADD COLUMN exports_audit BIGINT NOT NULL DEFAULT 0;
ALTER TABLE store_state ADD COLUMN exports_calls BIGINT NOT NULL DEFAULT 0;

-- The one server that sends to a sink.
CREATE TABLE export_leases (
    seq    BIGINT GENERATED ALWAYS AS IDENTITY,
    sink   TEXT COLLATE "C" PRIMARY KEY,
    holder TEXT NOT NULL,
    until  BIGINT NOT NULL
);
