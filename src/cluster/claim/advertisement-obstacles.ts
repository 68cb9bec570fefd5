/** Whether the pool would be announced: by which L2Advertisement, and by which nodes. Pure. */
import { matchesAny } from '../labels.ts';
import type { ClusterFacts } from '../types.ts';
import type { Obstacle } from './obstacles.ts';
import type { ClaimPlan } from './plan.ts';

const IGNORE_EXCLUDE = '--ignore-exclude-lb';
const NAMED = 10;
const some = (names: readonly string[]): string =>
  names.length > NAMED ? `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more` : names.join(', ');

/** Never with an empty list, which would mean all pools. @param pools names of objects: nothing that a shell minds */
const patchCommand = ({ namespace, advertisement }: ClaimPlan['wanted'], pools: readonly string[]): string =>
  `kubectl -n ${namespace} patch l2advertisements.metallb.io ${advertisement} --type=merge -p '${JSON.stringify({ spec: { ipAddressPools: pools } })}'`;

export function advertisementObstacles({ wanted }: ClaimPlan, facts: ClusterFacts): readonly Obstacle[] {
  const { advertisements, pools, nodes, metallb } = facts;
  const obstacles: Obstacle[] = [];
  const known = new Set([...pools.map(({ name }) => name), wanted.pool]);
  const current = advertisements.find(({ name }) => name === wanted.advertisement);
  const missing = (current?.pools ?? []).filter((name) => !known.has(name));
  if (missing.length > 0) {
    const left = [...new Set([...(current?.pools ?? []).filter((name) => known.has(name)), wanted.pool])];
    obstacles.push({
      code: 'advertisement-names-missing-pool',
      text: `The L2Advertisement ${wanted.advertisement} names pools that do not exist: ${some(missing)}. MetalLB ignores these names.`,
      fix:
        left.length > NAMED
          ? `Take them out: kubectl -n ${wanted.namespace} edit l2advertisements.metallb.io ${wanted.advertisement}`
          : `Take them out: ${patchCommand(wanted, left)}`,
      severity: 'warning',
    });
  }
  const selectors =
    wanted.nodeSelectors?.map((matchLabels) => ({ matchLabels, matchExpressions: [] })) ?? current?.nodeSelectors ?? [];
  const selected = nodes.filter(({ labels }) => matchesAny(selectors, labels));
  if (nodes.length > 0 && selected.length === 0) {
    obstacles.push({
      code: 'node-selector-matches-none',
      text: 'The node selectors match no node, so that nobody would announce the pool.',
      fix: `Labels of the nodes: kubectl get nodes --show-labels`,
      severity: 'error',
    });
  }
  const ignores = metallb.speaker?.args.some((arg) => arg === IGNORE_EXCLUDE || arg === `${IGNORE_EXCLUDE}=true`) ?? false;
  if (selected.length > 0 && !ignores && selected.every(({ excluded }) => excluded)) {
    obstacles.push({
      code: 'nodes-excluded',
      text: 'Every node that could announce the pool has the label node.kubernetes.io/exclude-from-external-load-balancers.',
      fix: `Take it off a node (kubectl label node NAME node.kubernetes.io/exclude-from-external-load-balancers-), or run the speakers with ${IGNORE_EXCLUDE}.`,
      severity: 'error',
    });
  }
  return obstacles;
}
