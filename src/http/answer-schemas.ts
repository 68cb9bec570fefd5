/**
 * The answers of service.ts as schemas, for the OpenAPI document. The `satisfies` clauses keep the two the same: a member
 * that is missing here, or of another type, does not compile.
 */
import { z } from 'zod';
import { SIGHTING_SOURCES } from '../core/evidence/sighting.ts';
import type * as service from './service.ts';

const time = z.string().meta({ format: 'date-time' });
const address = z.string().meta({ format: 'ipv4' });
const count = z.int().min(0);
const seconds = z.number().min(0);
const method = z.enum(['arp', 'icmp']);

export const verdictKind = z.enum(['occupied', 'recently-used', 'leased', 'reserved', 'unproven', 'free']);

const reasonCode = z.enum([
  'seen-now',
  'seen-within-window',
  'intent-within-window',
  'lease-running',
  'reserved',
  'network-address',
  'broadcast-address',
  'gateway',
  'own-address',
  'node-address',
  'excluded',
  'stand-in-answers',
  'never-looked',
  'not-quiet-long-enough',
  'too-few-looks',
  'coverage-too-low',
  'newest-look-too-old',
  'icmp-only',
  'proven-free',
]);

const dhcpSpans = z.enum(['avoid', 'ignore']);

const criteria = z.object({
  quietForSeconds: seconds,
  minSweeps: count,
  maxGapSeconds: seconds,
  minCoverage: z.number(),
}) satisfies z.ZodType<service.CriteriaJson>;

export const proof = z.object({
  since: time.nullable(),
  quietForSeconds: seconds,
  looks: count,
  coverage: z.number().min(0).max(1),
  longestGapSeconds: seconds,
  newestLookAt: time.nullable(),
  lastSeenAt: time.nullable(),
  methods: z.array(method),
}) satisfies z.ZodType<service.ProofJson>;

export const outage = z.object({
  from: time,
  until: time,
  reason: z.string(),
  sweeps: count,
}) satisfies z.ZodType<service.OutageJson>;

const standIn = z.object({
  mac: z.string(),
  vendor: z.string().nullable(),
  addresses: count,
  lastSeenAt: time,
}) satisfies z.ZodType<service.StandInJson>;

const span = { start: address, end: address, size: count };
const withheld = z.array(z.object({ ...span, verdict: verdictKind, reason: z.string(), reasonCode }));

export const freeRanges = z.object({
  segment: z.string(),
  generatedAt: time,
  criteria: criteria.extend({ size: count, alignment: z.enum(['none', 'cidr']), dhcpSpans, weakerThanConfigured: z.boolean() }),
  ranges: z.array(z.object({ ...span, proof })),
  withheld,
  freeAddresses: count,
  truncated: z.boolean(),
  outages: z.array(outage),
  notices: z.array(z.string()),
}) satisfies z.ZodType<service.FreeRangesAnswer>;

const occupancy = z.object({
  mac: z.string().nullable(),
  vendor: z.string().nullable(),
  hostname: z.string().nullable(),
  firstSeenAt: time,
  lastSeenAt: time,
  sources: z.array(z.enum(SIGHTING_SOURCES)),
  intent: z.boolean(),
}) satisfies z.ZodType<service.OccupancyJson>;

export const addresses = z.object({
  segment: z.string(),
  generatedAt: time,
  addresses: z.array(
    z.object({
      address,
      verdict: verdictKind,
      reason: z.string(),
      macs: z.array(z.string()),
      vendor: z.string().nullable(),
      hostname: z.string().nullable(),
      lastSeenAt: time.nullable(),
    }),
  ),
  counts: z.record(verdictKind, count),
  next: address.nullable(),
}) satisfies z.ZodType<service.AddressesAnswer>;

export const addressAnswer = z.object({
  address,
  segment: z.string(),
  generatedAt: time,
  verdict: verdictKind,
  use: z.enum(['used', 'unused', 'unknown']),
  reasons: z.array(z.object({ code: reasonCode, text: z.string() })),
  proof,
  criteria,
  lease: z.object({ mac: z.string().nullable(), hostname: z.string().nullable(), endsAt: time.nullable() }).nullable(),
  history: z.array(occupancy),
  outages: z.array(outage),
}) satisfies z.ZodType<service.AddressAnswer>;

export const sweep = z.object({
  id: z.int().nullable(),
  segment: z.string(),
  trigger: z.enum(['schedule', 'request', 'verify']),
  method,
  startedAt: time,
  durationMs: z.number(),
  probesPlanned: count,
  probesSent: count,
  sendFailures: count,
  repliesReceived: count,
  answered: count,
  kernelDrops: count,
  controls: z.object({ asked: count, answered: count }),
  valid: z.boolean(),
  invalidReason: z.string().nullable(),
}) satisfies z.ZodType<service.SweepJson>;

export const sweeps = z.object({
  sweeps: z.array(sweep),
  next: z.int().nullable(),
}) satisfies z.ZodType<service.SweepsAnswer>;

export const sweepNow = z.object({ sweep: sweep.nullable() });

export const segments = z.object({
  segments: z.array(
    z.object({
      name: z.string(),
      interface: z.string().nullable(),
      cidr: z.string(),
      method,
      schedule: z.string(),
      rate: z.union([count, z.literal('max')]),
      state: z.enum(['sweeping', 'idle', 'waiting']),
      waitingFor: z.string().nullable(),
      gateway: address.nullable(),
      ownAddresses: z.array(address),
      standIns: z.array(standIn),
      lastSweep: sweep.nullable(),
      lastValidSweepAt: time.nullable(),
      framesReceived: count,
      kernelDrops: count,
      ignored: z.record(z.string(), count),
    }),
  ),
}) satisfies z.ZodType<ReturnType<service.FreeholdService['segments']>>;

const heard = z.object({
  address,
  mac: z.string().nullable(),
  vendor: z.string().nullable(),
  hostname: z.string().nullable(),
  sources: z.array(z.enum(SIGHTING_SOURCES)),
  intent: z.boolean().meta({ description: 'Not there yet: an ARP probe, a DHCP request or answer, a lease file' }),
  at: time,
}) satisfies z.ZodType<service.HeardJson>;

export const verify = z.object({
  segment: z.string(),
  range: z.object(span),
  startedAt: time,
  durationMs: z.number(),
  free: z.boolean(),
  live: z.object({
    valid: z.boolean(),
    invalidReason: z.string().nullable(),
    probesSent: count,
    conflicts: z.array(z.object({ address, mac: z.string(), vendor: z.string().nullable(), kind: z.enum(['used', 'probed']) })),
    scanners: z.array(z.string()),
    heardSince: time,
    heard: z.array(heard).meta({
      description:
        'All that was heard of addresses of the range since then, whoever it was meant for: any of it makes `free` false',
    }),
    heardTruncated: z.boolean(),
    notAsked: z.array(z.object(span)).meta({
      description: 'Parts of the range that were asked nothing: excluded addresses, and our own. Silence there means nothing',
    }),
  }),
  proof,
  withheld,
  criteria: criteria.extend({ dhcpSpans, weakerThanConfigured: z.boolean() }),
}) satisfies z.ZodType<service.VerifyAnswer>;

export const health = z.object({ status: z.literal('ok') });

export const readiness = z.object({
  ready: z.boolean(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
}) satisfies z.ZodType<ReturnType<service.FreeholdService['readiness']>>;

export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string().meta({ description: 'Stable, for programs' }),
  hint: z.string().optional(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
});
