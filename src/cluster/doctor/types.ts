/**
 * `freehold doctor`: what a check is, what it answers, and the plain facts that it is handed. Whatever could not be looked at comes as
 * the reason why, never as an empty answer.
 */
import type { Cidr } from '../../core/address/cidr.ts';
import type { Ipv4 } from '../../core/address/ipv4.ts';
import type { Mac } from '../../core/address/mac.ts';
import type { RangeSet } from '../../core/address/range-set.ts';
import type { ExitCode } from '../../core/error.ts';
import type { ClusterFacts } from '../types.ts';
import type { ClusterDetails } from './details.ts';

/** `skipped`: could not be looked at, or says nothing here. Never the same as `ok`. */
export type CheckStatus = 'ok' | 'warning' | 'failed' | 'skipped';

export interface CheckResult {
  /** The check's. */
  readonly name: string;
  readonly status: CheckStatus;
  /** What was seen: one or two sentences with names and addresses. */
  readonly seen: string;
  /** Why it matters. */
  readonly why: string;
  /** The command or change that mends it; of what was skipped, what it would need. Empty where there is nothing to do. */
  readonly fix: string;
}

/** In the order in which they are shown. */
export const GROUPS = ['This machine and the daemon', 'MetalLB', 'The cluster', 'Pools', 'Services', 'On the wire'] as const;
export type Group = (typeof GROUPS)[number];

/** What a check looks at; only that is gathered. */
export type Source = 'machine' | 'daemon' | 'cluster' | 'wire';

export interface Check {
  /** Stable, kebab-case. */
  readonly name: string;
  /** What is so where it is well. */
  readonly title: string;
  readonly group: Group;
  readonly sources: readonly Source[];
  /** Pure, and never throws. */
  run(context: DoctorContext): CheckResult;
}

/** Something that may not be there to be looked at. */
export type Known<T> =
  | { readonly known: true; readonly value: T }
  | {
      readonly known: false;
      /** A sentence. */
      readonly why: string;
      /** What it would need. */
      readonly needs: string;
      /** What a command ends with that needs it. */
      readonly exitCode: ExitCode;
      /** It was not even asked for: no kubeconfig, no interface. */
      readonly unasked: boolean;
    };

export interface DoctorContext {
  readonly machine: Known<MachineFacts>;
  readonly daemon: Known<DaemonFacts>;
  readonly cluster: Known<ClusterReading>;
  readonly wire: Known<WireFacts>;
}

export interface ClusterReading {
  readonly facts: ClusterFacts;
  readonly details: ClusterDetails;
}

export interface MachineInterface {
  readonly name: string;
  readonly up: boolean;
  readonly addresses: readonly { readonly address: Ipv4; readonly network: Cidr }[];
  /** Next hops of its default routes. */
  readonly gateways: readonly Ipv4[];
}

/** This machine, and what the configuration and the command line name on it. */
export interface MachineFacts {
  /** Without loopback. */
  readonly interfaces: readonly MachineInterface[];
  /** nameserver lines of /etc/resolv.conf that are IPv4, without loopback. */
  readonly dnsServers: readonly Ipv4[];
  /** Whether this process may send raw frames: null, or why not. */
  readonly mayNotSend: string | null;
  /** Interfaces that are meant: --interface, or those of the configured segments. */
  readonly wantedInterfaces: readonly string[];
  /** Why the configuration could not be read; null where it could, or there is none. */
  readonly configProblem: string | null;
  /** `reserved` of the configured segments. */
  readonly reserved: readonly { readonly segment: string; readonly ranges: RangeSet }[];
}

/** What the daemon says, as far as it was asked and answered. */
export interface DaemonFacts {
  /** For people: `http://127.0.0.1:5227`. */
  readonly where: string;
  readonly segments: readonly DaemonSegment[];
  readonly dhcp: Known<readonly DhcpSegment[]>;
  readonly pools: Known<DaemonPools>;
  readonly conflicts: Known<DaemonConflicts>;
  readonly claims: Known<readonly UnfinishedClaim[]>;
}

export interface DaemonSegment {
  readonly name: string;
  readonly interface: string | null;
  readonly network: Cidr | null;
  readonly method: string;
  readonly state: string;
  readonly waitingFor: string | null;
  readonly gateway: Ipv4 | null;
  readonly own: readonly Ipv4[];
  /** There was one that counts. */
  readonly sweptOnce: boolean;
}

export interface DhcpSegment {
  readonly segment: string;
  readonly state: string;
  readonly servers: readonly {
    readonly server: string;
    readonly mac: string | null;
    /** From the lowest to the highest address that it was seen to hand out. */
    readonly span: RangeSet;
    /** What of it lies in pools that the daemon knows: handed out there, not only reached over. */
    readonly overlaps: readonly { readonly pool: string; readonly ranges: RangeSet }[];
  }[];
  readonly leases: readonly { readonly address: Ipv4; readonly mac: string | null; readonly hostname: string | null }[];
}

export interface DaemonPools {
  readonly source: string;
  readonly pools: readonly { readonly name: string; readonly addresses: RangeSet; readonly unwatched: RangeSet }[];
  readonly speakers: readonly { readonly mac: Mac; readonly node: string | null }[];
  readonly notices: readonly string[];
}

export interface DaemonConflicts {
  readonly open: number;
  /** Summaries of the first few. */
  readonly summaries: readonly string[];
  readonly blind: boolean;
  readonly notices: readonly string[];
}

/** A claim that was begun, and of which it is not known how it ended. */
export interface UnfinishedClaim {
  readonly id: number;
  readonly state: string;
  readonly pool: string;
  readonly startedAt: string;
}

/** Who answered ARP just now. */
export interface WireFacts {
  /** Interfaces that were asked from, validly. */
  readonly interfaces: readonly string[];
  /** Addresses that were asked for, validly: silence of these says something. */
  readonly asked: RangeSet;
  /** All MACs that answered, in order. */
  readonly answers: ReadonlyMap<Ipv4, readonly Mac[]>;
  /** Addresses that were asked for although nobody is expected there: who answers for them answers for everything. */
  readonly decoys: RangeSet;
  /** Asking from these proved nothing, and why. */
  readonly failures: readonly { readonly interface: string; readonly why: string }[];
  /** Addresses of this machine: it does not hear itself answer. */
  readonly own: readonly Ipv4[];
  readonly gateways: readonly Ipv4[];
  /** Makers of MACs, where they are known. */
  readonly vendors: ReadonlyMap<Mac, string>;
}
