/**
 * What was listed or watched of a cluster, kind by kind, put together. An object that says nothing that is meant here is left out.
 */
import type { KubeObject } from '../kube/objects.ts';
import type { ClusterSnapshot } from '../types.ts';
import { readAdvertisement, readConfigurationState, readLayer2Status, readPool } from './metallb.ts';
import { readNode } from './nodes.ts';
import { readEndpointSlice, readService, type ServingEndpoints, servingByService } from './services.ts';

/** The kinds that make a snapshot; by their names in RESOURCES. */
export const WATCHED = [
  'pools',
  'advertisements',
  'services',
  'nodes',
  'layer2Statuses',
  'configurationStates',
  'endpointSlices',
] as const;
export type WatchedKind = (typeof WATCHED)[number];

/** Absent: could not be read, or no such kind. */
export type RawSnapshot = Readonly<Partial<Record<WatchedKind, Iterable<KubeObject>>>>;

/** @param namespace MetalLB's: pools and advertisements elsewhere mean nothing to it */
export function snapshotOf(raw: RawSnapshot, namespace: string): ClusterSnapshot {
  const serving =
    raw.endpointSlices === undefined ? null : servingByService(compact([...raw.endpointSlices].map(readEndpointSlice)));
  const services = [...(raw.services ?? [])].flatMap((object) => {
    const key = `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
    return readService(object, serving === null ? null : (serving.get(key) ?? NOBODY)) ?? [];
  });
  const own = (objects: Iterable<KubeObject> | undefined): readonly KubeObject[] =>
    [...(objects ?? [])].filter(({ metadata }) => metadata.namespace === namespace);
  return {
    pools: own(raw.pools).map(readPool).sort(byName),
    advertisements: own(raw.advertisements).map(readAdvertisement).sort(byName),
    services: services.sort((a, b) => compare(a.namespace, b.namespace) || byName(a, b)),
    nodes: [...(raw.nodes ?? [])].map(readNode).sort(byName),
    layer2Statuses: compact([...(raw.layer2Statuses ?? [])].map(readLayer2Status)),
    configurationStates: own(raw.configurationStates).map(readConfigurationState).sort(byName),
  };
}

const NOBODY: ServingEndpoints = { ready: 0, nodes: [] };

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byName = (a: { readonly name: string }, b: { readonly name: string }): number => compare(a.name, b.name);
const compact = <T>(values: readonly (T | null)[]): readonly T[] => values.filter((value): value is T => value !== null);
