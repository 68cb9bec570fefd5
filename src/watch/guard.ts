/**
 * The guard of the running daemon: feeds core/conflict with what is heard, at once and before anything is recorded, and has what
 * comes of it stored, told and shown. Owns the timers and the order of things; decides nothing about what a conflict is.
 */

import type { Ipv4 } from '../core/address/ipv4.ts';
import { formatIpv4 } from '../core/address/ipv4.ts';
import type { Mac } from '../core/address/mac.ts';
import type { ClusterView, ClusterViewSource } from '../core/conflict/cluster-view.ts';
import {
  acknowledge,
  createGuard,
  dismissed,
  type Guard as GuardState,
  hear,
  isSpeaker,
  keepSegments,
  lastAnswering,
  nextTickMs,
  noteOwnLook,
  noteServers,
  noteSweep,
  openConflicts,
  poolOf,
  setSegments,
  setSettings,
  setStandIns,
  setView,
  tick,
} from '../core/conflict/guard.ts';
import type { Conflict, ConflictChange } from '../core/conflict/types.ts';
import type { WireEvent } from '../core/conflict/wire-event.ts';
import type { DhcpServer } from '../core/dhcp/types.ts';
import type { Lease } from '../core/evidence/facts.ts';
import type { GuardStore } from '../ledger/guard-types.ts';
import type { SweepRecord } from '../ledger/types.ts';
import type { Clock } from '../system/clock.ts';
import type { DhcpConfig, GuardConfig } from '../system/config-types.ts';
import type { Logger } from '../system/logger.ts';
import { type AlertDesk, ChangeBook } from './change-book.ts';
import type { HandedOut } from './dhcp-hearing.ts';
import type { GuardControl, LiveEventStream } from './guard-types.ts';
import type { Hearing } from './hearing.ts';
import { KnownServers } from './known-servers.ts';
import type { SegmentPlace } from './segment-place.ts';

const TICK_MS = 1000;
/** Shortest wait for a hold to end. */
const MIN_WAIT_MS = 5;
const COMPLAIN_EVERY_MS = 60_000;

export interface GuardOptions {
  readonly store: GuardStore;
  readonly source: ClusterViewSource;
  readonly settings: GuardConfig;
  readonly dhcp: Pick<DhcpConfig, 'servers'>;
  readonly desk: AlertDesk;
  readonly live: LiveEventStream;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Segments whose network is known, as they stand now. */
  readonly places: () => readonly { readonly name: string; readonly place: SegmentPlace }[];
  /** MACs that sweeps of a segment caught answering for addresses all over it, lately. */
  readonly standIns: (segment: string) => readonly Mac[];
  /** Told with each tick: for the watchdog. */
  readonly onTick?: () => void;
}

export class Guard implements GuardControl, Hearing {
  readonly #options: GuardOptions;
  readonly #state: GuardState;
  readonly #book: ChangeBook;
  readonly #servers: KnownServers;
  readonly #unsubscribe: () => void;
  #ticker: NodeJS.Timeout | null = null;
  #holdTimer: NodeJS.Timeout | null = null;
  /** A flush follows when the wire has been read. */
  #flushDue = false;
  #serversDue = false;
  #complaints = 0;
  #complainedMs = Number.NEGATIVE_INFINITY;

