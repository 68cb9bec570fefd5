import { describe, expect, it } from 'vitest';
import { ipv4 } from '../../src/core/address/ipv4.ts';
import { type Mac, macFromBytes } from '../../src/core/address/mac.ts';
import type { Sighting } from '../../src/core/evidence/sighting.ts';
import type { SegmentId } from '../../src/ledger/types.ts';
import { Folds, MACS_PER_ADDRESS, MAX_NAMED_FOLDS } from '../../src/watch/folds.ts';

const LAN = 1 as SegmentId;
const OTHER = 2 as SegmentId;
const FIRST = 0xc6120000;
const mac = (n: number): Mac => macFromBytes(Uint8Array.of(2, 0, n >> 24, n >> 16, n >> 8, n), 0);
const use = (offset: number, who: Mac | null, more: Partial<Sighting> = {}): Sighting => ({
  segment: 'lan',
  address: ipv4(FIRST + offset),
  mac: who,
  atMs: 1000,
  source: 'arp-reply',
  ...more,
});

describe('Folds', () => {
  it('bounds what a flood can make of a segment, loses none of it, and leaves other segments their room', () => {
    const folds = new Folds();
    const addresses = 4000;
    for (let n = 0; n < 10 * addresses; n++) folds.add(LAN, use(n % addresses, mac(n), { atMs: n }));
    expect(folds.size).toBe(MAX_NAMED_FOLDS + addresses);
    const all = folds.oldest(Number.POSITIVE_INFINITY);
    // The last MAC of each address is among its "others", with its time.
    expect(all.filter((fold) => fold.mac === null).map((fold) => fold.lastMs)).toEqual(
      Array.from({ length: addresses }, (_, i) => 9 * addresses + i),
    );
    folds.add(OTHER, use(0, mac(1)));
    expect(folds.oldest(Number.POSITIVE_INFINITY).at(-1)).toMatchObject({ segment: OTHER, mac: mac(1) });
  });

  it('has room again for what was written', () => {
    const folds = new Folds();
    for (let n = 0; n < MAX_NAMED_FOLDS; n++) folds.add(LAN, use(n, mac(n)));
    folds.drop(folds.oldest(1));
    folds.add(LAN, use(0, mac(7)));
    folds.add(LAN, use(0, mac(8)));
    expect(
      folds
        .oldest(Number.POSITIVE_INFINITY)
        .slice(-2)
        .map((fold) => fold.mac),
    ).toEqual([mac(7), null]);
    folds.drop(folds.oldest(Number.POSITIVE_INFINITY));
    for (let n = 0; n <= MACS_PER_ADDRESS; n++) folds.add(LAN, use(0, mac(n)));
    expect([folds.size, folds.oldest(99).at(-1)?.mac]).toEqual([MACS_PER_ADDRESS + 1, null]);
  });

  it('goes on with the fold of a known MAC when there is no room for more', () => {
    const folds = new Folds();
    for (let n = 0; n <= MAX_NAMED_FOLDS; n++) folds.add(LAN, use(n, mac(n)));
    folds.add(LAN, use(0, mac(0), { atMs: 5000 }));
    expect(folds.oldest(1)[0]).toMatchObject({ mac: mac(0), lastMs: 5000 });
    expect(folds.size).toBe(MAX_NAMED_FOLDS + 1);
  });
});
