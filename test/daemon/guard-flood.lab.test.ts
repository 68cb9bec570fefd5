/** Floods of frames and of strangers: nobody who matters is lost in them, and neither memory nor the ledger grows without bound. */
import { statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ipv4, parseIpv4 } from '../../src/core/address/ipv4.ts';
import type { Mac } from '../../src/core/address/mac.ts';
import type { ConflictJson } from '../../src/http/guard-service.ts';
import { announcement, dhcpRequest, request } from '../lab/arp-frames.ts';
import { hexOf } from '../lab/injector.ts';
import { GATEWAY, type GuardedProcess, macOf, startGuardedProcess } from './guarded.ts';
import { until } from './running.ts';

const MEBI = 1 << 20;
const FRAMES = 200_000;
const FIRST = 30;
const POOL_SIZE = 220;
const poolAddress = (index: number): string => `192.0.2.${FIRST + index}`;

let scene: GuardedProcess;

beforeAll(async () => {
  // The flood speaks from addresses that then do not answer: what stands for the segment are hosts that are named.
  const controls = ['192.0.2.2', '192.0.2.3', '192.0.2.4', '192.0.2.6', '192.0.2.7'];
  scene = await startGuardedProcess({
    pool: `${poolAddress(0)}-${poolAddress(POOL_SIZE - 1)}`,
    hosts: controls.map((address, index) => ({ id: address, addresses: [address], macs: [macOf(0x10 + index)] })),
    segment: `rate: max, controls: [${controls.join(', ')}]`,
  });
  expect(await scene.daemon.sweep()).toMatchObject({ valid: true });
});
afterAll(() => scene?.close());

const number = (address: string): number => {
  const read = parseIpv4(address);
  return read.ok ? read.value : ipv4(0);
};
const ledgerBytes = (): number =>
  ['', '-wal'].reduce((sum, end) => sum + (statSync(scene.daemon.ledgerPath + end, { throwIfNoEntry: false })?.size ?? 0), 0);
const openOf = async (...addresses: readonly string[]): Promise<readonly ConflictJson[]> =>
  (await scene.conflicts()).filter(({ state, address }) => state === 'open' && addresses.includes(address));

/** What a flood costs, printed; the loosest bound on it is held to. */
async function costOf(what: string, work: () => Promise<void>): Promise<void> {
  const before = { memory: scene.daemon.memory().now, ledger: ledgerBytes(), ...(await scene.daemon.segment()) };
  const fromMs = performance.now();
  await work();
  const tookMs = performance.now() - fromMs;
  const after = { ...(await scene.daemon.segment()), ledger: ledgerBytes() };
  const { now, peak } = scene.daemon.memory();
  const mebi = (bytes: number): string => (bytes / MEBI).toFixed(1);
  process.stdout.write(
    `${what}: ${after.framesReceived - before.framesReceived} frames heard, ${after.kernelDrops - before.kernelDrops} dropped by the kernel, ` +
      `${(tookMs / 1000).toFixed(1)} s; memory ${mebi(before.memory)} to ${mebi(now)} MiB (peak ${mebi(peak)}); ` +
      `ledger ${mebi(before.ledger)} to ${mebi(after.ledger)} MiB\n`,
  );
  expect(now - before.memory).toBeLessThan(150 * MEBI);
  expect(after.ledger - before.ledger).toBeLessThan(64 * MEBI);
  expect(await scene.daemon.sweep()).toMatchObject({ valid: true });
}

/** One real conflict of three kinds in turn: an announcement, a question, a DHCPREQUEST. Its own MAC and address each. */
function conflictFrame(index: number): Uint8Array {
  const [mac, address] = [macOf(0x1000 + index), poolAddress(index)];
  if (index % 3 === 0) return announcement(mac, address);
  return index % 3 === 1 ? request(mac, address, GATEWAY) : dhcpRequest(mac, address, '192.0.2.2');
}

/** Senders are outside the pool always. */
const outside = { firstAddress: number('192.0.2.10'), addresses: 20 };
const inside = { firstAddress: number(poolAddress(0)), addresses: POOL_SIZE };

describe.each([
  { what: 'that ask for addresses outside the pool', targets: outside, seed: 1, first: 0 },
  { what: 'that ask for addresses of the pool', targets: inside, seed: 2, first: 100 },
])('200,000 ARP frames $what', ({ what, targets, seed, first }) => {
  it('hide none of 100 conflicts among them', async () => {
    const hidden = Array.from({ length: 100 }, (_, index) => conflictFrame(first + index));
    const wanted = hidden.map((_, index) => ({ address: poolAddress(first + index), mac: macOf(0x1000 + first + index) }));
    await costOf(`200,000 frames ${what}`, async () => {
      await scene.injector.flood({ frames: FRAMES, seed, ...outside, targets, hidden: hidden.map(hexOf) });
      const alerted = (address: string, mac: Mac) => scene.alerts(address).some(({ message }) => message.conflict?.mac === mac);
      await until('all 100 alerts', () => wanted.every(({ address, mac }) => alerted(address, mac)), 30_000);
    });
    // The requests among them name a server, which so hands out addresses of the pool.
    const all = (await scene.conflicts()).filter(({ kind }) => kind !== 'scope-overlap');
    expect(all.filter(({ mac }) => mac?.startsWith('06:'))).toEqual([]);
    expect(all).toHaveLength(first + 100);
  });
});

describe('a stream of 5,000 MACs', () => {
  it('for one address makes nine conflicts, and hides not the last of them', async () => {
    const address = poolAddress(200);
    await costOf('5,000 MACs at one address', async () => {
      const frames = Array.from({ length: 5000 }, (_, index) => announcement(macOf(0x10000 + index), address));
      await scene.injector.send(...frames);
      const last = macOf(0x10000 + 4999);
      await until('the last MAC', async () => (await openOf(address)).some(({ macs }) => macs.includes(last)), 30_000);
    });
    const here = await openOf(address);
    expect(here.filter(({ mac }) => mac !== null)).toHaveLength(8);
    expect(here.filter(({ mac }) => mac === null)).toHaveLength(1);
  });

  it('that ask a DHCP server for addresses of the pool makes as many for each', async () => {
    const addresses = Array.from({ length: 19 }, (_, index) => poolAddress(201 + index));
    await costOf('5,000 DHCPREQUESTs', async () => {
      const frames = Array.from({ length: 5000 }, (_, index) =>
        dhcpRequest(macOf(0x20000 + index), addresses[index % addresses.length] ?? '', '192.0.2.2'),
      );
      await scene.injector.send(...frames);
      const lastOnes = addresses.map((_, index) => macOf(0x20000 + 4999 - index));
      await until(
        'the last MACs',
        async () => {
          const named = new Set((await openOf(...addresses)).flatMap(({ macs }) => macs));
          return lastOnes.every((mac) => named.has(mac));
        },
        30_000,
      );
    });
    expect(await openOf(...addresses)).toHaveLength(9 * addresses.length);
  });
});
