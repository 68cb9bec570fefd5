import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ipv4, ipv4 } from '../../../src/core/address/ipv4.ts';
import type { Mac } from '../../../src/core/address/mac.ts';
import { rangeSet, setContains } from '../../../src/core/address/range-set.ts';
import { createAddressOwners, isOthers, noteOwner } from '../../../src/core/conflict/address-owners.ts';
import { claimSlot, createMacTable, findSlot } from '../../../src/core/conflict/mac-table.ts';
import { indexPools, poolAt } from '../../../src/core/conflict/pool-index.ts';
import { countWithin, createRecentAddresses, forgetAddress, noteAddress } from '../../../src/core/conflict/recent-addresses.ts';
import { isVirtualRouterMac } from '../../../src/core/conflict/virtual-mac.ts';
import { ip, lan, mac } from './scene.ts';

const anyMac = fc
  .array(fc.integer({ min: 0, max: 255 }), { minLength: 6, maxLength: 6 })
  .map((bytes) => bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':') as Mac);

describe('the index of pools', () => {
  const ranges = fc
    .array(fc.tuple(fc.nat(300), fc.nat(60)), { maxLength: 5 })
    .map((parts) => rangeSet(parts.map(([first, more]) => ({ first: ipv4(first), last: ipv4(first + more) }))));

  it('finds for each address the first pool that holds it', () => {
    fc.assert(
      fc.property(fc.array(ranges, { maxLength: 5 }), (sets) => {
        const pools = sets.map((addresses, index) => ({ name: `pool-${index}`, addresses }));
        const index = indexPools(pools);
        for (let address = 0; address <= 365; address++) {
          const expected = pools.find(({ addresses }) => setContains(addresses, ipv4(address))) ?? null;
          expect(poolAt(index, ipv4(address))).toBe(expected);
        }
      }),
    );
  });

  it('holds for the ends of the address space', () => {
    const pool = { name: 'all', addresses: [{ first: ipv4(0), last: ipv4(0xffffffff) }] };
    const index = indexPools([pool]);
    expect([poolAt(index, ipv4(0)), poolAt(index, ip('255.255.255.255'))]).toEqual([pool, pool]);
    expect(poolAt(indexPools([]), ipv4(0))).toBeNull();
  });
});

describe('the table of MACs', () => {
  it('tells any two apart, and a MAC in two segments', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyMac, { maxLength: 8 }), (macs) => {
        const table = createMacTable(1_024);
        const slots = macs.flatMap((one) =>
          [1, 1_024].map((segment) => [segment, one, ~claimSlot(table, segment, one, 0)] as const),
        );
        expect(new Set(slots.map(([, , slot]) => slot)).size).toBe(slots.length);
        for (const [segment, one, slot] of slots) {
          expect(findSlot(table, segment, one)).toBe(slot);
          expect(claimSlot(table, segment, one, 1)).toBe(slot);
          expect(findSlot(table, 7, one)).toBe(-1);
        }
      }),
    );
  });

  it('gives the slot of who was seen longest ago', () => {
    const table = createMacTable(8);
    for (let number = 0; number < 8; number++) claimSlot(table, 1, mac(number), number);
    claimSlot(table, 1, mac(0), 10);
    claimSlot(table, 1, mac(100), 11);
    expect([findSlot(table, 1, mac(0)) >= 0, findSlot(table, 1, mac(1)), findSlot(table, 1, mac(2)) >= 0]).toEqual([
      true,
      -1,
      true,
    ]);
  });
});

describe('recent addresses', () => {
  it('counts what a list of all that came would count, as far as it is wide', () => {
    const notes = fc.array(fc.tuple(fc.nat(20), fc.nat(300)), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(notes, fc.integer({ min: 0, max: 500 }), (given, windowMs) => {
        const recent = createRecentAddresses(12);
        const last = new Map<number, number>();
        let atMs = 0;
        for (const [address, step] of given) {
          atMs += step;
          last.set(address, atMs);
          const slot = noteAddress(recent, 1, mac(1), ipv4(address), atMs);
          const expected = [...last.values()].filter((time) => atMs - time <= windowMs).length;
          expect(countWithin(recent, slot, atMs, windowMs)).toBe(Math.min(12, expected));
        }
      }),
    );
  });

  it('forgets an address, and everything of a MAC that lost its slot', () => {
    const recent = createRecentAddresses(3);
    const slot = noteAddress(recent, 1, mac(1), lan(1), 0);
    noteAddress(recent, 1, mac(1), lan(2), 0);
    forgetAddress(recent, 1, mac(1), lan(1));
    forgetAddress(recent, 1, mac(2), lan(2));
    expect(countWithin(recent, slot, 0, 10)).toBe(1);
    recent.marks[slot] = 0;
    let other = -1;
    for (let number = 2; other !== slot; number++) other = noteAddress(recent, 1, mac(number), lan(9), 1);
    expect([countWithin(recent, slot, 1, 10), recent.marks[slot]]).toEqual([1, Number.NEGATIVE_INFINITY]);
  });

  it('is not stuck with stamps of a clock that was ahead', () => {
    const recent = createRecentAddresses(3);
    for (const last of [1, 2, 3]) noteAddress(recent, 1, mac(1), lan(last), 1e12);
    let slot = -1;
    for (const last of [4, 5, 6]) slot = noteAddress(recent, 1, mac(1), lan(last), last);
    expect(countWithin(recent, slot, 6, 10)).toBe(3);
  });
});

describe('owners of addresses', () => {
  const owners = () => createAddressOwners({ first: lan(0), last: lan(255) });
  it.each<[string, Ipv4, Mac, number, boolean]>([
    ['another MAC', lan(50), mac(2), 10, true],
    ['the same MAC', lan(50), mac(1), 10, false],
    ['too long ago', lan(50), mac(2), 101, false],
    ['nobody’s', lan(51), mac(2), 10, false],
    ['outside', ip('198.51.100.1'), mac(2), 10, false],
  ])('%s', (_name, address, who, laterMs, others) => {
    const known = owners();
    noteOwner(known, lan(50), mac(1), 1_000);
    noteOwner(known, ip('198.51.100.1'), mac(1), 1_000);
    expect(isOthers(known, address, who, 1_000 + laterMs, 100)).toBe(others);
  });

  it('remembers a /16 at the most', () => {
    expect(createAddressOwners({ first: ipv4(0), last: ipv4(0xffffffff) }).atMs).toHaveLength(65_536);
  });
});

it('virtual router MACs are told by their prefix alone', () => {
  fc.assert(
    fc.property(anyMac, (one) => isVirtualRouterMac(one) === /^00:(00:5e:00:01|00:0c:07:ac|00:0c:9f:f|07:b4:)/.test(one)),
  );
});
