/**
 * Drives one machine that asks (a sweep's, or RFC 5227's for a range) over one packet wire: builds the frames, hands them to the kernel, waits. Decides nothing about
 * what an answer means, and records nothing.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { Mac } from '../core/address/mac.ts';
import { ARP_FRAME_LENGTH, type ArpFrameWriter, arpFrameWriter } from '../core/codec/arp.ts';
import type { ProbeOut, SweepStep } from '../core/probe/types.ts';
import type { PacketWire, SendOutcome } from '../link/types.ts';
import type { Clock } from '../system/clock.ts';
import { faultOf, type WireFault } from './faults.ts';

/** Full queues: try again soon. Anything else ends the run. */
const TRANSIENT = new Set(['ENOBUFS', 'EAGAIN', 'EINTR', 'ENOMEM']);
const TRANSIENT_PAUSE_MS = 2;
/** Longest single wait, so that a fault or a stop is noticed soon. */
const MAX_WAIT_MS = 250;

/** What is to be asked next, and what became of it. */
export interface ProbeMachine {
  next(nowMs: number): SweepStep;
  /** The first `sent` of `probes` really left, at `nowMs`. */
  noteSent(probes: readonly ProbeOut[], sent: number, nowMs: number): void;
}

export interface ProbeIo {
  readonly wire: PacketWire;
  readonly ownMac: Mac;
  /** Sender of ordinary requests; null where the interface has no address in the segment, and then none is sent. */
  readonly ownAddress: Ipv4 | null;
  readonly clock: Clock;
  /** What happened to the wire since the machine began, if anything; asked before every step. */
  readonly fault: () => WireFault | null;
}

/** Runs the machine to its end, or to the first fault. @returns the fault, or null */
export async function driveProbes(machine: ProbeMachine, io: ProbeIo): Promise<WireFault | null> {
  const writer = arpFrameWriter(io.ownMac, io.ownAddress);
  for (;;) {
    const fault = io.fault();
    if (fault !== null) return fault;
    const now = io.clock.monotonicMs();
    const step = machine.next(now);
    switch (step.kind) {
      case 'done':
        io.wire.drain();
        return io.fault();
      case 'wait':
        await sleep(Math.min(MAX_WAIT_MS, Math.max(1, step.untilMs - now)));
        break;
      case 'send': {
        const outcome = sendProbes(io.wire, writer, step.probes);
        machine.noteSent(step.probes, outcome.sent, now);
        if (outcome.errorCode !== null) {
          if (!TRANSIENT.has(outcome.errorCode)) return io.fault() ?? faultOf(outcome.errorCode);
          await sleep(TRANSIENT_PAUSE_MS);
        }
        // At rate max there is always a next step: answers are read between two, and timers get their turn.
        io.wire.drain();
        await nextTurn();
        break;
      }
    }
  }
}

/** The kernel copies the frames before `send` returns, so one buffer serves every run of the process. */
let frames = new Uint8Array(64 * ARP_FRAME_LENGTH);

/** Where the sender has no address of its own, only RFC 5227 probes are sent. */
function sendProbes(wire: PacketWire, writer: ArpFrameWriter, probes: readonly ProbeOut[]): SendOutcome {
  const length = probes.length * ARP_FRAME_LENGTH;
  if (frames.length < length) frames = new Uint8Array(length);
  let offset = 0;
  for (const { kind, address } of probes) {
    if (kind === 'request' && writer.request !== null) writer.request(frames, offset, address);
    else writer.probe(frames, offset, address);
    offset += ARP_FRAME_LENGTH;
  }
  return wire.send(frames.subarray(0, length), ARP_FRAME_LENGTH);
}
