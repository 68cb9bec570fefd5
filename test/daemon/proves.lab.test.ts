/** The main job on real frames: who is there is known for what it is, and only what is proven free is offered. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseIpv4 } from '../../src/core/address/ipv4.ts';
import type { Mac } from '../../src/core/address/mac.ts';
import { parseRange } from '../../src/core/address/range.ts';
import { rangeSet } from '../../src/core/address/range-set.ts';
import { sourceBit } from '../../src/core/evidence/sighting.ts';
import type { AddressesAnswer, FreeRangesAnswer, VerifyAnswer } from '../../src/http/service.ts';
import { openLedger } from '../../src/ledger/ledger.ts';
import type { SweepRecord } from '../../src/ledger/types.ts';
import { createLan, type Lan } from '../lab/lan.ts';
import { type SimulatedHosts, startSimulatedHosts } from '../lab/simulated-hosts.ts';
import { NEVER, type RunningDaemon, runDaemon, until } from './running.ts';

const CIDR = '192.0.2.0/24';
const mac = (last: string): Mac => `52:54:00:00:00:${last}` as Mac;
const DAY_MS = 86_400_000;

let lan: Lan;
let hosts: SimulatedHosts;
let daemon: RunningDaemon;

/**
 * What the ledger knows when the daemon starts: three days of sweeps, a quarter of an hour at most between two, with one host
 * seen yesterday that is switched off today.
 */
function threeDays(path: string): void {
  const range = parseRange(CIDR);
  const gone = parseIpv4('192.0.2.77');
  if (!range.ok || !gone.ok) throw new Error('bad test address');
  const nowMs = Date.now();
  const startMs = nowMs - 3 * DAY_MS - 3_600_000;
  const ledger = openLedger({ path, nowMs: startMs });
  const { id } = ledger.ensureSegment({ name: 'lan', range: range.value, wire: 'arp:lan0', nowMs: startMs });
  for (let atMs = startMs; atMs < nowMs - 60_000; atMs += 10 * 60_000) {
    const seen = nowMs - atMs > DAY_MS && nowMs - atMs < 2 * DAY_MS;
    const sighting = {
      segment: id,
      address: gone.value,
      mac: mac('77'),
      firstMs: atMs,
      lastMs: atMs,
      sources: sourceBit('arp-reply'),
    };
    ledger.write({
      atMs: atMs + 2000,
      sightings: seen ? [{ ...sighting, intent: false, hostname: null }] : [],
      sweeps: [{ ...PAST_SWEEP, segment: id, startedMs: atMs, endedMs: atMs + 2000, looked: rangeSet([range.value]) }],
      leases: [],
    });
  }
  ledger.close();
}

const PAST_SWEEP: Omit<SweepRecord, 'segment' | 'startedMs' | 'endedMs' | 'looked'> = {
  trigger: 'schedule',
  method: 'arp',
  probesPlanned: 253,
  probesSent: 253,
  sendFailures: 0,
  repliesReceived: 1,
  answered: 1,
  kernelDrops: 0,
  controlsAsked: 1,
  controlsAnswered: 1,
  valid: true,
  invalidReason: null,
  standIns: [],
};

beforeAll(async () => {
  lan = await createLan({ cidr: CIDR, ownAddress: '192.0.2.5', gateway: '192.0.2.1' });
  hosts = await startSimulatedHosts(lan, [
    { id: 'gateway', addresses: ['192.0.2.1'], macs: [mac('01')] },
    { id: 'prompt', addresses: ['192.0.2.10-192.0.2.19'], macs: [mac('10')] },
    { id: 'slow', addresses: ['192.0.2.30'], macs: [mac('30')], temper: { kind: 'slow', minMs: 1200, maxMs: 1200 } },
    { id: 'lossy', addresses: ['192.0.2.31'], macs: [mac('31')], temper: { kind: 'lossy', oneOf: 3 } },
    { id: 'twins', addresses: ['192.0.2.40'], macs: [mac('40'), mac('41')] },
    { id: 'reserved', addresses: ['192.0.2.55'], macs: [mac('55')], neighboursOnly: CIDR },
  ]);
  daemon = await runDaemon(
    `segments: [{ name: lan, interface: lan0, schedule: "${NEVER}", exclude: [192.0.2.250], reserved: [192.0.2.60-192.0.2.69] }]`,
    threeDays,
  );
});

afterAll(async () => {
  await daemon?.stop();
  await hosts?.close();
  await lan?.close();
});

