/**
 * What the guard knows of pools, Services and nodes, as plain values: wherever it comes from (the configuration, a cluster).
 * Knows no Kubernetes.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Mac } from '../address/mac.ts';
import type { RangeSet } from '../address/range-set.ts';

/** A MetalLB IPAddressPool. */
export interface Pool {
  readonly name: string;
  readonly addresses: RangeSet;
}

/** A MAC that may answer for pool addresses: a node's. */
export interface Speaker {
  readonly mac: Mac;
  /** Name of its node; null where it is not known, and then each MAC counts as a node of its own. */
  readonly node: string | null;
}

/** A pool address that a Service holds. */
export interface Assignment {
  readonly address: Ipv4;
  /** `namespace/name` */
  readonly service: string;
  /** Node that is expected to announce it, where known. */
  readonly node: string | null;
  /** Nodes that say of themselves that they announce it; absent where that is not known. */
  readonly reportedNodes?: readonly string[];
}

/** An address that a Service asks for, whether it has it or not. */
export interface RequestedAddress {
  readonly address: Ipv4;
  /** `namespace/name` */
  readonly service: string;
}

export interface NodeAddress {
  readonly address: Ipv4;
  /** Its name. */
  readonly node: string;
}

export interface ClusterView {
  readonly source: 'configuration' | 'cluster';
  /** Epoch ms of the last time it was known to be true; null for the configuration, which is always. */
  readonly asOfMs: number | null;
  readonly pools: readonly Pool[];
  readonly speakers: readonly Speaker[];
  /** null: which addresses Services hold is not known; then every use by a non-speaker is a conflict all the same. */
  readonly assignments: readonly Assignment[] | null;
  /** Nobody else's to give away, inside a pool or not. */
  readonly requested: readonly RequestedAddress[];
  /** Addresses of nodes, by name of the node. */
  readonly nodeAddresses: readonly NodeAddress[];
}

/** Where the guard gets it from. One implementation reads the configuration; another may watch a cluster. */
export interface ClusterViewSource {
  current(): ClusterView;
  /** @returns the way to take the listener off again */
  onChange(listener: (view: ClusterView) => void): () => void;
}

export const EMPTY_VIEW: ClusterView = {
  source: 'configuration',
  asOfMs: null,
  pools: [],
  speakers: [],
  assignments: null,
  requested: [],
  nodeAddresses: [],
};
