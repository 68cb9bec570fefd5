import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIpv4, type Ipv4 } from '../../../src/core/address/ipv4.ts';
import type { Mac } from '../../../src/core/address/mac.ts';
import { formatRange } from '../../../src/core/address/range.ts';
import { setSize } from '../../../src/core/address/range-set.ts';
import {
  type Acd,
  type AcdFrame,
  type AcdOptions,
  type AcdResult,
  createAcd,
  finishAcd,
  MAX_ACD_TARGETS,
  nextAcdStep,
  noteAcdFrame,
  noteAcdSent,
} from '../../../src/core/probe/acd.ts';
import { MAX_PROBERS } from '../../../src/core/probe/probers.ts';
import type { WireHealth } from '../../../src/core/probe/types.ts';
import { busiestWindow, ip, mac, prompt, type Run, runToEnd, type Surroundings, seeded, setOf } from './simulated-lan.ts';

const HEALTHY: WireHealth = { kernelDrops: 0, fault: null };
const OURS = mac(0xfff);
const POOL = setOf('203.0.113.10-203.0.113.19');

interface Outcome extends Run {
  readonly acd: Acd;
  readonly result: AcdResult;
}

function run(options: Partial<AcdOptions> = {}, surroundings: Surroundings = {}, health = HEALTHY): Outcome {
  const acd = createAcd({ targets: POOL, ourMac: OURS, random: seeded(1), nowMs: 0, ...options });
  const ended = runToEnd(
    {
      next: (nowMs) => nextAcdStep(acd, nowMs),
      sent: (probes, count, nowMs) => noteAcdSent(acd, probes, count, nowMs),
      reply: (address, from, nowMs) => noteAcdFrame(acd, frame('reply', from, address, ip('192.0.2.99')), nowMs),
    },
    surroundings,
  );
  return { ...ended, acd, result: finishAcd(acd, health, ended.endMs) };
}

const frame = (kind: AcdFrame['kind'], senderMac: Mac, senderAddress: Ipv4, targetAddress: Ipv4): AcdFrame => ({
  kind,
  senderMac,
  senderAddress,
  targetAddress,
  answersUs: kind === 'reply',
});

const times = (outcome: Run, address: Ipv4, kind: 'probe' | 'request') =>
  outcome.sent.filter((sent) => sent.address === address && sent.kind === kind).map(({ atMs }) => atMs);

