import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ipv4Range } from '../../../src/core/address/range.ts';
import { rangeSet } from '../../../src/core/address/range-set.ts';
import type { Criteria } from '../../../src/core/evidence/criteria.ts';
import type { InfrastructureAddress, SegmentFacts } from '../../../src/core/evidence/facts.ts';
import type { Verdict } from '../../../src/core/evidence/proof.ts';
import { judge, NOW_MS } from '../../../src/core/evidence/verdict.ts';
import { fold, type KnownRun, knownRuns, truthOf } from './looks.ts';
import { checkPartition, facts, lan, type Sighted, spanAt } from './segment.ts';

const NOW = 1_700_000_000_000;
const UNIT = 10_000;
const RANGE = lan(16, 31);
const HOSTS = Array.from({ length: 16 }, (_, index) => RANGE.first + index);

const part = fc
  .tuple(fc.integer({ min: 10, max: 35 }), fc.integer({ min: 0, max: 20 }))
  .map(([from, more]) => lan(from, from + more));
const parts = fc.array(part, { maxLength: 2 }).map((ranges) => rangeSet(ranges));
const widely = fc.oneof({ arbitrary: fc.constant(rangeSet([RANGE])), weight: 4 }, { arbitrary: parts, weight: 1 });
const ago = fc.integer({ min: -3, max: 300 }).map((units) => NOW - units * UNIT);
const host = fc.constantFrom(...HOSTS).map((value) => value as Sighted['address']);

const criteriaOf = fc.record({
  quietForMs: fc.integer({ min: 1, max: 120 }).map((units) => units * UNIT),
  minSweeps: fc.constantFrom(1, 1, 3, 10),
  maxGapMs: fc.integer({ min: 1, max: 25 }).map((units) => units * UNIT),
  minCoverage: fc.constantFrom(0, 0.2, 0.6, 0.95),
});

interface World {
  readonly known: readonly KnownRun[];
  readonly segment: SegmentFacts;
  readonly sighted: readonly Sighted[];
}

const worldOf = (runs: fc.Arbitrary<KnownRun[]>, oddities: number): fc.Arbitrary<World> =>
  fc
    .record({
      known: runs,
      firstAgo: fc.option(ago, { nil: undefined }),
      sighted: fc.uniqueArray(
        fc.record({ address: host, useMs: ago, intentMs: ago, standInMs: ago }, { requiredKeys: ['address'] }),
        { maxLength: oddities, selector: ({ address }) => address },
      ),
      leases: fc.array(fc.record({ address: host, endsMs: ago.map((ms) => NOW + NOW - ms - 100 * UNIT) }), {
        maxLength: oddities,
      }),
      reserved: fc.array(part, { maxLength: Math.min(oddities, 2) }),
      excluded: fc.array(part, { maxLength: Math.min(oddities, 1) }),
      infrastructure: fc.array(
        fc.record({
          address: host,
          role: fc.constantFrom<InfrastructureAddress['role']>('network', 'broadcast', 'gateway', 'own'),
        }),
        { maxLength: oddities },
      ),
    })
    .map(({ known, firstAgo, sighted, leases, reserved, excluded, infrastructure }) => ({
      known,
      sighted,
      segment: facts(RANGE, sighted as Sighted[], {
        runs: known.map(({ run }) => run),
        firstLooks: firstAgo === undefined ? [] : [{ targets: [RANGE], atMs: firstAgo }],
        leases: leases.map((lease) => ({ ...lease, mac: null, hostname: null, source: 'lease-file' as const })),
        reserved: reserved.map((range) => ({ ...range, reason: 'pool' })),
        excluded: rangeSet(excluded),
        infrastructure,
      }),
    }));

const world = worldOf(knownRuns(NOW, 150 * UNIT, UNIT, widely, 6), 3);
/** Every look a run of its own: nothing is folded, so nothing is lost. */
const exactWorld = worldOf(
  knownRuns(NOW, 150 * UNIT, UNIT, widely, 4).map((runs) =>
    runs.flatMap(({ times, run }) => times.map((time) => fold([time], run.method, run.targets))),
  ),
  2,
);

