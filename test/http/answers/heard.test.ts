/** What was heard of a range since a moment: from the ledger, and of ARP probes that are too new to be in it. */
import { describe, expect, it } from 'vitest';
import type { Mac } from '../../../src/core/address/mac.ts';
import { type SightingSource, sourceBit } from '../../../src/core/evidence/sighting.ts';
import { heardOf, MOST_HEARD } from '../../../src/http/answers/heard.ts';
import type { FoldedSighting } from '../../../src/ledger/types.ts';
import { createLogger } from '../../../src/system/logger.ts';
import { Recorder } from '../../../src/watch/recorder.ts';
import { batch, ip, MINUTE, macNumber, newLedger, range, SECOND, seen, T0 } from '../../ledger/fixtures.ts';

const A = macNumber(1);
const B = macNumber(2);
const SINCE = T0 + 10 * MINUTE;

function scene() {
  const { ledger, lan } = newLedger(true);
  const clock = { nowMs: () => SINCE + 5 * SECOND, monotonicMs: () => 0 };
  const recorder = new Recorder({ ledger, clock, logger: createLogger({ level: 'silent' }), onScanner: () => undefined });
  return {
    stored: (address: string, mac: Mac | null, atMs: number, source: SightingSource, more: Partial<FoldedSighting> = {}) =>
      ledger.write(batch(atMs, { sightings: [seen(lan.id, address, mac, atMs, { sources: sourceBit(source), ...more })] })),
    probed: (address: string, mac: Mac, atMs: number) =>
      recorder.sighting(lan.id, { segment: 'lan', address: ip(address), mac, atMs, source: 'arp-probe' }),
    heard: (within = '192.0.2.200-192.0.2.209', scanners: readonly Mac[] = []) =>
      heardOf({ ledger, recorder }, lan, { range: range(within), sinceMs: SINCE, scanners }),
  };
}

describe('what was heard of a range', () => {
  it('is nothing where nobody spoke', () => {
    expect(scene().heard()).toEqual({ heard: [], heardTruncated: false });
  });

  it.each<[SightingSource, boolean]>([
    ['arp-reply', false],
    ['arp-request', false],
    ['arp-announcement', false],
    ['arp-probe', true],
    ['dhcp-request', true],
    ['dhcp-offer', true],
    ['dhcp-ack', true],
    ['dhcp-decline', false],
    ['lease-file', true],
    ['neighbour', false],
  ])('is a sighting by %s, with who and when', (source, intent) => {
    const { stored, heard } = scene();
    stored('192.0.2.204', A, SINCE + SECOND, source, { intent, hostname: 'prin\u001b[2Jter' });
    expect(heard().heard).toEqual([
      {
        address: '192.0.2.204',
        mac: A,
        vendor: null,
        hostname: 'prin[2Jter',
        sources: [source],
        intent,
        at: new Date(SINCE + SECOND).toISOString(),
      },
    ]);
  });

  it('is not what was heard before, nor elsewhere; at the very moment counts', () => {
    const { stored, heard } = scene();
    stored('192.0.2.200', A, SINCE - 1, 'arp-reply');
    stored('192.0.2.199', A, SINCE + 1, 'arp-reply');
    stored('192.0.2.210', A, SINCE + 1, 'arp-reply');
    expect(heard().heard).toEqual([]);
    stored('192.0.2.209', null, SINCE, 'dhcp-decline');
    stored('192.0.2.200', B, SINCE, 'arp-reply');
    expect(heard().heard.map(({ address, mac }) => [address, mac])).toEqual([
      ['192.0.2.200', B],
      ['192.0.2.209', null],
    ]);
  });

  it('is everybody at an address, uses and intents apart, the newest first', () => {
    const { stored, heard } = scene();
    stored('192.0.2.204', A, SINCE + SECOND, 'dhcp-request', { intent: true });
    stored('192.0.2.204', A, SINCE + 3 * SECOND, 'arp-reply');
    stored('192.0.2.204', B, SINCE + 2 * SECOND, 'arp-reply');
    expect(heard().heard.map(({ mac, intent }) => [mac, intent])).toEqual([
      [A, false],
      [B, false],
      [A, true],
    ]);
  });

  it('is an ARP probe that nobody has decided about yet', () => {
    const { probed, heard } = scene();
    probed('192.0.2.204', A, SINCE + 4 * SECOND);
    probed('192.0.2.205', A, SINCE - SECOND);
    probed('192.0.2.17', A, SINCE + 4 * SECOND);
    expect(heard().heard).toMatchObject([{ address: '192.0.2.204', mac: A, sources: ['arp-probe'], intent: true }]);
  });

  it('is told once where a probe is in the ledger too', () => {
    const { stored, probed, heard } = scene();
    stored('192.0.2.204', A, SINCE + SECOND, 'dhcp-request', { intent: true, hostname: 'printer' });
    probed('192.0.2.204', A, SINCE + 4 * SECOND);
    const at = new Date(SINCE + 4 * SECOND).toISOString();
    expect(heard().heard).toMatchObject([{ mac: A, hostname: 'printer', sources: ['arp-probe', 'dhcp-request'], at }]);
  });

  it('is no probe of a scanner, known to the run or seen to be one', () => {
    const { probed, heard } = scene();
    for (let last = 200; last < 212; last++) probed(`192.0.2.${last}`, A, SINCE + 4 * SECOND + last);
    probed('192.0.2.204', B, SINCE + 4 * SECOND);
    expect(heard().heard.map(({ mac }) => mac)).toEqual([B]);
    expect(heard('192.0.2.200-192.0.2.209', [B]).heard).toEqual([]);
  });

  it('is told of as many as a range can hold, and that there is more', () => {
    const { stored, heard } = scene();
    for (let n = 0; n < MOST_HEARD + 1; n++)
      stored(`192.0.2.${n % 254}`, macNumber(Math.floor(n / 254) + 1), SINCE + SECOND, 'arp-reply');
    const { heard: told, heardTruncated } = heard('192.0.2.0/24');
    expect([told.length, heardTruncated]).toEqual([MOST_HEARD, true]);
  });
});
