/**
 * Records conflicts as fast as it can until it is killed: `node guard-crash-writer.ts PATH FIRST`. Says `conflict seq` on stdout
 * after each was recorded. Each conflict opens, is seen again, escalates and closes; its alerts go to two channels, and one of
 * the two settles every tenth.
 */
import { writeSync } from 'node:fs';
import { ipv4 } from '../../src/core/address/ipv4.ts';
import { macFromBytes } from '../../src/core/address/mac.ts';
import type { Conflict, ConflictChange } from '../../src/core/conflict/types.ts';
import { openLedger } from '../../src/ledger/ledger.ts';
import { entry } from './guard-fixtures.ts';

const [path = '', first = '1'] = process.argv.slice(2);
const { guard } = openLedger({ path, nowMs: 0 });

const at = (id: number, seq: number, more: Partial<Conflict>): Conflict => ({
  id,
  kind: 'imminent',
  segment: 'lan',
  pool: 'production-pool',
  address: ipv4(0xc0000200 + (id % 256)),
  stranger: macFromBytes(Uint8Array.of(2, 0, id >> 24, id >> 16, id >> 8, id), 0),
  macs: [],
  hostname: null,
  service: null,
  firstSeenMs: id,
  lastSeenMs: id,
  openedMs: id,
  closedMs: null,
  closeReason: null,
  sightings: 1,
  sources: 1,
  detail: {},
  acknowledged: null,
  seq,
  ...more,
});

const record = (event: ConflictChange['event'], conflict: Conflict): void =>
  guard.record([entry(conflict, ['ops', 'mail'], event)]);

for (let id = Number(first); ; id++) {
  record('opened', at(id, 1, {}));
  writeSync(1, `${id} 1\n`);
  record('updated', at(id, 1, { sightings: 2 }));
  record('escalated', at(id, 2, { kind: 'squatter', sightings: 3 }));
  writeSync(1, `${id} 2\n`);
  record('closed', at(id, 3, { kind: 'squatter', closedMs: id, closeReason: 'quiet' }));
  writeSync(1, `${id} 3\n`);
  if (id % 10 === 0) for (const { alertId } of guard.pending('mail', 1)) guard.settle(alertId, 'mail', 'delivered', id);
}
