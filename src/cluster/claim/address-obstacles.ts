/** Addresses of a claim that are somebody's already, or nobody's to have: pools, Services, nodes, and the edges of the network. Pure. */
import { formatCidr, hasBroadcast, rangeOfCidr } from '../../core/address/cidr.ts';
import { formatIpv4, type Ipv4 } from '../../core/address/ipv4.ts';
import { contains, formatRange, type Ipv4Range } from '../../core/address/range.ts';
import { intersectSets, rangeSet, setContains } from '../../core/address/range-set.ts';
import { loadBalancerClass } from '../doctor/announcing.ts';
import { type ClusterFacts, type LoadBalancerService, serviceKey } from '../types.ts';
import type { LinkNetwork, Obstacle, ObstacleOptions, Surroundings } from './obstacles.ts';
import { type ClaimPlan, heldText, readdressed } from './plan.ts';

const NAMED = 20;

const error = (code: string, text: string, fix: string): Obstacle => ({ code, text, fix, severity: 'error' });
const warning = (code: string, text: string, fix: string): Obstacle => ({ code, text, fix, severity: 'warning' });
const some = (texts: readonly string[]): string =>
  texts.length > NAMED ? `${texts.slice(0, NAMED).join(', ')} and ${texts.length - NAMED} more` : texts.join(', ');

export function addressObstacles(
  plan: ClaimPlan,
  facts: ClusterFacts,
  surroundings: Surroundings,
  options: ObstacleOptions,
): readonly Obstacle[] {
  return [
    ...otherPools(plan, facts),
    ...otherServices(plan, facts),
    ...waiting(plan, facts),
    ...infrastructure(plan, facts, surroundings),
    ...edges(plan, surroundings),
    ...subnet(plan, facts, surroundings, options),
    ...losers(plan, options),
  ];
}

/** MetalLB compares what the ranges amount to as networks; so do sets of addresses. */
function otherPools({ wanted }: ClaimPlan, { pools }: ClusterFacts): readonly Obstacle[] {
  return pools
    .filter(({ name }) => name !== wanted.pool)
    .flatMap((pool) => {
      const common = intersectSets(pool.addresses, rangeSet([wanted.range]));
      if (common.length === 0) return [];
      return error(
        'pool-overlap',
        `${some(common.map(formatRange))} belongs to the pool ${pool.name} (${some(pool.written)}).`,
        `Choose other addresses, or take them out of ${pool.name} first.`,
      );
    });
}

function otherServices({ wanted, kept }: ClaimPlan, { services }: ClusterFacts): readonly Obstacle[] {
  const held = services.flatMap((service) =>
    service.addresses
      .filter((address) => contains(wanted.range, address) && !setContains(kept, address))
      .map((address) => ({ address, service: serviceKey(service) })),
  );
  if (held.length === 0) return [];
  return [
    error(
      'assigned-elsewhere',
      `Services hold addresses of it that are not of this pool: ${some(held.map(heldText))}.`,
      'Choose other addresses, or look who gave these out: another load balancer, or a pool that was deleted.',
    ),
  ];
}

/**
 * Whoever asks MetalLB for one of these addresses gets it as soon as the pool is there: that may be meant, or not. Who asks another load
 * balancer may get it from that one, and then it is given out twice.
 */
function waiting({ wanted }: ClaimPlan, facts: ClusterFacts): readonly Obstacle[] {
  const ours = loadBalancerClass(facts);
  // Whose a class is cannot be told where the controller cannot be seen.
  const isOurs = (service: LoadBalancerService): boolean =>
    facts.metallb.controller === null || service.loadBalancerClass === ours;
  const asking = (mine: boolean): readonly string[] =>
    facts.services
      .filter((service) => isOurs(service) === mine)
      .flatMap((service) =>
        service.requested
          .filter((address) => contains(wanted.range, address) && !service.addresses.includes(address))
          .map((address) => heldText({ address, service: serviceKey(service) })),
      );
  const [here, elsewhere] = [asking(true), asking(false)];
  return [
    ...(here.length === 0
      ? []
      : [
          warning(
            'asked-for',
            `Services wait for addresses of it, and get them as soon as the pool is there: ${some(here)}.`,
            'If that is not meant, change them first.',
          ),
        ]),
    ...(elsewhere.length === 0
      ? []
      : [
          error(
            'asked-for-elsewhere',
            `Services that are not MetalLB's ask for addresses of it: ${some(elsewhere)}. Another load balancer may give them out, and MetalLB would, too.`,
            'Choose other addresses, or change these Services: their loadBalancerIP, their annotation loadBalancerIPs, or their loadBalancerClass.',
          ),
        ]),
  ];
}

