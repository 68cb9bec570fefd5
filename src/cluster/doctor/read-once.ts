/**
 * A cluster that is asked each question once: what was listed or found is remembered, and so is what failed. Several readers then see
 * the same moment, and cost no more than one. Lives as long as one command.
 */
import type { KubeApi, KubeList, ListOptions } from '../kube/api.ts';
import type { KubeObject } from '../kube/objects.ts';
import { objectPath, type Resource } from '../kube/resources.ts';

export function readOnce(api: KubeApi): KubeApi {
  const lists = new Map<string, Promise<KubeList>>();
  const found = new Map<string, Promise<KubeObject | null>>();
  return {
    ...api,
    list(resource: Resource, options: ListOptions = {}) {
      const { namespace = '', labelSelector = '', fieldSelector = '' } = options;
      const key = [resource.group, resource.plural, namespace, labelSelector, fieldSelector].join('\n');
      return remember(lists, key, () => api.list(resource, options));
    },
    find(resource, name, namespace, signal) {
      return remember(found, objectPath(resource, name, namespace), () => api.find(resource, name, namespace, signal));
    },
  };
}

function remember<T>(known: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const before = known.get(key);
  if (before !== undefined) return before;
  const asked = ask();
  known.set(key, asked);
  return asked;
}
