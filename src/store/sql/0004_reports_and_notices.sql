-- What people report of a page that stopped them, and what came of it.
CREATE TABLE report (
    id       INTEGER PRIMARY KEY,
    time     INTEGER NOT NULL,
    click_id BLOB NOT NULL,
    tenant   INTEGER,
    link     BLOB,
    message  BLOB,
    url      TEXT,
    text     TEXT,
    due      INTEGER NOT NULL
) STRICT;

CREATE INDEX report_by_click ON report (click_id);
CREATE INDEX report_by_link ON report (link, time);

CREATE TABLE report_answer (
    id     INTEGER PRIMARY KEY,
    report INTEGER NOT NULL UNIQUE REFERENCES report (id),
    time   INTEGER NOT NULL,
    author TEXT NOT NULL,
    text   TEXT NOT NULL
) STRICT;

-- Messages that went to many on purpose: however often their links are opened, nobody is slowed. Rows are only added.
CREATE TABLE notice (
    id      INTEGER PRIMARY KEY,
    time    INTEGER NOT NULL,
    message BLOB NOT NULL,
    author  TEXT NOT NULL,
    reason  TEXT NOT NULL
) STRICT;

CREATE INDEX notice_by_message ON notice (message);

CREATE TABLE notice_end (
    id     INTEGER PRIMARY KEY,
    notice INTEGER NOT NULL UNIQUE REFERENCES notice (id),
    time   INTEGER NOT NULL,
    author TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;
