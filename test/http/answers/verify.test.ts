/** A verification, from the question to the answer, on a wire of the test's own making. Takes RFC 5227's real 4 to 7 s. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatIpv4, type Ipv4, ipv4 } from '../../../src/core/address/ipv4.ts';
import type { Mac } from '../../../src/core/address/mac.ts';
import type { SightingSource } from '../../../src/core/evidence/sighting.ts';
import { createAnswers } from '../../../src/http/answers/answers.ts';
import type { FreeholdService, VerifyQuery } from '../../../src/http/service.ts';
import { systemClock } from '../../../src/system/clock.ts';
import { createLogger } from '../../../src/system/logger.ts';
import { Recorder } from '../../../src/watch/recorder.ts';
import type { Watch } from '../../../src/watch/watch.ts';
import { sweepOf } from '../../ledger/fixtures.ts';
import { answering, fakeSegment, SILENT } from '../../watch/fake-segment.ts';
import { fakeGuard } from '../guard-fixtures.ts';

const CRITERIA = { quietForMs: 60_000, minSweeps: 1, maxGapMs: 60_000, minCoverage: 0 };
const STRANGER = '02:00:00:00:00:bb' as Mac;
/** The silent addresses of the segment. */
const [FIRST, SECOND, THIRD] = [SILENT, ipv4(SILENT + 1), ipv4(SILENT + 2)];

let service: FreeholdService;
let close: () => Promise<void>;
let hear: (address: Ipv4, source: SightingSource, agoMs?: number) => void;

/** A segment in which only .10 is alive, first looked at two minutes ago. */
beforeAll(async () => {
  const segment = fakeSegment(() => answering);
  close = () => segment.close();
  await segment.watch.sweep('request');
  const { row, place } = segment.watch;
  if (row === null || place === null) throw new Error('the segment is not known');
  const { ledger } = segment;
  const logger = createLogger({ level: 'silent' });
  const recorder = new Recorder({ ledger, clock: systemClock, logger, onScanner: () => undefined });
  const watched = { watch: segment.watch, row, place, intervalMs: 30_000, shared: [] };
  service = createAnswers({
    watch: { holding: () => watched, named: () => watched, all: () => [watched] } as unknown as Watch,
    ledger,
    recorder,
    clock: systemClock,
    criteria: () => CRITERIA,
    guard: fakeGuard(() => undefined),
    pools: () => [{ name: 'production-pool', addresses: [{ first: FIRST, last: FIRST }] }],
  });
  hear = (address, source, agoMs = 0) =>
    recorder.sighting(row.id, { segment: 'lan', address, mac: STRANGER, atMs: Date.now() - agoMs, source });
  const atMs = Date.now() - 120_000;
  const looked = [{ first: FIRST, last: THIRD }];
  ledger.write({ atMs: Date.now(), sightings: [], sweeps: [sweepOf(row.id, atMs, { looked })], leases: [] });
  hear(THIRD, 'dhcp-request', 90_000);
});
afterAll(() => close());

const verify = (address: Ipv4, more: Partial<VerifyQuery> = {}) =>
  service.verify({ range: { first: address, last: address }, criteria: {}, ...more });

// Two at once, as many as there may be: each takes the seconds that it takes.
describe('a verification', () => {
  it('is not kept from an address by the pool that it is for, but by any other', async () => {
    const [ours, other] = await Promise.all([
      verify(FIRST, { pool: 'production-pool' }),
      verify(FIRST, { pool: 'staging-pool' }),
    ]);
    expect(ours).toMatchObject({ free: true, live: { valid: true, heard: [], heardTruncated: false }, withheld: [] });
    expect(ours.live.heardSince).toBe(ours.startedAt);
    expect(other).toMatchObject({ free: false, withheld: [{ verdict: 'reserved', reason: 'pool production-pool' }] });
    const query = { segment: undefined, size: 1, limit: 10, alignment: 'none', criteria: {} } as const;
    const address = formatIpv4(FIRST);
    const offered = (pool: string | undefined) =>
      service.freeRanges({ ...query, pool }).ranges.some(({ start, end }) => start <= address && end >= address);
    expect([offered('production-pool'), offered('staging-pool'), offered(undefined)]).toEqual([true, false, false]);
  });

  it('tells what was heard since the moment that was asked for, and never less than since its start', async () => {
    const [since, later] = await Promise.all([
      verify(THIRD, { heardSinceMs: Date.now() - 110_000 }),
      verify(THIRD, { heardSinceMs: Date.now() + 60_000 }),
    ]);
    // Quiet for the minute of the criteria: only the longer look back speaks against it.
    expect(since).toMatchObject({ free: false, withheld: [], live: { heard: [{ sources: ['dhcp-request'], intent: true }] } });
    expect(later).toMatchObject({ free: true, live: { heard: [] } });
    expect(later.live.heardSince).toBe(later.startedAt);
  });

  it('is not free where somebody was heard meanwhile, of this address and not of another', async () => {
    const asked = [verify(SECOND), verify(THIRD)];
    await sleep(500);
    hear(SECOND, 'dhcp-request');
    const [heard, elsewhere] = await Promise.all(asked);
    const live = {
      valid: true,
      conflicts: [],
      heard: [{ address: formatIpv4(SECOND), mac: STRANGER, sources: ['dhcp-request'] }],
    };
    expect(heard).toMatchObject({
      free: false,
      live,
      withheld: [{ verdict: 'recently-used', reasonCode: 'intent-within-window' }],
    });
    expect(elsewhere).toMatchObject({ free: true, live: { heard: [] } });
  });
});
