-- How much of its quota a workspace has used in a period, in portions that servers take.
CREATE TABLE quota_use (
    workspace TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    starts    INTEGER NOT NULL,
    ends      INTEGER NOT NULL,
    used      INTEGER NOT NULL,
    PRIMARY KEY (workspace, starts)
);
