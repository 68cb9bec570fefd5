/**
 * What in the cluster speaks against a claim, all of it at once. MetalLB itself refuses only overlaps; node addresses, gateways and the
 * edges of a network it hands out. Pure: facts in, sentences out.
 */
import type { Cidr } from '../../core/address/cidr.ts';
import type { Ipv4 } from '../../core/address/ipv4.ts';
import { printable } from '../../core/text.ts';
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

/** A network on the link. */
export interface LinkNetwork {
  readonly cidr: Cidr;
  /** This is all of it; false: it may be a part of a larger one, as a segment may be. */
  readonly isWhole: boolean;
}

/** What is known of the network that the range lies in, from the daemon or this machine. */
export interface Surroundings {
  /** Empty: none is known. */
  readonly networks: readonly LinkNetwork[];
  readonly gateways: readonly Ipv4[];
  /** Of the machine that this runs on, or of the daemon's. */
  readonly own: readonly Ipv4[];
}

export interface ObstacleOptions {
  /** Services may lose their addresses. */
  readonly allowReaddress: boolean;
  /** The nodes may have addresses in the network of the range that Kubernetes does not know. */
  readonly allowForeignSubnet?: boolean;
}

/** Much of what is said is text from the cluster. */
const LONGEST = 1500;

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
  ].map((one) => ({ ...one, text: printable(one.text, LONGEST), fix: printable(one.fix, LONGEST) }));
}

export const refusing = (obstacles: readonly Obstacle[]): readonly Obstacle[] =>
  obstacles.filter(({ severity }) => severity === 'error');
