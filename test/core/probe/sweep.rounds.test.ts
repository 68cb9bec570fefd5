import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ipv4 } from '../../../src/core/address/ipv4.ts';
import { addressesOf } from '../../../src/core/address/range-set.ts';
import { createSweep, finish, nextStep, noteReply, noteSent, progress } from '../../../src/core/probe/sweep.ts';
import type { SweepPlan } from '../../../src/core/probe/types.ts';
import { type Host, ip, mac, planOf, prompt, runToEnd, type Surroundings, seeded, setOf } from './simulated-lan.ts';

const LAN = setOf('192.0.2.1-192.0.2.254');
const GATEWAY = ip('192.0.2.1');
const HOST = ip('192.0.2.77');
const HEALTHY = { kernelDrops: 0, fault: null };

function run(changes: Partial<SweepPlan>, surroundings: Surroundings, seed = 1) {
  const sweep = createSweep(planOf({ targets: LAN, ...changes }), 0, seeded(seed));
  const ended = runToEnd(
    {
      next: (nowMs) => nextStep(sweep, nowMs),
      sent: (probes, count, nowMs) => noteSent(sweep, probes, count, nowMs),
      reply: (address, from, nowMs) => noteReply(sweep, address, from, nowMs),
    },
    surroundings,
  );
  const others = ended.sent.filter(({ again }) => !again);
  return {
    ...ended,
    sweep,
    again: ended.sent.filter(({ again }) => again),
    lastOtherMs: others.at(-1)?.atMs ?? 0,
    result: finish(sweep, HEALTHY, ended.endMs),
  };
}

const lan = (...entries: readonly (readonly [Ipv4, Partial<Host>])[]): ReadonlyMap<Ipv4, Host> =>
  new Map(entries.map(([address, changes]) => [address, prompt(address & 0xff, changes)]));
const NOBODY = new Set<Ipv4>();
const FOR_EVER = Number.POSITIVE_INFINITY;
/** Ten hosts, the gateway among them; at 5 a second a sweep of theirs takes 50 s, and 100 s with the requests. */
const TEN = lan(...[...addressesOf(setOf('192.0.2.1-192.0.2.10'))].map((address) => [address, {}] as const));

