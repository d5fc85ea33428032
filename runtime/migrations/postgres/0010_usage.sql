-- How much the calls of a workspace came to on a day: a call is counted once, when its end is stored.
CREATE TABLE usage_days (
    seq       BIGINT GENERATED ALWAYS AS IDENTITY,
    workspace TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    day       BIGINT NOT NULL,
    calls     BIGINT NOT NULL,
    failed    BIGINT NOT NULL,
    cost      BIGINT NOT NULL,
    PRIMARY KEY (workspace, day)
);
CREATE INDEX usage_days_by_day ON usage_days (day);
