import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ipv4 } from '../../../src/core/address/ipv4.ts';
import { addressesOf, rangeSetOfAddresses, setContains } from '../../../src/core/address/range-set.ts';
import { createSweep, finish, nextStep, noteReply, noteSent } from '../../../src/core/probe/sweep.ts';
import { busiestWindow, type Host, ip, mac, planOf, runToEnd, seeded } from './simulated-lan.ts';

const BASE = ip('198.51.100.0');

/** A LAN and a link of any kind: who answers, when and to what; what the link refuses; how late the driver is. */
const world = fc.record({
  seed: fc.integer(),
  offsets: fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 120 }),
  rate: fc.oneof(fc.integer({ min: 20, max: 5_000 }), fc.constant('max' as const)),
  hostShare: fc.double({ min: 0, max: 1, noNaN: true }),
  recentShare: fc.double({ min: 0, max: 1, noNaN: true }),
  lossShare: fc.double({ min: 0, max: 1, noNaN: true }),
  /** Share of the steps that the link takes only in part. */
  refusals: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true })),
  patience: fc.constantFrom<readonly number[]>([], [200], [300, 700, 900]),
  method: fc.constantFrom('arp' as const, 'icmp' as const),
  askSilent: fc.boolean(),
  lateMs: fc.constantFrom(0, 1, 30, 250),
});

type World = typeof world extends fc.Arbitrary<infer World> ? World : never;

function simulate(given: World, dead?: readonly [number, number]) {
  const random = seeded(given.seed);
  const addresses = given.offsets.map((offset) => (BASE + offset) as Ipv4);
  const hosts = new Map<Ipv4, Host>();
  for (const address of addresses) {
    if (random() < given.hostShare) {
      hosts.set(address, { macs: [mac(address & 0xffff)], delayMs: random() * 400, answers: () => random() >= given.lossShare });
    }
  }
  const recent = new Set(addresses.filter(() => random() < given.recentShare));
  const plan = planOf({
    targets: rangeSetOfAddresses(addresses),
    recent,
    controls: new Set([...recent].slice(0, 3)),
    rate: given.rate,
    retryPatienceMs: given.patience,
    method: given.method,
    askSilent: given.askSilent,
  });
  const sweep = createSweep(plan, 0, random);
  const ended = runToEnd(
    {
      next: (nowMs) => nextStep(sweep, nowMs),
      sent: (probes, count, nowMs) => noteSent(sweep, probes, count, nowMs),
      reply: (address, from, nowMs) => noteReply(sweep, address, from, nowMs),
    },
    {
      hosts,
      link: (probes) => (random() < given.refusals ? Math.floor(random() * probes.length) : probes.length),
      late: () => random() * given.lateMs,
      ...(dead === undefined ? {} : { dead }),
    },
  );
  return { plan, recent, addresses, ...ended, result: finish(sweep, { kernelDrops: 0, fault: null }, ended.endMs) };
}

describe('whatever the hosts, the link and the event loop do', () => {
  it('a sweep ends, looks only at what it asked, and counts what really left', () => {
    fc.assert(
      fc.property(world, (given) => {
        const { plan, result, sent, handed, addresses, endMs } = simulate(given);
        const asked = new Set(sent.map(({ address }) => address));
        for (const address of addressesOf(result.looked)) expect(asked.has(address)).toBe(true);
        if (result.valid) {
          expect([...addressesOf(result.looked)]).toEqual([...asked].sort((a, b) => a - b));
          expect(asked.size).toBeGreaterThanOrEqual(addresses.length * 0.9);
          expect(result.answered).toBeGreaterThan(0);
          expect(endMs - (sent.findLast(({ again }) => !again)?.atMs ?? 0)).toBeGreaterThanOrEqual(plan.settleMs);
        } else {
          expect(result.looked).toEqual([]);
        }
        expect(result.probesSent).toBe(sent.length);
        expect(result.sendFailures).toBe(handed.length - sent.length);
        for (const { address } of handed) expect(setContains(plan.targets, address)).toBe(true);
        const frames = addresses.length * (given.patience.length + 2) * 5 + 3 * 16 * 5;
        const interval = given.rate === 'max' ? 2 : 1_000 / given.rate;
        expect(endMs).toBeLessThan(frames * (interval + 2 * given.lateMs + 2) + 5_000);
      }),
      { numRuns: 200 },
    );
  });

  it('on a link that takes everything each target gets one first probe, and the recent silent ones all retries', () => {
    fc.assert(
      fc.property(world, (given) => {
        const { plan, recent, sent, addresses, result } = simulate({ ...given, refusals: 0 });
        const first = new Set<Ipv4>();
        const frames = new Map<string, number>();
        for (const { address, kind, again } of sent) {
          if (again) continue;
          first.add(address);
          frames.set(`${kind} ${address}`, (frames.get(`${kind} ${address}`) ?? 0) + 1);
        }
        expect(first.size).toBe(addresses.length);
        const kind = plan.method === 'icmp' ? 'echo' : 'probe';
        const silent = given.hostShare === 0;
        for (const address of addresses) {
          const tries = frames.get(`${kind} ${address}`) ?? 0;
          const most = recent.has(address) ? Math.max(1, given.patience.length) : 1;
          expect(tries).toBeGreaterThanOrEqual(silent ? most : 1);
          expect(tries).toBeLessThanOrEqual(most);
          const requests = frames.get(`request ${address}`) ?? 0;
          expect(requests).toBeLessThanOrEqual(plan.askSilent && plan.method === 'arp' ? 1 : 0);
        }
        expect(result.probesPlanned).toBe(result.probesSent);
      }),
      { numRuns: 100 },
    );
  });

  it('the rate holds in every window, retries and refused frames included', () => {
    fc.assert(
      fc.property(world, fc.integer({ min: 20, max: 5_000 }), fc.constantFrom(50, 100, 500), (given, rate, windowMs) => {
        const { handed } = simulate({ ...given, rate });
        expect(busiestWindow(handed, windowMs)).toBeLessThanOrEqual((rate * windowMs) / 1_000 + Math.max(1, rate * 0.004) + 2);
      }),
      { numRuns: 100 },
    );
  });
});
