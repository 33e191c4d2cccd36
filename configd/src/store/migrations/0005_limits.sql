-- Text messages of the last day, whoever they went to: what `[limits]` says of them counts over everybody. Those of `sends` from
-- before are not among them: it does not say which were text messages.
CREATE TABLE texts (
    id INTEGER PRIMARY KEY,
    number_range TEXT NOT NULL CHECK (number_range <> ''), -- the number without its last four digits
    cost INTEGER NOT NULL CHECK (cost >= 0),               -- millionths of whatever currency the settings are in
    wall_s INTEGER NOT NULL,
    boot TEXT NOT NULL,
    boot_ms INTEGER NOT NULL,
    sum BLOB NOT NULL
) STRICT;
CREATE INDEX texts_by_range ON texts (number_range);
CREATE INDEX texts_by_age ON texts (boot, boot_ms);

-- Of which countries there are numbers.
CREATE INDEX users_by_phone ON users (phone) WHERE phone IS NOT NULL;
