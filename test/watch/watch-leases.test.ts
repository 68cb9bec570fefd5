/** Lease files and segments together: which leases are told of which segment, and when. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatIpv4, type Ipv4 } from '../../src/core/address/ipv4.ts';
import type { Lease } from '../../src/core/evidence/facts.ts';
import { type Ledger, openLedger } from '../../src/ledger/ledger.ts';
import type { InterfaceFacts, PacketWire } from '../../src/link/types.ts';
import { systemClock } from '../../src/system/clock.ts';
import type { SegmentConfig } from '../../src/system/config-types.ts';
import { createLogger } from '../../src/system/logger.ts';
import { IcmpSweeper } from '../../src/watch/icmp-sweeper.ts';
import { Recorder } from '../../src/watch/recorder.ts';
import { Watch } from '../../src/watch/watch.ts';
import { FACTS } from './fake-segment.ts';

let folder: string;
let path: string;
let ledger: Ledger;
let watch: Watch;
let told: string[];
/** Told of changes of the interfaces. */
let interfacesChanged: (() => void)[];
let facts: InterfaceFacts;

const segment = (name: string): SegmentConfig => ({
  name,
  interface: 'lan0',
  cidr: null,
  method: 'auto',
  schedule: '0 0 1 1 *',
  rate: 'max',
  exclude: [],
  reserved: [],
  controls: [],
});
/** A wire on which nobody answers. */
const silentWire: PacketWire = {
  interfaceName: 'lan0',
  interfaceIndex: 2,
  send: () => ({ sent: 0, errorCode: 'ENETDOWN' }),
  drain: () => undefined,
  stats: () => ({ framesReceived: 0, kernelDrops: 0, framesSent: 0, sendErrors: 0 }),
  close: () => undefined,
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'freehold-watch-leases-'));
  path = join(folder, 'dhcpd.leases');
  ledger = openLedger({ path: join(folder, 'freehold.db'), nowMs: Date.now() });
  told = [];
  interfacesChanged = [];
  facts = FACTS;
  const common = { ledger, clock: systemClock, logger: createLogger({ level: 'silent' }), random: Math.random };
  watch = new Watch({
    ...common,
    recorder: new Recorder({ ...common, onScanner: () => undefined }),
    interfaces: {
      get: () => facts,
      list: () => [facts],
      onChange: (listener) => {
        interfacesChanged.push(() => listener());
        return () => undefined;
      },
      close: () => undefined,
    },
    openWire: () => silentWire,
    icmp: new IcmpSweeper({ ...common, open: () => Promise.resolve(null) }),
    onLeases: (name: string, leases: readonly Lease[], former: readonly Ipv4[]) => {
      const list = (addresses: readonly Ipv4[]): string => addresses.map(formatIpv4).join(' ');
      told.push(`${name}: ${list(leases.map(({ address }) => address))} / ${list(former)}`);
    },
  });
});
afterEach(async () => {
  await watch.stop();
  ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

const lease = (address: string, state: string): string =>
  `lease ${address} { ends never; binding state ${state}; hardware ethernet 02:00:00:00:00:aa; }\n`;

describe('the leases of a segment', () => {
  it('are those within its network, and those of its addresses that are over', async () => {
    writeFileSync(path, lease('198.51.100.10', 'active') + lease('198.51.100.11', 'free') + lease('192.0.2.10', 'active'));
    await watch.apply([segment('lan')], [{ path, format: 'isc' }]);
    await expect.poll(() => told.at(-1)).toBe('lan: 198.51.100.10 / 198.51.100.11');
    expect(watch.leaseFiles()).toEqual([{ path, format: 'isc', leases: 2, declined: 0, malformed: 0, problem: null }]);
  });

  it('are none where no lease file is followed any more', async () => {
    writeFileSync(path, lease('198.51.100.10', 'active'));
    await watch.apply([segment('lan')], [{ path, format: 'auto' }]);
    await expect.poll(() => told.at(-1)).toBe('lan: 198.51.100.10 / ');
    await watch.apply([segment('lan')], []);
    await expect.poll(() => told.at(-1)).toBe('lan:  / ');
    expect(watch.leaseFiles()).toEqual([]);
  });

  it('are told when the network of the segment becomes known', async () => {
    writeFileSync(path, lease('198.51.100.10', 'active'));
    facts = { ...FACTS, running: false };
    await watch.apply([segment('lan')], [{ path, format: 'auto' }]);
    await expect.poll(() => watch.leaseFiles()[0]?.leases).toBe(1);
    expect(told).toEqual([]);
    facts = FACTS;
    for (const tell of interfacesChanged) tell();
    await expect.poll(() => told.at(-1)).toBe('lan: 198.51.100.10 / ');
  });
});
