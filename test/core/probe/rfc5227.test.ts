import { expect, it } from 'vitest';
import * as rfc from '../../../src/core/probe/rfc5227.ts';

it('the constants are those of RFC 5227 section 1.1, and no others', () => {
  expect({ ...rfc }).toEqual({
    PROBE_WAIT_MS: 1_000,
    PROBE_NUM: 3,
    PROBE_MIN_MS: 1_000,
    PROBE_MAX_MS: 2_000,
    ANNOUNCE_WAIT_MS: 2_000,
    ANNOUNCE_NUM: 2,
    ANNOUNCE_INTERVAL_MS: 2_000,
    MAX_CONFLICTS: 10,
    RATE_LIMIT_INTERVAL_MS: 60_000,
    DEFEND_INTERVAL_MS: 10_000,
  });
});
