/**
 * Where a claim gets its proof, and where it is written down: the running daemon, or its ledger where none runs. The same questions,
 * the same answers.
 */
import type { LinkNetwork } from '../../cluster/claim/obstacles.ts';
import type { Ipv4 } from '../../core/address/ipv4.ts';
import type { Ipv4Range } from '../../core/address/range.ts';
import type { ClaimState } from '../../core/claim/types.ts';
import type { ClaimJson, NewClaimJson } from '../../http/claim-service.ts';
import type { FreeRangesAnswer, VerifyAnswer } from '../../http/service.ts';
import type { Parameters } from '../criteria.ts';

export interface ProofQuery {
  readonly criteria: Parameters;
  /** The pool that is claimed for: its own addresses are not withheld for being in it. */
  readonly pool: string;
  /** URL of the API server that the pool is in; null: not known, as where manifests are only printed. */
  readonly server: string | null;
  /** The pool's; undefined: any of that server. */
  readonly namespace?: string | undefined;
}

/** What the guard makes of a pool. */
export interface Guarded {
  /** It treats the range as the pool's. */
  readonly guarded: boolean;
  /** MACs that may answer for it; 0 where the daemon follows another cluster. */
  readonly speakers: number;
  /** The server that the daemon follows, where that is another one: what it knows of nodes is not of this cluster. */
  readonly otherCluster: string | null;
}

export interface LanFacts {
  readonly networks: readonly LinkNetwork[];
  readonly gateways: readonly Ipv4[];
  readonly own: readonly Ipv4[];
}

export interface ProofSource {
  /** For people: `the daemon at http://127.0.0.1:5227`. */
  readonly where: string;
  /** Where the guard runs, and takes up the pool. */
  readonly isDaemon: boolean;
  /** The segment that holds a range, or the only one; where it cannot be told, an error that lists them. */
  segmentOf(range: Ipv4Range | null, named: string | undefined): Promise<string>;
  lan(): Promise<LanFacts>;
  /** @param within only what lies in it: its answer is whole, whatever else the segment holds */
  freeRanges(segment: string, size: number, query: ProofQuery, within?: Ipv4Range): Promise<FreeRangesAnswer>;
  /** Takes 4 to 7 s. @param heardSince RFC 3339 */
  verify(range: Ipv4Range, heardSince: string, query: ProofQuery): Promise<VerifyAnswer>;
  /**
   * MACs that may answer for addresses of the pool; none where the daemon follows another cluster.
   * @param addresses of the nodes
   * @param server URL of the API server; null: not known
   */
  nodeMacs(addresses: readonly Ipv4[], server: string | null): Promise<ReadonlySet<string>>;
  beginClaim(claim: NewClaimJson): Promise<ClaimJson>;
  endClaim(id: number, state: Exclude<ClaimState, 'pushing'>, outcome: string): Promise<void>;
  /** null where no guard runs. @param server URL of the API server that the pool is in; null: not known */
  guarded(pool: string, range: Ipv4Range, server: string | null): Promise<Guarded | null>;
  close(): Promise<void>;
}
