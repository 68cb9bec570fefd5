/**
 * Which address a Service of type LoadBalancer gets, as MetalLB's controller decides (internal/allocator, controller/service.go): the
 * first one that is free. One family each; pools of equal priority by name, where the real one takes any.
 */
import { containsAddress, formatAddress, isBuggy, type Network, parseAddress, sizeOf } from './addresses.ts';
import {
  at,
  type JsonObject,
  type KubeJson,
  keyOf,
  listAt,
  nameOf,
  namespaceOf,
  numberAt,
  objectAt,
  textAt,
  textsAt,
} from './json.ts';
import { networksOf } from './metallb-webhook.ts';
import { selects } from './selectors.ts';

export interface Pool {
  readonly object: KubeJson;
  readonly name: string;
  readonly networks: readonly Network[];
  readonly autoAssign: boolean;
  readonly avoidBuggy: boolean;
}

/** @param objects a configuration that MetalLB takes */
export const poolsOf = (objects: readonly KubeJson[]): readonly Pool[] =>
  objects.map((object) => {
    const networks = networksOf(object);
    return {
      object,
      name: nameOf(object),
      networks: typeof networks === 'string' ? [] : networks,
      autoAssign: at(object, 'spec', 'autoAssign') !== false,
      avoidBuggy: at(object, 'spec', 'avoidBuggyIPs') === true,
    };
  });

export const addressesOf = (service: KubeJson): readonly string[] =>
  listAt(service, 'status', 'loadBalancer', 'ingress').flatMap((one) => textAt(one, 'ip') ?? []);

export const isBalanced = (service: KubeJson): boolean =>
  textAt(service, 'spec', 'type') === 'LoadBalancer' && textAt(service, 'spec', 'loadBalancerClass') === undefined;

export function poolWith(pools: readonly Pool[], address: string): Pool | undefined {
  const parsed = parseAddress(address);
  if (parsed === null) return undefined;
  const { v6, value } = parsed;
  return pools.find(
    ({ networks, avoidBuggy }) => !(avoidBuggy && isBuggy(v6, value)) && networks.some((one) => containsAddress(one, v6, value)),
  );
}

/** The annotation of today, or of before 0.13. */
export const annotation = (service: KubeJson, name: string): string | undefined =>
  service.metadata.annotations?.[`metallb.io/${name}`] ?? service.metadata.annotations?.[`metallb.universe.tf/${name}`];

/** What it asks for by address. @returns a text where that cannot be read */
export function requestedBy(service: KubeJson): readonly string[] | string {
  const listed = annotation(service, 'loadBalancerIPs') ?? '';
  const field = textAt(service, 'spec', 'loadBalancerIP') ?? '';
  if (listed !== '' && field !== '') return 'service can not have both metallb.io/loadBalancerIPs and svc.Spec.LoadBalancerIP';
  if (field !== '') return parseAddress(field) === null ? `invalid spec.loadBalancerIP "${field}"` : [field];
  const addresses = listed === '' ? [] : listed.split(',').map((one) => one.trim());
  return addresses.every((one) => parseAddress(one) !== null) ? addresses : `invalid metallb.io/loadBalancerIPs: "${listed}"`;
}

interface Port {
  readonly service: string;
  readonly sharing: string;
  readonly backend: string;
  readonly port: string;
}

/** Addresses that are given out, and to whom. */
export class Allocations {
  readonly #ports = new Map<string, Port[]>();

  take(service: KubeJson, address: string): void {
    this.#ports.set(address, [...(this.#ports.get(address) ?? []), ...portsOf(service)]);
  }

