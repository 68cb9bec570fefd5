/** Whose frames for pool addresses raise nothing, on real frames: each rule by its name, and who must not hide behind it. */
import { resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Mac } from '../../src/core/address/mac.ts';
import { announcement, probe, reply, request } from '../lab/arp-frames.ts';
import { needs } from '../lab/needs.ts';
import { GATEWAY, type Guarded, macOf, OWN, OWN_MAC, POOL, startGuarded } from './guarded.ts';

const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');
const VRRP = '00:00:5e:00:01:0a';
const SQUATTER = macOf(0x77);

let guarded: Guarded | null = null;
afterEach(async () => {
  await guarded?.close();
  guarded = null;
});
const start = async (...given: Parameters<typeof startGuarded>): Promise<Guarded> => {
  guarded = await startGuarded(...given);
  return guarded;
};

/**
 * Brings a squatter that only answers, and sweeps until it is told: answers are held for a second, in the order in which they came,
 * so all that were heard before have been judged by then.
 */
async function answeringMarker({ hosts, daemon, alerted }: Guarded, address: string): Promise<void> {
  await hosts.add({ id: 'marker', addresses: [address], macs: [SQUATTER] });
  expect(await daemon.sweep()).toMatchObject({ valid: true });
  expect((await alerted(address)).message.conflict).toMatchObject({ kind: 'squatter', mac: SQUATTER });
}

/** Probes are held for a moment too. */
async function probingMarker({ injector, alerted }: Guarded, address: string, mac: Mac): Promise<void> {
  await injector.send(probe(mac, address));
  expect((await alerted(address)).message.conflict).toMatchObject({ kind: 'imminent', mac });
}

const addressesOf = async (scene: Guarded): Promise<readonly string[]> => (await scene.conflicts()).map(({ address }) => address);

describe('a router', () => {
  it('that answers for everything (proxy ARP) raises nothing, from the first sweep of a fresh daemon on', async () => {
    const gateway = {
      id: 'router',
      addresses: [GATEWAY, '192.0.2.0/24'],
      except: [OWN],
      macs: [macOf(1)],
      yieldsToOthers: true,
    };
    const scene = await start({ gateway, segment: 'rate: 500' });
    expect(await scene.daemon.sweep()).toMatchObject({ valid: true });
    await answeringMarker(scene, '192.0.2.222');
    expect(await scene.dismissed('proxy-arp')).toBeGreaterThan(40);
    expect(await scene.daemon.sweep()).toMatchObject({ valid: true });
    // Whoever speaks from an address uses it, whoever else answers for that address.
    await scene.injector.send(announcement(macOf(0x7b), '192.0.2.223'));
    await scene.alerted('192.0.2.223');
    expect(await addressesOf(scene)).toEqual(['192.0.2.223', '192.0.2.222']);
    // What it sends of itself is no answer.
    await scene.injector.send(announcement(macOf(1), '192.0.2.224'));
    expect((await scene.alerted('192.0.2.224')).message.conflict).toMatchObject({ kind: 'squatter', mac: macOf(1) });
  });

  it('that answers for much of a segment that is nearly all pool raises nothing either', async () => {
    const gateway = { id: 'router', addresses: [GATEWAY, '192.0.2.0/24'], except: [OWN], macs: [macOf(1)], yieldsToOthers: true };
    const scene = await start({ gateway, pool: '192.0.2.8-192.0.2.254', segment: 'rate: 500' });
    expect(await scene.daemon.sweep()).toMatchObject({ valid: true });
    await answeringMarker(scene, '192.0.2.222');
    expect(await addressesOf(scene)).toEqual(['192.0.2.222']);
  });
});

