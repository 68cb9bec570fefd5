-- Makes `dhcp_server`: the DHCP servers heard on each segment, and the span of addresses that each was seen to hand out.

CREATE TABLE dhcp_server (
  segment     TEXT    NOT NULL,
  server      INTEGER NOT NULL CHECK (server BETWEEN -1 AND 4294967295),  -- -1: all lease files together
  mac         INTEGER,
  span_first  INTEGER,          -- NULL: it was seen to hand out none so far
  span_last   INTEGER CHECK (span_last >= span_first),
  first_heard INTEGER NOT NULL,
  last_heard  INTEGER NOT NULL,
  messages    INTEGER NOT NULL,
  PRIMARY KEY (segment, server)
) STRICT, WITHOUT ROWID;
