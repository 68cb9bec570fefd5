-- Makes `segment`, the broadcast domains that were ever watched, and `uptime`, when the daemon was running.
-- All times in this ledger are integer milliseconds since 1970-01-01 UTC; all IPv4 addresses are integers in host order.

CREATE TABLE segment (
  id            INTEGER PRIMARY KEY,
  name          TEXT    NOT NULL UNIQUE,
  first_address INTEGER NOT NULL CHECK (first_address BETWEEN 0 AND 4294967295),
  last_address  INTEGER NOT NULL CHECK (last_address BETWEEN first_address AND 4294967295)
) STRICT;

-- One row for each run of the daemon; `alive` is the last time that it is known to have been running.
CREATE TABLE uptime (
  id      INTEGER PRIMARY KEY,
  started INTEGER NOT NULL,
  alive   INTEGER NOT NULL CHECK (alive >= started)
) STRICT;
