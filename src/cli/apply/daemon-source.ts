/** The proof of a claim from the running daemon, over HTTP. */
import { formatRange } from '../../core/address/range.ts';
import { rangeSet, subtract } from '../../core/address/range-set.ts';
import { sameServer } from '../../core/claim/standing.ts';
import type { ClaimJson } from '../../http/claim-service.ts';
import type { HttpClient } from '../../http/client.ts';
import type { PoolsAnswer } from '../../http/guard-service.ts';
import type { FreeRangesAnswer, SegmentJson, VerifyAnswer } from '../../http/service.ts';
import { rangeOf } from './history.ts';
import type { ProofQuery, ProofSource } from './proof-source.ts';
import { chooseSegment, lanOf } from './segments.ts';

/** As many as a range that can be claimed can hold. */
const MOST_RANGES = 4096;

/** @param segments as the daemon told them; asking for them has shown that it answers */
export function daemonSource(client: HttpClient, where: string, segments: readonly SegmentJson[]): ProofSource {
  const query = ({ criteria, pool, server, namespace }: ProofQuery): Record<string, string | number> => ({
    ...criteria,
    pool,
    ...(server === null ? {} : { poolServer: server }),
    ...(namespace === undefined ? {} : { poolNamespace: namespace }),
  });
  return {
    where,
    isDaemon: true,
    segmentOf: async (range, named) => chooseSegment(segments, range, named),
    lan: async () => lanOf(segments),
    freeRanges: (segment, size, asked, within) =>
      client.get<FreeRangesAnswer>('/free-ranges', {
        ...query(asked),
        segment,
        size,
        limit: MOST_RANGES,
        ...(within === undefined ? {} : { within: formatRange(within) }),
      }),
    verify: (range, heardSince, asked) =>
      client.post<VerifyAnswer>('/verify', { ...query(asked), range: formatRange(range), heardSince }),
    async nodeMacs(_, server) {
      const answer = await client.get<PoolsAnswer>('/pools');
      return new Set(isOfAnother(answer, server) ? [] : answer.speakers.map(({ mac }) => mac));
    },
    beginClaim: (claim) => client.post<ClaimJson>('/claims', { ...claim }),
    endClaim: async (id, state, outcome) => void (await client.post<ClaimJson>(`/claims/${id}`, { state, outcome })),
    guarded: async (pool, range, server) => {
      const answer = await client.get<PoolsAnswer>('/pools');
      const { pools, speakers, cluster } = answer;
      const isOther = isOfAnother(answer, server);
      const found = pools.find(({ name }) => name === pool);
      const held = rangeSet((found?.addresses ?? []).flatMap((one) => rangeOf(one) ?? []));
      return {
        guarded: subtract([range], held).length === 0,
        speakers: isOther ? 0 : speakers.length,
        otherCluster: isOther ? (cluster?.server ?? 'a cluster that it cannot name now') : null,
      };
    },
    close: async () => undefined,
  };
}

/** What the daemon knows of nodes comes from another cluster, or from one that it cannot name. */
const isOfAnother = ({ cluster }: PoolsAnswer, server: string | null): boolean =>
  cluster !== null && server !== null && !sameServer(cluster.server, server);
