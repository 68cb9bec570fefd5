import { makeInformer, Watch } from '@kubernetes/client-node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ClusterDouble } from './double.ts';
import { at, type KubeJson, textAt } from './json.ts';
import { type AnyCluster, anyCluster, ask, configOf, doubleOnly } from './with-cluster.ts';

interface Seen {
  readonly type: string;
  readonly name: string | undefined;
  readonly object: unknown;
}

const running: (() => void)[] = [];
afterEach(() => {
  for (const stop of running.splice(0)) stop();
});

/** A watch that collects what it sees. */
async function watching(config: AnyCluster['config'], path: string, query: Readonly<Record<string, string | number | boolean>>) {
  const seen: Seen[] = [];
  const ended = Promise.withResolvers<unknown>();
  const take = (type: string, object: unknown): void =>
    void seen.push({ type, name: textAt(object, 'metadata', 'name'), object });
  const controller = await new Watch(config).watch(path, query, take, (error) => ended.resolve(error));
  running.push(() => controller.abort());
  return { seen, ended: ended.promise, told: () => seen.map(({ type, name }) => `${type} ${name ?? ''}`.trim()) };
}

describe('watches of any cluster', () => {
  let cluster: AnyCluster;
  beforeAll(async () => {
    cluster = await anyCluster();
  });
  afterAll(() => cluster.close());

  const path = (): string => `/api/v1/namespaces/${cluster.namespace}/configmaps`;
  const create = (name: string, labels = {}) =>
    ask(cluster.config, 'POST', path(), { body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels } } });
  const label = (name: string, labels: Readonly<Record<string, string | null>>) =>
    ask(cluster.config, 'PATCH', `${path()}/${name}`, {
      body: { metadata: { labels } },
      contentType: 'application/merge-patch+json',
    });
  const remove = (name: string) => ask(cluster.config, 'DELETE', `${path()}/${name}`);

  it('tell what happened after a resource version, and nothing before it', async () => {
    await create('before');
    const list = await ask(cluster.config, 'GET', path());
    const resourceVersion = textAt(list.body, 'metadata', 'resourceVersion') ?? '';
    await create('first');
    const watch = await watching(cluster.config, path(), { resourceVersion });
    await label('first', { a: 'b' });
    await remove('first');
    await expect.poll(watch.told).toEqual(['ADDED first', 'MODIFIED first', 'DELETED first']);
    const versions = watch.seen.map(({ object }) => Number(textAt(object, 'metadata', 'resourceVersion')));
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
    expect(new Set(versions).size).toBe(3);
    expect(watch.seen[2]?.object).toMatchObject({ metadata: { labels: { a: 'b' } } });
  });

  it('begin with what is there, where no version is named', async () => {
    await create('there');
    const watch = await watching(cluster.config, path(), { fieldSelector: 'metadata.name=there' });
    await expect.poll(watch.told).toEqual(['ADDED there']);
    await remove('there');
    await expect.poll(watch.told).toEqual(['ADDED there', 'DELETED there']);
  });

  it('add and delete what begins and ceases to be selected', async () => {
    const watch = await watching(cluster.config, path(), { labelSelector: 'chosen=yes' });
    await create('changing');
    await label('changing', { chosen: 'yes' });
    await label('changing', { more: 'x' });
    await label('changing', { chosen: null });
    await expect.poll(watch.told).toEqual(['ADDED changing', 'MODIFIED changing', 'DELETED changing']);
  });

  it('end when their time is up', async () => {
    const watch = await watching(cluster.config, path(), { timeoutSeconds: 1 });
    expect(await watch.ended).toBeNull();
  });

  it('mark the end of what was there, where that is asked for', async () => {
    await create('initial');
    const query = {
      sendInitialEvents: true,
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: true,
      fieldSelector: 'metadata.name=initial',
    };
    const watch = await watching(cluster.config, path(), query);
    await expect.poll(watch.told).toEqual(['ADDED initial', 'BOOKMARK']);
    expect(at(watch.seen[1]?.object, 'metadata', 'annotations')).toEqual({ 'k8s.io/initial-events-end': 'true' });
  });

  it('feed an informer of the client library', async () => {
    const list = async () => {
      const { body } = await ask(cluster.config, 'GET', path(), { query: { labelSelector: 'of=informer' } });
      return body as Awaited<ReturnType<Parameters<typeof makeInformer>[2]>>;
    };
    await create('informed-1', { of: 'informer' });
    const informer = makeInformer(cluster.config, path(), list, 'of=informer');
    const names = (): readonly string[] => informer.list().map((one) => one.metadata?.name ?? '');
    await informer.start();
    running.push(() => void informer.stop());
    await create('informed-2', { of: 'informer' });
    await expect.poll(() => [...names()].sort()).toEqual(['informed-1', 'informed-2']);
    await remove('informed-1');
    await expect.poll(names).toEqual(['informed-2']);
  });
});