describe('an RFC 5227 run in silence', () => {
  it('takes 4 to 7 s for the whole range, and looks at every address', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 255 }), (seed, last) => {
        const targets = setOf(`203.0.113.0-203.0.113.${last}`);
        const { endMs, result } = run({ targets, random: seeded(seed) });
        expect(endMs).toBeGreaterThanOrEqual(4_000);
        expect(endMs).toBeLessThan(7_050);
        expect(result).toMatchObject({ valid: true, invalidReason: null, conflicts: [], unsent: [], probesSent: 4 * (last + 1) });
        expect(result.looked).toEqual(targets);
      }),
      { numRuns: 30 },
    );
  });

  it('keeps the timers of section 2.1.1 for each address', () => {
    const outcome = run({ targets: setOf('203.0.113.0/24') });
    const gaps: number[] = [];
    for (let offset = 0; offset < 256; offset++) {
      const address = (ip('203.0.113.0') + offset) as Ipv4;
      const probes = times(outcome, address, 'probe');
      const [first, second, third] = probes;
      if (first === undefined || second === undefined || third === undefined)
        throw new Error(`${formatIpv4(address)} got too few probes`);
      expect(probes).toHaveLength(3);
      expect(first).toBeLessThan(1_010);
      for (const gap of [second - first, third - second]) {
        expect(gap).toBeGreaterThanOrEqual(1_000);
        expect(gap).toBeLessThan(2_010);
        gaps.push(Math.floor((gap - 1_000) / 100));
      }
      expect(outcome.endMs - third).toBeGreaterThanOrEqual(2_000);
      const requests = times(outcome, address, 'request');
      expect(requests).toHaveLength(1);
      expect((requests[0] ?? 0) - third).toBeGreaterThanOrEqual(300);
      expect((requests[0] ?? 0) - third).toBeLessThan(1_000);
    }
    // Drawn anew for each probe: every tenth of the second between PROBE_MIN and PROBE_MAX occurs.
    expect(new Set(gaps).size).toBeGreaterThanOrEqual(10);
  });

  it('spreads a /20 within the time of one address, and never sends a burst', () => {
    const { sent, endMs, result } = run({ targets: setOf('203.0.96.0/20') }, { late: () => 1 });
    expect(result.valid).toBe(true);
    expect(setSize(result.looked)).toBe(4_096);
    expect(endMs).toBeLessThan(7_200);
    expect(busiestWindow(sent, 50)).toBeLessThanOrEqual(5_000 * 0.05 + 22);
  });

  it('keeps to a lower rate, and takes longer', () => {
    const { sent, endMs, result } = run({ targets: setOf('203.0.113.0/24'), maxRate: 100 });
    expect(busiestWindow(sent, 1_000)).toBeLessThanOrEqual(103);
    expect(result.valid).toBe(true);
    expect(endMs).toBeGreaterThan(10_000);
    expect(endMs - (sent.at(-1)?.atMs ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  it('spreads the first probes over a longer time on request', () => {
    const { sent } = run({ targets: setOf('203.0.113.0/24'), spreadMs: 5_000 });
    expect(busiestWindow(sent.slice(0, 60), 1_000)).toBeLessThan(90);
    expect(sent.at(-1)?.atMs).toBeGreaterThan(6_000);
  });
});

describe('a conflict', () => {
  const address = ip('203.0.113.12');
  const elsewhere = ip('192.0.2.1');

  it.each<[string, AcdFrame, AcdResult['conflicts']]>([
    ['a reply for it', frame('reply', mac(1), address, elsewhere), [{ address, mac: mac(1), kind: 'used' }]],
    ['an ordinary request from it', frame('request', mac(1), address, elsewhere), [{ address, mac: mac(1), kind: 'used' }]],
    ['an announcement of it', frame('announcement', mac(1), address, address), [{ address, mac: mac(1), kind: 'used' }]],
    [
      'a probe for it by somebody else',
      frame('probe', mac(1), ip('0.0.0.0'), address),
      [{ address, mac: mac(1), kind: 'probed' }],
    ],
    ['our own frame, echoed by an access point', frame('probe', OURS, ip('0.0.0.0'), address), []],
    ['our own announcement of it', frame('announcement', OURS, address, address), []],
    ['a request for it', frame('request', mac(1), elsewhere, address), []],
    ['a reply to it', frame('reply', mac(1), elsewhere, address), []],
    ['a probe for another address', frame('probe', mac(1), ip('0.0.0.0'), elsewhere), []],
  ])('%s', (_name, heard, expected) => {
    const { acd, endMs } = run();
    noteAcdFrame(acd, heard, endMs);
    expect(finishAcd(acd, HEALTHY, endMs)).toMatchObject({ conflicts: expected, framesHeard: expected.length });
  });

  it('ends the probing of that address alone, and takes it out of the looked', () => {
    const outcome = run({}, { hosts: new Map([[address, prompt(1, { macs: [mac(1), mac(2)] })]]) });
    expect(outcome.result.conflicts).toEqual([
      { address, mac: mac(1), kind: 'used' },
      { address, mac: mac(2), kind: 'used' },
    ]);
    expect(outcome.result.looked.map(formatRange)).toEqual(['203.0.113.10-203.0.113.11', '203.0.113.13-203.0.113.19']);
    expect(outcome.result.valid).toBe(true);
    expect(times(outcome, address, 'probe')).toHaveLength(1);
    expect(times(outcome, address, 'request')).toHaveLength(0);
    expect(times(outcome, ip('203.0.113.13'), 'probe')).toHaveLength(3);
  });

  it('is heard from a host that answers after 1.2 s, one that drops two of three, and one that answers only neighbours', () => {
    const hosts = new Map([
      [ip('203.0.113.10'), prompt(1, { delayMs: 1_200, answers: (nth) => nth === 3 })],
      [ip('203.0.113.11'), prompt(2, { answers: (nth) => nth === 3 })],
      [ip('203.0.113.12'), prompt(3, { answers: (_nth, kind) => kind === 'request', delayMs: 900 })],
    ]);
    expect(run({}, { hosts }).result.conflicts.map(({ mac: heard }) => heard)).toEqual([mac(1), mac(2), mac(3)]);
  });

  it('is listed once for each MAC and kind, and bounded for each address', () => {
    const { acd, endMs } = run();
    for (let number = 0; number < 100; number++) {
      noteAcdFrame(acd, frame('reply', mac(number % 50), address, elsewhere), endMs);
    }
    const { conflicts, framesHeard } = finishAcd(acd, HEALTHY, endMs);
    expect(conflicts).toHaveLength(16);
    expect(framesHeard).toBe(100);
  });

  it('is reported even where the run is not valid', () => {
    const hosts = new Map([[address, prompt(1)]]);
    const { result } = run({}, { hosts }, { kernelDrops: 2, fault: null });
    expect(result).toMatchObject({ valid: false, invalidReason: 'kernel-drops', looked: [], conflicts: [{ address }] });
  });
});

describe('a scanner beside us', () => {
  const targets = setOf('203.0.113.0/26');
  const scanner = mac(0x50);
  const stranger = mac(0x60);
  const probeOf = (from: Mac, address: Ipv4) => frame('probe', from, ip('0.0.0.0'), address);
  /** Runs to the end with these frames heard while the first probes leave. */
  const hear = (frames: readonly AcdFrame[], options: Partial<AcdOptions> = {}) => {
    const acd = createAcd({ targets, ourMac: OURS, random: seeded(1), nowMs: 0, ...options });
    let told = false;
    const ended = runToEnd({
      next: (nowMs) => {
        if (!told && nowMs > 500) {
          told = true;
          for (const heard of frames) noteAcdFrame(acd, heard, nowMs);
        }
        return nextAcdStep(acd, nowMs);
      },
      sent: (probes, count, nowMs) => noteAcdSent(acd, probes, count, nowMs),
      reply: () => undefined,
    });
    return { ...ended, result: finishAcd(acd, HEALTHY, ended.endMs) };
  };
  const scan = (from: Mac, first: string, count: number) =>
    Array.from({ length: count }, (_, i) => probeOf(from, (ip(first) + i) as Ipv4));

  it.each<[string, readonly AcdFrame[], readonly Mac[], number]>([
    ['twelve of the targets', scan(scanner, '203.0.113.0', 12), [scanner], 0],
    ['all of them', scan(scanner, '203.0.113.0', 64), [scanner], 0],
    ['eleven are still those of a device', scan(scanner, '203.0.113.0', 11), [], 11],
    ['one target twelve times over', Array.from({ length: 12 }, () => probeOf(scanner, ip('203.0.113.7'))), [], 1],
    [
      'one target among addresses elsewhere',
      [...scan(scanner, '203.0.113.7', 1), ...scan(scanner, '198.51.100.0', 11)],
      [scanner],
      0,
    ],
    ['elsewhere only', scan(scanner, '198.51.100.0', 30), [scanner], 0],
    ['two scanners', [...scan(scanner, '203.0.113.0', 20), ...scan(stranger, '203.0.113.5', 20)], [scanner, stranger], 0],
    ['a scanner and a stranger', [...scan(scanner, '203.0.113.0', 64), probeOf(stranger, ip('203.0.113.7'))], [scanner], 1],
    ['a stranger before the scanner', [probeOf(stranger, ip('203.0.113.7')), ...scan(scanner, '203.0.113.0', 64)], [scanner], 1],
    ['our own probes, echoed', scan(OURS, '203.0.113.0', 64), [], 0],
  ])('probes for %s', (_name, frames, scanners, conflicts) => {
    const { result } = hear(frames);
    expect(result).toMatchObject({ valid: true, scanners });
    expect(result.conflicts).toHaveLength(conflicts);
    expect(setSize(result.looked)).toBe(64 - conflicts);
  });

  it('does not end the probing of an address: it may turn out to be a scanner', () => {
    const outcome = hear(scan(scanner, '203.0.113.0', 64));
    for (const address of ['203.0.113.0', '203.0.113.63'].map(ip)) {
      expect(times(outcome, address, 'probe')).toHaveLength(3);
      expect(times(outcome, address, 'request')).toHaveLength(1);
    }
    const device = hear([probeOf(stranger, ip('203.0.113.7'))]);
    expect(times(device, ip('203.0.113.7'), 'probe')).toHaveLength(3);
    expect(device.result.conflicts).toEqual([{ address: ip('203.0.113.7'), mac: stranger, kind: 'probed' }]);
    expect(device.result.looked.map(formatRange)).toEqual(['203.0.113.0-203.0.113.6', '203.0.113.8-203.0.113.63']);
  });

  it('is in conflict all the same for an address that it uses', () => {
    const own = ip('203.0.113.9');
    const { result } = hear([...scan(scanner, '203.0.113.0', 64), frame('request', scanner, own, ip('203.0.113.1'))]);
    expect(result.conflicts).toEqual([{ address: own, mac: scanner, kind: 'used' }]);
    expect(result.looked.map(formatRange)).toEqual(['203.0.113.0-203.0.113.8', '203.0.113.10-203.0.113.63']);
  });

  it('a use is heard however many probe for the address', () => {
    const address = ip('203.0.113.9');
    const crowd = Array.from({ length: 40 }, (_, i) => probeOf(mac(0x700 + i), address));
    const { result } = hear([...crowd, frame('reply', mac(1), address, ip('203.0.113.1'))]);
    expect(result.conflicts.filter(({ kind }) => kind === 'used')).toEqual([{ address, mac: mac(1), kind: 'used' }]);
    expect(result.conflicts).toHaveLength(17);
  });

  it('takes up no more memory than its bounds, and what has no room stays a conflict', () => {
    const acd = createAcd({ targets, ourMac: OURS, random: seeded(1), nowMs: 0 });
    for (let i = 0; i < 3 * MAX_PROBERS; i++)
      noteAcdFrame(acd, probeOf(mac(0x1000 + i), (ip('203.0.113.0') + (i % 64)) as Ipv4), 1);
    for (const heard of scan(scanner, '203.0.113.0', 64)) noteAcdFrame(acd, heard, 2);
    expect(acd.probers.addresses.size).toBe(MAX_PROBERS);
    const { scanners, conflicts } = finishAcd(acd, HEALTHY, 3);
    expect(scanners).toEqual([]);
    expect(conflicts).toHaveLength(64 * 16);
  });

  it('whoever probes for what, in whatever order: a conflict is exactly the probe of one who asks for fewer than twelve', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 80 })), { maxLength: 200 }),
        (probes) => {
          const { result } = hear(probes.map(([who, offset]) => probeOf(mac(0x90 + who), (ip('203.0.113.0') + offset) as Ipv4)));
          const wanted = new Map<number, Set<number>>();
          for (const [who, offset] of probes) wanted.set(who, (wanted.get(who) ?? new Set()).add(offset));
          const expected = [...wanted]
            .filter(([, offsets]) => offsets.size < 12)
            .flatMap(([who, offsets]) =>
              [...offsets].filter((offset) => offset < 64).map((offset) => `${offset} ${mac(0x90 + who)}`),
            );
          const got = result.conflicts.map(({ address, mac: from }) => `${address - ip('203.0.113.0')} ${from}`);
          expect(got.sort()).toEqual(expected.sort());
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('a run that proves nothing', () => {
  it('one frame of one address never left', () => {
    const never = ip('203.0.113.15');
    const stuck = (probes: readonly { readonly address: Ipv4 }[]) => {
      const at = probes.findIndex(({ address }) => address === never);
      return at < 0 ? probes.length : at;
    };
    const { result, handed } = run({}, { link: stuck });
    expect(handed.filter(({ address }) => address === never)).toHaveLength(5);
    expect(result).toMatchObject({ valid: false, invalidReason: 'send-failed', sendFailures: 5, looked: [] });
    expect(result.unsent.map(formatRange)).toEqual(['203.0.113.15']);
  });

  it('a frame refused now and then is only late', () => {
    let calls = 0;
    const { result } = run({}, { link: (probes) => (calls++ % 3 === 0 ? 0 : probes.length) });
    expect(result).toMatchObject({ valid: true, unsent: [], probesSent: 40 });
    expect(result.sendFailures).toBeGreaterThan(5);
  });

  it('takes one report for a step, and a step without a report for refused', () => {
    const acd = createAcd({ targets: POOL, ourMac: OURS, random: seeded(1), nowMs: 0, spreadMs: 0 });
    const step = nextAcdStep(acd, 5);
    if (step.kind !== 'send') throw new Error('expected a send');
    noteAcdSent(acd, step.probes, step.probes.length, 5);
    noteAcdSent(acd, step.probes, step.probes.length, 5);
    expect(finishAcd(acd, HEALTHY, 6).probesSent).toBe(10);
    nextAcdStep(acd, 2_100);
    nextAcdStep(acd, 2_101);
    expect(finishAcd(acd, HEALTHY, 2_102)).toMatchObject({ probesSent: 10, sendFailures: 10 });
  });

  it('ended early, or with a fault', () => {
    const acd = createAcd({ targets: POOL, ourMac: OURS, random: seeded(1), nowMs: 0 });
    nextAcdStep(acd, 0);
    expect(finishAcd(acd, HEALTHY, 1)).toMatchObject({ valid: false, invalidReason: 'aborted', looked: [] });
    expect(run({}, {}, { kernelDrops: 0, fault: 'link-down' }).result).toMatchObject({
      valid: false,
      invalidReason: 'link-down',
      looked: [],
    });
  });

  it('no address at all', () => {
    expect(run({ targets: [] }).result).toMatchObject({ valid: false, invalidReason: 'no-targets' });
  });

  it('more than a /20 is refused', () => {
    expect(MAX_ACD_TARGETS).toBe(4_112);
    expect(() => createAcd({ targets: setOf('203.0.96.0/19'), ourMac: OURS, random: seeded(1), nowMs: 0 })).toThrow(RangeError);
  });

  it('whatever the link refuses, it ends, and never looks at an address that did not get all its frames', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 60 }),
        (seed, refusals, size) => {
          const random = seeded(seed);
          const targets = setOf(`203.0.113.1-203.0.113.${size}`);
          const outcome = run(
            { targets, random },
            { link: (probes) => (random() < refusals ? Math.floor(random() * probes.length) : probes.length) },
          );
          expect(outcome.endMs).toBeLessThan(12_000);
          expect(outcome.result.probesSent).toBe(outcome.sent.length);
          for (const range of outcome.result.looked) {
            for (let address: number = range.first; address <= range.last; address++) {
              expect(times(outcome, address as Ipv4, 'probe')).toHaveLength(3);
              expect(times(outcome, address as Ipv4, 'request')).toHaveLength(1);
            }
          }
          expect(outcome.result.valid).toBe(outcome.result.unsent.length === 0);
        },
      ),
      { numRuns: 60 },
    );
  });
});
