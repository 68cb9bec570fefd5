/**
 * The one place where everything is put together: ledger, wire, watch, HTTP. Owns nothing but the order in which they start
 * and stop.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Mac } from './core/address/mac.ts';
import { FreeholdError } from './core/error.ts';
import { DaemonCluster } from './daemon-cluster.ts';
import type { Daemon, DaemonOptions } from './daemon-types.ts';
import { createAnswers } from './http/answers/answers.ts';
import { nodeNotices, readingNotices } from './http/answers/cluster-notices.ts';
import { createGuardAnswers } from './http/answers/guard-answers.ts';
import { poolNotices } from './http/answers/pools.ts';
import { withheldByView } from './http/answers/withheld-by.ts';
import { createApp } from './http/app.ts';
import { daemonSources } from './http/metrics/daemon-sources.ts';
import { createMetrics } from './http/metrics/metrics.ts';
import { listen } from './http/server.ts';
import { type Ledger, openLedger } from './ledger/ledger.ts';
import { openIcmpWire } from './link/icmp-wire.ts';
import { watchInterfaces } from './link/interfaces.ts';
import { openPacketWire } from './link/packet-wire.ts';
import { systemClock } from './system/clock.ts';
import type { Config } from './system/config-types.ts';
import { configWarnings } from './system/config-warnings.ts';
import { createLogger, type Logger } from './system/logger.ts';
import { createNotifier, type Notifier } from './system/notify/notifier.ts';
import { readTokenFile } from './system/secret-file.ts';
import { VERSION } from './system/version.ts';
import { ChannelDesk } from './watch/alert-desk.ts';
import { Guard } from './watch/guard.ts';
import type { LiveEvent } from './watch/guard-types.ts';
import { Heartbeat } from './watch/heartbeat.ts';
import { IcmpSweeper } from './watch/icmp-sweeper.ts';
import { createLiveEvents } from './watch/live-events.ts';
import { NeighbourReader } from './watch/neighbour-reader.ts';
import { newcomerLog } from './watch/newcomers.ts';
import { Recorder } from './watch/recorder.ts';
import { SegmentBeats } from './watch/segment-beats.ts';
import type { SegmentPlace } from './watch/segment-place.ts';
import { Watch } from './watch/watch.ts';

const PRUNE_INTERVAL_MS = 3_600_000;
const STATUS_INTERVAL_MS = 10_000;
/** Loops that go round every second: a busy disk may hold them up for long. */
const LOOP_MS = 60_000;
const STAND_IN_MEMORY_MS = 86_400_000;

/** Nobody to tell. */
const SILENT: Notifier = createNotifier({}, createLogger({ level: 'silent' }));

/**
 * Starts everything, or throws with everything closed again.
 * @throws FreeholdError: `not-permitted`, `ledger-...`, `address-in-use`, ...
 */
