import { describe, expect, it } from 'vitest';
import { formatIpv4, type Ipv4, parseIpv4 } from '../../src/core/address/ipv4.ts';
import { type Mac, parseMac } from '../../src/core/address/mac.ts';
import type { SimulatedHost } from './simulated-host.ts';
import { type ArpToSend, createSimulator, type Simulator } from './simulator.ts';

const at = (text: string): Ipv4 => {
  const address = parseIpv4(text);
  if (!address.ok) throw new Error(address.error);
  return address.value;
};
const mac = (text: string): Mac => {
  const read = parseMac(text);
  if (!read.ok) throw new Error(read.error);
  return read.value;
};
const JUMP = mac('52:54:00:00:00:01');

interface Bench {
  readonly simulator: Simulator;
  /** What was sent since the last look: `time kind sender -> target by MAC`. */
  sent(): readonly string[];
  frames(): readonly ArpToSend[];
  pass(ms: number): void;
  ask(target: string, sender?: string): void;
}

/** A simulator on a clock that only moves by `pass`. */
function bench(...hosts: readonly SimulatedHost[]): Bench {
  let now = 0;
  let queue: { readonly at: number; readonly act: () => void }[] = [];
  let sent: { readonly at: number; readonly frame: ArpToSend }[] = [];
  const simulator = createSimulator({
    sendArp: (frame) => void sent.push({ at: now, frame }),
    after: (ms, act) => {
      const entry = { at: now + ms, act };
      queue.push(entry);
      return () => {
        queue = queue.filter((other) => other !== entry);
      };
    },
  });
  simulator.add(hosts);
  const take = (): typeof sent => {
    const taken = sent;
    sent = [];
    return taken;
  };
  return {
    simulator,
    sent: () =>
      take().map(
        ({ at: time, frame }) =>
          `${time} ${frame.operation} ${formatIpv4(frame.senderAddress)} -> ${formatIpv4(frame.targetAddress)} by ${frame.senderMac}`,
      ),
    frames: () => take().map(({ frame }) => frame),
    pass: (ms) => {
      const until = now + ms;
      for (;;) {
        const next = queue.toSorted((a, b) => a.at - b.at)[0];
        if (next === undefined || next.at > until) break;
        queue = queue.filter((other) => other !== next);
        now = next.at;
        next.act();
      }
      now = until;
    },
    ask: (target, sender = '0.0.0.0') =>
      simulator.handleRequest({ senderMac: JUMP, senderAddress: at(sender), targetAddress: at(target) }, now),
  };
}

const A = '02:00:00:00:00:0a';
const B = '02:00:00:00:00:0b';
const PRINTER: SimulatedHost = { id: 'printer', addresses: ['192.0.2.10'], macs: [A] };

