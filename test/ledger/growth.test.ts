import { existsSync, statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Ipv4, ipv4 } from '../../src/core/address/ipv4.ts';
import { sourceBit } from '../../src/core/evidence/sighting.ts';
import type { FoldedSighting, SegmentId } from '../../src/ledger/types.ts';
import { batch, DAY, HOUR, invalidSweep, LAN, macNumber, newLedger, REPLY, SECOND, sweepOf, T0 } from './fixtures.ts';

const DAYS = 30;
const EVERY = 30 * SECOND;
const HOSTS = 100;
const REQUEST = sourceBit('dhcp-request');

/** Sixty servers that are always on, thirty desks from eight to five, ten phones that come and go. */
function isOn(host: number, sinceStartMs: number): boolean {
  if (host < 60) return true;
  const hour = Math.floor(sinceStartMs / HOUR) % 24;
  const day = Math.floor(sinceStartMs / DAY);
  if (host < 90) return day % 7 < 5 && hour >= 8 && hour < 17;
  return (Math.floor(sinceStartMs / (3 * HOUR)) * 7919 + host * 31) % 5 < 2;
}

interface Host {
  readonly reply: Omit<FoldedSighting, 'firstMs' | 'lastMs'>;
  readonly request: Omit<FoldedSighting, 'firstMs' | 'lastMs'>;
}

function hostOf(segment: SegmentId, host: number): Host {
  const common = { segment, address: ipv4(LAN.first + 10 + host) as Ipv4, mac: macNumber(host), hostname: `host-${host}` };
  return {
    reply: { ...common, sources: REPLY, intent: false, hostname: null },
    request: { ...common, sources: REQUEST, intent: true },
  };
}

it('a /24 with 100 hosts swept every 30 s grows by less than 2 MB in 30 days', { timeout: 120_000 }, () => {
  const { ledger, path, lan } = newLedger(true);
  const sizes = (): { database: number; all: number } => {
    const of = (suffix: string): number => (existsSync(path + suffix) ? statSync(path + suffix).size : 0);
    return { database: of(''), all: of('') + of('-wal') + of('-shm') };
  };
  const hosts = Array.from({ length: HOSTS }, (_, host) => hostOf(lan.id, host));
  const empty = sizes();
  const sweeps = (DAYS * DAY) / EVERY;
  for (let n = 0; n < sweeps; n++) {
    const since = n * EVERY;
    const atMs = T0 + since;
    const sightings: FoldedSighting[] = [];
    const leases = [];
    for (const [host, { reply, request }] of hosts.entries()) {
      if (!isOn(host, since)) continue;
      const seenMs = atMs + host * 6;
      sightings.push({ ...reply, firstMs: seenMs, lastMs: seenMs });
      // Forty of them renew a lease twice a day.
      if (host % 5 < 2 && (n + host) % 1440 === 0) {
        sightings.push({ ...request, firstMs: seenMs, lastMs: seenMs });
        const { address, mac, hostname } = request;
        leases.push({
          segment: lan.id,
          address,
          mac,
          hostname,
          startsMs: seenMs,
          endsMs: seenMs + DAY,
          source: 'dhcp-ack' as const,
        });
      }
    }
    const sweep =
      n % 500 === 499 ? invalidSweep(lan.id, atMs, 'control-silent') : sweepOf(lan.id, atMs, { answered: sightings.length });
    ledger.write(batch(atMs + 1500, { sightings, sweeps: [sweep], leases }));
  }
  const open = sizes();
  const runs = ledger.lookRuns(lan.id, 0);
  expect(runs.reduce((sum, run) => sum + run.looks, 0)).toBe(sweeps - Math.floor(sweeps / 500));
  expect(Math.max(...runs.map((run) => run.longestGapMs))).toBeLessThanOrEqual(2 * EVERY);
  expect(ledger.history(lan.id, ipv4(LAN.first + 10), 9).find((row) => !row.intent)).toMatchObject({
    firstSeenMs: T0,
    lastSeenMs: T0 + (sweeps - 1) * EVERY,
  });
  expect(ledger.integrityCheck()).toEqual([]);
  ledger.close();
  const closed = sizes();
  const mb = (bytes: number): string => (bytes / 1e6).toFixed(2);
  const growth = Math.max(closed.all - empty.database, open.all - empty.all);
  console.log(
    `ledger growth: ${mb(growth)} MB in ${DAYS} days (${sweeps} sweeps, ${HOSTS} hosts); the database itself ${mb(closed.database)} MB, ` +
      `with the write-ahead log while open ${mb(open.all)} MB`,
  );
  expect(growth).toBeLessThan(2e6);
});
