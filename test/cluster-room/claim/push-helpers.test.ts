/** The small parts of a push: what may be stored, what is taken for advertised, what is told, and the server's dry run. */
import { describe, expect, it } from 'vitest';
import { advertises, changedMeanwhile, locked } from '../../../src/cluster/claim/advertisement.ts';
import { mayBeStored } from '../../../src/cluster/claim/certainty.ts';
import { dryRun, ObjectError, pushFailure } from '../../../src/cluster/claim/push.ts';
import { connectCluster } from '../../../src/cluster/connect.ts';
import { errorOfNetwork, errorOfStatus } from '../../../src/cluster/kube/errors.ts';
import type { KubeObject } from '../../../src/cluster/kube/objects.ts';
import { startCluster } from '../../cluster/double.ts';
import { kubeadmCluster, withMetallb } from '../../cluster/fixtures.ts';

const SERVER = 'https://192.0.2.9:6443';

const network = (code: string): Error =>
  errorOfNetwork(new TypeError('fetch failed', { cause: Object.assign(new Error('broke'), { code }) }), SERVER, null);
const status = (code: number, message = 'no', reason = ''): Error =>
  errorOfStatus(code, JSON.stringify({ kind: 'Status', message, reason, code }), 'PATCH x');

describe('whether a request that failed may be stored', () => {
  it.each<[string, unknown, boolean]>([
    ['nobody listens', network('ECONNREFUSED'), false],
    ['a name that nobody knows', network('ENOTFOUND'), false],
    ['no way there', network('EHOSTUNREACH'), false],
    ['a connection that did not come about in time', network('UND_ERR_CONNECT_TIMEOUT'), false],
    ['a connection that broke', network('ECONNRESET'), true],
    ['a socket that was closed', network('UND_ERR_SOCKET'), true],
    ['no answer in time', errorOfNetwork(new Error('aborted'), SERVER, 15_000), true],
    ['too many requests', status(429), false],
    ['unavailable', status(503), false],
    ['a server that gave up waiting for itself', status(504), true],
    ['an error within the server', status(500), true],
    ['a page of a proxy', errorOfStatus(502, '<html>', 'PATCH x'), true],
    ['a webhook that could not be asked', status(500, 'Internal error occurred: failed calling webhook "x"'), false],
    ['denied', status(403, 'admission webhook "x" denied the request: no'), false],
    ['a conflict', status(409, 'changed', 'Conflict'), false],
    ['a fault of ours', new Error('x'), false],
  ])('%s', (_, error, expected) => {
    expect(mayBeStored(error)).toBe(expected);
  });
});

describe('what is taken for advertised', () => {
  it.each<[string, object, boolean]>([
    ['named', { ipAddressPools: ['o', 'p'] }, true],
    ['all', {}, true],
    ['another one', { ipAddressPools: ['o'] }, false],
    ['by labels alone', { ipAddressPoolSelectors: [{ matchLabels: { a: 'b' } }] }, false],
  ])('%s', (_, spec, expected) => {
    expect(advertises({ metadata: { name: 'a' }, spec }, 'p')).toBe(expected);
  });
});

describe('an object that was changed meanwhile', () => {
  const manifest: KubeObject = { metadata: { name: 'p' }, spec: {} };

  it('is pushed only over the version that was seen', () => {
    expect(locked(manifest, { metadata: { name: 'p', resourceVersion: '7' } }).metadata.resourceVersion).toBe('7');
    expect(locked(manifest, null)).toBe(manifest);
  });

  it('is told by a code of its own', () => {
    const told = changedMeanwhile(status(409, 'the object has been modified', 'Conflict'), 'L2Advertisement');
    expect(told).toMatchObject({ code: 'claim-changed-meanwhile', exitCode: 3 });
    const other = status(503);
    expect(changedMeanwhile(other, 'L2Advertisement')).toBe(other);
  });
});

describe('what is told of a push that failed', () => {
  const cause = status(503, 'etcd is away');

  it.each([
    ['nothing is left', { kind: 'nothing', cause, left: null }, /^Nothing was pushed: /, 'cluster-busy', 5],
    [
      'something is left',
      { kind: 'nothing', cause, left: 'X is there' },
      /^The pool was not pushed: .*\nBut X is there\./,
      'cluster-busy',
      5,
    ],
    [
      'nobody knows',
      { kind: 'unknown', cause, left: 'X may be there' },
      /^Whether the claim was pushed is not known/,
      'claim-unknown-outcome',
      5,
    ],
    [
      'a fault of ours',
      { kind: 'nothing', cause: new Error('oh'), left: null },
      /^Nothing was pushed: oh/,
      'claim-not-pushed',
      1,
    ],
  ] as const)('%s', (_, outcome, message, code, exitCode) => {
    const told = pushFailure({ ...outcome, cause: new ObjectError('pool', outcome.cause) });
    expect([told.code, told.exitCode, told.cause]).toEqual([code, exitCode, outcome.cause]);
    expect(told.message).toMatch(message);
    if (outcome.kind === 'unknown') expect(told.hint).toMatch(/^X may be there\. Run the same command again/);
  });
});

describe('the dry run', () => {
  const manifests = (addresses: readonly string[]) => ({
    pool: { metadata: { name: 'p', namespace: 'metallb-system' }, spec: { addresses } },
    advertisement: { metadata: { name: 'a', namespace: 'metallb-system' }, spec: { ipAddressPools: ['p'] } },
  });

  it('outlasts a webhook that is late, tells it once, and stores nothing', async () => {
    const cluster = await startCluster({ objects: [...kubeadmCluster(), ...withMetallb()] });
    try {
      const api = connectCluster({ path: cluster.kubeconfig('apply'), context: null });
      cluster.setWebhook('no-endpoints');
      const told: string[] = [];
      let pauses = 0;
      const sleep = async (): Promise<void> => {
        if (++pauses === 3) cluster.setWebhook('ready');
      };
      const patience = { untilMs: 1e6, now: () => 0, sleep, onRetry: ({ code }: { code: string }) => void told.push(code) };
      const { pool } = await dryRun(api, manifests(['192.0.2.200/29']), patience);
      // With the defaults that the server gives.
      expect(pool['spec']).toMatchObject({ addresses: ['192.0.2.200/29'], autoAssign: true });
      expect([told, pauses]).toEqual([['cluster-webhook-unready'], 3]);
      const refused = await dryRun(api, manifests(['192.0.2.1/32', '192.0.2.1/32']), patience).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(ObjectError);
      expect(refused).toMatchObject({ which: 'pool', cause: { code: 'cluster-denied' } });
      expect([...cluster.objects('IPAddressPool'), ...cluster.objects('L2Advertisement')]).toEqual([]);
    } finally {
      await cluster.close();
    }
  });
});
