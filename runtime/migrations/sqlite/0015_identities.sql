-- Accounts of people at an identity provider: issuer and subject together name one.
CREATE TABLE identities (
    issuer  TEXT NOT NULL,
    subject TEXT NOT NULL,
    person  TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    created INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT;
CREATE INDEX identities_of_person ON identities (person);

-- Memberships that the claims of a person assign, and that end with these claims.
CREATE TABLE assigned_memberships (
    person    TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    workspace TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    PRIMARY KEY (person, workspace)
) STRICT;

-- Sign-ins that are under way at the provider, each in one browser.
CREATE TABLE provider_sign_ins (
    state    BLOB PRIMARY KEY,  -- digest of `state`
    browser  BLOB NOT NULL,     -- digest of the cookie
    confirms TEXT,              -- the session whose person proves once more who they are
    expires  INTEGER NOT NULL,
    source   BLOB NOT NULL      -- digest of the network that it came from
) STRICT;
CREATE INDEX provider_sign_ins_of_source ON provider_sign_ins (source, expires);
