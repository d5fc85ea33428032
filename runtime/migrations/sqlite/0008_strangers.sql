-- Digest of the network that something was kept for; NULL: of several, or of nobody knows which.
-- What is of one network gives way to what comes from the same.
ALTER TABLE transactions ADD COLUMN source BLOB;
ALTER TABLE clients ADD COLUMN source BLOB;
ALTER TABLE client_documents ADD COLUMN source BLOB;

-- Whether somebody looks at a request, and the person, once they are signed in.
ALTER TABLE transactions ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;
ALTER TABLE transactions ADD COLUMN person TEXT;

CREATE INDEX transactions_of_source ON transactions (source, expires);
CREATE INDEX transactions_of_person ON transactions (person, expires) WHERE person IS NOT NULL;
CREATE INDEX clients_of_source ON clients (source, registered);
CREATE INDEX client_documents_of_source ON client_documents (source, fetched);

-- Browsers in which people signed in. Guesses of others from elsewhere do not hold these up.
CREATE TABLE devices (
    digest    BLOB NOT NULL, -- of the secret that the browser keeps
    person    TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    network   BLOB NOT NULL, -- digest of the network it was last in
    last_used INTEGER NOT NULL,
    PRIMARY KEY (digest, person)
) STRICT;
CREATE INDEX devices_of_person ON devices (person, network);
