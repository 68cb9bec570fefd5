import { describe, expect, it } from 'vitest';
import { dismissed, type Guard, hear, noteOwnLook, openConflicts } from '../../../src/core/conflict/guard.ts';
import { TOO_EARLY_MS, WITHDRAWN_MS } from '../../../src/core/conflict/withdrawals.ts';
import {
  assigned,
  guardOf,
  HOUR,
  heard,
  lan,
  MINUTE,
  mac,
  NODE_1,
  PRINTER,
  SECOND,
  swept,
  T,
  ticked,
  told,
  VIEW,
} from './scene.ts';

/** Has run for an hour: it knows who holds what. */
const settled = (view = VIEW): Guard => guardOf({ nowMs: T - HOUR }, view);
const nak = (guard: Guard, client: typeof PRINTER, atMs: number, segment = 'lan') =>
  hear(guard, { kind: 'dhcp-nak', segment, client, atMs: T + atMs }, T + atMs);
const declined = (guard: Guard, last: number, atMs: number, client: typeof PRINTER | null = PRINTER) =>
  heard(guard, 'dhcp-decline', null, lan(last), atMs, { client });
const lookAhead = (guard: Guard): void => {
  noteOwnLook(guard, 'lan', T + 24 * HOUR, T + 24 * HOUR);
  noteOwnLook(guard, 'lan', T, T);
};
/** What is told while time passes second by second. */
const passing = (guard: Guard, fromMs: number, untilMs: number): readonly string[] =>
  Array.from({ length: (untilMs - fromMs) / SECOND + 1 }, (_, index) => told(ticked(guard, fromMs + index * SECOND))).flat();
const closed = (events: readonly string[]): readonly string[] => events.filter((event) => event.startsWith('closed'));

describe('a refusal (NAK)', () => {
  it('takes back what the client was about to do in its segment, once it has been silent, and not what it does', () => {
    const guard = settled();
    heard(guard, 'dhcp-request', PRINTER, lan(205), 0);
    heard(guard, 'dhcp-request', PRINTER, lan(206), 0);
    heard(guard, 'arp-announcement', PRINTER, lan(206), 1);
    heard(guard, 'dhcp-request', mac(9), lan(207), 1);
    expect(nak(guard, PRINTER, 1_000, 'other')).toEqual([]);
    expect(passing(guard, 1_000, HOUR / 4)).toEqual([]);
    expect(nak(guard, PRINTER, HOUR)).toEqual([]);
    expect(ticked(guard, HOUR + WITHDRAWN_MS - 1)).toEqual([]);
    expect(told(ticked(guard, HOUR + WITHDRAWN_MS))).toEqual([`closed imminent 192.0.2.205 ${PRINTER} withdrawn`]);
    expect(openConflicts(guard)).toMatchObject([{ kind: 'squatter' }, { kind: 'imminent', stranger: mac(9) }]);
  });

  it.each([
    ['REQUEST and NAK', (guard: Guard, atMs: number) => nak(guard, PRINTER, atMs)],
    ['REQUEST and DECLINE', (guard: Guard, atMs: number) => declined(guard, 205, atMs)],
  ])('in a loop is one conflict, and one alert: %s', (_name, refuse) => {
    const guard = settled();
    heard(guard, 'arp-announcement', NODE_1, lan(205), -SECOND);
    const events: string[] = [];
    for (let atMs = 0; atMs < HOUR; atMs += 4 * SECOND) {
      events.push(...told(heard(guard, 'dhcp-request', PRINTER, lan(205), atMs)));
      events.push(...told(refuse(guard, atMs + 5)), ...told(ticked(guard, atMs + SECOND)));
    }
    expect(events.filter((event) => !event.startsWith('updated'))).toEqual([`opened imminent 192.0.2.205 ${PRINTER}`]);
    expect(closed(passing(guard, HOUR, HOUR + 2 * MINUTE))).toEqual([`closed imminent 192.0.2.205 ${PRINTER} withdrawn`]);
  });

  it('again, without a request in between, does not put the end off', () => {
    const guard = settled();
    heard(guard, 'dhcp-request', PRINTER, lan(205), 0);
    for (let atMs = 1; atMs < WITHDRAWN_MS; atMs += SECOND) nak(guard, PRINTER, atMs);
    expect(told(ticked(guard, WITHDRAWN_MS + 1))).toHaveLength(1);
  });

  it.each(['dhcp-request', 'arp-announcement'] as const)('does not count where the client goes on: %s', (source) => {
    const guard = settled();
    heard(guard, 'dhcp-request', PRINTER, lan(205), 0);
    nak(guard, PRINTER, 10);
    heard(guard, source, PRINTER, lan(205), 30 * SECOND);
    expect(closed(passing(guard, 31 * SECOND, HOUR))).toEqual([]);
  });

  it.each([
    ['right after the ACK of another server', 6, false],
    ['a minute and more after an ACK', MINUTE + 6, true],
  ])('%s', (_name, atMs, counts) => {
    const guard = settled();
    heard(guard, 'dhcp-request', PRINTER, lan(205), 0);
    heard(guard, 'dhcp-ack', PRINTER, lan(205), 5);
    nak(guard, PRINTER, atMs);
    expect(closed(passing(guard, atMs, atMs + 5 * MINUTE))).toHaveLength(counts ? 1 : 0);
  });

  it('ends it a minute later, too, where the clock is set back meanwhile', () => {
    const guard = settled();
    heard(guard, 'dhcp-request', PRINTER, lan(205), HOUR);
    nak(guard, PRINTER, HOUR);
    expect(closed(passing(guard, 0, WITHDRAWN_MS))).toHaveLength(1);
  });
});

