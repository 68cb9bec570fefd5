-- Makes `lease` anew with one row for each source: what a frame says of a lease does not undo what the server's file says.

CREATE TABLE lease_by_source (
  segment  INTEGER NOT NULL REFERENCES segment (id),
  address  INTEGER NOT NULL,
  mac      INTEGER,
  hostname TEXT,
  starts   INTEGER NOT NULL,
  ends     INTEGER,             -- NULL: without end
  source   TEXT    NOT NULL CHECK (source IN ('dhcp-ack', 'lease-file')),
  PRIMARY KEY (segment, address, source)
) STRICT, WITHOUT ROWID;

INSERT INTO lease_by_source (segment, address, mac, hostname, starts, ends, source)
SELECT segment, address, mac, hostname, starts, ends, source FROM lease;

DROP TABLE lease;
ALTER TABLE lease_by_source RENAME TO lease;
