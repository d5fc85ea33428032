-- How much the calls of a workspace came to on a day: a call is counted once, when its end is stored.
CREATE TABLE usage_days (
    workspace TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    day       INTEGER NOT NULL,
    calls     INTEGER NOT NULL,
    failed    INTEGER NOT NULL,
    cost      INTEGER NOT NULL,
    PRIMARY KEY (workspace, day)
);
CREATE INDEX usage_days_by_day ON usage_days (day);
