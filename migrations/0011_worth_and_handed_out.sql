-- Makes `dhcp_server.handed_out`, which addresses of its span a server handed out, and when; and `delivery.worth`, what is dropped
-- first where too much waits.

-- The first address in four bytes, then for it and each that follows the day of the last time in two; little endian. NULL: not known.
ALTER TABLE dhcp_server ADD COLUMN handed_out BLOB;

-- 0: it is of a conflict that was about to happen and did not, with both its messages still waiting; else by severity: 1 notice,
-- 2 warning, 3 critical.
ALTER TABLE delivery ADD COLUMN worth INTEGER NOT NULL DEFAULT 2 CHECK (worth BETWEEN 0 AND 3);

UPDATE delivery SET worth = (
  SELECT CASE json_extract(message, '$.severity') WHEN 'notice' THEN 1 WHEN 'critical' THEN 3 ELSE 2 END
  FROM alert WHERE alert.id = delivery.alert
) WHERE outcome IS NULL;

-- What a channel drops first, however much is done.
CREATE INDEX delivery_by_worth ON delivery (channel, worth, alert) WHERE outcome IS NULL;
