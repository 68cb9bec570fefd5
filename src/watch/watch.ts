/**
 * All segments of the daemon together: starts and stops their watches and schedules, and finds the one that a question is
 * about. Decides nothing about any address.
 */
import type { Ipv4 } from '../core/address/ipv4.ts';
import { contains, formatRange, type Ipv4Range, intersect } from '../core/address/range.ts';
import { FreeholdError } from '../core/error.ts';
import type { Lease, ReservedRange } from '../core/evidence/facts.ts';
import type { Sighting } from '../core/evidence/sighting.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { SegmentId, SegmentRow } from '../ledger/types.ts';
import type { InterfaceWatch, PacketWire, PacketWireHandlers } from '../link/types.ts';
import type { Clock } from '../system/clock.ts';
import type { LeaseFileConfig, SegmentConfig } from '../system/config-types.ts';
import type { Logger } from '../system/logger.ts';
import type { Hearing } from './hearing.ts';
import type { IcmpSweeper } from './icmp-sweeper.ts';
import { type LeaseFileStatus, LeaseReader } from './lease-reader.ts';
import type { Recorder } from './recorder.ts';
import { type SweepSchedule, scheduleSweeps } from './schedule.ts';
import type { SegmentPlace } from './segment-place.ts';
import { SegmentWatch } from './segment-watch.ts';

export interface WatchOptions {
  readonly ledger: Ledger;
  readonly recorder: Recorder;
  readonly interfaces: InterfaceWatch;
  readonly openWire: (interfaceName: string, handlers: PacketWireHandlers) => PacketWire;
  readonly icmp: IcmpSweeper;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  /** false: nothing is swept but on request. Default: as each segment's schedule says, and once at the beginning. */
  readonly scheduled?: boolean;
  /** Told of what is heard and swept, at once: the guard. */
  readonly hearing?: Hearing;
  /**
   * Told whenever the lease files changed, for each segment whose network is known: the leases in it, and the addresses in it that
   * the files name without one (ended, given back). Together they are what the servers were seen to hand out there.
   */
  readonly onLeases?: (segmentName: string, leases: readonly Lease[], former: readonly Ipv4[], whole: boolean) => void;
}

/** A segment whose network is known, with all that answers need of it. */
export interface WatchedSegment {
  readonly watch: SegmentWatch;
  readonly row: SegmentRow;
  readonly place: SegmentPlace;
  /** Time between two scheduled sweeps, in ms. */
  readonly intervalMs: number;
  /** Parts that another segment watches too: an address used there must not be called free here. */
  readonly shared: readonly ReservedRange[];
}

interface Entry {
  readonly watch: SegmentWatch;
  readonly schedule: SweepSchedule;
}

export class Watch {
  readonly #options: WatchOptions;
  readonly #entries = new Map<string, Entry>();
  #leases: LeaseReader | null = null;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Brings the running segments in line with the configuration: starts the new, stops the gone, restarts the changed. */
  async apply(segments: readonly SegmentConfig[], leaseFiles: readonly LeaseFileConfig[]): Promise<void> {
    for (const [name, entry] of [...this.#entries]) {
      const wanted = segments.find((segment) => segment.name === name);
      if (wanted !== undefined && sameConfig(wanted, entry.watch.config)) continue;
      this.#entries.delete(name);
      entry.schedule.stop();
      await entry.watch.stop();
    }
    for (const config of segments) if (!this.#entries.has(config.name)) this.#add(config);
    const before = this.#leases;
    before?.stop();
    this.#leases = new LeaseReader({
      ...(before === null ? {} : { after: before }),
      files: leaseFiles,
      logger: this.#options.logger,
      onLease: (lease, isNew) => this.#heardLease(lease, isNew),
      onSnapshot: (leases) => this.#leasesAre(leases),
      onLeases: (leases, former, whole) => this.#tellLeases(leases, former, whole),
    });
    this.#leases.start();
  }

