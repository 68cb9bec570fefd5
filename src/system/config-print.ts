/**
 * The effective configuration as YAML: defaults filled in, durations as people write them. Reading it again gives the same
 * configuration, or, where it hides part of a URL, is refused. Shows where secrets are, never a secret.
 */
import { stringify } from 'yaml';
import { formatCidr } from '../core/address/cidr.ts';
import { formatIpv4 } from '../core/address/ipv4.ts';
import { formatRange } from '../core/address/range.ts';
import { channelAsWritten } from './config-print-channel.ts';
import type { Config, SegmentConfig } from './config-types.ts';
import { formatDuration } from './duration.ts';
import { formatListen } from './listen-address.ts';

/** The same as the file would say it, as plain values: for `--json`. */
export const configAsWritten = (config: Config): Readonly<Record<string, unknown>> => ({
  segments: config.segments.map(segmentAsWritten),
  proof: {
    quietFor: formatDuration(config.proof.quietForMs),
    minSweeps: config.proof.minSweeps,
    maxGap: formatDuration(config.proof.maxGapMs),
    minCoverage: config.proof.minCoverage,
  },
  dhcp: {
    leases: config.dhcp.leases.map(({ path, format }) => (format === 'auto' ? path : { path, format })),
    servers: config.dhcp.servers.map(formatIpv4),
    avoidSpans: config.dhcp.avoidSpans,
  },
  metallb: {
    cluster: config.metallb.cluster,
    ...(config.metallb.kubeconfig === null ? {} : { kubeconfig: config.metallb.kubeconfig }),
    ...(config.metallb.context === null ? {} : { context: config.metallb.context }),
    namespace: config.metallb.namespace,
    pools: config.metallb.pools.map(({ name, addresses }) => ({ name, addresses: addresses.map(formatRange) })),
    speakers: config.metallb.speakers.map(({ mac, node }) => (node === null ? mac : { mac, node })),
  },
  guard: {
    closeAfter: formatDuration(config.guard.closeAfterMs),
    splitBrainGrace: formatDuration(config.guard.splitBrainGraceMs),
  },
  alerts: { channels: config.alerts.channels.map(channelAsWritten) },
  http: {
    listen: formatListen(config.http.listen),
    ...(config.http.tokenFile === null ? {} : { tokenFile: config.http.tokenFile }),
  },
  ledger: { path: config.ledger.path, keep: formatDuration(config.ledger.keepMs) },
  log: config.log,
});

const segmentAsWritten = (segment: SegmentConfig): Readonly<Record<string, unknown>> => ({
  name: segment.name,
  ...(segment.interface === null ? {} : { interface: segment.interface }),
  ...(segment.cidr === null ? {} : { cidr: formatCidr(segment.cidr) }),
  method: segment.method,
  schedule: segment.schedule,
  rate: segment.rate,
  exclude: segment.exclude.map(formatRange),
  reserved: segment.reserved.map(formatRange),
  controls: segment.controls.map(formatIpv4),
});

export const printConfig = (config: Config): string => stringify(configAsWritten(config), { lineWidth: 0 });
