/** The proof of a claim from the running daemon, over HTTP. */
import { formatRange } from '../../core/address/range.ts';
import { rangeSet, subtract } from '../../core/address/range-set.ts';
import type { ClaimJson } from '../../http/claim-service.ts';
import type { HttpClient } from '../../http/client.ts';
import type { PoolsAnswer } from '../../http/guard-service.ts';
import type { FreeRangesAnswer, SegmentJson, VerifyAnswer } from '../../http/service.ts';
import { rangeOf } from './history.ts';
import type { ProofSource } from './proof-source.ts';
import { chooseSegment, lanOf } from './segments.ts';

const MOST_RANGES = 1000;

/** @param segments as the daemon told them; asking for them has shown that it answers */
export function daemonSource(client: HttpClient, where: string, segments: readonly SegmentJson[]): ProofSource {
  const query = (pool: string, criteria: object): Record<string, string | number> => ({ ...criteria, pool });
  return {
    where,
    isDaemon: true,
    segmentOf: async (range, named) => chooseSegment(segments, range, named),
    lan: async () => lanOf(segments),
    freeRanges: (segment, size, { criteria, pool }) =>
      client.get<FreeRangesAnswer>('/free-ranges', { ...query(pool, criteria), segment, size, limit: MOST_RANGES }),
    verify: (range, heardSince, { criteria, pool }) =>
      client.post<VerifyAnswer>('/verify', { ...query(pool, criteria), range: formatRange(range), heardSince }),
    nodeMacs: async () => new Set((await client.get<PoolsAnswer>('/pools')).speakers.map(({ mac }) => mac)),
    beginClaim: (claim) => client.post<ClaimJson>('/claims', { ...claim }),
    endClaim: async (id, state, outcome) => void (await client.post<ClaimJson>(`/claims/${id}`, { state, outcome })),
    guarded: async (pool, range) => {
      const { pools, speakers } = await client.get<PoolsAnswer>('/pools');
      const found = pools.find(({ name }) => name === pool);
      const held = rangeSet((found?.addresses ?? []).flatMap((one) => rangeOf(one) ?? []));
      return { guarded: subtract([range], held).length === 0, speakers: speakers.length };
    },
    close: async () => undefined,
  };
}
