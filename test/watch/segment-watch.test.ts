/** Faults of the wire that no real one shows on demand: a socket that refuses, a ring that overran, a frame that cannot be read. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { networkOf } from '../../src/core/address/cidr.ts';
import { type Ipv4, ipv4, ipv4FromBytes } from '../../src/core/address/ipv4.ts';
import type { Mac } from '../../src/core/address/mac.ts';
import { ARP_FRAME_LENGTH, encodeArpFrame } from '../../src/core/codec/arp.ts';
import { type Ledger, openLedger } from '../../src/ledger/ledger.ts';
import type { InterfaceFacts, PacketWire, PacketWireHandlers, SendOutcome } from '../../src/link/types.ts';
import { systemClock } from '../../src/system/clock.ts';
import { createLogger } from '../../src/system/logger.ts';
import { IcmpSweeper } from '../../src/watch/icmp-sweeper.ts';
import { Recorder } from '../../src/watch/recorder.ts';
import { SegmentWatch } from '../../src/watch/segment-watch.ts';

const OWN = '02:00:00:00:00:01' as Mac;
const HOST_MAC = '02:00:00:00:00:aa' as Mac;
/** 198.51.100.8/29: .9 is ours, .10 is alive, the rest is silent. */
const NETWORK = networkOf(ipv4(0xc6336408), 29);
const OURS = ipv4(0xc6336409);
const ALIVE = ipv4(0xc633640a);
const SILENT = ipv4(0xc633640c);

const FACTS: InterfaceFacts = {
  name: 'lan0',
  index: 2,
  mac: OWN,
  mtu: 1500,
  adminUp: true,
  running: true,
  loopback: false,
  addresses: [{ address: OURS, network: NETWORK }],
  gateways: [],
};

/** What this wire does with the frames it is given. */
type Temper = (frames: Uint8Array, handlers: PacketWireHandlers) => SendOutcome & { readonly drops?: number };

const answering: Temper = (frames, handlers) => {
  for (let offset = 0; offset < frames.length; offset += ARP_FRAME_LENGTH) {
    if (ipv4FromBytes(frames, offset + 38) === ALIVE) handlers.onFrame(reply(ALIVE));
  }
  return { sent: frames.length / ARP_FRAME_LENGTH, errorCode: null };
};

const reply = (from: Ipv4) => ({
  bytes: encodeArpFrame({
    etherSource: HOST_MAC,
    etherDestination: OWN,
    vlanIds: [],
    operation: 'reply',
    senderMac: HOST_MAC,
    senderAddress: from,
    targetMac: OWN,
    targetAddress: OURS,
  }),
  atMs: Date.now(),
  vlanId: null,
});

let folder: string;
let ledger: Ledger;
let watch: SegmentWatch;
let temper: Temper = answering;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'freehold-watch-'));
  ledger = openLedger({ path: join(folder, 'freehold.db'), nowMs: Date.now() });
  const logger = createLogger({ level: 'silent' });
  const common = { ledger, clock: systemClock, logger, random: Math.random };
  watch = new SegmentWatch({
    ...common,
    config: {
      name: 'lan',
      interface: 'lan0',
      cidr: null,
      method: 'auto',
      schedule: '* * * * *',
      rate: 'max',
      exclude: [],
      reserved: [],
      controls: [],
    },
    recorder: new Recorder({ ...common, onScanner: () => undefined }),
    interfaces: { get: () => FACTS, list: () => [FACTS], onChange: () => () => undefined, close: () => undefined },
    openWire: (_name, handlers) => wire(handlers),
    onPlaced: () => undefined,
    icmp: new IcmpSweeper({ ...common, open: () => Promise.resolve(null) }),
  });
  watch.start();
});
afterEach(async () => {
  await watch.stop();
  ledger.close();
  rmSync(folder, { recursive: true, force: true });
});

function wire(handlers: PacketWireHandlers): PacketWire {
  let kernelDrops = 0;
  return {
    interfaceName: 'lan0',
    interfaceIndex: 2,
    send: (frames) => {
      const outcome = temper(frames, handlers);
      kernelDrops += outcome.drops ?? 0;
      return outcome;
    },
    drain: () => undefined,
    stats: () => ({ framesReceived: 0, kernelDrops, framesSent: 0, sendErrors: 0 }),
    close: () => undefined,
  };
}

const known = () => {
  const { id } = watch.row ?? { id: undefined };
  if (id === undefined) throw new Error('the segment is not known');
  return {
    looks: ledger.lookRuns(id, 0),
    alive: ledger.history(id, ALIVE, 10),
    silent: ledger.history(id, SILENT, 10),
    lastValid: ledger.lastValidSweepMs(id),
  };
};

describe('SegmentWatch', () => {
  it('records a sweep that it can trust', async () => {
    temper = answering;
    expect(await watch.sweep('request')).toMatchObject({ valid: true, answered: 1, probesPlanned: expect.any(Number) });
    expect(known()).toMatchObject({ looks: [{ looks: 1 }], alive: [{ mac: HOST_MAC }], silent: [] });
  });

  const faults: readonly [name: string, reason: string, temper: Temper][] = [
    ['a socket that refuses every frame', 'send-failed', () => ({ sent: 0, errorCode: 'EPERM' })],
    ['a queue that stays full', 'send-failed', () => ({ sent: 0, errorCode: 'ENOBUFS' })],
    ['a socket on a link that went down', 'link-down', () => ({ sent: 0, errorCode: 'ENETDOWN' })],
    ['a socket on an interface that is gone', 'interface-gone', () => ({ sent: 0, errorCode: 'ENXIO' })],
    [
      'frames dropped before they were read',
      'kernel-drops',
      (frames, handlers) => ({ ...answering(frames, handlers), drops: 1 }),
    ],
    [
      'an error on the receiving side',
      'receive-failed',
      (frames, handlers) => {
        handlers.onError('EIO');
        return answering(frames, handlers);
      },
    ],
    [
      'a frame that could not be read',
      'receive-failed',
      (frames, handlers) => {
        handlers.onHandlerError?.(new Error('our own mistake'));
        return answering(frames, handlers);
      },
    ],
    [
      'a wire on which nothing comes back',
      'control-silent',
      (frames) => ({ sent: frames.length / ARP_FRAME_LENGTH, errorCode: null }),
    ],
  ];
  it.each(faults)('proves nothing and ends nobody with %s', async (_name, reason, broken) => {
    temper = answering;
    await watch.sweep('request');
    const before = known();
    temper = broken;
    expect(await watch.sweep('request')).toMatchObject({ valid: false, invalidReason: reason, looked: [] });
    const after = known();
    expect({ ...after, alive: [] }).toEqual({ ...before, alive: [] });
    expect(after.alive).toHaveLength(1);
    expect(after.alive[0]?.firstSeenMs).toBe(before.alive[0]?.firstSeenMs);
    temper = answering;
    expect(await watch.sweep('request')).toMatchObject({ valid: true });
  });

  it('joins a sweep under way instead of doubling it', async () => {
    temper = answering;
    const [a, b] = [watch.sweep('request'), watch.sweep('schedule')];
    expect(a).toBe(b);
    await a;
  });
});
