-- Authenticator apps, recovery codes, one-time codes of an administrator, and what is counted and challenged for them.

-- The same tables with more authenticators; the rows' checksums are over the same values.
ALTER TABLE tries RENAME TO tries_before;
CREATE TABLE tries (
    uid INTEGER NOT NULL,
    name TEXT NOT NULL,
    authenticator TEXT NOT NULL CHECK (authenticator IN ('email', 'sms', 'app', 'recovery')),
    bucket TEXT NOT NULL CHECK (bucket IN ('stranger', 'known', 'own')),
    source TEXT NOT NULL,
    failures INTEGER NOT NULL CHECK (failures BETWEEN 0 AND 4294967295),
    wait_boot TEXT,
    wait_until_ms INTEGER,
    wait_length_ms INTEGER,
    sum BLOB NOT NULL,
    PRIMARY KEY (uid, name, authenticator, bucket, source),
    CHECK ((bucket = 'known') = (source <> '')),
    CHECK ((wait_boot IS NULL) = (wait_until_ms IS NULL) AND (wait_boot IS NULL) = (wait_length_ms IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO tries SELECT * FROM tries_before;
DROP TABLE tries_before;

-- An app: its key, sealed under `app:UID:NAME:ID`, and the last time step that was used (RFC 6238 §5.2), which only ever rises.
CREATE TABLE apps (
    uid INTEGER NOT NULL,
    name TEXT NOT NULL,
    id TEXT NOT NULL CHECK (id <> ''),
    sealed TEXT NOT NULL,
    last_step INTEGER NOT NULL CHECK (last_step >= 0),
    made_s INTEGER NOT NULL, -- wall clock, seconds
    sum BLOB NOT NULL,
    PRIMARY KEY (uid, name),
    FOREIGN KEY (uid, name) REFERENCES users (uid, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Recovery codes that were not used yet: HMAC-SHA-256 under a derived key, bound to the user.
CREATE TABLE recovery_codes (
    uid INTEGER NOT NULL,
    name TEXT NOT NULL,
    mac BLOB NOT NULL CHECK (length(mac) = 32),
    made_s INTEGER NOT NULL,
    sum BLOB NOT NULL,
    PRIMARY KEY (uid, name, mac),
    FOREIGN KEY (uid, name) REFERENCES users (uid, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- What a user chose, and whether an administrator shut the user out.
CREATE TABLE choices (
    uid INTEGER NOT NULL,
    name TEXT NOT NULL,
    prefers TEXT CHECK (prefers IN ('email', 'sms', 'app')),
    disabled_s INTEGER, -- since when, wall clock, seconds
    sum BLOB NOT NULL,
    PRIMARY KEY (uid, name),
    FOREIGN KEY (uid, name) REFERENCES users (uid, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- One-time codes of an administrator, until they are used or over. They may be there before the user has a record.
CREATE TABLE passes (
    id TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
    kind TEXT NOT NULL CHECK (kind IN ('invitation', 'grant')),
    uid INTEGER NOT NULL,
    name TEXT NOT NULL,
    mac BLOB NOT NULL CHECK (length(mac) = 32),
    made_s INTEGER NOT NULL,
    until_s INTEGER NOT NULL,
    origin TEXT,  -- a grant: from this address alone
    service TEXT, -- a grant: for this service alone
    reason TEXT NOT NULL,
    sum BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX passes_by_user ON passes (uid, name);

-- What was changed about users, by whom. As the log of decisions: looked at when it is read, and cut at its old end.
CREATE TABLE changes (
    id INTEGER PRIMARY KEY,
    at_s INTEGER NOT NULL,
    by TEXT NOT NULL CHECK (by IN ('administrator', 'user', 'login')),
    uid INTEGER NOT NULL,
    name TEXT NOT NULL,
    what TEXT NOT NULL,
    detail TEXT NOT NULL,
    sum BLOB NOT NULL
) STRICT;
