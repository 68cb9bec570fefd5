import type { KubernetesObject } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KubeJson, listAt, nameOf, textAt } from './json.ts';
import { type AnyCluster, anyCluster, ask } from './with-cluster.ts';

let cluster: AnyCluster;
beforeAll(async () => {
  cluster = await anyCluster();
});
afterAll(() => cluster.close());

const POOLS = '/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools';
const maps = (): string => `/api/v1/namespaces/${cluster.namespace}/configmaps`;
const map = (name: string, more: Readonly<Record<string, unknown>> = {}): KubeJson => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: cluster.namespace },
  data: { a: '1' },
  ...more,
});
const pool = (name: string, spec: Readonly<Record<string, unknown>>): KubeJson => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name: cluster.unique(name), namespace: 'metallb-system' },
  spec: { autoAssign: false, ...spec },
});
const get = (path: string, query: Readonly<Record<string, string>> = {}) => ask(cluster.config, 'GET', path, { query });
const post = (path: string, body: unknown, query: Readonly<Record<string, string>> = {}) =>
  ask(cluster.config, 'POST', path, { body, query });

describe('what the server says of itself', () => {
  it.each([
    ['/version', 'gitVersion'],
    ['/api', 'versions'],
    ['/api/v1', 'resources'],
    ['/apis', 'groups'],
    ['/apis/metallb.io/v1beta1', 'resources'],
    ['/apis/apps', 'versions'],
  ])('%s', async (path, member) => {
    expect(await get(path)).toMatchObject({ status: 200, body: { [member]: expect.anything() } });
  });

  it('is alive and ready', async () => {
    for (const path of ['/healthz', '/livez', '/readyz']) expect(await get(path)).toMatchObject({ status: 200, body: 'ok' });
  });

  it.each([
    '/apis/no.such.group/v1',
    '/apis/no.such.group/v1/things',
    '/api/v1/nosuchthings',
    '/apis/metallb.io/v9/ipaddresspools',
  ])('has a bare 404 for %s', async (path) => {
    const { status, body } = await get(path);
    expect({ status, body: String(body).trim() }).toEqual({ status: 404, body: '404 page not found' });
  });
});

