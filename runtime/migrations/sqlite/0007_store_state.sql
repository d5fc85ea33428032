-- Which store this is, and the number of its last change. The marker beside the file holds the
-- same two, so that a start notices a file that is another store or has lost its last changes.
CREATE TABLE store_state (
    id         TEXT NOT NULL,
    generation INTEGER NOT NULL
) STRICT;
INSERT INTO store_state (id, generation) VALUES ('sto_' || lower(hex(randomblob(16))), 0);
