/**
 * What the HTTP room asks of the rest: questions with checked input, answers as the JSON that goes out (camelCase; times
 * RFC 3339 UTC; durations in `Seconds` or `Ms`; addresses dotted quads; MACs lower case). The daemon implements it. Methods
 * throw FreeholdError for what the asker did wrong; nothing here knows Express.
 */
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { Ipv4Range } from '../core/address/range.ts';
import type { Criteria } from '../core/evidence/criteria.ts';
import type { Reason, Use, VerdictKind } from '../core/evidence/proof.ts';
import type { SightingSource } from '../core/evidence/sighting.ts';
import type { FreeRangeOptions } from '../core/range/types.ts';
import type { ClaimsService } from './claim-service.ts';
import type { GuardService } from './guard-service.ts';

/** Whether addresses within the span that a DHCP server was seen to hand out may be called free. */
export type DhcpSpans = 'avoid' | 'ignore';

/** A pool whose addresses are not withheld merely because they are in it: it is to be pushed again. */
export interface OwnPoolQuery {
  readonly pool?: string | undefined;
  /** URL of its API server; a pool of the same name in another cluster is another pool. undefined: the cluster that is followed. */
  readonly poolServer?: string | undefined;
  /** undefined: any of that server. */
  readonly poolNamespace?: string | undefined;
}

export interface FreeRangesQuery extends FreeRangeOptions, OwnPoolQuery {
  /** undefined: the only segment there is; with several, an error that lists them. */
  readonly segment: string | undefined;
  readonly criteria: Partial<Criteria>;
  /** undefined: as configured. */
  readonly dhcpSpans?: DhcpSpans | undefined;
  /** Only what lies in it is told. undefined: the whole segment. */
  readonly within?: Ipv4Range | undefined;
}

export interface CriteriaJson {
  readonly quietForSeconds: number;
  readonly minSweeps: number;
  readonly maxGapSeconds: number;
  readonly minCoverage: number;
}

export interface ProofJson {
  readonly since: string | null;
  readonly quietForSeconds: number;
  readonly looks: number;
  readonly coverage: number;
  readonly longestGapSeconds: number;
  readonly newestLookAt: string | null;
  readonly lastSeenAt: string | null;
  readonly methods: readonly ('arp' | 'icmp')[];
}

export interface OutageJson {
  readonly from: string;
  readonly until: string;
  readonly reason: string;
  readonly sweeps: number;
}

export interface StandInJson {
  readonly mac: string;
  readonly vendor: string | null;
  readonly addresses: number;
  readonly lastSeenAt: string;
}

export interface FreeRangesAnswer {
  readonly segment: string;
  readonly generatedAt: string;
  readonly criteria: CriteriaJson & {
    readonly size: number;
    readonly alignment: 'none' | 'cidr';
    readonly dhcpSpans: DhcpSpans;
    readonly weakerThanConfigured: boolean;
  };
  readonly ranges: readonly { readonly start: string; readonly end: string; readonly size: number; readonly proof: ProofJson }[];
  readonly withheld: readonly {
    readonly start: string;
    readonly end: string;
    readonly size: number;
    readonly verdict: VerdictKind;
    readonly reason: string;
    readonly reasonCode: Reason['code'];
  }[];
  readonly freeAddresses: number;
  readonly truncated: boolean;
  /** Time within the window in which nobody looked, or not validly. */
  readonly outages: readonly OutageJson[];
  /** Sentences that the asker should read: proxy ARP seen, ICMP only, the first window not over yet. */
  readonly notices: readonly string[];
}

export interface OccupancyJson {
  readonly mac: string | null;
  readonly vendor: string | null;
  readonly hostname: string | null;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
  readonly sources: readonly SightingSource[];
  readonly intent: boolean;
}

export interface AddressesQuery {
  readonly segment: string | undefined;
  readonly verdict: VerdictKind | undefined;
  readonly limit: number;
  /** Start after this address (paging). */
  readonly after: Ipv4 | undefined;
}

export interface AddressRow {
  readonly address: string;
  readonly verdict: VerdictKind;
  readonly reason: string;
  readonly macs: readonly string[];
  readonly vendor: string | null;
  readonly hostname: string | null;
  readonly lastSeenAt: string | null;
}

export interface AddressesAnswer {
  readonly segment: string;
  readonly generatedAt: string;
  /** Addresses that were ever seen or are not plainly free or unproven, ascending; with `verdict`, all that have it. */
  readonly addresses: readonly AddressRow[];
  readonly counts: Readonly<Record<VerdictKind, number>>;
  /** Pass as `after` for the next page; null at the end. */
  readonly next: string | null;
}

export interface AddressAnswer {
  readonly address: string;
  readonly segment: string;
  readonly generatedAt: string;
  readonly verdict: VerdictKind;
  readonly use: Use;
  readonly reasons: readonly Reason[];
  readonly proof: ProofJson;
  readonly criteria: CriteriaJson;
  readonly lease: { readonly mac: string | null; readonly hostname: string | null; readonly endsAt: string | null } | null;
  /** Newest first, at most 100. */
  readonly history: readonly OccupancyJson[];
  readonly outages: readonly OutageJson[];
}

