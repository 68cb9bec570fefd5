-- Makes `cluster_view`: what was last known of the cluster, so that the guard goes on with it after a restart while the cluster is away.

CREATE TABLE cluster_view (
  id     INTEGER PRIMARY KEY CHECK (id = 1),   -- one row
  server TEXT    NOT NULL,                     -- URL of the API server it was read from
  as_of  INTEGER NOT NULL,                     -- when it was last known to be true
  view   TEXT    NOT NULL CHECK (json_valid(view))
) STRICT;