  /** Goes on with the conflicts that were open when an earlier run ended. */
  constructor(options: GuardOptions) {
    const { store, settings, source, clock, logger, desk } = options;
    const nowMs = clock.nowMs();
    this.#options = options;
    this.#state = createGuard({ settings, open: store.openConflicts(), nextId: store.largestConflictId() + 1, nowMs });
    this.#book = new ChangeBook(store, desk, logger);
    this.#servers = new KnownServers(options.dhcp.servers, {
      store,
      logger,
      onUnexpected: (server, atMs) => this.#unexpected(server, atMs),
    });
    this.#take(setView(this.#state, source.current(), nowMs));
    this.#unsubscribe = source.onChange((view) => this.#safely(() => this.#take(setView(this.#state, view, clock.nowMs()))));
  }

  start(): void {
    this.#ticker ??= setInterval(() => this.#tick(), TICK_MS);
  }

  /** Stores what is pending, and stops. Idempotent. */
  stop(): void {
    this.#unsubscribe();
    if (this.#ticker !== null) clearInterval(this.#ticker);
    if (this.#holdTimer !== null) clearTimeout(this.#holdTimer);
    this.#ticker = null;
    this.#holdTimer = null;
    this.#book.flush();
    // What an earlier refusal left is tried once more, when nothing new is pending.
    this.#book.flush();
    this.#servers.store();
  }

  /** The configuration was read again. */
  configure(settings: GuardConfig, dhcp: Pick<DhcpConfig, 'servers'>): void {
    setSettings(this.#state, settings);
    this.#servers.expect(dhcp.servers);
  }

  // --- what is heard -------------------------------------------------------------------------------------------------------

  onEvent(event: WireEvent): void {
    this.#safely(() => {
      const { clock, live } = this.#options;
      const nowMs = clock.nowMs();
      const changes = hear(this.#state, event, nowMs);
      if (event.kind === 'sighting') {
        const pool = poolOf(this.#state, event.address);
        if (pool !== null) {
          const speaker = event.mac !== null && isSpeaker(this.#state, event.mac);
          live.publish({ type: 'sighting', sighting: event, pool: pool.name, speaker }, event.atMs);
        }
      }
      this.#take(changes);
      this.#awaitHold(nowMs);
    });
  }

  onDhcp(segment: string, heard: HandedOut, atMs: number): void {
    this.#safely(() => {
      const range = this.#options.places().find(({ name }) => name === segment)?.place.range;
      if (range !== undefined && this.#servers.heard(segment, heard, atMs, range)) this.#serversDue = true;
    });
  }

  /**
   * @param former addresses that lease files name without a lease: handed out once
   * @param whole false where not every file could be read so far
   */
  onLeases(segment: string, leases: readonly Lease[], former: readonly Ipv4[], whole: boolean): void {
    this.#safely(() => {
      const addresses = [...leases.map(({ address }) => address), ...former];
      if (this.#servers.leases(segment, addresses, this.#options.clock.nowMs(), whole)) this.#serversDue = true;
    });
  }

  onLook(segment: string, startedMs: number, endsMs: number | null): void {
    this.#safely(() => noteOwnLook(this.#state, segment, startedMs, endsMs));
  }

  onSweep(segment: string, sweep: SweepRecord): void {
    this.#safely(() => {
      const { standIns, live, clock } = this.#options;
      live.publish({ type: 'sweep', segment, sweep }, sweep.endedMs);
      setStandIns(this.#state, segment, standIns(segment));
      const { startedMs, endedMs, valid, looked } = sweep;
      this.#take(noteSweep(this.#state, { segment, startedMs, endedMs, valid, looked }, clock.nowMs()));
    });
  }

  /** These are watched from now on, and no others. */
  keepSegments(names: readonly string[]): void {
    this.#safely(() => this.#take(keepSegments(this.#state, names, this.#options.clock.nowMs())));
    // What was placed while it started was not among the places yet.
    this.onPlace();
    this.#safely(() => {
      this.#servers.keep(names);
      this.#take(noteServers(this.#state, this.#servers.of(), this.#options.clock.nowMs()));
    });
  }

  onPlace(): void {
    this.#safely(() => {
      const segments = this.#segments();
      this.#take(setSegments(this.#state, segments, this.#options.clock.nowMs()));
      // Those that the sweeps of an earlier run caught: nothing they answer in the first sweep is news.
      for (const { name } of segments) setStandIns(this.#state, name, this.#options.standIns(name));
    });
  }

  // --- what others ask -----------------------------------------------------------------------------------------------------

  open(): readonly Conflict[] {
    return openConflicts(this.#state);
  }

  acknowledge(id: number, by: string, note: string): Conflict | null {
    const change = acknowledge(this.#state, id, by, note, this.#options.clock.nowMs());
    if (change === null) return null;
    this.#take([change]);
    this.#book.flush();
    return change.conflict;
  }

  view(): ClusterView {
    return this.#options.source.current();
  }

  answering(address: Ipv4): ReturnType<GuardControl['answering']> {
    return lastAnswering(this.#state, address, this.#options.clock.nowMs());
  }

  dismissed(): Readonly<Record<string, number>> {
    return dismissed(this.#state);
  }

  servers(segment: string): readonly DhcpServer[] {
    return this.#servers.of(segment);
  }

  isUnexpected(server: DhcpServer): boolean {
    return this.#servers.isUnexpected(server);
  }

  /** Whether all that is known of conflicts is on the disk. */
  get healthy(): boolean {
    return this.#book.healthy;
  }

  // --- how it goes on ------------------------------------------------------------------------------------------------------

  #segments() {
    return this.#options.places().map(({ name, place: { range, infrastructure } }) => ({ name, range, infrastructure }));
  }

  #take(changes: readonly ConflictChange[]): void {
    if (changes.length === 0) return;
    const { live, clock } = this.#options;
    this.#book.add(changes);
    for (const change of changes) live.publish({ type: 'conflict', change }, clock.nowMs());
    // New evidence can wait for the tick; what makes an alert goes out when the frames at hand have been read.
    if (this.#flushDue || changes.every(({ event }) => event === 'updated')) return;
    this.#flushDue = true;
    queueMicrotask(() => {
      this.#flushDue = false;
      this.#book.flush();
    });
  }

  #tick(): void {
    this.#safely(() => {
      const nowMs = this.#options.clock.nowMs();
      if (this.#servers.age(nowMs)) this.#serversDue = true;
      if (this.#serversDue) {
        this.#serversDue = false;
        this.#take(noteServers(this.#state, this.#servers.of(), nowMs));
      }
      this.#take(tick(this.#state, nowMs));
      this.#book.flush();
      this.#servers.store();
      this.#options.onTick?.();
    });
  }

  /** Whoever is held is judged as soon as the hold is over. */
  #awaitHold(nowMs: number): void {
    if (this.#holdTimer !== null) return;
    const dueMs = nextTickMs(this.#state);
    if (dueMs === null) return;
    this.#holdTimer = setTimeout(
      () => {
        this.#holdTimer = null;
        this.#safely(() => {
          const now = this.#options.clock.nowMs();
          this.#take(tick(this.#state, now));
          this.#awaitHold(now);
        });
      },
      Math.min(TICK_MS, Math.max(MIN_WAIT_MS, dueMs - nowMs)),
    );
  }

  #unexpected(server: DhcpServer, atMs: number): void {
    const { live, logger } = this.#options;
    const address = server.server === 'lease-file' ? server.server : formatIpv4(server.server);
    const text = `an unexpected DHCP server is on segment ${server.segment}: ${address}${server.mac === null ? '' : ` (${server.mac})`}`;
    logger.warn(
      { segment: server.segment, server: address, mac: server.mac },
      `${text}; if it is meant to be there, name all servers under dhcp.servers`,
    );
    live.publish({ type: 'notice', segment: server.segment, code: 'dhcp-server-unexpected', text }, atMs);
  }

  /** A mistake of our own must not make the wire deaf: logged once, counted, and the loop goes on. */
  #safely(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#complaints++;
      const nowMs = this.#options.clock.monotonicMs();
      if (nowMs - this.#complainedMs < COMPLAIN_EVERY_MS) return;
      this.#complainedMs = nowMs;
      this.#options.logger.error({ err: error, times: this.#complaints }, 'the guard failed at something; it goes on');
    }
  }
}
