/**
 * The parameters that several resources share, with their bounds. Query parameters are text; members of a body are typed.
 */
import { z } from 'zod';
import { parseIpv4 } from '../core/address/ipv4.ts';
import { type Ipv4Range, parseRange } from '../core/address/range.ts';
import { CRITERIA_BOUNDS } from '../core/evidence/check-criteria.ts';
import type { Criteria } from '../core/evidence/criteria.ts';
import { err, ok } from '../core/result.ts';
import { printable } from '../core/text.ts';
import * as field from '../system/config-fields.ts';
import { textField } from '../system/text-field.ts';

/** A whole number written as text. */
export function wholeNumberText(from: number, to: number, description: string) {
  const what = `a whole number from ${from} to ${to}`;
  return textField(what, { description, type: 'integer', minimum: from, maximum: to }, (text) => {
    const value = Number(text);
    return /^\d{1,16}$/.test(text) && value >= from && value <= to ? ok(value) : err(`expected ${what}`);
  });
}

const shareText = (description: string) =>
  textField('a number from 0 to 1', { description, type: 'number', minimum: 0, maximum: 1 }, (text) =>
    /^\d(\.\d{1,9})?$/.test(text) && Number(text) <= 1 ? ok(Number(text)) : err('expected a number from 0 to 1'),
  );

export const { choice } = field;

export const addressText = (description: string) => textField('an IPv4 address', { description, format: 'ipv4' }, parseIpv4);

/** RFC 1123 subdomain: what Kubernetes lets an object be called. */
const OBJECT_NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const OBJECT_NAME_EXPECTED = 'a name as Kubernetes has them: lower case letters, digits, hyphens and dots';
export const objectName = (description: string) =>
  textField(OBJECT_NAME_EXPECTED, { description, maxLength: 253 }, (text) =>
    OBJECT_NAME.test(text) ? ok(text) : err(`expected ${OBJECT_NAME_EXPECTED}`),
  );

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i;
const MOMENT_EXPECTED = 'a time, like 2026-05-01T10:20:30Z';
/** RFC 3339; epoch ms once read. */
export const momentText = (description: string) =>
  textField(MOMENT_EXPECTED, { description, format: 'date-time' }, (text) => {
    const atMs = MOMENT.test(text) ? Date.parse(text) : Number.NaN;
    return atMs >= 0 ? ok(atMs) : err(`expected ${MOMENT_EXPECTED}`);
  });

export const segment = field.segmentName.optional();

const { quietForMs, minSweeps, maxGapMs } = CRITERIA_BOUNDS;
const durations = {
  quietFor: field.duration(quietForMs.min, quietForMs.max, 'Nothing seen of an address for this long, like 72h').optional(),
  maxGap: field.duration(maxGapMs.min, maxGapMs.max, 'How long a look vouches for, like 15m').optional(),
};
const LOOKS = 'Looks within quietFor, at least';
const COVERAGE = 'The share of quietFor that looks vouch for, at least';

/** The criteria, each overridable per query; what is left out is as configured. */
export const criteriaQuery = {
  ...durations,
  minSweeps: wholeNumberText(minSweeps.min, minSweeps.max, LOOKS).optional(),
  minCoverage: shareText(COVERAGE).optional(),
};

export const criteriaBody = {
  ...durations,
  minSweeps: field.wholeNumber(minSweeps.min, minSweeps.max).meta({ description: LOOKS }).optional(),
  minCoverage: field.share(COVERAGE).optional(),
};

export const dhcpSpans = choice(
  ['avoid', 'ignore'],
  'Whether to stay clear of the addresses that DHCP servers were seen to hand out; as configured where it is left out',
).optional();

const MAX_SERVER = 2048;
const SERVER_EXPECTED = 'the URL of an API server, like https://192.0.2.9:6443';
const serverUrl = (description: string) =>
  textField(SERVER_EXPECTED, { description, maxLength: MAX_SERVER }, (text) =>
    /^https?:/i.test(text) && printable(text, MAX_SERVER) === text && URL.canParse(text)
      ? ok(text)
      : err(`expected ${SERVER_EXPECTED}`),
  );

/** Of a pool that is to be pushed again. */
export const ownPool = {
  pool: objectName('A pool whose addresses are not withheld merely because they are in it, or claimed for it').optional(),
  poolServer: serverUrl(
    'The API server that pool is in: one of the same name in another cluster is another pool. Where it is left out: the cluster that is followed',
  ).optional(),
  poolNamespace: objectName('The namespace of that pool; any where it is left out').optional(),
};

const RANGE_EXPECTED = 'an address, a range or a network, like 192.0.2.10-192.0.2.20';
export const rangeText = (description: string) => textField<Ipv4Range>(RANGE_EXPECTED, { description }, parseRange);

interface AskedCriteria {
  readonly quietFor?: number | undefined;
  readonly minSweeps?: number | undefined;
  readonly maxGap?: number | undefined;
  readonly minCoverage?: number | undefined;
}

/** Only what was asked for; the service fills in the rest. */
export const criteriaOf = (asked: AskedCriteria): Partial<Criteria> => ({
  ...(asked.quietFor === undefined ? {} : { quietForMs: asked.quietFor }),
  ...(asked.minSweeps === undefined ? {} : { minSweeps: asked.minSweeps }),
  ...(asked.maxGap === undefined ? {} : { maxGapMs: asked.maxGap }),
  ...(asked.minCoverage === undefined ? {} : { minCoverage: asked.minCoverage }),
});

export const NO_PARAMETERS = z.strictObject({});
