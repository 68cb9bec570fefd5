/**
 * The simulated hosts as real tools see them: what arping and arp-scan say is the truth here, not our own codec.
 */
import { writeFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { attempt, run } from './command.ts';
import { interfaceNames, namespaceNames } from './guard.ts';
import { createLan, type Lan } from './lan.ts';
import { needs } from './needs.ts';
import type { SimulatedHost } from './simulated-host.ts';
import { type SimulatedHosts, startSimulatedHosts } from './simulated-hosts.ts';

const A = '02:00:00:00:00:0a';
const B = '02:00:00:00:00:0b';
const HOST: SimulatedHost = { id: 'host', addresses: ['192.0.2.10'], macs: [A] };

let lan: Lan | undefined;
afterEach(async () => {
  await lan?.close();
  lan = undefined;
  expect(interfaceNames()).toEqual(['lo']);
  expect(namespaceNames()).toEqual([]);
});

async function labWith(...hosts: readonly SimulatedHost[]): Promise<SimulatedHosts> {
  lan = await createLan({ cidr: '192.0.2.0/24', ownAddress: '192.0.2.1', ownMac: '52:54:00:00:00:01' });
  return startSimulatedHosts(lan, hosts);
}

interface Heard {
  /** MACs that answered, lower case, in the order heard. */
  readonly macs: readonly string[];
  readonly stdout: string;
}

/** Asks as RFC 5227 does, with sender 0.0.0.0, once. */
const probe = (address: string): Promise<Heard> => heard(['arping', '-D', '-c', '1', '-w', '1', '-I', 'lan0', address]);

/** Asks with the true address, once, and waits a second for an answer. */
const ask = (address: string): Promise<Heard> => heard(['arping', '-f', '-c', '1', '-w', '1', '-I', 'lan0', address]);

async function heard(argv: readonly string[]): Promise<Heard> {
  const { stdout } = await attempt(argv);
  return { macs: [...stdout.matchAll(/\[([0-9A-F:]{17})\]/gi)].map((match) => (match[1] ?? '').toLowerCase()), stdout };
}

/** `address mac` of every answer that arp-scan hears; it asks those that stay silent `times` times. */
async function scanTimes(times: number, ...targets: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await attempt([
    'arp-scan',
    '-I',
    'lan0',
    '-r',
    String(times),
    '-t',
    '150',
    '-B',
    '10M',
    '-q',
    '-x',
    ...targets,
  ]);
  return stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t').slice(0, 2).join(' '));
}
const scan = (...targets: readonly string[]): Promise<readonly string[]> => scanTimes(1, ...targets);

needs('arping', 'arp-scan')('simulated hosts before real tools', () => {
  it('prompt: every one of a /24 is heard, and each address was asked once', async () => {
    const hosts = Array.from({ length: 100 }, (_, index): SimulatedHost => {
      const last = 100 + index;
      return { id: `h${last}`, addresses: [`192.0.2.${last}`], macs: [`02:00:00:00:01:${last.toString(16).padStart(2, '0')}`] };
    });
    const simulated = await labWith(...hosts);
    const answers = await scan('192.0.2.2-192.0.2.254');
    expect(answers.toSorted()).toEqual(hosts.map((host) => `${host.addresses[0]} ${host.macs[0]}`).toSorted());
    const report = await simulated.report('all');
    expect(report).toMatchObject({ arpRequests: 253, addressesAsked: 253, networkAsked: 0, broadcastAsked: 0, framesSent: 100 });
    expect(report).toMatchObject({ sendErrors: 0, senders: ['192.0.2.1'], senderMacs: ['52:54:00:00:00:01'] });
    expect(new Set(report.requests.map((request) => request.count))).toEqual(new Set([1]));
  });

  it('counts the probes of RFC 5227 and who asks for the ends of the network', async () => {
    const simulated = await labWith(HOST);
    expect((await probe('192.0.2.10')).macs).toEqual([A]);
    await scan('192.0.2.0', '192.0.2.255', '192.0.2.255');
    const report = await simulated.report(['192.0.2.10']);
    expect(report.requests[0]).toMatchObject({ count: 1, senders: ['0.0.0.0'] });
    expect([report.networkAsked, report.broadcastAsked]).toEqual([1, 2]);
    await simulated.forget();
    expect(await simulated.report('all')).toMatchObject({ arpRequests: 0, framesSent: 0, networkAsked: 0, requests: [] });
  });

  it('slow: answers after its delay', async () => {
    await labWith({ ...HOST, addresses: ['192.0.2.10-192.0.2.11'], temper: { kind: 'slow', minMs: 1200, maxMs: 1200 } });
    expect((await ask('192.0.2.10')).macs).toEqual([]);
    // arping asks once a second: the answer to the first request comes after the second one has left.
    const late = await heard(['arping', '-f', '-c', '4', '-w', '4', '-I', 'lan0', '192.0.2.11']);
    expect(late.macs).toEqual([A]);
    expect(late.stdout).toMatch(/Sent 2 probes/);
  });

  it('lossy: hears the third of three requests', async () => {
    const simulated = await labWith({ ...HOST, temper: { kind: 'lossy', oneOf: 3 } });
    expect(await scanTimes(2, '192.0.2.10')).toEqual([]);
    await simulated.setTemper('host', { kind: 'lossy', oneOf: 3 });
    expect(await scanTimes(3, '192.0.2.10')).toEqual([`192.0.2.10 ${A}`]);
    expect((await simulated.report(['192.0.2.10'])).requests[0]?.count).toBe(5);
  });

  it('asleep: silent until woken', async () => {
    const simulated = await labWith({ ...HOST, temper: { kind: 'asleep' } });
    expect(await scan('192.0.2.10')).toEqual([]);
    await simulated.wake('host');
    expect(await scan('192.0.2.10')).toEqual([`192.0.2.10 ${A}`]);
  });

  it('drowsy: answers the second of two requests in a row', async () => {
    await labWith({ ...HOST, temper: { kind: 'drowsy', wakesAt: 2, withinMs: 1000 } });
    expect(await scan('192.0.2.10')).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(await scanTimes(2, '192.0.2.10')).toEqual([`192.0.2.10 ${A}`]);
  });

  it('two MACs fight for one address', async () => {
    await labWith({ ...HOST, macs: [A, B] });
    // arp-scan ends at the first answer of the last host: one that is not there keeps it listening.
    expect(await scan('192.0.2.10', '192.0.2.99')).toEqual([`192.0.2.10 ${A}`, `192.0.2.10 ${B}`]);
  });

  it('proxy ARP: one MAC answers for the range, but not for hosts that are there', async () => {
    await labWith(HOST, { id: 'router', addresses: ['192.0.2.0/28'], except: ['192.0.2.0'], macs: [B], yieldsToOthers: true });
    const answers = await scan('192.0.2.8-192.0.2.17');
    expect(answers.toSorted()).toEqual([
      `192.0.2.10 ${A}`,
      ...['11', '12', '13', '14', '15', '8', '9'].map((last) => `192.0.2.${last} ${B}`),
    ]);
  });

  it('answers only neighbours: deaf to probes, not to requests with a true address', async () => {
    await labWith({ ...HOST, neighboursOnly: '192.0.2.0/24' });
    expect((await probe('192.0.2.10')).macs).toEqual([]);
    expect((await ask('192.0.2.10')).macs).toContain(A);
  });

  it('comes and goes by script and on demand', async () => {
    const simulated = await labWith();
    await simulated.add({ ...HOST, appearsAfterMs: 1500, leavesAfterMs: 2500 });
    expect(await scan('192.0.2.10')).toEqual([]);
    await expect.poll(() => scan('192.0.2.10'), { timeout: 10_000, interval: 50 }).toEqual([`192.0.2.10 ${A}`]);
    await expect.poll(() => scan('192.0.2.10'), { timeout: 10_000, interval: 50 }).toEqual([]);
    await simulated.add(HOST);
    expect(await scan('192.0.2.10')).toEqual([`192.0.2.10 ${A}`]);
    await simulated.remove('host');
    expect(await scan('192.0.2.10')).toEqual([]);
  });

  it.each([
    [false, /Unicast reply from 192\.0\.2\.10/],
    [true, /Broadcast reply from 192\.0\.2\.10/],
  ])('replies to the one who asked, or to all (%s)', async (broadcastReplies, said) => {
    await labWith({ ...HOST, broadcastReplies });
    expect((await probe('192.0.2.10')).stdout).toMatch(said);
  });
});

describe('the simulator', () => {
  it('refuses what it cannot do, and says why', async () => {
    const simulated = await labWith(HOST);
    await expect(simulated.add(HOST)).rejects.toThrow(/already a simulated host "host"/);
    await expect(simulated.remove('nobody')).rejects.toThrow(/no simulated host "nobody"/);
    await expect(simulated.add({ id: 'bad', addresses: ['nonsense'], macs: [A] })).rejects.toThrow(/"bad".*nonsense/);
  });

  it('is gone when its LAN is closed, and says so', async () => {
    const simulated = await labWith(HOST);
    await lan?.close();
    await expect(simulated.report()).rejects.toThrow(/has ended/);
  });

  it('does not start where a host is wrong', async () => {
    await expect(labWith({ ...HOST, macs: [] })).rejects.toThrow(/"host" has no MAC/);
  });
});

describe('what simulated hosts send unasked', () => {
  /** The MAC that the jump host's own kernel has learnt for this address. */
  const learnt = async (address: string): Promise<string | undefined> =>
    /lladdr (\S+)/.exec(await run(['ip', 'neighbour', 'show', address, 'dev', 'lan0']))?.[1];

  it('probes and announcements when one appears, which teach a kernel that accepts them', async () => {
    const simulated = await labWith();
    await writeFile('/proc/sys/net/ipv4/conf/lan0/arp_accept', '1');
    if (lan === undefined) throw new Error('no LAN');
    const listener = await startSimulatedHosts(lan);
    const quick = { probes: 2, probeIntervalMs: 300, waitMs: 300, announcements: 1, announceIntervalMs: 50 };
    await simulated.add({ ...HOST, announces: quick });
    expect(await learnt('192.0.2.10')).toBeUndefined();
    await expect.poll(() => learnt('192.0.2.10'), { timeout: 5000 }).toBe(A);
    // The kernel and the listener are told at the same moment, and neither is always the first to have read it.
    await expect
      .poll(async () => (await listener.report(['192.0.2.10'])).requests[0], { timeout: 5000 })
      .toMatchObject({ count: 3, senders: ['0.0.0.0', '192.0.2.10'] });
  });

  it('chatter: the one asked learns who asks', async () => {
    const simulated = await labWith();
    expect(await learnt('192.0.2.10')).toBeUndefined();
    await simulated.add({ ...HOST, chatter: { everyMs: 50, targets: ['192.0.2.77', '192.0.2.1'] } });
    await expect.poll(() => learnt('192.0.2.10'), { timeout: 5000 }).toBe(A);
  });
});
