/** Where a wrong "free" would hide: what this machine holds itself, another wire, leases known too early, a disk that refuses. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FreeRangesAnswer, SegmentJson, VerifyAnswer } from '../../src/http/service.ts';
import { createLan, type Lan } from '../lab/lan.ts';
import { type SimulatedHosts, startSimulatedHosts } from '../lab/simulated-hosts.ts';
import { NEVER, QUICK, type RunningDaemon, runDaemon, until } from './running.ts';

const CIDR = '192.0.2.0/27';
const segment = (more = '') => `segments: [{ name: lan, interface: lan0, schedule: "${NEVER}"${more} }]\n${QUICK}`;

let lan: Lan;
let hosts: SimulatedHosts;
let daemon: RunningDaemon | null = null;

beforeEach(async () => {
  lan = await createLan({ cidr: CIDR, ownAddress: '192.0.2.5', gateway: '192.0.2.1' });
  hosts = await startSimulatedHosts(lan, [
    { id: 'gateway', addresses: ['192.0.2.1'], macs: ['52:54:00:00:00:01'] },
    { id: 'host', addresses: ['192.0.2.20'], macs: ['52:54:00:00:00:20'] },
  ]);
});
afterEach(async () => {
  await daemon?.stop();
  daemon = null;
  await hosts.close();
  await lan.close();
});

async function started(yaml: string, before?: (ledgerPath: string) => void): Promise<RunningDaemon> {
  daemon = await runDaemon(yaml, before);
  return daemon;
}

/** Sweeps until something is free. */
async function proven(running: RunningDaemon): Promise<string[]> {
  let free: string[] = [];
  await until(
    'a range is proven',
    async () => {
      await running.sweep();
      free = await freeAddresses(running);
      return free.length > 0;
    },
    40_000,
  );
  return free;
}

async function freeAddresses(running: RunningDaemon): Promise<string[]> {
  const { ranges } = await running.client.get<FreeRangesAnswer>('/free-ranges', { quietFor: '6s' });
  return ranges.flatMap(({ start, size }) =>
    Array.from({ length: size }, (_, i) => `192.0.2.${Number(start.split('.')[3]) + i}`),
  );
}

describe('an address is not free', () => {
  it('that this machine holds on another interface: it can never hear itself', async () => {
    await lan.ip('address', 'add', '192.0.2.25/32', 'dev', 'lo');
    const running = await started(segment());
    const free = await proven(running);
    expect(free).toContain('192.0.2.26');
    expect(free).not.toContain('192.0.2.25');
    expect(await running.address('192.0.2.25')).toMatchObject({ verdict: 'reserved', use: 'used' });
    await lan.ip('address', 'del', '192.0.2.25/32', 'dev', 'lo');
  });

  it('because another wire was silent', async () => {
    const running = await started(segment());
    expect(await proven(running)).toContain('192.0.2.26');
    const other = await createLan({ cidr: CIDR, interfaceName: 'lan1', ownAddress: '192.0.2.6' });
    try {
      await running.reload(`segments: [{ name: lan, interface: lan1, schedule: "${NEVER}" }]\n${QUICK}`);
      expect(await freeAddresses(running)).toEqual([]);
      expect(await running.address('192.0.2.26')).toMatchObject({ verdict: 'unproven', proof: { looks: 0 } });
      // What was seen is still known.
      expect((await running.address('192.0.2.20')).history).toHaveLength(1);
    } finally {
      await other.close();
    }
  });

  it('that is leased, though the lease was read before the interface was there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'freehold-leases-'));
    const leases = join(folder, 'dnsmasq.leases');
    writeFileSync(leases, '0 52:54:00:00:00:26 192.0.2.26 sleeper *\n');
    await lan.deleteInterface();
    const running = await started(`${segment(', cidr: 192.0.2.0/27')}\ndhcp: { leases: [${leases}] }`);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await lan.restoreInterface();
    await until('the segment is taken up', async () => (await running.segment()).state !== 'waiting');
    const free = await proven(running);
    expect(free).toContain('192.0.2.27');
    expect(free).not.toContain('192.0.2.26');
    expect(await running.address('192.0.2.26')).toMatchObject({ verdict: 'leased' });
    rmSync(folder, { recursive: true });
  });

  it('while the disk refuses: nothing is', async () => {
    const mount = mkdtempSync(join(tmpdir(), 'freehold-full-'));
    const sh = (script: string) => expect(spawnSync('sh', ['-c', script], { encoding: 'utf8' })).toMatchObject({ status: 0 });
    sh(`mount -t tmpfs -o size=2m tmpfs ${mount}`);
    mkdirSync(join(mount, 'db'));
    daemon = await runDaemon(segment(), undefined, join(mount, 'db', 'freehold.db'));
    const full = daemon;
    expect((await proven(full)).length).toBeGreaterThan(0);
    spawnSync('sh', ['-c', `head -c 4m /dev/zero > ${mount}/filler`]);
    await hosts.add({ id: 'newcomer', addresses: ['192.0.2.26'], macs: ['52:54:00:00:00:26'] });
    await hosts.announce('newcomer', { probes: 1, probeIntervalMs: 10, waitMs: 10, announcements: 2, announceIntervalMs: 10 });
    await until('the daemon says that it cannot write', () =>
      full.client.get('/free-ranges').then(
        () => false,
        (error: { code?: string }) => error.code === 'ledger-not-writable',
      ),
    );
    expect(await full.client.get('/readyz')).toMatchObject({ ready: false });
    rmSync(join(mount, 'filler'));
    await until('it can write again', () =>
      full.client.get('/free-ranges').then(
        () => true,
        () => false,
      ),
    );
    expect(await full.address('192.0.2.26')).toMatchObject({ use: 'used' });
    await full.stop();
    daemon = null;
    sh(`umount ${mount}`);
    rmSync(mount, { recursive: true });
  });
});

describe('the daemon', () => {
  it('verifies twice at once, and hears for both', async () => {
    const running = await started(segment());
    await running.sweep();
    const ask = (range: string) => running.client.post<VerifyAnswer>('/verify', { range });
    const first = ask('192.0.2.19-192.0.2.21');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const second = ask('192.0.2.20-192.0.2.22');
    const conflicts = (await Promise.all([first, second])).map(({ live }) => [
      live.valid,
      live.conflicts.map(({ address }) => address),
    ]);
    expect(conflicts).toEqual([
      [true, ['192.0.2.20']],
      [true, ['192.0.2.20']],
    ]);
  });

  it('takes reloads one after the other: what is removed is no longer swept', async () => {
    const running = await started(segment());
    await running.sweep();
    const slow = running.reload(segment(', rate: 20'));
    const none = running.reload('segments: []');
    await Promise.all([slow, none]);
    const { segments } = await running.client.get<{ segments: SegmentJson[] }>('/segments');
    expect(segments).toEqual([]);
    await hosts.forget();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect((await hosts.report()).arpRequests).toBe(0);
  });

  it('says when a network lies only partly on the link', async () => {
    const running = await started(segment(', cidr: 192.0.2.0/26'));
    expect((await running.segment()).waitingFor).toBe('cidr-beyond-link');
    const { notices, ranges } = await running.client
      .get<FreeRangesAnswer>('/free-ranges')
      .catch(() => ({ notices: ['not seen yet'], ranges: [] }));
    expect([ranges, notices.length]).toEqual([[], 1]);
  });
});
