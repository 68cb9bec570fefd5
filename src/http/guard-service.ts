/**
 * What the HTTP room asks of the guard: conflicts, pools and DHCP, as the JSON that goes out (conventions of service.ts).
 */
import type { ConflictKind, Severity } from '../core/conflict/types.ts';
import type { SightingSource } from '../core/evidence/sighting.ts';
import type { LiveEventStream } from '../watch/guard-types.ts';

interface RangeJson {
  readonly start: string;
  readonly end: string;
  readonly size: number;
}

export interface ConflictJson {
  readonly id: number;
  readonly kind: ConflictKind;
  readonly severity: Severity;
  readonly state: 'open' | 'closed';
  readonly segment: string;
  readonly pool: string;
  readonly address: string;
  readonly overlap: RangeJson | null;
  /** Who; null where it is not known or there are many. */
  readonly mac: string | null;
  readonly macs: readonly string[];
  readonly vendor: string | null;
  readonly hostname: string | null;
  readonly service: string | null;
  /** One sentence for people. */
  readonly summary: string;
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
  readonly openedAt: string;
  readonly closedAt: string | null;
  readonly closeReason: string | null;
  readonly sightings: number;
  readonly sources: readonly SightingSource[];
  readonly acknowledged: { readonly at: string; readonly by: string; readonly note: string } | null;
}

export interface ConflictsQuery {
  readonly state: 'open' | 'closed' | 'all';
  readonly segment: string | undefined;
  readonly kind: ConflictKind | undefined;
  readonly before: number | undefined;
  readonly limit: number;
}

export interface ConflictsAnswer {
  readonly generatedAt: string;
  /** Newest first. */
  readonly conflicts: readonly ConflictJson[];
  /** All open ones, whatever was asked for. */
  readonly open: number;
  readonly openByKind: Readonly<Record<ConflictKind, number>>;
  /** Open ones of the segment and kind that were asked for; whatever `state` and page. */
  readonly openMatching: number;
  /** Where the guard does not hear everything, or is not set up: sentences for people. */
  readonly notices: readonly string[];
  /** Nothing of what was asked for can be heard now: that none is open says nothing then. */
  readonly blind: boolean;
  /** Sightings of pool addresses that raised nothing, by rule, since the start. */
  readonly dismissed: Readonly<Record<string, number>>;
  /** Pass as `before` for the next page; null at the end. */
  readonly next: number | null;
}

export interface PoolJson {
  readonly name: string;
  readonly addresses: readonly RangeJson[];
  readonly size: number;
  /** Segments that watch all or a part of it. */
  readonly segments: readonly string[];
  /** Addresses of it that no segment watches: the guard is blind there. */
  readonly unwatched: readonly RangeJson[];
  readonly openConflicts: number;
}

/** Something of the cluster that is read, and how that goes. */
export interface ClusterKindJson {
  /** `pools`, `services`, `nodes` … */
  readonly kind: string;
  /** Whether the guard needs it. */
  readonly needed: boolean;
  /** `absent`: the cluster does not know this kind. */
  readonly state: 'starting' | 'up' | 'absent' | 'failing';
  /** Why it cannot be read; null where it can, or was not tried yet. */
  readonly code: string | null;
  readonly message: string | null;
  /** When what is known of it was last known to be true; null: nothing is known. */
  readonly asOf: string | null;
}

export interface AssignedJson {
  readonly address: string;
  readonly service: string;
  /** The node that MetalLB elects to announce it, as computed here; null where there is none, or that is not known. */
  readonly node: string | null;
  /** Nodes that announce it by MetalLB's own word (ServiceL2Status); null: not known. */
  readonly reportedNodes: readonly string[] | null;
  /** Who of the nodes was last heard answering for it; null: none lately. */
  readonly answeredBy: { readonly mac: string; readonly node: string | null; readonly at: string } | null;
}

export interface PoolsAnswer {
  readonly generatedAt: string;
  readonly source: 'configuration' | 'cluster';
  /** When that was last known to be true; null: always (configuration). */
  readonly asOf: string | null;
  /** null: no cluster is read. */
  readonly cluster: { readonly server: string | null; readonly kinds: readonly ClusterKindJson[] } | null;
  readonly pools: readonly PoolJson[];
  readonly speakers: readonly { readonly mac: string; readonly node: string | null; readonly vendor: string | null }[];
  /** null: which addresses Services hold is not known. */
  readonly assigned: readonly AssignedJson[] | null;
  /** Addresses that Services ask for. */
  readonly requested: readonly { readonly address: string; readonly service: string }[];
  readonly notices: readonly string[];
}

export interface DhcpServerJson {
  /** The server's address, or `lease-file`. */
  readonly server: string;
  readonly mac: string | null;
  readonly vendor: string | null;
  readonly span: RangeJson | null;
  readonly firstHeardAt: string;
  readonly lastHeardAt: string;
  readonly messages: number;
  /** Not among the servers that are meant to be there. */
  readonly unexpected: boolean;
  /** Parts of pools, from the first to the last address that it was seen to hand out there. */
  readonly overlaps: readonly (RangeJson & { readonly pool: string })[];
}

export interface DhcpSegmentJson {
  readonly segment: string;
  /** `unknown`: none was heard, which a switch that filters DHCP makes the rule: it does not mean that there is none. */
  readonly state: 'heard' | 'lease-files' | 'unknown';
  readonly servers: readonly DhcpServerJson[];
  readonly leases: readonly {
    readonly address: string;
    readonly mac: string | null;
    readonly hostname: string | null;
    /** null: without end. */
    readonly endsAt: string | null;
    readonly source: 'dhcp-ack' | 'lease-file';
    readonly pool: string | null;
  }[];
  readonly leasesTruncated: boolean;
}

export interface DhcpAnswer {
  readonly generatedAt: string;
  readonly segments: readonly DhcpSegmentJson[];
  /** Lease files that are followed. */
  readonly files: readonly {
    readonly path: string;
    readonly format: string | null;
    readonly leases: number;
    readonly malformed: number;
    readonly problem: string | null;
  }[];
}

/** Methods throw FreeholdError `conflict-unknown`, `segment-unknown`. */
export interface GuardService {
  conflicts(query: ConflictsQuery): ConflictsAnswer;
  conflict(id: number): ConflictJson;
  acknowledge(id: number, by: string, note: string): ConflictJson;
  pools(): PoolsAnswer;
  dhcp(segment: string | undefined): DhcpAnswer;
  readonly events: LiveEventStream;
}
