-- One row for each message as it went to one recipient. Blobs are the raw bytes of the hashes; times are milliseconds
-- since 1970-01-01T00:00Z.
CREATE TABLE message (
    id                INTEGER PRIMARY KEY,
    time              INTEGER NOT NULL,
    tenant            INTEGER NOT NULL,
    hash              BLOB NOT NULL,
    recipient         BLOB NOT NULL,
    recipient_address TEXT COLLATE NOCASE,
    message_id        TEXT,
    sender            TEXT COLLATE NOCASE,
    subject           TEXT
) STRICT;

-- The recipient's hash names a recipient alone; where many share one body it is zero, and the address tells them apart.
CREATE UNIQUE INDEX message_once ON message (hash, recipient, tenant, ifnull(recipient_address, '') COLLATE NOCASE);
CREATE INDEX message_by_message_id ON message (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX message_by_address ON message (recipient_address) WHERE recipient_address IS NOT NULL;

-- One row for each link found in a message. Rows come in the order of their time, so that the indexes hold no time and
-- yet give the newest first. url_key is the first eight bytes of the SHA-256 of url: an index of whole URLs would double
-- the file.
CREATE TABLE wrap (
    id      INTEGER PRIMARY KEY,
    message INTEGER NOT NULL REFERENCES message (id),
    time    INTEGER NOT NULL,
    link_id BLOB,
    part    TEXT NOT NULL,
    place   TEXT NOT NULL,
    outcome TEXT NOT NULL,
    rule    TEXT,
    url_key INTEGER NOT NULL,
    url     TEXT NOT NULL,
    host    TEXT,
    domain  TEXT
) STRICT;

CREATE UNIQUE INDEX wrap_once ON wrap (message, part, place, outcome, url_key, ifnull(link_id, x''));
CREATE INDEX wrap_by_link ON wrap (link_id) WHERE link_id IS NOT NULL;
CREATE INDEX wrap_by_url ON wrap (url_key);
CREATE INDEX wrap_by_host ON wrap (host) WHERE host IS NOT NULL;
CREATE INDEX wrap_by_domain ON wrap (domain) WHERE domain IS NOT NULL;

-- One row for each event, kept whole as JSON in `event`; the columns before it are what is asked for.
CREATE TABLE click (
    id        INTEGER PRIMARY KEY,
    time      INTEGER NOT NULL,
    event_id  BLOB NOT NULL UNIQUE,
    click_id  BLOB NOT NULL,
    tenant    INTEGER,
    outcome   TEXT NOT NULL,
    actor     TEXT NOT NULL,
    url_key   INTEGER,
    host      TEXT,
    domain    TEXT,
    message   BLOB,
    recipient BLOB,
    event     TEXT NOT NULL
) STRICT;

CREATE INDEX click_by_time ON click (time);
CREATE INDEX click_by_click_id ON click (click_id);
CREATE INDEX click_by_outcome ON click (outcome, time);
CREATE INDEX click_by_host ON click (host, time) WHERE host IS NOT NULL;
CREATE INDEX click_by_domain ON click (domain, time) WHERE domain IS NOT NULL;
CREATE INDEX click_by_url ON click (url_key) WHERE url_key IS NOT NULL;
CREATE INDEX click_by_message ON click (message, recipient) WHERE message IS NOT NULL;
