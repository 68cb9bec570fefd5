/** The client against an API server over HTTPS: lists that run out in the middle, and credentials that cannot be used. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { connectCluster } from '../../../src/cluster/connect.ts';
import type { KubeApi } from '../../../src/cluster/kube/api.ts';
import { RESOURCES } from '../../../src/cluster/kube/resources.ts';
import type { ClusterDouble } from '../../cluster/double.ts';
import { bareCluster } from '../../cluster/fixtures.ts';
import type { KubeJson } from '../../cluster/json.ts';
import { errorOf, type Rig, rig } from '../rig.ts';

const many = (count: number): readonly KubeJson[] =>
  Array.from({ length: count }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `c-${String(index).padStart(5, '0')}`, namespace: 'default' },
    data: {},
  }));

describe('a list whose rest the server has forgotten', () => {
  const PATH = /configmaps$/;
  /** Forgets, at the second page of a list, as often as told. */
  function forgetful(cluster: ClusterDouble, times: number): void {
    let left = times;
    cluster.before({ method: 'GET', path: PATH }, ({ query }) => {
      if (query['continue'] === undefined || left-- <= 0) return;
      cluster.seed({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `z-${left}`, namespace: 'default' }, data: {} });
      cluster.compact();
    });
  }
  const listed = (cluster: ClusterDouble): number => cluster.requests.filter(({ path }) => PATH.test(path)).length;

  it('is read anew, once, and holds each object once', async () => {
    await using scene = await rig({ objects: [...bareCluster(), ...many(700)] });
    forgetful(scene.cluster, 1);
    const { items } = await scene.api().list(RESOURCES.configMaps, { namespace: 'default' });
    expect(items.length).toBe(701);
    expect(new Set(items.map(({ metadata }) => metadata.name)).size).toBe(701);
    expect(listed(scene.cluster)).toBe(4);
  });

  it('and is given up where it happens again', async () => {
    await using scene = await rig({ objects: [...bareCluster(), ...many(700)] });
    forgetful(scene.cluster, 9);
    const error = await errorOf(scene.api().list(RESOURCES.configMaps, { namespace: 'default' }));
    expect(error).toMatchObject({ code: 'cluster-gone', mayPass: true });
    expect(listed(scene.cluster)).toBe(4);
  });

  it('is not read anew for one who counts each object as it comes', async () => {
    await using scene = await rig({ objects: [...bareCluster(), ...many(700)] });
    forgetful(scene.cluster, 1);
    const error = await errorOf(scene.api().listEach(RESOURCES.configMaps, { namespace: 'default', each: () => undefined }));
    expect(error).toMatchObject({ code: 'cluster-gone' });
    expect(listed(scene.cluster)).toBe(2);
  });
});

describe('credentials that cannot be used', () => {
  let folder = '';
  let scene: Rig;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'freehold-credentials-'));
    scene = await rig();
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await scene[Symbol.asyncDispose]();
  });

  function apiWith(name: string, user: Readonly<Record<string, unknown>>): KubeApi {
    const document = parse(readFileSync(scene.cluster.kubeconfig(), 'utf8')) as { users: { name: string; user: unknown }[] };
    document.users = document.users.map((one) => ({ name: one.name, user }));
    const path = join(folder, `${name}.yaml`);
    writeFileSync(path, stringify(document));
    return connectCluster({ path, context: null });
  }
  function program(name: string, text: string): Readonly<Record<string, unknown>> {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
    return { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: path, interactiveMode: 'Never' } };
  }

  it.each<readonly [string, () => object, RegExp]>([
    ['a token file that is gone', () => ({ tokenFile: '/nowhere/token' }), /ENOENT.*\/nowhere\/token/],
    [
      'a program that is gone',
      () => ({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command: '/nowhere/login' } }),
      /ENOENT/,
    ],
    ['a program that fails', () => program('fails', 'echo "please \u001b[1mlog in" >&2; exit 1'), /: please \[1mlog in\.$/],
    ['a program that fails without a word', () => program('mute', 'exit 3'), /without a word/],
    ['a program that prints something else', () => program('odd', 'echo s3cret-token'), /no JSON/],
    ['a certificate that is gone', () => ({ 'client-certificate': '/nowhere/crt', 'client-key': '/nowhere/key' }), /ENOENT/],
    ['a token that no header may have', () => ({ token: 's3cret\ntoken' }), /no token has/],
  ])('%s', async (name, user, words) => {
    const before = scene.cluster.requests.length;
    const error = await errorOf(apiWith(name.replaceAll(' ', '-'), user() as Record<string, unknown>).list(RESOURCES.nodes));
    expect(error).toMatchObject({
      code: 'cluster-credentials',
      exitCode: 2,
      mayPass: false,
      message: expect.stringMatching(words) as string,
    });
    expect(JSON.stringify([error, String(error)])).not.toContain('s3cret');
    expect(scene.cluster.requests.length).toBe(before);
  });

  describe('because a program hangs', () => {
    const hangs = () => ({
      exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'sleep', args: ['20'], interactiveMode: 'Never' },
    });

    it('are waited for no longer than an answer is', async () => {
      const error = await errorOf(apiWith('hangs', hangs()).request('GET', '/api/v1/nodes', { timeoutMs: 200 }));
      expect(error).toMatchObject({
        code: 'cluster-credentials',
        message: expect.stringContaining('gives no answer') as string,
      });
    });

    it('are waited for no longer than anybody wants them', async () => {
      const before = performance.now();
      const controller = new AbortController();
      const asked = errorOf(apiWith('hangs-too', hangs()).list(RESOURCES.nodes, { signal: controller.signal }));
      setTimeout(() => controller.abort(new Error('enough')), 200);
      expect(await asked).toMatchObject({ message: 'enough' });
      // The program goes on for 20 s, and the patience is 15 s.
      expect(performance.now() - before).toBeLessThan(10_000);
    });

    it('no more of them are begun while eight hang', async () => {
      const path = join(folder, 'begun');
      const api = apiWith('many', program('hangs', `echo . >> ${path}; exec sleep 20`));
      const asked = Array.from({ length: 12 }, () => errorOf(api.request('GET', '/api', { timeoutMs: 1000 })));
      await Promise.all(asked);
      for (let i = 0; i < 12; i++) await errorOf(api.request('GET', '/api', { timeoutMs: 1000 }));
      // Those that were begun at the same moment count when they are given up.
      expect(readFileSync(path, 'utf8').split('.').length - 1).toBeLessThanOrEqual(12);
    });

    it('are given up by a watch', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      onTestFinished(() => void vi.useRealTimers());
      const watched = errorOf(
        apiWith('watch-hangs', hangs()).watch(RESOURCES.nodes, { resourceVersion: '1', onEvent: () => undefined }),
      );
      await vi.advanceTimersByTimeAsync(46_000);
      expect(await watched).toMatchObject({ code: 'cluster-credentials' });
    });
  });

  it('are told as such by a watch, too', async () => {
    const api = apiWith('watch', { tokenFile: '/nowhere/token' });
    const error = await errorOf(api.watch(RESOURCES.nodes, { resourceVersion: '1', onEvent: () => undefined }));
    expect(error).toMatchObject({ code: 'cluster-credentials' });
  });
});
