-- How much of its quota a workspace has used in a period, in portions that servers take.
CREATE TABLE quota_use (
    seq       BIGINT GENERATED ALWAYS AS IDENTITY,
    workspace TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    starts    BIGINT NOT NULL,
    ends      BIGINT NOT NULL,
    used      BIGINT NOT NULL,
    PRIMARY KEY (workspace, starts)
);
