-- The log of decisions. A row is written once and goes when it is too old or there are too many; the last column is its checksum,
-- looked at when it is read and not at a start: a damaged line of the log is no reason to deny everyone.
CREATE TABLE decisions (
    id INTEGER PRIMARY KEY,
    at_s INTEGER NOT NULL,
    reference TEXT NOT NULL,
    user TEXT NOT NULL,
    uid INTEGER,
    peer_uid INTEGER NOT NULL,
    source TEXT NOT NULL,
    service TEXT NOT NULL,
    class TEXT NOT NULL,
    factor TEXT,
    verdict TEXT NOT NULL CHECK (verdict IN ('allow', 'not_subject', 'deny', 'unavailable', 'max_tries')),
    reason TEXT NOT NULL,
    device TEXT,
    generation INTEGER NOT NULL,
    upto INTEGER NOT NULL, -- bytes of the log up to the end of this row, as if it were a file from which nothing was ever cut
    sum BLOB NOT NULL
) STRICT;

-- Wrong first factors, which anybody who can reach sshd can make: counted, not listed.
CREATE TABLE decoys (
    hour_s INTEGER NOT NULL,
    service TEXT NOT NULL,
    count INTEGER NOT NULL,
    sum BLOB NOT NULL,
    PRIMARY KEY (hour_s, service)
) STRICT, WITHOUT ROWID;
