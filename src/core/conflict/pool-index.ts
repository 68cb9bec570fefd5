/**
 * The pools as one sorted list of runs, so that the pool of an address is found by binary search: asked for every frame of a
 * flood. Knows no conflict.
 */
import type { Ipv4 } from '../address/ipv4.ts';
import type { Pool } from './cluster-view.ts';

export interface PoolIndex {
  /** First and last address of each run, ascending. Runs of one pool may touch those of another, never overlap. */
  readonly firsts: Uint32Array;
  readonly lasts: Uint32Array;
  readonly pools: readonly Pool[];
}

/** Where pools overlap, which MetalLB refuses but a configuration may hold, the one named first has the address. */
export function indexPools(pools: readonly Pool[]): PoolIndex {
  const runs: { first: number; last: number; pool: Pool }[] = [];
  for (const pool of pools) {
    for (const { first, last } of pool.addresses) {
      let next: number = first;
      // What earlier pools left of it: `runs` is sorted, so their parts come ascending.
      for (const taken of runs.filter((run) => run.first <= last && run.last >= first)) {
        if (taken.first > next) runs.push({ first: next, last: taken.first - 1, pool });
        next = Math.max(next, taken.last + 1);
      }
      if (next <= last) runs.push({ first: next, last, pool });
      runs.sort((a, b) => a.first - b.first);
    }
  }
  return {
    firsts: Uint32Array.from(runs, ({ first }) => first),
    lasts: Uint32Array.from(runs, ({ last }) => last),
    pools: runs.map(({ pool }) => pool),
  };
}

export function poolAt({ firsts, lasts, pools }: PoolIndex, address: Ipv4): Pool | null {
  let low = 0;
  let high = firsts.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (address < (firsts[middle] ?? 0)) high = middle - 1;
    else if (address > (lasts[middle] ?? 0)) low = middle + 1;
    else return pools[middle] ?? null;
  }
  return null;
}
