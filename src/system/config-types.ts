/**
 * The configuration as the daemon uses it: checked, defaults filled in, durations in ms, addresses as values. config.ts
 * makes it from YAML; nothing else reads the file.
 */
import type { Cidr } from '../core/address/cidr.ts';
import type { Ipv4 } from '../core/address/ipv4.ts';
import type { RangeSet } from '../core/address/range-set.ts';
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

export interface Config {
  readonly segments: readonly SegmentConfig[];
  readonly proof: Criteria;
  readonly dhcp: { readonly leases: readonly string[] };
  readonly http: { readonly listen: ListenAddress | ListenSocket; readonly tokenFile: string | null };
  readonly ledger: { readonly path: string; readonly keepMs: number };
  readonly log: { readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' };
}
