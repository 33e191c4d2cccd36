-- Remembered devices (rule 9). `identity` is a hash over what one is known by; `name` is what a person reads. `id` is another one each
-- time a device is remembered anew, so that what ends one trust cannot end the next. `ended`: why it is good for nothing any more.
CREATE TABLE devices (
    uid INTEGER NOT NULL,
    name TEXT NOT NULL,
    class TEXT NOT NULL CHECK (class IN ('ssh', 'desktop', 'web', 'elevate')),
    identity BLOB NOT NULL CHECK (length(identity) = 32),
    id TEXT NOT NULL CHECK (id <> ''),
    label TEXT NOT NULL,
    first_s INTEGER NOT NULL, -- wall clock, seconds
    last_s INTEGER NOT NULL,
    last_from TEXT NOT NULL,
    given_s INTEGER NOT NULL,
    given_boot TEXT NOT NULL,
    given_boot_ms INTEGER NOT NULL,
    lifetime_s INTEGER NOT NULL CHECK (lifetime_s >= 0),
    stamp TEXT,
    policy INTEGER NOT NULL,
    ended TEXT,
    sum BLOB NOT NULL,
    PRIMARY KEY (uid, name, class, identity),
    FOREIGN KEY (uid, name) REFERENCES users (uid, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX devices_by_id ON devices (id);
CREATE INDEX devices_by_name ON devices (name, uid); -- a list is read by user, in short pieces

-- The device of a user's last login, remembered or not.
CREATE TABLE login_devices (
    uid INTEGER NOT NULL,
    name TEXT NOT NULL,
    device TEXT NOT NULL,
    sum BLOB NOT NULL,
    PRIMARY KEY (uid, name),
    FOREIGN KEY (uid, name) REFERENCES users (uid, name) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
