-- When an order that could still be cancelled was last read: such orders are read again every few hours,
-- because the channel's own list need not show that their items changed.
ALTER TABLE work ADD COLUMN read_at REAL;
CREATE INDEX work_read ON work (channel, read_at, id) WHERE read_at IS NOT NULL;
UPDATE work SET read_at = json_extract(doc, '$.as_of')
WHERE kind = 'order' AND doc IS NOT NULL AND json_extract(doc, '$.history') = 0
  AND json_extract(doc, '$.body_backed') = 0 AND json_extract(doc, '$.adopted_by') IS NULL
  AND EXISTS (
    SELECT 1 FROM json_each(doc, '$.lines')
    WHERE json_extract(json_each.value, '$.owner') <> 'marketplace'
      AND json_extract(json_each.value, '$.state') <> 'cancelled'
      AND json_extract(json_each.value, '$.furthest') <> 'shipped');
