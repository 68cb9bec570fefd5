/**
 * Compares who is elected to announce an address with who MetalLB says does, and since when the two differ: in a failover they do for a
 * moment. Tells the stale status that MetalLB up to 0.15.3 leaves behind (it cannot change the node in it) by who answers on the wire.
 * Plain values; every moment is passed in, in epoch ms.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Assignment } from './cluster-view.ts';

/** As long as a failover may take to be seen by everybody. */
export const DIFFER_GRACE_MS = 15_000;

export interface Difference {
  readonly address: Ipv4;
  readonly service: string;
  /** Elected; null: nobody should. */
  readonly elected: string | null;
  readonly reported: readonly string[];
  readonly sinceMs: number;
}

export type Differences = ReadonlyMap<string, Difference>;

export const NO_DIFFERENCES: Differences = new Map();

/** An assignment without a report says nothing: MetalLB may not write any. */
function differs({ node, reportedNodes = [] }: Assignment): boolean {
  const [first, ...others] = reportedNodes;
  return first !== undefined && (others.length > 0 || first !== node);
}

/** Who differed before, in the same way, has done so since then. */
export function compareAnnouncers(assignments: readonly Assignment[] | null, before: Differences, nowMs: number): Differences {
  const found = new Map<string, Difference>();
  for (const assignment of assignments ?? []) {
    if (!differs(assignment)) continue;
    const { address, service, node: elected, reportedNodes: reported = [] } = assignment;
    const key = `${service} ${address}`;
    const known = before.get(key);
    const same = known !== undefined && known.elected === elected && known.reported.join() === reported.join();
    found.set(key, { address, service, elected, reported, sinceMs: same ? known.sinceMs : nowMs });
  }
  return found;
}

export const lasting = (differences: Differences, nowMs: number): readonly Difference[] =>
  [...differences.values()].filter(({ sinceMs }) => nowMs - sinceMs >= DIFFER_GRACE_MS);

/**
 * What the wire makes of a difference.
 * - `stale-status`: MetalLB's status names a node that does not announce.
 * - `other-election`: it names the one that does, and the election here is not the speakers'.
 * - `unclear`: nobody was heard.
 * @param answering the node heard answering lately; null: none, or its name is not known
 */
export function explain(
  { elected, reported }: Difference,
  answering: string | null,
): 'stale-status' | 'other-election' | 'unclear' {
  if (answering === null) return elected === null || reported.length > 1 ? 'stale-status' : 'unclear';
  return reported.length === 1 && reported[0] === answering ? 'other-election' : 'stale-status';
}