const holds = (ranges: readonly Ipv4Range[], address: number): boolean =>
  ranges.some(({ first, last }) => address >= first && address <= last);

/** The rules of design.md once more, for one address, from every single look. */
function reference({ known, segment, sighted }: World, criteria: Criteria, address: number): string {
  const { useMs = 0, intentMs = 0, standInMs = 0 } = sighted.find((one) => one.address === address) ?? {};
  const mine = known.filter(({ run }) => holds(run.targets, address));
  const truth = truthOf(mine, { startMs: NOW - criteria.quietForMs, nowMs: NOW, maxGapMs: criteria.maxGapMs });
  const isRecent = (ms: number): boolean => ms > NOW - criteria.quietForMs;
  if (segment.infrastructure.some((one) => one.address === address)) return 'reserved';
  const newest = truth.newestLookMs;
  if (useMs > 0 && (NOW - useMs < Math.min(criteria.quietForMs, NOW_MS) || (newest !== null && useMs >= newest - 1_000))) {
    return 'occupied';
  }
  if (segment.leases.some((lease) => lease.address === address && lease.endsMs > NOW)) return 'leased';
  if (holds(segment.reserved, address)) return 'reserved';
  if (isRecent(useMs) || isRecent(intentMs)) return 'recently-used';
  if (isRecent(standInMs) || holds(segment.excluded, address)) return 'unproven';
  // A first look on record is dated later than the run that began with it: by the end of its sweep.
  const recorded = segment.firstLooks.filter(({ atMs }) => atMs <= NOW);
  const isRecorded = ({ run }: KnownRun): boolean => recorded.some(({ targets }) => isDeepStrictEqual(targets, run.targets));
  const firsts = [
    ...mine.filter((one) => !isRecorded(one)).map(({ times }) => times[0] ?? NOW),
    ...recorded.filter(({ targets }) => holds(targets, address)).map(({ atMs }) => atMs),
  ];
  const proven =
    firsts.length > 0 &&
    Math.min(...firsts) <= NOW - criteria.quietForMs &&
    truth.looks >= criteria.minSweeps &&
    truth.coverage >= criteria.minCoverage &&
    newest !== null &&
    newest > NOW - criteria.maxGapMs;
  return proven ? 'free' : 'unproven';
}

const freeHosts = (segment: SegmentFacts, criteria: Criteria, nowMs = NOW): Set<number> => {
  const spans = judge(segment, criteria, nowMs);
  return new Set(HOSTS.filter((address) => spanAt(spans, address).verdict.kind === 'free'));
};
const subset = (some: Set<number>, all: Set<number>): boolean => some.isSubsetOf(all);

describe('the verdict against a reference that counts every look', () => {
  it('partitions the range, is as the rules say, and is free only where all criteria really hold', () => {
    let free = 0;
    fc.assert(
      fc.property(world, criteriaOf, (one, criteria) => {
        const spans = judge(one.segment, criteria, NOW);
        checkPartition(RANGE, spans);
        for (const address of HOSTS) {
          const { verdict, proof } = spanAt(spans, address);
          const expected = reference(one, criteria, address);
          if (verdict.kind === 'free') free++;
          if (verdict.kind !== expected) expect({ is: verdict.kind, expected }).toEqual({ is: 'unproven', expected: 'free' });
          checkConsistency(verdict);
          if (verdict.kind === 'free') expect(proof.quietForMs).toBeGreaterThanOrEqual(criteria.quietForMs);
        }
      }),
      { numRuns: 4_000 },
    );
    // The property says nothing if hardly anything is ever free.
    expect(free).toBeGreaterThan(1_000);
  });

  it('is free exactly where all criteria hold, when every look is known', () => {
    fc.assert(
      fc.property(exactWorld, criteriaOf, (one, criteria) => {
        const spans = judge(one.segment, criteria, NOW);
        for (const address of HOSTS) expect(spanAt(spans, address).verdict.kind).toBe(reference(one, criteria, address));
      }),
      { numRuns: 1_500 },
    );
  });
});

