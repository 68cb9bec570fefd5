import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import type { KubeApi, WatchOptions } from '../../../src/cluster/kube/api.ts';
import { ClusterError } from '../../../src/cluster/kube/errors.ts';
import type { WatchedKind } from '../../../src/cluster/read/snapshot.ts';
import type { ClusterDouble } from '../../cluster/double.ts';
import { bareCluster, node, pool, withMetallb } from '../../cluster/fixtures.ts';
import { fakeClock } from '../../system/fake-clock.ts';
import { type Reflecting, reflect } from './reflecting.ts';

const METALLB = { objects: [...bareCluster(), ...withMetallb()], metallb: 'off' } as const;
const FIRST = pool('first', ['192.0.2.200-192.0.2.209']);

const until = <T>(holds: () => T, timeout = 10_000): Promise<T> => vi.waitFor(holds, { timeout, interval: 20 });
const hasNames = <Kind extends WatchedKind>({ names }: Reflecting<Kind>, ...wanted: readonly string[]): Promise<void> =>
  until(() => expect(names()).toEqual([...wanted].sort()));
const isUp = <Kind extends WatchedKind>({ reflector }: Reflecting<Kind>): Promise<void> =>
  until(() => expect(reflector.status()).toMatchObject({ state: 'up', problem: null }));
const fails = <Kind extends WatchedKind>({ reflector }: Reflecting<Kind>, code: string, state = 'failing'): Promise<void> =>
  until(() => expect(reflector.status()).toMatchObject({ state, problem: { code } }));
const watching = (cluster: ClusterDouble): Promise<void> => until(() => expect(cluster.openWatches).toBe(1));

/** With one pool, and a watch that is open. */
async function following(options = {}): Promise<Reflecting<'pools'>> {
  const one = await reflect('pools', { cluster: { ...METALLB, objects: [...METALLB.objects, FIRST] }, ...options });
  await hasNames(one, 'first');
  await watching(one.cluster);
  return one;
}

