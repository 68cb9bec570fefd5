/**
 * The daemon as the command line starts and stops it.
 */
import type { Surroundings } from './cluster/kube/kubeconfig-place.ts';
import type { Config } from './system/config-types.ts';
import type { Logger } from './system/logger.ts';
import type { Notifier } from './system/notify/notifier.ts';

export interface DaemonOptions {
  readonly config: Config;
  /** Reads the configuration again, for SIGHUP; throws FreeholdError where it is bad, and then the old one stays. */
  readonly reload: () => Config;
  readonly logger: Logger;
  /** The service manager, where there is one. */
  readonly notifier?: Notifier;
  /** Where a kubeconfig is looked for; default: as this process finds it. */
  readonly surroundings?: Surroundings;
}

export interface Daemon {
  /** Where HTTP answers: `http://127.0.0.1:5227` or `unix:/path`. */
  readonly url: string;
  /** SIGHUP. Never throws: a bad configuration is logged and the old one kept. */
  reload(): Promise<void>;
  /** SIGTERM: sweeps stop, the recorder flushes, everything closes; within 2 s. Idempotent. */
  stop(): Promise<void>;
}
