/**
 * Reads the kubeconfig that kubeconfig-place.ts found, with the client library. Never falls back to http://localhost:8080, as the
 * library would.
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { parse } from 'yaml';
import { EXIT, FreeholdError } from '../../core/error.ts';
import { printable } from '../../core/text.ts';
import { errorOfCredentials } from './errors.ts';
import { type KubeconfigPlace, placeText, withoutLogin } from './kubeconfig-place.ts';
import { listAt, textAt } from './objects.ts';

export * from './kubeconfig-place.ts';

/** @throws FreeholdError `kubeconfig-unreadable`, `kubeconfig-bad`, `kubeconfig-context-unknown`, `kubeconfig-insecure` */
export function loadKubeconfig(place: KubeconfigPlace, context: string | null): KubeConfig {
  const config = new KubeConfig();
  if (place.kind === 'in-cluster') {
    config.loadFromCluster();
    return config;
  }
  const [first, ...others] = place.paths;
  if (first === undefined) throw bad(place, 'no file is named');
  loadFile(config, first, place);
  for (const path of others) {
    const more = new KubeConfig();
    loadFile(more, path, place);
    try {
      config.mergeConfig(more, true);
    } catch (error) {
      throw bad(place, messageOf(error));
    }
  }
  if (context !== null) {
    const names = config.getContexts().map(({ name }) => name);
    if (!names.includes(context)) {
      throw new FreeholdError(
        'kubeconfig-context-unknown',
        `There is no context "${printable(context, 100)}" in ${placeText(place)}.`,
        {
          hint: `These are there: ${names.map((name) => printable(name, 100)).join(', ') || 'none'}.`,
          exitCode: EXIT.usage,
        },
      );
    }
    config.setCurrentContext(context);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw bad(place, `its current context (${printable(String(config.getCurrentContext() ?? 'none'), 100)}) names no cluster`);
  }
  if (!/^https?:\/\//i.test(cluster.server) || !URL.canParse(cluster.server))
    throw bad(place, `its server "${printable(withoutLogin(cluster.server), 200)}" is no URL`);
  const { username, password } = new URL(cluster.server);
  // Every error names the server, and so would tell the password.
  if (username !== '' || password !== '')
    throw bad(place, 'its server has a user name or a password in it: they belong under "users"');
  if (cluster.server.startsWith('http:') && !cluster.skipTLSVerify) {
    throw new FreeholdError(
      'kubeconfig-insecure',
      `The server ${printable(cluster.server, 200)} of ${placeText(place)} is plain http.`,
      {
        hint: 'Use https; or, for a proxy on this machine, say insecure-skip-tls-verify: true for that cluster.',
        exitCode: EXIT.usage,
      },
    );
  }
  return config;
}

function loadFile(config: KubeConfig, path: string, place: KubeconfigPlace): void {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new FreeholdError('kubeconfig-unreadable', `The kubeconfig ${path} cannot be read: ${messageOf(error)}`, {
      hint: 'Name another one (--kubeconfig, metallb.kubeconfig), or let this user read it.',
      exitCode: EXIT.usage,
      cause: error,
    });
  }
  try {
    config.loadFromString(text);
    config.makePathsAbsolute(dirname(path));
    readTokenFiles(config, text, dirname(path));
  } catch (error) {
    throw bad(place, messageOf(error));
  }
}

/**
 * The library does not know `tokenFile`, which kubectl reads anew, since the token in it is replaced now and then. (Its own reader of
 * token files, for pods, keeps the line break at the end, which no header may have.)
 */
function readTokenFiles(config: KubeConfig, text: string, folder: string): void {
  const document: unknown = parse(text);
  const tokenFiles = new Map<string, string>();
  for (const entry of listAt(document, 'users')) {
    const [name, tokenFile] = [textAt(entry, 'name'), textAt(entry, 'user', 'tokenFile')];
    // A token beside it comes first, as kubectl has it.
    if (name === null || tokenFile === null || textAt(entry, 'user', 'token') !== null) continue;
    tokenFiles.set(name, resolve(folder, tokenFile));
  }
  if (tokenFiles.size === 0) return;
  config.addAuthenticator({
    isAuthProvider: ({ name }) => tokenFiles.has(name),
    async applyAuthentication({ name }, options) {
      // As an error of ours, for the watches too, which the library begins by itself.
      const token = (await readFile(tokenFiles.get(name) ?? '', 'utf8').catch(unreadable(config))).trim();
      options.headers = { ...options.headers, Authorization: `Bearer ${token}` };
    },
  });
}

const unreadable =
  (config: KubeConfig) =>
  (error: unknown): never => {
    throw errorOfCredentials(error, config.getCurrentCluster()?.server ?? 'the API server');
  };

/** The first line: those after it show the file, and so the secrets in it. */
const messageOf = (error: unknown): string =>
  printable((error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '', 300);

const bad = (place: KubeconfigPlace, why: string): FreeholdError =>
  new FreeholdError('kubeconfig-bad', `The kubeconfig ${placeText(place)} cannot be used: ${why}.`, {
    hint: 'kubectl config view shows it; kubectl get nodes shows whether it works.',
    exitCode: EXIT.usage,
  });
