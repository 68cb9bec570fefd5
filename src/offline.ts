/**
 * The answers of a daemon without one: from a private copy of its ledger, and from a watch of the configured segments that listens and
 * probes only when it is asked to. Never writes the ledger itself, but for claims.
 */
import type { FollowedPools } from './core/claim/standing.ts';
import type { ClusterView } from './core/conflict/cluster-view.ts';
import { mergeView } from './core/conflict/merge-view.ts';
import { FreeholdError } from './core/error.ts';
import { createAnswers } from './http/answers/answers.ts';
import { createClaims } from './http/answers/claims.ts';
import { createGuardAnswers } from './http/answers/guard-answers.ts';
import { sweepJson } from './http/answers/json.ts';
import { withheldByView } from './http/answers/withheld-by.ts';
import { readClaim, readEnding } from './http/claim-body.ts';
import type { ClaimsService, ClaimsWriter } from './http/claim-service.ts';
import type { FreeholdService, SweepJson } from './http/service.ts';
import { whyNotWritable, withClaims } from './ledger/claims-file.ts';
import type { StoredClusterView } from './ledger/cluster-view.ts';
import { openLedgerCopy } from './ledger/copy.ts';
import { openIcmpWire } from './link/icmp-wire.ts';
import { watchInterfaces } from './link/interfaces.ts';
import { openPacketWire } from './link/packet-wire.ts';
import { systemClock } from './system/clock.ts';
import type { Config, MetallbConfig } from './system/config-types.ts';
import type { Logger } from './system/logger.ts';
import { DeferredWires } from './watch/deferred-wires.ts';
import { IcmpSweeper } from './watch/icmp-sweeper.ts';
import { createLiveEvents } from './watch/live-events.ts';
import { PassiveGuard } from './watch/passive-guard.ts';
import { Recorder } from './watch/recorder.ts';
import { Watch } from './watch/watch.ts';

export interface OfflineOptions {
  readonly config: Config;
  readonly logger: Logger;
}

export interface Offline {
  /**
   * As of the moment at which the ledger was copied; what is heard from `listen` on counts too. `freeRanges`, `address` and the like send
   * nothing and need no rights; `verify` and `sweepNow` listen first.
   */
  readonly service: FreeholdService;
  /** Into the real ledger; null where it cannot be written: `claimsRefused` says why. */
  readonly claims: ClaimsWriter | null;
  readonly claimsRefused: string | null;
  /**
   * Opens the segments' packet sockets: whatever is heard from now on counts. Sends nothing. Again is allowed.
   * @throws FreeholdError `not-permitted` without CAP_NET_RAW
   */
  listen(): void;
  /**
   * Listens, then looks once at a segment, or at every one whose network is known, so that the newest look is fresh again.
   * @throws FreeholdError `not-permitted`
   */
  probe(segment?: string): Promise<readonly SweepJson[]>;
  /** Ends it all and removes the copy. Idempotent. */
  close(): Promise<void>;
}

/**
 * Reads the ledger that the configuration names, and finds the segments on this machine. Sends nothing.
 * @throws FreeholdError `ledger-locked` where a daemon runs: ask that one; `ledger-missing`, `ledger-not-readable`, `ledger-damaged`,
 * `ledger-newer`, ...
 */