function checkConsistency({ kind, use, reasons }: Verdict): void {
  const codes = reasons.map(({ code }) => code);
  if (codes.length === 0) throw new Error('a verdict without a reason');
  if ((kind === 'free') !== codes.includes('proven-free')) throw new Error(`${kind} because of ${codes.join()}`);
  if (kind === 'free' && use !== 'unused') throw new Error(`free and ${use}`);
  if (kind === 'free' && codes.some((code) => code !== 'proven-free' && code !== 'icmp-only'))
    throw new Error(`free, yet ${codes.join()}`);
  if (kind === 'unproven' && use !== 'unknown') throw new Error(`unproven and ${use}`);
  if (kind === 'occupied' && use !== 'used') throw new Error(`occupied and ${use}`);
}

describe('nothing more becomes free', () => {
  it('by more sightings', () => {
    fc.assert(
      fc.property(
        world,
        criteriaOf,
        host,
        fc.constantFrom('useMs', 'intentMs', 'standInMs'),
        ago,
        (one, criteria, address, what, ms) => {
          const before = freeHosts(one.segment, criteria);
          const old = one.sighted.find((sighted) => sighted.address === address) ?? { address };
          const sighted = [
            ...one.sighted.filter((other) => other !== old),
            { ...old, [what]: Math.max(old[what as 'useMs'] ?? 0, ms) },
          ];
          const { sightings } = facts(RANGE, sighted);
          expect(subset(freeHosts({ ...one.segment, sightings }, criteria), before)).toBe(true);
        },
      ),
      { numRuns: 1_500 },
    );
  });

  it('by stricter criteria', () => {
    fc.assert(
      fc.property(
        world,
        criteriaOf,
        fc.record({ more: fc.nat({ max: 20 }), share: fc.double({ min: 0, max: 1, noNaN: true }), shorter: fc.nat({ max: 10 }) }),
        (one, criteria, { more, share, shorter }) => {
          const stricter = {
            ...criteria,
            minSweeps: criteria.minSweeps + more,
            minCoverage: Math.max(criteria.minCoverage, share),
            maxGapMs: Math.max(UNIT, criteria.maxGapMs - shorter * UNIT),
          };
          expect(subset(freeHosts(one.segment, stricter), freeHosts(one.segment, criteria))).toBe(true);
        },
      ),
      { numRuns: 1_500 },
    );
  });

  it('by looks that are dropped', () => {
    fc.assert(
      fc.property(world, criteriaOf, fc.nat(), (one, criteria, pick) => {
        fc.pre(one.known.length > 0);
        const runs = one.segment.runs.toSpliced(pick % one.known.length, 1);
        expect(subset(freeHosts({ ...one.segment, runs }, criteria), freeHosts(one.segment, criteria))).toBe(true);
      }),
      { numRuns: 1_500 },
    );
  });

  it('by leases, reservations, exclusions and roles', () => {
    fc.assert(
      fc.property(world, world, criteriaOf, (one, other, criteria) => {
        const { leases, reserved, excluded, infrastructure } = other.segment;
        const more = {
          ...one.segment,
          leases: [...one.segment.leases, ...leases],
          reserved: [...one.segment.reserved, ...reserved],
          excluded: rangeSet([...one.segment.excluded, ...excluded]),
          infrastructure: [...one.segment.infrastructure, ...infrastructure],
        };
        expect(subset(freeHosts(more, criteria), freeHosts(one.segment, criteria))).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('by a clock that was set back', () => {
    fc.assert(
      fc.property(world, criteriaOf, fc.integer({ min: 1, max: 100 }), (one, criteria, units) => {
        // Every look made after the new now is gone; what remains was at most reported before it.
        const nowMs = NOW - units * UNIT;
        const kept = one.known.filter(({ run }) => run.untilMs <= nowMs).map(({ run }) => run);
        const there = freeHosts(one.segment, criteria, nowMs);
        expect(there).toEqual(freeHosts({ ...one.segment, runs: kept }, criteria, nowMs));
      }),
      { numRuns: 1_000 },
    );
  });
});
