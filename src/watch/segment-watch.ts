/**
 * Watches one segment: keeps its wire open, hears every frame, sweeps on request, and waits, without spinning, while the
 * interface is down or gone. It never decides what is free, and never ends because of the network.
 */
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { Mac } from '../core/address/mac.ts';
import { contains } from '../core/address/range.ts';
import { intersectSets, type RangeSet, rangeSet, subtract } from '../core/address/range-set.ts';
import type { ArpFrame } from '../core/codec/arp.ts';
import { EXIT, FreeholdError } from '../core/error.ts';
import type { AcdResult } from '../core/probe/acd.ts';
import { createSweep, finish, noteReply, type Sweep } from '../core/probe/sweep.ts';
import type { SweepPlan, SweepResult } from '../core/probe/types.ts';
import type { SegmentRow, SweepRecord } from '../ledger/types.ts';
import type { PacketWire } from '../link/types.ts';
import type { SegmentConfig } from '../system/config-types.ts';
import { type AcdListener, driveAcd } from './acd-driver.ts';
import { faultOf, faultWhile } from './faults.ts';
import { FrameCounts } from './frame-counts.ts';
import { type FrameHandlers, readFrame } from './listener.ts';
import type { ProbeIo } from './probe-driver.ts';
import { type RunFault, RunFaults } from './run-faults.ts';
import { type Placing, placeSegment, type SegmentPlace } from './segment-place.ts';
import type { SegmentStatus, SegmentWatchOptions, SweepTrigger } from './segment-types.ts';
import { SegmentWire } from './segment-wire.ts';
import { driveSweep } from './sweep-driver.ts';
import { askNever, planAsk, planControls, planSweep } from './sweep-plan.ts';
import { failedSweep, sweepLog, sweepRecord } from './sweep-record.ts';

/** How soon a socket that would not open is tried again. */
const RETRY_MS = 5000;
/** RFC 5227's probes of a whole range leave within this time. */
const LONGEST_RUN_MS = 8000;

export type { SegmentStatus } from './segment-types.ts';

export class SegmentWatch {
  readonly config: SegmentConfig;
  readonly #options: SegmentWatchOptions;
  readonly #counts = new FrameCounts();
  #row: SegmentRow | null = null;
  #place: SegmentPlace | null = null;
  #waiting: Extract<Placing, { state: 'waiting' }> | null = null;
  readonly #wire: SegmentWire;
  readonly #faults = new RunFaults();
  #readFailures = 0;
  readonly #sweeps = new Set<Sweep>();
  /** When each address of the segment last answered a question of ours, epoch ms; bounded by the segment. */
  readonly answeredMs = new Map<Ipv4, number>();
  readonly #acds = new Set<AcdListener>();
  #retry: NodeJS.Timeout | null = null;
  #running: Promise<SweepRecord> | null = null;
  #stopped = false;
  #unsubscribe: (() => void) | null = null;
  #lastSweep: SweepRecord | null = null;
  readonly #hearing: Pick<FrameHandlers, 'onEvent' | 'onDhcp'>;

  constructor(options: SegmentWatchOptions) {
    this.config = options.config;
    this.#options = options;
    this.#wire = new SegmentWire(options.openWire);
    const { hearing } = options;
    this.#hearing =
      hearing === undefined
        ? {}
        : {
            onEvent: (event) => hearing.onEvent(event),
            onDhcp: (heard, atMs) => hearing.onDhcp(options.config.name, heard, atMs),
          };
  }

  /** @throws FreeholdError `not-permitted`: no packet socket may be opened, now or later */
  start(): void {
    this.#settle();
    this.#unsubscribe = this.#options.interfaces.onChange(() => this.#settleAgain());
  }

  /** The segment in the ledger; null until its network was known once. */
  get row(): SegmentRow | null {
    return this.#row;
  }

  /** Where it stands, or stood when it could last be seen. */
  get place(): SegmentPlace | null {
    return this.#place;
  }

  get lastSweep(): SweepRecord | null {
    return this.#lastSweep;
  }

  status(): SegmentStatus {
    return {
      state: this.#waiting !== null ? 'waiting' : this.#running !== null ? 'sweeping' : 'idle',
      waitingFor: this.#waiting?.reason ?? null,
      waitingDetail: this.#waiting?.detail ?? null,
      ...this.#wire.counters(),
      heard: this.#counts.heardByKind(),
      ignored: this.#counts.ignored.snapshot(),
    };
  }

