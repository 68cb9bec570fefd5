-- Makes the columns `wire` and `epoch` of `segment`: where the segment is looked at, and since when. A look proves something
-- of the LAN that it was made on; looks from before the epoch were made on another wire.

ALTER TABLE segment ADD COLUMN wire TEXT;  -- NULL: from before this was kept
ALTER TABLE segment ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
