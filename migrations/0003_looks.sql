-- Makes `look_target`, the distinct sets of addresses that sweeps looked at, and `look_run`, when they did: looks that follow
-- each other steadily are one row an hour.

CREATE TABLE look_target (
  id         INTEGER PRIMARY KEY,
  segment    INTEGER NOT NULL REFERENCES segment (id),
  ranges     BLOB    NOT NULL,  -- first and last address of each range, 32 bits each, little endian, ascending
  first_look INTEGER NOT NULL
) STRICT;

CREATE INDEX look_target_by_segment ON look_target (segment);

CREATE TABLE look_run (
  id          INTEGER PRIMARY KEY,
  target      INTEGER NOT NULL REFERENCES look_target (id) ON DELETE CASCADE,
  method      TEXT    NOT NULL CHECK (method IN ('arp', 'icmp')),
  since       INTEGER NOT NULL,
  until       INTEGER NOT NULL CHECK (until >= since),
  looks       INTEGER NOT NULL CHECK (looks >= 1),
  longest_gap INTEGER NOT NULL CHECK (longest_gap >= 0)
) STRICT;

CREATE INDEX look_run_by_target ON look_run (target);
