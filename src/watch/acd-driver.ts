/**
 * Drives the RFC 5227 machine for a whole range over one packet wire. Announces nothing: it only asks.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { Mac } from '../core/address/mac.ts';
import type { RangeSet } from '../core/address/range-set.ts';
import { type ArpFrame, arpFrameWriter } from '../core/codec/arp.ts';
import { arpKind } from '../core/codec/arp-kind.ts';
import { type Acd, type AcdResult, createAcd, finishAcd, nextAcdStep, noteAcdFrame, noteAcdSent } from '../core/probe/acd.ts';
import type { PacketWire } from '../link/types.ts';
import type { Clock } from '../system/clock.ts';
import type { WireFault } from './faults.ts';
import { sendProbes } from './sweep-driver.ts';

/** Longest single wait, so that a fault or a stop is noticed soon. */
const MAX_WAIT_MS = 250;

export interface AcdIo {
  readonly wire: PacketWire;
  readonly ownMac: Mac;
  readonly ownAddress: Ipv4 | null;
  readonly clock: Clock;
  readonly fault: () => WireFault | null;
  readonly kernelDrops: () => number;
}

export type AcdListener = (frame: ArpFrame) => void;

/** @param attach is given the ear of the run, and returns the way to take it off again */
export async function driveAcd(
  targets: RangeSet,
  io: AcdIo,
  random: () => number,
  attach: (listener: AcdListener) => () => void,
): Promise<AcdResult> {
  const { clock } = io;
  const dropsBefore = io.kernelDrops();
  const acd = createAcd({ targets, ourMac: io.ownMac, random, nowMs: clock.monotonicMs() });
  const detach = attach((frame) => {
    const { senderMac, senderAddress, targetAddress } = frame;
    noteAcdFrame(acd, { kind: arpKind(frame), senderMac, senderAddress, targetAddress }, clock.monotonicMs());
  });
  try {
    const fault = await drive(acd, io);
    return finishAcd(acd, { fault, kernelDrops: io.kernelDrops() - dropsBefore }, clock.monotonicMs());
  } finally {
    detach();
  }
}

async function drive(acd: Acd, io: AcdIo): Promise<WireFault | null> {
  const writer = arpFrameWriter(io.ownMac, io.ownAddress);
  for (;;) {
    const fault = io.fault();
    if (fault !== null) return fault;
    const now = io.clock.monotonicMs();
    const step = nextAcdStep(acd, now);
    switch (step.kind) {
      case 'done':
        io.wire.drain();
        return io.fault();
      case 'wait':
        await sleep(Math.min(MAX_WAIT_MS, Math.max(1, step.untilMs - now)));
        break;
      case 'send': {
        const outcome = sendProbes(io.wire, writer, step.probes);
        noteAcdSent(acd, step.probes, outcome.sent, now);
        await sleep(1);
        break;
      }
    }
  }
}
