/**
 * The weakest of several proofs, figure by figure: what can be said of all addresses of a range at once.
 */
import type { LookMethod } from '../evidence/look.ts';
import type { Proof } from '../evidence/proof.ts';

const latest = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : Math.max(a, b));
const earliestOrNone = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : Math.min(a, b));

const eitherMethod = (a: readonly LookMethod[], b: readonly LookMethod[]): readonly LookMethod[] =>
  a === b ? a : (['arp', 'icmp'] as const).filter((method) => a.includes(method) || b.includes(method));

/**
 * Quiet since the later of both, for the shorter time; the fewer looks, the lower coverage, the longer gap, the older newest look;
 * the later sighting; the methods of both. Never looked at (null) is weaker than any time.
 */
export function weaker(a: Proof, b: Proof): Proof {
  return {
    sinceMs: a.sinceMs === null || b.sinceMs === null ? null : Math.max(a.sinceMs, b.sinceMs),
    quietForMs: Math.min(a.quietForMs, b.quietForMs),
    looks: Math.min(a.looks, b.looks),
    coverage: Math.min(a.coverage, b.coverage),
    longestGapMs: Math.max(a.longestGapMs, b.longestGapMs),
    newestLookMs: earliestOrNone(a.newestLookMs, b.newestLookMs),
    lastSeenMs: latest(a.lastSeenMs, b.lastSeenMs),
    methods: eitherMethod(a.methods, b.methods),
  };
}

/** null for no proofs at all. */
export const weakestProof = (proofs: Iterable<Proof>): Proof | null => {
  let weakest: Proof | null = null;
  for (const proof of proofs) weakest = weakest === null || weakest === proof ? proof : weaker(weakest, proof);
  return weakest;
};
