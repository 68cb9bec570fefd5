import { describe, expect, it } from 'vitest';
import { type Criteria, DEFAULT_CRITERIA } from '../../../src/core/evidence/criteria.ts';
import type { Lease, SegmentFacts } from '../../../src/core/evidence/facts.ts';
import type { LookRun } from '../../../src/core/evidence/look.ts';
import type { ReasonCode, Use, VerdictKind } from '../../../src/core/evidence/proof.ts';
import { judge } from '../../../src/core/evidence/verdict.ts';
import { checkPartition, DAY, facts, HOUR, lan, MINUTE, SECOND, type Sighted, spanAt } from './segment.ts';

const NOW = Date.UTC(2024, 5, 1, 12);
const RANGE = lan(0, 255);
const TARGETS = [lan(1, 254)];
const ME = lan(77).first;

/** Looks each 30 s in hourly runs, as the ledger folds them. */
function swept(fromMs: number, untilMs: number, method: 'arp' | 'icmp' = 'arp', stepMs = 30 * SECOND): LookRun[] {
  const runs: LookRun[] = [];
  for (let since = fromMs; since <= untilMs; since += HOUR) {
    const looks = Math.floor((Math.min(since + HOUR - stepMs, untilMs) - since) / stepMs) + 1;
    const until = since + (looks - 1) * stepMs;
    runs.push({ targets: TARGETS, method, sinceMs: since, untilMs: until, looks, longestGapMs: looks === 1 ? 0 : stepMs });
  }
  return runs;
}

const ALWAYS: Partial<SegmentFacts> = {
  runs: swept(NOW - 80 * HOUR - 10 * SECOND, NOW - 10 * SECOND),
  firstLooks: [{ targets: TARGETS, atMs: NOW - 30 * DAY }],
};
const lease = (endsMs: number): Lease => ({ address: ME, mac: null, hostname: null, endsMs, source: 'dhcp-ack' });

interface Situation {
  readonly name: string;
  readonly seen?: Omit<Sighted, 'address'>;
  readonly facts?: Partial<SegmentFacts>;
  readonly criteria?: Partial<Criteria>;
  readonly kind: VerdictKind;
  readonly use: Use;
  readonly codes: readonly ReasonCode[];
  /** The first reason's text. */
  readonly says?: string;
}

