/** The proof where no daemon runs: from what it left behind, and from this process's own look. One story, told in order. */
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseIpv4 } from '../../src/core/address/ipv4.ts';
import { parseRange } from '../../src/core/address/range.ts';
import type { NewClaimJson } from '../../src/http/claim-service.ts';
import type { FreeRangesQuery } from '../../src/http/service.ts';
import { type Offline, openOffline } from '../../src/offline.ts';
import { parseConfig } from '../../src/system/config.ts';
import { createLogger } from '../../src/system/logger.ts';
import { newClaim } from '../http/claim-fixtures.ts';
import { announcement, dhcpAck, dhcpRequest } from '../lab/arp-frames.ts';
import { type Injector, startInjector } from '../lab/injector.ts';
import { createLan, type Lan } from '../lab/lan.ts';
import { type SimulatedHosts, startSimulatedHosts } from '../lab/simulated-hosts.ts';
import { claim } from '../ledger/claim-fixtures.ts';
import { hashOf } from '../ledger/fixtures.ts';
import { GATEWAY, macOf, NODE_A, OWN, OWN_MAC, segmentsOn } from './guarded.ts';
import { runDaemon, until } from './running.ts';
import { HOUR_PROOF, seedLedger } from './seeded.ts';

const CIDR = '192.0.2.0/24';
const STRANGER = macOf(0x77);
const logger = createLogger({ level: 'error', pretty: false, journal: false });

let lan: Lan;
let hosts: SimulatedHosts;
let injector: Injector;
let folder: string;
let path: string;
let yaml: string;
let offline: Offline;
/** Of the ledger's files, as the daemon left them. */
let left: object;

const must = <T>(result: { ok: true; value: T } | { ok: false; error: string }): T => {
  if (!result.ok) throw new Error(result.error);
  return result.value;
};
const range = (text: string) => must(parseRange(text));
const config = (more = '') => parseConfig(`${yaml}${more}ledger: { path: ${path} }\n`, 'test.yaml');
const query: FreeRangesQuery = { segment: undefined, size: 1, limit: 100, alignment: 'none', criteria: {} };
const packetSockets = async () => (await readFile('/proc/self/net/packet', 'utf8')).trim().split('\n').length - 1;
const requestsHeard = async () => (await hosts.report()).arpRequests;

