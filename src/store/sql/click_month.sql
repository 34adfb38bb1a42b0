-- The clicks of one month. One row for each event, kept whole as JSON in `event`; the columns before it are what is
-- asked for. The program puts the month for {month}, such as 202611.
CREATE TABLE click_{month} (
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

CREATE INDEX click_{month}_by_time ON click_{month} (time);
CREATE INDEX click_{month}_by_click_id ON click_{month} (click_id);
CREATE INDEX click_{month}_by_outcome ON click_{month} (outcome, time);
CREATE INDEX click_{month}_by_host ON click_{month} (host, time) WHERE host IS NOT NULL;
CREATE INDEX click_{month}_by_domain ON click_{month} (domain, time) WHERE domain IS NOT NULL;
CREATE INDEX click_{month}_by_url ON click_{month} (url_key) WHERE url_key IS NOT NULL;
CREATE INDEX click_{month}_by_message ON click_{month} (message, recipient) WHERE message IS NOT NULL;
