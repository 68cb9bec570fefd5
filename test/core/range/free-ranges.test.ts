import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ipv4 } from '../../../src/core/address/ipv4.ts';
import { formatRange, type Ipv4Range, parseRange, sizeOf } from '../../../src/core/address/range.ts';
import type { Proof, ReasonCode, VerdictKind, VerdictSpan } from '../../../src/core/evidence/proof.ts';
import { alignedBlocks } from '../../../src/core/range/blocks.ts';
import { freeRanges } from '../../../src/core/range/free-ranges.ts';
import type { FreeRangeOptions } from '../../../src/core/range/types.ts';
import { verdictCounts } from '../../../src/core/range/verdict-counts.ts';

const PROOF: Proof = {
  sinceMs: 1_000,
  quietForMs: 9_000,
  looks: 50,
  coverage: 1,
  longestGapMs: 30,
  newestLookMs: 9_990,
  lastSeenMs: null,
  methods: ['arp'],
};
const ALL: FreeRangeOptions = { size: 1, alignment: 'none', limit: 1_000 };
const DEFAULT_CODES: Readonly<Record<VerdictKind, ReasonCode>> = {
  occupied: 'seen-now',
  'recently-used': 'seen-within-window',
  leased: 'lease-running',
  reserved: 'reserved',
  unproven: 'never-looked',
  free: 'proven-free',
};

function span(
  text: string,
  kind: VerdictKind,
  proof: Partial<Proof> = {},
  reason: { code?: ReasonCode; text?: string } = {},
): VerdictSpan {
  const range = parseRange(text);
  if (!range.ok) throw new Error(range.error);
  const reasons = [{ code: reason.code ?? DEFAULT_CODES[kind], text: reason.text ?? kind }];
  return {
    ...range.value,
    verdict: { kind, use: kind === 'free' ? 'unused' : 'unknown', reasons },
    proof: { ...PROOF, ...proof },
  };
}
const texts = (ranges: readonly Ipv4Range[]): string[] => ranges.map(formatRange);

