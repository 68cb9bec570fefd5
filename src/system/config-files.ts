/**
 * Whether what a configuration names is there, and may be used by whoever asks: what `freehold run` would refuse, and what would
 * come out later. Reads secrets and forgets them; writes nothing.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { FreeholdError } from '../core/error.ts';
import type { ChannelConfig, Config, SecretSource } from './config-types.ts';
import { readSecret, readTokenFile } from './secret-file.ts';

export interface FileProblem {
  /** Key of the configuration: `http.tokenFile`. */
  readonly path: string;
  readonly message: string;
}

export interface FileFindings {
  /** The daemon would not start. */
  readonly problems: readonly FileProblem[];
  /** The daemon would start, and could not do what is asked of it. Whole sentences. */
  readonly warnings: readonly string[];
}

/** Where systemd makes the folder as it starts the service. */
const STATE_FOLDER = '/var/lib/freehold';

/** @param environment where secrets of kind `environment` are looked up. */
export function checkFiles(config: Config, environment: NodeJS.ProcessEnv = process.env): FileFindings {
  const ledger = ledgerTrouble(config.ledger.path);
  const made = ledger?.missing === true && dirname(resolve(config.ledger.path)) === STATE_FOLDER;
  return {
    problems: [...tokenProblems(config), ...(ledger === null || made ? [] : [{ path: 'ledger.path', message: ledger.message }])],
    warnings: [
      ...(made && ledger !== null ? [`ledger.path: ${ledger.message} The service makes it as it starts.`] : []),
      ...config.alerts.channels.flatMap((channel) => channelWarnings(channel, environment)),
      ...kubeconfigWarnings(config),
      ...config.dhcp.leases.flatMap(({ path }) => unreadable(path).map((why) => `dhcp.leases: ${path} ${why}.`)),
    ],
  };
}

const sentenceOf = (error: unknown): string => {
  if (!(error instanceof FreeholdError)) return error instanceof Error ? error.message : String(error);
  return [error.message, error.hint].filter((part) => part !== undefined).join(' ');
};

function tokenProblems({ http }: Config): FileProblem[] {
  if (http.tokenFile === null) return [];
  try {
    readTokenFile(http.tokenFile);
    return [];
  } catch (error) {
    return [{ path: 'http.tokenFile', message: sentenceOf(error) }];
  }
}

/** The daemon starts without it, and goes on with what it last knew of the cluster. */
function kubeconfigWarnings({ metallb: { cluster, kubeconfig } }: Config): string[] {
  if (cluster === 'off' || kubeconfig === null) return [];
  const trouble = unreadable(kubeconfig);
  if (trouble.length > 0) return trouble.map((why) => `metallb.kubeconfig: ${kubeconfig} ${why}: the cluster is not read.`);
  return ((statOf(kubeconfig)?.mode ?? 0) & 0o004) === 0
    ? []
    : [`metallb.kubeconfig: ${kubeconfig} can be read by every user of this machine, and the credentials in it with it.`];
}

/** As ledger/open.ts will find it. What is in the file is not looked at. */
function ledgerTrouble(path: string): { readonly message: string; readonly missing: boolean } | null {
  const folder = dirname(resolve(path));
  const trouble = (message: string, missing = false) => ({ message, missing });
  if (statOf(folder)?.isDirectory() !== true) return trouble(`The directory ${folder} does not exist.`, true);
  if (!mayUse(folder, constants.W_OK | constants.X_OK)) return trouble(`The directory ${folder} cannot be written by this user.`);
  const file = statOf(path);
  if (file === undefined) return null;
  if (!file.isFile()) return trouble(`${path} is not a regular file.`);
  return mayUse(path, constants.R_OK | constants.W_OK) ? null : trouble(`${path} cannot be written by this user.`);
}

function mayUse(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

function unreadable(path: string): string[] {
  const facts = statOf(path);
  if (facts === undefined) return ['does not exist'];
  if (!facts.isFile()) return ['is not a plain file'];
  return mayUse(path, constants.R_OK) ? [] : ['cannot be read by this user'];
}

/** undefined where it cannot be seen, for whatever reason. */
function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function channelWarnings(channel: ChannelConfig, environment: NodeJS.ProcessEnv): string[] {
  const authority = channel.type === 'email' && channel.caFile !== null ? [channel.caFile] : [];
  return [
    ...secretsOf(channel).flatMap((source) => {
      try {
        readSecret(source, environment);
        return [];
      } catch (error) {
        return [`alert channel ${channel.name}: ${sentenceOf(error)}`];
      }
    }),
    ...authority.flatMap((path) => unreadable(path).map((why) => `alert channel ${channel.name}: ${path} ${why}.`)),
  ];
}

function secretsOf(channel: ChannelConfig): readonly SecretSource[] {
  const all = (() => {
    switch (channel.type) {
      case 'webhook':
        return [channel.url, channel.hmac, channel.bearer];
      case 'alertmanager':
        return [channel.url, channel.bearer];
      case 'slack':
        return [channel.url];
      case 'email':
        return [channel.password];
      case 'journal':
        return [];
    }
  })();
  return all.flatMap((source) => (source === null || source.kind === 'plain' ? [] : [source]));
}
