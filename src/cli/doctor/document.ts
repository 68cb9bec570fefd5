/** The JSON document of `freehold doctor`. Pure. */
import { countByStatus, type Examined } from '../../cluster/doctor/checks.ts';
import type { CheckResult, CheckStatus, Group } from '../../cluster/doctor/types.ts';
import { printable } from '../../core/text.ts';
import type { Gathered } from './gather.ts';

export interface DoctorDocument {
  readonly generatedAt: string;
  /** null where it could not be read, or was not asked. */
  readonly cluster: {
    readonly server: string;
    readonly context: string;
    readonly version: string;
    /** MetalLB's. */
    readonly namespace: string;
  } | null;
  /** Where the daemon is; null where it could not be asked, or was not. */
  readonly daemon: string | null;
  /** Interfaces that were asked from, validly. */
  readonly interfaces: readonly string[];
  readonly counts: Readonly<Record<CheckStatus, number>>;
  readonly checks: readonly (CheckResult & { readonly title: string; readonly group: Group })[];
  /** Sentences that everybody should read. */
  readonly notes: readonly string[];
}

const NAME = 253;

export const NOTES: readonly string[] = [
  'Ping is no evidence: addresses of MetalLB do not answer it, and silence says nothing. Ask by ARP (freehold scan), or connect to a port of the Service.',
  'Nobody answering now does not make an address free: devices that are off are found by the history only (freehold run, freehold free).',
];

export function doctorDocument(examined: readonly Examined[], { context }: Gathered, nowMs: number): DoctorDocument {
  const { cluster, daemon, wire } = context;
  const text = (value: string): string => printable(value, NAME);
  return {
    generatedAt: new Date(nowMs).toISOString(),
    cluster: cluster.known
      ? {
          server: text(cluster.value.facts.server),
          context: text(cluster.value.facts.context),
          version: text(cluster.value.facts.version),
          namespace: text(cluster.value.facts.namespace),
        }
      : null,
    daemon: daemon.known ? text(daemon.value.where) : null,
    interfaces: wire.known ? wire.value.interfaces.map(text) : [],
    counts: countByStatus(examined),
    checks: examined.map(({ check, result }) => ({ ...result, title: check.title, group: check.group })),
    notes: NOTES,
  };
}
