/**
 * The configuration as the daemon uses it: checked, defaults filled in, durations in ms, addresses as values. config.ts
 * makes it from YAML; nothing else reads the file.
 */
import type { Cidr } from '../core/address/cidr.ts';
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { RangeSet } from '../core/address/range-set.ts';
import type { Pool, Speaker } from '../core/conflict/cluster-view.ts';
import type { ConflictKind, Severity } from '../core/conflict/types.ts';
import type { Criteria } from '../core/evidence/criteria.ts';
import type { Rate } from '../core/probe/types.ts';

export interface SegmentConfig {
  readonly name: string;
  /** null only for a routed segment (method icmp), which needs none. */
  readonly interface: string | null;
  /** null: the interface's own network, looked up when the daemon starts. /16 at the largest. */
  readonly cidr: Cidr | null;
  /** `auto`: arp where the CIDR lies in a network of the interface, icmp where it does not. */
  readonly method: 'auto' | 'arp' | 'icmp';
  /** node-cron, six fields allowed. */
  readonly schedule: string;
  readonly rate: Rate;
  /** Never probed. */
  readonly exclude: RangeSet;
  /** Probed and recorded, never offered. */
  readonly reserved: RangeSet;
  /** Known to be alive; beside the gateway and the hosts seen lately. */
  readonly controls: readonly Ipv4[];
}

export interface ListenAddress {
  readonly kind: 'tcp';
  readonly host: string;
  /** 0 .. 65535; 0 lets the kernel choose. */
  readonly port: number;
}

export interface ListenSocket {
  readonly kind: 'unix';
  readonly path: string;
}

export interface LeaseFileConfig {
  readonly path: string;
  /** `auto`: told from what the file says. */
  readonly format: 'auto' | 'dnsmasq' | 'isc' | 'kea';
}

export interface DhcpConfig {
  readonly leases: readonly LeaseFileConfig[];
  /** Servers that are meant to be there: others are a notice. Empty: the first one heard on a segment is. */
  readonly servers: readonly Ipv4[];
  /** Whether free ranges stay clear of the spans that servers were seen to hand out. */
  readonly avoidSpans: boolean;
}

/** The cluster that is read; and what the guard watches over, and who may answer for it, beside it or without one. */
export interface MetallbConfig {
  /** `off`: none is read. */
  readonly cluster: 'auto' | 'off';
  /** null: looked for in the usual places; where there is none, no cluster is read. */
  readonly kubeconfig: string | null;
  /** null: the kubeconfig's own. */
  readonly context: string | null;
  /** MetalLB's. */
  readonly namespace: string;
  readonly pools: readonly Pool[];
  readonly speakers: readonly Speaker[];
}

export interface GuardConfig {
  /** How long a stranger must be silent, while valid sweeps look, before its conflict is closed. ms */
  readonly closeAfterMs: number;
  /** How long two nodes may answer for one address, as they do in a failover. ms */
  readonly splitBrainGraceMs: number;
}

/** A secret is read when it is used: never kept in the configuration, so it cannot be printed. */
export type SecretSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'environment'; readonly variable: string };

interface ChannelBase {
  readonly name: string;
  /** Only conflicts at least this loud. */
  readonly minSeverity: Severity;
  /** Only these kinds; null: all. */
  readonly kinds: readonly ConflictKind[] | null;
}

/** A URL that may itself be a secret (Slack's is). */
export type UrlSource = { readonly kind: 'plain'; readonly url: string } | SecretSource;

export type ChannelConfig =
  | (ChannelBase & {
      readonly type: 'webhook';
      readonly url: UrlSource;
      /** HMAC-SHA256 of the body. */
      readonly hmac: SecretSource | null;
      readonly bearer: SecretSource | null;
    })
  | (ChannelBase & {
      readonly type: 'alertmanager';
      /** Of the Alertmanager, without `/api/v2/alerts`. */
      readonly url: UrlSource;
      readonly bearer: SecretSource | null;
      /** How often what is open is told again. ms */
      readonly resendMs: number;
    })
  | (ChannelBase & { readonly type: 'slack'; readonly url: UrlSource })
  | (ChannelBase & {
      readonly type: 'email';
      readonly host: string;
      readonly port: number;
      /** `starttls` is required to succeed; `none` sends in the clear. */
      readonly security: 'starttls' | 'tls' | 'none';
      /** PEM of the authority that signed the server's certificate; null: the system's. */
      readonly caFile: string | null;
      readonly user: string | null;
      readonly password: SecretSource | null;
      readonly from: string;
      readonly to: readonly string[];
    })
  | (ChannelBase & { readonly type: 'journal' });

export interface AlertsConfig {
  readonly channels: readonly ChannelConfig[];
}

export interface Config {
  readonly segments: readonly SegmentConfig[];
  readonly proof: Criteria;
  readonly dhcp: DhcpConfig;
  readonly metallb: MetallbConfig;
  readonly guard: GuardConfig;
  readonly alerts: AlertsConfig;
  readonly http: { readonly listen: ListenAddress | ListenSocket; readonly tokenFile: string | null };
  readonly ledger: { readonly path: string; readonly keepMs: number };
  readonly log: { readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' };
}