describe('on one LAN', () => {
  it('all those who answer or ask for pool addresses without using them raise nothing', async () => {
    const scene = await start({ gateway: { id: 'vrrp', addresses: [GATEWAY, '192.0.2.210-192.0.2.212'], macs: [VRRP] } });
    const { lan, injector, daemon } = scene;
    // A router with a virtual MAC (VRRP) whose own address is outside the pool; and our own sweep.
    expect(await daemon.sweep()).toMatchObject({ valid: true });
    await answeringMarker(scene, '192.0.2.222');
    expect(await addressesOf(scene)).toEqual(['192.0.2.222']);
    expect(await scene.dismissed('virtual-router')).toBeGreaterThan(0);
    expect(await scene.dismissed('scanner')).toBe(0);

    // An access point that answers for hosts which sleep; and beside it a stranger whose answer is held like the access point's.
    const answer = (mac: Mac, address: string) => reply(mac, address, OWN_MAC, OWN);
    const accessPoint = macOf(0x0a);
    for (const number of [31, 32, 33]) {
      const address = `192.0.2.${number}`;
      await injector.send(request(macOf(number), address, GATEWAY), answer(accessPoint, address));
    }
    await injector.send(answer(accessPoint, '192.0.2.215'), answer(macOf(0x79), '192.0.2.216'));
    await scene.alerted('192.0.2.216');
    expect(await addressesOf(scene)).toEqual(['192.0.2.216', '192.0.2.222']);
    expect(await scene.dismissed('stands-in-for-sleepers')).toBe(1);

    // A virtual MAC that is known by its address in the pool only.
    await injector.send(answer('00:00:5e:00:01:0b' as Mac, '192.0.2.217'));
    expect((await scene.alerted('192.0.2.217')).message.conflict).toMatchObject({ kind: 'squatter', mac: '00:00:5e:00:01:0b' });

    // Another Freehold.
    const second = await lan.attach('second', { addresses: ['192.0.2.61/24'] });
    const said = await second.run([process.execPath, MAIN, 'scan', '--interface', 'eth0', '--json']);
    expect(JSON.parse(said)).toMatchObject({ valid: true });
    await probingMarker(scene, '192.0.2.223', macOf(0x7a));
    expect(await addressesOf(scene)).toEqual(['192.0.2.223', '192.0.2.217', '192.0.2.216', '192.0.2.222']);
    expect(await scene.dismissed('scanner')).toBeGreaterThan(30);
  });
});

needs('arp-scan')('a scanner', () => {
  it('raises nothing, whether it scans the segment or only the pool', async () => {
    const scene = await start();
    const scanner = await scene.lan.attach('scanner', { addresses: ['192.0.2.60/24'] });
    await scanner.run(['arp-scan', '--interface=eth0', '--arpspa=0.0.0.0', '--retry=1', '192.0.2.0/24']);
    await scanner.run(['arp-scan', '--interface=eth0', '--retry=1', '192.0.2.0/24']);
    const other = await scene.lan.attach('scanner');
    await other.run(['arp-scan', '--interface=eth0', '--arpspa=0.0.0.0', '--retry=1', POOL]);
    await probingMarker(scene, '192.0.2.222', macOf(0x78));
    expect(await addressesOf(scene)).toEqual(['192.0.2.222']);
    expect(await scene.dismissed('scanner')).toBeGreaterThanOrEqual(80);
  });
});

needs('arping')('a device that probes for one address of the pool', () => {
  it('is about to take it; our own verification of the whole pool is nothing', async () => {
    const scene = await start();
    await scene.daemon.sweep();
    const { live } = await scene.daemon.client.post<{ live: unknown }>('/verify', { range: POOL });
    expect(live).toMatchObject({ valid: true, conflicts: [] });
    const device = await scene.lan.attach('device');
    const mac = (await device.run(['cat', '/sys/class/net/eth0/address'])).trim();
    await device.run(['arping', '-D', '-I', 'eth0', '-c', '2', '-w', '5', '192.0.2.211']);
    expect((await scene.alerted('192.0.2.211')).message).toMatchObject({
      event: 'opened',
      conflict: { kind: 'imminent', mac, sources: ['arp-probe'] },
    });
    expect(await addressesOf(scene)).toEqual(['192.0.2.211']);
    expect(await scene.dismissed('scanner')).toBe(0);
  });
});
