/**
 * The configuration file's shape, bounds and defaults: the one place that names its keys. Rules between keys are in
 * config-rules.ts.
 */
import { rangeSet } from '../core/address/range-set.ts';
import { CRITERIA_BOUNDS } from '../core/evidence/check-criteria.ts';
import { DEFAULT_CRITERIA } from '../core/evidence/criteria.ts';
import * as field from './config-fields.ts';
import type { Config } from './config-types.ts';
import { formatDuration } from './duration.ts';

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

const http = {
  listen: field.listen.prefault('127.0.0.1:5227'),
  tokenFile: field
    .absolutePath('The file that holds the bearer token')
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
    dhcp: field
      .mapping(
        { leases: field.list(field.absolutePath('A lease file of dnsmasq'), 16, 'paths').prefault([]) },
        'a mapping with leases',
      )
      .prefault({}),
    http: field.mapping(http, 'a mapping').prefault({}),
    ledger: field
      .mapping(ledger, 'a mapping')
      .prefault({})
      .transform(({ path, keep }): Config['ledger'] => ({ path, keepMs: keep })),
    log: field.mapping(log, 'a mapping').prefault({}),
  },
  'a mapping with segments, proof, dhcp, http, ledger or log',
);
