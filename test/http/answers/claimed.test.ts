/** From a claim in the ledger to the answers; and what a question about a part of a segment tells. */
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { FollowedPools } from '../../../src/core/claim/standing.ts';
import { createAnswers } from '../../../src/http/answers/answers.ts';
import type { FreeholdService, FreeRangesQuery } from '../../../src/http/service.ts';
import { type Ledger, openLedger } from '../../../src/ledger/ledger.ts';
import type { SegmentId } from '../../../src/ledger/types.ts';
import { createLogger } from '../../../src/system/logger.ts';
import { Recorder } from '../../../src/watch/recorder.ts';
import type { Watch, WatchedSegment } from '../../../src/watch/watch.ts';
import { claim } from '../../ledger/claim-fixtures.ts';
import {
  batch,
  HOUR,
  ip,
  LAN,
  LAN_SETTING,
  MINUTE,
  range,
  seen,
  set,
  sweepOf,
  T0,
  temporaryPath,
} from '../../ledger/fixtures.ts';
import { fakeGuard } from '../guard-fixtures.ts';

const START = T0 + 2 * HOUR;
const CRITERIA = { quietForMs: HOUR, minSweeps: 2, maxGapMs: 15 * MINUTE, minCoverage: 0.9 };
const ASKED: FreeRangesQuery = { segment: undefined, size: 1, limit: 100, alignment: 'none', criteria: {} };
const SERVER = 'https://192.0.2.9:6443';
const REASON = `claimed for pool production-pool of ${SERVER} (claim 1)`;

let ledger: Ledger;
let service: FreeholdService;
let followed: FollowedPools | null;
let nowMs: number;
let segmentId: SegmentId;

/** Two hours of sweeps in which nobody answered. */
beforeEach(() => {
  followed = null;
  nowMs = START;
  ledger = openLedger({ path: temporaryPath(true), nowMs: T0 });
  onTestFinished(() => ledger.close());
  const row = ledger.ensureSegment(LAN_SETTING);
  segmentId = row.id;
  for (let atMs = T0; atMs < START; atMs += 5 * MINUTE) ledger.write(batch(atMs + 2000, { sweeps: [sweepOf(row.id, atMs)] }));
  const place = { range: LAN, infrastructure: [] };
  const config = { name: 'lan', reserved: [], exclude: [] };
  const watch = { config, row, place, lastSweep: null, status: () => ({ waitingDetail: null }) };
  const segment = { row, place, shared: [], intervalMs: 5 * MINUTE, watch } as unknown as WatchedSegment;
  const clock = { nowMs: () => nowMs, monotonicMs: () => 0 };
  service = createAnswers({
    watch: { named: () => segment, holding: () => segment, all: () => [] } as unknown as Watch,
    ledger,
    recorder: new Recorder({ ledger, clock, logger: createLogger({ level: 'silent' }), onScanner: () => undefined }),
    clock,
    criteria: () => CRITERIA,
    guard: fakeGuard(() => undefined),
    followed: () => followed,
  });
});

const why = (query: Partial<FreeRangesQuery> = {}): string[] =>
  service
    .freeRanges({ ...ASKED, ...query })
    .withheld.filter(({ verdict }) => verdict === 'reserved')
    .map(({ start, end, reason }) => `${start}-${end}: ${reason}`)
    .filter((text) => text.includes('claim'));
const CLAIMED = `192.0.2.200-192.0.2.215: ${REASON}`;

describe('what was claimed', () => {
  it('is taken from the moment at which its push begins, until it is known to have failed', () => {
    expect(why()).toEqual([]);
    const id = ledger.claims.begin(claim());
    expect(why()).toEqual([CLAIMED]);
    ledger.claims.end(id, 'failed', '', T0);
    expect(why()).toEqual([]);
  });

  it('stays taken where it was completed, or nobody knows what became of it, for every pool but its own', () => {
    ledger.claims.end(ledger.claims.begin(claim()), 'complete', '', T0);
    expect(why()).toEqual([CLAIMED]);
    const pool = 'production-pool';
    expect(why({ pool, poolServer: `${SERVER}/` })).toEqual([]);
    expect(why({ pool, poolServer: SERVER, poolNamespace: 'lb' })).toEqual([CLAIMED]);
    expect(why({ pool, poolServer: 'https://192.0.2.10:6443' })).toEqual([CLAIMED]);
    expect(why({ pool: 'staging-pool', poolServer: SERVER })).toEqual([CLAIMED]);
    expect(service.address(ip('192.0.2.207'), {})).toMatchObject({ verdict: 'reserved', reasons: [{ text: REASON }] });
    ledger.claims.end(ledger.claims.begin(claim({ ranges: set('192.0.2.220') })), 'unknown', '', T0);
    expect(why()).toEqual([CLAIMED, `192.0.2.220-192.0.2.220: ${REASON.replace('claim 1', 'claim 2')}`]);
    ledger.claims.end(ledger.claims.begin(claim({ ranges: set('192.0.2.230') })), 'complete', '', T0);
    expect(why()).toEqual([`192.0.2.230-192.0.2.230: ${REASON.replace('claim 1', 'claim 3')}`]);
  });

  it('is left to the cluster itself where that was read since', () => {
    ledger.claims.end(ledger.claims.begin(claim()), 'complete', '', T0 + 5);
    followed = { server: SERVER, namespace: 'metallb-system', poolsAsOfMs: T0 };
    expect(why()).toEqual([CLAIMED]);
    followed = { ...followed, poolsAsOfMs: T0 + 6 };
    expect(why()).toEqual([]);
  });
});

describe('a question about a part of the segment', () => {
  it('is answered for that part alone, whole, however cut up the rest is', () => {
    const sightings = Array.from({ length: 100 }, (_, n) => seen(segmentId, `192.0.2.${2 * n + 1}`, null, START - MINUTE));
    ledger.write(batch(START - MINUTE, { sightings }));
    expect(service.freeRanges({ ...ASKED, limit: 3 })).toMatchObject({ truncated: true });
    const answer = service.freeRanges({ ...ASKED, limit: 3, within: range('192.0.2.150-192.0.2.152') });
    expect(answer.truncated).toBe(false);
    expect(answer.ranges.map(({ start, end }) => [start, end])).toEqual([
      ['192.0.2.150', '192.0.2.150'],
      ['192.0.2.152', '192.0.2.152'],
    ]);
    expect(answer.withheld.map(({ start, end }) => [start, end])).toEqual([['192.0.2.151', '192.0.2.151']]);
    expect(answer.freeAddresses).toBe(2);
    expect(service.freeRanges({ ...ASKED, within: range('203.0.113.1') })).toMatchObject({
      ranges: [],
      withheld: [],
      truncated: false,
    });
  });
});

it('tells when it was asked, also where the judgement of a moment ago still holds', () => {
  service.freeRanges(ASKED);
  nowMs += 400;
  expect(service.freeRanges(ASKED).generatedAt).toBe(new Date(nowMs).toISOString());
});
