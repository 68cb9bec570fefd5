/** Which distribution a cluster is, where that says how kube-proxy runs in it. A guess from what may be read; null where nothing tells. */
import type { KubeApi } from '../kube/api.ts';
import { textAt } from '../kube/objects.ts';
import { RESOURCES } from '../kube/resources.ts';

export type Platform = 'k3s' | 'rke2' | 'cilium' | null;

export async function platformOf(api: KubeApi, signal?: AbortSignal): Promise<Platform> {
  const [nodes, cilium] = await Promise.all([
    // What may not be read tells nothing; the answer is only for an advice.
    api.list(RESOURCES.nodes, { signal }).catch(() => null),
    api.find(RESOURCES.daemonSets, 'cilium', 'kube-system', signal).catch(() => null),
  ]);
  signal?.throwIfAborted();
  const versions = (nodes?.items ?? []).map((node) => textAt(node, 'status', 'nodeInfo', 'kubeletVersion') ?? '');
  if (versions.some((version) => version.includes('+k3s'))) return 'k3s';
  if (versions.some((version) => version.includes('+rke2'))) return 'rke2';
  return cilium === null ? null : 'cilium';
}

/** Why there is nothing to do where kube-proxy has no DaemonSet, and what to look at. */
export function platformAdvice(platform: Platform): readonly string[] {
  switch (platform) {
    case 'k3s':
      return [
        'k3s runs kube-proxy within itself, by default in iptables mode, which needs no strictARP.',
        'If it was started with --kube-proxy-arg=proxy-mode=ipvs, start it on every node with --kube-proxy-arg=ipvs-strict-arp=true as well.',
      ];
    case 'rke2':
      return [
        'RKE2 runs kube-proxy as a static pod, by default in iptables mode, which needs no strictARP.',
        'If /etc/rancher/rke2/config.yaml says kube-proxy-arg: [proxy-mode=ipvs], add ipvs-strict-arp=true there on every node and restart RKE2.',
      ];
    case 'cilium':
      return [
        'Cilium takes the place of kube-proxy here, and needs no strictARP.',
        "See that Cilium's own L2 announcements and LB IPAM do not serve the same Services as MetalLB.",
      ];
    case null:
      return [
        'Where kube-proxy is part of something else, or is replaced, it is configured there.',
        'Only where it runs in IPVS mode it needs --ipvs-strict-arp (or ipvs.strictARP: true in its configuration).',
      ];
  }
}