describe('the daemon on a LAN', () => {
  it('sweeps it: every address once, but network, broadcast, our own and the excluded', async () => {
    const first = await daemon.sweep();
    expect(first).toMatchObject({ valid: true, invalidReason: null, sendFailures: 0, kernelDrops: 0, method: 'arp' });
    const heard = await hosts.report('all');
    const asked = heard.requests.map(({ address }) => address);
    expect([heard.networkAsked, heard.broadcastAsked]).toEqual([0, 0]);
    expect(asked).not.toContain('192.0.2.5');
    expect(asked).not.toContain('192.0.2.250');
    expect(asked).toHaveLength(252);
    // Only 0.0.0.0 (RFC 5227) and our own true address ever stand as sender: never a borrowed one.
    expect(heard.senders.toSorted()).toEqual(['0.0.0.0', '192.0.2.5']);
  });

  it('knows each host for what it is, after a few sweeps', async () => {
    for (let i = 0; i < 3; i++) expect(await daemon.sweep()).toMatchObject({ valid: true });
    // The slow one answers 1.2 s after the last probe for it: the listener hears it after the sweep.
    await until('the slow host is known', async () => (await daemon.address('192.0.2.30')).verdict === 'occupied');
    const verdicts = await Promise.all(
      ['192.0.2.1', '192.0.2.10', '192.0.2.30', '192.0.2.31', '192.0.2.40', '192.0.2.55', '192.0.2.77'].map(async (address) => {
        const { use, history } = await daemon.address(address);
        return [address, use, history.filter(({ intent }) => !intent).map((row) => row.mac)];
      }),
    );
    expect(verdicts).toEqual(
      [
        ['192.0.2.1', 'used', [mac('01')]],
        ['192.0.2.10', 'used', [mac('10')]],
        ['192.0.2.30', 'used', [mac('30')]],
        ['192.0.2.31', 'used', [mac('31')]],
        ['192.0.2.40', 'used', expect.arrayContaining([mac('40'), mac('41')])],
        ['192.0.2.55', 'used', [mac('55')]],
        ['192.0.2.77', 'used', [mac('77')]],
      ].map((row) => (row[0] === '192.0.2.77' ? [row[0], expect.any(String), row[2]] : row)),
    );
  });

  it('offers none of their addresses, and the rest once it is proven', async () => {
    // By the default criteria: 72 h of quiet, 100 looks, none more than 15 minutes apart.
    const answer = await daemon.client.get<FreeRangesAnswer>('/free-ranges');
    const free = answer.ranges.flatMap(({ start, end }) => expand(start, end));
    expect(answer.criteria).toMatchObject({ quietForSeconds: 259_200, minSweeps: 100, weakerThanConfigured: false });
    expect(answer.ranges[0]).toMatchObject({ start: '192.0.2.78', end: '192.0.2.249', size: 172 });
    expect(answer.ranges[0]?.proof).toMatchObject({ lastSeenAt: null, methods: ['arp'] });
    const never = ['0', '1', '5', '10', '19', '30', '31', '40', '55', '60', '69', '77', '250', '255'].map(
      (last) => `192.0.2.${last}`,
    );
    expect(free.filter((address) => never.includes(address))).toEqual([]);
    const why = (start: string) => answer.withheld.find((range) => range.start === start);
    expect(why('192.0.2.77')).toMatchObject({ verdict: 'recently-used', reasonCode: 'seen-within-window' });
    expect(why('192.0.2.60')).toMatchObject({ end: '192.0.2.69', verdict: 'reserved' });
    expect(why('192.0.2.250')).toMatchObject({ verdict: 'unproven', reasonCode: 'excluded' });
  });

  it('says so when less is asked for than the configuration asks', async () => {
    const answer = await daemon.client.get<FreeRangesAnswer>('/free-ranges', { quietFor: '1h', minSweeps: 2 });
    expect(answer.criteria).toMatchObject({ quietForSeconds: 3600, minSweeps: 2, weakerThanConfigured: true });
    expect(answer.ranges.flatMap(({ start, end }) => expand(start, end))).toContain('192.0.2.77');
  });

  it('lists who is there', async () => {
    const { addresses } = await daemon.client.get<AddressesAnswer>('/addresses', { verdict: 'occupied' });
    expect(addresses.map(({ address }) => address)).toEqual(expect.arrayContaining(['192.0.2.10', '192.0.2.31', '192.0.2.40']));
    expect(addresses.find(({ address }) => address === '192.0.2.40')?.macs.toSorted()).toEqual([mac('40'), mac('41')]);
  });

  it('verifies a free range live, all of it at once', async () => {
    const answer = await daemon.client.post<VerifyAnswer>('/verify', { range: '192.0.2.200-192.0.2.231' });
    expect(answer).toMatchObject({ free: true, live: { valid: true, conflicts: [] }, withheld: [] });
    // PROBE_NUM probes and one ordinary request for each; 4 to 7 s of RFC 5227 for all together.
    expect(answer.live.probesSent).toBeGreaterThanOrEqual(32 * 3);
    expect(answer.durationMs).toBeGreaterThan(3900);
    expect(answer.durationMs).toBeLessThan(9000);
  });

  it('finds, live, who defends an address', async () => {
    const answer = await daemon.client.post<VerifyAnswer>('/verify', { range: '192.0.2.18-192.0.2.21' });
    expect(answer.free).toBe(false);
    expect(answer.live.conflicts.map(({ address, mac: who, kind }) => [address, who, kind])).toEqual([
      ['192.0.2.18', mac('10'), 'used'],
      ['192.0.2.19', mac('10'), 'used'],
    ]);
  });

  it('takes back what it offered when somebody appears', async () => {
    await hosts.add({ id: 'newcomer', addresses: ['192.0.2.200'], macs: [mac('c8')] });
    await hosts.announce('newcomer', { probes: 1, probeIntervalMs: 10, waitMs: 10, announcements: 1, announceIntervalMs: 10 });
    await until(
      'the newcomer is known without a sweep',
      async () => (await daemon.address('192.0.2.200')).verdict === 'occupied',
    );
    const answer = await daemon.client.get<FreeRangesAnswer>('/free-ranges');
    expect(answer.ranges.flatMap(({ start, end }) => expand(start, end))).not.toContain('192.0.2.200');
  });
});

const expand = (start: string, end: string): string[] => {
  const from = Number(start.split('.')[3]);
  return Array.from({ length: Number(end.split('.')[3]) - from + 1 }, (_, i) => `192.0.2.${from + i}`);
};
