-- Makes `lease`: the newest DHCP lease known for each address.

CREATE TABLE lease (
  segment  INTEGER NOT NULL REFERENCES segment (id),
  address  INTEGER NOT NULL,
  mac      INTEGER,
  hostname TEXT,
  starts   INTEGER NOT NULL,
  ends     INTEGER,             -- NULL: without end
  source   TEXT    NOT NULL CHECK (source IN ('dhcp-ack', 'lease-file')),
  PRIMARY KEY (segment, address)
) STRICT, WITHOUT ROWID;
