-- The clicks of the last days that went on, by where they led: one row for each URL on the way, so that they are found
-- again when one of them turns out to be bad. `key` is the first eight bytes of the SHA-256 of the key under which lists
-- know the URL. Rows come in about the order of their time, and go in that order as others come.
CREATE TABLE clicked (
    id       INTEGER PRIMARY KEY,
    key      INTEGER NOT NULL,
    time     INTEGER NOT NULL,
    event_id BLOB NOT NULL,
    UNIQUE (key, time, event_id)
) STRICT;

-- What is known of a URL has turned. Kept whole as JSON in `flip`; no row is ever changed, and they go with the clicks.
CREATE TABLE flip (
    id      INTEGER PRIMARY KEY,
    time    INTEGER NOT NULL,
    flip_id BLOB NOT NULL UNIQUE,
    flip    TEXT NOT NULL
) STRICT;

CREATE INDEX flip_by_time ON flip (time);

-- A click is judged again once for each tier (2 suspicious, 3 malicious), whoever finds it out.
CREATE TABLE flipped_click (
    event_id BLOB NOT NULL,
    tier     INTEGER NOT NULL,
    click_id BLOB NOT NULL,
    flip     INTEGER NOT NULL REFERENCES flip (id),
    PRIMARY KEY (event_id, tier)
) STRICT, WITHOUT ROWID;

CREATE INDEX flipped_click_by_click ON flipped_click (click_id);
CREATE INDEX flipped_click_by_flip ON flipped_click (flip);

-- Those that a node has yet to tell its hook of.
CREATE TABLE flip_waiting (
    flip INTEGER PRIMARY KEY REFERENCES flip (id),
    node TEXT NOT NULL
) STRICT;

CREATE INDEX flip_waiting_by_node ON flip_waiting (node, flip);

CREATE TRIGGER flip_is_not_changed BEFORE UPDATE ON flip
BEGIN SELECT RAISE(ABORT, 'what was seen is never changed'); END;
CREATE TRIGGER flipped_click_is_not_changed BEFORE UPDATE ON flipped_click
BEGIN SELECT RAISE(ABORT, 'what was seen is never changed'); END;
