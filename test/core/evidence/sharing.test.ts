import { describe, expect, it } from 'vitest';
import type { LookFigures } from '../../../src/core/evidence/coverage.ts';
import { DEFAULT_CRITERIA } from '../../../src/core/evidence/criteria.ts';
import type { Proof, Reason } from '../../../src/core/evidence/proof.ts';
import { proofSharing, verdictSharing } from '../../../src/core/evidence/sharing.ts';
import { judge } from '../../../src/core/evidence/verdict.ts';
import { at, facts, HOUR, lan, MINUTE, SECOND, spanAt } from './segment.ts';

const quiet: Reason = { code: 'not-quiet-long-enough', text: 'not quiet' };
const used: Reason = { code: 'seen-within-window', text: 'used' };

describe('verdictSharing', () => {
  it('gives one object for the same kind, use and reasons, and another for any others', () => {
    const shared = verdictSharing();
    const one = shared('unproven', 'unknown', [used, quiet]);
    expect(shared('unproven', 'unknown', [used, quiet])).toBe(one);
    const others = [
      shared('recently-used', 'unknown', [used, quiet]),
      shared('unproven', 'used', [used, quiet]),
      shared('unproven', 'unknown', [used]),
      shared('unproven', 'unknown', [quiet, used]),
      shared('unproven', 'unknown', [used, { ...quiet }]),
      shared('unproven', 'unknown', [used, quiet, quiet]),
    ];
    expect(new Set([one, ...others]).size).toBe(7);
    expect(others.map(({ kind, use, reasons }) => [kind, use, reasons.length])).toEqual([
      ['recently-used', 'unknown', 2],
      ['unproven', 'used', 2],
      ['unproven', 'unknown', 1],
      ['unproven', 'unknown', 2],
      ['unproven', 'unknown', 2],
      ['unproven', 'unknown', 3],
    ]);
  });

  it('keeps no list that may change, and is right about more than it remembers', () => {
    const shared = verdictSharing();
    const reasons = [used, quiet];
    const one = shared('unproven', 'unknown', reasons);
    reasons.pop();
    expect(one.reasons).toEqual([used, quiet]);
    const many = Array.from({ length: 100 }, (_, n): Reason => ({ code: 'reserved', text: `${n}` }));
    for (const reason of [...many, ...many]) {
      expect(shared('reserved', 'unknown', [used, reason])).toEqual({
        kind: 'reserved',
        use: 'unknown',
        reasons: [used, reason],
      });
    }
  });
});

describe('proofSharing', () => {
  const figures = (looks: number): LookFigures => ({
    looks,
    coverage: 1,
    longestGapMs: 1,
    newestLookMs: 1,
    methods: ['arp'],
    firstLookMs: 1,
  });
  const made: number[] = [];
  const shared = proofSharing(({ firstLookMs: sinceMs, ...rest }, lastSeenMs): Proof => {
    made.push(lastSeenMs);
    return { ...rest, sinceMs, quietForMs: 0, lastSeenMs };
  });

  it('makes a proof once for the same looks and the same sighting, and never takes one for another', () => {
    const [some, more] = [figures(1), figures(2)];
    const times = [0, 1, 1_700_000_000_000, 1_700_000_000_000.5, ...[1, 2, 3, 1000].map((n) => 1_700_000_000_000 + n * 8192)];
    const check = (looked: LookFigures, seenMs: number): void => {
      const proof = shared(looked, seenMs);
      expect([proof.lastSeenMs, proof.looks]).toEqual([seenMs, looked.looks]);
      const before = made.length;
      expect(shared(looked, seenMs)).toBe(proof);
      expect(made.length).toBe(before);
    };
    for (const looked of [some, more]) for (const seenMs of [...times, ...times.toReversed()]) check(looked, seenMs);
    for (const seenMs of times) for (const looked of [some, more]) check(looked, seenMs);
  });
});

describe('a judgement', () => {
  it('says the same of two addresses with the same objects', () => {
    const now = 1_700_000_000_000;
    const range = lan(0, 63);
    const spans = judge(
      facts(
        range,
        [10, 20].map((host) => ({ address: at(`192.0.2.${host}`), useMs: now - HOUR })),
        {
          leases: [30, 40].map((host, n) => ({
            address: at(`192.0.2.${host}`),
            mac: null,
            hostname: null,
            endsMs: now + 2 * MINUTE + 100 * n,
            source: 'lease-file',
          })),
        },
      ),
      DEFAULT_CRITERIA,
      now + SECOND / 2,
    );
    const [a, b] = [spanAt(spans, at('192.0.2.10')), spanAt(spans, at('192.0.2.20'))];
    expect(a.verdict.kind).toBe('recently-used');
    expect([b.proof, b.verdict]).toEqual([a.proof, a.verdict]);
    expect(b.proof).toBe(a.proof);
    expect(b.verdict).toBe(a.verdict);
    const [c, d] = [spanAt(spans, at('192.0.2.30')), spanAt(spans, at('192.0.2.40'))];
    expect(c.verdict.reasons[0]?.text).toBe('a lease (from the lease file) runs for another 1 min 59 s');
    expect(d.verdict).toBe(c.verdict);
  });
});
