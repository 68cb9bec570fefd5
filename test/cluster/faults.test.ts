import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClusterDouble } from './double.ts';
import { kubeadmCluster, pool, withMetallb } from './fixtures.ts';
import { nameOf } from './json.ts';
import { type Answered, apply, ask, configOf, doubleOnly } from './with-cluster.ts';

const POOLS = '/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools';

let double: ClusterDouble;
beforeEach(async () => {
  double = await doubleOnly('a real API server cannot be asked to break', { objects: [...kubeadmCluster(), ...withMetallb()] });
});
afterEach(() => double.close());

const nodes = (): Promise<Answered> => ask(configOf(double.kubeconfig()), 'GET', '/api/v1/nodes');
const put = (query = {}): Promise<Answered> =>
  apply(configOf(double.kubeconfig()), `${POOLS}/p`, 'freehold', pool('p', ['192.0.2.1/32']), query);
const isThere = (): boolean => double.object('IPAddressPool', 'p', 'metallb-system') !== null;

describe('faults on demand', () => {
  it('answer with any status, as often as they are to, for what they are for', async () => {
    double.fault(
      { method: 'GET', path: /nodes$/, times: 2 },
      { kind: 'status', status: 503, reason: 'ServiceUnavailable', message: 'not now' },
    );
    const statuses = [await nodes(), await nodes(), await nodes()].map(({ status }) => status);
    expect(statuses).toEqual([503, 503, 200]);
    expect(double.requests.filter(({ path }) => path.endsWith('nodes')).map(({ status }) => status)).toEqual([503, 503, 200]);
  });

  it('tell dry runs from others', async () => {
    const back = double.fault(
      { method: 'PATCH', dryRun: false },
      { kind: 'status', status: 500, message: 'etcdserver: request timed out' },
    );
    expect((await put({ dryRun: 'All' })).status).toBe(201);
    expect(await put()).toMatchObject({ status: 500, message: 'etcdserver: request timed out' });
    expect(isThere()).toBe(false);
    back();
    expect((await put()).status).toBe(201);
  });

  it('reset before anything is done, or after all of it is', async () => {
    double.fault({ method: 'PATCH', times: 1 }, { kind: 'reset' });
    await expect(put()).rejects.toThrow();
    expect(isThere()).toBe(false);
    double.fault({ method: 'PATCH', times: 1 }, { kind: 'reset-after' });
    await expect(put()).rejects.toThrow();
    expect(isThere()).toBe(true);
    expect(double.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(2);
  });

  it('never answer, until the connection ends', async () => {
    double.fault({ path: /nodes$/ }, { kind: 'hang' });
    const asked = nodes().then(
      () => 'answered',
      () => 'broken',
    );
    await expect.poll(() => double.requests.some(({ path }) => path.endsWith('nodes'))).toBe(true);
    expect(await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, 50, 'waiting'))])).toBe('waiting');
    await double.stop();
    expect(await asked).toBe('broken');
  });

  it('answer late', async () => {
    double.fault({ path: /nodes$/ }, { kind: 'slow', ms: 120 });
    const before = performance.now();
    expect((await nodes()).status).toBe(200);
    expect(performance.now() - before).toBeGreaterThan(100);
  });
});

describe('a server that goes and comes', () => {
  it('keeps its port and its objects', async () => {
    expect((await put()).status).toBe(201);
    await double.stop();
    await expect(nodes()).rejects.toThrow();
    await double.restart();
    expect((await nodes()).status).toBe(200);
    expect(isThere()).toBe(true);
  });
});

describe('a server elsewhere', () => {
  it('has a certificate for where it listens, and leaves nothing behind', async () => {
    const elsewhere = await doubleOnly('a real one is where it is', { host: '127.0.0.2' });
    const kubeconfig = elsewhere.kubeconfig();
    expect(elsewhere.url).toMatch(/^https:\/\/127\.0\.0\.2:\d+$/);
    expect((await ask(configOf(kubeconfig), 'GET', '/api/v1/nodes')).status).toBe(200);
    await elsewhere.close();
    expect(existsSync(kubeconfig)).toBe(false);
  });
});

describe('what a test sees and does', () => {
  it('sees requests, with their user and body', async () => {
    await put({ dryRun: 'All' });
    expect(double.requests.at(-1)).toMatchObject({
      method: 'PATCH',
      path: `${POOLS}/p`,
      query: { dryRun: 'All', fieldManager: 'freehold' },
      user: 'admin',
      contentType: 'application/apply-patch+yaml',
      body: { spec: { addresses: ['192.0.2.1/32'] } },
      status: 201,
    });
  });

  it('acts before a request is handled: another client is faster', async () => {
    double.before({ method: 'PATCH', dryRun: false, times: 1 }, async () => double.seed(pool('other', ['192.0.2.0/29'])));
    expect((await put({ dryRun: 'All' })).status).toBe(201);
    expect(await put()).toMatchObject({
      status: 403,
      message: expect.stringContaining('overlaps with already defined CIDR "192.0.2.0/29"'),
    });
  });

  it('changes objects as a manager of any name, and takes them away', async () => {
    await put();
    double.change('IPAddressPool', 'p', 'metallb-system', { spec: { addresses: ['192.0.2.2/32'] } }, 'argocd');
    expect(await put()).toMatchObject({
      status: 409,
      message: 'Apply failed with 1 conflict: conflict with "argocd" using metallb.io/v1beta1: .spec.addresses',
    });
    double.remove('IPAddressPool', 'p', 'metallb-system');
    expect(double.objects('IPAddressPool').map(nameOf)).toEqual([]);
  });

  it('refuses a kind that the cluster does not have', async () => {
    expect(() => double.seed({ apiVersion: 'no.such/v1', kind: 'Thing', metadata: { name: 'x' } })).toThrow('no kind Thing');
    expect(() => double.change('IPAddressPool', 'missing', 'metallb-system', {})).toThrow(
      'no IPAddressPool metallb-system/missing',
    );
  });
});
