-- The database of a server of version 0.1.0, after one person connected one client.
BEGIN TRANSACTION;
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO "_sqlx_migrations" VALUES(1,'sign in','2026-11-26 13:27:56',1,X'0A4A51C9B26C6C0C36CF9E33B48DCD8DBB93D6982F6E166773482E18CFF2A02C3195A3FFD3BEF1AE8C920696B496E102',1800085);
INSERT INTO "_sqlx_migrations" VALUES(2,'upstream keys','2026-11-26 13:27:56',1,X'A97DB879B55530F5A88480CA6D3984C3BA19C742AB966FD6AD32BF1C746D6FEC920A627F7DB2A75FE8DBA6B11DFE371F',357252);
INSERT INTO "_sqlx_migrations" VALUES(3,'grants of client','2026-11-26 13:27:56',1,X'1A0CFE921108E291C53AE044F1CB9B947E508F259C9DD49A085C2C96D4DE71A8AE008B3B7F290B6E85A2393EAA62348D',167961);
INSERT INTO "_sqlx_migrations" VALUES(4,'people','2026-11-26 13:27:56',1,X'9FE413DFD3B8A53B5140CD7E6EBA6635F4BECBA0314E85A290CA9C2BCCB970788A77B22CE857E30FC98DDBBD1625287A',1386047);
INSERT INTO "_sqlx_migrations" VALUES(5,'audit outcome','2026-11-26 13:27:56',1,X'B2B3B74983F89EFE8F74EFDBBEE23EA4F4E9DA8611273393E1B01A58A9959A527A16A938EC3A091938728C1843D9A1D3',513767);
CREATE TABLE access_tokens (
    digest   BLOB PRIMARY KEY,
    grant_id TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    expires  INTEGER -- NULL: until revoked
, scopes TEXT) STRICT;
INSERT INTO "access_tokens" VALUES(X'57AE4DE9C7601702ABCBBE245863F5816A6E86F50FB362D078C25A16946B3EEF','key_I9x9B29tlVb60b0buE9RfP',1795255230000,NULL);
INSERT INTO "access_tokens" VALUES(X'9CCACFE1326528B0FB93C29612F3CF213517794774BBA9D73913BB7BF0C5B023','key_I9x9B29tlVb60b0buE9RfP',1795341600000,NULL);
CREATE TABLE audit (
    id         INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    action     TEXT NOT NULL,
    person     TEXT,
    client_id  TEXT,
    workspace  TEXT,
    grant_id   TEXT,
    subject    TEXT -- what else the action is about
, outcome TEXT) STRICT;
INSERT INTO "audit" VALUES(1,1795255200000,'start','setup_link.made',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "audit" VALUES(2,1795255200000,'a3eb8db89fc5123ccfd49585059f292b','account.created','usr_RaJrMfTqroCa6GmCG1CLVj',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "audit" VALUES(3,1795255200000,'a3eb8db89fc5123ccfd49585059f292b','workspace.created','usr_RaJrMfTqroCa6GmCG1CLVj',NULL,'wsp_BI0xwLsLkNCJDVjipSGRAq',NULL,'Harbor',NULL);
INSERT INTO "audit" VALUES(4,1795255200000,'a3eb8db89fc5123ccfd49585059f292b','login.ok','usr_RaJrMfTqroCa6GmCG1CLVj',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "audit" VALUES(5,1795255200000,'a348621a527709a7d3a71eec18de7bb2','authorize.started','usr_RaJrMfTqroCa6GmCG1CLVj','client_95c37485f49f93b2f2c8f98e7d0c43f3',NULL,NULL,NULL,NULL);
INSERT INTO "audit" VALUES(6,1795255200000,'aed2b8245fdc8acc45eda51abc7d07e6','consent.approved','usr_RaJrMfTqroCa6GmCG1CLVj','client_95c37485f49f93b2f2c8f98e7d0c43f3','wsp_BI0xwLsLkNCJDVjipSGRAq','key_I9x9B29tlVb60b0buE9RfP','mcp:read mcp:write offline_access',NULL);
INSERT INTO "audit" VALUES(7,1795255200000,'1d7968ffc995d6a495071668f4a957be','token.issued',NULL,'client_95c37485f49f93b2f2c8f98e7d0c43f3',NULL,'key_I9x9B29tlVb60b0buE9RfP',NULL,NULL);
INSERT INTO "audit" VALUES(8,1795255200000,'ea676268c71eb961cae5f1a68dc8717b','token.refreshed',NULL,'client_95c37485f49f93b2f2c8f98e7d0c43f3',NULL,'key_I9x9B29tlVb60b0buE9RfP',NULL,NULL);
CREATE TABLE client_documents (
    id          TEXT PRIMARY KEY, -- the URL
    metadata    TEXT NOT NULL,    -- JSON
    fetched     INTEGER NOT NULL,
    fresh_until INTEGER NOT NULL
) STRICT;
CREATE TABLE clients (
    id         TEXT PRIMARY KEY,
    metadata   TEXT NOT NULL, -- JSON
    registered INTEGER NOT NULL,
    last_used  INTEGER NOT NULL
) STRICT;
INSERT INTO "clients" VALUES('client_95c37485f49f93b2f2c8f98e7d0c43f3','{"client_name":"A client","redirect_uris":["https://client.example/callback"],"grant_types":["authorization_code","refresh_token"],"response_types":["code"],"token_endpoint_auth_method":"none"}',1795255200000,1795255200000);
CREATE TABLE codes (
    digest   BLOB PRIMARY KEY,
    grant_id TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    expires  INTEGER NOT NULL,
    redeemed INTEGER
) STRICT;
INSERT INTO "codes" VALUES(X'E7B906897B5BC5B5B15D6F05B988EE05183E2831A8DDA7E02883C5A9161573B7','key_I9x9B29tlVb60b0buE9RfP',1795255800000,1795255200000);
CREATE TABLE grants (
    id             TEXT PRIMARY KEY,
    person         TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    workspace      TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    client_id      TEXT NOT NULL,
    client_name    TEXT,
    key_name       TEXT NOT NULL,
    redirect_uri   TEXT NOT NULL,
    redirect_host  TEXT NOT NULL,
    resource       TEXT NOT NULL,
    scopes         TEXT NOT NULL,
    refreshes      INTEGER NOT NULL,
    code_challenge TEXT NOT NULL,
    created        INTEGER NOT NULL,
    exchanged      INTEGER, -- when the code was redeemed
    last_used      INTEGER,
    expires        INTEGER, -- when it ends by itself; NULL: not before it is revoked
    revoked        INTEGER,
    reason         TEXT
) STRICT;
INSERT INTO "grants" VALUES('key_I9x9B29tlVb60b0buE9RfP','usr_RaJrMfTqroCa6GmCG1CLVj','wsp_BI0xwLsLkNCJDVjipSGRAq','client_95c37485f49f93b2f2c8f98e7d0c43f3','A client','Unverified app (client.example) (MCP connector)','https://client.example/callback','client.example','https://mcp.example.com/mcp','mcp:read mcp:write offline_access',1,'mg3QoZgnRJxQy_jYdfW7D8wJkoziCuM8Yhos7PwVvsI',1795255200000,1795255200000,NULL,1803031200000,NULL,NULL);
CREATE TABLE invitations (
    id        TEXT PRIMARY KEY,
    digest    BLOB NOT NULL UNIQUE,
    workspace TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    role      TEXT NOT NULL,
    inviter   TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    created   INTEGER NOT NULL,
    expires   INTEGER NOT NULL
) STRICT;
CREATE TABLE memberships (
    person    TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    workspace TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    role      TEXT NOT NULL,
    created   INTEGER NOT NULL,
    PRIMARY KEY (person, workspace)
) STRICT;
INSERT INTO "memberships" VALUES('usr_RaJrMfTqroCa6GmCG1CLVj','wsp_BI0xwLsLkNCJDVjipSGRAq','owner',1795255200000);
CREATE TABLE people (
    id            TEXT PRIMARY KEY,
    email         TEXT NOT NULL,
    email_key     TEXT NOT NULL UNIQUE, -- the address in lower case
    name          TEXT NOT NULL,
    password_hash TEXT NOT NULL,        -- PHC string
    created       INTEGER NOT NULL
) STRICT;
INSERT INTO "people" VALUES('usr_RaJrMfTqroCa6GmCG1CLVj','ada@example.com','ada@example.com','Ada','$argon2id$v=19$m=19456,t=2,p=1$TA4HGDLVJ2lK3qV7UN17IQ$9YGlZu88zxx2oKNOXi9tK9jKc9DXF5C9O3NxCXTQoJE',1795255200000);
CREATE TABLE refresh_tokens (
    digest         BLOB PRIMARY KEY,
    grant_id       TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    expires        INTEGER NOT NULL,
    rotated        INTEGER,
    repeat_until   INTEGER, -- end of the overlap
    salt           BLOB,    -- what the successor was derived with
    access_expires INTEGER  -- of the successor's access token
, access_scopes TEXT) STRICT;
INSERT INTO "refresh_tokens" VALUES(X'C951A4E4AF8C035ACAAD2C371982D016781FA6CCB643AC7E907D06BACE8926A1','key_I9x9B29tlVb60b0buE9RfP',1803031200000,1795255200000,1795255230000,X'4D75F61869104BAA4CCFF5BE73311BE9BDD6CC31779301DFC699479403C8A786',1795341600000,NULL);
INSERT INTO "refresh_tokens" VALUES(X'83A396BCA7FF4F1A9BE4F31E9B2702FD07D819240DB549EB1CBE1B80FC88AC04','key_I9x9B29tlVb60b0buE9RfP',1803031200000,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE sessions (
    id        TEXT PRIMARY KEY,
    digest    BLOB NOT NULL UNIQUE,
    person    TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    browser   TEXT NOT NULL,
    created   INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    expires   INTEGER NOT NULL
, confirmed INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "sessions" VALUES('ses_ikP1CZO6Qih4YBTrg8kMEH',X'D4D6B7A7696CBEC93E4F8B55E539FE72000E20996A4B3EFCC71EFCA39AB22ACD','usr_RaJrMfTqroCa6GmCG1CLVj','Unknown browser',1795255200000,1795255200000,1797847200000,1795255200000);
CREATE TABLE setup_links (
    digest  BLOB PRIMARY KEY,
    expires INTEGER NOT NULL
) STRICT;
CREATE TABLE transactions (
    handle      BLOB PRIMARY KEY,
    browser     BLOB NOT NULL,
    request     TEXT NOT NULL, -- JSON
    client_name TEXT,
    refreshes   INTEGER NOT NULL,
    workspace   TEXT,
    expires     INTEGER NOT NULL
) STRICT;
CREATE TABLE upstream_keys (
    grant_id    TEXT PRIMARY KEY,
    workspace   TEXT NOT NULL,
    key_id      TEXT NOT NULL, -- the API's
    sealed_with TEXT,          -- id of the sealing key
    sealed      BLOB,
    attempts    INTEGER NOT NULL DEFAULT 0,
    due         INTEGER,       -- when the API is to be asked to revoke it; NULL: the grant lasts
    failure     TEXT           -- why it was not revoked the last time
) STRICT;
CREATE TABLE workspaces (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    upstream_id TEXT,
    created     INTEGER NOT NULL
, suspended INTEGER) STRICT;
INSERT INTO "workspaces" VALUES('wsp_BI0xwLsLkNCJDVjipSGRAq','Harbor','wsp_harbor',1795255200000,NULL);
CREATE INDEX memberships_of_workspace ON memberships (workspace);
CREATE INDEX sessions_of_person ON sessions (person);
CREATE INDEX grants_of_person ON grants (person);
CREATE INDEX grants_of_workspace ON grants (workspace);
CREATE INDEX codes_of_grant ON codes (grant_id);
CREATE INDEX access_tokens_of_grant ON access_tokens (grant_id);
CREATE INDEX refresh_tokens_of_grant ON refresh_tokens (grant_id);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX upstream_keys_by_due ON upstream_keys (due) WHERE due IS NOT NULL;
CREATE INDEX grants_of_client ON grants (client_id);
CREATE INDEX audit_by_workspace ON audit (workspace, client_id, at);
COMMIT;