export interface SegmentJson {
  readonly name: string;
  readonly interface: string | null;
  readonly cidr: string;
  readonly method: 'arp' | 'icmp';
  readonly schedule: string;
  readonly rate: number | 'max';
  readonly state: 'sweeping' | 'idle' | 'waiting';
  /** Why it waits: `link-down`, `interface-gone`, `address-lost`, `icmp-unavailable`; null otherwise. */
  readonly waitingFor: string | null;
  readonly gateway: string | null;
  readonly ownAddresses: readonly string[];
  readonly standIns: readonly StandInJson[];
  readonly lastSweep: SweepJson | null;
  readonly lastValidSweepAt: string | null;
  readonly framesReceived: number;
  readonly kernelDrops: number;
  /** Frames that were not turned into a sighting, by named reason. */
  readonly ignored: Readonly<Record<string, number>>;
}

export interface SweepJson {
  readonly id: number | null;
  readonly segment: string;
  readonly trigger: 'schedule' | 'request' | 'verify';
  readonly method: 'arp' | 'icmp';
  readonly startedAt: string;
  readonly durationMs: number;
  readonly probesPlanned: number;
  readonly probesSent: number;
  readonly sendFailures: number;
  readonly repliesReceived: number;
  readonly answered: number;
  readonly kernelDrops: number;
  readonly controls: { readonly asked: number; readonly answered: number };
  readonly valid: boolean;
  readonly invalidReason: string | null;
}

export interface SweepsQuery {
  readonly segment: string | undefined;
  readonly limit: number;
  /** Only sweeps with a smaller id (paging). */
  readonly before: number | undefined;
}

export interface SweepsAnswer {
  readonly sweeps: readonly SweepJson[];
  readonly next: number | null;
}

/** Somebody used an address of the range, or is about to: an interval of the history, however it was heard. */
export interface HeardJson {
  readonly address: string;
  /** null: the source cannot tell (a DHCPDECLINE), or the address had more MACs than are kept apart. */
  readonly mac: string | null;
  readonly vendor: string | null;
  readonly hostname: string | null;
  /** Of the whole interval, which may have begun before. */
  readonly sources: readonly SightingSource[];
  /** Not there yet: an ARP probe, a DHCP request or answer, a lease file. */
  readonly intent: boolean;
  /** When it was last heard. */
  readonly at: string;
}

export interface VerifyAnswer {
  readonly segment: string;
  readonly range: { readonly start: string; readonly end: string; readonly size: number };
  readonly startedAt: string;
  readonly durationMs: number;
  /** The answer: nobody defended any address now, nothing was heard of one, and the history proves each one free. */
  readonly free: boolean;
  /** The live RFC 5227 run alone. */
  readonly live: {
    readonly valid: boolean;
    readonly invalidReason: string | null;
    readonly probesSent: number;
    readonly conflicts: readonly {
      readonly address: string;
      readonly mac: string;
      readonly vendor: string | null;
      readonly kind: 'used' | 'probed';
    }[];
    /** MACs that probed for so many addresses meanwhile that they are scanners: their probes announce no use. */
    readonly scanners: readonly string[];
    /** All that was heard of addresses of the range since `heardSince`, ARP and DHCP, whoever it was meant for. */
    readonly heardSince: string;
    readonly heard: readonly HeardJson[];
    /** More was heard than `heard` tells. */
    readonly heardTruncated: boolean;
    /** Parts of the range that were asked nothing, so that silence there means nothing: excluded addresses, and our own. */
    readonly notAsked: readonly { readonly start: string; readonly end: string; readonly size: number }[];
  };
  /** The history alone: the weakest proof in the range, and all that is not free in it. */
  readonly proof: ProofJson;
  readonly withheld: FreeRangesAnswer['withheld'];
  readonly criteria: CriteriaJson & { readonly dhcpSpans: DhcpSpans; readonly weakerThanConfigured: boolean };
}

export interface VerifyQuery extends OwnPoolQuery {
  readonly range: Ipv4Range;
  readonly criteria: Partial<Criteria>;
  /** undefined: as configured. */
  readonly dhcpSpans?: DhcpSpans | undefined;
  /** Epoch ms; undefined, or later than the start of the run: the start of the run. */
  readonly heardSinceMs?: number | undefined;
}

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface FreeholdService {
  readonly guard: GuardService;
  readonly claims: ClaimsService;
  freeRanges(query: FreeRangesQuery): FreeRangesAnswer;
  addresses(query: AddressesQuery): AddressesAnswer;
  address(address: Ipv4, criteria: Partial<Criteria>): AddressAnswer;
  segments(): { readonly segments: readonly SegmentJson[] };
  sweeps(query: SweepsQuery): SweepsAnswer;
  /** Starts a sweep now; with `wait`, resolves when it is over. A sweep under way is joined, not doubled. */
  sweepNow(segment: string | undefined, wait: boolean): Promise<SweepJson | null>;
  verify(query: VerifyQuery): Promise<VerifyAnswer>;
  /** Sweeping, ledger writable, last valid sweep fresh. */
  readiness(): { readonly ready: boolean; readonly checks: readonly Check[] };
}
