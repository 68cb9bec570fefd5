/**
 * Who announces which Service, as MetalLB's speakers decide (speaker/layer2_controller.go): no lease, each sorts the nodes that may by a
 * hash of node and address, and the first one does.
 */
import { createHash } from 'node:crypto';
import { at, type KubeJson, listAt, nameOf, textAt, textsAt } from './json.ts';
import type { Pool } from './metallb-allocator.ts';
import { selectsAny } from './selectors.ts';

export interface Field {
  /** Nodes with a speaker that is ready. */
  readonly speakers: readonly KubeJson[];
  readonly advertisements: readonly KubeJson[];
  /** The speakers run with --ignore-exclude-lb. */
  readonly ignoreExcludeLabel: boolean;
}

const EXCLUDE_LABEL = 'node.kubernetes.io/exclude-from-external-load-balancers';

/** The node that announces; null where nobody does. */
export function announcerOf(
  service: KubeJson,
  address: string,
  pool: Pool,
  slices: readonly KubeJson[],
  field: Field,
): string | null {
  const serving = slices.flatMap((slice) => listAt(slice, 'endpoints')).filter(serves);
  if (serving.length === 0) return null;
  const advertisements = field.advertisements.filter((one) => isAbout(one, pool) && isFor(one, service));
  const local = textAt(service, 'spec', 'externalTrafficPolicy') === 'Local';
  const eligible = field.speakers.filter((node) => {
    const labels = node.metadata.labels ?? {};
    if (isNetworkUnavailable(node) || (!field.ignoreExcludeLabel && EXCLUDE_LABEL in labels)) return false;
    if (!advertisements.some((one) => selectsAny(listAt(one, 'spec', 'nodeSelectors'), labels))) return false;
    return !local || serving.some((one) => textAt(one, 'nodeName') === nameOf(node));
  });
  const hash = (node: string): string => createHash('sha256').update(`${node}#${address}`).digest('hex');
  const [first] = eligible.map(nameOf).sort((a, b) => (hash(a) < hash(b) ? -1 : 1));
  return first ?? null;
}

const serves = (endpoint: unknown): boolean =>
  at(endpoint, 'conditions', 'serving') === true || (at(endpoint, 'conditions', 'ready') ?? true) === true;

const isNetworkUnavailable = (node: KubeJson): boolean =>
  listAt(node, 'status', 'conditions').some(
    (one) => textAt(one, 'type') === 'NetworkUnavailable' && textAt(one, 'status') === 'True',
  );

function isAbout(advertisement: KubeJson, { name, object }: Pool): boolean {
  const names = textsAt(advertisement, 'spec', 'ipAddressPools');
  const selectors = listAt(advertisement, 'spec', 'ipAddressPoolSelectors');
  if (names.length === 0 && selectors.length === 0) return true;
  return names.includes(name) || (selectors.length > 0 && selectsAny(selectors, object.metadata.labels ?? {}));
}

const isFor = (advertisement: KubeJson, service: KubeJson): boolean =>
  selectsAny(listAt(advertisement, 'spec', 'serviceSelectors'), service.metadata.labels ?? {});

/** Where it is announced: of all advertisements that fit; empty for all interfaces. */
export function interfacesOf(pool: Pool, node: KubeJson, advertisements: readonly KubeJson[]): readonly string[] {
  const fitting = advertisements.filter(
    (one) => isAbout(one, pool) && selectsAny(listAt(one, 'spec', 'nodeSelectors'), node.metadata.labels ?? {}),
  );
  const lists = fitting.map((one) => textsAt(one, 'spec', 'interfaces'));
  return lists.some((list) => list.length === 0) ? [] : [...new Set(lists.flat())];
}
