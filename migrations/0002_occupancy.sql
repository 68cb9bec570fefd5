-- Makes `occupancy`, who used (or meant to use) which address from when to when, `address_state`, the last sightings of each
-- address ever seen, and `stand_in`, the MACs that answer for addresses all over a segment.

-- One row for as long as a use lasts: sightings that follow within the hour extend it.
CREATE TABLE occupancy (
  id         INTEGER PRIMARY KEY,
  segment    INTEGER NOT NULL REFERENCES segment (id),
  address    INTEGER NOT NULL,
  mac        INTEGER,           -- 48 bits; NULL: not known, or one of too many
  intent     INTEGER NOT NULL CHECK (intent IN (0, 1)),
  first_seen INTEGER NOT NULL,
  last_seen  INTEGER NOT NULL CHECK (last_seen >= first_seen),
  sources    INTEGER NOT NULL,  -- one bit for each kind of source
  hostname   TEXT
) STRICT;

-- Not on last_seen: that changes with every sweep, and an index on it would double what is written.
CREATE INDEX occupancy_by_address ON occupancy (segment, address, first_seen);

-- 0: never.
CREATE TABLE address_state (
  segment       INTEGER NOT NULL REFERENCES segment (id),
  address       INTEGER NOT NULL,
  last_use      INTEGER NOT NULL,
  last_intent   INTEGER NOT NULL,
  last_stand_in INTEGER NOT NULL,
  PRIMARY KEY (segment, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE stand_in (
  segment    INTEGER NOT NULL REFERENCES segment (id),
  mac        INTEGER NOT NULL,
  first_seen INTEGER NOT NULL,
  last_seen  INTEGER NOT NULL,
  addresses  INTEGER NOT NULL,  -- in the newest sweep that saw it
  PRIMARY KEY (segment, mac)
) STRICT, WITHOUT ROWID;
