/**
 * Where a claim gets its proof, and where it is written down: the running daemon, or its ledger where none runs. The same questions,
 * the same answers.
 */
import type { Cidr } from '../../core/address/cidr.ts';
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
}

export interface LanFacts {
  readonly networks: readonly Cidr[];
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
  freeRanges(segment: string, size: number, query: ProofQuery): Promise<FreeRangesAnswer>;
  /** Takes 4 to 7 s. @param heardSince RFC 3339 */
  verify(range: Ipv4Range, heardSince: string, query: ProofQuery): Promise<VerifyAnswer>;
  /** MACs that may answer for addresses of the pool. @param addresses of the nodes */
  nodeMacs(addresses: readonly Ipv4[]): Promise<ReadonlySet<string>>;
  beginClaim(claim: NewClaimJson): Promise<ClaimJson>;
  endClaim(id: number, state: Exclude<ClaimState, 'pushing'>, outcome: string): Promise<void>;
  /** Whether the guard treats the range as the pool's, and how many speakers it knows; null where no guard runs. */
  guarded(pool: string, range: Ipv4Range): Promise<{ readonly guarded: boolean; readonly speakers: number } | null>;
  close(): Promise<void>;
}
