import { describe, expect, it } from 'vitest';
import { ipv4 } from '../../src/core/address/ipv4.ts';
import { type Mac, macFromBytes } from '../../src/core/address/mac.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import type { FoldedSighting, SegmentId } from '../../src/ledger/types.ts';
import type { Logger } from '../../src/system/logger.ts';
import { newcomerLog } from '../../src/watch/newcomers.ts';

const LAN = 1 as SegmentId;
const FIRST = 0xc6120000;
const NOW = 1_700_000_000_000;
const mac = (n: number): Mac => macFromBytes(Uint8Array.of(2, 0, n >> 24, n >> 16, n >> 8, n), 0);

/** Of a segment where everybody was seen a moment ago, or, if `fresh`, nobody ever. */
function log(fresh: boolean) {
  const lines: string[] = [];
  const info = (facts: { readonly address?: string; readonly more?: number }, text: string): void => {
    lines.push(`${facts.address ?? facts.more} ${text}`);
  };
  const lastUseMs = new Float64Array(65_536).fill(fresh ? 0 : NOW);
  const ledger = { sightingColumns: () => ({ first: ipv4(FIRST), lastUseMs }) } as unknown as Ledger;
  return { lines, told: newcomerLog(ledger, { info } as unknown as Logger, () => 'lan') };
}

const use = (offset: number, who: Mac, atMs = NOW): FoldedSighting => ({
  segment: LAN,
  address: ipv4(FIRST + offset),
  mac: who,
  firstMs: atMs,
  lastMs: atMs,
  sources: 1,
  intent: false,
  hostname: null,
});

describe('newcomerLog()', () => {
  it('tells of an address that comes into use, and of another MAC', () => {
    const { lines, told } = log(true);
    told([use(1, mac(1))]);
    told([use(1, mac(2))]);
    expect(lines).toEqual(['198.18.0.1 an address came into use', '198.18.0.1 another MAC answers for an address']);
  });

  it('says a few lines a second, however many slices it brings, and then how many more there were', () => {
    const { lines, told } = log(true);
    for (let slice = 0; slice < 10; slice++) told(Array.from({ length: 10 }, (_, i) => use(slice * 10 + i, mac(1))));
    expect(lines).toHaveLength(20);
    told([]);
    expect(lines.slice(20)).toEqual(['80 and more addresses came into use']);
    told([use(200, mac(1), NOW + 1000)]);
    expect(lines).toHaveLength(22);
  });

  it('remembers the MACs of so many addresses, and forgets the one heard longest ago', () => {
    const { lines, told } = log(false);
    for (let n = 0; n < 8192; n++) told([use(n, mac(n), NOW)]);
    told([use(0, mac(0), NOW)]);
    told([use(9000, mac(1), NOW)]);
    // Address 1 was forgotten, so its other MAC is not another; address 0 was not.
    told([use(1, mac(99_999), NOW), use(0, mac(99_999), NOW)]);
    expect(lines).toEqual(['198.18.0.0 another MAC answers for an address']);
  });
});