describe('the closing round', () => {
  it('asks the control after everything else, and costs no time where it answers at once', () => {
    for (const rate of [500, 'max'] as const) {
      for (const settleMs of [20, 700]) {
        const { again, endMs, lastOtherMs, result } = run({ controls: new Set([GATEWAY]), rate, settleMs }, { hosts: TEN });
        expect(result).toMatchObject({ valid: true, controls: { asked: 1, answered: 1 } });
        expect(again).toEqual([{ address: GATEWAY, kind: 'probe', again: true, atMs: expect.any(Number) }]);
        expect(again[0]?.atMs).toBeGreaterThan(lastOtherMs);
        expect(endMs).toBe(lastOtherMs + settleMs);
      }
    }
  });

  it('adds no time to one pass over a /16 at rate max', () => {
    const targets = setOf('198.51.0.0/16');
    const live = new Map([...addressesOf(setOf('198.51.7.0/24'))].map((address) => [address, prompt(1, { delayMs: 0.2 })]));
    const { endMs, lastOtherMs, again, result } = run({ targets, rate: 'max', askSilent: false, settleMs: 20 }, { hosts: live });
    expect(result).toMatchObject({ valid: true, answered: 256, probesSent: 65_536 + 8, probesPlanned: 65_536 + 8 });
    expect(again).toHaveLength(8);
    expect(endMs).toBe(lastOtherMs + 20);
  });

  it.each<[string, Partial<SweepPlan>, ReadonlyMap<Ipv4, Host>]>([
    ['a prompt control', { controls: new Set([GATEWAY]) }, lan([GATEWAY, {}])],
    ['a control that takes 1.5 s', { controls: new Set([GATEWAY]) }, lan([GATEWAY, { delayMs: 1_500 }])],
    ['a control that drops two of three', { controls: new Set([GATEWAY]) }, lan([GATEWAY, { answers: (nth) => nth % 3 === 1 }])],
    ['a control that answers only requests', { controls: new Set([HOST]) }, lan([HOST, { answers: (_n, k) => k === 'request' }])],
    ['no control known, one host', {}, lan([HOST, {}])],
    ['no control known, one slow host', {}, lan([HOST, { delayMs: 1_200 }])],
    ['one of three controls left', { controls: new Set([GATEWAY, HOST, ip('192.0.2.9')]) }, lan([HOST, {}])],
    ['a stand-in and nobody else', {}, new Map([...addressesOf(LAN)].map((address) => [address, prompt(9)]))],
  ])('%s: still valid', (_name, changes, hosts) => {
    const { result, endMs, lastOtherMs, again } = run({ ...changes, recent: changes.controls ?? NOBODY }, { hosts });
    expect(result).toMatchObject({ valid: true, probesPlanned: result.probesSent });
    expect(endMs).toBeLessThanOrEqual((again[0]?.atMs ?? 0) + 2_000);
    expect(endMs).toBeGreaterThanOrEqual(lastOtherMs + 700);
  });

  it('by ICMP sends echoes', () => {
    const { again, result } = run({ method: 'icmp', controls: new Set([GATEWAY]) }, { hosts: TEN });
    expect(result.valid).toBe(true);
    expect(again.map(({ kind, address }) => [kind, address])).toEqual([['echo', GATEWAY]]);
  });

  it('gives up 2 s after its first frame, three frames a control, 300 ms apart', () => {
    const { again, endMs, result } = run(
      { controls: new Set([GATEWAY]) },
      { hosts: lan([GATEWAY, { answers: (nth) => nth === 1 }]) },
    );
    const firstMs = again[0]?.atMs ?? 0;
    expect(again.map(({ atMs }) => Math.round((atMs - firstMs) / 100))).toEqual([0, 3, 6]);
    expect(endMs).toBe(firstMs + 2_000);
    expect(result).toMatchObject({
      valid: false,
      invalidReason: 'control-silent',
      controls: { asked: 1, answered: 1 },
      looked: [],
    });
  });

  it('takes only an answer that is heard after it asked', () => {
    const sweep = createSweep(planOf({ targets: setOf('192.0.2.1'), askSilent: false, settleMs: 10 }), 0, () => 0);
    const first = nextStep(sweep, 0);
    if (first.kind !== 'send') throw new Error('expected the probe');
    noteSent(sweep, first.probes, 1, 0);
    noteReply(sweep, GATEWAY, mac(1), 1);
    const closing = nextStep(sweep, 5);
    if (closing.kind !== 'send') throw new Error('expected the closing ask');
    noteSent(sweep, closing.probes, 1, 5);
    noteReply(sweep, GATEWAY, mac(1), 4.9);
    expect(nextStep(sweep, 10)).toEqual({ kind: 'wait', untilMs: 20 });
    expect(finish(sweep, HEALTHY, 10)).toMatchObject({ invalidReason: 'aborted' });
    noteReply(sweep, GATEWAY, mac(1), 12);
    expect(nextStep(sweep, 20)).toEqual({ kind: 'done' });
    expect(finish(sweep, HEALTHY, 20)).toMatchObject({ valid: true, probesSent: 2, probesPlanned: 2 });
  });

  it('needs a quarter of four or more', () => {
    const controls = new Set(addressesOf(setOf('192.0.2.1-192.0.2.8')));
    const answering = (count: number) =>
      lan(...[...controls].map((address, i) => [address, { answers: (nth: number) => nth === 1 || i < count }] as const));
    expect(run({ controls }, { hosts: answering(1) }).result.invalidReason).toBe('control-silent');
    expect(run({ controls }, { hosts: answering(2) }).result.valid).toBe(true);
  });

  it('asks the newest answers where no control is known, and no stand-in where others are there', () => {
    const proxy = new Map([...addressesOf(LAN)].map((address) => [address, prompt(9)]));
    for (const number of [20, 30, 40]) proxy.set((GATEWAY + number) as Ipv4, prompt(number));
    const { again, result } = run({ rate: 'max', askSilent: false }, { hosts: proxy });
    expect(result.standIns).toHaveLength(1);
    expect(new Set(again.map(({ address }) => address))).toEqual(new Set([21, 31, 41].map((last) => ip(`192.0.2.${last}`))));
    const many = run(
      { rate: 'max', askSilent: false },
      { hosts: lan(...[...TEN.keys()].map((address) => [address, {}] as const)) },
    );
    expect(many.again).toHaveLength(8);
  });

  it('asks no more than it has time for at a low rate', () => {
    const plan = { targets: setOf('192.0.2.1-192.0.2.12'), rate: 1, askSilent: false, controls: new Set(TEN.keys()) };
    const { again, result, lastOtherMs } = run(plan, { hosts: TEN });
    expect(again.filter(({ atMs }) => atMs > lastOtherMs)).toHaveLength(1);
    expect(result.valid).toBe(true);
  });

  it('asks whoever answers first while the sweep settles, and costs no time there either', () => {
    const { endMs, lastOtherMs, again, result } = run(
      { targets: setOf('192.0.2.0/24'), rate: 'max', askSilent: false, settleMs: 100 },
      { hosts: lan([HOST, { delayMs: 15 }]) },
    );
    expect(again).toHaveLength(1);
    expect(result.valid).toBe(true);
    expect(endMs).toBe(lastOtherMs + 100);
  });

  it('does not take an answer heard while the link refused its frame', () => {
    const sweep = createSweep(planOf({ targets: setOf('192.0.2.1'), askSilent: false, settleMs: 10, rate: 'max' }), 0, () => 0);
    const take = (nowMs: number, sentCount: number) => {
      const step = nextStep(sweep, nowMs);
      if (step.kind !== 'send') throw new Error(`expected a frame at ${nowMs}`);
      noteSent(sweep, step.probes, sentCount, nowMs);
    };
    take(0, 1);
    noteReply(sweep, GATEWAY, mac(1), 1);
    const refused = nextStep(sweep, 5);
    if (refused.kind !== 'send') throw new Error('expected the closing ask');
    noteReply(sweep, GATEWAY, mac(1), 6);
    noteSent(sweep, refused.probes, 0, 6);
    noteReply(sweep, GATEWAY, mac(1), 7);
    take(30, 1);
    expect(finish(sweep, HEALTHY, 2_030)).toMatchObject({ invalidReason: 'control-silent', probesSent: 2 });
    noteReply(sweep, GATEWAY, mac(1), 31);
    expect(finish(sweep, HEALTHY, 31)).toMatchObject({ valid: true, probesSent: 2, probesPlanned: 2, sendFailures: 1 });
  });

  it('that the link refuses is no answer: the sweep was not sent', () => {
    const link: Surroundings['link'] = (probes) =>
      probes.some((probe) => 'control' in probe && probe.control !== null) ? 0 : probes.length;
    const { result, sent, handed } = run({ controls: new Set([GATEWAY]) }, { hosts: TEN, link });
    expect(result).toMatchObject({
      valid: false,
      invalidReason: 'send-failed',
      probesSent: sent.length,
      probesPlanned: sent.length,
    });
    expect(handed.filter(({ again }) => again)).toHaveLength(5);
  });

  it('is in the progress', () => {
    const { sweep, again, sent } = run({ controls: new Set([GATEWAY]) }, { hosts: TEN });
    expect(again).toHaveLength(1);
    expect(progress(sweep)).toMatchObject({ probesSent: sent.length, probesPlanned: sent.length });
  });
});

