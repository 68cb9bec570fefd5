import { describe, expect, it } from 'vitest';
import { errorOfNetwork, errorOfStatus, readStatus } from '../../../src/cluster/kube/errors.ts';

const status = (code: number, message: string, more: object = {}): string =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code, ...more });

/** The texts are those that API servers and MetalLB's users have shown. */
const CASES: readonly (readonly [string, number, string, string, number, boolean])[] = [
  ['an expired token', 401, status(401, 'Unauthorized', { reason: 'Unauthorized' }), 'cluster-unauthorized', 4, false],
  [
    'RBAC',
    403,
    status(403, 'nodes is forbidden: User "freehold" cannot list resource "nodes" in API group "" at the cluster scope'),
    'cluster-forbidden',
    4,
    false,
  ],
  [
    'a denial by the webhook, which is a 403 too',
    403,
    status(
      403,
      'admission webhook "ipaddresspoolvalidationwebhook.metallb.io" denied the request: CIDR "192.0.2.200/29" in pool "b" overlaps with already defined CIDR "192.0.2.200/30"',
    ),
    'cluster-denied',
    3,
    false,
  ],
  [
    'a webhook that cannot be called',
    500,
    status(
      500,
      'Internal error occurred: failed calling webhook "ipaddresspoolvalidationwebhook.metallb.io": failed to call webhook: Post "https://metallb-webhook-service.metallb-system.svc:443/validate-metallb-io-v1beta1-ipaddresspool?timeout=10s": no endpoints available for service "metallb-webhook-service"',
    ),
    'cluster-webhook-unready',
    5,
    true,
  ],
  [
    'an object that is not there',
    404,
    status(404, 'ipaddresspools.metallb.io "x" not found', { reason: 'NotFound' }),
    'cluster-not-found',
    3,
    false,
  ],
  [
    'a kind that is not there',
    404,
    status(404, 'the server could not find the requested resource'),
    'cluster-kind-unknown',
    3,
    false,
  ],
  ['a path that is not there', 404, '404 page not found\n', 'cluster-kind-unknown', 3, false],
  [
    'a field of another manager',
    409,
    status(409, 'Apply failed with 1 conflict: conflict with "helm" using metallb.io/v1beta1: .spec.addresses', {
      details: {
        causes: [
          { reason: 'FieldManagerConflict', message: 'conflict with "helm" using metallb.io/v1beta1', field: '.spec.addresses' },
        ],
      },
    }),
    'cluster-field-conflict',
    3,
    false,
  ],
  [
    'a change by somebody else',
    409,
    status(409, 'the object has been modified', { reason: 'Conflict' }),
    'cluster-changed',
    1,
    true,
  ],
  [
    'a resource version that is too old',
    410,
    status(410, 'too old resource version: 1 (99)', { reason: 'Expired' }),
    'cluster-gone',
    1,
    true,
  ],
  [
    'a schema',
    422,
    status(422, 'IPAddressPool.metallb.io "x" is invalid: spec.addresses: Required value'),
    'cluster-invalid',
    3,
    false,
  ],
  [
    'a field that is not known',
    400,
    status(400, 'strict decoding error: unknown field "spec.adresses"'),
    'cluster-invalid',
    3,
    false,
  ],
  [
    'a patch type that custom resources refuse',
    415,
    status(415, 'the body of the request was in an unknown format'),
    'cluster-invalid',
    3,
    false,
  ],
  ['too many requests', 429, status(429, 'too many requests'), 'cluster-busy', 5, true],
  ['a server in trouble', 503, 'upstream connect error', 'cluster-busy', 5, true],
  ['a page of something else', 302, '<html>', 'cluster-not-kubernetes', 5, false],
];

describe('errorOfStatus', () => {
  it.each(CASES)('%s', (_, http, body, code, exitCode, mayPass) => {
    const error = errorOfStatus(http, body, 'GET https://192.0.2.9:6443/x');
    expect([error.code, error.exitCode, error.mayPass]).toEqual([code, exitCode, mayPass]);
    expect(error.hint).not.toBe('');
  });

  it('shows the words of the webhook as they are', () => {
    expect(errorOfStatus(403, CASES[2]?.[2] ?? '', 'x').message).toContain('overlaps with already defined CIDR "192.0.2.200/30"');
  });

  it('makes text from the cluster safe for a terminal', () => {
    expect(readStatus(500, status(500, 'a\u001b[2Jb'))?.message).toBe('a[2Jb');
  });

  it.each([
    ['null'],
    ['[]'],
    ['"Status"'],
    ['{"kind":"Status","details":{"causes":[null,1]}}'],
    ['{"kind":"Status","message":7}'],
  ])('takes %s without a stumble', (body) => {
    expect(errorOfStatus(500, body, 'x').code).toBe('cluster-busy');
  });
});

const failed = (code: string): Error =>
  Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error('inner'), { code }) });

describe('errorOfNetwork', () => {
  it.each([
    ['ECONNREFUSED', 'cluster-unreachable'],
    ['ECONNRESET', 'cluster-unreachable'],
    ['ENOTFOUND', 'cluster-unreachable'],
    ['UND_ERR_SOCKET', 'cluster-unreachable'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'cluster-untrusted'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'cluster-untrusted'],
    ['CERT_HAS_EXPIRED', 'cluster-untrusted'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'cluster-untrusted'],
  ])('%s is %s', (code, expected) => {
    const error = errorOfNetwork(failed(code), 'https://192.0.2.9:6443', null);
    expect([error.code, error.exitCode]).toEqual([expected, 5]);
    expect(error.message).toContain(code);
  });

  it('says how long it waited', () => {
    expect(errorOfNetwork(new Error('aborted'), 'https://192.0.2.9:6443', 15_000).message).toContain('no answer within 15 s');
  });
});
