import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findKubeconfig, type KubeconfigPlace, loadKubeconfig, type Surroundings } from '../../../src/cluster/kube/kubeconfig.ts';
import { FreeholdError } from '../../../src/core/error.ts';

const TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

const where = (env: Record<string, string>, ...present: readonly string[]): Surroundings => ({
  env,
  home: '/home/ops',
  exists: (path) => present.includes(path),
});

describe('findKubeconfig', () => {
  it.each<[string, string | null, Surroundings, KubeconfigPlace | null]>([
    [
      'the configured one comes first',
      '/etc/k',
      where({ KUBECONFIG: '/a' }, '/a'),
      { kind: 'files', paths: ['/etc/k'], from: 'configuration' },
    ],
    [
      'then $KUBECONFIG',
      null,
      where({ KUBECONFIG: '/a' }, '/a', '/home/ops/.kube/config'),
      { kind: 'files', paths: ['/a'], from: '$KUBECONFIG' },
    ],
    [
      'which may list several, some missing',
      null,
      where({ KUBECONFIG: '/a:/b::/c' }, '/a', '/c'),
      { kind: 'files', paths: ['/a', '/c'], from: '$KUBECONFIG' },
    ],
    [
      'and is not gone around where all are missing',
      null,
      where({ KUBECONFIG: '/a' }, '/home/ops/.kube/config'),
      { kind: 'files', paths: ['/a'], from: '$KUBECONFIG' },
    ],
    [
      'then ~/.kube/config',
      null,
      where({}, '/home/ops/.kube/config', TOKEN),
      { kind: 'files', paths: ['/home/ops/.kube/config'], from: '~/.kube/config' },
    ],
    ['then the pod', null, where({ KUBERNETES_SERVICE_HOST: '192.0.2.1' }, TOKEN), { kind: 'in-cluster' }],
    ['never localhost:8080', null, where({}), null],
    ['an empty $KUBECONFIG is none', null, where({ KUBECONFIG: '' }), null],
  ])('%s', (_, path, surroundings, expected) => {
    expect(findKubeconfig(path, surroundings)).toEqual(expected);
  });
});

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'freehold-kubeconfig-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): KubeconfigPlace {
  const path = join(folder, name);
  writeFileSync(path, text);
  return { kind: 'files', paths: [path], from: 'configuration' };
}

const config = (server: string, user = 'token: secret', more = ''): string => `apiVersion: v1
kind: Config
clusters: [{ name: lab, cluster: { server: "${server}"${more} } }]
users: [{ name: ops, user: { ${user} } }]
contexts: [{ name: here, context: { cluster: lab, user: ops } }, { name: there, context: { cluster: lab, user: ops } }]
current-context: here
`;

describe('loadKubeconfig', () => {
  it('reads cluster, user and current context', () => {
    const read = loadKubeconfig(file('good', config('https://192.0.2.9:6443')), null);
    expect([read.getCurrentCluster()?.server, read.getCurrentUser()?.token, read.getCurrentContext()]).toEqual([
      'https://192.0.2.9:6443',
      'secret',
      'here',
    ]);
  });

  it('takes the context that is named', () => {
    expect(loadKubeconfig(file('context', config('https://192.0.2.9:6443')), 'there').getCurrentContext()).toBe('there');
  });

  it('reads a tokenFile anew each time, as kubectl does', async () => {
    const place = file('tokenfile', config('https://192.0.2.9:6443', 'tokenFile: token'));
    writeFileSync(join(folder, 'token'), 'first\n');
    const read = loadKubeconfig(place, null);
    const headers = async (): Promise<string | undefined> => {
      const options: { headers?: Record<string, string> } = {};
      await read.applyToHTTPSOptions(options);
      return options.headers?.['Authorization'];
    };
    expect(await headers()).toBe('Bearer first');
    writeFileSync(join(folder, 'token'), 'second');
    expect(await headers()).toBe('Bearer second');
  });

  it('merges the files of $KUBECONFIG', () => {
    const first = file('merge-a', config('https://192.0.2.9:6443'));
    const second = file(
      'merge-b',
      'clusters: [{ name: two, cluster: { server: "https://192.0.2.8:6443" } }]\nusers: []\ncontexts: [{ name: second, context: { cluster: two, user: ops } }]\n',
    );
    if (first.kind !== 'files' || second.kind !== 'files') throw new Error('no files');
    const both: KubeconfigPlace = { kind: 'files', paths: [...first.paths, ...second.paths], from: '$KUBECONFIG' };
    expect(loadKubeconfig(both, 'second').getCurrentCluster()?.server).toBe('https://192.0.2.8:6443');
    expect(loadKubeconfig(both, null).getCurrentCluster()?.server).toBe('https://192.0.2.9:6443');
  });

  it.each<[string, string, string | null, string]>([
    ['a context that is not there', config('https://192.0.2.9:6443'), 'nowhere', 'kubeconfig-context-unknown'],
    ['plain http', config('http://192.0.2.9:8080'), null, 'kubeconfig-insecure'],
    ['no server', 'clusters: [{ name: lab, cluster: {} }]', null, 'kubeconfig-bad'],
    ['no current context', 'clusters: []\nusers: []\ncontexts: []\n', null, 'kubeconfig-bad'],
    ['no YAML', 'a: [', null, 'kubeconfig-bad'],
    ['a server that is no URL', config('not a url'), null, 'kubeconfig-bad'],
    ['an empty file', '', null, 'kubeconfig-bad'],
    ['a login in the server', config('https://ops:s3cret@192.0.2.9:6443'), null, 'kubeconfig-bad'],
    ['a user in the server', config('https://ops@192.0.2.9:6443'), null, 'kubeconfig-bad'],
  ])('refuses %s', (name, text, context, code) => {
    expect(() => loadKubeconfig(file(name.replaceAll(' ', '-'), text), context)).toThrow(
      expect.objectContaining({ code, exitCode: 2 }),
    );
  });

  it.each([
    ['a server with a password', config('https://ops:s3cret@192.0.2.9:6443')],
    ['one over http', config('http://ops:s3cret@192.0.2.9:6443')],
    ['one that is no URL', config('https://ops:s3cret@192.0.2.9:port')],
    ['one that is far from one', config('ops:s3cret@')],
    ['a file that is no YAML near a token', `${config('https://192.0.2.9:6443', 'token: s3cret')}\n  - token: s3cret: s3cret\n`],
  ])('never prints a secret: %s', (name, text) => {
    const place = file(`secret-${name.replaceAll(' ', '-')}`, text);
    let told = '';
    try {
      loadKubeconfig(place, null);
    } catch (error) {
      told = error instanceof FreeholdError ? `${error.message} ${error.hint}` : 'another error';
    }
    expect(told).toMatch(/cannot be used/);
    expect(told).not.toContain('s3cret');
  });

  it('refuses a file that is not there, by its name', () => {
    expect(() => loadKubeconfig({ kind: 'files', paths: [join(folder, 'gone')], from: 'configuration' }, null)).toThrow(
      expect.objectContaining({ code: 'kubeconfig-unreadable', message: expect.stringContaining('gone') }),
    );
  });

  it('takes plain http to a proxy where it is said to be meant', () => {
    expect(
      loadKubeconfig(
        file('proxy', config('http://127.0.0.1:8001', 'token: x', ', insecure-skip-tls-verify: true')),
        null,
      ).getCurrentCluster()?.server,
    ).toBe('http://127.0.0.1:8001');
  });
});
