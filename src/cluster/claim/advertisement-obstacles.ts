/** Whether the pool would be announced: by which L2Advertisement, and by which nodes. Pure. */
import { matchesAny } from '../labels.ts';
import type { ClusterFacts } from '../types.ts';
import type { Obstacle } from './obstacles.ts';
import type { ClaimPlan } from './plan.ts';

const IGNORE_EXCLUDE = '--ignore-exclude-lb';

export function advertisementObstacles({ wanted }: ClaimPlan, facts: ClusterFacts): readonly Obstacle[] {
  const { advertisements, pools, nodes, metallb } = facts;
  const obstacles: Obstacle[] = [];
  const known = new Set([...pools.map(({ name }) => name), wanted.pool]);
  const current = advertisements.find(({ name }) => name === wanted.advertisement);
  const missing = (current?.pools ?? []).filter((name) => !known.has(name));
  if (missing.length > 0) {
    obstacles.push({
      code: 'advertisement-names-missing-pool',
      text: `The L2Advertisement ${wanted.advertisement} names pools that do not exist: ${missing.join(', ')}. MetalLB ignores them without a word.`,
      fix: 'Mend the names, or choose another --advertisement.',
      severity: 'error',
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
