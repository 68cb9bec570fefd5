-- Makes `alert`, the messages that a conflict's changes made, and `delivery`, which channel is to tell each, and what came of it.

-- Not bound to a row of `conflict`: a message is sent as it was made, also when its conflict is forgotten.
CREATE TABLE alert (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,  -- never used twice: the order in which they were written
  conflict INTEGER NOT NULL,
  seq      INTEGER NOT NULL,
  caused   INTEGER NOT NULL,
  settled  INTEGER,             -- when the last channel was done with it; NULL: not yet
  message  TEXT    NOT NULL CHECK (json_valid(message)),
  UNIQUE (conflict, seq)
) STRICT;

CREATE INDEX alert_by_settled ON alert (settled);

CREATE TABLE delivery (
  alert    INTEGER NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
  channel  TEXT    NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  next_try INTEGER NOT NULL DEFAULT 0,
  reason   TEXT,                -- why the newest try failed
  outcome  TEXT CHECK (outcome IN ('delivered', 'rejected')),  -- NULL: not done
  settled  INTEGER,
  PRIMARY KEY (alert, channel)
) STRICT, WITHOUT ROWID;

-- What a channel has still to do, in order, however much is done.
CREATE INDEX delivery_waiting ON delivery (channel, alert) WHERE outcome IS NULL;
