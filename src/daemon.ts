/**
 * The one place where everything is put together: ledger, wire, watch, HTTP. Owns nothing but the order in which they start
 * and stop.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Daemon, DaemonOptions } from './daemon-types.ts';
import { createAnswers } from './http/answers/answers.ts';
import { createApp } from './http/app.ts';
import { listen } from './http/server.ts';
import { type Ledger, openLedger } from './ledger/ledger.ts';
import { openIcmpWire } from './link/icmp-wire.ts';
import { watchInterfaces } from './link/interfaces.ts';
import { openPacketWire } from './link/packet-wire.ts';
import { systemClock } from './system/clock.ts';
import type { Config } from './system/config-types.ts';
import type { Logger } from './system/logger.ts';
import { readTokenFile } from './system/secret-file.ts';
import { VERSION } from './system/version.ts';
import { IcmpSweeper } from './watch/icmp-sweeper.ts';
import { NeighbourReader } from './watch/neighbour-reader.ts';
import { newcomerLog } from './watch/newcomers.ts';
import { Recorder } from './watch/recorder.ts';
import { Watch } from './watch/watch.ts';

const PRUNE_INTERVAL_MS = 3_600_000;

/**
 * Starts everything, or throws with everything closed again.
 * @throws FreeholdError: `not-permitted`, `ledger-...`, `address-in-use`, ...
 */
export async function startDaemon({ config: initial, reload, logger }: DaemonOptions): Promise<Daemon> {
  const clock = systemClock;
  const closers: (() => void | Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close();
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
    const recorder = new Recorder({
      ledger,
      clock,
      logger,
      onScanner: (segment, mac, probes) => {
        logger.debug({ mac, probes }, 'a scanner asks for many addresses; its probes are no intents');
        watch.byId(segment)?.countIgnoredScanner(probes);
      },
      onFlush: newcomerLog(ledger, logger, (segment) => watch.byId(segment)?.config.name ?? ''),
    });
    const watch = new Watch({ ledger, recorder, interfaces, openWire: openPacketWire, icmp, clock, logger, random: Math.random });
    closers.push(() => recorder.stop());
    closers.push(() => watch.stop());
    recorder.start();
    await watch.apply(config.segments, config.dhcp.leases);
    const neighbours = new NeighbourReader({ watch, recorder, clock, logger });
    neighbours.start();
    closers.push(() => neighbours.stop());
    if (config.segments.length === 0) sayHowToBegin(logger, interfaces.list());

    const pruner = setInterval(() => void prune(ledger, clock.nowMs(), config.ledger.keepMs, logger), PRUNE_INTERVAL_MS);
    closers.push(() => clearInterval(pruner));

    const service = createAnswers({ watch, ledger, recorder, clock, criteria: () => config.proof });
    const server = await listen(
      createApp({ service, token, logger, version: VERSION, listen: config.http.listen }),
      config.http.listen,
    );
    closers.push(() => server.close());
    logger.info({ url: server.url, ledger: config.ledger.path, version: VERSION }, 'freehold is running');

    let stopping: Promise<void> | null = null;
    let reloading: Promise<void> = Promise.resolve();
    const takeUp = async (): Promise<void> => {
      if (stopping !== null) return;
      const next = readAgain(reload, logger);
      if (next === null) return;
      warnOfRestart(config, next, logger);
      config = { ...next, http: config.http, ledger: { ...next.ledger, path: config.ledger.path } };
      try {
        await watch.apply(next.segments, next.dhcp.leases);
      } catch (error) {
        logger.error({ err: error }, 'the new configuration could not be applied in full');
        return;
      }
      logger.info({ segments: next.segments.length }, 'configuration reloaded');
    };
    return {
      url: server.url,
      // One after the other: the newest file is what counts in the end.
      reload() {
        reloading = reloading.then(takeUp);
        return reloading;
      },
      stop() {
        stopping ??= reloading.then(closeAll).then(() => logger.info('freehold has stopped'));
        return stopping;
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function readAgain(reload: () => Config, logger: Logger): Config | null {
  try {
    return reload();
  } catch (error) {
    logger.error({ err: error }, 'the new configuration is bad; the old one stays in force');
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
