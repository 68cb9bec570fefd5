-- Makes `conflict`: who had, or has, a pool address that is not theirs. One row for each conflict, open or over.

CREATE TABLE conflict (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,  -- also remembers the largest id ever, when its row is long gone
  kind         TEXT    NOT NULL,
  segment      TEXT    NOT NULL,
  pool         TEXT    NOT NULL,
  address      INTEGER NOT NULL,
  stranger     INTEGER,           -- 48 bits; NULL: not known, or many
  macs         TEXT    NOT NULL CHECK (json_valid(macs)),
  hostname     TEXT,
  service      TEXT,
  first_seen   INTEGER NOT NULL,
  last_seen    INTEGER NOT NULL,
  opened       INTEGER NOT NULL,
  closed       INTEGER,           -- NULL: open
  close_reason TEXT,
  sightings    INTEGER NOT NULL,
  sources      INTEGER NOT NULL,  -- one bit for each kind of source
  detail       TEXT    NOT NULL CHECK (json_valid(detail)),
  acknowledged INTEGER,           -- NULL: nobody did
  ack_by       TEXT,
  ack_note     TEXT,
  seq          INTEGER NOT NULL
) STRICT;

-- The open ones, in the order of their ids, and the closed ones by when.
CREATE INDEX conflict_by_closed ON conflict (closed);