describe('a DECLINE', () => {
  it('of an address that a speaker used lately says that the speaker holds it', () => {
    const guard = settled(assigned(205));
    heard(guard, 'arp-reply', NODE_1, lan(205), 0);
    heard(guard, 'dhcp-ack', PRINTER, lan(205), 1);
    expect(declined(guard, 205, 2)).toEqual([]);
    expect(dismissed(guard)).toMatchObject({ 'decline-speaker-holds-it': 1 });
    expect(closed(passing(guard, 3, MINUTE + 3 * SECOND))).toEqual([`closed imminent 192.0.2.205 ${PRINTER} withdrawn`]);
  });

  it.each([
    ['squatter', VIEW],
    ['contested', assigned(205)],
  ] as const)('of any other is the word of a client that somebody answered it: %s', (kind, view) => {
    const guard = settled(view);
    heard(guard, 'dhcp-ack', PRINTER, lan(205), 1, { hostname: 'laptop' });
    const changes = heard(guard, 'dhcp-decline', null, lan(205), 2, { client: PRINTER, hostname: 'laptop' });
    expect(told(changes)).toEqual([`opened ${kind} 192.0.2.205 nobody`]);
    expect(changes[0]?.conflict).toMatchObject({ hostname: null, macs: [], detail: {} });
    expect(told(declined(guard, 205, 9_000, mac(7)))).toEqual([`updated ${kind} 192.0.2.205 nobody`]);
    expect(closed(passing(guard, 10_000, HOUR))).toEqual([`closed imminent 192.0.2.205 ${PRINTER} withdrawn`]);
  });

  it('adds to the conflict of an occupant who is known', () => {
    const guard = settled();
    heard(guard, 'arp-announcement', PRINTER, lan(205), 0);
    expect(told(declined(guard, 205, 9_000, mac(7)))).toEqual([`updated squatter 192.0.2.205 ${PRINTER}`]);
  });

  it('hides nobody: an occupant who is heard after it is told with the MAC', () => {
    const guard = settled();
    declined(guard, 205, 0, mac(7));
    expect(told(heard(guard, 'arp-announcement', PRINTER, lan(205), 1))).toEqual([`opened squatter 192.0.2.205 ${PRINTER}`]);
  });

  it('takes back a probe that still waits', () => {
    const guard = settled();
    heard(guard, 'arp-probe', PRINTER, lan(205), 0);
    declined(guard, 205, 50);
    ticked(guard, SECOND);
    expect(openConflicts(guard).map(({ stranger }) => stranger)).toEqual([null]);
  });

  it.each<[string, number, (guard: Guard) => void, boolean]>([
    ['before our look', -1, (guard) => noteOwnLook(guard, 'lan', T), true],
    ['10 s after our look began', 10 * SECOND, (guard) => noteOwnLook(guard, 'lan', T, T), false],
    ['later than that', 10 * SECOND + 1, (guard) => noteOwnLook(guard, 'lan', T, T), true],
    ['while a long live run goes on', MINUTE, (guard) => noteOwnLook(guard, 'lan', T, T + MINUTE), false],
    ['while a sweep goes on', 20 * MINUTE, (guard) => noteOwnLook(guard, 'lan', T), false],
    ['in a sweep that never ended', 2 * HOUR, (guard) => noteOwnLook(guard, 'lan', T), true],
    ['in another segment', 5 * SECOND, (guard) => noteOwnLook(guard, 'other', T), true],
    [
      'right after a long sweep',
      MINUTE + SECOND,
      (guard) => {
        noteOwnLook(guard, 'lan', T);
        swept(guard, 0, { endedMs: T + MINUTE });
      },
      false,
    ],
    [
      'later than that, valid or not',
      MINUTE + 4 * SECOND,
      (guard) => {
        noteOwnLook(guard, 'lan', T);
        swept(guard, 0, { endedMs: T + MINUTE, valid: false });
      },
      true,
    ],
    ['after one that the clock, which was ahead, put into the future', 30 * SECOND, lookAhead, true],
    ['in one after such a one', 5 * SECOND, lookAhead, false],
  ])('that may be the work of our own probe is no evidence: %s', (_name, atMs, look, counts) => {
    const guard = settled();
    if (atMs >= 0) look(guard);
    heard(guard, 'dhcp-request', PRINTER, lan(207), atMs - 1);
    expect(told(declined(guard, 207, atMs))).toEqual(counts ? ['opened squatter 192.0.2.207 nobody'] : []);
    expect(dismissed(guard)['decline-after-own-probe']).toBe(counts ? 0 : 1);
    expect(closed(passing(guard, atMs, atMs + WITHDRAWN_MS))).toEqual([`closed imminent 192.0.2.207 ${PRINTER} withdrawn`]);
  });

  it('right after the start is no evidence: no node was heard yet', () => {
    const guard = guardOf();
    expect(declined(guard, 207, TOO_EARLY_MS - 1)).toEqual([]);
    expect(dismissed(guard)['decline-too-early']).toBe(1);
    expect(told(declined(guard, 207, TOO_EARLY_MS))).toEqual(['opened squatter 192.0.2.207 nobody']);
  });
});