export async function openOffline({ config, logger }: OfflineOptions): Promise<Offline> {
  const clock = systemClock;
  const closers: (() => void | Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).reverse()) await one();
  };
  try {
    const copy = openLedgerCopy(config.ledger.path, { nowMs: clock.nowMs() });
    closers.push(() => copy.remove());
    const { ledger } = copy;
    const interfaces = watchInterfaces();
    closers.push(() => interfaces.close());
    const icmp = new IcmpSweeper({ open: openIcmpWire, clock, logger, random: Math.random });
    closers.push(() => icmp.close());
    const stored = ledger.clusterView.load();
    const view = lastView(config.metallb, stored);
    const guard = new PassiveGuard({
      store: ledger.guard,
      view,
      servers: config.dhcp.servers,
      clock,
      logger,
      places: () =>
        watch.all().flatMap(
          ({
            watch: {
              config: { name },
              place,
            },
          }) => (place === null ? [] : [{ name, place }]),
        ),
    });
    const recorder = new Recorder({
      ledger,
      clock,
      logger,
      onScanner: (segment, _mac, probes) => watch.byId(segment)?.countIgnoredScanner(probes),
    });
    const wires = new DeferredWires(openPacketWire);
    const watch = new Watch({
      ledger,
      recorder,
      interfaces,
      openWire: wires.open,
      icmp,
      clock,
      logger,
      random: Math.random,
      scheduled: false,
      hearing: guard,
      onLeases: (segment, leases, former, whole) => guard.onLeases(segment, leases, former, whole),
    });
    /** Runs under way: they end soon once the watch does, and still want the copy then. */
    const running = new Set<Promise<unknown>>();
    const tracked = <T>(run: Promise<T>): Promise<T> => {
      running.add(run);
      const over = (): void => void running.delete(run);
      run.then(over, over);
      return run;
    };
    closers.push(() => recorder.stop());
    closers.push(async () => void (await Promise.allSettled(running)));
    closers.push(() => watch.stop());
    recorder.start();
    await watch.apply(config.segments, config.dhcp.leases);
    await watch.readLeases();

    const live = createLiveEvents();
    const answers = createAnswers({
      watch,
      ledger,
      recorder,
      clock,
      criteria: () => config.proof,
      guard: createGuardAnswers({ guard, store: ledger.guard, watch, ledger, clock, live, leaseFiles: () => watch.leaseFiles() }),
      dhcpSpans: (segment) => guard.servers(segment),
      avoidSpans: () => config.dhcp.avoidSpans,
      ...withheldByView(() => view),
      followed: () => lastFollowed(config.metallb, stored),
    });
    const service: FreeholdService = {
      ...answers,
      claims: { ...answers.claims, ...READ_ONLY },
      async sweepNow(segment, wait) {
        wires.begin();
        return tracked(answers.sweepNow(segment, wait));
      },
      async verify(query) {
        wires.begin();
        return tracked(answers.verify(query));
      },
    };
    const claimsRefused = whyNotWritable(config.ledger.path);
    return {
      service,
      claims: claimsRefused === null ? claimsInto(config.ledger.path) : null,
      claimsRefused,
      listen: () => wires.begin(),
      async probe(segment) {
        wires.begin();
        const sweeps = watch.all().flatMap(({ watch: one }) => {
          if (segment !== undefined && one.config.name !== segment) return [];
          const sweep = one.sweep('request');
          return sweep === null ? [] : [sweep.then((record) => sweepJson(record, null, one.config.name))];
        });
        return tracked(Promise.all(sweeps));
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The cluster as the daemon last knew it, of whichever cluster that was: what it holds is nobody's to give away. */
function lastView(configured: MetallbConfig, stored: StoredClusterView | null): ClusterView {
  if (stored === null || configured.cluster === 'off') return mergeView(configured, null, [], null);
  const learned = stored.macs.filter(({ suspect }) => !suspect).map(({ mac, node }) => ({ mac, node }));
  return mergeView(configured, stored.knowledge, learned, stored.asOfMs);
}

function lastFollowed({ cluster }: MetallbConfig, stored: StoredClusterView | null): FollowedPools | null {
  if (stored === null || cluster === 'off') return null;
  const { server, namespace, asOfMs, knowledge } = stored;
  return { server, namespace, poolsAsOfMs: knowledge.pools === null ? null : asOfMs };
}

/** What is written to the copy is lost with it. */
const refuse = (): never => {
  throw new FreeholdError('no-daemon', 'No daemon runs, so no claim can be written down through it.');
};
const READ_ONLY: Pick<ClaimsService, 'begin' | 'end'> = { begin: refuse, end: refuse };

/** Opens the ledger itself for each piece of work, and closes it again. */
function claimsInto(path: string): ClaimsWriter {
  const now = (): number => systemClock.nowMs();
  const service = <T>(work: (claims: ClaimsService) => T): T =>
    withClaims(path, now(), (store) => work(createClaims({ store, now })));
  return {
    begin: async (draft) => service((claims) => claims.begin(readClaim(draft))),
    end: async (id, ending) => service((claims) => claims.end(id, readEnding(ending))),
  };
}
