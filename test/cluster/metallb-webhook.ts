/**
 * What MetalLB's webhooks say of pools and advertisements, word for word (internal/k8s/webhooks, internal/config). What MetalLB lets
 * pass, node addresses, gateways, whole internets, passes here too. The webhooks of the BGP kinds only look at the namespace.
 */
import { formatNetwork, type Network, overlap, parsePart } from './addresses.ts';
import { isObject, type KubeJson, listAt, nameOf, namespaceOf, objectAt, same, textAt, textMapAt, textsAt } from './json.ts';
import type { Resource } from './resources.ts';

export const METALLB_NAMESPACE = 'metallb-system';

/** @param existing all of its kind in MetalLB's namespace. @returns null: admitted */
export function whyDenied(
  { kind }: Resource,
  operation: 'CREATE' | 'UPDATE',
  object: KubeJson,
  existing: readonly KubeJson[],
): string | null {
  if (operation === 'CREATE' && namespaceOf(object) !== METALLB_NAMESPACE) {
    return `resource must be created in ${METALLB_NAMESPACE} namespace`;
  }
  const isThere = existing.some((one) => nameOf(one) === nameOf(object));
  const all = isThere ? existing.map((one) => (nameOf(one) === nameOf(object) ? object : one)) : [...existing, object];
  if (kind === 'IPAddressPool') return whyPoolsWrong(all);
  if (kind === 'L2Advertisement') return whyAdvertisementsWrong(all);
  return null;
}

/** The addresses of a pool. @returns a text where MetalLB cannot read them */
export function networksOf(pool: KubeJson): readonly Network[] | string {
  const parts = textsAt(pool, 'spec', 'addresses');
  if (parts.length === 0) return 'pool has no prefixes defined';
  const networks: Network[] = [];
  for (const part of parts) {
    const parsed = parsePart(part);
    if (typeof parsed === 'string') return `invalid CIDR ${JSON.stringify(part)} in pool "${nameOf(pool)}": ${parsed}`;
    networks.push(...parsed);
  }
  return networks;
}

/** The whole configuration of pools, as controller and speakers check it too. */
export function whyPoolsWrong(pools: readonly KubeJson[]): string | null {
  const taken: Network[] = [];
  for (const pool of pools) {
    const networks = networksOf(pool);
    const why = typeof networks === 'string' ? networks : whyAllocationWrong(pool);
    if (typeof networks === 'string' || why !== null) return `parsing address pool ${nameOf(pool)}: ${why}`;
    for (const network of networks) {
      const other = taken.find((one) => overlap(one, network));
      if (other !== undefined) {
        const [mine, theirs] = [formatNetwork(network), formatNetwork(other)];
        return `CIDR "${mine}" in pool "${nameOf(pool)}" overlaps with already defined CIDR "${theirs}"`;
      }
      taken.push(network);
    }
  }
  return null;
}

function whyAllocationWrong(pool: KubeJson): string | null {
  const allocation = objectAt(pool, 'spec', 'serviceAllocation');
  const namespaces = textsAt(allocation, 'namespaces');
  if (new Set(namespaces).size < namespaces.length) return 'duplicate definition in namespaces field';
  return (
    duplicateSelector(listAt(allocation, 'namespaceSelectors'), 'namespaceSelectors') ??
    duplicateSelector(listAt(allocation, 'serviceSelectors'), 'serviceSelectors')
  );
}

export function whyAdvertisementsWrong(advertisements: readonly KubeJson[]): string | null {
  for (const one of advertisements) {
    const why =
      duplicateText(textsAt(one, 'spec', 'ipAddressPools'), 'ipAddressPools') ??
      duplicateSelector(listAt(one, 'spec', 'ipAddressPoolSelectors'), 'ipAddressPoolSelectors') ??
      duplicateSelector(listAt(one, 'spec', 'nodeSelectors'), 'nodeSelectors') ??
      duplicateSelector(listAt(one, 'spec', 'serviceSelectors'), 'serviceSelectors');
    if (why !== null) return why;
  }
  return null;
}

const duplicateText = (texts: readonly string[], what: string): string | null => {
  const twice = texts.find((text, index) => texts.indexOf(text, index + 1) !== -1);
  return twice === undefined ? null : `duplicate definition of ${what} "${twice}"`;
};

function duplicateSelector(selectors: readonly unknown[], what: string): string | null {
  const sorted = selectors.map(withSortedValues);
  for (const [index, selector] of sorted.entries()) {
    for (const expression of listAt(selector, 'matchExpressions')) {
      const why = duplicateText(textsAt(expression, 'values'), 'match expression value in label selector');
      if (why !== null) return why;
    }
    const expressions = listAt(selector, 'matchExpressions');
    const twice = expressions.find((one, at) => expressions.slice(at + 1).some((other) => same(one, other)));
    if (twice !== undefined) return `duplicate definition of match expressions "${goExpression(twice)}"`;
    if (sorted.slice(index + 1).some((other) => same(other, selector)))
      return `duplicate definition of ${what} ${goSelector(selector)}`;
  }
  return null;
}

const withSortedValues = (selector: unknown): unknown => {
  const expressions = listAt(selector, 'matchExpressions').map((one) =>
    isObject(one) && one['values'] !== undefined ? { ...one, values: [...textsAt(one, 'values')].sort() } : one,
  );
  return { matchLabels: textMapAt(selector, 'matchLabels'), matchExpressions: expressions };
};

/** Go's `%q` of the struct. */
function goSelector(selector: unknown): string {
  const labels = Object.entries(textMapAt(selector, 'matchLabels')).sort(([a], [b]) => (a < b ? -1 : 1));
  const map = labels.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(' ');
  return `{map[${map}] [${listAt(selector, 'matchExpressions').map(goExpression).join(' ')}]}`;
}

const goExpression = (one: unknown): string => {
  const values = textsAt(one, 'values').map((value) => JSON.stringify(value));
  return `{${JSON.stringify(textAt(one, 'key') ?? '')} ${JSON.stringify(textAt(one, 'operator') ?? '')} [${values.join(' ')}]}`;
};
