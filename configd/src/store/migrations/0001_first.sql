-- The first schema. A released migration is never edited: the text of every table is compared with it at each start.
-- The last column of each table, `sum`, is the row's checksum (sums.rs). A later migration that changes a table's columns must
-- write the sums of its rows anew, and keep `sum` last.

-- What the daemon keeps about itself.
CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL,
    sum BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- A user is a uid and the name that it was bound to (fault 28).
CREATE TABLE users (
    uid INTEGER NOT NULL CHECK (uid BETWEEN 0 AND 4294967295),
    name TEXT NOT NULL CHECK (name <> ''),
    verify TEXT NOT NULL CHECK (verify IN ('never', 'new_device', 'always')),
    email TEXT,
    email_folded TEXT, -- lower case, for "in use by another"; not unique here, since a setting may allow that
    email_verified INTEGER NOT NULL CHECK (email_verified IN (0, 1)),
    phone TEXT,
    phone_verified INTEGER NOT NULL CHECK (phone_verified IN (0, 1)),
    language TEXT,
    login_at TEXT,
    login_service TEXT,
    login_from TEXT,
    sum BLOB NOT NULL,
    PRIMARY KEY (uid, name),
    CHECK ((email IS NULL) = (email_folded IS NULL)),
    CHECK (email IS NOT NULL OR email_verified = 0),
    CHECK (phone IS NOT NULL OR phone_verified = 0),
    CHECK ((login_at IS NULL) = (login_service IS NULL)),
    CHECK (login_at IS NOT NULL OR login_from IS NULL)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX users_by_name ON users (name);
CREATE INDEX users_by_email ON users (email_folded) WHERE email_folded IS NOT NULL;

-- Sources that a user has logged in from with a code.
CREATE TABLE known_sources (
    uid INTEGER NOT NULL,
    name TEXT NOT NULL,
    source TEXT NOT NULL,
    last_s INTEGER NOT NULL, -- wall clock, seconds
    sum BLOB NOT NULL,
    PRIMARY KEY (uid, name, source),
    FOREIGN KEY (uid, name) REFERENCES users (uid, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Failures since the last success. Of known sources each has its own row; `source` is '' for strangers and the user's own
-- processes. No reference to users or known_sources: what a source failed counts in the total after it was forgotten.
CREATE TABLE tries (
    uid INTEGER NOT NULL,
    name TEXT NOT NULL,
    authenticator TEXT NOT NULL CHECK (authenticator IN ('email', 'sms')),
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

-- Challenges whose message has left and that have not ended.
CREATE TABLE challenges (
    id TEXT NOT NULL PRIMARY KEY,
    uid INTEGER NOT NULL,
    name TEXT NOT NULL,
    class TEXT NOT NULL,
    source TEXT NOT NULL,
    authenticator TEXT NOT NULL CHECK (authenticator IN ('email', 'sms')),
    code_mac BLOB NOT NULL CHECK (length(code_mac) = 32),
    tag TEXT NOT NULL,
    tries INTEGER NOT NULL CHECK (tries BETWEEN 0 AND 4294967295),
    made_wall_s INTEGER NOT NULL,
    made_boot TEXT NOT NULL,
    made_boot_ms INTEGER NOT NULL,
    lifetime_ms INTEGER NOT NULL,
    sum BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX challenges_by_user ON challenges (uid, name, authenticator);

-- Challenges that were used or ended, for a day of the same boot: their codes are good for nothing.
CREATE TABLE ended (
    id TEXT NOT NULL PRIMARY KEY,
    boot TEXT NOT NULL,
    boot_ms INTEGER NOT NULL,
    sum BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ended_by_age ON ended (boot, boot_ms);

-- Messages of the last day.
CREATE TABLE sends (
    id INTEGER PRIMARY KEY,
    uid INTEGER NOT NULL,
    name TEXT NOT NULL,
    bucket TEXT NOT NULL CHECK (bucket IN ('stranger', 'known', 'own')),
    source TEXT NOT NULL,
    wall_s INTEGER NOT NULL,
    boot TEXT NOT NULL,
    boot_ms INTEGER NOT NULL,
    sum BLOB NOT NULL
) STRICT;
CREATE INDEX sends_by_user ON sends (uid, name, bucket, source);
CREATE INDEX sends_by_source ON sends (source, bucket);
CREATE INDEX sends_by_age ON sends (boot, boot_ms);