describe('free ranges', () => {
  const spans = [
    span('192.0.2.0', 'reserved', {}, { code: 'network-address' }),
    span('192.0.2.1-192.0.2.9', 'free'),
    span('192.0.2.10', 'occupied'),
    span('192.0.2.11-192.0.2.99', 'free'),
    span('192.0.2.100-192.0.2.200', 'reserved'),
    span('192.0.2.201-192.0.2.254', 'free'),
    span('192.0.2.255', 'reserved', {}, { code: 'broadcast-address' }),
  ];

  it('are maximal runs, largest first', () => {
    const answer = freeRanges(spans, ALL);
    expect(texts(answer.ranges)).toEqual(['192.0.2.11-192.0.2.99', '192.0.2.201-192.0.2.254', '192.0.2.1-192.0.2.9']);
    expect(answer).toMatchObject({ freeAddresses: 89 + 54 + 9, truncated: false });
  });

  it('put the lowest first where they are equally large', () => {
    const equal = [span('192.0.2.1-192.0.2.4', 'free'), span('192.0.2.5', 'occupied'), span('192.0.2.6-192.0.2.9', 'free')];
    expect(texts(freeRanges(equal, ALL).ranges)).toEqual(['192.0.2.1-192.0.2.4', '192.0.2.6-192.0.2.9']);
  });

  it('are of the wanted size at least', () => {
    expect(texts(freeRanges(spans, { ...ALL, size: 54 }).ranges)).toEqual(['192.0.2.11-192.0.2.99', '192.0.2.201-192.0.2.254']);
    expect(freeRanges(spans, { ...ALL, size: 90 })).toMatchObject({ ranges: [], freeAddresses: 152, truncated: false });
  });

  it('are whole CIDR blocks where that is asked', () => {
    expect(texts(freeRanges(spans, { ...ALL, size: 10, alignment: 'cidr' }).ranges)).toEqual(
      [
        '192.0.2.32-192.0.2.63',
        '192.0.2.64-192.0.2.95',
        '192.0.2.208-192.0.2.223',
        '192.0.2.224-192.0.2.239',
        '192.0.2.16-192.0.2.31',
      ].sort((a, b) => sizeOfText(b) - sizeOfText(a) || lastByte(a) - lastByte(b)),
    );
  });

  it('are cut at the limit, and say so', () => {
    const answer = freeRanges(spans, { ...ALL, limit: 2 });
    expect(texts(answer.ranges)).toEqual(['192.0.2.11-192.0.2.99', '192.0.2.201-192.0.2.254']);
    expect(texts(answer.withheld)).toEqual(['192.0.2.0', '192.0.2.10']);
    expect(answer.truncated).toBe(true);
    expect(freeRanges(spans, { ...ALL, limit: 4 }).truncated).toBe(false);
  });

  it('carry the weakest proof in them, figure by figure', () => {
    const one: Proof = { ...PROOF, sinceMs: 5_000, quietForMs: 5_000, looks: 40, lastSeenMs: 5_000, methods: ['icmp'] };
    const other: Proof = { ...PROOF, coverage: 0.96, longestGapMs: 90, newestLookMs: 9_800, lastSeenMs: 400 };
    const answer = freeRanges(
      [span('192.0.2.1', 'free', one), span('192.0.2.2-192.0.2.3', 'free', other), span('192.0.2.4', 'free')],
      ALL,
    );
    expect(answer.ranges).toEqual([
      {
        first: 0xc0000201,
        last: 0xc0000204,
        proof: {
          sinceMs: 5_000,
          quietForMs: 5_000,
          looks: 40,
          coverage: 0.96,
          longestGapMs: 90,
          newestLookMs: 9_800,
          lastSeenMs: 5_000,
          methods: ['arp', 'icmp'],
        },
      },
    ]);
  });

  it('as blocks rest on the proof of their own addresses', () => {
    const answer = freeRanges([span('192.0.2.0-192.0.2.3', 'free'), span('192.0.2.4-192.0.2.5', 'free', { looks: 7 })], {
      ...ALL,
      alignment: 'cidr',
    });
    expect(answer.ranges.map(({ proof }) => proof.looks)).toEqual([50, 7]);
  });

  it('do not join over addresses that were not judged', () => {
    const parts = [
      span('192.0.2.1-192.0.2.4', 'free'),
      span('192.0.2.6-192.0.2.7', 'free'),
      span('192.0.2.9', 'leased'),
      span('192.0.2.11', 'leased'),
    ];
    const answer = freeRanges(parts, ALL);
    expect(texts(answer.ranges)).toEqual(['192.0.2.1-192.0.2.4', '192.0.2.6-192.0.2.7']);
    expect(texts(answer.withheld)).toEqual(['192.0.2.9', '192.0.2.11']);
  });
});

describe('withheld ranges', () => {
  it('join what has the same verdict and reason, and speak through the one seen last', () => {
    const answer = freeRanges(
      [
        span('192.0.2.1', 'occupied', { lastSeenMs: 100 }, { text: 'seen 9 s ago' }),
        span('192.0.2.2', 'occupied', { lastSeenMs: 900 }, { text: 'seen 1 s ago' }),
        span('192.0.2.3-192.0.2.4', 'occupied', { lastSeenMs: 500 }, { text: 'seen 5 s ago' }),
        span('192.0.2.5', 'unproven'),
        span('192.0.2.6-192.0.2.9', 'unproven', {}, { code: 'too-few-looks' }),
        span('192.0.2.10', 'unproven', {}, { code: 'too-few-looks' }),
        span('192.0.2.11', 'free'),
        span('192.0.2.12', 'unproven', {}, { code: 'too-few-looks' }),
      ],
      ALL,
    );
    expect(answer.withheld.map((one) => [formatRange(one), one.verdict, one.reason])).toEqual([
      ['192.0.2.1-192.0.2.4', 'occupied', { code: 'seen-now', text: 'seen 1 s ago; similar for the other 3' }],
      ['192.0.2.5', 'unproven', { code: 'never-looked', text: 'unproven' }],
      ['192.0.2.6-192.0.2.10', 'unproven', { code: 'too-few-looks', text: 'unproven' }],
      ['192.0.2.12', 'unproven', { code: 'too-few-looks', text: 'unproven' }],
    ]);
  });
});

