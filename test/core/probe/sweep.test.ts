import { describe, expect, it } from 'vitest';
import type { Ipv4 } from '../../../src/core/address/ipv4.ts';
import { formatRange } from '../../../src/core/address/range.ts';
import { addressesOf } from '../../../src/core/address/range-set.ts';
import {
  createSweep,
  finish,
  macsFor,
  nextStep,
  noteReply,
  noteSent,
  progress,
  type Sweep,
} from '../../../src/core/probe/sweep.ts';
import type { SweepPlan, SweepResult, WireHealth } from '../../../src/core/probe/types.ts';
import { type Host, ip, mac, planOf, prompt, type Run, runToEnd, type Surroundings, seeded, setOf } from './simulated-lan.ts';

const HEALTHY: WireHealth = { kernelDrops: 0, fault: null };
const LAN = setOf('192.0.2.1-192.0.2.254');
const GATEWAY = ip('192.0.2.1');

interface Outcome extends Run {
  readonly sweep: Sweep;
  readonly result: SweepResult;
}

function run(plan: SweepPlan, surroundings: Surroundings = {}, health = HEALTHY, seed = 1): Outcome {
  const sweep = createSweep(plan, 0, seeded(seed));
  const ended = runToEnd(
    {
      next: (nowMs) => nextStep(sweep, nowMs),
      sent: (probes, count, nowMs) => noteSent(sweep, probes, count, nowMs),
      reply: (address, from, nowMs) => noteReply(sweep, address, from, nowMs),
    },
    surroundings,
  );
  return { ...ended, sweep, result: finish(sweep, health, ended.endMs) };
}

const hosts = (...entries: readonly (readonly [string, Host])[]) => new Map(entries.map(([text, host]) => [ip(text), host]));
const withGateway = (...entries: readonly (readonly [string, Host])[]) => hosts(['192.0.2.1', prompt(1)], ...entries);
const framesFor = (outcome: Run, text: string) => outcome.sent.filter(({ address }) => address === ip(text));

describe('a sweep of a /24 at 500 a second', () => {
  it('is complete in less than 1.95 s where nobody is missed', () => {
    const live = new Map([...addressesOf(setOf('192.0.2.1-192.0.2.5'))].map((address, i) => [address, prompt(i)]));
    const { endMs, result } = run(planOf({ targets: LAN, controls: new Set([GATEWAY]), recent: new Set(live.keys()) }), {
      hosts: live,
      late: () => 0.5,
    });
    expect(endMs).toBeLessThan(1_950);
    expect(result).toMatchObject({
      valid: true,
      answered: 5,
      probesPlanned: 254 + 249 + 1,
      probesSent: 254 + 249 + 1,
      sendFailures: 0,
    });
    expect(result.looked.map(formatRange)).toEqual(['192.0.2.1-192.0.2.254']);
  });

  it('is complete in less than 2 s with ten recent hosts silent and timers a millisecond late', () => {
    const recent = new Set(addressesOf(setOf('192.0.2.100-192.0.2.109')));
    const { endMs, result } = run(planOf({ targets: LAN, controls: new Set([GATEWAY]), recent }), {
      hosts: withGateway(),
      late: () => 1,
    });
    expect(result).toMatchObject({ valid: true, answered: 1, probesSent: 254 + 253 + 20 + 1 });
    expect(endMs).toBeLessThan(2_000);
  });

  it('starts the requests right after the last first probe', () => {
    const { sent } = run(planOf({ targets: LAN }), { hosts: withGateway() });
    const lastProbe = sent.findLast(({ kind, again }) => kind === 'probe' && !again);
    const firstRequest = sent.find(({ kind }) => kind === 'request');
    expect((firstRequest?.atMs ?? 0) - (lastProbe?.atMs ?? 0)).toBeLessThan(4);
  });

  it('gives everyone 100 ms to answer before the request, even at rate max', () => {
    const { sent, result } = run(planOf({ targets: LAN, rate: 'max' }), {
      hosts: withGateway(['192.0.2.30', prompt(3, { delayMs: 99 })], ['192.0.2.31', prompt(4, { delayMs: 102 })]),
    });
    const asked = sent.filter(({ kind }) => kind === 'request');
    expect(Math.min(...asked.map(({ atMs }) => atMs))).toBeGreaterThanOrEqual(100);
    expect(asked).toHaveLength(252);
    expect(result).toMatchObject({ valid: true, answered: 3, probesSent: 254 + 252 + 2 });
  });

  it('asks controls and recent hosts first', () => {
    const controls = new Set([GATEWAY]);
    const recent = new Set(['192.0.2.77', '192.0.2.200'].map(ip));
    const { sent } = run(planOf({ targets: LAN, controls, recent }), { hosts: withGateway() });
    expect(new Set(sent.slice(0, 3).map(({ address }) => address))).toEqual(new Set([GATEWAY, ...recent]));
  });
});