const situations: readonly Situation[] = [
  {
    name: 'silent all the time',
    kind: 'free',
    use: 'unused',
    codes: ['proven-free'],
    says: 'quiet for 30 d: 8640 looks in the last 72 h, 100 % covered, the newest 10 s ago',
  },
  {
    name: 'answered the newest look',
    seen: { useMs: NOW - 9 * SECOND },
    kind: 'occupied',
    use: 'used',
    codes: ['seen-now'],
    says: 'in use: seen 9 s ago',
  },
  { name: 'missed a few looks', seen: { useMs: NOW - 9 * MINUTE }, kind: 'occupied', use: 'used', codes: ['seen-now'] },
  {
    name: 'used 10 min ago, silent since',
    seen: { useMs: NOW - 10 * MINUTE },
    kind: 'recently-used',
    use: 'used',
    codes: ['seen-within-window'],
    says: 'used 10 min ago; 72 h of quiet are wanted',
  },
  {
    name: 'seen yesterday, off today',
    seen: { useMs: NOW - DAY },
    kind: 'recently-used',
    use: 'used',
    codes: ['seen-within-window'],
  },
  {
    name: 'a moment short of the quiet wanted',
    seen: { useMs: NOW - 72 * HOUR + 1 },
    kind: 'recently-used',
    use: 'used',
    codes: ['seen-within-window'],
    says: 'used 71 h 59 min ago; 72 h of quiet are wanted',
  },
  {
    name: 'quiet for just as long as wanted',
    seen: { useMs: NOW - 72 * HOUR },
    kind: 'free',
    use: 'unused',
    codes: ['proven-free'],
  },
  {
    name: 'a use stamped in the future counts as now',
    seen: { useMs: NOW + 5 * HOUR },
    kind: 'occupied',
    use: 'used',
    codes: ['seen-now'],
    says: 'in use: seen 0 s ago',
  },
  {
    name: 'a stamp that is no number is no quiet',
    seen: { useMs: Number.NaN },
    kind: 'occupied',
    use: 'used',
    codes: ['seen-now'],
  },
  {
    name: 'asked for by DHCP an hour ago',
    seen: { intentMs: NOW - HOUR },
    kind: 'recently-used',
    use: 'unknown',
    codes: ['intent-within-window'],
    says: 'asked for or promised 1 h ago (DHCP or an ARP probe); 72 h of quiet are wanted',
  },
  {
    name: 'an intent in the future counts as now',
    seen: { intentMs: NOW + DAY },
    kind: 'recently-used',
    use: 'unknown',
    codes: ['intent-within-window'],
  },
  {
    name: 'used and asked for',
    seen: { useMs: NOW - 2 * HOUR, intentMs: NOW - 3 * HOUR },
    kind: 'recently-used',
    use: 'used',
    codes: ['seen-within-window', 'intent-within-window'],
  },
  {
    name: 'used again and again under a lease',
    seen: { useMs: NOW, intentMs: NOW - HOUR },
    facts: { leases: [lease(NOW + HOUR)] },
    kind: 'occupied',
    use: 'used',
    codes: ['seen-now', 'lease-running', 'intent-within-window'],
  },
  {
    name: 'leased and silent for ever',
    facts: { leases: [lease(NOW + 90 * MINUTE)] },
    kind: 'leased',
    use: 'unknown',
    codes: ['lease-running'],
    says: 'a lease (heard on the wire) runs for another 1 h 30 min',
  },
  {
    name: 'a lease without end',
    facts: { leases: [lease(NOW - 1), { ...lease(Number.POSITIVE_INFINITY), source: 'lease-file' }] },
    kind: 'leased',
    use: 'unknown',
    codes: ['lease-running'],
    says: 'a lease (from the lease file) runs without end',
  },
  {
    name: 'a lease whose end is no number',
    facts: { leases: [lease(Number.NaN)] },
    kind: 'leased',
    use: 'unknown',
    codes: ['lease-running'],
  },
  { name: 'a lease that ended', facts: { leases: [lease(NOW)] }, kind: 'free', use: 'unused', codes: ['proven-free'] },
  {
    name: 'leased and used an hour ago',
    seen: { useMs: NOW - HOUR },
    facts: { leases: [lease(NOW + HOUR)] },
    kind: 'leased',
    use: 'used',
    codes: ['lease-running', 'seen-within-window'],
  },
  {
    name: 'reserved and silent',
    facts: { reserved: [{ ...lan(70, 80), reason: 'pool production-pool' }] },
    kind: 'reserved',
    use: 'unused',
    codes: ['reserved'],
    says: 'pool production-pool',
  },
  {
    name: 'reserved twice',
    facts: {
      reserved: [
        { ...lan(70, 80), reason: 'one' },
        { ...lan(77, 77), reason: 'two' },
      ],
    },
    kind: 'reserved',
    use: 'unused',
    codes: ['reserved', 'reserved'],
  },
  {
    name: 'reserved and used',
    seen: { useMs: NOW },
    facts: { reserved: [{ ...lan(70, 80), reason: 'x' }] },
    kind: 'occupied',
    use: 'used',
    codes: ['seen-now', 'reserved'],
  },
  {
    name: 'reserved and seen yesterday',
    seen: { useMs: NOW - DAY },
    facts: { reserved: [{ ...lan(70, 80), reason: 'x' }] },
    kind: 'reserved',
    use: 'used',
    codes: ['reserved', 'seen-within-window'],
  },
  {
    name: 'a gateway in use',
    seen: { useMs: NOW },
    facts: { infrastructure: [{ address: ME, role: 'gateway' }] },
    kind: 'reserved',
    use: 'used',
    codes: ['gateway', 'seen-now'],
  },
  {
    name: 'a silent gateway',
    facts: { infrastructure: [{ address: ME, role: 'gateway' }] },
    kind: 'reserved',
    use: 'unused',
    codes: ['gateway'],
  },
  {
    name: 'our own address',
    facts: { infrastructure: [{ address: ME, role: 'own' }] },
    kind: 'reserved',
    use: 'used',
    codes: ['own-address'],
  },
  {
    name: 'the address of a node that is switched off',
    facts: { infrastructure: [{ address: ME, role: 'node', name: 'worker-1' }] },
    kind: 'reserved',
    use: 'unused',
    codes: ['node-address'],
    says: 'the address of node worker-1',
  },
  {
    name: 'the address of a node without a name, in use',
    seen: { useMs: NOW },
    facts: { infrastructure: [{ address: ME, role: 'node' }] },
    kind: 'reserved',
    use: 'used',
    codes: ['node-address', 'seen-now'],
    says: 'the address of a node of the cluster',
  },
  {
    name: 'excluded and never looked at',
    facts: { excluded: [lan(77)], runs: [], firstLooks: [] },
    kind: 'unproven',
    use: 'unknown',
    codes: ['excluded', 'never-looked', 'too-few-looks', 'coverage-too-low'],
  },
  { name: 'excluded since today', facts: { excluded: [lan(77)] }, kind: 'unproven', use: 'unknown', codes: ['excluded'] },
  {
    name: 'a stand-in answers',
    seen: { standInMs: NOW - 40 * SECOND },
    kind: 'unproven',
    use: 'unknown',
    codes: ['stand-in-answers'],
    says: 'a stand-in (proxy ARP) answered for it 40 s ago: who else has it cannot be heard',
  },
  {
    name: 'a stand-in answers, and a host used it',
    seen: { standInMs: NOW, useMs: NOW - DAY },
    kind: 'recently-used',
    use: 'used',
    codes: ['seen-within-window', 'stand-in-answers'],
  },
  {
    name: 'a stand-in answers beside a live host',
    seen: { standInMs: NOW, useMs: NOW },
    kind: 'occupied',
    use: 'used',
    codes: ['seen-now', 'stand-in-answers'],
  },
  {
    name: 'a stand-in that is long gone',
    seen: { standInMs: NOW - 4 * DAY },
    kind: 'free',
    use: 'unused',
    codes: ['proven-free'],
  },
  {
    name: 'never looked at',
    facts: { runs: [], firstLooks: [] },
    kind: 'unproven',
    use: 'unknown',
    codes: ['never-looked', 'too-few-looks', 'coverage-too-low'],
    says: 'never looked at',
  },
  {
    name: 'never looked at, nothing asked of the looks',
    facts: { runs: [], firstLooks: [] },
    criteria: { minCoverage: 0 },
    kind: 'unproven',
    use: 'unknown',
    codes: ['never-looked', 'too-few-looks'],
  },
  {
    name: 'the first day',
    facts: { runs: swept(NOW - 10 * HOUR, NOW), firstLooks: [{ targets: TARGETS, atMs: NOW - 10 * HOUR }] },
    kind: 'unproven',
    use: 'unknown',
    codes: ['not-quiet-long-enough', 'coverage-too-low'],
    says: 'first looked at 10 h ago; 72 h of quiet are wanted',
  },
  {
    name: 'the first day, with a first look known from the runs alone',
    facts: { runs: swept(NOW - 10 * HOUR, NOW), firstLooks: [] },
    kind: 'unproven',
    use: 'unknown',
    codes: ['not-quiet-long-enough', 'coverage-too-low'],
  },
  {
    name: 'heard of long before the first look: quiet begins with the look',
    seen: { useMs: NOW - 9 * DAY },
    facts: { runs: swept(NOW - 10 * HOUR, NOW), firstLooks: [{ targets: TARGETS, atMs: NOW - 10 * HOUR }] },
    criteria: { minCoverage: 0 },
    kind: 'unproven',
    use: 'unknown',
    codes: ['not-quiet-long-enough'],
  },
  {
    name: 'the scanner was down for a day',
    kind: 'unproven',
    use: 'unknown',
    codes: ['coverage-too-low'],
    facts: { runs: [...swept(NOW - 80 * HOUR, NOW - 48 * HOUR), ...swept(NOW - 24 * HOUR, NOW)] },
    says: '67.01 % of the last 72 h covered by looks; at least 95 % is wanted',
  },
  {
    name: 'the scanner was down for an hour',
    facts: { runs: [...swept(NOW - 80 * HOUR, NOW - 48 * HOUR), ...swept(NOW - 47 * HOUR, NOW)] },
    kind: 'free',
    use: 'unused',
    codes: ['proven-free'],
  },
  {
    name: 'too few looks',
    facts: { runs: swept(NOW - 80 * HOUR, NOW, 'arp', 15 * MINUTE) },
    criteria: { minSweeps: 1_000 },
    kind: 'unproven',
    use: 'unknown',
    codes: ['too-few-looks'],
    says: '289 looks in the last 72 h; at least 1000 are wanted',
  },
  {
    name: 'sweeps too far apart',
    facts: { runs: swept(NOW - 80 * HOUR, NOW, 'arp', 20 * MINUTE) },
    kind: 'unproven',
    use: 'unknown',
    codes: ['coverage-too-low'],
  },
  {
    name: 'the newest look is just too old',
    facts: { runs: swept(NOW - 80 * HOUR - 15 * MINUTE, NOW - 15 * MINUTE) },
    kind: 'unproven',
    use: 'unknown',
    codes: ['newest-look-too-old'],
    says: 'the newest look is 15 min old; it must be younger than 15 min',
  },
  {
    name: 'the newest look is just young enough',
    facts: { runs: swept(NOW - 80 * HOUR - 15 * MINUTE + 1, NOW - 15 * MINUTE + 1) },
    kind: 'free',
    use: 'unused',
    codes: ['proven-free'],
  },
  {
    name: 'used at the newest look, then the scanner stopped',
    seen: { useMs: NOW - 5 * HOUR },
    facts: { runs: swept(NOW - 80 * HOUR, NOW - 5 * HOUR) },
    kind: 'occupied',
    use: 'used',
    codes: ['seen-now', 'coverage-too-low', 'newest-look-too-old'],
    says: 'in use: seen 5 h ago, and no look since found it silent',
  },
  {
    name: 'nobody looked within the window',
    facts: { runs: [] },
    kind: 'unproven',
    use: 'unknown',
    codes: ['too-few-looks', 'coverage-too-low', 'newest-look-too-old'],
  },
  {
    name: 'looks from a clock that was an hour ahead',
    facts: { runs: [...swept(NOW - 80 * HOUR, NOW - 2 * HOUR), ...swept(NOW + 30 * MINUTE, NOW + HOUR)] },
    kind: 'unproven',
    use: 'unknown',
    codes: ['newest-look-too-old'],
  },
  {
    name: 'a run that began in the past and ends in the future',
    facts: { runs: [...swept(NOW - 80 * HOUR, NOW - HOUR), ...swept(NOW - 20 * MINUTE, NOW + 10 * MINUTE)] },
    kind: 'unproven',
    use: 'unknown',
    codes: ['newest-look-too-old'],
  },
  {
    name: 'looks stamped half a second ahead',
    facts: { runs: swept(NOW - 80 * HOUR + 500, NOW + 500) },
    kind: 'free',
    use: 'unused',
    codes: ['proven-free'],
  },
  {
    name: 'a first look in the future is none',
    facts: { runs: [], firstLooks: [{ targets: TARGETS, atMs: NOW + HOUR }] },
    kind: 'unproven',
    use: 'unknown',
    codes: ['never-looked', 'too-few-looks', 'coverage-too-low'],
  },
  {
    name: 'a run that contradicts itself',
    criteria: { minSweeps: 1 },
    kind: 'unproven',
    use: 'unknown',
    facts: {
      runs: [{ targets: TARGETS, method: 'arp', sinceMs: NOW - 80 * HOUR, untilMs: NOW, looks: 2, longestGapMs: MINUTE }],
    },
    codes: ['too-few-looks', 'coverage-too-low', 'newest-look-too-old'],
  },
  {
    name: 'ICMP only and silent',
    facts: { runs: swept(NOW - 80 * HOUR, NOW, 'icmp') },
    kind: 'free',
    use: 'unused',
    codes: ['proven-free', 'icmp-only'],
  },
  {
    name: 'ICMP only and not proven',
    facts: { runs: swept(NOW - 80 * HOUR, NOW - HOUR, 'icmp') },
    kind: 'unproven',
    use: 'unknown',
    codes: ['newest-look-too-old', 'icmp-only'],
  },
  {
    name: 'ICMP beside ARP',
    facts: { runs: [...swept(NOW - 80 * HOUR, NOW, 'icmp'), ...swept(NOW - HOUR, NOW)] },
    kind: 'free',
    use: 'unused',
    codes: ['proven-free'],
  },
];

