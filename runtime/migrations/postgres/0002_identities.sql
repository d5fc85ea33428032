-- Accounts of people at an identity provider: issuer and subject together name one.
CREATE TABLE identities (
    seq     BIGINT GENERATED ALWAYS AS IDENTITY,
    issuer  TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    person  TEXT COLLATE "C" NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    created BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_of_person ON identities (person);

-- Memberships that the claims of a person assign, and that end with these claims.
CREATE TABLE assigned_memberships (
    seq       BIGINT GENERATED ALWAYS AS IDENTITY,
    person    TEXT COLLATE "C" NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    workspace TEXT COLLATE "C" NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    PRIMARY KEY (person, workspace)
);

-- Sign-ins that are under way at the provider, each in one browser.
CREATE TABLE provider_sign_ins (
    seq      BIGINT GENERATED ALWAYS AS IDENTITY,
    state    BYTEA PRIMARY KEY,    -- digest of `state`
    browser  BYTEA NOT NULL,       -- digest of the cookie
    confirms TEXT COLLATE "C",     -- the session whose person proves once more who they are
    expires  BIGINT NOT NULL,
    source   BYTEA NOT NULL        -- digest of the network that it came from
);
CREATE INDEX provider_sign_ins_of_source ON provider_sign_ins (source, expires);
