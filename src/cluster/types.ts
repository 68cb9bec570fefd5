/**
 * A cluster as plain values: all that the rest of Freehold sees of Kubernetes. Times are epoch ms, addresses and ranges values of core.
 * Only IPv4 is kept; what was left out is said where it matters.
 */
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { RangeSet } from '../core/address/range-set.ts';

export type Labels = Readonly<Record<string, string>>;

/** LabelSelector (meta/v1): everything must hold; an empty one matches all. */
export interface LabelSelector {
  readonly matchLabels: Labels;
  readonly matchExpressions: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values: readonly string[];
  }[];
}

/** An IPAddressPool. */
export interface ClusterPool {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  /** As written in the object. */
  readonly written: readonly string[];
  /** What MetalLB takes that for: it masks host bits away, so `192.0.2.240/24` is the whole /24. IPv4 only. */
  readonly addresses: RangeSet;
  /** Parts that are IPv6, or that MetalLB could not read either. */
  readonly leftOut: readonly { readonly text: string; readonly reason: 'ipv6' | 'unreadable' }[];
  /** Parts whose host bits are set, with what they amount to. */
  readonly widened: readonly { readonly text: string; readonly means: string }[];
  readonly autoAssign: boolean;
  readonly avoidBuggyIps: boolean;
  /** From its status (MetalLB 0.15 and newer); null where there is none. */
  readonly counters: { readonly assigned: number; readonly available: number } | null;
}

/** An L2Advertisement. No pools and no selectors: all pools. No interfaces: all. No node selectors: all nodes. */
export interface Advertisement {
  readonly namespace: string;
  readonly name: string;
  readonly pools: readonly string[];
  readonly poolSelectors: readonly LabelSelector[];
  readonly nodeSelectors: readonly LabelSelector[];
  readonly interfaces: readonly string[];
}

/** A Service of type LoadBalancer. */
export interface LoadBalancerService {
  readonly namespace: string;
  readonly name: string;
  /** From its status: what it holds. */
  readonly addresses: readonly Ipv4[];
  /** The first of all that it holds, as written, where that is an IPv6 address: MetalLB elects by it. */
  readonly firstAddress?: string;
  /** What it asks for, held or not: spec.loadBalancerIP and the annotations. */
  readonly requested: readonly Ipv4[];
  /** metallb.io/ip-allocated-from-pool; null where MetalLB did not give it an address. */
  readonly pool: string | null;
  readonly loadBalancerClass: string | null;
  readonly trafficPolicy: 'Cluster' | 'Local';
  readonly ports: readonly { readonly port: number; readonly protocol: string }[];
  /** Names of nodes with an endpoint that serves; null where EndpointSlices could not be read. */
  readonly readyNodes: readonly string[] | null;
  /** Endpoints that serve, wherever they are; null as above. */
  readonly readyEndpoints: number | null;
}

export interface ClusterNode {
  readonly name: string;
  readonly internalAddresses: readonly Ipv4[];
  readonly externalAddresses: readonly Ipv4[];
  readonly labels: Labels;
  /** Label node.kubernetes.io/exclude-from-external-load-balancers. */
  readonly excluded: boolean;
  /** Condition NetworkUnavailable is True. */
  readonly networkUnavailable: boolean;
  /** Condition Ready is True. */
  readonly ready: boolean;
  readonly podCidrs: readonly string[];
}

/** A ServiceL2Status: who announces a Service, in MetalLB's own words. It names no address. */
export interface Layer2Status {
  readonly service: string;
  readonly node: string;
  /** Empty: all. */
  readonly interfaces: readonly string[];
}

/** A ConfigurationState (MetalLB 0.15.3 and newer): whether a component took the configuration. */
export interface ConfigurationState {
  /** `controller` or `speaker-NODE`. */
  readonly name: string;
  readonly result: 'Valid' | 'Invalid' | 'Unknown';
  readonly errorSummary: string;
}

/** What is watched. */
export interface ClusterSnapshot {
  readonly pools: readonly ClusterPool[];
  readonly advertisements: readonly Advertisement[];
  readonly services: readonly LoadBalancerService[];
  readonly nodes: readonly ClusterNode[];
  readonly layer2Statuses: readonly Layer2Status[];
  readonly configurationStates: readonly ConfigurationState[];
}

/** `namespace/name` */
export const serviceKey = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string =>
  `${namespace}/${name}`;

/** What could not be read, and why: RBAC mostly. `null` in its place then means "not known". */
export interface Unread {
  readonly what: string;
  readonly code: string;
  readonly message: string;
}

/** A Deployment or DaemonSet of MetalLB. */
export interface Workload {
  readonly name: string;
  readonly image: string;
  /** From the image's tag: `0.15.3`; null where the tag is no version. */
  readonly version: string | null;
  readonly args: readonly string[];
  readonly desired: number;
  readonly ready: number;
}

export interface MetallbInstall {
  /** Which kinds the API server knows. */
  readonly kinds: {
    readonly pools: boolean;
    readonly advertisements: boolean;
    readonly layer2Statuses: boolean;
    readonly configurationStates: boolean;
  };
  /** null: not there, or not readable (then `unread` says so). */
  readonly controller: Workload | null;
  readonly speaker: Workload | null;
  readonly webhook: {
    /** The ValidatingWebhookConfiguration is there; null where it may not be read. */
    readonly configured: boolean | null;
    /** Every webhook in it holds a certificate. */
    readonly hasCertificate: boolean | null;
    /** Endpoints behind metallb-webhook-service that are ready; null where they may not be read. */
    readonly readyEndpoints: number | null;
  };
  /** Secret `memberlist` is there; null where that may not be read. */
  readonly memberlist: boolean | null;
}

/** How Services are brought to pods on the nodes. */
export type KubeProxy =
  | {
      readonly kind: 'configured';
      /** Empty: the default of the platform (iptables). */
      readonly mode: string;
      readonly strictArp: boolean;
      /** There is a DaemonSet kube-proxy that can be restarted. */
      readonly daemonSet: boolean;
    }
  /** No ConfigMap kube-system/kube-proxy: k3s, RKE2, Cilium without kube-proxy, ... */
  | {
      readonly kind: 'none';
      /** Nodes that say themselves that they run IPVS without strict ARP; absent: none does. */
      readonly looseNodes?: readonly string[];
    }
  | { readonly kind: 'unreadable'; readonly why: string };

/** Everything that `apply` and `doctor` look at, read once. */
export interface ClusterFacts extends ClusterSnapshot {
  readonly server: string;
  readonly context: string;
  /** Version of the API server, `v1.34.1`. */
  readonly version: string;
  readonly namespace: string;
  readonly metallb: MetallbInstall;
  readonly kubeProxy: KubeProxy;
  /** `namespace/name` of k3s's svclb-* DaemonSets. */
  readonly serviceLbDaemonSets: readonly string[];
  /** Cilium's own L2 announcements are there: kinds of cilium.io that have objects. */
  readonly ciliumL2: readonly string[];
  readonly unread: readonly Unread[];
}
