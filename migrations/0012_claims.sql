-- Makes `claim`: one row for each `freehold apply` that began to push, with the proof it was made on.

CREATE TABLE claim (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  state         TEXT    NOT NULL CHECK (state IN ('pushing', 'complete', 'failed', 'unknown')),
  started       INTEGER NOT NULL,
  ended         INTEGER,           -- NULL: being pushed
  by            TEXT    NOT NULL,
  server        TEXT    NOT NULL,
  namespace     TEXT    NOT NULL,
  pool          TEXT    NOT NULL,
  advertisement TEXT    NOT NULL,
  ranges        TEXT    NOT NULL CHECK (json_valid(ranges)),   -- [[first, last], ...] as numbers
  proof         TEXT    CHECK (proof IS NULL OR json_valid(proof)),
  overridden    TEXT,
  outcome       TEXT    NOT NULL
) STRICT;
