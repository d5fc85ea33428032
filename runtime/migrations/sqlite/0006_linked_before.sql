-- The API's id of a workspace before it was unlinked: its grants were approved for that one.
ALTER TABLE workspaces ADD COLUMN linked_before TEXT;
