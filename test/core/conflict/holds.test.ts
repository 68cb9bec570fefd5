import { describe, expect, it } from 'vitest';
import { hear, nextTickMs, openConflicts, setView, tick } from '../../../src/core/conflict/guard.ts';
import { MAX_HOLDS, MAX_HOLDS_PER_ADDRESS, PROBE_HOLD_MS, REPLY_HOLD_MS } from '../../../src/core/conflict/holds.ts';
import { guardOf, heard, lan, mac, PRINTER, setOf, sighting, T, ticked, told, VIEW } from './scene.ts';

describe('a first frame that could be a router’s or a scanner’s', () => {
  it.each([
    ['arp-reply', REPLY_HOLD_MS, 'squatter'],
    ['arp-probe', PROBE_HOLD_MS, 'imminent'],
  ] as const)('waits before it is judged: %s', (source, holdMs, kind) => {
    const guard = guardOf();
    expect(nextTickMs(guard)).toBeNull();
    expect(heard(guard, source, PRINTER, lan(205), 5)).toEqual([]);
    expect(nextTickMs(guard)).toBe(T + 5 + holdMs);
    expect(ticked(guard, 4 + holdMs)).toEqual([]);
    const changes = ticked(guard, 5 + holdMs);
    expect(told(changes)).toEqual([`opened ${kind} 192.0.2.205 ${PRINTER}`]);
    expect(changes[0]).toMatchObject({ causedMs: T + 5, conflict: { openedMs: T + 5 + holdMs, firstSeenMs: T + 5 } });
    expect(nextTickMs(guard)).toBeNull();
  });

  it('waits no more than once: the next one like it adds nothing and delays nothing', () => {
    const guard = guardOf();
    for (const atMs of [0, 30, 60]) heard(guard, 'arp-probe', PRINTER, lan(205), atMs);
    expect(nextTickMs(guard)).toBe(T + PROBE_HOLD_MS);
    expect(told(ticked(guard, PROBE_HOLD_MS))).toEqual([`opened imminent 192.0.2.205 ${PRINTER}`]);
    expect(ticked(guard, 10 * PROBE_HOLD_MS)).toEqual([]);
  });

  it('does not hold up what follows: an announcement is told at once, and the probe joins it', () => {
    const guard = guardOf();
    heard(guard, 'arp-probe', PRINTER, lan(205), 0);
    expect(told(heard(guard, 'arp-announcement', PRINTER, lan(205), 20))).toEqual([`opened squatter 192.0.2.205 ${PRINTER}`]);
    ticked(guard, 200);
    expect(openConflicts(guard)).toMatchObject([{ kind: 'squatter', sightings: 2 }]);
  });

  it('is judged at once when nobody asked for the answer', () => {
    expect(told(heard(guardOf(), 'arp-reply', PRINTER, lan(205), 0, { solicited: false }))).toHaveLength(1);
  });

  it('is judged by what is known when it comes out', () => {
    const guard = guardOf();
    heard(guard, 'arp-reply', PRINTER, lan(205), 0);
    heard(guard, 'arp-reply', mac(7), lan(215), 0);
    const speakers = [...VIEW.speakers, { mac: PRINTER, node: 'node-3' }];
    setView(guard, { ...VIEW, speakers, pools: [{ name: 'small', addresses: setOf('192.0.2.200-192.0.2.209') }] }, T + 1);
    expect(ticked(guard, REPLY_HOLD_MS)).toEqual([]);
    expect(openConflicts(guard)).toEqual([]);
  });

  it('comes out when the clock jumps back, rather than wait for the time to come again', () => {
    const guard = guardOf();
    heard(guard, 'arp-reply', PRINTER, lan(205), 3_600_000);
    expect(told(ticked(guard, 0))).toEqual([`opened squatter 192.0.2.205 ${PRINTER}`]);
  });

  it('is judged at once where no more can wait: for one address, and in all', () => {
    const guard = guardOf({}, { ...VIEW, pools: [{ name: 'wide', addresses: setOf('198.51.100.0/24', '203.0.113.0/24') }] });
    const address = setOf('198.51.100.7')[0]?.first ?? lan(0);
    for (let number = 1; number <= MAX_HOLDS_PER_ADDRESS; number++) {
      expect(heard(guard, 'arp-reply', mac(number), address, 0)).toEqual([]);
    }
    expect(told(heard(guard, 'arp-reply', mac(999), address, 0))).toEqual([`opened squatter 198.51.100.7 ${mac(999)}`]);
    let waiting = MAX_HOLDS_PER_ADDRESS;
    const first = setOf('203.0.113.0')[0]?.first ?? lan(0);
    for (let offset = 0; offset < 256 && waiting < MAX_HOLDS; offset++) {
      for (let number = 1; number <= MAX_HOLDS_PER_ADDRESS && waiting < MAX_HOLDS; number++, waiting++) {
        const one = sighting('arp-reply', mac(offset * 100 + number), (first + offset) as typeof first, 0);
        expect(hear(guard, one, T)).toEqual([]);
      }
    }
    const late = sighting('arp-reply', mac(77_777), (first + 255) as typeof first, 0);
    expect(told(hear(guard, late, T))).toHaveLength(1);
    // The overflow above opened two at once; of the others each address keeps eight strangers apart.
    expect(tick(guard, T + REPLY_HOLD_MS).length).toBeGreaterThan(2_000);
    expect(nextTickMs(guard)).toBeNull();
  });
});
