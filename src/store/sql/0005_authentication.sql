-- What was known of who sent a message, as JSON, when it came the first time.
CREATE TABLE authentication (
    message BLOB NOT NULL,
    tenant  INTEGER NOT NULL,
    time    INTEGER NOT NULL,
    found   TEXT NOT NULL,
    PRIMARY KEY (message, tenant)
) STRICT;
