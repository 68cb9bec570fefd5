/**
 * The bodies of `POST /claims` and `POST /claims/{id}`: what a claim may say, field by field and with bounds. What `freehold apply`
 * records goes through here, also where no daemon runs.
 */
import { z } from 'zod';
import { type Ipv4Range, parseRange } from '../core/address/range.ts';
import { rangeSet } from '../core/address/range-set.ts';
import { CLAIM_STATES, type ClaimProof, MAX_CLAIM_BY, MAX_OUTCOME, MAX_OVERRIDDEN } from '../core/claim/types.ts';
import { err, ok } from '../core/result.ts';
import { printable } from '../core/text.ts';
import * as field from '../system/config-fields.ts';
import { expects, textField } from '../system/text-field.ts';
import type { ClaimDraft, ClaimEnding } from './claim-service.ts';
import { readBody } from './input.ts';
import { momentText, objectName } from './parameters.ts';

/** Of one claim: a pool has a handful. */
const MOST_RANGES = 256;
/** Seconds of four hundred years. */
const LONGEST = 1.3e10;
const MOST = 1e12;

/** One line, as other people will read it: refused rather than changed. */
const words = (least: number, most: number, description: string) => {
  const what = `${least === 0 ? 'at most' : `${least} to`} ${most} printable characters on one line`;
  return textField(what, { description, minLength: least, maxLength: most }, (text) =>
    text.length >= least && printable(text, most) === text ? ok(text) : err(`expected ${what}`),
  );
};

const figure = (most: number, what: string) => z.number(expects(what)).min(0, expects(what)).max(most, expects(what));
const seconds = figure(LONGEST, 'seconds');
const count = field.wholeNumber(0, MOST, 'a whole number');
const moment = momentText('RFC 3339');

const proof = z.strictObject(
  {
    since: moment.nullable(),
    quietForSeconds: seconds,
    looks: count,
    coverage: field.share('The share of the time that looks vouch for'),
    longestGapSeconds: seconds,
    newestLookAt: moment.nullable(),
    lastSeenAt: moment.nullable(),
    methods: z.array(z.enum(['arp', 'icmp'], expects('arp or icmp'))).max(2, expects('arp, icmp or both')),
    criteria: z.strictObject(
      { quietForSeconds: seconds, minSweeps: count, maxGapSeconds: seconds, minCoverage: field.share('As asked for') },
      expects('the criteria that it was judged by'),
    ),
    weakerThanConfigured: field.flag('Judged by weaker criteria than the configured ones'),
    verifiedAt: moment,
    probesSent: count,
    kept: count,
  },
  expects('a proof, or null'),
);

const range = textField<Ipv4Range>(
  'an address, a range or a network, like 192.0.2.10-192.0.2.20',
  { description: 'ADDRESS, FIRST-LAST or ADDRESS/LENGTH' },
  parseRange,
);

export const newClaimBody = z
  .strictObject({
    by: words(1, MAX_CLAIM_BY, 'Who makes it, like ada@jump'),
    server: words(1, 2048, 'URL of the API server'),
    namespace: objectName('The namespace of the pool'),
    pool: objectName('The name of the IPAddressPool'),
    advertisement: objectName('The name of the L2Advertisement'),
    ranges: field.list(range, MOST_RANGES, 'ranges').min(1, expects('at least one range')),
    proof: proof.nullable().meta({ description: 'What it rests on; null only where it is overridden' }),
    overridden: words(1, MAX_OVERRIDDEN, 'Why it is made without a proof').nullable(),
  })
  .refine((claim) => claim.proof !== null || claim.overridden !== null, {
    path: ['proof'],
    error: () => 'expected a proof, or in overridden why there is none',
  });

export const claimEndingBody = z.strictObject({
  state: z
    .enum(CLAIM_STATES, expects('one of complete, failed, unknown'))
    .exclude(['pushing'], expects('one of complete, failed, unknown'))
    .meta({
      description: 'complete: it is in the cluster; failed: nothing of it is; unknown: the cluster could not be asked any more',
    }),
  outcome: words(0, MAX_OUTCOME, 'What the cluster said, in words').default(''),
});

export function draftOf(body: z.output<typeof newClaimBody>): ClaimDraft {
  return { ...body, ranges: rangeSet(body.ranges), proof: body.proof === null ? null : proofOf(body.proof) };
}

/** @throws InputError `invalid-body` */
export const readClaim = (body: unknown): ClaimDraft => draftOf(readBody(newClaimBody, body));
/** @throws InputError `invalid-body` */
export const readEnding = (body: unknown): ClaimEnding => readBody(claimEndingBody, body);

const ms = (value: number): number => Math.round(value * 1000);

const proofOf = (given: z.output<typeof proof>): ClaimProof => ({
  sinceMs: given.since,
  quietForMs: ms(given.quietForSeconds),
  looks: given.looks,
  coverage: given.coverage,
  longestGapMs: ms(given.longestGapSeconds),
  newestLookMs: given.newestLookAt,
  lastSeenMs: given.lastSeenAt,
  methods: given.methods,
  criteria: {
    quietForMs: ms(given.criteria.quietForSeconds),
    minSweeps: given.criteria.minSweeps,
    maxGapMs: ms(given.criteria.maxGapSeconds),
    minCoverage: given.criteria.minCoverage,
  },
  weakerThanConfigured: given.weakerThanConfigured,
  verifiedMs: given.verifiedAt,
  probesSent: given.probesSent,
  kept: given.kept,
});
