/** A ledger with two quiet hours of a segment in it, written before anybody watches. For lab tests that need a history at once. */
import { parseRange } from '../../src/core/address/range.ts';
import { rangeSet } from '../../src/core/address/range-set.ts';
import { type Ledger, openLedger } from '../../src/ledger/ledger.ts';
import { sweepOf } from '../ledger/fixtures.ts';

/** What such a ledger proves, and a fresh one never does. */
export const HOUR_PROOF = 'proof: { quietFor: 1h, minSweeps: 3, maxGap: 15m, minCoverage: 0.9 }';

const HOURS = 2 * 3_600_000;
const EVERY_MS = 10 * 60_000;

/** @param more what else it is to know */
export function seedLedger(path: string, cidr: string, more: (ledger: Ledger) => void = () => undefined): void {
  const range = parseRange(cidr);
  if (!range.ok) throw new Error(range.error);
  const nowMs = Date.now();
  const startMs = nowMs - HOURS;
  const ledger = openLedger({ path, nowMs: startMs });
  const { id } = ledger.ensureSegment({ name: 'lan', range: range.value, wire: 'arp:lan0', nowMs: startMs });
  for (let atMs = startMs; atMs < nowMs - 1000; atMs += EVERY_MS) {
    const sweep = sweepOf(id, atMs, { looked: rangeSet([range.value]) });
    ledger.write({ atMs: sweep.endedMs, sightings: [], sweeps: [sweep], leases: [] });
  }
  more(ledger);
  ledger.close();
}
