/**
 * Drives the RFC 5227 machine for a whole range over one packet wire. Announces nothing: it only asks.
 */
import type { RangeSet } from '../core/address/range-set.ts';
import type { ArpFrame } from '../core/codec/arp.ts';
import { arpKind } from '../core/codec/arp-kind.ts';
import { type AcdResult, createAcd, finishAcd, nextAcdStep, noteAcdFrame, noteAcdSent } from '../core/probe/acd.ts';
import type { ProbeOut } from '../core/probe/types.ts';
import { driveProbes, type ProbeIo } from './probe-driver.ts';

export interface AcdIo extends ProbeIo {
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
    const answersUs = frame.operation === 'reply' && frame.targetMac === io.ownMac;
    noteAcdFrame(acd, { kind: arpKind(frame), senderMac, senderAddress, targetAddress, answersUs }, clock.monotonicMs());
  });
  try {
    const machine = {
      next: (nowMs: number) => nextAcdStep(acd, nowMs),
      noteSent: (probes: readonly ProbeOut[], sent: number, nowMs: number) => noteAcdSent(acd, probes, sent, nowMs),
    };
    const fault = await driveProbes(machine, io);
    return finishAcd(acd, { fault, kernelDrops: io.kernelDrops() - dropsBefore }, clock.monotonicMs());
  } finally {
    detach();
  }
}
