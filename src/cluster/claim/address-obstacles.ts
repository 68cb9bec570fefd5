/** Addresses of a claim that are somebody's already, or nobody's to have: pools, Services, nodes, and the edges of the network. Pure. */
import { type Cidr, formatCidr, hasBroadcast, rangeOfCidr } from '../../core/address/cidr.ts';
import { formatIpv4, type Ipv4 } from '../../core/address/ipv4.ts';
import { contains, formatRange, type Ipv4Range } from '../../core/address/range.ts';
import { intersectSets, rangeSet, setContains } from '../../core/address/range-set.ts';
import { type ClusterFacts, serviceKey } from '../types.ts';
import type { Obstacle, ObstacleOptions, Surroundings } from './obstacles.ts';
import { type ClaimPlan, heldText, readdressed } from './plan.ts';

const NAMED = 20;

const error = (code: string, text: string, fix: string): Obstacle => ({ code, text, fix, severity: 'error' });
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
    ...subnet(plan, facts, surroundings),
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

/** Whoever asks for one of these addresses gets it as soon as the pool is there: that may be meant, or not. */
function waiting({ wanted }: ClaimPlan, { services }: ClusterFacts): readonly Obstacle[] {
  const asking = services.flatMap((service) =>
    service.requested
      .filter((address) => contains(wanted.range, address) && !service.addresses.includes(address))
      .map((address) => heldText({ address, service: serviceKey(service) })),
  );
  if (asking.length === 0) return [];
  return [
    {
      code: 'asked-for',
      text: `Services wait for addresses of it, and get them as soon as the pool is there: ${some(asking)}.`,
      fix: 'If that is not meant, change them first.',
      severity: 'warning',
    },
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
  if (network !== null && hasBroadcast(network)) {
    const { first, last } = rangeOfCidr(network);
    add(first, `the network address of ${formatCidr(network)}`);
    add(last, `the broadcast address of ${formatCidr(network)}`);
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

/** The smallest network that is known to hold the range. */
export function networkOf(range: Ipv4Range, networks: readonly Cidr[]): Cidr | null {
  const holding = networks.filter((network) => {
    const whole = rangeOfCidr(network);
    return contains(whole, range.first) && contains(whole, range.last);
  });
  return holding.sort((a, b) => b.prefixLength - a.prefixLength)[0] ?? null;
}

/** Kubernetes does not tell the networks of nodes: that of the range must hold one of them. */
function subnet({ wanted }: ClaimPlan, { nodes }: ClusterFacts, { networks }: Surroundings): readonly Obstacle[] {
  if (nodes.length === 0) return [];
  const network = networkOf(wanted.range, networks);
  if (network === null) {
    return [
      {
        code: 'subnet-unknown',
        text: `Whether nodes are in the network of ${formatRange(wanted.range)} is not known: it lies in no network that is watched here.`,
        fix: 'In layer 2 mode a node must have an address in the same network.',
        severity: 'warning',
      },
    ];
  }
  const whole = rangeOfCidr(network);
  const inside = nodes.filter(({ internalAddresses, externalAddresses }) =>
    [...internalAddresses, ...externalAddresses].some((address) => contains(whole, address)),
  );
  if (inside.length > 0) return [];
  const addresses = nodes.flatMap(({ name, internalAddresses }) =>
    internalAddresses.map((address) => `${name} ${formatIpv4(address)}`),
  );
  return [
    error(
      'no-node-in-subnet',
      `No node has an address in ${formatCidr(network)}, so that none can answer for ${formatRange(wanted.range)}: ${some(addresses)}.`,
      'Choose a range in the network of the nodes.',
    ),
  ];
}

function losers(plan: ClaimPlan, { allowReaddress }: ObstacleOptions): readonly Obstacle[] {
  const lost = readdressed(plan);
  if (lost.length === 0) return [];
  const text = `${lost.length === 1 ? 'A live Service' : `${lost.length} live Services`} would get another address, or none: ${some(lost.map(heldText))}.`;
  if (allowReaddress) return [{ code: 'would-readdress', text, fix: 'Allowed by --allow-readdress.', severity: 'warning' }];
  return [error('would-readdress', text, 'Keep their addresses in the range, or allow it with --allow-readdress.')];
}