describe('hosts of all tempers', () => {
  it('hears one that takes 1.2 s', () => {
    const recent = new Set([ip('192.0.2.40')]);
    const { result, sweep } = run(planOf({ targets: LAN, recent }), {
      hosts: withGateway(['192.0.2.40', prompt(4, { delayMs: 1_200 })]),
    });
    expect(result.answered).toBe(2);
    expect(macsFor(sweep, ip('192.0.2.40'))).toEqual({ macs: [mac(4)], more: false });
  });

  it('hears one that drops two frames of three', () => {
    for (let phase = 0; phase < 3; phase++) {
      const lossy = prompt(5, { answers: (nth) => nth % 3 === phase });
      const { result } = run(planOf({ targets: LAN, recent: new Set([ip('192.0.2.50')]) }), {
        hosts: withGateway(['192.0.2.50', lossy]),
      });
      expect(result.answered).toBe(2);
    }
  });

  it('hears one that answers only ordinary requests of neighbours', () => {
    const shy = prompt(6, { answers: (_nth, kind) => kind === 'request' });
    expect(run(planOf({ targets: LAN }), { hosts: withGateway(['192.0.2.60', shy]) }).result.answered).toBe(2);
    expect(run(planOf({ targets: LAN, askSilent: false }), { hosts: withGateway(['192.0.2.60', shy]) }).result.answered).toBe(1);
  });

  it('gives a recent silent one every retry, each after its patience, and waits for the last', () => {
    const outcome = run(planOf({ targets: LAN, recent: new Set([ip('192.0.2.70')]) }), { hosts: withGateway() });
    const probes = framesFor(outcome, '192.0.2.70').filter(({ kind }) => kind === 'probe');
    expect(probes).toHaveLength(3);
    const [first, second, third] = probes.map(({ atMs }) => atMs);
    if (first === undefined || second === undefined || third === undefined) throw new Error('unreachable');
    expect(second - first).toBeGreaterThanOrEqual(300);
    expect(second - first).toBeLessThan(310);
    expect(third - second).toBeGreaterThanOrEqual(700);
    expect(third - second).toBeLessThan(710);
    expect(outcome.endMs - third).toBeGreaterThanOrEqual(900);
  });

  it('asks one that answered no more, and others only twice', () => {
    const outcome = run(planOf({ targets: LAN, recent: new Set([GATEWAY]) }), { hosts: withGateway() });
    expect(framesFor(outcome, '192.0.2.1').filter(({ again }) => !again)).toHaveLength(1);
    expect(framesFor(outcome, '192.0.2.90').map(({ kind }) => kind)).toEqual(['probe', 'request']);
  });

  it('keeps both MACs of one address', () => {
    const two = prompt(7, { macs: [mac(7), mac(8)] });
    const { result, sweep } = run(planOf({ targets: LAN }), { hosts: withGateway(['192.0.2.80', two]) });
    expect(macsFor(sweep, ip('192.0.2.80')).macs).toEqual([mac(7), mac(8)]);
    expect(result).toMatchObject({ answered: 2, repliesReceived: 3 + 2 });
  });

  it('names a router that answers for everything', () => {
    const proxy = new Map([...addressesOf(LAN)].map((address) => [address, prompt(9)]));
    const { result } = run(planOf({ targets: LAN }), { hosts: proxy });
    expect(result).toMatchObject({ valid: true, answered: 254, standIns: [{ mac: mac(9), addresses: 254 }] });
  });

  it('ignores answers from addresses that were not asked', () => {
    const { sweep, result } = run(planOf({ targets: setOf('192.0.2.1-192.0.2.9') }), { hosts: withGateway() });
    noteReply(sweep, ip('192.0.2.200'), mac(3), 0);
    expect(macsFor(sweep, ip('192.0.2.200'))).toEqual({ macs: [], more: false });
    expect(result.repliesReceived).toBe(2);
  });
});

