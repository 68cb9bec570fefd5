/** One segment on a wire of the test's own making: what it does with the frames it is given is the test's to say. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { networkOf } from '../../src/core/address/cidr.ts';
import { type Ipv4, ipv4, ipv4FromBytes } from '../../src/core/address/ipv4.ts';
import type { Mac } from '../../src/core/address/mac.ts';
import { ARP_FRAME_LENGTH, encodeArpFrame } from '../../src/core/codec/arp.ts';
import { type Ledger, openLedger } from '../../src/ledger/ledger.ts';
import type { InterfaceFacts, PacketWire, PacketWireHandlers, SendOutcome } from '../../src/link/types.ts';
import { systemClock } from '../../src/system/clock.ts';
import type { SegmentConfig } from '../../src/system/config-types.ts';
import { createLogger } from '../../src/system/logger.ts';
import type { Hearing } from '../../src/watch/hearing.ts';
import { IcmpSweeper } from '../../src/watch/icmp-sweeper.ts';
import { Recorder } from '../../src/watch/recorder.ts';
import { SegmentWatch } from '../../src/watch/segment-watch.ts';

export const OWN = '02:00:00:00:00:01' as Mac;
export const HOST_MAC = '02:00:00:00:00:aa' as Mac;
/** 198.51.100.8/29: .9 is ours, .10 is alive, the rest is silent. */
export const NETWORK = networkOf(ipv4(0xc6336408), 29);
export const OURS = ipv4(0xc6336409);
export const ALIVE = ipv4(0xc633640a);
export const SILENT = ipv4(0xc633640c);

export const FACTS: InterfaceFacts = {
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
export type Temper = (frames: Uint8Array, handlers: PacketWireHandlers) => SendOutcome & { readonly drops?: number };

export const answering: Temper = (frames, handlers) => {
  for (let offset = 0; offset < frames.length; offset += ARP_FRAME_LENGTH) {
    if (ipv4FromBytes(frames, offset + 38) === ALIVE) handlers.onFrame(reply(ALIVE));
  }
  return { sent: frames.length / ARP_FRAME_LENGTH, errorCode: null };
};

export const reply = (from: Ipv4) => ({
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

export interface FakeSegment {
  readonly ledger: Ledger;
  readonly watch: SegmentWatch;
  /** Of the socket: frames and errors come from here. */
  readonly handlers: PacketWireHandlers;
  close(): Promise<void>;
}

export interface FakeSegmentOptions {
  readonly config?: Partial<SegmentConfig>;
  readonly hearing?: Hearing;
}

/** @param temper asked anew for each batch of frames */
export function fakeSegment(temper: () => Temper, options: FakeSegmentOptions = {}): FakeSegment {
  const folder = mkdtempSync(join(tmpdir(), 'freehold-watch-'));
  const ledger = openLedger({ path: join(folder, 'freehold.db'), nowMs: Date.now() });
  const logger = createLogger({ level: 'silent' });
  const common = { ledger, clock: systemClock, logger, random: Math.random };
  let handlers: PacketWireHandlers | null = null;
  const watch = new SegmentWatch({
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
      ...options.config,
    },
    hearing: options.hearing,
    recorder: new Recorder({ ...common, onScanner: () => undefined }),
    interfaces: { get: () => FACTS, list: () => [FACTS], onChange: () => () => undefined, close: () => undefined },
    openWire: (_name, given) => {
      handlers = given;
      return wire(given, temper);
    },
    onPlaced: () => undefined,
    icmp: new IcmpSweeper({ ...common, open: () => Promise.resolve(null) }),
  });
  watch.start();
  if (handlers === null) throw new Error('the segment opened no socket');
  return {
    ledger,
    watch,
    handlers,
    async close() {
      await watch.stop();
      ledger.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function wire(handlers: PacketWireHandlers, temper: () => Temper): PacketWire {
  let kernelDrops = 0;
  return {
    interfaceName: 'lan0',
    interfaceIndex: 2,
    send: (frames) => {
      const outcome = temper()(frames, handlers);
      kernelDrops += outcome.drops ?? 0;
      return outcome;
    },
    drain: () => undefined,
    stats: () => ({ framesReceived: 0, kernelDrops, framesSent: 0, sendErrors: 0 }),
    close: () => undefined,
  };
}