const lastByte = (text: string): number => Number(text.split('-')[0]?.split('.')[3]);
const sizeOfText = (text: string): number => {
  const range = parseRange(text);
  return range.ok ? sizeOf(range.value) : 0;
};

describe('for any verdicts', () => {
  const kinds: readonly VerdictKind[] = ['free', 'free', 'free', 'occupied', 'unproven'];
  const judged = fc
    .array(fc.tuple(fc.constantFrom(...kinds), fc.integer({ min: 1, max: 40 }), fc.nat({ max: 9 })), { maxLength: 20 })
    .map((drawn) => {
      let next = 0xc6336405;
      return drawn.map(([kind, size, looks]) => {
        const first = ipv4(next);
        next += size;
        return { ...span('192.0.2.1', kind, { looks }), first, last: ipv4(next - 1) };
      });
    });
  const options = fc.record({
    size: fc.integer({ min: 1, max: 30 }),
    alignment: fc.constantFrom<FreeRangeOptions['alignment']>('none', 'cidr'),
    limit: fc.constant(10_000),
  });

  it('offers only free addresses, each at most once, with no better proof than theirs', () => {
    fc.assert(
      fc.property(judged, options, (spans, wanted) => {
        const { ranges, withheld, freeAddresses } = freeRanges(spans, wanted);
        const kindAt = new Map(spans.flatMap((one) => addresses(one).map((address) => [address, one] as const)));
        const offered = ranges.flatMap((range) => addresses(range).map((address) => [address, range] as const));
        expect(new Set(offered.map(([address]) => address)).size).toBe(offered.length);
        for (const [address, range] of offered) {
          expect(kindAt.get(address)?.verdict.kind).toBe('free');
          expect(range.proof.looks).toBeLessThanOrEqual(kindAt.get(address)?.proof.looks ?? -1);
        }
        for (const range of ranges) {
          expect(sizeOf(range)).toBeGreaterThanOrEqual(wanted.size);
          const size = sizeOf(range);
          if (wanted.alignment === 'cidr') expect([Math.log2(size) % 1, range.first % size]).toEqual([0, 0]);
          else
            expect([kindAt.get(range.first - 1)?.verdict.kind, kindAt.get(range.last + 1)?.verdict.kind]).not.toContain('free');
        }
        const held = withheld.flatMap(addresses);
        expect(held).toEqual([...kindAt].filter(([, one]) => one.verdict.kind !== 'free').map(([address]) => address));
        expect(freeAddresses + held.length).toBe(kindAt.size);
        const counts = verdictCounts(spans);
        expect(counts.free).toBe(freeAddresses);
        expect(counts.occupied + counts.unproven).toBe(held.length);
      }),
      { numRuns: 500 },
    );
  });

  it('cuts a range into the fewest aligned blocks', () => {
    fc.assert(
      fc.property(fc.nat({ max: 300 }), fc.nat({ max: 300 }), (from, more) => {
        const range = { first: ipv4(0xc6336400 + from), last: ipv4(0xc6336400 + from + more) };
        const blocks = alignedBlocks(range);
        expect(blocks.flatMap(addresses)).toEqual(addresses(range));
        for (const [index, block] of blocks.entries()) {
          const next = blocks[index + 1];
          // Two equal neighbours that make an aligned block together would be one block.
          if (next !== undefined && sizeOf(next) === sizeOf(block)) expect(block.first % (2 * sizeOf(block))).not.toBe(0);
        }
      }),
    );
  });
});

function addresses({ first, last }: Ipv4Range): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