describe('a sweep by ICMP', () => {
  it('sends echoes only, retries included', () => {
    const plan = planOf({
      targets: setOf('198.51.100.1-198.51.100.50'),
      method: 'icmp',
      rate: 100,
      recent: new Set([ip('198.51.100.9')]),
    });
    const { sent, result } = run(plan, { hosts: hosts(['198.51.100.3', prompt(1)]) });
    expect(new Set(sent.map(({ kind }) => kind))).toEqual(new Set(['echo']));
    expect(result).toMatchObject({ method: 'icmp', valid: true, probesSent: 52 + 1 });
  });

  it('counts an answer without a MAC', () => {
    const sweep = createSweep(planOf({ targets: setOf('198.51.100.1'), method: 'icmp' }), 0, seeded(1));
    noteReply(sweep, ip('198.51.100.1'), null, 0);
    expect(progress(sweep).answered).toBe(1);
  });
});

describe('a sweep that proves nothing', () => {
  const controls = new Set([GATEWAY]);

  it('control silent: others may have answered', () => {
    const { result } = run(planOf({ targets: LAN, controls }), { hosts: hosts(['192.0.2.7', prompt(7)]) });
    expect(result).toMatchObject({
      valid: false,
      invalidReason: 'control-silent',
      looked: [],
      controls: { asked: 1, answered: 0 },
      answered: 1,
    });
  });

  it.each<[string, WireHealth]>([
    ['link-down', { kernelDrops: 0, fault: 'link-down' }],
    ['kernel-drops', { kernelDrops: 1, fault: null }],
    ['aborted', { kernelDrops: 0, fault: 'aborted' }],
  ])('%s', (reason, health) => {
    const { result } = run(planOf({ targets: LAN, controls }), { hosts: withGateway() }, health);
    expect(result).toMatchObject({ valid: false, invalidReason: reason, looked: [], answered: 1 });
  });

  it('finished before it was done', () => {
    const sweep = createSweep(planOf({ targets: LAN }), 0, seeded(1));
    noteReply(sweep, GATEWAY, mac(1), 0);
    expect(finish(sweep, HEALTHY, 0)).toMatchObject({ valid: false, invalidReason: 'aborted', probesSent: 0, looked: [] });
  });

  it('finished while the last answers may still be under way', () => {
    const { sweep, endMs } = run(planOf({ targets: LAN }), { hosts: withGateway() });
    expect(finish(sweep, HEALTHY, endMs - 1)).toMatchObject({ valid: false, invalidReason: 'aborted' });
  });

  it('counts a control only where its probe left', () => {
    const stuck = (probes: readonly { readonly address: Ipv4 }[]) =>
      probes.some(({ address }) => address === GATEWAY) ? 0 : probes.length;
    const sweep = createSweep(planOf({ targets: LAN, controls, askSilent: false }), 0, seeded(1));
    noteReply(sweep, GATEWAY, mac(1), 0);
    const { endMs } = runToEnd(
      {
        next: (nowMs) => nextStep(sweep, nowMs),
        sent: (probes, count, nowMs) => noteSent(sweep, probes, count, nowMs),
        reply: () => undefined,
      },
      { link: stuck },
    );
    expect(finish(sweep, HEALTHY, endMs)).toMatchObject({
      valid: false,
      invalidReason: 'control-silent',
      probesSent: 253,
      controls: { asked: 0, answered: 0 },
    });
  });

  it('nothing left: it gives up after 2 s instead of trying each address', () => {
    const { result, endMs } = run(planOf({ targets: LAN, controls }), { link: () => 0 });
    expect(result).toMatchObject({ valid: false, invalidReason: 'send-failed', probesSent: 0 });
    expect(result.sendFailures).toBeGreaterThanOrEqual(10);
    expect(endMs).toBeGreaterThanOrEqual(2_000);
    expect(endMs).toBeLessThan(2_100);
  });

  it('an empty plan', () => {
    const { result, endMs } = run(planOf({ targets: [] }));
    expect(result).toMatchObject({ valid: false, invalidReason: 'no-targets', probesPlanned: 0 });
    expect(endMs).toBe(0);
  });

  it('a plan larger than a /16 is refused', () => {
    expect(() => createSweep(planOf({ targets: setOf('203.0.0.0/15') }), 0, seeded(1))).toThrow(RangeError);
  });
});