describe('rounds of a long sweep', () => {
  const SLOW = { rate: 5, controls: new Set([GATEWAY]), askSilent: false };

  it('come every 10 s', () => {
    const { again, result, endMs } = run(SLOW, { hosts: TEN });
    const gaps = again.map(({ atMs }, i) => atMs - (again[i - 1]?.atMs ?? 0));
    expect(result.valid).toBe(true);
    expect(again.length).toBeGreaterThanOrEqual(Math.floor(endMs / 11_000));
    expect(Math.max(...gaps)).toBeLessThan(11_000);
  });

  it.each<[string, Partial<SweepPlan>, readonly [number, number], 'control-silent' | null]>([
    ['all well', SLOW, [0, 0], null],
    ['everyone silent after half of it', SLOW, [25_000, FOR_EVER], 'control-silent'],
    ['everyone silent after half of it, no control known', { ...SLOW, controls: NOBODY }, [25_000, FOR_EVER], 'control-silent'],
    ['everyone silent after half of it, by ICMP', { ...SLOW, method: 'icmp' }, [25_000, FOR_EVER], 'control-silent'],
    ['everyone silent after half of it, requests follow', { ...SLOW, askSilent: true }, [25_000, FOR_EVER], 'control-silent'],
    ['everyone silent for 15 s in the middle', SLOW, [20_000, 35_000], 'control-silent'],
    ['everyone silent for 15 s, no control known', { ...SLOW, controls: NOBODY }, [20_000, 35_000], 'control-silent'],
    ['everyone silent while the last frames leave', SLOW, [50_000, FOR_EVER], 'control-silent'],
  ])('%s', (_name, changes, dead, expected) => {
    const { result } = run(changes, { hosts: TEN, dead });
    expect(result).toMatchObject({ valid: expected === null, invalidReason: expected, answered: expect.any(Number) });
    expect(result.answered).toBeGreaterThan(0);
  });

  it('a stalled event loop fails none: its answers are read late', () => {
    let asleep = false;
    const { result } = run(SLOW, {
      hosts: TEN,
      late: () => {
        asleep = !asleep;
        return asleep ? 0 : 3_000;
      },
    });
    expect(result.valid).toBe(true);
  });

  it('wherever the wire dies before the last frame, for good or for 13 s, the sweep proves nothing', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom<SweepPlan['rate']>(4, 20, 500, 'max'),
        (seed, share, forGood, known, rate) => {
          const plan = { rate, askSilent: false, controls: known ? new Set([GATEWAY, HOST]) : NOBODY };
          const hosts = new Map([...TEN, [HOST, prompt(77)]]);
          const whole = run(plan, { hosts }, seed);
          expect(whole.result.valid).toBe(true);
          const from = share * whole.lastOtherMs;
          // Shorter than a round and its answer, a failure may pass unseen.
          const dead = [from, forGood || whole.lastOtherMs - from < 13_000 ? FOR_EVER : from + 13_000] as const;
          // Where nobody is known and nobody was heard yet, an empty LAN and a dead one are the same.
          const heard = known || whole.sent.some(({ atMs, address }) => hosts.has(address) && atMs + 1 < from);
          const { result } = run(plan, { hosts, dead }, seed);
          if (heard || dead[1] === FOR_EVER) expect(result).toMatchObject({ valid: false, looked: [] });
        },
      ),
      { numRuns: 150 },
    );
  });
});