async function files(): Promise<object> {
  const names = (await readdir(folder)).sort();
  const facts = await Promise.all(
    names.map(async (name) => {
      const { mtimeNs, size } = await stat(join(folder, name), { bigint: true });
      return [name, hashOf(join(folder, name)), mtimeNs, size];
    }),
  );
  return Object.fromEntries(facts.map(([name, ...rest]) => [name, rest]));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freehold-test-'));
  path = join(folder, 'freehold.db');
  lan = await createLan({ cidr: CIDR, ownAddress: OWN, ownMac: OWN_MAC, gateway: GATEWAY });
  hosts = await startSimulatedHosts(lan, [
    { id: 'gateway', addresses: [GATEWAY], macs: [macOf(1)] },
    { id: 'host', addresses: ['192.0.2.10'], macs: [macOf(10)] },
  ]);
  injector = await startInjector(lan);
  const pools = 'metallb: { pools: [{ name: staging-pool, addresses: [192.0.2.60-192.0.2.69] }] }\n';
  yaml = `${segmentsOn(lan)}${HOUR_PROOF}\n${pools}`;
});
afterAll(async () => {
  await offline?.close();
  await injector?.close();
  await hosts?.close();
  await lan?.close();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

describe('without a daemon', () => {
  it('nothing is known where none ever ran', async () => {
    await expect(openOffline({ config: config(), logger })).rejects.toMatchObject({ code: 'ledger-missing', exitCode: 5 });
    expect(await readdir(folder)).toEqual([]);
  });

  it('while one runs, that one is to be asked', async () => {
    const seed = (at: string) =>
      seedLedger(at, CIDR, (ledger) => {
        const elsewhere = { server: 'https://192.0.2.10:6443', pool: 'lab-pool', ranges: [range('192.0.2.70-192.0.2.75')] };
        ledger.claims.end(ledger.claims.begin(claim(elsewhere)), 'complete', '', Date.now());
        const read = claim({ startedMs: 1, pool: 'gone-pool', ranges: [range('192.0.2.80-192.0.2.85')] });
        ledger.claims.end(ledger.claims.begin(read), 'complete', '', 2);
        ledger.clusterView.save({
          server: 'https://192.0.2.9:6443',
          namespace: 'metallb-system',
          asOfMs: Date.now(),
          knowledge: {
            pools: [{ name: 'production-pool', addresses: [range('192.0.2.240-192.0.2.245')] }],
            services: {
              assignments: [{ address: must(parseIpv4('192.0.2.241')), service: 'shop/web', node: null }],
              requested: [],
            },
            nodes: null,
          },
          macs: [{ node: 'worker-1', mac: NODE_A, firstMs: 1, lastMs: Date.now(), suspect: false }],
        });
      });
    const daemon = await runDaemon(`${yaml}`, seed, path);
    expect(await daemon.sweep()).toMatchObject({ valid: true });
    // A server that hands out .90, as the daemon learns it.
    await injector.send(dhcpAck(macOf(2), '192.0.2.2', STRANGER, '192.0.2.90'));
    await until('the span', async () => {
      const { withheld } = await daemon.client.get<{ withheld: { reason: string }[] }>('/free-ranges');
      return withheld.some(({ reason }) => reason.includes('DHCP') || reason.includes('lease'));
    });
    await expect(openOffline({ config: config(), logger })).rejects.toMatchObject({ code: 'ledger-locked', exitCode: 5 });
    await daemon.stop();
    left = await files();
  });

  it('the history proves what it proved, and not a frame is sent for that, nor a socket opened', async () => {
    const before = [await requestsHeard(), await packetSockets()];
    offline = await openOffline({ config: config(), logger });
    const answer = offline.service.freeRanges(query);
    expect(answer.ranges[0]).toMatchObject({ start: '192.0.2.91', end: '192.0.2.239', size: 149 });
    expect(answer.ranges[0]?.proof).toMatchObject({ lastSeenAt: null, methods: ['arp'] });
    expect(offline.service.address(must(parseIpv4('192.0.2.10')), {})).toMatchObject({ verdict: 'occupied' });
    expect([await requestsHeard(), await packetSockets()]).toEqual(before);
  });

  it('withholds what the daemon would: pools, what Services hold, and what a DHCP server hands out', () => {
    const why = (address: string) => offline.service.address(must(parseIpv4(address)), {}).reasons.map(({ text }) => text);
    expect(why('192.0.2.65')).toContain('pool staging-pool');
    expect(why('192.0.2.240')).toContain('pool production-pool');
    expect(why('192.0.2.241')).toEqual(expect.arrayContaining(['assigned to Service shop/web', 'pool production-pool']));
    // Of another cluster; what the one that was followed had at that time is in its pools, or gone.
    expect(why('192.0.2.72')).toEqual(['claimed for pool lab-pool of https://192.0.2.10:6443 (claim 1)']);
    expect(offline.service.address(must(parseIpv4('192.0.2.82')), {}).verdict).toBe('free');
    expect(why('192.0.2.90')).toContain('DHCP span of 192.0.2.2');
    expect(offline.service.freeRanges({ ...query, pool: 'staging-pool' }).ranges).toContainEqual(
      expect.objectContaining({ start: '192.0.2.11', end: '192.0.2.69' }),
    );
    expect(offline.service.guard.pools()).toMatchObject({ source: 'cluster', speakers: [{ mac: NODE_A, node: 'worker-1' }] });
  });

  it('takes nothing of a cluster into account where the configuration says so', async () => {
    const off = parseConfig(
      `${yaml.replace('metallb: {', 'metallb: { cluster: "off",')}ledger: { path: ${path} }\n`,
      'test.yaml',
    );
    const other = await openOffline({ config: off, logger });
    expect(other.service.address(must(parseIpv4('192.0.2.240')), {}).verdict).toBe('free');
    await other.close();
  });

  it('hears what is said from then on, and a verification counts it', async () => {
    offline.listen();
    offline.listen();
    const sinceMs = Date.now();
    await injector.send(dhcpRequest(STRANGER, '192.0.2.151', '192.0.2.2', 'printer'), announcement(STRANGER, '192.0.2.153'));
    const verdict = (address: string) => offline.service.address(must(parseIpv4(address)), {}).verdict;
    await until('both are heard', () => verdict('192.0.2.151') !== 'free' && verdict('192.0.2.153') !== 'free');
    const answer = await offline.service.verify({
      range: range('192.0.2.150-192.0.2.157'),
      criteria: {},
      heardSinceMs: sinceMs - 1000,
    });
    expect(answer).toMatchObject({ free: false, live: { valid: true, conflicts: [] } });
    expect(answer.live.heard.map(({ address, mac, sources, intent }) => [address, mac, sources, intent])).toEqual([
      ['192.0.2.151', STRANGER, ['dhcp-request'], true],
      ['192.0.2.153', STRANGER, ['arp-announcement'], false],
    ]);
  });

  it('proves a range live, and finds who has sat down on it since', async () => {
    const free = await offline.service.verify({ range: range('192.0.2.200-192.0.2.207'), criteria: {} });
    expect(free).toMatchObject({ free: true, live: { valid: true, conflicts: [], heard: [] }, withheld: [] });
    await hosts.add({ id: 'squatter', addresses: ['192.0.2.207'], macs: [macOf(0x66)] });
    const taken = await offline.service.verify({ range: range('192.0.2.200-192.0.2.207'), criteria: {} });
    expect(taken).toMatchObject({
      free: false,
      live: { valid: true, conflicts: [{ address: '192.0.2.207', mac: macOf(0x66), kind: 'used' }] },
    });
  });

  it('looks again when asked to', async () => {
    expect(await offline.probe('elsewhere')).toEqual([]);
    expect(await offline.probe('lan')).toMatchObject([{ valid: true, trigger: 'request', segment: 'lan' }]);
    expect(await offline.probe()).toMatchObject([{ valid: true, trigger: 'request', segment: 'lan' }]);
    expect(offline.service.address(must(parseIpv4('192.0.2.207')), {}).verdict).toBe('occupied');
  });

  it('ends in the middle of a run, quietly', async () => {
    const lines: string[] = [];
    const loud = createLogger({
      level: 'warn',
      pretty: false,
      journal: false,
      stream: { write: (line) => void lines.push(line) },
    });
    const other = await openOffline({ config: config(), logger: loud });
    const asked = other.service.verify({ range: range('192.0.2.200-192.0.2.207'), criteria: {} });
    const ended = asked.then(
      ({ live }) => live.valid,
      () => false,
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    await other.close();
    expect(await ended).toBe(false);
    expect(lines).toEqual([]);
  });

  it('has not changed a byte of what the daemon left', async () => {
    expect(await files()).toEqual(left);
  });

  it('writes claims down for good, and nothing through the copy', async () => {
    expect(() => offline.service.claims.end(1, { state: 'failed', outcome: '' })).toThrow(
      expect.objectContaining({ code: 'no-daemon' }),
    );
    const { claims, claimsRefused } = offline;
    expect(claimsRefused).toBeNull();
    expect(await claims?.begin(newClaim)).toMatchObject({ id: 3, state: 'pushing' });
    await expect(claims?.begin({ ...newClaim, pool: 'No Name' } as NewClaimJson)).rejects.toMatchObject({ code: 'invalid-body' });
    expect(await claims?.end(3, { state: 'complete', outcome: 'MetalLB has taken it' })).toMatchObject({
      id: 3,
      state: 'complete',
    });
    await expect(claims?.end(3, { state: 'failed', outcome: '' })).rejects.toMatchObject({ code: 'claim-ended' });
  });

  it('is over without a trace, and the daemon that starts again knows the claim', async () => {
    const copies = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('freehold-copy-'));
    const before = await copies();
    await offline.close();
    await offline.close();
    expect((await copies()).length).toBe(before.length - 1);
    expect(await packetSockets()).toBe(0);
    const daemon = await runDaemon(yaml, undefined, path);
    expect(await daemon.client.get('/claims')).toMatchObject({
      claims: [{ id: 3, state: 'complete', by: 'ada@jump' }, { id: 2 }, { id: 1 }],
      next: null,
    });
    await expect(offline.claims?.begin(newClaim)).rejects.toMatchObject({ code: 'ledger-locked' });
    await daemon.stop();
  });
});