describe('simulated hosts', () => {
  it('answer the one who asked, and only for their own addresses', () => {
    const lab = bench(PRINTER);
    lab.ask('192.0.2.10');
    lab.ask('192.0.2.11');
    expect(lab.frames()).toEqual([
      {
        operation: 'reply',
        destination: JUMP,
        senderMac: A,
        senderAddress: at('192.0.2.10'),
        targetMac: JUMP,
        targetAddress: at('0.0.0.0'),
      },
    ]);
  });

  it('do not answer an announcement', () => {
    const lab = bench(PRINTER);
    lab.ask('192.0.2.10', '192.0.2.10');
    expect(lab.sent()).toEqual([]);
  });

  it('answer everyone where they broadcast', () => {
    const lab = bench({ ...PRINTER, broadcastReplies: true });
    lab.ask('192.0.2.10');
    expect(lab.frames().map((frame) => frame.destination)).toEqual(['ff:ff:ff:ff:ff:ff']);
  });

  it('answer with every MAC that holds the address', () => {
    const lab = bench({ ...PRINTER, macs: [A, B] });
    lab.ask('192.0.2.10');
    expect(lab.frames().map((frame) => frame.senderMac)).toEqual([A, B]);
  });

  it('answer late where they are slow, and not after they have gone', () => {
    const lab = bench({ ...PRINTER, temper: { kind: 'slow', minMs: 1200, maxMs: 1200 } });
    lab.ask('192.0.2.10');
    lab.pass(1199);
    expect(lab.sent()).toEqual([]);
    lab.pass(1);
    expect(lab.sent()).toEqual([`1200 reply 192.0.2.10 -> 0.0.0.0 by ${A}`]);
    lab.ask('192.0.2.10');
    expect(lab.simulator.remove('printer')).toBe(true);
    lab.pass(5000);
    expect(lab.sent()).toEqual([]);
    expect(lab.simulator.remove('printer')).toBe(false);
  });

  it('wake when they are given another temper', () => {
    const lab = bench({ ...PRINTER, temper: { kind: 'asleep' } });
    lab.ask('192.0.2.10');
    expect(lab.simulator.setTemper('printer', { kind: 'prompt' })).toBe(true);
    expect(lab.simulator.setTemper('nobody', { kind: 'prompt' })).toBe(false);
    expect(lab.sent()).toEqual([]);
    lab.ask('192.0.2.10');
    expect(lab.sent()).toHaveLength(1);
  });

  it('count losses by address, not by host', () => {
    const lab = bench({ ...PRINTER, addresses: ['192.0.2.10-192.0.2.11'], temper: { kind: 'lossy', oneOf: 2 } });
    lab.ask('192.0.2.10');
    lab.ask('192.0.2.11');
    expect(lab.sent()).toEqual([]);
    lab.ask('192.0.2.11');
    expect(lab.sent()).toHaveLength(1);
  });

  it.each([
    ['0.0.0.0', 0],
    ['198.51.100.7', 0],
    ['192.0.2.1', 1],
  ])('that answer only neighbours take a request from %s: %d answers', (sender, answers) => {
    const lab = bench({ ...PRINTER, neighboursOnly: '192.0.2.0/24' });
    lab.ask('192.0.2.10', sender);
    expect(lab.sent()).toHaveLength(answers);
  });

  it('stand in for a whole range but for the exceptions and for hosts that are there', () => {
    const router: SimulatedHost = {
      id: 'router',
      addresses: ['198.18.0.0/16'],
      except: ['198.18.0.0', '198.18.0.5'],
      macs: [B],
      yieldsToOthers: true,
    };
    const lab = bench(router, { ...PRINTER, addresses: ['198.18.0.10'] });
    for (const target of ['198.18.0.0', '198.18.0.5', '198.18.0.10', '198.18.200.1', '198.19.0.1']) lab.ask(target);
    expect(lab.sent()).toEqual(
      [`0 reply 198.18.200.1 -> 0.0.0.0 by ${B}`, `0 reply 198.18.0.10 -> 0.0.0.0 by ${A}`].toReversed(),
    );
  });

  it('probe and announce as RFC 5227 says when they appear, and answer from then on', () => {
    const lab = bench({
      ...PRINTER,
      appearsAfterMs: 1000,
      leavesAfterMs: 60_000,
      announces: { probes: 3, probeIntervalMs: 1500, waitMs: 2000, announcements: 2, announceIntervalMs: 2000 },
    });
    lab.pass(5999);
    lab.ask('192.0.2.10');
    lab.pass(4001);
    lab.ask('192.0.2.10');
    lab.pass(50_000);
    lab.ask('192.0.2.10');
    expect(lab.sent()).toEqual([
      `1000 request 0.0.0.0 -> 192.0.2.10 by ${A}`,
      `2500 request 0.0.0.0 -> 192.0.2.10 by ${A}`,
      `4000 request 0.0.0.0 -> 192.0.2.10 by ${A}`,
      `6000 request 192.0.2.10 -> 192.0.2.10 by ${A}`,
      `8000 request 192.0.2.10 -> 192.0.2.10 by ${A}`,
      `10000 reply 192.0.2.10 -> 0.0.0.0 by ${A}`,
    ]);
  });

  it('chat with one neighbour after the other until they go', () => {
    const lab = bench({ ...PRINTER, chatter: { everyMs: 100, targets: ['192.0.2.1', '192.0.2.2'] }, leavesAfterMs: 350 });
    lab.pass(1000);
    expect(lab.sent()).toEqual([
      `100 request 192.0.2.10 -> 192.0.2.1 by ${A}`,
      `200 request 192.0.2.10 -> 192.0.2.2 by ${A}`,
      `300 request 192.0.2.10 -> 192.0.2.1 by ${A}`,
    ]);
  });

  it.each<[string, SimulatedHost, RegExp]>([
    ['a taken id', PRINTER, /already a simulated host "printer"/],
    ['a bad address', { id: 'x', addresses: ['192.0.2.300'], macs: [A] }, /"x".*192\.0\.2\.300/],
    ['a bad MAC', { id: 'x', addresses: ['192.0.2.7'], macs: ['zz'] }, /"x".*"zz"/],
    ['no MAC', { id: 'x', addresses: ['192.0.2.7'], macs: [] }, /"x" has no MAC/],
    ['no address left', { id: 'x', addresses: ['192.0.2.7'], except: ['192.0.2.7'], macs: [A] }, /"x" has no address/],
  ])('are refused with %s, and then none is added', (_name, host, message) => {
    const lab = bench(PRINTER);
    expect(() => lab.simulator.add([{ id: 'good', addresses: ['192.0.2.50'], macs: [B] }, host])).toThrow(message);
    lab.ask('192.0.2.50');
    expect(lab.sent()).toEqual([]);
  });
});