describe('watches of the double', () => {
  let double: ClusterDouble;
  const path = '/api/v1/namespaces/default/configmaps';
  const map = (name: string): KubeJson => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } });
  const because = 'a real server cannot be told to forget its history or to end its watches';

  beforeAll(async () => {
    double = await doubleOnly(because, { history: 20 });
  });
  afterAll(() => double.close());

  it('are told that a version is too old: once it fell out of the history', async () => {
    const list = await ask(configOf(double.kubeconfig()), 'GET', path);
    const resourceVersion = textAt(list.body, 'metadata', 'resourceVersion') ?? '';
    for (let index = 0; index < 25; index++) double.seed(map(`filler-${index}`));
    const watch = await watching(configOf(double.kubeconfig()), path, { resourceVersion });
    expect(await watch.ended).toBeNull();
    expect(watch.seen).toMatchObject([{ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } }]);
    expect(textAt(watch.seen[0]?.object, 'message')).toMatch(/^too old resource version: \d+ \(\d+\)$/);
  });

  it('are told so after a compaction, and pages of a list too', async () => {
    const config = configOf(double.kubeconfig());
    double.seed(map('page-1'), map('page-2'));
    const first = await ask(config, 'GET', path, { query: { limit: '1' } });
    double.compact();
    const watch = await watching(config, path, { resourceVersion: textAt(first.body, 'metadata', 'resourceVersion') ?? '' });
    await watch.ended;
    expect(watch.seen).toMatchObject([{ type: 'ERROR', object: { code: 410 } }]);
    const next = textAt(first.body, 'metadata', 'continue') ?? '';
    expect(await ask(config, 'GET', path, { query: { limit: '1', continue: next } })).toMatchObject({
      status: 410,
      body: { reason: 'Expired' },
      message: expect.stringContaining('The provided continue parameter is too old'),
    });
  });

  it('end as told: cleanly, by a reset, or gone', async () => {
    const config = configOf(double.kubeconfig());
    const ends = async (how: 'close' | 'reset' | 'gone') => {
      const watch = await watching(config, path, { fieldSelector: 'metadata.name=nobody' });
      await expect.poll(() => double.openWatches).toBe(1);
      double.endWatches(how);
      return { error: await watch.ended, seen: watch.seen.map(({ type }) => type) };
    };
    expect(await ends('close')).toEqual({ error: null, seen: [] });
    expect(await ends('reset')).toMatchObject({ error: expect.any(Error), seen: [] });
    expect(await ends('gone')).toEqual({ error: null, seen: ['ERROR'] });
    await expect.poll(() => double.openWatches).toBe(0);
  });

  it('get bookmarks, if they asked for them', async () => {
    const config = configOf(double.kubeconfig());
    const query = { fieldSelector: 'metadata.name=nobody' };
    const [asked, did] = [
      await watching(config, path, { ...query, allowWatchBookmarks: true }),
      await watching(config, path, query),
    ];
    double.seed(map('elsewhere'));
    await expect.poll(() => double.openWatches).toBe(2);
    double.sendBookmarks();
    await expect.poll(asked.told).toEqual(['BOOKMARK']);
    expect(asked.seen[0]?.object).toMatchObject({
      kind: 'ConfigMap',
      metadata: { resourceVersion: expect.stringMatching(/^\d+$/) },
    });
    expect(did.seen).toEqual([]);
  });
});
