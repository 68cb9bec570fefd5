/** A segment that a flood has filled: what goes is what was last seen the longest ago, and not the steadiest host. */
import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { MAX_ROWS } from '../../src/ledger/occupancy.ts';
import { batch, DAY, ip, LAN_SETTING, macNumber, newLedger, openAt, seen, T0 } from './fixtures.ts';

it('a full segment is thinned by last sighting', { timeout: 60_000 }, () => {
  const { ledger, path, lan } = newLedger(true);
  // The first row of all, and still there.
  const nowMs = T0 + 100 * DAY;
  for (let day = 0; day <= 100; day++) {
    const sightings = [{ ...seen(lan.id, '192.0.2.7', macNumber(7), T0), firstMs: T0, lastMs: T0 + day * DAY }];
    ledger.write(batch(T0 + day * DAY, { sightings }));
  }
  ledger.close();
  const database = new Database(path);
  const flood = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MAX_ROWS + 10})
    INSERT INTO occupancy (segment, address, mac, intent, first_seen, last_seen, sources)
    SELECT ${lan.id}, ${ip('192.0.2.9')}, i, 0, ${T0 + 10 * DAY} + i, ${T0 + 10 * DAY} + i, 1 FROM n`;
  database.exec(flood);
  database.close();
  const again = openAt(path, nowMs);
  again.ensureSegment(LAN_SETTING);
  for (let steps = 0; again.prune(nowMs, 400 * DAY) && steps < 2000; steps++);
  expect(again.history(lan.id, ip('192.0.2.7'), 9)).toMatchObject([{ mac: macNumber(7), firstSeenMs: T0, lastSeenMs: nowMs }]);
  const count = new Database(path, { readonly: true });
  expect(count.prepare<[], number>('SELECT count(*) FROM occupancy').pluck().get()).toBeLessThanOrEqual(900_000);
  count.close();
});
