/** Nodes that take addresses over from each other, two nodes at one address, and a stranger who says a single word. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Mac } from '../../src/core/address/mac.ts';
import { announcement, metallbBurst, request } from '../lab/arp-frames.ts';
import { GATEWAY, type Guarded, macOf, NODE_A, NODE_A2, NODE_B, startGuarded } from './guarded.ts';
import { until } from './running.ts';

/** MetalLB sends five bursts when a node takes an address over, 1.1 s apart. */
const BURSTS = 5;
const BURST_INTERVAL_MS = 1100;

const MOVED = '192.0.2.220';
const SPLIT = '192.0.2.221';
const BONDED = '192.0.2.222';
const STRANGERS = '192.0.2.223';

let scene: Guarded;

beforeAll(async () => {
  scene = await startGuarded({
    hosts: [
      { id: 'node-a', addresses: [MOVED], macs: [NODE_A] },
      { id: 'bonded', addresses: [BONDED], macs: [NODE_A, NODE_A2] },
    ],
  });
  await scene.daemon.sweep();
});
afterAll(() => scene?.close());

/** The address moves: one node falls silent, the other announces and answers; sweeps go on meanwhile. */
async function moveTo(from: string, to: string, mac: Mac): Promise<void> {
  await scene.hosts.remove(from);
  await scene.hosts.add({ id: to, addresses: [MOVED], macs: [mac] });
  for (let burst = 0; burst < BURSTS; burst++) {
    await scene.injector.send(...metallbBurst(mac, MOVED));
    await Promise.all([scene.daemon.sweep(), sleep(BURST_INTERVAL_MS)]);
  }
}

it('a failover and the way back raise nothing, with a late word of the old node', async () => {
  // With a grace time of two seconds, and both within ten: what tells it from two nodes at once is that each look is answered by one.
  await moveTo('node-a', 'node-b', NODE_B);
  await moveTo('node-b', 'node-a', NODE_A);
  await scene.injector.send(request(NODE_B, MOVED, GATEWAY));
  await scene.daemon.sweep();
  await scene.injector.send(announcement(macOf(0x77), '192.0.2.230'));
  await scene.alerted('192.0.2.230');
  expect((await scene.conflicts()).map(({ address }) => address)).toEqual(['192.0.2.230']);
});

it("a stranger's single announcement is a conflict, at an address that a node holds too", async () => {
  await scene.injector.send(announcement(macOf(0x78), STRANGERS));
  expect((await scene.alerted(STRANGERS)).message.conflict).toMatchObject({ kind: 'squatter', mac: macOf(0x78) });
  await scene.injector.send(announcement(macOf(0x79), MOVED));
  expect((await scene.alerted(MOVED)).message.conflict).toMatchObject({
    kind: 'contested',
    mac: macOf(0x79),
    macs: expect.arrayContaining([NODE_A]),
  });
});

it('two nodes that go on answering are one split-brain; two MACs of one node are none', async () => {
  await scene.hosts.add({ id: 'split', addresses: [SPLIT], macs: [NODE_A, NODE_B] });
  await until(
    'the split-brain',
    async () => {
      await scene.daemon.sweep();
      return scene.alerts(SPLIT).length > 0;
    },
    30_000,
  );
  for (let i = 0; i < 3; i++) await scene.daemon.sweep();
  const split = await scene.conflicts(SPLIT);
  expect(split).toMatchObject([{ kind: 'split-brain', state: 'open', mac: null, severity: 'critical' }]);
  expect([...(split[0]?.macs ?? [])].sort()).toEqual([NODE_A, NODE_B]);
  const [alert] = scene.alerts(SPLIT);
  expect(alert?.message.summary).toMatch(/worker-1.*worker-2/);
  expect(scene.alerts(SPLIT)).toHaveLength(1);
  expect(await scene.conflicts(BONDED)).toEqual([]);
});