  countIgnoredScanner(probes: number): void {
    this.#counts.ignored.count('scanner-probe', probes);
  }

  /** Sweeps now; a sweep under way is joined. Null while the segment's network is not even known. */
  sweep(trigger: SweepTrigger): Promise<SweepRecord> | null {
    if (this.#running !== null) return this.#running;
    const row = this.#row;
    const place = this.#place;
    if (row === null || place === null || this.#stopped) return null;
    const startedMs = this.#options.clock.nowMs();
    this.#running = this.#runSweep(row, place, trigger, startedMs)
      .catch((error: unknown) => this.#unexpected(error, row, place, trigger, startedMs))
      .finally(() => {
        this.#running = null;
      });
    return this.#running;
  }

  /**
   * The live RFC 5227 run over `targets`, after a sweep under way.
   * @throws FreeholdError `segment-waiting` while the interface is down or gone
   */
  async verify(targets: RangeSet): Promise<AcdResult> {
    await this.#running;
    const wire = this.#wire.current;
    const place = this.#place;
    if (wire === null || place === null || this.#waiting !== null || place.facts === null) {
      throw new FreeholdError(
        'segment-waiting',
        `segment ${this.config.name} cannot be probed now: ${this.#waiting?.detail ?? 'no wire'}`,
        {
          hint: 'verify again when the interface is back',
        },
      );
    }
    const startedMs = this.#options.clock.nowMs();
    this.#options.hearing?.onLook(this.config.name, startedMs, startedMs + LONGEST_RUN_MS);
    const fault = this.#faults.begin(null);
    const io = { ...this.#probeIo(wire, place, place.facts.mac, fault), kernelDrops: () => this.#wire.counters().kernelDrops };
    try {
      return await driveAcd(targets, io, this.#options.random, (listener) => {
        this.#acds.add(listener);
        return () => this.#acds.delete(listener);
      });
    } finally {
      fault.end();
    }
  }

  /** Asks hosts that are known to be alive, at once: whether our frames arrive, and their answers are heard. Records nothing. */
  async controlsAnswer(controls: ReadonlySet<Ipv4>): Promise<boolean> {
    if (this.#place === null || controls.size === 0) return false;
    return (await this.#sweepOnce(planControls(controls), this.#place)).valid;
  }

  /**
   * Asks these addresses of the segment, of those that may be probed, who has them: the answers come by `hearing`, as all do. Records
   * nothing. @returns false where it could not be asked, or not to the end
   */
  async ask(addresses: RangeSet): Promise<boolean> {
    const place = this.#place;
    if (place === null || place.method !== 'arp') return false;
    const targets = subtract(intersectSets(addresses, rangeSet([place.range])), askNever(this.config, place));
    if (targets.length === 0) return true;
    const { probesSent, invalidReason } = await this.#sweepOnce(planAsk(targets, place.ownAddress), place);
    // Silence is an answer here, and says nothing of the wire.
    return probesSent > 0 && (invalidReason === null || invalidReason === 'control-silent');
  }

  /** Stores what a live run showed: a look at each address that it asked, if it was valid. */
  recordVerify(record: Omit<SweepRecord, 'segment' | 'trigger' | 'method' | 'endedMs' | 'standIns'>): void {
    if (this.#row === null) return;
    const { clock, recorder } = this.#options;
    recorder.sweep({
      ...record,
      segment: this.#row.id,
      trigger: 'verify',
      method: 'arp',
      endedMs: Math.round(clock.nowMs()),
      standIns: [],
    });
    recorder.flush();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#faults.fail('aborted');
    this.#unsubscribe?.();
    await this.#running;
    this.#wire.close();
  }

  /** After a change: whatever goes wrong is waited out, never thrown into the event loop. */
  #settleAgain(): void {
    try {
      this.#settle();
    } catch (error) {
      this.#wait({ state: 'waiting', reason: 'socket-failed', detail: messageOf(error) });
    }
  }

  /** Looks at the interface again, and opens or closes the wire as it now stands. */
  #settle(): void {
    if (this.#stopped) return;
    const { interfaces, ledger, logger, clock } = this.#options;
    const placing = placeSegment(this.config, interfaces.list(), this.#place);
    if (placing.state === 'waiting') {
      this.#wait(placing);
      return;
    }

    const before = this.#place;
    const { place } = placing;
    const moved = before === null || before.range.first !== place.range.first || before.range.last !== place.range.last;
    if (moved || before.wire !== place.wire || this.#row === null) {
      this.answeredMs.clear();
      // Looks under way were meant for another range, or another wire.
      this.#faults.fail('aborted');
      this.#row = ledger.ensureSegment({ name: this.config.name, range: place.range, wire: place.wire, nowMs: clock.nowMs() });
    }
    const otherCard = before?.facts?.index !== place.facts?.index || before?.facts?.mac !== place.facts?.mac;
    if (otherCard) {
      // Answers to the old MAC no longer reach us.
      this.#faults.fail('interface-gone');
      this.#wire.close();
    }
    this.#place = place;
    if (moved) this.#options.onPlaced();
    this.#options.hearing?.onPlace();
    if (place.method === 'arp' && place.facts !== null) {
      try {
        this.#wire.open(place.facts.name, {
          onFrame: (frame) => this.#hear(frame),
          onError: (code) => this.#onError(code),
          onHandlerError: (error) => this.#onHandlerError(error),
        });
      } catch (error) {
        if (error instanceof FreeholdError && error.exitCode === EXIT.notPermitted) throw error;
        // It may vanish between two looks at it; the next change brings us here again.
        this.#wait({ state: 'waiting', reason: 'socket-failed', detail: messageOf(error) });
        return;
      }
    }
    if (this.#waiting !== null)
      logger.info({ segment: this.config.name, waitedFor: this.#waiting.reason }, 'the segment can be swept again');
    this.#waiting = null;
  }

  #wait(placing: Extract<Placing, { state: 'waiting' }>): void {
    if (this.#waiting?.reason !== placing.reason) {
      this.#options.logger.warn(
        { segment: this.config.name, reason: placing.reason },
        `${placing.detail}; nothing is proven meanwhile, waiting for it to come back`,
      );
    }
    this.#waiting = placing;
    this.#faults.fail(faultWhile(placing.reason));
    if (placing.reason === 'socket-failed') this.#retry ??= setTimeout(() => this.#settleLater(), RETRY_MS).unref();
    if (placing.reason === 'interface-gone') this.#wire.close();
  }

  #settleLater(): void {
    this.#retry = null;
    this.#settleAgain();
  }

  #onError(code: string): void {
    const fault = faultOf(code);
    this.#faults.fail(fault === 'send-failed' ? 'receive-failed' : fault);
    this.#options.logger.debug({ segment: this.config.name, code }, 'the packet socket reported an error');
  }

  /** A frame that we failed to read is our own mistake: an answer may have been lost, so the sweep proves nothing. */
  #onHandlerError(error: unknown): void {
    this.#faults.fail('receive-failed');
    this.#counts.ignored.count('failed-to-read');
    if (this.#readFailures++ === 0)
      this.#options.logger.error(
        { err: error, segment: this.config.name },
        'a frame could not be read; counting any more of them',
      );
  }

  #hear(frame: { readonly bytes: Uint8Array; readonly atMs: number; readonly vlanId: number | null }): void {
    const row = this.#row;
    const place = this.#place;
    if (row === null || place === null || place.facts === null) return;
    const { range, own, ownMacs, facts } = place;
    readFrame(frame, { segment: this.config.name, range, ownMac: facts.mac, ownMacs, own }, this.#counts, {
      onArp: (arp) => this.#answer(arp, place.facts?.mac),
      onSighting: (sighting) => this.#options.recorder.sighting(row.id, sighting),
      onLease: (lease, atMs) => this.#options.recorder.lease(row.id, lease, atMs),
      ...this.#hearing,
    });
  }

