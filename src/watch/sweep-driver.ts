/** Drives the machine of one sweep to its end. Decides nothing about what an answer means, and records nothing. */
import { nextStep, noteSent, type Sweep } from '../core/probe/sweep.ts';
import type { WireFault } from './faults.ts';
import { driveProbes, type ProbeIo } from './probe-driver.ts';

/** Runs the sweep to its end, or to the first fault. @returns the fault, or null */
export const driveSweep = (sweep: Sweep, io: ProbeIo): Promise<WireFault | null> =>
  driveProbes(
    {
      next: (nowMs) => nextStep(sweep, nowMs),
      noteSent: (probes, sent, nowMs) => noteSent(sweep, probes, sent, nowMs),
    },
    io,
  );