describe('the verdict on one address', () => {
  it.each(situations)('$name: $kind', ({ seen, facts: more, criteria, kind, use, codes, says }) => {
    const segment = facts(RANGE, seen === undefined ? [] : [{ address: ME, ...seen }], { ...ALWAYS, ...more });
    const { verdict } = spanAt(judge(segment, { ...DEFAULT_CRITERIA, ...criteria }, NOW), ME);
    expect({ kind: verdict.kind, use: verdict.use, codes: verdict.reasons.map(({ code }) => code) }).toEqual({
      kind,
      use,
      codes,
    });
    if (says !== undefined) expect(verdict.reasons[0]?.text).toBe(says);
  });

  it('is never made without the columns of sightings', () => {
    const { sightings } = facts(lan(0, 99), []);
    const spans = judge(facts(RANGE, [], { ...ALWAYS, sightings }), DEFAULT_CRITERIA, NOW);
    checkPartition(RANGE, spans);
    expect(spanAt(spans, lan(99).first).verdict.kind).toBe('free');
    expect(spanAt(spans, lan(100).first).verdict).toMatchObject({ kind: 'unproven', use: 'unknown' });
  });

  it('is not free on criteria that are no numbers', () => {
    for (const field of ['quietForMs', 'minSweeps', 'maxGapMs', 'minCoverage'] as const) {
      const spans = judge(facts(RANGE, [], ALWAYS), { ...DEFAULT_CRITERIA, [field]: Number.NaN }, NOW);
      expect(spans.every(({ verdict }) => verdict.kind !== 'free')).toBe(true);
    }
  });
});

