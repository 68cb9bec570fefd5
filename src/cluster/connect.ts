/** From what a person named, or the usual places, to a cluster that can be asked. Sends nothing yet. */
import { EXIT, FreeholdError } from '../core/error.ts';
import { createKubeApi, type KubeApi } from './kube/api.ts';
import {
  findKubeconfig,
  type KubeconfigWanted,
  loadKubeconfig,
  processSurroundings,
  type Surroundings,
} from './kube/kubeconfig.ts';

/** null where there is no kubeconfig in any of the usual places. @throws FreeholdError `kubeconfig-...` */
export function connectIfConfigured(
  { path, context }: KubeconfigWanted,
  surroundings: Surroundings = processSurroundings(),
): KubeApi | null {
  const place = findKubeconfig(path, surroundings);
  return place === null ? null : createKubeApi(loadKubeconfig(place, context));
}

/** @throws FreeholdError `kubeconfig-missing` (exit 2), `kubeconfig-...` */
export function connectCluster(wanted: KubeconfigWanted, surroundings: Surroundings = processSurroundings()): KubeApi {
  const api = connectIfConfigured(wanted, surroundings);
  if (api !== null) return api;
  throw new FreeholdError('kubeconfig-missing', 'No kubeconfig is named, and there is none in $KUBECONFIG or ~/.kube/config.', {
    hint: 'Name one: --kubeconfig FILE. On a kubeadm control plane it is /etc/kubernetes/admin.conf, with k3s /etc/rancher/k3s/k3s.yaml.',
    exitCode: EXIT.usage,
  });
}
