import { describe, expect, it } from 'vitest';
import { type Guard, openConflicts } from '../../../src/core/conflict/guard.ts';
import { CLOSE_AFTER_MS, guardOf, HOUR, heard, lan, listened, MINUTE, PRINTER, SECOND, setOf, swept, T, told } from './scene.ts';

const CLOSED = `closed squatter 192.0.2.205 ${PRINTER} quiet`;
const EXCLUDED = { looked: setOf('192.0.2.1-192.0.2.199') };

/** A squatter at 0, and swept every minute from then on until `untilMs`. */
function squatted(untilMs: number): Guard {
  const guard = guardOf();
  heard(guard, 'arp-announcement', PRINTER, lan(205), 0);
  expect(listened(guard, 0, untilMs)).toEqual([]);
  return guard;
}
/** How long after `fromMs` sweeps every minute close it. ms */
function closedAfter(guard: Guard, fromMs: number, more: Parameters<typeof swept>[2] = {}): number | null {
  for (let atMs = fromMs; atMs <= fromMs + HOUR; atMs += MINUTE) {
    if (told(swept(guard, atMs, more)).includes(CLOSED)) return atMs - fromMs;
  }
  return null;
}

describe('the quiet time begins anew with the listening', () => {
  it('after a restart, however long nothing ran', () => {
    const open = openConflicts(squatted(MINUTE));
    const guard = guardOf({ open, nextId: 2, nowMs: T + 10 * HOUR });
    expect(closedAfter(guard, 10 * HOUR)).toBe(CLOSE_AFTER_MS);
  });

  it('after minutes of invalid sweeps, and not after a single one', () => {
    const once = squatted(10 * MINUTE);
    expect(swept(once, 10 * MINUTE, { valid: false })).toEqual([]);
    expect(closedAfter(once, 11 * MINUTE)).toBe(CLOSE_AFTER_MS - 11 * MINUTE);

    const often = squatted(3 * MINUTE);
    for (let atMs = 3 * MINUTE; atMs < 9 * MINUTE; atMs += MINUTE) swept(often, atMs, { valid: false });
    expect(closedAfter(often, 9 * MINUTE)).toBe(CLOSE_AFTER_MS);
  });

  it('every now and then an invalid sweep keeps nothing open for ever', () => {
    const guard = squatted(0);
    const changes = Array.from({ length: 60 }, (_, minute) => swept(guard, minute * MINUTE, { valid: minute % 5 !== 4 })).flat();
    expect(told(changes)).toEqual([CLOSED]);
  });

  it('after more than five minutes without a sweep', () => {
    expect(closedAfter(squatted(3 * MINUTE), 8 * MINUTE)).toBe(CLOSE_AFTER_MS);
    expect(closedAfter(squatted(3 * MINUTE), 7 * MINUTE)).toBe(CLOSE_AFTER_MS - 7 * MINUTE);
  });

  it.each([
    ['two intervals', 2, 0],
    ['four intervals', 4, HOUR],
  ])('where sweeps are an hour apart, after more than three intervals: %s', (_name, intervals, closesAfterMs) => {
    const guard = guardOf();
    for (let atMs = -5 * HOUR; atMs <= 0; atMs += HOUR) swept(guard, atMs);
    // Somebody asked for one in between: that makes no other schedule.
    swept(guard, 10 * SECOND);
    heard(guard, 'arp-announcement', PRINTER, lan(205), 2 * MINUTE);
    const backMs = intervals * HOUR;
    expect(told(swept(guard, backMs))).toEqual(closesAfterMs === 0 ? [CLOSED] : []);
    expect(told(swept(guard, backMs + HOUR))).toEqual(closesAfterMs === 0 ? [] : [CLOSED]);
  });

  it('and not where the clock was set back: it begins there', () => {
    const guard = squatted(MINUTE);
    expect(closedAfter(guard, -HOUR)).toBe(CLOSE_AFTER_MS + MINUTE);
  });
});

describe('an address that no sweep looks at', () => {
  it('is listened to all the same: silence for the quiet time has to do', () => {
    const guard = guardOf();
    heard(guard, 'arp-announcement', PRINTER, lan(205), 0);
    expect(closedAfter(guard, 0, EXCLUDED)).toBe(CLOSE_AFTER_MS);
  });

  it('needs the whole of it for an intent too', () => {
    const guard = guardOf();
    heard(guard, 'dhcp-request', PRINTER, lan(205), 0);
    expect(listened(guard, 0, CLOSE_AFTER_MS, EXCLUDED)).toEqual([]);
    expect(told(swept(guard, CLOSE_AFTER_MS, EXCLUDED))).toEqual([`closed imminent 192.0.2.205 ${PRINTER} quiet`]);
  });

  it('is not one that only the newest sweep left out', () => {
    const guard = squatted(CLOSE_AFTER_MS);
    expect(swept(guard, CLOSE_AFTER_MS, EXCLUDED)).toEqual([]);
    expect(told(swept(guard, CLOSE_AFTER_MS + MINUTE))).toEqual([CLOSED]);
  });

  it('is not one beside a verification of a few others', () => {
    const guard = guardOf();
    heard(guard, 'arp-announcement', PRINTER, lan(205), 0);
    listened(guard, 0, MINUTE, EXCLUDED);
    for (let atMs = MINUTE; atMs < HOUR; atMs += MINUTE) {
      if (atMs < 10 * MINUTE) swept(guard, atMs, EXCLUDED);
      expect(swept(guard, atMs + 1, { looked: setOf('192.0.2.100-192.0.2.109') })).toEqual([]);
    }
  });
});
