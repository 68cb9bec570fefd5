-- Makes `sweep`, the newest sweeps in detail, and `sweep_fault`, the invalid ones counted by the hour and kept as long as the
-- rest of the history.

-- A few thousand rows, so without an index that every sweep would have to write to.
CREATE TABLE sweep (
  id                INTEGER PRIMARY KEY,
  segment           INTEGER NOT NULL REFERENCES segment (id),
  cause             TEXT    NOT NULL CHECK (cause IN ('schedule', 'request', 'verify')),
  method            TEXT    NOT NULL CHECK (method IN ('arp', 'icmp')),
  started           INTEGER NOT NULL,
  ended             INTEGER NOT NULL,
  probes_planned    INTEGER NOT NULL,
  probes_sent       INTEGER NOT NULL,
  send_failures     INTEGER NOT NULL,
  replies_received  INTEGER NOT NULL,
  answered          INTEGER NOT NULL,
  kernel_drops      INTEGER NOT NULL,
  controls_asked    INTEGER NOT NULL,
  controls_answered INTEGER NOT NULL,
  valid             INTEGER NOT NULL CHECK (valid IN (0, 1)),
  invalid_reason    TEXT,
  looked_addresses  INTEGER NOT NULL
) STRICT;

CREATE TABLE sweep_fault (
  segment  INTEGER NOT NULL REFERENCES segment (id),
  hour     INTEGER NOT NULL,    -- hours since 1970-01-01 UTC
  reason   TEXT    NOT NULL,
  sweeps   INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at  INTEGER NOT NULL,
  PRIMARY KEY (segment, hour, reason)
) STRICT, WITHOUT ROWID;