  inUse(pool: Pool, v6: boolean): number {
    return [...this.#ports.keys()].filter((address) => poolWith([pool], address) !== undefined && address.includes(':') === v6)
      .length;
  }

  /** Why a Service cannot have an address; null where it can. */
  whyNot(service: KubeJson, address: string): string | null {
    const mine = portsOf(service);
    for (const other of this.#ports.get(address) ?? []) {
      const [first] = mine;
      if (other.service === keyOf(service) || first === undefined) continue;
      const shares = other.sharing !== '' && other.sharing === first.sharing && other.backend === first.backend;
      if (!shares) return `can't change sharing key for "${keyOf(service)}", address also in use by ${other.service}`;
      const taken = mine.find(({ port }) => port === other.port);
      if (taken !== undefined) return `port ${taken.port} is already in use on "${address}"`;
    }
    return null;
  }

  /** The first free address of a pool. */
  firstIn(pool: Pool, service: KubeJson, v6: boolean): string | null {
    for (const network of pool.networks) {
      if (network.v6 !== v6) continue;
      const end = network.first + sizeOf(network);
      for (let value = network.first; value < end; value++) {
        if (pool.avoidBuggy && isBuggy(v6, value)) continue;
        const address = formatAddress(v6, value);
        if (this.whyNot(service, address) === null) return address;
      }
    }
    return null;
  }
}

const portsOf = (service: KubeJson): readonly Port[] =>
  listAt(service, 'spec', 'ports').map((port) => ({
    service: keyOf(service),
    sharing: annotation(service, 'allow-shared-ip') ?? '',
    backend:
      textAt(service, 'spec', 'externalTrafficPolicy') === 'Local' ? JSON.stringify(at(service, 'spec', 'selector') ?? {}) : '',
    port: `${textAt(port, 'protocol') ?? 'TCP'}/${numberAt(port, 'port') ?? 0}`,
  }));

/** A new address for a Service. @returns an Error with MetalLB's words where there is none */
export function allocate(
  pools: readonly Pool[],
  namespaces: readonly KubeJson[],
  service: KubeJson,
  taken: Allocations,
): string | Error {
  const wanted = requestedBy(service);
  if (typeof wanted === 'string') return new Error(wanted);
  const wantedPool = annotation(service, 'address-pool');
  const [address] = wanted;
  if (address !== undefined) {
    const pool = poolWith(pools, address);
    if (pool === undefined) return new Error(`["${address}"] is not allowed in config`);
    if (wantedPool !== undefined && wantedPool !== pool.name) {
      return new Error(`requested loadBalancer IP(s) ["${address}"] is not compatible with requested address pool ${wantedPool}`);
    }
    const why = taken.whyNot(service, address);
    return why === null ? address : new Error(why);
  }
  const v6 = textAt(service, 'spec', 'ipFamilies', 0) === 'IPv6';
  if (wantedPool !== undefined) {
    const pool = pools.find(({ name }) => name === wantedPool);
    if (pool === undefined) return new Error(`unknown pool "${wantedPool}"`);
    return taken.firstIn(pool, service, v6) ?? new Error(`no available IPs in pool "${wantedPool}"`);
  }
  for (const pool of choiceFor(pools, namespaces, service)) {
    const found = taken.firstIn(pool, service, v6);
    if (found !== null) return found;
  }
  return new Error('no available IPs');
}

/** Pools that are pinned to it first, those of the highest priority (the lowest number, 0 last) before others. */
function choiceFor(pools: readonly Pool[], namespaces: readonly KubeJson[], service: KubeJson): readonly Pool[] {
  const allocationOf = ({ object }: Pool): JsonObject | undefined =>
    at(object, 'spec', 'serviceAllocation') as JsonObject | undefined;
  const rank = (pool: Pool): number => numberAt(allocationOf(pool), 'priority') || Number.POSITIVE_INFINITY;
  const usable = pools.filter(({ autoAssign }) => autoAssign);
  const pinned = usable.filter((pool) => {
    const allocation = allocationOf(pool);
    return allocation !== undefined && isPinnedTo(allocation, namespaces, service);
  });
  return [
    ...pinned.sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b))),
    ...usable.filter((pool) => allocationOf(pool) === undefined),
  ];
}

function isPinnedTo(allocation: JsonObject, namespaces: readonly KubeJson[], service: KubeJson): boolean {
  const names = textsAt(allocation, 'namespaces');
  const byNamespace = listAt(allocation, 'namespaceSelectors');
  const byService = listAt(allocation, 'serviceSelectors');
  const own = namespaces.find((one) => nameOf(one) === namespaceOf(service))?.metadata.labels ?? {};
  const fits = (selectors: readonly unknown[], labels: Readonly<Record<string, string>>): boolean =>
    selectors.some((one) => selects(objectAt({ one }, 'one'), labels));
  const isNamed = names.includes(namespaceOf(service)) || fits(byNamespace, own);
  const isOpen = names.length === 0 && byNamespace.length === 0;
  return (isOpen || isNamed) && (byService.length === 0 || fits(byService, service.metadata.labels ?? {}));
}

/** Addresses that a pool can give, less those of one family that are given. */
export function countersOf(pool: Pool, taken: Allocations): JsonObject {
  const capacity = (v6: boolean): bigint =>
    pool.networks
      .filter((one) => one.v6 === v6)
      .reduce((all, one) => all + sizeOf(one) - (pool.avoidBuggy ? buggyIn(one) : 0n), 0n);
  const [assignedIPv4, assignedIPv6] = [taken.inUse(pool, false), taken.inUse(pool, true)];
  const available = (v6: boolean, used: number): number => Number(capacity(v6) > MOST ? MOST : capacity(v6)) - used;
  return {
    assignedIPv4,
    assignedIPv6,
    availableIPv4: available(false, assignedIPv4),
    availableIPv6: available(true, assignedIPv6),
  };
}

/** What the real counter stops at is beyond the integers of JSON. */
const MOST = BigInt(Number.MAX_SAFE_INTEGER);

/** Two in each whole /24, and those at the edges of what is smaller. */
function buggyIn(network: Network): bigint {
  if (network.v6) return 0n;
  if (network.prefix <= 24) return 2n << BigInt(24 - network.prefix);
  const last = network.first + sizeOf(network) - 1n;
  const edges = new Set([network.first, last]);
  return BigInt([...edges].filter((value) => isBuggy(false, value)).length);
}
