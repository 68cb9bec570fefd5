import { describe, expect, it } from 'vitest';
import { type Ipv4, ipv4 } from '../../src/core/address/ipv4.ts';
import type { Mac } from '../../src/core/address/mac.ts';
import type { Sighting } from '../../src/core/evidence/sighting.ts';
import type { SegmentId } from '../../src/ledger/types.ts';
import { MAX_HELD, SCANNER_ADDRESSES, SCANNER_WINDOW_MS, Scanners } from '../../src/watch/scanners.ts';

const SEGMENT = 1 as SegmentId;
const DEVICE = '02:00:00:00:00:aa' as Mac;
const SCANNER = '02:00:00:00:00:bb' as Mac;
const FIRST = 0xc0000200;
const T = 1_700_000_000_000;

const probe = (mac: Mac, offset: number, atMs: number): Sighting => ({
  segment: 'lan',
  address: ipv4((FIRST + offset) >>> 0),
  mac,
  atMs: T + atMs,
  source: 'arp-probe',
});

/** Heard as stamped: [address, stamp] by one MAC. */
function hold(scanners: Scanners, mac: Mac, probes: readonly (readonly [offset: number, atMs: number])[]): void {
  for (const [offset, atMs] of probes) expect(scanners.hold(SEGMENT, mac, probe(mac, offset, atMs), atMs)).toBe('held');
}

const decided = (scanners: Scanners, nowMs: number) => {
  const { intents, scanners: caught } = scanners.decide(nowMs);
  const offset = (address: Ipv4): number => address - FIRST;
  return {
    intents: intents.map(({ sighting }) => [sighting.mac, offset(sighting.address), sighting.atMs - T]),
    caught: caught.map(({ mac, probes }) => [mac, probes]),
  };
};

const burst = (count: number, fromMs: number, step = 1) =>
  Array.from({ length: count }, (_, i) => [i, fromMs + i * step] as const);

describe('Scanners', () => {
  it('takes the probes of a device for intents, a second later', () => {
    const scanners = new Scanners();
    hold(scanners, DEVICE, [[7, 0]]);
    expect(decided(scanners, SCANNER_WINDOW_MS - 1)).toEqual({ intents: [], caught: [] });
    expect(decided(scanners, SCANNER_WINDOW_MS)).toEqual({ intents: [[DEVICE, 7, 0]], caught: [] });
    expect(decided(scanners, 10_000)).toEqual({ intents: [], caught: [] });
  });

  it.each([
    ['eleven addresses', burst(SCANNER_ADDRESSES - 1, 0), 0],
    ['twelve', burst(SCANNER_ADDRESSES, 0), SCANNER_ADDRESSES],
    ['one address twelve times', Array.from({ length: SCANNER_ADDRESSES }, (_, i) => [0, i] as const), 0],
    ['twelve, too slow by a little', burst(SCANNER_ADDRESSES, 0, 200), 0],
  ])('counts distinct addresses within a second: %s', (_name, probes, scanned) => {
    const scanners = new Scanners();
    hold(scanners, SCANNER, probes);
    const { intents, caught } = decided(scanners, 60_000);
    expect([intents.length, caught]).toEqual([probes.length - scanned, scanned === 0 ? [] : [[SCANNER, scanned]]]);
  });

  it('tells of what is held, but for what looks like a scan, and decides nothing by that', () => {
    const scanners = new Scanners();
    const undecided = () => scanners.undecided(SEGMENT).map(({ mac, address }) => [mac, address - FIRST]);
    hold(scanners, DEVICE, [[7, 0]]);
    hold(scanners, SCANNER, burst(SCANNER_ADDRESSES - 1, 0));
    expect(undecided()).toHaveLength(SCANNER_ADDRESSES);
    hold(scanners, SCANNER, [[99, 20]]);
    expect(undecided()).toEqual([[DEVICE, 7]]);
    expect(scanners.undecided(2 as SegmentId)).toEqual([]);
    expect(decided(scanners, SCANNER_WINDOW_MS + 20)).toEqual({
      intents: [[DEVICE, 7, 0]],
      caught: [[SCANNER, SCANNER_ADDRESSES]],
    });
    expect(undecided()).toEqual([]);
  });

  it('judges the first and the last of a scan like the rest, wherever the decisions fall', () => {
    for (const every of [50, 400, 1000, 3000]) {
      const scanners = new Scanners();
      let caught = 0;
      for (let atMs = 0; atMs < 4000; atMs += 50) {
        if (atMs < 2000) hold(scanners, SCANNER, [[atMs / 50, atMs]]);
        if (atMs % every === 0) {
          const now = scanners.decide(atMs);
          expect(now.intents).toEqual([]);
          caught += now.scanners[0]?.probes ?? 0;
        }
      }
      caught += scanners.decide(Number.POSITIVE_INFINITY).scanners[0]?.probes ?? 0;
      expect(caught).toBe(40);
    }
  });

  it('takes a lone probe after the scan, by the same MAC, for what it is', () => {
    const scanners = new Scanners();
    hold(scanners, SCANNER, burst(50, 0));
    expect(decided(scanners, 1500).caught).toEqual([[SCANNER, 50]]);
    hold(scanners, SCANNER, [[200, 3000]]);
    expect(decided(scanners, 4500)).toEqual({ intents: [[SCANNER, 200, 3000]], caught: [] });
  });

  it('goes by the stamps, not by when the frames were read, and keeps MACs and segments apart', () => {
    const scanners = new Scanners();
    for (const [offset, atMs] of burst(SCANNER_ADDRESSES, 0, 1000))
      scanners.hold(SEGMENT, SCANNER, probe(SCANNER, offset, atMs), 0);
    for (const [offset, atMs] of burst(SCANNER_ADDRESSES, 0)) {
      scanners.hold((2 + (offset % 2)) as SegmentId, DEVICE, probe(DEVICE, offset, atMs), 0);
    }
    expect(decided(scanners, 60_000)).toMatchObject({ intents: { length: 2 * SCANNER_ADDRESSES }, caught: [] });
  });

  it('holds so many and no more; what is too much is a scanner where that is plain, and an intent where not', () => {
    const scanners = new Scanners();
    for (let n = 0; n < MAX_HELD; n++) expect(scanners.hold(SEGMENT, SCANNER, probe(SCANNER, n, n / 100), n / 100)).toBe('held');
    expect(scanners.hold(SEGMENT, SCANNER, probe(SCANNER, MAX_HELD, 200), 200)).toBe('scanner');
    expect(scanners.hold(SEGMENT, SCANNER, probe(SCANNER, MAX_HELD, 9000), 200)).toBe('intent');
    expect(scanners.hold(SEGMENT, DEVICE, probe(DEVICE, 1, 200), 200)).toBe('intent');
    expect(decided(scanners, 5000)).toEqual({ intents: [], caught: [[SCANNER, MAX_HELD]] });
    // There is room again.
    expect(scanners.hold(SEGMENT, DEVICE, probe(DEVICE, 1, 6000), 6000)).toBe('held');
  });
});
