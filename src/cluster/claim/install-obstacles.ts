/** Whether MetalLB is there, and can judge a pool; and whether kube-proxy would answer for its addresses. Pure. */
import type { ClusterFacts, KubeProxy } from '../types.ts';
import type { Obstacle } from './obstacles.ts';

const error = (code: string, text: string, fix: string, mayPass = false): Obstacle => ({
  code,
  text,
  fix,
  severity: 'error',
  ...(mayPass ? { mayPass } : {}),
});

const warning = (code: string, text: string, fix: string): Obstacle => ({ code, text, fix, severity: 'warning' });

const NAMED = 5;
const some = (names: readonly string[]): string =>
  names.length > NAMED ? `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more` : names.join(', ');

export function installObstacles(facts: ClusterFacts): readonly Obstacle[] {
  const { kinds } = facts.metallb;
  if (!kinds.pools || !kinds.advertisements) {
    return [
      error(
        'metallb-missing',
        'MetalLB is not installed: the cluster does not know IPAddressPools or L2Advertisements.',
        'Install it (freehold metallb install), then apply again.',
      ),
    ];
  }
  return [...controllers(facts), ...speakers(facts), ...webhooks(facts), ...proxies(facts), ...rivals(facts)];
}

const isUnread = ({ unread }: ClusterFacts, what: string): boolean => unread.some((one) => one.what === what);

function controllers(facts: ClusterFacts): readonly Obstacle[] {
  const { namespace, metallb } = facts;
  const { controller, webhook } = metallb;
  if (controller === null) {
    if (isUnread(facts, 'deployment controller')) return [];
    // Its webhook answers, so that it runs, by a name and labels that are not known here.
    if ((webhook.readyEndpoints ?? 0) > 0) {
      return [
        warning(
          'controller-not-found',
          `No Deployment in the namespace ${namespace} looks like MetalLB's controller, though its webhook is ready.`,
          `Look which it is: kubectl -n ${namespace} get deployments --show-labels`,
        ),
      ];
    }
    return [
      error(
        'controller-missing',
        `There is no MetalLB controller in the namespace ${namespace}.`,
        'Name the namespace that MetalLB runs in: --namespace.',
      ),
    ];
  }
  if (controller.ready > 0) return [];
  return [
    error(
      'controller-not-ready',
      `The MetalLB controller is not ready (${controller.ready} of ${controller.desired}).`,
      `Look at it: kubectl -n ${namespace} describe deployment ${controller.name}`,
      true,
    ),
  ];
}

function speakers(facts: ClusterFacts): readonly Obstacle[] {
  const { namespace, metallb } = facts;
  const { speaker } = metallb;
  if (speaker === null) {
    if (isUnread(facts, 'daemonset speaker')) return [];
    return [
      warning(
        'speakers-not-found',
        `No DaemonSet in the namespace ${namespace} looks like MetalLB's speakers: without them nobody announces the pool.`,
        `Look which it is: kubectl -n ${namespace} get daemonsets --show-labels`,
      ),
    ];
  }
  if (speaker.ready > 0) return [];
  return [
    error(
      'speakers-not-ready',
      `No speaker of MetalLB is ready (0 of ${speaker.desired}), so that nobody would announce the pool.`,
      `Look at them: kubectl -n ${namespace} describe daemonset ${speaker.name}`,
      true,
    ),
  ];
}

function webhooks({ metallb: { webhook }, namespace }: ClusterFacts): readonly Obstacle[] {
  const obstacles: Obstacle[] = [];
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
    obstacles.push(
      warning(
        'webhook-unconfigured',
        'MetalLB has no webhook configuration, so nobody checks pools for overlaps.',
        'Apply the manifest of MetalLB again (freehold metallb install).',
      ),
    );
  }
  return obstacles;
}

function proxies(facts: ClusterFacts): readonly Obstacle[] {
  const { kubeProxy } = facts;
  switch (kubeProxy.kind) {
    case 'unreadable':
      return [
        warning(
          'strict-arp-unknown',
          `Whether kube-proxy needs strictARP is not known: ${kubeProxy.why}.`,
          'Look yourself: kubectl -n kube-system get configmap kube-proxy -o yaml',
        ),
      ];
    case 'configured':
      return kubeProxy.mode === 'ipvs' && !kubeProxy.strictArp ? [looseProxy(kubeProxy, facts)] : [];
    case 'none':
      return looseNodes(kubeProxy.looseNodes ?? []);
  }
}

function looseProxy({ daemonSet }: Extract<KubeProxy, { readonly kind: 'configured' }>, facts: ClusterFacts): Obstacle {
  // Left behind by a kube-proxy that was replaced, or read by one that nobody here can see.
  if (!daemonSet && !isUnread(facts, 'daemonset kube-proxy')) {
    return warning(
      'strict-arp-unknown',
      'The ConfigMap kube-proxy says IPVS mode without strictARP, but there is no DaemonSet kube-proxy: whether it runs is not known.',
      'Where kube-proxy runs in another way, set ipvs.strictARP there: every node would answer for every address of the pool.',
    );
  }
  return error(
    'strict-arp-off',
    'kube-proxy runs in IPVS mode without strictARP: every node would answer for every address of the pool.',
    'Switch it on: freehold strict-arp --enable',
  );
}

function looseNodes(names: readonly string[]): readonly Obstacle[] {
  if (names.length === 0) return [];
  return [
    error(
      'strict-arp-off',
      `Nodes were told to run kube-proxy in IPVS mode without strict ARP (${some(names)}): each would answer for every address of the pool.`,
      'Start k3s or RKE2 there with --kube-proxy-arg=ipvs-strict-arp=true as well, or without proxy-mode=ipvs.',
    ),
  ];
}

function rivals({ serviceLbDaemonSets, ciliumL2 }: ClusterFacts): readonly Obstacle[] {
  const obstacles: Obstacle[] = [];
  if (serviceLbDaemonSets.length > 0) {
    obstacles.push(
      warning(
        'servicelb-active',
        `The servicelb of k3s is active (${some(serviceLbDaemonSets)}): it and MetalLB fight over the addresses of Services.`,
        'Start k3s with --disable servicelb.',
      ),
    );
  }
  if (ciliumL2.length > 0) {
    obstacles.push(
      warning(
        'cilium-active',
        `Cilium gives out or announces addresses of Services itself: the cluster has ${ciliumL2.join(', ')}.`,
        'Let only one of them serve a Service: take these objects away, or keep the Services apart by loadBalancerClass.',
      ),
    );
  }
  return obstacles;
}