describe('frames that the link refuses', () => {
  const full = planOf({ targets: setOf('198.51.100.0/24', '203.0.113.0/24'), rate: 'max', askSilent: false });
  const someone = new Map([[ip('198.51.100.1'), prompt(1)]]);

  it('come again: a full queue costs time, not addresses', () => {
    const { sent, result } = run(full, {
      hosts: someone,
      link: (probes) => Math.min(probes.length, 7),
    });
    expect(result).toMatchObject({ valid: true, probesSent: 513, probesPlanned: 513 });
    expect(new Set(sent.map(({ address }) => address)).size).toBe(512);
    expect(result.sendFailures).toBeGreaterThan(0);
    expect(result.sendFailures).toBeLessThan(512 * 5);
  });

  it('are followed by a pause, so that no driver spins on a full queue', () => {
    const sweep = createSweep(full, 0, seeded(1));
    const step = nextStep(sweep, 0);
    if (step.kind !== 'send') throw new Error('expected a send');
    noteSent(sweep, step.probes, 3, 0);
    expect(nextStep(sweep, 0)).toEqual({ kind: 'wait', untilMs: 1 });
    expect(nextStep(sweep, 1)).toMatchObject({ kind: 'send', probes: step.probes.slice(3, 6) });
  });

  it('are no looks: one address that never leaves is not looked at, the others are', () => {
    const never = ip('198.51.100.77');
    const stuck = (probes: readonly { readonly address: Ipv4 }[]) => {
      const at = probes.findIndex(({ address }) => address === never);
      return at < 0 ? probes.length : at;
    };
    const { result, handed } = run(full, { hosts: someone, link: stuck });
    expect(handed.filter(({ address }) => address === never)).toHaveLength(5);
    expect(result).toMatchObject({ valid: true, probesSent: 512 });
    expect(result.looked.map(formatRange)).toEqual([
      '198.51.100.0-198.51.100.76',
      '198.51.100.78-198.51.100.255',
      '203.0.113.0-203.0.113.255',
    ]);
  });

  it('are reported once: a second or foreign report changes nothing', () => {
    const sweep = createSweep(full, 0, seeded(1));
    const step = nextStep(sweep, 0);
    if (step.kind !== 'send') throw new Error('expected a send');
    noteSent(sweep, [...step.probes], step.probes.length, 0);
    expect(progress(sweep).probesSent).toBe(0);
    noteSent(sweep, step.probes, 512, 0);
    noteSent(sweep, step.probes, 512, 0);
    expect(progress(sweep).probesSent).toBe(512);
  });

  it('a step that nobody reports is not taken for sent', () => {
    const sweep = createSweep(full, 0, seeded(1));
    nextStep(sweep, 0);
    nextStep(sweep, 5);
    expect(progress(sweep).probesSent).toBe(0);
    expect(finish(sweep, HEALTHY, 10)).toMatchObject({ valid: false, sendFailures: 512 });
  });
});

describe('progress', () => {
  it('plans one probe and one request for each target, and counts down as hosts answer', () => {
    const sweep = createSweep(planOf({ targets: LAN }), 0, seeded(1));
    expect(progress(sweep)).toEqual({ probesSent: 0, probesPlanned: 508, answered: 0 });
    noteReply(sweep, GATEWAY, mac(1), 0);
    noteReply(sweep, GATEWAY, mac(2), 0);
    expect(progress(sweep)).toEqual({ probesSent: 0, probesPlanned: 507, answered: 1 });
  });

  it('ends with everything that was planned', () => {
    const { result } = run(planOf({ targets: LAN, recent: new Set([ip('192.0.2.9')]) }), { hosts: withGateway() });
    expect(result.probesSent).toBe(result.probesPlanned);
  });
});
