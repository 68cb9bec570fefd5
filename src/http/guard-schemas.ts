/**
 * The answers of guard-service.ts as schemas, for the OpenAPI document. Kept the same by `satisfies`, like answer-schemas.ts.
 */
import { z } from 'zod';
import { CONFLICT_KINDS } from '../core/conflict/types.ts';
import { SIGHTING_SOURCES } from '../core/evidence/sighting.ts';
import type * as service from './guard-service.ts';

const time = z.string().meta({ format: 'date-time' });
const address = z.string().meta({ format: 'ipv4' });
const count = z.int().min(0);
const range = z.object({ start: address, end: address, size: count });

export const conflictKind = z.enum(CONFLICT_KINDS);

export const conflict = z.object({
  id: z.int().min(1),
  kind: conflictKind,
  severity: z.enum(['notice', 'warning', 'critical']),
  state: z.enum(['open', 'closed']),
  segment: z.string(),
  pool: z.string(),
  address,
  overlap: range.nullable(),
  mac: z.string().nullable(),
  macs: z.array(z.string()),
  vendor: z.string().nullable(),
  hostname: z.string().nullable(),
  service: z.string().nullable(),
  summary: z.string().meta({ description: 'One sentence for people' }),
  firstSeenAt: time,
  lastSeenAt: time,
  openedAt: time,
  closedAt: time.nullable(),
  closeReason: z.string().nullable(),
  sightings: count,
  sources: z.array(z.enum(SIGHTING_SOURCES)),
  acknowledged: z.object({ at: time, by: z.string(), note: z.string() }).nullable(),
}) satisfies z.ZodType<service.ConflictJson>;

export const conflicts = z.object({
  generatedAt: time,
  conflicts: z.array(conflict),
  open: count.meta({ description: 'All open ones, whatever was asked for' }),
  openByKind: z.record(conflictKind, count),
  openMatching: count.meta({ description: 'Open ones of the segment and kind that were asked for' }),
  notices: z.array(z.string()).meta({ description: 'Where the guard does not hear everything, or is not set up' }),
  blind: z.boolean().meta({
    description: 'Nothing of what was asked for can be heard now: that no conflict is open says nothing then',
  }),
  dismissed: z
    .record(z.string(), count)
    .meta({ description: 'Sightings of pool addresses that raised nothing, by rule, since the start' }),
  next: z.int().nullable(),
}) satisfies z.ZodType<service.ConflictsAnswer>;

export const pools = z.object({
  generatedAt: time,
  source: z.enum(['configuration', 'cluster']),
  asOf: time.nullable().meta({ description: 'When that was last known to be true; null: always (configuration)' }),
  cluster: z
    .object({
      server: z.string().nullable(),
      kinds: z.array(
        z.object({
          kind: z.string(),
          needed: z.boolean(),
          state: z.enum(['starting', 'up', 'absent', 'failing']),
          code: z.string().nullable(),
          message: z.string().nullable(),
          asOf: time.nullable(),
        }) satisfies z.ZodType<service.ClusterKindJson>,
      ),
    })
    .nullable()
    .meta({ description: 'What of the cluster is read, and how that goes; null: none is' }),
  pools: z.array(
    z.object({
      name: z.string(),
      addresses: z.array(range),
      size: count,
      segments: z.array(z.string()),
      unwatched: z.array(range).meta({ description: 'No segment holds these: the guard is blind there' }),
      openConflicts: count,
    }) satisfies z.ZodType<service.PoolJson>,
  ),
  speakers: z.array(z.object({ mac: z.string(), node: z.string().nullable(), vendor: z.string().nullable() })),
  assigned: z
    .array(
      z.object({
        address,
        service: z.string(),
        node: z.string().nullable().meta({ description: 'Elected to announce it, as computed here' }),
        reportedNodes: z.array(z.string()).nullable().meta({ description: 'Announcing it, by ServiceL2Status' }),
        answeredBy: z.object({ mac: z.string(), node: z.string().nullable(), at: time }).nullable(),
      }) satisfies z.ZodType<service.AssignedJson>,
    )
    .nullable()
    .meta({ description: 'null: which addresses Services hold is not known' }),
  requested: z.array(z.object({ address, service: z.string() })).meta({ description: 'Asked for by Services' }),
  notices: z.array(z.string()),
}) satisfies z.ZodType<service.PoolsAnswer>;

const dhcpServer = z.object({
  server: z.string().meta({ description: "The server's address, or `lease-file`" }),
  mac: z.string().nullable(),
  vendor: z.string().nullable(),
  span: range.nullable(),
  firstHeardAt: time,
  lastHeardAt: time,
  messages: count,
  unexpected: z.boolean(),
  overlaps: z.array(range.extend({ pool: z.string() })),
}) satisfies z.ZodType<service.DhcpServerJson>;

export const dhcp = z.object({
  generatedAt: time,
  segments: z.array(
    z.object({
      segment: z.string(),
      state: z.enum(['heard', 'lease-files', 'unknown']).meta({
        description:
          '`unknown`: none was heard, which a switch that filters DHCP makes the rule: it does not mean that there is none',
      }),
      servers: z.array(dhcpServer),
      leases: z.array(
        z.object({
          address,
          mac: z.string().nullable(),
          hostname: z.string().nullable(),
          endsAt: time.nullable(),
          source: z.enum(['dhcp-ack', 'lease-file']),
          pool: z.string().nullable(),
        }),
      ),
      leasesTruncated: z.boolean(),
    }) satisfies z.ZodType<service.DhcpSegmentJson>,
  ),
  files: z.array(
    z.object({
      path: z.string(),
      format: z.string().nullable(),
      leases: count,
      malformed: count,
      problem: z.string().nullable(),
    }),
  ),
}) satisfies z.ZodType<service.DhcpAnswer>;
