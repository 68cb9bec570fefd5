/**
 * What in the cluster speaks against a claim, all of it at once. MetalLB itself refuses only overlaps; node addresses, gateways and the
 * edges of a network it hands out. Pure: facts in, sentences out.
 */
import type { Cidr } from '../../core/address/cidr.ts';
import type { Ipv4 } from '../../core/address/ipv4.ts';
import type { ClusterFacts } from '../types.ts';
import { addressObstacles } from './address-obstacles.ts';
import { advertisementObstacles } from './advertisement-obstacles.ts';
import { installObstacles } from './install-obstacles.ts';
import type { ClaimPlan } from './plan.ts';

export interface Obstacle {
  /** Stable, kebab-case. */
  readonly code: string;
  readonly text: string;
  /** The next step. */
  readonly fix: string;
  /** A warning is shown, and does not stop the claim. */
  readonly severity: 'error' | 'warning';
  /** It may be gone in a moment: MetalLB is starting, say. */
  readonly mayPass?: boolean;
}

/** What is known of the network that the range lies in, from the daemon or this machine. */
export interface Surroundings {
  /** Networks on the link, the smallest that is known for each; empty: none is known. */
  readonly networks: readonly Cidr[];
  readonly gateways: readonly Ipv4[];
  /** Of the machine that this runs on, or of the daemon's. */
  readonly own: readonly Ipv4[];
}

export interface ObstacleOptions {
  /** Services may lose their addresses. */
  readonly allowReaddress: boolean;
}

export function obstaclesTo(
  plan: ClaimPlan,
  facts: ClusterFacts,
  surroundings: Surroundings,
  options: ObstacleOptions,
): readonly Obstacle[] {
  return [
    ...installObstacles(facts),
    ...addressObstacles(plan, facts, surroundings, options),
    ...advertisementObstacles(plan, facts),
  ];
}

export const refusing = (obstacles: readonly Obstacle[]): readonly Obstacle[] =>
  obstacles.filter(({ severity }) => severity === 'error');
