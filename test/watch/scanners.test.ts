import { describe, expect, it } from 'vitest';
import type { Mac } from '../../src/core/address/mac.ts';
import { type SightingSource, sourceBit } from '../../src/core/evidence/sighting.ts';
import type { SegmentId } from '../../src/ledger/types.ts';
import { SCANNER_ADDRESSES, Scanners } from '../../src/watch/scanners.ts';

const SEGMENT = 1 as SegmentId;
const DEVICE = '02:00:00:00:00:aa' as Mac;
const SCANNER = '02:00:00:00:00:bb' as Mac;

const folds = (mac: Mac, count: number, source: SightingSource = 'arp-probe') =>
  new Map(
    Array.from({ length: count }, (_, i) => [`${mac}/${i}`, { segment: SEGMENT, mac, sources: sourceBit(source) }] as const),
  );

describe('Scanners', () => {
  it('leaves a device alone that probes for an address or two', () => {
    expect(new Scanners().among(folds(DEVICE, 2), 0)).toEqual([]);
  });

  it('catches a MAC that probes for dozens, and all its probes', () => {
    const caught = new Scanners().among(new Map([...folds(SCANNER, SCANNER_ADDRESSES), ...folds(DEVICE, 1)]), 0);
    expect(caught.map(({ mac, keys }) => [mac, keys.length])).toEqual([[SCANNER, SCANNER_ADDRESSES]]);
  });

  it('remembers it, so that the tail of its scan is no intent either, and forgets it after a day', () => {
    const scanners = new Scanners();
    scanners.among(folds(SCANNER, SCANNER_ADDRESSES), 0);
    expect(scanners.among(folds(SCANNER, 1), 60_000)).toHaveLength(1);
    expect(scanners.among(folds(SCANNER, 1), 25 * 3_600_000)).toEqual([]);
  });

  it('never takes a use for a scan', () => {
    expect(new Scanners().among(folds(SCANNER, 100, 'arp-request'), 0)).toEqual([]);
  });

  it('forgets the longest ago when there are too many', () => {
    const scanners = new Scanners();
    const mac = (i: number): Mac =>
      `02:00:00:00:${(i >> 8).toString(16).padStart(2, '0')}:${(i & 255).toString(16).padStart(2, '0')}` as Mac;
    for (let i = 0; i < 300; i++) scanners.among(folds(mac(i), SCANNER_ADDRESSES), i);
    expect(scanners.among(folds(mac(0), 1), 400)).toEqual([]);
    expect(scanners.among(folds(mac(299), 1), 400)).toHaveLength(1);
  });
});