describe('a reflector', () => {
  it('lists once, and follows what is made, changed and removed', async () => {
    const one = await following();
    one.cluster.seed(pool('second', ['192.0.2.210/32']));
    await hasNames(one, 'first', 'second');
    one.cluster.change('IPAddressPool', 'second', 'metallb-system', { spec: { addresses: ['192.0.2.211/32'] } });
    await until(() => expect(one.reflector.values()?.find(({ name }) => name === 'second')?.written).toEqual(['192.0.2.211/32']));
    one.cluster.remove('IPAddressPool', 'first', 'metallb-system');
    await hasNames(one, 'second');
    expect(one.lists()).toBe(1);
    expect(one.waits).toEqual([]);
    expect(one.reflector.status()).toMatchObject({ kind: 'pools', needed: true, state: 'up', problem: null, leftOut: 0 });
  });

  it('looks only into the namespace of MetalLB', async () => {
    const elsewhere = { ...pool('elsewhere', ['192.0.2.1/32']), metadata: { name: 'elsewhere', namespace: 'default' } };
    const one = await reflect('pools', { cluster: { ...METALLB, objects: [...METALLB.objects, elsewhere, FIRST] } });
    await hasNames(one, 'first');
  });

  it('reads lists of many pages, and keeps no more than its bound', async () => {
    const nodes = Array.from({ length: 1203 }, (_, i) => node({ name: `node-${1000 + i}`, address: '192.0.2.11' }));
    const one = await reflect('nodes', { cluster: { objects: bareCluster(nodes) }, spec: { most: 1200 } });
    await until(() => expect(one.names()).toHaveLength(1200));
    expect(one.lists()).toBe(3);
    expect(one.reflector.status().leftOut).toBe(3);
    await watching(one.cluster);
    one.cluster.seed(node({ name: 'node-0001', address: '192.0.2.12' }));
    await until(() => expect(one.reflector.status().leftOut).toBe(4));
    expect(one.names()).toHaveLength(1200);
  });

  it('goes on where a watch ended, without a list, and without haste', async () => {
    const one = await following();
    for (let i = 1; i <= 4; i++) {
      one.cluster.endWatches('close');
      await until(() => expect(one.watches()).toBe(i + 1));
      await watching(one.cluster);
    }
    expect(one.lists()).toBe(1);
    // Each of them ended before it had lived for five seconds.
    expect(one.waits).toEqual([750, 1500, 3000, 6000]);
    expect(one.reflector.status()).toMatchObject({ state: 'up', problem: null });
    one.cluster.seed(pool('second', ['192.0.2.210/32']));
    await hasNames(one, 'first', 'second');
  });

  it('asks less and less often where every watch ends at once', async () => {
    const one = await following();
    one.cluster.before({ path: /ipaddresspools/ }, () => void setTimeout(() => one.cluster.endWatches('close'), 5));
    one.cluster.endWatches('close');
    await until(() => expect(one.waits.length).toBeGreaterThan(7));
    expect(one.waits.slice(0, 7)).toEqual([750, 1500, 3000, 6000, 12_000, 22_500, 22_500]);
  });

  it('goes on after a reset', async () => {
    const one = await following();
    one.cluster.endWatches('reset');
    one.cluster.seed(pool('second', ['192.0.2.210/32']));
    await hasNames(one, 'first', 'second');
    await isUp(one);
    expect(one.lists()).toBe(1);
  });

  it('lists anew at once where the history is gone, and misses nothing', async () => {
    const one = await following();
    one.cluster.endWatches('gone');
    one.cluster.remove('IPAddressPool', 'first', 'metallb-system');
    one.cluster.seed(pool('second', ['192.0.2.210/32']));
    one.cluster.compact();
    await hasNames(one, 'second');
    expect(one.lists()).toBe(2);
    expect(one.waits).toEqual([]);
    expect(one.reflector.status()).toMatchObject({ state: 'up', problem: null });
  });

  it('is not caught in a loop where the history is gone again and again', async () => {
    const one = await following();
    one.cluster.before({ path: /ipaddresspools/ }, () => void setTimeout(() => one.cluster.endWatches('gone'), 5));
    one.cluster.endWatches('gone');
    await until(() => expect(one.waits.length).toBeGreaterThan(3));
    expect(one.waits.slice(0, 3)).toEqual([1500, 3000, 6000]);
    await fails(one, 'cluster-gone');
    expect(one.names()).toEqual(['first']);
  });

  it('lists anew every now and then, whatever the watch says', async () => {
    const one = await following({ relistMs: 200 });
    await until(() => expect(one.lists()).toBeGreaterThanOrEqual(3));
    expect(one.waits).toEqual([]);
    expect(one.reflector.status()).toMatchObject({ state: 'up', problem: null });
  });

  it('keeps what it has while the server is away, and finds out what went on meanwhile', async () => {
    const one = await following();
    await one.cluster.stop();
    await fails(one, 'cluster-unreachable');
    const { asOfMs } = one.reflector.status();
    await until(() => expect(one.waits.length).toBeGreaterThan(4));
    expect(one.names()).toEqual(['first']);
    expect(one.reflector.status().asOfMs).toBe(asOfMs);
    one.cluster.remove('IPAddressPool', 'first', 'metallb-system');
    one.cluster.seed(pool('second', ['192.0.2.210/32']));
    await one.cluster.restart();
    await hasNames(one, 'second');
    await isUp(one);
    expect(one.reflector.status().asOfMs).toBeGreaterThan(asOfMs ?? 0);
  });

  it.each([
    ['an error of the server', { kind: 'status', status: 500, message: 'etcd is away' }, 'cluster-busy'],
    ['an error of another server', { kind: 'status', status: 302 }, 'cluster-not-kubernetes'],
    ['a reset', { kind: 'reset' }, 'cluster-unreachable'],
  ] as const)('empties nothing for %s in place of a list', async (_, fault, code) => {
    const one = await following({ relistMs: 300 });
    const mend = one.cluster.fault({ path: /ipaddresspools/ }, fault);
    await fails(one, code);
    expect(one.names()).toEqual(['first']);
    mend();
    await isUp(one);
  });

  it('takes a server that does not answer for one that is away', { timeout: 60_000 }, async () => {
    const one = await reflect('nodes');
    await watching(one.cluster);
    const mend = one.cluster.fault({ path: /nodes$/ }, { kind: 'hang' });
    one.cluster.endWatches('gone');
    await until(() => expect(one.reflector.status()).toMatchObject({ problem: { code: 'cluster-unreachable' } }), 30_000);
    expect(one.reflector.status().problem?.message).toContain('no answer within 15 s');
    expect(one.names()).toHaveLength(3);
    mend();
    await isUp(one);
  });

  it('reads the kubeconfig anew where the token is not accepted any more', async () => {
    const one = await following();
    one.cluster.setTokenValid('daemon', false);
    one.cluster.endWatches('close');
    await fails(one, 'cluster-unauthorized');
    expect(one.names()).toEqual(['first']);
    // A new token is put into the file, as whoever renews it does.
    copyFileSync(one.cluster.kubeconfig('apply'), one.cluster.kubeconfig('daemon'));
    await isUp(one);
    expect(one.cluster.requests.at(-1)).toMatchObject({ user: 'apply', status: 200 });
  });

  it('says what it may not read, and reads it once it may', async () => {
    const one = await reflect('nodes', { kubeconfig: (cluster) => cluster.kubeconfig('somebody') });
    await fails(one, 'cluster-forbidden');
    expect(one.names()).toBeNull();
    one.cluster.allow('somebody', [{ verbs: ['list'], groups: [''], resources: ['nodes'] }]);
    await until(() => expect(one.names()).toHaveLength(3));
    // To list is not to watch.
    await fails(one, 'cluster-forbidden');
    one.cluster.allow('somebody', [{ verbs: ['watch'], groups: [''], resources: ['nodes'] }]);
    await watching(one.cluster);
    await isUp(one);
  });

  it('waits for a kind that the cluster does not know yet', async () => {
    const one = await reflect('pools', { cluster: { metallb: 'off' } });
    await fails(one, 'cluster-kind-unknown', 'absent');
    expect(one.names()).toBeNull();
    one.cluster.seed(...withMetallb(), FIRST);
    await hasNames(one, 'first');
    await isUp(one);
  });

  it('waits for a kubeconfig that is not there', async () => {
    const paths: string[] = [];
    const one = await reflect('nodes', {
      kubeconfig: (cluster) => {
        paths.push(cluster.kubeconfig('daemon'));
        return `${paths[0]}.later`;
      },
    });
    await fails(one, 'kubeconfig-unreadable');
    copyFileSync(paths[0] ?? '', `${paths[0]}.later`);
    await until(() => expect(one.names()).toHaveLength(3));
  });

  it('asks what it waits for at once where it is told to hurry', async () => {
    const one = await reflect('pools', { cluster: { metallb: 'off' }, shortWaits: 2 });
    await until(() => expect(one.waits).toHaveLength(3));
    one.cluster.seed(...withMetallb(), FIRST);
    one.reflector.hurry();
    await hasNames(one, 'first');
  });
});

