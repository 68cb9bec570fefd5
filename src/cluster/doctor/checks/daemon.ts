/** What the daemon has found already, and whether its guard covers the pools. Pure. */
import { subtract } from '../../../core/address/range-set.ts';
import { daemonCheck, failed, ifKnown, ok, skipped, warning } from '../judge.ts';
import type { Check } from '../types.ts';
import { clauses, count, quoted, rangeList, some } from '../words.ts';

const GROUP = 'This machine and the daemon';

export const openConflicts: Check = daemonCheck(
  {
    name: 'open-conflicts',
    title: 'The guard has no open conflict',
    group: GROUP,
    why: 'A stranger at an address of a pool takes the traffic of a Service, now or as soon as MetalLB gives the address out.',
  },
  ({ conflicts }) =>
    ifKnown(conflicts, ({ open, summaries, blind, notices }) => {
      if (open > 0) {
        return failed(
          `${count(open, 'conflict')} ${open === 1 ? 'is' : 'are'} open: ${clauses(
            summaries.map((one) => quoted(one)),
            3,
          )}.`,
          'freehold conflicts lists them; docs/operations.md says what each kind asks of you.',
        );
      }
      if (blind) {
        return skipped(
          `None is open, but nothing could be heard: ${
            clauses(
              notices.map((one) => quoted(one)),
              2,
            ) || 'the guard is blind'
          }.`,
          'A pool, and a segment in its network that the daemon can watch.',
        );
      }
      if (notices.length > 0) {
        return warning(
          `None is open, but not everything is heard: ${clauses(
            notices.map((one) => quoted(one)),
            2,
          )}.`,
          'See docs/guard.md.',
        );
      }
      return ok('None is open.');
    }),
);

export const guardCoversPools: Check = daemonCheck(
  {
    name: 'guard-covers-pools',
    title: 'The guard watches every pool of the cluster',
    group: GROUP,
    why: 'An address that the daemon does not watch is taken by a stranger without a word.',
  },
  ({ pools: known }, { cluster }) =>
    ifKnown(known, ({ pools, speakers, notices }) => {
      if (cluster.known) {
        const missing = cluster.value.facts.pools.flatMap(({ name, addresses }) => {
          const left = pools.reduce((rest, pool) => subtract(rest, pool.addresses), addresses);
          return left.length === 0 ? [] : [`${name} (${rangeList(left, 3)})`];
        });
        if (missing.length > 0) {
          return warning(
            `The daemon does not know of all of ${some(missing)}.`,
            'Let it read the cluster (metallb.kubeconfig in its configuration), or name the pools under metallb.pools.',
          );
        }
      }
      if (pools.length === 0) return skipped('The daemon knows no pool.', 'A pool, in the cluster or under metallb.pools.');
      const unwatched = pools.filter((pool) => pool.unwatched.length > 0);
      if (unwatched.length > 0) {
        return warning(
          `No segment watches ${some(unwatched.map((pool) => `${rangeList(pool.unwatched, 3)} of ${pool.name}`))}.`,
          'Add a segment for that network; a pool that is announced by BGP cannot be guarded.',
        );
      }
      if (speakers.length === 0) {
        return warning(
          'The daemon knows the MAC of no node, so that every answer of a node looks like a stranger.',
          'Let it read the cluster (metallb.kubeconfig), or name the MACs under metallb.speakers.',
        );
      }
      if (notices.length > 0)
        return warning(
          `The guard says: ${clauses(
            notices.map((one) => quoted(one)),
            2,
          )}.`,
          'See docs/guard.md.',
        );
      return ok(`${count(pools.length, 'pool')} and ${count(speakers.length, 'speaker')} are known to the guard.`);
    }),
  ['cluster'],
);

export const unfinishedClaims: Check = daemonCheck(
  {
    name: 'unfinished-claims',
    title: 'Every claim ended',
    group: GROUP,
    why: 'An apply that was killed, or lost the cluster in the middle, may have left its pool there or not.',
  },
  ({ claims }) =>
    ifKnown(claims, (unfinished) => {
      if (unfinished.length === 0) return ok('No claim is left unfinished.');
      const list = some(
        unfinished.map(({ id, state, pool, startedAt }) => `claim ${id} of ${pool}, ${state}, begun ${startedAt}`),
        3,
      );
      return warning(
        `How it ended is not known: ${list}.`,
        'Unless an apply runs right now: kubectl get ipaddresspools -A shows what is there; freehold claims lists them.',
      );
    }),
);