  async stop(): Promise<void> {
    this.#leases?.stop();
    for (const { schedule } of this.#entries.values()) schedule.stop();
    await Promise.all([...this.#entries.values()].map(({ watch }) => watch.stop()));
    this.#entries.clear();
  }

  /** The lease files that are followed, and how that goes. */
  leaseFiles(): readonly LeaseFileStatus[] {
    return this.#leases?.status() ?? [];
  }

  /** Has every lease file read once more, and waits for that. */
  async readLeases(): Promise<void> {
    await this.#leases?.again();
  }

  /** Every configured segment, in the configuration's order, its network known or not. */
  all(): readonly { readonly watch: SegmentWatch; readonly intervalMs: number; readonly nextRunMs: () => number | null }[] {
    return [...this.#entries.values()].map(({ watch, schedule: { intervalMs, nextRunMs } }) => ({
      watch,
      intervalMs,
      nextRunMs,
    }));
  }

  /**
   * The segment of this name, or the only one there is.
   * @throws FreeholdError `segment-unknown`, `segment-ambiguous`, `no-segments`, `segment-not-ready`
   */
  named(name: string | undefined): WatchedSegment {
    const names = [...this.#entries.keys()];
    if (names.length === 0) {
      throw new FreeholdError('no-segments', 'no segment is configured, so nothing was looked at', {
        hint: 'name one under "segments" in the configuration, then reload (systemctl reload freehold, or SIGHUP)',
      });
    }
    if (name === undefined && names.length > 1) {
      throw new FreeholdError('segment-ambiguous', `there are ${names.length} segments: ${names.join(', ')}`, {
        hint: 'say which with "segment"',
      });
    }
    const entry = this.#entries.get(name ?? names[0] ?? '');
    if (entry === undefined) {
      throw new FreeholdError('segment-unknown', `there is no segment "${name}"`, {
        hint: `these are configured: ${names.join(', ')}`,
      });
    }
    return this.#ready(entry);
  }

  /** The segment that holds the whole of `range`. @throws FreeholdError `address-not-watched` */
  holding(range: Ipv4Range): WatchedSegment {
    const holder = [...this.#entries.values()].find(({ watch }) => {
      const whole = watch.place?.range;
      return whole !== undefined && contains(whole, range.first) && contains(whole, range.last);
    });
    if (holder !== undefined) return this.#ready(holder);
    const watched = [...this.#entries.values()].flatMap(({ watch }) =>
      watch.place === null ? [] : [`${watch.config.name} (${formatRange(watch.place.range)})`],
    );
    throw new FreeholdError('address-not-watched', `${formatRange(range)} does not lie within a watched segment`, {
      hint: watched.length === 0 ? 'no segment is watched yet' : `watched: ${watched.join(', ')}`,
    });
  }

  byId(id: SegmentId): SegmentWatch | undefined {
    return [...this.#entries.values()].find(({ watch }) => watch.row?.id === id)?.watch;
  }

  #ready({ watch, schedule }: Entry): WatchedSegment {
    const { row, place } = watch;
    if (row === null || place === null) {
      const why = watch.status().waitingDetail ?? 'starting';
      throw new FreeholdError('segment-not-ready', `segment ${watch.config.name} has not been seen yet: ${why}`, {
        hint: 'nothing can be said of it before its interface is there once',
      });
    }
    const shared = [...this.#entries.values()].flatMap(({ watch: other }) => {
      const common = other === watch || other.place === null ? null : intersect(other.place.range, place.range);
      return common === null
        ? []
        : [{ ...common, reason: `watched as a part of segment ${other.config.name} too: configure it once` }];
    });
    return { watch, row, place, intervalMs: schedule.intervalMs, shared };
  }

  #add(config: SegmentConfig): void {
    const watch = new SegmentWatch({ ...this.#options, config, onPlaced: () => void this.#leases?.again() });
    watch.start();
    const { scheduled = true } = this.#options;
    const schedule = scheduleSweeps(config.schedule, config.name, this.#options, async () => {
      if (scheduled) await watch.sweep('schedule');
    });
    this.#entries.set(config.name, { watch, schedule });
    if (!scheduled) return;
    this.#options.logger.info(
      { segment: config.name, interface: config.interface, schedule: config.schedule, rate: config.rate },
      'watching a segment',
    );
    // The first look does not wait for the schedule.
    watch.sweep('schedule')?.catch((error: unknown) => {
      this.#options.logger.error({ err: error, segment: config.name }, 'the first sweep failed');
    });
  }

  #heardLease(lease: Lease, isNew: boolean): void {
    const nowMs = this.#options.clock.nowMs();
    const address: Ipv4 = lease.address;
    for (const { watch } of this.#entries.values()) {
      const { row, place } = watch;
      if (row === null || place === null || !contains(place.range, address)) continue;
      this.#options.recorder.lease(row.id, lease, nowMs);
      // Found at the first read, a lease may be days old: it counts as a lease, but nothing was just heard.
      if (!isNew || lease.endsMs <= nowMs || lease.mac === null) continue;
      const sighting: Sighting = {
        segment: row.name,
        address,
        mac: lease.mac,
        atMs: nowMs,
        source: 'lease-file',
        ...(lease.hostname === null ? {} : { hostname: lease.hostname }),
      };
      this.#options.recorder.sighting(row.id, sighting);
      this.#options.hearing?.onEvent({ ...sighting, kind: 'sighting', solicited: false, relayedBy: null, client: lease.mac });
    }
  }

  #tellLeases(leases: readonly Lease[], former: readonly Ipv4[], whole: boolean): void {
    for (const { watch } of this.#entries.values()) {
      const { row, place } = watch;
      if (row === null || place === null) continue;
      const { range } = place;
      this.#options.onLeases?.(
        row.name,
        leases.filter(({ address }) => contains(range, address)),
        former.filter((address) => contains(range, address)),
        whole,
      );
    }
  }

  /** Ends what an earlier run read from the files and what is in none of them any more. */
  #leasesAre(leases: readonly Lease[]): void {
    const present = new Set(leases.map(({ address }) => address));
    // What was just read must be stored first.
    this.#options.recorder.flush();
    for (const { watch } of this.#entries.values()) {
      if (watch.row !== null)
        this.#options.ledger.endLeasesMissing(watch.row.id, 'lease-file', present, this.#options.clock.nowMs());
    }
  }
}

const sameConfig = (a: SegmentConfig, b: SegmentConfig): boolean => JSON.stringify(a) === JSON.stringify(b);
