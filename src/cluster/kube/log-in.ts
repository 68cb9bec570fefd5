/**
 * Puts the credentials of a kubeconfig on a request, with patience. Where a program or a token issuer gets them, the client library
 * waits for it for ever, and ends no program: so nobody here waits longer than told, and no more programs are begun while many hang.
 */
import type { KubeConfig, RequestContext } from '@kubernetes/client-node';
import { type ClusterError, errorOfCredentials } from './errors.ts';

/** Programs of one user of one cluster that may hang at the same time: one for each kind that is watched, and one more. */
export const MOST_HANGING = 8;

/** Of each user of each cluster: logins that somebody has given up waiting for, and that go on. */
const hanging = new Map<string, Set<Promise<void>>>();

/**
 * @param patience aborts where it took too long. @param signal aborts where nobody wants it any more
 * @throws ClusterError `cluster-credentials`; where `signal` aborts, its reason
 */
export async function logIn(
  config: KubeConfig,
  context: RequestContext,
  patience: AbortSignal,
  signal: AbortSignal | undefined,
): Promise<void> {
  const server = config.getCurrentCluster()?.server ?? '';
  const key = JSON.stringify([server, config.getCurrentUser()?.name]);
  const given = signal === undefined ? patience : AbortSignal.any([signal, patience]);
  const late = (): unknown => (signal?.aborted === true ? signal.reason : tooLate(server));
  // Ended by whoever runs them, or by themselves: then it is tried again.
  if ((hanging.get(key)?.size ?? 0) >= MOST_HANGING) throw tooLate(server);
  const going = config.applySecurityAuthentication(context).catch((error: unknown) => {
    throw errorOfCredentials(error, server);
  });
  await unless(given, going, () => {
    keep(key, going);
    return late();
  });
}

/** The error where credentials did not come in time. */
export const tooLate = (server: string): ClusterError =>
  errorOfCredentials(new Error('they did not come in time: its program, or who issues its tokens, gives no answer'), server);

function keep(key: string, going: Promise<void>): void {
  const all = hanging.get(key) ?? new Set();
  hanging.set(key, all);
  const ended = going
    .catch(() => undefined)
    .then(() => {
      all.delete(ended);
      if (all.size === 0 && hanging.get(key) === all) hanging.delete(key);
    });
  all.add(ended);
}

/** @throws what `late` makes, where the signal aborts first */
function unless(signal: AbortSignal, work: Promise<void>, late: () => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(late());
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
