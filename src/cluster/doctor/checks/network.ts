/** What else in the cluster has a say in who answers: kube-proxy, other load balancers, labels that keep nodes out. Pure. */
import { matchesAny } from '../../labels.ts';
import { ignoresExcludeLabel } from '../announcing.ts';
import { clusterCheck, failed, metallbInstalled, ok, rightTo, skipped, warning } from '../judge.ts';
import type { Check } from '../types.ts';
import { are, count, some } from '../words.ts';

const GROUP = 'The cluster';
const LOOK_AT_PROXY = 'kubectl -n kube-system get configmap kube-proxy -o yaml';
const EXCLUDE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers';
/** Kubernetes 1.35. */
const IPVS_DEPRECATED = [1, 35] as const;

/** `v1.35.0-rc.1+k3s1` -> [1, 35] */
function minorOf(version: string): readonly [number, number] | null {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  return major === undefined || minor === undefined ? null : [Number(major), Number(minor)];
}

const isAtLeast = (version: string, [major, minor]: readonly [number, number]): boolean => {
  const [is, isMinor] = minorOf(version) ?? [0, 0];
  return is > major || (is === major && isMinor >= minor);
};

export const kubeProxyMode: Check = clusterCheck(
  {
    name: 'kube-proxy-mode',
    title: 'kube-proxy runs in a mode that has a future',
    group: GROUP,
    why: 'IPVS mode is deprecated since Kubernetes 1.35, and will be taken out. MetalLB does not need it.',
    reads: ['configmap kube-proxy'],
  },
  ({ facts: { kubeProxy, version } }) => {
    switch (kubeProxy.kind) {
      case 'none':
        return ok(
          'There is no ConfigMap kube-proxy: k3s and RKE2 have it built in (iptables unless told otherwise), Cilium may replace it.',
        );
      case 'unreadable':
        return skipped(`The configuration of kube-proxy cannot be told: ${kubeProxy.why}.`, `Look yourself: ${LOOK_AT_PROXY}`);
      case 'configured': {
        const mode = kubeProxy.mode === '' ? 'the default mode (iptables)' : `${kubeProxy.mode} mode`;
        if (kubeProxy.mode !== 'ipvs' || !isAtLeast(version, IPVS_DEPRECATED)) return ok(`kube-proxy runs in ${mode}.`);
        return warning(
          `kube-proxy runs in ipvs mode, and this is Kubernetes ${version}.`,
          `Change it to nftables (or iptables) when it suits you: mode in the ConfigMap kube-proxy, then kubectl -n kube-system rollout restart daemonset kube-proxy, and a restart of the nodes, which takes the old addresses off kube-ipvs0.`,
        );
      }
    }
  },
);

export const strictArp: Check = clusterCheck(
  {
    name: 'strict-arp',
    title: 'Nodes answer only for addresses that they announce',
    group: GROUP,
    why: 'In IPVS mode kube-proxy puts every LoadBalancer address on an interface of every node, and without strictARP all of them answer for it.',
    reads: ['configmap kube-proxy'],
  },
  ({ facts: { kubeProxy } }) => {
    switch (kubeProxy.kind) {
      case 'none':
        return ok(
          'Nothing to do: there is no ConfigMap kube-proxy. (Where k3s was told to use IPVS: --kube-proxy-arg=ipvs-strict-arp.)',
        );
      case 'unreadable':
        return skipped(
          `Whether it is needed cannot be told: ${kubeProxy.why}.`,
          `${rightTo('configmap kube-proxy')} Or look at who answers: --interface IF, several-answerers.`,
        );
      case 'configured':
        if (kubeProxy.mode !== 'ipvs') return ok(`Nothing to do in ${kubeProxy.mode === '' ? 'iptables' : kubeProxy.mode} mode.`);
        if (kubeProxy.strictArp) return ok('ipvs mode, and strictARP is true.');
        return failed('kube-proxy runs in ipvs mode, and strictARP is not true.', 'freehold strict-arp --enable');
    }
  },
);

export const servicelb: Check = clusterCheck(
  {
    name: 'k3s-servicelb',
    title: 'The servicelb of k3s is off',
    group: GROUP,
    why: 'It and MetalLB both write the addresses of Services of type LoadBalancer, one over the other.',
    reads: ['daemonsets'],
  },
  (reading) => {
    const { serviceLbDaemonSets: sets } = reading.facts;
    if (sets.length === 0) return ok('No DaemonSet svclb-* is there.');
    const seen = `${count(sets.length, 'DaemonSet')} of it ${are(sets.length)} there: ${some(sets, 3)}.`;
    const fix =
      'Start k3s with --disable servicelb (disable: [servicelb] in /etc/rancher/k3s/config.yaml), and restart it on every server.';
    return metallbInstalled(reading) === false ? warning(seen, fix) : failed(seen, fix);
  },
);

export const ciliumL2: Check = clusterCheck(
  {
    name: 'cilium-l2',
    title: "Cilium's own load balancer leaves Services alone",
    group: GROUP,
    why: 'Cilium can give out and announce LoadBalancer addresses itself. Where both do it for one Service, two answer for its address.',
    reads: ['ciliuml2announcementpolicies', 'ciliumloadbalancerippools'],
  },
  ({ facts: { ciliumL2: kinds } }) =>
    kinds.length === 0
      ? ok('There is no CiliumL2AnnouncementPolicy and no CiliumLoadBalancerIPPool.')
      : warning(
          `There are objects of ${kinds.join(' and ')}.`,
          'Use one of the two: delete them (kubectl get ciliuml2announcementpolicies,ciliumloadbalancerippools), or keep the Services apart by loadBalancerClass.',
        ),
);

export const excludedNodes: Check = clusterCheck(
  {
    name: 'excluded-nodes',
    title: 'Nodes are left that may announce',
    group: GROUP,
    why: `A node with the label ${EXCLUDE_LABEL} never announces an address. kubeadm and Talos put it on control planes; a cluster of one node is one.`,
    reads: ['nodes'],
    needsMetallb: true,
  },
  ({ facts }) => {
    const { nodes, advertisements } = facts;
    const excluded = nodes.filter((node) => node.excluded);
    if (excluded.length === 0) return ok(`None of ${count(nodes.length, 'node')} has the label.`);
    const names = some(excluded.map(({ name }) => name));
    if (ignoresExcludeLabel(facts))
      return ok(
        `${names} ${excluded.length === 1 ? 'has' : 'have'} the label, and the speakers ignore it (--ignore-exclude-lb).`,
      );
    const fix = `Take it off a node (kubectl label node ${excluded[0]?.name ?? 'NAME'} ${EXCLUDE_LABEL}-), or run the speakers with --ignore-exclude-lb.`;
    if (excluded.length === nodes.length) {
      return failed(`Every node has the label: ${names}. Nobody announces anything.`, fix);
    }
    const dark = advertisements.filter(({ nodeSelectors }) => {
      const selected = nodes.filter(({ labels }) => matchesAny(nodeSelectors, labels));
      return selected.length > 0 && selected.every((node) => node.excluded);
    });
    if (dark.length > 0) {
      return failed(
        `Every node that the L2Advertisement ${some(dark.map(({ name }) => name))} selects has the label (${names}).`,
        `Select others, too; or: ${fix}`,
      );
    }
    return ok(
      `${nodes.length - excluded.length} of ${nodes.length} may announce; ${names} ${excluded.length === 1 ? 'has' : 'have'} the label.`,
    );
  },
);
