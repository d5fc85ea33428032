-- Whether somebody uses a client is asked for each client that could be forgotten.
CREATE INDEX grants_of_client ON grants (client_id);
