/**
 * The configuration file's shape, bounds and defaults: with config-metallb.ts and config-alerts.ts, which have sections of their
 * own, the one place that names its keys. Rules between keys are in config-rules.ts.
 */
import { z } from 'zod';
import { rangeSet } from '../core/address/range-set.ts';
import { CRITERIA_BOUNDS } from '../core/evidence/check-criteria.ts';
import { DEFAULT_CRITERIA } from '../core/evidence/criteria.ts';
import { secretPath } from './config-alert-fields.ts';
import { alertsSchema } from './config-alerts.ts';
import * as field from './config-fields.ts';
import { metallbSchema } from './config-metallb.ts';
import type { Config, LeaseFileConfig } from './config-types.ts';
import { formatDuration } from './duration.ts';
import { expects } from './text-field.ts';

export const DEFAULT_CONFIG_PATH = '/etc/freehold/freehold.yaml';
const DAY_MS = 86_400_000;

const ranges = (description: string) =>
  field
    .list(field.range, 1024, 'addresses or ranges')
    .prefault([])
    .transform((items) => rangeSet(items))
    .meta({ description });

const segmentShape = {
  name: field.segmentName,
  interface: field.interfaceName.optional().transform((name) => name ?? null),
  cidr: field.cidr.optional().transform((cidr) => cidr ?? null),
  method: field
    .choice(['auto', 'arp', 'icmp'], 'auto: arp where the network is on the link, icmp where it is routed')
    .default('auto'),
  schedule: field.schedule.prefault('*/30 * * * * *'),
  rate: field.rate.default(500),
  exclude: ranges('Never probed, never offered'),
  reserved: ranges('Probed and recorded, never offered: the span of a DHCP server, say'),
  controls: field
    .list(field.address, 64, 'addresses')
    .prefault([])
    .meta({ description: 'Hosts known to be alive: the positive control, beside the gateway and the hosts seen lately' }),
};

const proof = {
  quietFor: field

    .duration(CRITERIA_BOUNDS.quietForMs.min, CRITERIA_BOUNDS.quietForMs.max, 'How long nothing may have been seen of an address')
    .prefault(formatDuration(DEFAULT_CRITERIA.quietForMs)),
  minSweeps: field
    .wholeNumber(CRITERIA_BOUNDS.minSweeps.min, CRITERIA_BOUNDS.minSweeps.max)
    .default(DEFAULT_CRITERIA.minSweeps)
    .meta({ description: 'How often it must have been looked at in that time' }),
  maxGap: field

    .duration(
      CRITERIA_BOUNDS.maxGapMs.min,
      CRITERIA_BOUNDS.maxGapMs.max,
      'How long a look vouches for; the newest look must be younger',
    )
    .prefault(formatDuration(DEFAULT_CRITERIA.maxGapMs)),
  minCoverage: field.share('The share of that time that looks vouch for').default(DEFAULT_CRITERIA.minCoverage),
};

const leaseFormat = ['auto', 'dnsmasq', 'isc', 'kea'] as const;
const leasePath = field.absolutePath('The file that the server keeps its leases in');
const leaseFile = z
  .union(
    [
      leasePath.transform((path): LeaseFileConfig => ({ path, format: 'auto' })),
      field
        .mapping(
          { path: leasePath, format: field.choice(leaseFormat, 'auto: told from what the file says').default('auto') },
          'a path, or a mapping with path and format',
        )
        .transform(({ path, format }): LeaseFileConfig => ({ path, format })),
    ],
    expects('a path, or a mapping with path and format'),
  )
  .meta({ description: 'A lease file of dnsmasq, ISC dhcpd or Kea' });

const dhcp = {
  leases: field.list(leaseFile, 16, 'lease files').prefault([]),
  servers: field
    .list(field.address, 64, 'addresses')
    .prefault([])
    .meta({ description: 'Servers that are meant to be there; default: the first one heard on each segment' }),
  avoidSpans: field.flag('Whether free ranges stay clear of the addresses between those that servers hand out').default(true),
};

const guard = {
  closeAfter: field
    .duration(10_000, 7 * DAY_MS, 'How long a stranger must be silent before its conflict is closed')
    .prefault('10m'),
  splitBrainGrace: field
    .duration(1000, 3_600_000, 'How long two nodes may answer for one address, in a failover')
    .prefault('15s'),
};

const http = {
  listen: field.listen.prefault('127.0.0.1:5227'),
  tokenFile: secretPath('The file that holds the bearer token')
    .optional()
    .transform((path) => path ?? null),
};

const ledger = {
  path: field.absolutePath('The SQLite file').prefault('/var/lib/freehold/freehold.db'),
  keep: field.duration(DAY_MS, 3650 * DAY_MS, 'How long history is kept').prefault('400d'),
};

const log = { level: field.choice(['trace', 'debug', 'info', 'warn', 'error'], 'The least that is logged').default('info') };

export const documentSchema = field.mapping(
  {
    segments: field
      .list(field.mapping(segmentShape, 'a mapping with name and interface'), 64, 'segments')
      .prefault([])
      .meta({ description: 'What is swept; without one, nothing is' }),
    proof: field
      .mapping(proof, 'a mapping')
      .prefault({})
      .transform(({ quietFor, minSweeps, maxGap, minCoverage }): Config['proof'] => ({
        quietForMs: quietFor,
        minSweeps,
        maxGapMs: maxGap,
        minCoverage,
      })),
    dhcp: field.mapping(dhcp, 'a mapping').prefault({}),
    metallb: metallbSchema.prefault({}),
    guard: field
      .mapping(guard, 'a mapping')
      .prefault({})
      .transform(({ closeAfter, splitBrainGrace }): Config['guard'] => ({
        closeAfterMs: closeAfter,
        splitBrainGraceMs: splitBrainGrace,
      })),
    alerts: alertsSchema.prefault({}),
    http: field.mapping(http, 'a mapping').prefault({}),
    ledger: field
      .mapping(ledger, 'a mapping')
      .prefault({})
      .transform(({ path, keep }): Config['ledger'] => ({ path, keepMs: keep })),
    log: field.mapping(log, 'a mapping').prefault({}),
  },
  'a mapping with segments, proof, dhcp, metallb, guard, alerts, http, ledger or log',
);
