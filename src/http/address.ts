/**
 * GET /addresses/{ip}: one address, its verdict, proof and history.
 */
import { z } from 'zod';
import { parseIpv4 } from '../core/address/ipv4.ts';
import * as answers from './answer-schemas.ts';
import { getOperation } from './operation.ts';
import { criteriaOf, criteriaQuery } from './parameters.ts';
import { InputError } from './problem.ts';

export const addressOperation = getOperation({
  path: '/addresses/{ip}',
  pathSchema: { type: 'string', format: 'ipv4' },
  summary: 'One address: verdict, proof and history',
  query: z.strictObject(criteriaQuery),
  answers: { 200: { description: 'All that is known of it', schema: answers.addressAnswer } },
  reply: (service, query, { pathValue }) => {
    const address = parseIpv4(pathValue);
    if (!address.ok) throw new InputError('invalid-address', [{ field: 'ip', message: address.error.slice(0, 200) }]);
    return { status: 200, body: service.address(address.value, criteriaOf(query)) };
  },
});