describe('the life of an object', () => {
  it('is given a name of its own, is read, changed and deleted', async () => {
    const made = await cluster.objects.create({
      ...map(''),
      metadata: { generateName: 'made-', namespace: cluster.namespace },
    } as KubernetesObject);
    const name = made.metadata?.name ?? '';
    expect(name).toMatch(/^made-\w{5}$/);
    expect(made.metadata).toMatchObject({ uid: expect.any(String), resourceVersion: expect.stringMatching(/^\d+$/) });
    const changed = await ask(cluster.config, 'PUT', `${maps()}/${name}`, { body: map(name, { data: { a: '2' } }) });
    expect(changed).toMatchObject({ status: 200, body: { data: { a: '2' }, metadata: { uid: made.metadata?.uid } } });
    expect(textAt(changed.body, 'metadata', 'resourceVersion')).not.toBe(made.metadata?.resourceVersion);
    expect(await ask(cluster.config, 'DELETE', `${maps()}/${name}`)).toMatchObject({ status: 200, body: { status: 'Success' } });
    expect(await get(`${maps()}/${name}`)).toMatchObject({
      status: 404,
      message: `configmaps "${name}" not found`,
      body: { kind: 'Status', status: 'Failure', reason: 'NotFound', code: 404, details: { name, kind: 'configmaps' } },
    });
  });

  it('counts a generation only for what is wanted, and keeps status and main resource apart', async () => {
    const body = pool('counted', { addresses: ['192.0.2.1/32'] });
    const path = `${POOLS}/${nameOf(body)}`;
    expect(
      (await post(POOLS, { ...body, status: { assignedIPv4: 9, assignedIPv6: 9, availableIPv4: 9, availableIPv6: 9 } })).body,
    ).toMatchObject({
      metadata: { generation: 1 },
      spec: { autoAssign: false, avoidBuggyIPs: false },
    });
    const patch = (target: string, change: unknown) =>
      ask(cluster.config, 'PATCH', target, { body: change, contentType: 'application/merge-patch+json' });
    expect((await patch(path, { metadata: { labels: { a: 'b' } } })).body).toMatchObject({ metadata: { generation: 1 } });
    expect((await patch(path, { spec: { avoidBuggyIPs: true } })).body).toMatchObject({ metadata: { generation: 2 } });
    const invented = { assignedIPv4: 77, assignedIPv6: 0, availableIPv4: 0, availableIPv6: 0 };
    expect((await patch(path, { status: invented })).body).not.toMatchObject({ status: invented });
    const counters = { assignedIPv4: 7, assignedIPv6: 0, availableIPv4: 3, availableIPv6: 0 };
    const answer = await patch(`${path}/status`, { status: counters, spec: { avoidBuggyIPs: false } });
    expect(answer.body).toMatchObject({ metadata: { generation: 2 }, spec: { avoidBuggyIPs: true }, status: counters });
  });

  it('is patched in three ways, custom objects in two', async () => {
    await post(maps(), map('patched'));
    const patch = (contentType: string, body: unknown) =>
      ask(cluster.config, 'PATCH', `${maps()}/patched`, { body, contentType });
    await patch('application/merge-patch+json', { data: { b: '2', a: null } });
    await patch('application/json-patch+json', [
      { op: 'test', path: '/data/b', value: '2' },
      { op: 'add', path: '/data/c', value: '3' },
    ]);
    expect((await patch('application/strategic-merge-patch+json', { data: { d: '4' } })).body).toMatchObject({
      data: { b: '2', c: '3', d: '4' },
    });
    const body = pool('strategic', { addresses: ['192.0.2.2/32'] });
    await post(POOLS, body);
    const refused = await ask(cluster.config, 'PATCH', `${POOLS}/${nameOf(body)}`, {
      body: {},
      contentType: 'application/strategic-merge-patch+json',
    });
    expect(refused).toMatchObject({ status: 415, body: { reason: 'UnsupportedMediaType' } });
    expect(refused.message).toMatch(
      /^the body of the request was in an unknown format - accepted media types include: application\/json-patch\+json, application\/merge-patch\+json, application\/apply-patch\+yaml/,
    );
  });

  it('is not stored by a dry run', async () => {
    expect(await post(maps(), map('dry'), { dryRun: 'All' })).toMatchObject({ status: 201 });
    expect(await get(`${maps()}/dry`)).toMatchObject({ status: 404 });
  });
});

describe('refusals', () => {
  it('of what is there already, or was changed meanwhile', async () => {
    await post(maps(), map('twice'));
    expect(await post(maps(), map('twice'))).toMatchObject({
      status: 409,
      message: 'configmaps "twice" already exists',
      body: { reason: 'AlreadyExists' },
    });
    const stale = { ...map('twice'), metadata: { name: 'twice', namespace: cluster.namespace, resourceVersion: '1' } };
    expect(await ask(cluster.config, 'PUT', `${maps()}/twice`, { body: stale })).toMatchObject({
      status: 409,
      message:
        'Operation cannot be fulfilled on configmaps "twice": the object has been modified; please apply your changes to the latest version and try again',
      body: { reason: 'Conflict' },
    });
  });

  it('of a namespace that is not there', async () => {
    const body = { ...map('lost'), metadata: { name: 'lost' } };
    expect(await post('/api/v1/namespaces/nowhere-at-all/configmaps', body)).toMatchObject({
      status: 404,
      message: 'namespaces "nowhere-at-all" not found',
    });
  });

  it('of a method, of no JSON, of another format', async () => {
    expect(await ask(cluster.config, 'PUT', maps(), { body: map('x') })).toMatchObject({
      status: 405,
      message: 'the server does not allow this method on the requested resource',
      body: { reason: 'MethodNotAllowed' },
    });
    expect(await post(maps(), '{"kind":')).toMatchObject({ status: 400, body: { reason: 'BadRequest' } });
    expect(await ask(cluster.config, 'POST', maps(), { body: 'x', contentType: 'text/plain' })).toMatchObject({ status: 415 });
  });

  it.each([
    [
      { addresses: '192.0.2.9/32' },
      'spec.addresses',
      'FieldValueTypeInvalid',
      /^Invalid value: "string": spec\.addresses in body must be of type array: "string"$/,
    ],
    [{ autoAssign: true }, 'spec.addresses', 'FieldValueRequired', /^Required value$/],
    [
      { addresses: [], serviceAllocation: { priority: 'high' } },
      'spec.serviceAllocation.priority',
      'FieldValueTypeInvalid',
      /must be of type integer/,
    ],
  ])('of a pool with %j', async (spec, field, reason, message) => {
    const body = { ...pool('wrong', {}), spec };
    const answer = await post(POOLS, body);
    expect(answer).toMatchObject({
      status: 422,
      body: { reason: 'Invalid', details: { kind: 'IPAddressPool', group: 'metallb.io' } },
    });
    expect(answer.message).toContain(`IPAddressPool.metallb.io "${nameOf(body)}" is invalid: `);
    expect(listAt(answer.body, 'details', 'causes')).toContainEqual({ reason, field, message: expect.stringMatching(message) });
  });

  it('of fields that nobody knows, or a warning, or nothing', async () => {
    const body = pool('unknown', { addresses: ['192.0.2.3/32'], adresses: [] });
    const create = (fieldValidation: string) => post(POOLS, body, { fieldValidation, dryRun: 'All' });
    const refused = await create('Strict');
    expect(refused).toMatchObject({ status: 400, body: { reason: 'BadRequest' } });
    expect(refused.message).toMatch(/strict decoding error: unknown field "spec\.adresses"$/);
    expect((await create('Warn')).warnings).toContain('unknown field \\"spec.adresses\\"');
    const ignored = await create('Ignore');
    expect(ignored).toMatchObject({ status: 201, warnings: '' });
    expect(ignored.body).not.toHaveProperty('spec.adresses');
  });
});

