/** Which cluster a kubeconfig means, told without the client library: the same one that the library would ask. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadKubeconfig } from '../../../src/cluster/kube/kubeconfig.ts';
import { type KubeconfigPlace, serverNamedIn, withoutLogin } from '../../../src/cluster/kube/kubeconfig-place.ts';

const folder = mkdtempSync(join(tmpdir(), 'freehold-kubeconfig-place-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Named {
  readonly name: string;
  /** Default: https://NAME.example:6443 */
  readonly server?: string;
}

/** A file with one cluster, user and context for each. */
function file(name: string, current: string | null, ...clusters: readonly Named[]): string {
  const path = join(folder, name);
  const document = {
    clusters: clusters.map((one) => ({ name: one.name, cluster: { server: one.server ?? `https://${one.name}.example:6443` } })),
    users: clusters.map((one) => ({ name: one.name, user: { token: 't' } })),
    contexts: clusters.map((one) => ({ name: `at-${one.name}`, context: { cluster: one.name, user: one.name } })),
    ...(current === null ? {} : { 'current-context': current }),
  };
  writeFileSync(path, JSON.stringify(document));
  return path;
}

const files = (...paths: readonly string[]): KubeconfigPlace => ({ kind: 'files', paths, from: '$KUBECONFIG' });
const A = { name: 'a' };
const B = { name: 'b' };

describe('the server that a kubeconfig names', () => {
  it.each<[string, KubeconfigPlace, string | null]>([
    ['of the current context', files(file('one', 'at-b', A, B)), null],
    ['of a context by name', files(file('two', 'at-b', A, B)), 'at-a'],
    ['of the first of several files', files(file('three', 'at-a', A), file('four', 'at-b', B)), null],
    ['of a context in another file', files(file('five', 'at-a', A), file('six', 'at-b', B)), 'at-b'],
    ['of a current context whose cluster stands in another file', files(file('seven', 'at-b', A), file('eight', null, B)), null],
  ])('is the one that the library asks: %s', (_, place, context) => {
    expect(serverNamedIn(place, context, { env: {} })).toBe(loadKubeconfig(place, context).getCurrentCluster()?.server);
    expect(serverNamedIn(place, context, { env: {} })).toMatch(/^https:\/\/[ab]\.example:6443$/);
  });

  it.each<[string, KubeconfigPlace, string | null]>([
    ['of a file that is not there', files(join(folder, 'gone')), null],
    ['of a context that is not there', files(file('nine', 'at-a', A)), 'at-c'],
    ['without a current context', files(file('ten', null, A)), null],
    ['of a file that is no YAML', files(join(folder, 'bad')), null],
  ])('is not known %s', (_, place, context) => {
    writeFileSync(join(folder, 'bad'), '{[');
    expect(serverNamedIn(place, context, { env: {} })).toBeNull();
  });

  it.each([
    ['with a slash at its end', 'https://a.example:6443/', 'https://a.example:6443'],
    ['with a path', 'https://a.example/k8s/clusters/c-1/', 'https://a.example/k8s/clusters/c-1'],
    ['with a very long path', `https://a.example/${'x'.repeat(300)}`, `https://a.example/${'x'.repeat(182)}`],
  ])('is in the form in which the watch of the cluster names it: %s', (name, server, wanted) => {
    const place = files(file(name.replaceAll(' ', '-'), 'at-a', { name: 'a', server }));
    expect(serverNamedIn(place, null, { env: {} })).toBe(wanted);
    expect(loadKubeconfig(place, null).getCurrentCluster()?.server.slice(0, 200)).toBe(wanted);
  });

  it.each([
    [{ KUBERNETES_SERVICE_HOST: '198.51.100.1', KUBERNETES_SERVICE_PORT: '443' }, 'https://198.51.100.1:443'],
    [{ KUBERNETES_SERVICE_HOST: '2001:db8::1', KUBERNETES_SERVICE_PORT: '6443' }, 'https://[2001:db8::1]:6443'],
    [{}, null],
  ])('of the pod that this runs in comes from its environment', (env, server) => {
    expect(serverNamedIn({ kind: 'in-cluster' }, null, { env })).toBe(server);
  });
});

it('the daemon does not load the client library before there is a cluster to read', () => {
  const SRC = resolve(import.meta.dirname, '../../../src');
  const seen = new Set<string>();
  const packages = new Set<string>();
  const walk = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    const text = readFileSync(path, 'utf8');
    // What is only a type, or imported when it is called, is not loaded with the file.
    for (const [, what = '', specifier = ''] of text.matchAll(/^(?:import|export) (?!type )([^;]*?from )?'([^']+)';/gms)) {
      if (/^\{(?:\s*type [^,}]+,?)+\s*\} from $/.test(what)) continue;
      if (specifier.startsWith('.')) walk(resolve(dirname(path), specifier));
      else packages.add(specifier);
    }
  };
  walk(join(SRC, 'daemon.ts'));
  expect(seen).toContain(join(SRC, 'cluster/watch/cluster-watch.ts'));
  expect(packages).toContain('better-sqlite3');
  expect([...packages].filter((name) => name.startsWith('@kubernetes'))).toEqual([]);
});

it('a server is told without the login in it', () => {
  expect(
    [
      'https://192.0.2.9:6443',
      'https://ops:s3cret@192.0.2.9:6443/k8s',
      'https://ops:s3@cret@192.0.2.9',
      'https://ops:s3/cret@192.0.2.9',
      'ops:s3cret@192.0.2.9',
    ].map(withoutLogin),
  ).toEqual(['https://192.0.2.9:6443', 'https://192.0.2.9:6443/k8s', 'https://192.0.2.9', '192.0.2.9', '192.0.2.9']);
});