export async function startDaemon({
  config: initial,
  reload,
  logger,
  notifier = SILENT,
  surroundings,
}: DaemonOptions): Promise<Daemon> {
  const clock = systemClock;
  const closers: (() => void | Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    let failure: unknown;
    for (const close of closers.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
  };
  try {
    let config = initial;
    const token = config.http.tokenFile === null ? null : readTokenFile(config.http.tokenFile);
    const ledger = openLedger({
      path: config.ledger.path,
      nowMs: clock.nowMs(),
      onClockSetBack: () =>
        logger.warn('the clock was set back: sweeps that it had dated later than now were forgotten, and prove nothing any more'),
    });
    closers.push(() => ledger.close());
    const interfaces = watchInterfaces();
    closers.push(() => interfaces.close());
    const icmp = new IcmpSweeper({ open: openIcmpWire, clock, logger, random: Math.random });
    closers.push(() => icmp.close());
    const heartbeat = new Heartbeat({ clock, logger, notify: notifier });
    const loops = { recorder: heartbeat.register('recorder', LOOP_MS), guard: heartbeat.register('guard', LOOP_MS) };

    const live = createLiveEvents({ onListenerError: (error) => logger.warn({ err: error }, 'a live event could not be told') });
    const cluster = new DaemonCluster({ metallb: config.metallb, ledger, clock, logger, random: Math.random, surroundings });
    closers.push(() => cluster.stop());
    const desk = new ChannelDesk(config.alerts, {
      store: ledger.guard,
      clock,
      logger,
      version: VERSION,
      open: () => guard.open(),
      onSettled: (channel, outcome, latencyMs) => metrics.settled(channel, outcome, latencyMs),
      onRetry: (channel) => metrics.retried(channel),
    });
    closers.push(() => desk.stop());
    const guard = new Guard({
      store: ledger.guard,
      source: cluster.view,
      settings: config.guard,
      dhcp: config.dhcp,
      desk,
      live,
      clock,
      logger,
      places: () => placesOf(watch),
      standIns: (segment) => standInsOf(ledger, watch, segment, clock.nowMs()),
      onTick: () => loops.guard.beat(),
    });
    closers.push(() => guard.stop());

    const recorder = new Recorder({
      ledger,
      clock,
      logger,
      onScanner: (segment, mac, probes) => {
        logger.debug({ mac, probes }, 'a scanner asks for many addresses; its probes are no intents');
        watch.byId(segment)?.countIgnoredScanner(probes);
      },
      onFlush: newcomerLog(ledger, logger, (segment) => watch.byId(segment)?.config.name ?? ''),
      onTick: () => loops.recorder.beat(),
    });
    const watch = new Watch({
      ledger,
      recorder,
      interfaces,
      openWire: openPacketWire,
      icmp,
      clock,
      logger,
      random: Math.random,
      hearing: {
        onEvent: (event) => {
          cluster.onEvent(event);
          guard.onEvent(event);
        },
        onDhcp: (segment, heard, atMs) => guard.onDhcp(segment, heard, atMs),
        onPlace: () => {
          guard.onPlace();
          cluster.onPlace();
        },
        onLook: (segment, startedMs, endsMs) => guard.onLook(segment, startedMs, endsMs),
        onSweep: (segment, sweep) => {
          guard.onSweep(segment, sweep);
          metrics.sweep(segment, sweep);
          beats.swept(segment);
        },
      },
      onLeases: (segment, leases, former, whole) => guard.onLeases(segment, leases, former, whole),
    });
    const beats = new SegmentBeats(() => watch.all(), heartbeat, clock);
    const withheld = {
      dhcpSpans: (segment: string) => guard.servers(segment),
      avoidSpans: () => config.dhcp.avoidSpans,
      ...withheldByView(() => cluster.view.ungated()),
      followed: () => cluster.view.followed(),
      clusterNotices: () => readingNotices(cluster.view.report(), clock.nowMs()),
    };
    const report = () => cluster.view.report();
    const metrics = createMetrics(
      daemonSources({
        ...withheld,
        watch,
        ledger,
        recorder,
        guard,
        dispatcher: desk,
        clock,
        criteria: () => config.proof,
        cluster: report,
      }),
      { version: VERSION, logger, clock },
    );
    closers.push(() => metrics.close());
    const countConflict = (event: LiveEvent): void => {
      if (event.type === 'conflict') metrics.conflict(event.change);
    };
    // Pools that changed while no daemon ran close conflicts as the guard begins.
    live.since(0).events.forEach(countConflict);
    live.subscribe(countConflict);
    live.subscribe((event) => cluster.onLive(event));
    closers.push(() => recorder.stop());
    closers.push(() => watch.stop());

    const service = createAnswers({
      watch,
      ledger,
      recorder,
      clock,
      criteria: () => config.proof,
      guard: createGuardAnswers({
        ...{ guard, store: ledger.guard, watch, ledger, clock, live, cluster: report },
        leaseFiles: () => watch.leaseFiles(),
      }),
      stuck: () => heartbeat.stuck(),
      ...withheld,
    });

    // First: where somebody else listens, nothing is swept and nobody is told of anything.
    const server = await listen(
      createApp({ service, token, logger, version: VERSION, listen: config.http.listen, metrics }),
      config.http.listen,
    );
    closers.push(() => server.close());

    desk.start();
    guard.start();
    recorder.start();
    await watch.apply(config.segments, config.dhcp.leases);
    guard.keepSegments(config.segments.map(({ name }) => name));
    cluster.start({
      segments: () => watch.all().map(({ watch: segment }) => segment),
      openConflicts: () => guard.open(),
      standIns: () =>
        watch.all().flatMap(({ watch: { config: segment } }) => standInsOf(ledger, watch, segment.name, clock.nowMs())),
    });
    const neighbours = new NeighbourReader({ watch, recorder, clock, logger });
    neighbours.start();
    closers.push(() => neighbours.stop());
    if (config.segments.length === 0) sayHowToBegin(logger, interfaces.list());

    const pruner = setInterval(() => void prune(ledger, clock.nowMs(), config.ledger.keepMs, logger), PRUNE_INTERVAL_MS);
    closers.push(() => clearInterval(pruner));

    const noticed = new Set<string>();
    const sayUnwatched = (): void => {
      const places = placesOf(watch);
      // Before every network is known, what lies in none cannot be told.
      if (places.length < watch.all().length) return;
      const view = guard.view();
      for (const notice of [...poolNotices(view, places), ...nodeNotices(report(), view)]) {
        if (!noticed.has(notice)) logger.warn(notice);
        noticed.add(notice);
      }
    };
    const status = (): string => statusOf(watch, guard);
    const reporter = setInterval(() => {
      beats.refresh();
      sayUnwatched();
      notifier.status(status());
    }, STATUS_INTERVAL_MS);
    closers.push(() => {
      clearInterval(reporter);
      beats.stop();
      heartbeat.stop();
    });
    beats.refresh();
    sayUnwatched();
    heartbeat.start();
    warnOf(config, logger);
    logger.info({ url: server.url, ledger: config.ledger.path, version: VERSION }, 'freehold is running');
    notifier.ready(status());

    let stopping: Promise<void> | null = null;
    let reloading: Promise<void> = Promise.resolve();
    const takeUp = async (): Promise<void> => {
      if (stopping !== null) return;
      const next = readAgain(reload, logger);
      if (next === null) return;
      warnOfRestart(config, next, logger);
      config = { ...next, http: config.http, ledger: { ...next.ledger, path: config.ledger.path } };
      warnOf(config, logger);
      try {
        await cluster.configure(config.metallb);
        guard.configure(config.guard, config.dhcp);
        await desk.configure(config.alerts);
        await watch.apply(config.segments, config.dhcp.leases);
        guard.keepSegments(config.segments.map(({ name }) => name));
        beats.refresh();
        noticed.clear();
        sayUnwatched();
      } catch (error) {
        logger.error({ err: error }, 'the new configuration could not be applied in full');
        return;
      }
      logger.info({ segments: config.segments.length }, 'configuration reloaded');
    };
    return {
      url: server.url,
      // One after the other: the newest file is what counts in the end.
      reload() {
        reloading = reloading.then(async () => {
          notifier.reloading();
          await takeUp();
          notifier.ready(status());
        });
        return reloading;
      },
      stop() {
        notifier.stopping();
        stopping ??= reloading
          .catch(() => undefined)
          .then(closeAll)
          .then(() => logger.info('freehold has stopped'));
        return stopping;
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Segments whose network is known. */
const placesOf = (watch: Watch): { name: string; place: SegmentPlace }[] =>
  watch.all().flatMap(({ watch: { config, place } }) => (place === null ? [] : [{ name: config.name, place }]));

function standInsOf(ledger: Ledger, watch: Watch, segment: string, nowMs: number): Mac[] {
  const row = watch.all().find(({ watch: one }) => one.config.name === segment)?.watch.row;
  return row === undefined || row === null ? [] : ledger.standIns(row.id, nowMs - STAND_IN_MEMORY_MS).map(({ mac }) => mac);
}

/** One line for `systemctl status`. */
function statusOf(watch: Watch, guard: Guard): string {
  const segments = watch.all().map(({ watch: one }) => one);
  const waiting = segments.filter((one) => one.status().state === 'waiting').map((one) => one.config.name);
  const open = guard.open().length;
  return [
    segments.length === 0 ? 'no segment is configured' : `watching ${segments.length} segment${segments.length === 1 ? '' : 's'}`,
    ...(waiting.length > 0 ? [`waiting: ${waiting.join(', ')}`] : []),
    `${open} conflict${open === 1 ? '' : 's'} open`,
  ].join('; ');
}

function warnOf(config: Config, logger: Logger): void {
  for (const warning of configWarnings(config)) logger.warn(warning);
}

function readAgain(reload: () => Config, logger: Logger): Config | null {
  try {
    return reload();
  } catch (error) {
    // What is wrong with a file is the reader's own words, not a place in our code.
    const facts = error instanceof FreeholdError ? { code: error.code, problem: error.message } : { err: error };
    logger.error(facts, 'the new configuration is bad; the old one stays in force');
    return null;
  }
}

function warnOfRestart(before: Config, after: Config, logger: Logger): void {
  const changed = [
    ...(JSON.stringify(before.http) === JSON.stringify(after.http) ? [] : ['http']),
    ...(before.ledger.path === after.ledger.path ? [] : ['ledger.path']),
    ...(before.log.level === after.log.level ? [] : ['log.level']),
  ];
  if (changed.length > 0) logger.warn({ changed }, 'these changes of the configuration need a restart');
}

/** In small steps, so that sweeps and answers go on meanwhile. */
async function prune(ledger: Ledger, nowMs: number, keepMs: number, logger: Logger): Promise<void> {
  try {
    while (ledger.prune(nowMs, keepMs)) await nextTurn();
  } catch (error) {
    logger.warn({ err: error }, 'old history could not be removed; trying again in an hour');
  }
}

function sayHowToBegin(
  logger: Logger,
  interfaces: readonly {
    readonly name: string;
    readonly loopback: boolean;
    readonly addresses: readonly { readonly address: number }[];
  }[],
): void {
  const candidates = interfaces.filter(({ loopback, addresses }) => !loopback && addresses.length > 0).map(({ name }) => name);
  logger.warn(
    { interfaces: candidates },
    'no segment is configured: nothing is probed until one is named under "segments" in the configuration, for example: segments: [{ name: lan, interface: eth0 }]',
  );
}
