/**
 * POST /verify: the full RFC 5227 probe sequence on every address of a range, now, and its history beside it.
 */
import { z } from 'zod';
import { sizeOf } from '../core/address/range.ts';
import { EXIT, FreeholdError } from '../core/error.ts';
import * as answers from './answer-schemas.ts';
import { postOperation } from './operation.ts';
import { criteriaBody, criteriaOf, dhcpSpans, momentText, ownPool, rangeText } from './parameters.ts';

/** Four frames go out for each of them within seconds. */
export const VERIFY_MAX_ADDRESSES = 4096;

export const verifyOperation = postOperation({
  path: '/verify',
  summary: 'Probe a range now (RFC 5227; 4 to 7 seconds) and judge its history',
  body: z.strictObject({
    range: rangeText('ADDRESS, FIRST-LAST or ADDRESS/LENGTH; at most 4096 addresses'),
    ...criteriaBody,
    dhcpSpans,
    ...ownPool,
    heardSince: momentText(
      'Whatever was heard of an address of the range since then speaks against it, ARP and DHCP; default, and latest: the start of the run',
    ).optional(),
  }),
  answers: { 200: { description: 'Whether it is free, and how that is known', schema: answers.verify } },
  reply: async (service, body) => {
    const size = sizeOf(body.range);
    if (size > VERIFY_MAX_ADDRESSES) {
      throw new FreeholdError(
        'verify-range-too-large',
        `The range has ${size} addresses; at most ${VERIFY_MAX_ADDRESSES} at once.`,
        {
          exitCode: EXIT.usage,
          hint: 'Verify it in parts, or a smaller range: GET /free-ranges judges a whole segment by its history.',
        },
      );
    }
    return {
      status: 200,
      body: await service.verify({
        range: body.range,
        criteria: criteriaOf(body),
        dhcpSpans: body.dhcpSpans,
        pool: body.pool,
        poolServer: body.poolServer,
        poolNamespace: body.poolNamespace,
        heardSinceMs: body.heardSince,
      }),
    };
  },
});
