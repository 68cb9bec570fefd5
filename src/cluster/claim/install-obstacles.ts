/** Whether MetalLB is there, and can judge a pool; and whether kube-proxy would answer for its addresses. Pure. */
import type { ClusterFacts } from '../types.ts';
import type { Obstacle } from './obstacles.ts';

const error = (code: string, text: string, fix: string, mayPass = false): Obstacle => ({
  code,
  text,
  fix,
  severity: 'error',
  ...(mayPass ? { mayPass } : {}),
});

export function installObstacles({
  metallb,
  kubeProxy,
  namespace,
  serviceLbDaemonSets,
  unread,
}: ClusterFacts): readonly Obstacle[] {
  const { kinds, controller, webhook } = metallb;
  if (!kinds.pools || !kinds.advertisements) {
    return [
      error(
        'metallb-missing',
        'MetalLB is not installed: the cluster does not know IPAddressPools or L2Advertisements.',
        'Install it (freehold metallb install), then apply again.',
      ),
    ];
  }
  const obstacles: Obstacle[] = [];
  const unreadable = (what: string): boolean => unread.some((one) => one.what === what);
  if (controller === null && !unreadable('deployment controller')) {
    obstacles.push(
      error(
        'controller-missing',
        `There is no MetalLB controller in the namespace ${namespace}.`,
        'Name the namespace that MetalLB runs in: --namespace.',
        true,
      ),
    );
  } else if (controller !== null && controller.ready < 1) {
    obstacles.push(
      error(
        'controller-not-ready',
        `The MetalLB controller is not ready (${controller.ready} of ${controller.desired}).`,
        `Look at it: kubectl -n ${namespace} describe deployment controller`,
        true,
      ),
    );
  }
  if (webhook.configured === true && (webhook.hasCertificate === false || webhook.readyEndpoints === 0)) {
    obstacles.push(
      error(
        'webhook-not-ready',
        webhook.readyEndpoints === 0
          ? 'The webhook that judges pools has no ready endpoint.'
          : 'The webhook that judges pools has no certificate yet.',
        `It comes up with the controller: kubectl -n ${namespace} get endpointslices,pods. Leave the webhook configuration as it is.`,
        true,
      ),
    );
  }
  if (webhook.configured === false) {
    obstacles.push({
      code: 'webhook-unconfigured',
      text: 'MetalLB has no webhook configuration, so nobody checks pools for overlaps.',
      fix: 'Apply the manifest of MetalLB again (freehold metallb install).',
      severity: 'warning',
    });
  }
  if (kubeProxy.kind === 'configured' && kubeProxy.mode === 'ipvs' && !kubeProxy.strictArp) {
    obstacles.push(
      error(
        'strict-arp-off',
        'kube-proxy runs in IPVS mode without strictARP: every node would answer for every address of the pool.',
        'Switch it on: freehold strict-arp --enable',
      ),
    );
  }
  if (kubeProxy.kind === 'unreadable') {
    obstacles.push({
      code: 'strict-arp-unknown',
      text: `Whether kube-proxy needs strictARP is not known: ${kubeProxy.why}.`,
      fix: 'Look yourself: kubectl -n kube-system get configmap kube-proxy -o yaml',
      severity: 'warning',
    });
  }
  if (serviceLbDaemonSets.length > 0) {
    obstacles.push({
      code: 'servicelb-active',
      text: `The servicelb of k3s is active (${serviceLbDaemonSets.slice(0, 3).join(', ')}): it and MetalLB fight over the addresses of Services.`,
      fix: 'Start k3s with --disable servicelb.',
      severity: 'warning',
    });
  }
  return obstacles;
}
