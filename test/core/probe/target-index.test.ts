import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ipv4 } from '../../../src/core/address/ipv4.ts';
import { rangeSetOfAddresses } from '../../../src/core/address/range-set.ts';
import { addressAt, indexTargets, positionOf } from '../../../src/core/probe/target-index.ts';
import { ip, setOf } from './simulated-lan.ts';

describe('the target index', () => {
  it('maps every target to its own position and back, and nothing else', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 90 })), (offsets) => {
        const base = ip('192.0.2.0');
        const index = indexTargets(rangeSetOfAddresses(offsets.map((offset) => (base + offset) as Ipv4)), 1_000);
        const sorted = [...offsets].sort((a, b) => a - b);
        for (let offset = -2; offset < 95; offset++) {
          const position = positionOf(index, (base + offset) as Ipv4);
          expect(position).toBe(sorted.indexOf(offset));
          if (position >= 0) expect(addressAt(index, position)).toBe(base + offset);
        }
      }),
    );
  });

  it('takes no memory for the distance between two targets', () => {
    const index = indexTargets(setOf('0.0.0.1', '203.0.113.0/30', '255.255.255.254'), 10);
    expect(index.size).toBe(6);
    expect(positionOf(index, ip('255.255.255.254'))).toBe(5);
  });

  it('refuses more than the limit before it takes the memory', () => {
    expect(() => indexTargets(setOf('0.0.0.0/0'), 65_536)).toThrow(RangeError);
  });
});
