/**
 * What a cluster says of itself, as far as the guard cares, before it is put together with the configuration and with what was learned
 * on the wire (merge-view.ts); and how the reading goes. Plain values; knows no Kubernetes.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import { sameServer } from '../claim/standing.ts';
import type { Assignment, NodeAddress, Pool, RequestedAddress } from './cluster-view.ts';

export interface ClusterNodeFacts {
  readonly name: string;
  /** InternalIP: those that the node itself answers for. */
  readonly internal: readonly Ipv4[];
  /** ExternalIP: perhaps those of a router before it. */
  readonly external: readonly Ipv4[];
  /** As the cluster sees it: its kubelet reports. */
  readonly ready: boolean;
}

/** Each part is null where it is not known, which is not the same as empty. */
export interface ClusterKnowledge {
  readonly pools: readonly Pool[] | null;
  readonly services: {
    readonly assignments: readonly Assignment[];
    readonly requested: readonly RequestedAddress[];
  } | null;
  readonly nodes: readonly ClusterNodeFacts[] | null;
}

export const NOTHING_KNOWN: ClusterKnowledge = { pools: null, services: null, nodes: null };

/** What is not known now is as it was last known. */
export const orLastKnown = (now: ClusterKnowledge, last: ClusterKnowledge): ClusterKnowledge => ({
  pools: now.pools ?? last.pools,
  services: now.services ?? last.services,
  nodes: now.nodes ?? last.nodes,
});

export const nodeAddressesOf = (nodes: readonly ClusterNodeFacts[]): readonly NodeAddress[] =>
  nodes.flatMap(({ name, internal, external }) =>
    [...new Set([...internal, ...external])].map((address) => ({ address, node: name })),
  );

/**
 * - `starting`: not read yet.
 * - `up`: read, and followed.
 * - `absent`: the cluster does not know this kind.
 * - `failing`: cannot be read now; what is known of it is as old as `asOfMs`.
 */
export type KindState = 'starting' | 'up' | 'absent' | 'failing';

/** How the reading of one kind of object goes. */
export interface KindStatus {
  /** From a closed list: `pools`, `services`, `nodes` … */
  readonly kind: string;
  /** Whether the guard needs it; others only tell more. */
  readonly needed: boolean;
  readonly state: KindState;
  /** Why it cannot be read: a stable code, and words for people (printable); null where it can. */
  readonly problem: { readonly code: string; readonly message: string } | null;
  /** Epoch ms: when what is known of it was last known to be true; null: nothing is. */
  readonly asOfMs: number | null;
  /** Objects beyond the bound, which are not looked at. */
  readonly leftOut: number;
  /** URL of the API server that listed what is known of it; null or absent: not told. */
  readonly server?: string | null;
}

export interface ClusterStatus {
  /** URL of the API server; null while that is not known. */
  readonly server: string | null;
  readonly kinds: readonly KindStatus[];
  /** Further things worth a look, in whole sentences; printable, a few. */
  readonly remarks: readonly string[];
}

/** Who reads a cluster, and tells when something changed there: knowledge, or status. */
export interface ClusterFeed {
  knowledge(): ClusterKnowledge;
  status(): ClusterStatus;
  /** @returns the way to take the listener off again */
  onChange(listener: () => void): () => void;
}

/** Whether two servers are known to be two. A name that is no URL, or was cut, is still the same as itself. */
export const isOtherServer = (a: string | null, b: string | null): boolean =>
  a !== null && b !== null && a !== b && !sameServer(a, b);

/** What is known of the server that is read now. What another one listed, before the kubeconfig named this one, is not known of it. */
export function ofOneServer(knowledge: ClusterKnowledge, status: ClusterStatus): [ClusterKnowledge, ClusterStatus] {
  const others = new Set(
    status.kinds.filter(({ server = null }) => isOtherServer(server, status.server)).map(({ kind }) => kind),
  );
  if (others.size === 0) return [knowledge, status];
  const { pools, services, nodes } = knowledge;
  return [
    {
      pools: others.has('pools') ? null : pools,
      services: others.has('services') ? null : services,
      nodes: others.has('nodes') ? null : nodes,
    },
    { ...status, kinds: status.kinds.map((one) => (others.has(one.kind) ? { ...one, asOfMs: null } : one)) },
  ];
}

/** Epoch ms: of the oldest part that is known and needed; null where nothing is. */
export function asOfKnown({ kinds }: ClusterStatus): number | null {
  const known = kinds.flatMap(({ needed, asOfMs }) => (needed && asOfMs !== null ? [asOfMs] : []));
  return known.length === 0 ? null : Math.min(...known);
}

/** Epoch ms: since when all that the guard needs is known; null while some of it is not. */
export function asOfNeeded({ kinds }: ClusterStatus): number | null {
  const needed = kinds.filter((kind) => kind.needed).map(({ asOfMs }) => asOfMs);
  return needed.reduce<number | null>(
    (oldest, asOfMs) => (oldest === null || asOfMs === null ? null : Math.min(oldest, asOfMs)),
    Number.POSITIVE_INFINITY,
  );
}