describe('lists', () => {
  const names = (body: unknown): readonly string[] => listAt(body, 'items').map((one) => textAt(one, 'metadata', 'name') ?? '');

  beforeAll(async () => {
    for (const [index, labels] of [{ tier: 'a' }, { tier: 'b' }, { tier: 'b', old: '' }].entries()) {
      const metadata = { name: `listed-${index}`, namespace: cluster.namespace, labels: { ...labels, of: 'lists' } };
      await post(maps(), { ...map(''), metadata });
    }
  });

  it.each([
    ['labelSelector', 'of=lists', [0, 1, 2]],
    ['labelSelector', 'of=lists,tier=b', [1, 2]],
    ['labelSelector', 'of==lists,tier!=b', [0]],
    ['labelSelector', 'of=lists,tier in (a, c)', [0]],
    ['labelSelector', 'of=lists,tier notin (a)', [1, 2]],
    ['labelSelector', 'of=lists,old', [2]],
    ['labelSelector', 'of=lists,!old', [0, 1]],
    ['fieldSelector', 'metadata.name=listed-1', [1]],
  ])('by %s %s', async (parameter, selector, wanted) => {
    const { body } = await get(maps(), { [parameter]: selector });
    expect(names(body)).toEqual(wanted.map((index) => `listed-${index}`));
  });

  it('refuses a selector that is none, and fields that custom objects are not selected by', async () => {
    expect(await get(maps(), { labelSelector: 'a b c' })).toMatchObject({ status: 400 });
    expect(await get(POOLS, { fieldSelector: 'spec.autoAssign=true' })).toMatchObject({
      status: 400,
      body: { reason: 'BadRequest' },
    });
  });

  it('come in pages', async () => {
    const query = { labelSelector: 'of=lists', limit: '2' };
    const first = await get(maps(), query);
    expect(names(first.body)).toEqual(['listed-0', 'listed-1']);
    const next = textAt(first.body, 'metadata', 'continue') ?? '';
    const second = await get(maps(), { ...query, continue: next });
    expect(names(second.body)).toEqual(['listed-2']);
    expect(textAt(second.body, 'metadata', 'continue') ?? '').toBe('');
    expect(textAt(second.body, 'metadata', 'resourceVersion')).toBe(textAt(first.body, 'metadata', 'resourceVersion'));
  });

  it('are emptied by deletecollection', async () => {
    expect(await ask(cluster.config, 'DELETE', maps(), { query: { labelSelector: 'of=lists' } })).toMatchObject({ status: 200 });
    expect(names((await get(maps(), { labelSelector: 'of=lists' })).body)).toEqual([]);
  });
});