function infrastructure({ wanted }: ClaimPlan, { nodes }: ClusterFacts, surroundings: Surroundings): readonly Obstacle[] {
  const within = (address: Ipv4): boolean => contains(wanted.range, address);
  const named = new Map<Ipv4, string>();
  const add = (address: Ipv4, what: string): void => {
    if (within(address) && !named.has(address)) named.set(address, what);
  };
  for (const { name, internalAddresses, externalAddresses } of nodes) {
    for (const address of [...internalAddresses, ...externalAddresses]) add(address, `the node ${name}`);
  }
  for (const address of surroundings.gateways) add(address, 'a gateway');
  for (const address of surroundings.own) add(address, 'this machine, or the one of the daemon');
  const network = networkOf(wanted.range, surroundings.networks);
  // The edges of a part are addresses like others.
  if (network?.isWhole === true && hasBroadcast(network.cidr)) {
    const { first, last } = rangeOfCidr(network.cidr);
    add(first, `the network address of ${formatCidr(network.cidr)}`);
    add(last, `the broadcast address of ${formatCidr(network.cidr)}`);
  }
  if (named.size === 0) return [];
  const list = [...named].map(([address, what]) => `${formatIpv4(address)} (${what})`);
  return [
    error(
      'infrastructure-inside',
      `The range holds addresses that must never be given out: ${some(list)}.`,
      'Choose a range without them: MetalLB would hand them out.',
    ),
  ];
}

/** Where a segment ends its network may end, too. */
function edges({ wanted }: ClaimPlan, { networks }: Surroundings): readonly Obstacle[] {
  const network = networkOf(wanted.range, networks);
  if (network === null || network.isWhole || !hasBroadcast(network.cidr)) return [];
  const { first, last } = rangeOfCidr(network.cidr);
  const inside = [first, last].filter((address) => contains(wanted.range, address));
  if (inside.length === 0) return [];
  return [
    warning(
      'segment-edge',
      `The range reaches the edge of the watched ${formatCidr(network.cidr)} (${inside.map(formatIpv4).join(', ')}). If that is the whole network, it is the network or broadcast address.`,
      'Look at the netmask of the nodes: MetalLB would hand it out.',
    ),
  ];
}

/** The smallest whole network that is known to hold the range; else the largest part of one. */
export function networkOf(range: Ipv4Range, networks: readonly LinkNetwork[]): LinkNetwork | null {
  const holding = networks.filter(({ cidr }) => {
    const all = rangeOfCidr(cidr);
    return contains(all, range.first) && contains(all, range.last);
  });
  const [whole] = holding.filter(({ isWhole }) => isWhole).sort((a, b) => b.cidr.prefixLength - a.cidr.prefixLength);
  return whole ?? holding.sort((a, b) => a.cidr.prefixLength - b.cidr.prefixLength)[0] ?? null;
}

/**
 * The network of the range must be one that nodes have. Kubernetes tells some addresses of a node, not its networks: it may have more, and
 * MetalLB announces on all of its interfaces.
 */
function subnet(
  { wanted }: ClaimPlan,
  { nodes }: ClusterFacts,
  { networks }: Surroundings,
  { allowForeignSubnet = false }: ObstacleOptions,
): readonly Obstacle[] {
  if (nodes.length === 0) return [];
  const network = networkOf(wanted.range, networks);
  if (network === null) {
    return [
      warning(
        'subnet-unknown',
        `Whether nodes are in the network of ${formatRange(wanted.range)} is not known: it lies in no network that is watched here.`,
        'In layer 2 mode a node must have an address in the same network.',
      ),
    ];
  }
  const whole = rangeOfCidr(network.cidr);
  const inside = nodes.filter(({ internalAddresses, externalAddresses }) =>
    [...internalAddresses, ...externalAddresses].some((address) => contains(whole, address)),
  );
  if (inside.length > 0) return [];
  const addresses = some(
    nodes.flatMap(({ name, internalAddresses }) => internalAddresses.map((address) => `${name} ${formatIpv4(address)}`)),
  );
  const cidr = formatCidr(network.cidr);
  if (!network.isWhole) {
    return [
      warning(
        'no-node-in-subnet',
        `Kubernetes knows no address of a node in the watched ${cidr} (${addresses}). How large the network around that is, is not known here.`,
        'In layer 2 mode a node must have an address in the same network, on any of its interfaces.',
      ),
    ];
  }
  const text = `Kubernetes knows no address of a node in ${cidr}, so that none would answer for ${formatRange(wanted.range)}: ${addresses}.`;
  if (allowForeignSubnet) {
    return [warning('no-node-in-subnet', text, 'Allowed by --allow-foreign-subnet: nodes are in it with other interfaces.')];
  }
  return [
    error(
      'no-node-in-subnet',
      text,
      'Choose a range in the network of the nodes; or, where they are in this one with other interfaces, say so: --allow-foreign-subnet.',
    ),
  ];
}

function losers(plan: ClaimPlan, { allowReaddress }: ObstacleOptions): readonly Obstacle[] {
  const lost = readdressed(plan);
  if (lost.length === 0) return [];
  const text = `${lost.length === 1 ? 'A live Service' : `${lost.length} live Services`} would get another address, or none: ${some(lost.map(heldText))}.`;
  if (allowReaddress) return [warning('would-readdress', text, 'Allowed by --allow-readdress.')];
  return [error('would-readdress', text, 'Keep their addresses in the range, or allow it with --allow-readdress.')];
}
