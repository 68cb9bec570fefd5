import { describe, expect, it } from 'vitest';
import { ipv4 } from '../../src/core/address/ipv4.ts';
import type { Mac } from '../../src/core/address/mac.ts';
import type { ProbeOut, SweepStep } from '../../src/core/probe/types.ts';
import type { PacketWire } from '../../src/link/types.ts';
import { systemClock } from '../../src/system/clock.ts';
import type { WireFault } from '../../src/watch/faults.ts';
import { driveProbes } from '../../src/watch/probe-driver.ts';

const PROBES: readonly ProbeOut[] = [{ kind: 'probe', address: ipv4(0xc0000202) }];

/** Sends once, then is done. `onDrain`: what is found in the ring when it is read. */
async function run(errorCode: string | null, onDrain: () => WireFault | null = () => null) {
  const told: number[] = [];
  let fault: WireFault | null = null;
  let drains = 0;
  const steps: SweepStep[] = [{ kind: 'send', probes: PROBES }, { kind: 'done' }];
  const wire: PacketWire = {
    interfaceName: 'lan0',
    interfaceIndex: 2,
    send: () => ({ sent: errorCode === null ? 1 : 0, errorCode }),
    drain: () => {
      drains++;
      fault ??= onDrain();
    },
    stats: () => ({ framesReceived: 0, kernelDrops: 0, framesSent: 0, sendErrors: 0 }),
    close: () => undefined,
  };
  const ended = await driveProbes(
    { next: () => steps.shift() ?? { kind: 'done' }, noteSent: (_probes, sent) => told.push(sent) },
    { wire, ownMac: '02:00:00:00:00:01' as Mac, ownAddress: null, clock: systemClock, fault: () => fault },
  );
  return { ended, told, drains };
}

describe('driveProbes', () => {
  it('tells the machine what left, and reads the ring once more when it is done', async () => {
    expect(await run(null)).toEqual({ ended: null, told: [1], drains: 2 });
  });

  it('tells of a fault that the last reading finds', async () => {
    let reads = 0;
    expect(await run(null, () => (++reads === 2 ? 'receive-failed' : null))).toMatchObject({
      ended: 'receive-failed',
      drains: 2,
    });
  });

  it.each([
    ['ENETDOWN', 'link-down', 0],
    ['EPERM', 'send-failed', 0],
    ['ENOBUFS', null, 2],
  ])('%s: ends with %s', async (code, ended, drains) => {
    expect(await run(code)).toEqual({ ended, told: [0], drains });
  });
});
