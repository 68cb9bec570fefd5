import { describe, expect, it } from 'vitest';
import type { Mac } from '../../../src/core/address/mac.ts';
import {
  dismissed,
  type Guard,
  keepSegments,
  openConflicts,
  setSegments,
  setStandIns,
} from '../../../src/core/conflict/guard.ts';
import type { ConflictChange } from '../../../src/core/conflict/types.ts';
import { assigned, guardOf, heard, LAN, lan, MINUTE, mac, NODE_1, SECOND, setOf, swept, T, ticked, told, VIEW } from './scene.ts';

const ROUTER = mac(0xee);

/** Answers to us for all of these, a millisecond apart. */
const answers = (guard: Guard, from: Mac, lasts: readonly number[], atMs = 0): readonly ConflictChange[] =>
  lasts.flatMap((last, index) => heard(guard, 'arp-reply', from, lan(last), atMs + index));
const span = (first: number, count: number): number[] => Array.from({ length: count }, (_, index) => first + index);

describe('an address that is taken', () => {
  const VIRTUAL = '00:00:5e:00:01:0a' as Mac;
  const sleepers = (guard: Guard): void => {
    for (const last of [50, 51, 52]) heard(guard, 'arp-request', mac(last), lan(last), 0);
    for (const last of [50, 51, 52]) heard(guard, 'arp-reply', ROUTER, lan(last), SECOND, { solicited: false });
  };
  const gateway = (guard: Guard): void => void heard(guard, 'arp-announcement', VIRTUAL, lan(1), 0);
  /** A sweep finds a stand-in with so many answers outside the pools. */
  const caught =
    (outside: number) =>
    (guard: Guard): void => {
      answers(guard, ROUTER, span(10, outside));
      setStandIns(guard, 'lan', [ROUTER]);
      swept(guard, 0);
    };
  const live = (guard: Guard): void => void answers(guard, ROUTER, span(10, 8), 90 * SECOND);
  const TAKEN = [
    ['used by a node', VIEW, (guard: Guard) => void heard(guard, 'arp-reply', NODE_1, lan(205), 91 * SECOND)],
    ['held by a Service', assigned(205), () => undefined],
  ] as const;

  const RULES: readonly (readonly [string, Mac, (guard: Guard) => void, boolean])[] = [
    ['stands-in-for-sleepers', ROUTER, sleepers, false],
    ['virtual-router', VIRTUAL, gateway, false],
    ['proxy-arp', ROUTER, caught(7), false],
    ['proxy-arp', ROUTER, caught(8), true],
    ['proxy-arp', ROUTER, live, true],
  ];
  const CASES = TAKEN.flatMap(([how, view, take]) => RULES.map((rule) => [how, ...rule, view, take] as const));

  it.each(CASES)('%s: %s spares %s …', (_how, rule, from, before, spared, view, take) => {
    const guard = guardOf({}, view);
    before(guard);
    take(guard);
    answers(guard, from, [205, 215], 91 * SECOND);
    const events = told(ticked(guard, 93 * SECOND));
    // The other one is nobody's: there the rule holds.
    expect(events).toEqual(spared ? [] : [`opened contested 192.0.2.205 ${from}`]);
    expect(dismissed(guard)[rule]).toBe(spared ? 2 : 1);
  });

  it('is no more so ten minutes after its last use', () => {
    const guard = guardOf();
    gateway(guard);
    heard(guard, 'arp-reply', NODE_1, lan(205), 0);
    answers(guard, VIRTUAL, [205], 10 * MINUTE + SECOND);
    expect(ticked(guard, 11 * MINUTE)).toEqual([]);
  });

  it('is judged by the sweeps alone once there was one: eight answers in a moment prove nothing more', () => {
    const guard = guardOf({}, assigned(205));
    swept(guard, 0);
    live(guard);
    answers(guard, ROUTER, [205], 91 * SECOND);
    expect(told(ticked(guard, 93 * SECOND))).toEqual([`opened contested 192.0.2.205 ${ROUTER}`]);
  });

  it('keeps its conflict when the rule is found late', () => {
    const guard = guardOf({}, assigned(205));
    for (const last of [205, 206]) heard(guard, 'arp-reply', ROUTER, lan(last), 0, { solicited: false });
    sleepers(guard);
    expect(openConflicts(guard)).toMatchObject([{ kind: 'contested', address: lan(205) }]);
  });
});

describe('a stand-in all of whose answers are in the pools', () => {
  it('is none, once a sweep could have heard others', () => {
    const guard = guardOf();
    setStandIns(guard, 'lan', [ROUTER]);
    answers(guard, ROUTER, [205]);
    expect(ticked(guard, 2 * SECOND)).toEqual([]);
    swept(guard, 3 * SECOND);
    answers(guard, ROUTER, [205], MINUTE);
    expect(told(ticked(guard, 2 * MINUTE))).toEqual([`opened squatter 192.0.2.205 ${ROUTER}`]);
    answers(guard, ROUTER, [10, 205], 3 * MINUTE);
    expect(openConflicts(guard)).toEqual([]);
  });

  it.each([
    ['three', 3, 1],
    ['four', 4, 0],
  ])('is none in a segment that is mostly pool with %s answers outside', (_name, outside, raised) => {
    const guard = guardOf({}, { ...VIEW, pools: [{ name: 'most', addresses: setOf('192.0.2.10-192.0.2.255') }] });
    setStandIns(guard, 'lan', [ROUTER]);
    answers(guard, ROUTER, [...span(2, outside), 205]);
    expect(ticked(guard, 2 * SECOND)).toHaveLength(raised);
  });

  it('is forgotten with its segment', () => {
    const guard = guardOf();
    setStandIns(guard, 'lan', [ROUTER]);
    heard(guard, 'arp-announcement', '00:00:5e:00:01:0a' as Mac, lan(1), 0);
    keepSegments(guard, [], T);
    setSegments(guard, [LAN], T);
    answers(guard, ROUTER, [205]);
    answers(guard, '00:00:5e:00:01:0a' as Mac, [206]);
    expect(ticked(guard, 2 * SECOND)).toHaveLength(2);
  });
});
