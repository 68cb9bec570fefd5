/**
 * The way to the API server, made when it is first needed and made anew from the kubeconfig where the server does not accept its
 * credentials any more: a new token in the file counts by itself. The client library is loaded only here.
 */
import type { KubeApi } from '../kube/api.ts';
import type { KubeconfigPlace } from '../kube/kubeconfig-place.ts';

export interface Connection {
  /** @throws FreeholdError `kubeconfig-...` where the file cannot be used now; the next call reads it again */
  api(): Promise<KubeApi>;
  /** This one does not get in, or not there: the next call makes another. Several may say so of the same one. */
  refused(api: KubeApi): void;
}

export function connectionTo(place: KubeconfigPlace, context: string | null): Connection {
  let current: Promise<KubeApi> | null = null;
  let made: KubeApi | null = null;
  const connect = async (): Promise<KubeApi> => {
    const [{ createKubeApi }, { loadKubeconfig }] = await Promise.all([
      import('../kube/api.ts'),
      import('../kube/kubeconfig.ts'),
    ]);
    made = createKubeApi(loadKubeconfig(place, context));
    return made;
  };
  return {
    api() {
      current ??= connect().catch((error: unknown) => {
        current = null;
        throw error;
      });
      return current;
    },
    refused(api) {
      if (api !== made) return;
      made = null;
      current = null;
    },
  };
}