  /** An answer to one of our probes is told by the target hardware address: some hosts reply by broadcast. */
  #answer(arp: ArpFrame, ownMac: Mac | undefined): void {
    if (arp.operation === 'reply' && arp.targetMac === ownMac) {
      const { clock } = this.#options;
      if (this.#place !== null && contains(this.#place.range, arp.senderAddress))
        this.answeredMs.set(arp.senderAddress, clock.nowMs());
      for (const sweep of this.#sweeps) noteReply(sweep, arp.senderAddress, arp.senderMac, clock.monotonicMs());
    }
    for (const listener of this.#acds) listener(arp);
  }

  async #runSweep(row: SegmentRow, place: SegmentPlace, trigger: SweepTrigger, startedMs: number): Promise<SweepRecord> {
    const { clock, recorder, logger } = this.#options;
    const plan = planSweep(this.config, place, this.#options.ledger.sightingColumns(row.id), startedMs, this.answeredMs);
    const begunMs = clock.monotonicMs();
    this.#options.hearing?.onLook(this.config.name, startedMs, null);
    const result = await this.#sweepOnce(plan, place);
    const endedMs = clock.nowMs();
    const record: SweepRecord = {
      ...sweepRecord(result),
      looked: intersectSets(result.looked, rangeSet([place.range])),
      segment: row.id,
      trigger,
      // Where the clock was set back meanwhile, it was ahead when the sweep began: no look is dated later than it was made.
      startedMs: Math.round(Math.min(startedMs, endedMs - (clock.monotonicMs() - begunMs))),
      endedMs: Math.round(endedMs),
    };
    recorder.sweep(record);
    // Together with what was heard during it: one transaction.
    recorder.flush();
    this.#lastSweep = record;
    this.#options.hearing?.onSweep(this.config.name, record);
    const level = record.valid || record.invalidReason === 'aborted' ? 'debug' : 'warn';
    logger[level]({ segment: this.config.name, ...sweepLog(record) }, record.valid ? 'swept' : 'this sweep proves nothing');
    return record;
  }

  /** A mistake of our own: the sweep proves nothing, and the daemon goes on. */
  #unexpected(error: unknown, row: SegmentRow, place: SegmentPlace, trigger: SweepTrigger, startedMs: number): SweepRecord {
    const { clock, recorder, logger } = this.#options;
    logger.error({ err: error, segment: this.config.name }, 'a sweep failed in a way that was not expected; it proves nothing');
    const record = failedSweep(row.id, place.method, trigger, startedMs, clock.nowMs());
    recorder.sweep(record);
    this.#lastSweep = record;
    this.#options.hearing?.onSweep(this.config.name, record);
    return record;
  }

  async #sweepOnce(plan: SweepPlan, place: SegmentPlace): Promise<SweepResult> {
    const { clock, random, icmp } = this.#options;
    const fault = this.#faults.begin(this.#waiting === null ? null : faultWhile(this.#waiting.reason));
    const sweep = createSweep(plan, clock.monotonicMs(), random);
    try {
      if (plan.method === 'icmp')
        return await icmp.sweep(plan, this.config.name, (reply) => this.#heardEcho(reply, place), fault.get);
      this.#sweeps.add(sweep);
      const dropsBefore = this.#wire.counters().kernelDrops;
      const ownMac = place.facts?.mac;
      const wire = fault.get() === null ? this.#wire.current : null;
      const ended =
        wire === null || ownMac === undefined
          ? (fault.get() ?? 'interface-gone')
          : await driveSweep(sweep, this.#probeIo(wire, place, ownMac, fault));
      const kernelDrops = this.#wire.counters().kernelDrops - dropsBefore;
      return finish(sweep, { fault: ended ?? fault.get(), kernelDrops }, clock.monotonicMs());
    } finally {
      this.#sweeps.delete(sweep);
      fault.end();
    }
  }

  #heardEcho(reply: { readonly address: Ipv4; readonly atMs: number }, place: SegmentPlace): void {
    if (this.#row === null || !contains(place.range, reply.address)) return;
    this.answeredMs.set(reply.address, reply.atMs);
    this.#options.recorder.sighting(this.#row.id, {
      segment: this.config.name,
      address: reply.address,
      mac: null,
      atMs: reply.atMs,
      source: 'icmp-reply',
    });
  }

  #probeIo(wire: PacketWire, place: SegmentPlace, ownMac: Mac, fault: RunFault): ProbeIo {
    return { wire, ownMac, ownAddress: place.ownAddress, clock: this.#options.clock, fault: fault.get };
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
