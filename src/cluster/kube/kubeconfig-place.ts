/**
 * Finds the kubeconfig: the one that is configured, else $KUBECONFIG, else ~/.kube/config, else the service account of the pod that
 * this runs in, else none. And looks which server it names. Does without the client library, which takes most of a second to load.
 */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parse } from 'yaml';
import { printable } from '../../core/text.ts';
import { at, listAt, textAt } from './objects.ts';

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

export type KubeconfigPlace =
  | {
      readonly kind: 'files';
      readonly paths: readonly string[];
      readonly from: 'configuration' | '$KUBECONFIG' | '~/.kube/config';
    }
  | { readonly kind: 'in-cluster' };

export interface KubeconfigWanted {
  /** A path from the configuration or the command line; null: look in the usual places. */
  readonly path: string | null;
  /** A context of it; null: the current one. */
  readonly context: string | null;
}

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly exists: (path: string) => boolean;
}

export const processSurroundings = (): Surroundings => ({ env: process.env, home: homeOrNone(), exists: existsSync });

/** Empty where there is none: without $HOME, of a user that the machine does not know. */
function homeOrNone(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}

/** Where it is, or null where there is none. Reads nothing. */
export function findKubeconfig(path: string | null, { env, home, exists }: Surroundings): KubeconfigPlace | null {
  if (path !== null) return { kind: 'files', paths: [path], from: 'configuration' };
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((one) => one !== '');
  // As kubectl does: those that are missing are passed over, unless all of them are.
  const present = listed.filter(exists);
  if (listed.length > 0) return { kind: 'files', paths: present.length > 0 ? present : listed, from: '$KUBECONFIG' };
  const usual = join(home, '.kube', 'config');
  if (home !== '' && exists(usual)) return { kind: 'files', paths: [usual], from: '~/.kube/config' };
  if ((env['KUBERNETES_SERVICE_HOST'] ?? '') !== '' && exists(SERVICE_ACCOUNT_TOKEN)) return { kind: 'in-cluster' };
  return null;
}

/** For people. */
export const placeText = (place: KubeconfigPlace): string =>
  place.kind === 'in-cluster' ? 'the service account of this pod' : `${place.paths.join(', ')} (from ${place.from})`;

/** As much of a server's name as is kept elsewhere, too. */
const SERVER = 200;

/**
 * The server of the current context, or of `context`: only to tell one cluster from another. In the form in which the watch of a cluster
 * names it: printable, no longer than there, without the slash at its end that the client library takes off. null where the kubeconfig does not say, or
 * cannot be read; loadKubeconfig() says why.
 */
export function serverNamedIn(place: KubeconfigPlace, context: string | null, { env }: Pick<Surroundings, 'env'>): string | null {
  if (place.kind === 'in-cluster') return inClusterServer(env);
  const documents = place.paths.map(readYaml);
  const entry = (list: string, name: string | null, what: string): unknown =>
    documents
      .flatMap((document) => listAt(document, list))
      .find((one) => textAt(one, 'name') === name && at(one, what) !== undefined);
  // The first file's counts.
  const current = context ?? textAt(documents[0], 'current-context');
  const cluster = textAt(entry('contexts', current, 'context'), 'context', 'cluster');
  const server = textAt(entry('clusters', cluster, 'cluster'), 'cluster', 'server');
  return server === null ? null : printable(withoutLogin(server).replace(/\/$/, ''), SERVER);
}

/** A URL without `user:password@`; of a text that is none, what stands behind the last `@`. */
export function withoutLogin(server: string): string {
  if (!server.includes('@')) return server;
  return server.replace(/^([a-z][a-z\d+.-]*:\/\/)?[^/?#]*@/i, '$1').replace(/^.*@/s, '');
}

function readYaml(path: string): unknown {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

/** As the client library makes it. */
function inClusterServer(env: Surroundings['env']): string | null {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  if (host === undefined || port === undefined) return null;
  const scheme = port === '80' || port === '8080' || port === '8001' ? 'http' : 'https';
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
