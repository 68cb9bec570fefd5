/**
 * The kinds of objects that the daemon follows: where they are, what of them is kept, how many at the most, and whether the guard can do
 * without. An object is read into a plain value as it comes, and nothing else of it stays in memory.
 */
import type { KubeObject } from '../kube/objects.ts';
import { RESOURCES, type Resource } from '../kube/resources.ts';
import { readAdvertisement, readConfigurationState, readLayer2Status, readPool } from '../read/metallb.ts';
import { readNode } from '../read/nodes.ts';
import { readEndpointSlice, readService, type ServingEndpoints } from '../read/services.ts';
import type { WatchedKind } from '../read/snapshot.ts';
import type { Advertisement, ClusterNode, ClusterPool, ConfigurationState, Layer2Status, LoadBalancerService } from '../types.ts';

/** What one EndpointSlice adds to what stands behind its Service. */
export interface SliceShare extends ServingEndpoints {
  /** `namespace/name` */
  readonly service: string;
}

/** What is kept of an object of each kind. */
export interface WatchedValue {
  readonly pools: ClusterPool;
  readonly advertisements: Advertisement;
  /** Without what stands behind it: that is in the slices. */
  readonly services: LoadBalancerService;
  readonly nodes: ClusterNode;
  readonly layer2Statuses: Layer2Status;
  readonly configurationStates: ConfigurationState;
  readonly endpointSlices: SliceShare;
}

export interface KindSpec<Kind extends WatchedKind> {
  readonly kind: Kind;
  readonly resource: Resource;
  /** Without it the guard does not know what it watches over, or for whom. */
  readonly needed: boolean;
  /** Only in MetalLB's namespace: those elsewhere mean nothing to it. */
  readonly ofMetallb: boolean;
  /** Values kept; further objects are counted and left out. */
  readonly most: number;
  /** null: nothing that counts here. */
  readonly read: (object: KubeObject) => WatchedValue[Kind] | null;
}

type Kinds = { readonly [Kind in WatchedKind]: KindSpec<Kind> };

/** Of each kind, for the whole daemon. */
export const KINDS: Kinds = {
  pools: { kind: 'pools', resource: RESOURCES.pools, needed: true, ofMetallb: true, most: 1_024, read: readPool },
  advertisements: {
    kind: 'advertisements',
    resource: RESOURCES.advertisements,
    // Tells who is expected to announce: nobody is a stranger for want of it.
    needed: false,
    ofMetallb: true,
    most: 1_024,
    read: readAdvertisement,
  },
  services: {
    kind: 'services',
    resource: RESOURCES.services,
    needed: true,
    ofMetallb: false,
    most: 16_384,
    read: (object) => readService(object, null),
  },
  nodes: { kind: 'nodes', resource: RESOURCES.nodes, needed: true, ofMetallb: false, most: 5_000, read: readNode },
  layer2Statuses: {
    kind: 'layer2Statuses',
    resource: RESOURCES.layer2Statuses,
    needed: false,
    ofMetallb: true,
    most: 16_384,
    read: readLayer2Status,
  },
  configurationStates: {
    kind: 'configurationStates',
    resource: RESOURCES.configurationStates,
    needed: false,
    ofMetallb: true,
    most: 5_001,
    read: readConfigurationState,
  },
  endpointSlices: {
    kind: 'endpointSlices',
    resource: RESOURCES.endpointSlices,
    needed: false,
    ofMetallb: false,
    most: 20_000,
    read: readShare,
  },
};

/** Slices are many, and all of them name the same few nodes. */
const names = new Map<string, string>();
const MOST_NAMES = 10_000;

function interned(name: string): string {
  const known = names.get(name);
  if (known !== undefined) return known;
  if (names.size < MOST_NAMES) names.set(name, name);
  return name;
}

function readShare(object: KubeObject): SliceShare | null {
  const slice = readEndpointSlice(object);
  if (slice === null) return null;
  const nodes = new Set(slice.serving.flatMap((node) => (node === null ? [] : [interned(node)])));
  return { service: slice.service, ready: slice.serving.length, nodes: [...nodes] };
}
