/** A sweep that failed says nothing about anyone: it ends no occupancy, proves nothing, and the daemon goes on. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FreeRangesAnswer, SegmentJson } from '../../src/http/service.ts';
import { createLan, type Lan } from '../lab/lan.ts';
import { type SimulatedHosts, startSimulatedHosts } from '../lab/simulated-hosts.ts';
import { NEVER, QUICK, type RunningDaemon, runDaemon, until } from './running.ts';

const CIDR = '198.51.100.0/28';
const GATEWAY = '198.51.100.1';
const HOST = '198.51.100.9';

let lan: Lan;
let hosts: SimulatedHosts;
let daemon: RunningDaemon;

beforeAll(async () => {
  lan = await createLan({ cidr: CIDR, ownAddress: '198.51.100.5', gateway: GATEWAY });
  hosts = await startSimulatedHosts(lan, [
    { id: 'gateway', addresses: [GATEWAY], macs: ['52:54:00:00:00:01'] },
    { id: 'host', addresses: [HOST], macs: ['52:54:00:00:00:09'] },
  ]);
  daemon = await runDaemon(`segments: [{ name: lan, interface: lan0, schedule: "${NEVER}" }]\n${QUICK}`);
});

afterAll(async () => {
  await daemon?.stop();
  await hosts?.close();
  await lan?.close();
});

const looksAt = async (address: string): Promise<number> => (await daemon.address(address)).proof.looks;
const waiting = (reason: SegmentJson['waitingFor']) =>
  until(`waiting for ${reason}`, async () => (await daemon.segment()).waitingFor === reason);

/** What is known of the host and of a silent address, which no failed sweep may change. */
async function known(): Promise<unknown> {
  const host = await daemon.address(HOST);
  return { use: host.use, history: host.history, newest: (await daemon.address('198.51.100.12')).proof.newestLookAt };
}

describe('a sweep that cannot be trusted', () => {
  it('is preceded by one that can', async () => {
    expect(await daemon.sweep()).toMatchObject({ valid: true });
    expect(await daemon.address(HOST)).toMatchObject({ use: 'used', verdict: 'occupied' });
    expect(await looksAt('198.51.100.12')).toBe(1);
  });

  const faults: readonly [name: string, reason: string, breakIt: () => Promise<void>, mendIt: () => Promise<void>][] = [
    ['while the link is down', 'link-down', () => lan.linkDown(), () => lan.linkUp()],
    ['while the cable is out', 'link-down', () => lan.setCable(false), () => lan.setCable(true)],
    ['while the address is lost', 'address-lost', () => lan.removeAddress('198.51.100.5'), () => lan.addAddress('198.51.100.5')],
    ['while the interface is gone', 'interface-gone', () => lan.deleteInterface(), () => lan.restoreInterface()],
  ];
  it.each(faults)(
    'proves nothing and changes nothing %s; and the daemon sees it come back',
    async (_name, reason, breakIt, mendIt) => {
      const before = await known();
      await breakIt();
      await waiting(reason);
      const failed = await daemon.sweep();
      expect(failed).toMatchObject({ valid: false, invalidReason: reason, answered: 0, probesSent: 0 });
      expect(await known()).toEqual(before);
      const answer = await daemon.client.get<FreeRangesAnswer>('/free-ranges');
      expect(answer.notices.join(' ')).toContain('not being looked at');
      await mendIt();
      await waiting(null);
      expect(await daemon.sweep()).toMatchObject({ valid: true, invalidReason: null });
    },
  );

  it('is cut short when the link goes down in the middle of it', async () => {
    await daemon.reload(`segments: [{ name: lan, interface: lan0, schedule: "${NEVER}", rate: 5 }]\n${QUICK}`);
    const before = await known();
    const sweeping = daemon.sweep();
    await until('it sweeps', async () => (await daemon.segment()).state === 'sweeping');
    await lan.linkDown();
    const failed = await sweeping;
    expect(failed).toMatchObject({ valid: false, invalidReason: 'link-down' });
    expect(((await known()) as { newest: string }).newest).toBe((before as { newest: string }).newest);
    await lan.linkUp();
    await waiting(null);
    await daemon.reload(`segments: [{ name: lan, interface: lan0, schedule: "${NEVER}" }]\n${QUICK}`);
    expect(await daemon.sweep()).toMatchObject({ valid: true });
  });

  it('is invalid when the control is silent: everybody gone at once is a broken experiment', async () => {
    const before = await known();
    await hosts.remove('gateway');
    await hosts.remove('host');
    expect(await daemon.sweep()).toMatchObject({
      valid: false,
      invalidReason: 'control-silent',
      answered: 0,
      controls: { answered: 0 },
    });
    expect(await known()).toEqual(before);
    await hosts.add({ id: 'host', addresses: [HOST], macs: ['52:54:00:00:00:09'] });
    await hosts.add({ id: 'gateway', addresses: [GATEWAY], macs: ['52:54:00:00:00:01'] });
    expect(await daemon.sweep()).toMatchObject({ valid: true });
  });

  it('shows in the answer as an outage, with its reason', async () => {
    const { outages } = await daemon.client.get<FreeRangesAnswer>('/free-ranges', { quietFor: '1h', maxGap: '1s' });
    expect(outages.map(({ reason }) => reason)).toEqual(expect.arrayContaining(['not-running']));
    const { sweeps } = await daemon.client.get<{ sweeps: { invalidReason: string | null }[] }>('/sweeps');
    const reasons = new Set(sweeps.map(({ invalidReason }) => invalidReason));
    expect([...reasons].sort()).toEqual(['address-lost', 'control-silent', 'interface-gone', 'link-down', null].sort());
  });

  it('a conflict cannot be verified while the link is down', async () => {
    await lan.linkDown();
    await waiting('link-down');
    await expect(daemon.client.post('/verify', { range: '198.51.100.12' })).rejects.toMatchObject({ code: 'segment-waiting' });
    await lan.linkUp();
    await waiting(null);
  });
});
