/** Routers: one that answers for everybody (proxy ARP), and one with a network behind it (ICMP). */
import { afterEach, describe, expect, it } from 'vitest';
import type { FreeRangesAnswer } from '../../src/http/service.ts';
import { createKernelHosts } from '../lab/kernel-hosts.ts';
import { createLan, type Lan } from '../lab/lan.ts';
import { needs } from '../lab/needs.ts';
import { type SimulatedHosts, startSimulatedHosts } from '../lab/simulated-hosts.ts';
import { NEVER, QUICK, type RunningDaemon, runDaemon, until } from './running.ts';

let lan: Lan | null = null;
let hosts: SimulatedHosts | null = null;
let daemon: RunningDaemon | null = null;

afterEach(async () => {
  await daemon?.stop();
  await hosts?.close();
  await lan?.close();
  [daemon, hosts, lan] = [null, null, null];
});

describe('a proxy-ARP router', () => {
  it('is told from hosts, and nothing behind it is called occupied or free', async () => {
    lan = await createLan({ cidr: '203.0.113.0/24', ownAddress: '203.0.113.5', gateway: '203.0.113.1' });
    hosts = await startSimulatedHosts(lan, [
      { id: 'router', addresses: ['203.0.113.0/24'], except: ['203.0.113.5'], macs: ['52:54:00:00:00:01'], yieldsToOthers: true },
      { id: 'host', addresses: ['203.0.113.9'], macs: ['52:54:00:00:00:09'] },
      { id: 'node', addresses: ['203.0.113.200-203.0.113.229'], macs: ['52:54:00:00:00:c8'] },
    ]);
    daemon = await runDaemon(`segments: [{ name: lan, interface: lan0, schedule: "${NEVER}" }]\n${QUICK}`);
    for (let i = 0; i < 3; i++) expect(await daemon.sweep()).toMatchObject({ valid: true });
    const behind = await daemon.address('203.0.113.100');
    expect([behind.verdict, behind.use, behind.reasons[0]?.code]).toEqual(['unproven', 'unknown', 'stand-in-answers']);
    expect(await daemon.address('203.0.113.9')).toMatchObject({ verdict: 'occupied', use: 'used' });
    expect(await daemon.address('203.0.113.210')).toMatchObject({ verdict: 'occupied', use: 'used' });
    const answer = await daemon.client.get<FreeRangesAnswer>('/free-ranges');
    expect(answer.ranges).toEqual([]);
    expect(answer.notices.join(' ')).toMatch(/52:54:00:00:00:01 answers for \d+ addresses all over the range \(proxy ARP\)/);
    expect((await daemon.segment()).standIns).toMatchObject([{ mac: '52:54:00:00:00:01' }]);
  });
});

needs('raw-socket')('a routed segment', () => {
  it('is swept by ICMP, and says that its proof rests on that only', async () => {
    lan = await createLan({ cidr: '192.0.2.0/24', ownAddress: '192.0.2.5', gateway: '192.0.2.1' });
    await createKernelHosts(lan, ['203.0.113.20', '203.0.113.21'], '192.0.2.1');
    daemon = await runDaemon(
      `segments: [{ name: bgp, interface: lan0, cidr: 203.0.113.16/28, schedule: "${NEVER}", controls: [192.0.2.1] }]\n${QUICK}`,
    );
    expect(await daemon.sweep()).toMatchObject({ valid: true, method: 'icmp', answered: 3 });
    expect(await daemon.address('203.0.113.20')).toMatchObject({
      verdict: 'occupied',
      use: 'used',
      history: [{ mac: null, sources: ['icmp-reply'] }],
    });
    const running = daemon;
    await until(
      'a range is proven',
      async () => {
        await running.sweep();
        return (await running.client.get<FreeRangesAnswer>('/free-ranges', { quietFor: '8s' })).ranges.length > 0;
      },
      30_000,
    );
    const answer = await running.client.get<FreeRangesAnswer>('/free-ranges', { quietFor: '8s' });
    expect(answer.ranges[0]).toMatchObject({ start: '203.0.113.22', end: '203.0.113.30', proof: { methods: ['icmp'] } });
    expect(answer.notices.join(' ')).toContain('ICMP only');
    await expect(running.client.post('/verify', { range: '203.0.113.22' })).rejects.toMatchObject({ code: 'verify-not-on-link' });
  });
});
