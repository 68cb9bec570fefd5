import { describe, expect, it } from 'vitest';
import {
  claimsInForce,
  type FollowedPools,
  isAskedOfFollowed,
  type OwnPool,
  type StandingClaim,
  sameServer,
  standingOf,
} from '../../../src/core/claim/standing.ts';
import type { ClaimState } from '../../../src/core/claim/types.ts';
import { MINUTE, set, T0 } from '../../ledger/fixtures.ts';

const A = 'https://192.0.2.9:6443';
const B = 'https://192.0.2.10:6443';

describe('sameServer()', () => {
  it.each([
    [A, A, true],
    ['https://API.example:443/', 'https://api.example', true],
    ['https://api.example/k8s/clusters/c-1/', 'https://api.example/k8s/clusters/c-1', true],
    [A, B, false],
    [A, 'http://192.0.2.9:6443', false],
    ['https://api.example/a', 'https://api.example/b', false],
    [A, null, false],
    [null, null, false],
    ['not a URL', 'not a URL', false],
  ])('%s and %s: %s', (a, b, same) => expect(sameServer(a, b)).toBe(same));
});

const claim = (id: number, state: ClaimState, more: Partial<StandingClaim> = {}) => ({
  id,
  state,
  startedMs: T0,
  endedMs: state === 'pushing' ? null : T0 + 1000,
  server: A,
  namespace: 'metallb-system',
  pool: 'p',
  ranges: set('192.0.2.200'),
  ...more,
});

describe('standingOf()', () => {
  const ids = (...claims: readonly ReturnType<typeof claim>[]) => standingOf(claims).map(({ id }) => id);
  it('is the newest of a pool that was completed, and what may have come of those after it', () => {
    expect(
      ids(claim(5, 'pushing'), claim(4, 'unknown'), claim(3, 'complete'), claim(2, 'complete'), claim(1, 'unknown')),
    ).toEqual([5, 4, 3]);
  });
  it('tells pools apart by server, namespace and name', () => {
    const others = [
      claim(3, 'complete', { server: B }),
      claim(2, 'complete', { namespace: 'lb' }),
      claim(1, 'complete', { pool: 'q' }),
    ];
    expect(ids(claim(4, 'complete'), ...others)).toEqual([4, 3, 2, 1]);
  });
});

describe('claimsInForce()', () => {
  const FOLLOWED: FollowedPools = { server: A, namespace: 'metallb-system', poolsAsOfMs: T0 + 2000 };
  const own = (server: string | null, more: Partial<OwnPool> = {}): OwnPool => ({ pool: 'p', server, namespace: null, ...more });
  it.each<[string, boolean, StandingClaim, FollowedPools | null, OwnPool | null]>([
    ['of a cluster that nobody reads', true, claim(1, 'complete'), null, null],
    ['of the pool that is asked for', false, claim(1, 'complete'), null, own(A)],
    [
      'of the pool that is asked for, by namespace too',
      false,
      claim(1, 'complete'),
      null,
      own(A, { namespace: 'metallb-system' }),
    ],
    ['of the same name in another namespace', true, claim(1, 'complete'), null, own(A, { namespace: 'lb' })],
    ['of the same name in another cluster', true, claim(1, 'complete'), null, own(B)],
    ['of another pool there', true, claim(1, 'complete'), null, own(A, { pool: 'q' })],
    ['of that name, asked for without a server, where none is followed', true, claim(1, 'complete'), null, own(null)],
    [
      'of the followed cluster, asked for without a server',
      false,
      claim(1, 'complete'),
      { ...FOLLOWED, poolsAsOfMs: null },
      own(null),
    ],
    ['of another cluster, asked for without a server', true, claim(1, 'complete', { server: B }), FOLLOWED, own(null)],
    ['of a cluster that was read since', false, claim(1, 'complete'), FOLLOWED, null],
    ['of one that was read before it', true, claim(1, 'complete'), { ...FOLLOWED, poolsAsOfMs: T0 }, null],
    ['of one whose pools were never read', true, claim(1, 'complete'), { ...FOLLOWED, poolsAsOfMs: null }, null],
    ['of another namespace of it', true, claim(1, 'complete', { namespace: 'lb' }), FOLLOWED, null],
    ['of another cluster than the one that is read', true, claim(1, 'complete', { server: B }), FOLLOWED, null],
    ['that is being pushed', true, claim(1, 'pushing'), FOLLOWED, null],
    ['that never ended, long ago', false, claim(1, 'pushing'), { ...FOLLOWED, poolsAsOfMs: T0 + 16 * MINUTE }, null],
  ])('a claim %s: %s', (_, inForce, one, followed, asked) => {
    expect(claimsInForce([one], followed, asked)).toHaveLength(inForce ? 1 : 0);
  });

  it.each<[OwnPool | null, FollowedPools | null, boolean]>([
    [null, FOLLOWED, false],
    [own(null), FOLLOWED, true],
    [own(A), FOLLOWED, true],
    [own(A), null, true],
    [own(B), FOLLOWED, false],
    [own(A), { ...FOLLOWED, server: null }, false],
    [own(A, { namespace: 'lb' }), FOLLOWED, false],
  ])('%j is asked of %j: %s', (asked, followed, expected) => expect(isAskedOfFollowed(asked, followed)).toBe(expected));
});
