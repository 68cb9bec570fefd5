import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCidr } from '../../../src/core/address/cidr.ts';
import type { Ipv4 } from '../../../src/core/address/ipv4.ts';
import { formatRange, parseRange } from '../../../src/core/address/range.ts';
import { addressesOf, EMPTY_SET } from '../../../src/core/address/range-set.ts';
import { CONTROL_MEMORY_MS, chooseControls, MAX_CONTROLS, planTargets, probeOrder } from '../../../src/core/probe/plan.ts';
import { ip, seeded, setOf } from './simulated-lan.ts';

function targetsOf(range: string, network: string | null, own: readonly string[] = [], exclude = EMPTY_SET): string[] {
  const parsed = parseRange(range);
  const cidr = network === null ? null : parseCidr(network);
  if (!parsed.ok || (cidr !== null && !cidr.ok)) throw new Error('bad table');
  return planTargets({ range: parsed.value, cidr: cidr === null ? null : cidr.value, own: own.map(ip), exclude }).map(
    formatRange,
  );
}

describe('planTargets', () => {
  it.each([
    ['a /24 loses both edges', '192.0.2.0/24', '192.0.2.0/24', [], ['192.0.2.1-192.0.2.254']],
    ['own addresses are out', '192.0.2.0/24', '192.0.2.0/24', ['192.0.2.5'], ['192.0.2.1-192.0.2.4', '192.0.2.6-192.0.2.254']],
    ['a part keeps its own ends', '192.0.2.8-192.0.2.15', '192.0.2.0/24', [], ['192.0.2.8-192.0.2.15']],
    ['edges are those of the network, not of the range', '192.0.2.0-192.0.2.3', '192.0.2.0/25', [], ['192.0.2.1-192.0.2.3']],
    ['a /30 has two hosts', '192.0.2.0/30', '192.0.2.0/30', [], ['192.0.2.1-192.0.2.2']],
    ['a /31 has no edges', '192.0.2.0/31', '192.0.2.0/31', [], ['192.0.2.0-192.0.2.1']],
    ['a /32 has no edges', '192.0.2.7', '192.0.2.7/32', [], ['192.0.2.7']],
    ['no network, no edges', '192.0.2.0/29', null, [], ['192.0.2.0-192.0.2.7']],
  ])('%s', (_name, range, network, own, expected) => {
    expect(targetsOf(range, network, own)).toEqual(expected);
  });

  it('leaves excluded addresses out', () => {
    expect(
      targetsOf('192.0.2.0/28', '192.0.2.0/28', ['192.0.2.3'], setOf('192.0.2.1-192.0.2.2', '192.0.2.10-192.0.2.200')),
    ).toEqual(['192.0.2.4-192.0.2.9']);
  });
});

describe('probeOrder', () => {
  it('holds every target once', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 40 }), (seed, size, hole) => {
        const targets = setOf(
          '198.51.100.1',
          ...(size > 0
            ? [formatRange({ first: (ip('203.0.113.0') + hole) as Ipv4, last: (ip('203.0.113.0') + hole + size) as Ipv4 })]
            : []),
        );
        const order = probeOrder(targets, seeded(seed));
        expect([...order].sort((a, b) => a - b)).toEqual([...addressesOf(targets)]);
      }),
    );
  });

  it('spreads: any 64 probes in a row of a /24 touch most eighths of the range', () => {
    const order = probeOrder(setOf('192.0.2.0/24'), seeded(7));
    for (let start = 0; start + 64 <= order.length; start++) {
      const eighths = new Set([...order.subarray(start, start + 64)].map((address) => (address - ip('192.0.2.0')) >> 5));
      expect(eighths.size).toBeGreaterThanOrEqual(7);
    }
  });

  it('is the same for the same seed, and another for another', () => {
    const targets = setOf('192.0.2.0/24');
    expect(probeOrder(targets, seeded(1))).toEqual(probeOrder(targets, seeded(1)));
    expect(probeOrder(targets, seeded(1))).not.toEqual(probeOrder(targets, seeded(2)));
  });
});

describe('chooseControls', () => {
  const nowMs = 1_700_000_000_000;
  const seen = (text: string, agoMs: number) => ({ address: ip(text), lastSeenMs: nowMs - agoMs });

  it('takes the configured, then the gateways, then the most recently seen', () => {
    const controls = chooseControls({
      gateways: [ip('192.0.2.1')],
      configured: [ip('192.0.2.99')],
      seenLately: [seen('192.0.2.50', 3_000), seen('192.0.2.1', 9_000), seen('192.0.2.60', 1_000)],
      nowMs,
    });
    expect([...controls]).toEqual(['192.0.2.99', '192.0.2.1', '192.0.2.60', '192.0.2.50'].map(ip));
  });

  it('takes only those that answer us, where any do: who only speaks may be invented', () => {
    const invented = Array.from({ length: 40 }, (_, i) => seen(`192.0.2.${100 + i}`, 10));
    const answeredMs = new Map([
      [ip('192.0.2.50'), nowMs - 5_000],
      [ip('192.0.2.60'), nowMs - CONTROL_MEMORY_MS - 1],
    ]);
    const seenLately = [...invented, seen('192.0.2.50', 3_000), seen('192.0.2.60', 1_000)];
    const choose = (answered: ReadonlyMap<Ipv4, number>) => [
      ...chooseControls({ gateways: [], configured: [], seenLately, answeredMs: answered, nowMs }),
    ];
    expect(choose(answeredMs)).toEqual([ip('192.0.2.50')]);
    expect(choose(new Map())).toHaveLength(16);
  });

  it('forgets hosts after a quarter of an hour, so a true departure does not make sweeps invalid for ever', () => {
    const seenLately = [
      seen('192.0.2.1', CONTROL_MEMORY_MS),
      seen('192.0.2.2', CONTROL_MEMORY_MS + 1),
      seen('192.0.2.3', 3_600_000),
    ];
    expect([...chooseControls({ gateways: [ip('192.0.2.3')], configured: [], seenLately, nowMs })]).toEqual([ip('192.0.2.1')]);
  });

  it('does not rely on a gateway that was never seen', () => {
    expect(chooseControls({ gateways: [ip('192.0.2.1')], configured: [], seenLately: [], nowMs }).size).toBe(0);
  });

  it('takes 16 at most, each once', () => {
    const seenLately = Array.from({ length: 100 }, (_, i) => ({ address: (ip('192.0.2.0') + i) as Ipv4, lastSeenMs: nowMs - i }));
    const controls = chooseControls({ gateways: [ip('192.0.2.3')], configured: [ip('192.0.2.3')], seenLately, nowMs });
    expect(controls.size).toBe(MAX_CONTROLS);
    expect(controls.has(ip('192.0.2.14'))).toBe(true);
    expect(controls.has(ip('192.0.2.16'))).toBe(false);
  });
});
