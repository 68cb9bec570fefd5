/**
 * `freehold run`: the daemon in the foreground, until SIGTERM or SIGINT. SIGHUP reads the configuration again. Starts it and
 * stops it; what it does is daemon.ts.
 */
import type { EventEmitter } from 'node:events';
import { EXIT, type ExitCode } from '../core/error.ts';
import type { Daemon } from '../daemon-types.ts';
import type { Logger } from '../system/logger.ts';
import type { Output } from './output.ts';

export interface RunOptions {
  /** null: the default path, if there is such a file. */
  readonly config: string | null;
}

/** After SIGTERM, whatever still hangs is left behind. */
const STOP_DEADLINE_MS = 2000;

/**
 * Resolves when the daemon is to end: `ok` once it has stopped by itself, `failure` where stopping failed, where it took longer
 * than the deadline, or at a second signal. The process must then exit at once.
 */
export function untilStopped(
  daemon: Daemon,
  signals: EventEmitter,
  logger: Logger,
  deadlineMs = STOP_DEADLINE_MS,
): Promise<ExitCode> {
  return new Promise((resolve) => {
    let stopping = false;
    const onReload = (): void => void daemon.reload();
    const finish = (code: ExitCode): void => {
      signals.off('SIGHUP', onReload).off('SIGTERM', onStop).off('SIGINT', onStop);
      resolve(code);
    };
    const onStop = (): void => {
      if (stopping) {
        logger.error('stopped at the second signal, without waiting');
        finish(EXIT.failure);
        return;
      }
      stopping = true;
      const deadline = setTimeout(() => {
        logger.error({ deadlineMs }, 'did not stop in time; ending anyway');
        finish(EXIT.failure);
      }, deadlineMs);
      daemon
        .stop()
        .then(
          () => finish(EXIT.ok),
          (error: unknown) => {
            logger.error({ err: error }, 'could not stop cleanly');
            finish(EXIT.failure);
          },
        )
        .finally(() => clearTimeout(deadline));
    };
    signals.on('SIGHUP', onReload).on('SIGTERM', onStop).on('SIGINT', onStop);
  });
}

const SIGNALS = ['SIGHUP', 'SIGTERM', 'SIGINT'] as const;

/** A signal that comes while the daemon starts waits for it, instead of ending the process halfway. */
export function keepEarlySignals(signals: EventEmitter): () => void {
  const early = new Set<string>();
  const keepers = SIGNALS.map((signal) => [signal, () => void early.add(signal)] as const);
  for (const [signal, keep] of keepers) signals.on(signal, keep);
  return () => {
    for (const [signal, keep] of keepers) signals.off(signal, keep);
    for (const signal of early) signals.emit(signal);
  };
}

export async function runCommand(options: RunOptions, output: Output): Promise<ExitCode> {
  const { loadConfig } = await import('../system/config.ts');
  const { config } = loadConfig(options.config);
  const [{ createLogger }, { startDaemon }, { createNotifier }] = await Promise.all([
    import('../system/logger.ts'),
    import('../daemon.ts'),
    import('../system/notify/notifier.ts'),
  ]);
  const logger = createLogger({ level: config.log.level });
  process.on('unhandledRejection', (error) => logger.error({ err: error }, 'something failed that nobody waited for; going on'));
  const replayEarly = keepEarlySignals(process);
  const notifier = createNotifier(process.env, logger);
  const daemon = await startDaemon({ config, reload: () => loadConfig(options.config).config, logger, notifier });
  // Signals first: whoever waits for this line may send one at once.
  const stopped = untilStopped(daemon, process, logger);
  replayEarly();
  output.text(`freehold: listening on ${daemon.url}`);
  return stopped;
}
