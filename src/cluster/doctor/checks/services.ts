/** What Services ask for, and whether they got it. Pure. */
import { formatIpv4 } from '../../../core/address/ipv4.ts';
import { setContains } from '../../../core/address/range-set.ts';
import { serviceKey } from '../../types.ts';
import { loadBalancerClass } from '../announcing.ts';
import { clusterCheck, failed, ok, warning } from '../judge.ts';
import type { Check } from '../types.ts';
import { all, are, capital, clauses, count, quoted, some } from '../words.ts';

const GROUP = 'Services';

export const pendingServices: Check = clusterCheck(
  {
    name: 'pending-services',
    title: 'Every Service of type LoadBalancer has an address',
    group: GROUP,
    why: 'Without one it cannot be reached from outside of the cluster.',
    reads: ['services'],
  },
  ({ facts, details }) => {
    const wanted = loadBalancerClass(facts);
    const pending = facts.services.filter(({ addresses }) => addresses.length === 0);
    const ours = pending.filter((service) => service.loadBalancerClass === wanted);
    const others = pending.length - ours.length;
    if (ours.length > 0) {
      const list = ours.map((service) => {
        const event = details.lastEvents.get(serviceKey(service));
        return event === undefined ? serviceKey(service) : `${serviceKey(service)} (${quoted(event)})`;
      });
      const [first] = ours;
      return failed(
        `${count(ours.length, 'Service')} ${ours.length === 1 ? 'has' : 'have'} none: ${clauses(list)}.`,
        `Its events say why: kubectl -n ${first?.namespace ?? 'NAMESPACE'} describe service ${first?.name ?? 'NAME'}. Mostly: no pool, none left, one of another namespace, or MetalLB not running.`,
      );
    }
    const aside =
      others === 0 ? '' : ` ${count(others, 'Service')} of another loadBalancerClass ${others === 1 ? 'has' : 'have'} none.`;
    const held = facts.services.length - pending.length;
    return ok(
      held === 0
        ? `There is none that waits.${aside}`
        : `${capital(all(held, 'Service'))} ${held === 1 ? 'has' : 'have'} one.${aside}`,
    );
  },
);

export const requestedOutsidePools: Check = clusterCheck(
  {
    name: 'requested-outside-pools',
    title: 'Services ask for addresses and pools that there are',
    group: GROUP,
    why: 'MetalLB gives an address that was asked for, or none; one that no pool has it never gives.',
    reads: ['services', 'pools'],
    needsMetallb: true,
  },
  ({ facts, details }) => {
    const wanted = loadBalancerClass(facts);
    const ours = facts.services.filter((service) => service.loadBalancerClass === wanted);
    const keys = new Set(ours.map(serviceKey));
    const addresses = ours.flatMap((service) =>
      service.requested
        .filter((address) => !facts.pools.some((pool) => setContains(pool.addresses, address)))
        .map((address) => `${serviceKey(service)} asks for ${formatIpv4(address)}, which no pool has`),
    );
    const pools = details.wantedPools
      .filter(({ service, pool }) => keys.has(service) && !facts.pools.some(({ name }) => name === pool))
      .map(({ service, pool }) => `${service} asks for the pool ${pool}, which is not there`);
    const outside = details.wantedPools.flatMap(({ service: key, pool: name }) => {
      const pool = facts.pools.find((one) => one.name === name);
      const service = ours.find((one) => serviceKey(one) === key);
      const stray =
        pool === undefined
          ? []
          : (service?.requested ?? []).filter(
              (address) =>
                !setContains(pool.addresses, address) && facts.pools.some((other) => setContains(other.addresses, address)),
            );
      return stray.map((address) => `${key} asks for ${formatIpv4(address)} of the pool ${name}, which does not have it`);
    });
    const found = [...addresses, ...pools, ...outside];
    if (found.length > 0) {
      return failed(
        `${clauses(found)}.`,
        'Change the request (spec.loadBalancerIP, metallb.io/loadBalancerIPs, metallb.io/address-pool), or put the address into a pool after it is proven free: freehold apply --range ADDRESS',
      );
    }
    const asking = ours.filter(({ requested }) => requested.length > 0).length;
    return ok(
      asking === 0
        ? 'No Service asks for an address of its own.'
        : `${count(asking, 'Service')} ${asking === 1 ? 'asks' : 'ask'} for an address, each in a pool.`,
    );
  },
);

export const deprecatedAnnotation: Check = clusterCheck(
  {
    name: 'deprecated-annotation',
    title: 'Annotations have the prefix that MetalLB keeps',
    group: GROUP,
    why: 'metallb.universe.tf/ is still honoured, and will be dropped some day: then the Service gets another address.',
    reads: ['services'],
  },
  ({ details: { deprecated } }) => {
    if (deprecated.length === 0) return ok('None has the prefix metallb.universe.tf/.');
    const services = new Set(deprecated.map(({ service }) => service));
    const list = some(
      deprecated.map(({ service, annotation }) => `${service}: ${annotation}`),
      3,
    );
    return warning(
      `${count(services.size, 'Service')} ${are(services.size)} annotated with it: ${list}.`,
      'Write metallb.io/ instead, in what makes the Service (chart, manifest): same names, same values.',
    );
  },
);