describe('the spans', () => {
  it('are as few as the differences', () => {
    const segment = facts(
      RANGE,
      [
        { address: lan(20).first, useMs: NOW },
        { address: lan(21).first, useMs: NOW },
      ],
      {
        ...ALWAYS,
        infrastructure: [
          { address: lan(0).first, role: 'network' },
          { address: lan(255).first, role: 'broadcast' },
          { address: lan(1).first, role: 'gateway' },
        ],
      },
    );
    const spans = judge(segment, DEFAULT_CRITERIA, NOW);
    checkPartition(RANGE, spans);
    expect(spans.map(({ first, last, verdict }) => [first & 255, last & 255, verdict.kind])).toEqual([
      [0, 0, 'reserved'],
      [1, 1, 'reserved'],
      [2, 19, 'free'],
      [20, 21, 'occupied'],
      [22, 254, 'free'],
      [255, 255, 'reserved'],
    ]);
  });

  it('carry the whole proof', () => {
    const segment = facts(RANGE, [{ address: ME, useMs: NOW - 5 * DAY, intentMs: NOW - 6 * DAY }], ALWAYS);
    expect(spanAt(judge(segment, DEFAULT_CRITERIA, NOW), ME)).toMatchObject({
      first: ME,
      last: ME,
      proof: {
        sinceMs: NOW - 5 * DAY,
        quietForMs: 5 * DAY,
        looks: 8_640,
        coverage: 1,
        longestGapMs: 30 * SECOND,
        newestLookMs: NOW - 10 * SECOND,
        lastSeenMs: NOW - 5 * DAY,
        methods: ['arp'],
      },
    });
  });

  it('begin the quiet with the latest of all sightings, intents and stand-ins too, and never before the first look', () => {
    const quiet = (seen: Omit<Sighted, 'address'>, firstMs: number) => {
      const segment = facts(RANGE, [{ address: ME, ...seen }], { firstLooks: [{ targets: TARGETS, atMs: firstMs }] });
      const { sinceMs, quietForMs, lastSeenMs } = spanAt(judge(segment, DEFAULT_CRITERIA, NOW), ME).proof;
      return { sinceMs, quietForMs, lastSeenMs };
    };
    const first = NOW - 9 * DAY;
    for (const kind of ['useMs', 'intentMs', 'standInMs'] as const) {
      const seen = { useMs: NOW - 7 * DAY, intentMs: NOW - 7 * DAY, standInMs: NOW - 7 * DAY, [kind]: NOW - 4 * DAY };
      expect(quiet(seen, first)).toEqual({ sinceMs: NOW - 4 * DAY, quietForMs: 4 * DAY, lastSeenMs: NOW - 4 * DAY });
    }
    expect(quiet({ useMs: NOW - 20 * DAY }, first)).toEqual({ sinceMs: first, quietForMs: 9 * DAY, lastSeenMs: NOW - 20 * DAY });
    expect(quiet({}, first)).toEqual({ sinceMs: first, quietForMs: 9 * DAY, lastSeenMs: null });
    expect(quiet({ useMs: NOW - 4 * DAY }, NOW + DAY)).toEqual({ sinceMs: null, quietForMs: 0, lastSeenMs: NOW - 4 * DAY });
  });

  it('keep neighbours apart that differ in their last sighting alone', () => {
    const seen = [20, 21].map((byte) => ({ address: lan(byte).first, useMs: NOW - 40 * DAY - byte }));
    const spans = judge(facts(RANGE, seen, ALWAYS), DEFAULT_CRITERIA, NOW);
    expect(spans.filter(({ first }) => first >= lan(20).first && first <= lan(22).first)).toHaveLength(3);
  });

  it('of a silent /16 are one', () => {
    const range = { first: 0xcb000000 as never, last: 0xcb00ffff as never };
    const runs = swept(NOW - 80 * HOUR, NOW).map((run) => ({ ...run, targets: [range] }));
    const spans = judge(
      facts(range, [], { runs, firstLooks: [{ targets: [range], atMs: NOW - 30 * DAY }] }),
      DEFAULT_CRITERIA,
      NOW,
    );
    expect(spans).toHaveLength(1);
    expect(spans[0]?.verdict.kind).toBe('free');
  });
});
