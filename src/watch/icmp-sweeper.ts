/**
 * Sweeps a routed segment by ICMP echo, gently. One raw socket serves all segments and is opened at the first sweep that
 * needs it. Without the optional package every such sweep is invalid for the reason `icmp-unavailable`, and nothing else
 * changes. A verdict that rests on this says so: hosts may ignore echo requests.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ipv4 } from '../core/address/ipv4.ts';
import { createSweep, finish, nextStep, noteReply, noteSent, type Sweep } from '../core/probe/sweep.ts';
import type { SweepPlan, SweepResult } from '../core/probe/types.ts';
import type { IcmpWire, IcmpWireHandlers } from '../link/types.ts';
import type { Clock } from '../system/clock.ts';
import type { Logger } from '../system/logger.ts';
import type { WireFault } from './faults.ts';

/** Longest single wait, so that a stop is heard soon. */
const MAX_WAIT_MS = 250;

export interface EchoReply {
  readonly address: Ipv4;
  readonly atMs: number;
}

export interface IcmpSweeperOptions {
  /** Null: the optional package is missing. */
  readonly open: (handlers: IcmpWireHandlers) => Promise<IcmpWire | null>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

interface Running {
  readonly sweep: Sweep;
  readonly onReply: (reply: EchoReply) => void;
  /** Set when the socket failed meanwhile. */
  failed: boolean;
}

export class IcmpSweeper {
  readonly #options: IcmpSweeperOptions;
  /** Undefined: not tried yet. Null: not available. */
  #wire: IcmpWire | null | undefined = undefined;
  /** Segments that sweep at the same time wait for the same socket. */
  #opening: Promise<IcmpWire | null> | null = null;
  readonly #running = new Map<string, Running>();
  #sequence = 0;
  #closed = false;

  constructor(options: IcmpSweeperOptions) {
    this.#options = options;
  }

  async sweep(
    plan: SweepPlan,
    segment: string,
    onReply: (reply: EchoReply) => void,
    fault: () => WireFault | null,
  ): Promise<SweepResult> {
    const { clock, random } = this.#options;
    const sweep = createSweep(plan, clock.monotonicMs(), random);
    const wire = await this.#open();
    if (wire === null) return finish(sweep, { fault: fault() ?? 'icmp-unavailable', kernelDrops: 0 }, clock.monotonicMs());
    const running: Running = { sweep, onReply, failed: false };
    this.#running.set(segment, running);
    const anyFault = (): WireFault | null => fault() ?? (running.failed ? 'receive-failed' : null);
    try {
      const stoppedBy = await this.#drive(sweep, wire, anyFault);
      // A raw socket does not tell what it dropped: the control is what shows that answers arrive.
      return finish(sweep, { fault: stoppedBy ?? anyFault(), kernelDrops: 0 }, clock.monotonicMs());
    } finally {
      this.#running.delete(segment);
    }
  }

  close(): void {
    this.#closed = true;
    this.#wire?.close();
    this.#wire = null;
  }

  async #drive(sweep: Sweep, wire: IcmpWire, fault: () => WireFault | null): Promise<WireFault | null> {
    for (;;) {
      const stoppedBy = fault();
      if (stoppedBy !== null) return stoppedBy;
      const now = this.#options.clock.monotonicMs();
      const step = nextStep(sweep, now);
      if (step.kind === 'done') return null;
      if (step.kind === 'wait') {
        await sleep(Math.min(MAX_WAIT_MS, Math.max(1, step.untilMs - now)));
        continue;
      }
      let sent = 0;
      for (const probe of step.probes) {
        this.#sequence = (this.#sequence + 1) & 0xffff;
        if (!(await wire.sendEcho(probe.address, this.#sequence))) break;
        sent++;
      }
      noteSent(sweep, step.probes, sent, now);
    }
  }

  #open(): Promise<IcmpWire | null> {
    if (this.#wire !== undefined) return Promise.resolve(this.#wire);
    this.#opening ??= this.#openWire().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #openWire(): Promise<IcmpWire | null> {
    const { logger, clock } = this.#options;
    try {
      const opened = await this.#options.open({
        onReply: (address, _sequence, atMs) => {
          for (const { sweep, onReply } of this.#running.values()) {
            noteReply(sweep, address, null, clock.monotonicMs());
            onReply({ address, atMs });
          }
        },
        onError: (error) => {
          logger.warn({ err: error }, 'the ICMP socket failed; it is opened again at the next sweep that needs it');
          for (const running of this.#running.values()) running.failed = true;
          this.#wire?.close();
          this.#wire = undefined;
        },
      });
      if (this.#closed) {
        opened?.close();
        return null;
      }
      this.#wire = opened;
    } catch (error) {
      logger.warn({ err: error }, 'ICMP cannot be used now; it is tried again at the next sweep that needs it');
      return null;
    }
    if (this.#wire === null)
      logger.warn('ICMP is not available (the optional package raw-socket is not built); routed segments cannot be swept');
    return this.#wire;
  }
}