describe('a reflector of a server of its own making', () => {
  /** Its watches do as the test says. */
  const stub = (watch: (options: WatchOptions, times: number) => Promise<void>): { readonly api: KubeApi; lists: number } => {
    let times = 0;
    const made = {
      lists: 0,
      api: {
        server: 'https://192.0.2.9:6443',
        context: 'test',
        listEach: () => Promise.resolve(String(++made.lists)),
        watch: (_: unknown, options: WatchOptions) => watch(options, ++times),
      } as unknown as KubeApi,
    };
    return made;
  };
  const unreachable = () => new ClusterError('cluster-unreachable', 'no route', { hint: '', exitCode: 5, mayPass: true });

  it('takes a watch that was never taken up for a failure, though it ended cleanly', async () => {
    const { api } = stub(() => Promise.resolve());
    const one = await reflect('nodes', { connection: { api: () => Promise.resolve(api), refused: () => undefined } });
    await fails(one, 'cluster-unreachable');
    expect(one.reflector.status().problem?.message).toBe(
      'The API server https://192.0.2.9:6443 does not answer a watch of nodes.',
    );
  });

  it('lists anew, and reads the kubeconfig anew, where going on does not work', async () => {
    const refused: KubeApi[] = [];
    const made = stub(({ signal }, times) =>
      times > 4 ? new Promise((resolve) => signal?.addEventListener('abort', () => resolve())) : Promise.reject(unreachable()),
    );
    const one = await reflect('nodes', {
      connection: { api: () => Promise.resolve(made.api), refused: (api) => void refused.push(api) },
    });
    await until(() => expect(one.waits.length).toBe(4));
    await until(() => expect(made.lists).toBe(3));
    expect(refused).toEqual([made.api, made.api]);
  });

  it.each([
    ['is silent about the end of a watch that was a good one', 10_000, 0],
    ['but not about one that broke at once', 10, 1],
  ])('%s', async (_, livedMs, told) => {
    const clock = fakeClock();
    const states: string[] = [];
    const seen: { reflector?: Reflecting<'nodes'>['reflector'] } = {};
    const made = stub(({ signal, onOpen }, times) => {
      onOpen?.();
      if (times > 1) return new Promise((resolve) => signal?.addEventListener('abort', () => resolve()));
      clock.advance(livedMs);
      return Promise.reject(unreachable());
    });
    const one = await reflect('nodes', {
      clock,
      connection: { api: () => Promise.resolve(made.api), refused: () => undefined },
      onStatus: () => void states.push(seen.reflector?.status().state ?? 'first'),
    });
    seen.reflector = one.reflector;
    await until(() => expect(one.waits).toEqual([750]));
    await isUp(one);
    expect(states.filter((state) => state === 'failing')).toHaveLength(told);
  });

  it('tells of it where the next try fails too', async () => {
    const clock = fakeClock();
    const made = stub(({ onOpen }, times) => {
      if (times === 1) {
        onOpen?.();
        clock.advance(10_000);
      }
      return Promise.reject(unreachable());
    });
    const one = await reflect('nodes', {
      clock,
      connection: { api: () => Promise.resolve(made.api), refused: () => undefined },
      shortWaits: 1,
    });
    await until(() => expect(one.waits).toHaveLength(2));
    await fails(one, 'cluster-unreachable');
  });

  it('does not wait for a program of the kubeconfig that hangs when it stops', async () => {
    const one = await reflect('nodes', {
      kubeconfig: (cluster) => {
        const path = cluster.kubeconfig('daemon');
        const document = parse(readFileSync(path, 'utf8')) as { users: { user: unknown }[] };
        const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'sleep', args: ['20'], interactiveMode: 'Never' };
        for (const user of document.users) user.user = { exec };
        writeFileSync(`${path}.hangs`, stringify(document));
        return `${path}.hangs`;
      },
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = performance.now();
    await one.reflector.stop();
    expect(performance.now() - before).toBeLessThan(2000);
  });

  it('does not wait for a server that hangs when it stops', async () => {
    const one = await reflect('nodes');
    await watching(one.cluster);
    one.cluster.fault({ path: /nodes$/ }, { kind: 'hang' });
    one.cluster.endWatches('close');
    await until(() => expect(one.watches()).toBe(2));
    const before = performance.now();
    await one.reflector.stop();
    expect(performance.now() - before).toBeLessThan(2000);
  });
});
