import { copyFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemSleep } from '../../../src/cluster/watch/backoff.ts';
import { ClusterWatch } from '../../../src/cluster/watch/cluster-watch.ts';
import { connectionTo } from '../../../src/cluster/watch/connection.ts';
import { formatIpv4 } from '../../../src/core/address/ipv4.ts';
import { systemClock } from '../../../src/system/clock.ts';
import { createLogger } from '../../../src/system/logger.ts';
import { type ClusterDouble, type ClusterOptions, startCluster } from '../../cluster/double.ts';
import { advertisement, bareCluster, deployment, loadBalancer, pool, withMetallb } from '../../cluster/fixtures.ts';

const until = <T>(holds: () => T, timeout = 15_000): Promise<T> => vi.waitFor(holds, { timeout, interval: 20 });

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly kinds?: readonly string[];
  readonly code?: string;
}
const warnings = (log: readonly Line[]): readonly Line[] => log.filter(({ level }) => level === 'warn' || level === 'error');

interface Following {
  readonly cluster: ClusterDouble;
  readonly watch: ClusterWatch;
  readonly log: readonly Line[];
  /** Names of pools; null: not known. */
  pools(): readonly string[] | null;
  states(): Readonly<Record<string, string>>;
}

async function follow(options: ClusterOptions = {}, user = 'daemon'): Promise<Following> {
  const cluster = await startCluster(options);
  onTestFinished(() => cluster.close());
  const log: Line[] = [];
  const stream = { write: (line: string) => void log.push(JSON.parse(line) as Line) };
  const watch = new ClusterWatch({
    connection: connectionTo({ kind: 'files', paths: [cluster.kubeconfig(user)], from: 'configuration' }, null),
    namespace: 'metallb-system',
    clock: systemClock,
    logger: createLogger({ level: 'info', pretty: false, stream }),
    random: () => 0.5,
    // A second is 20 ms.
    sleep: (ms, signal) => systemSleep(ms / 50, signal),
  });
  onTestFinished(() => watch.stop());
  watch.start();
  return {
    cluster,
    watch,
    log,
    pools: () => watch.knowledge().pools?.map(({ name }) => name) ?? null,
    states: () => Object.fromEntries(watch.status().kinds.map(({ kind, state }) => [kind, state])),
  };
}

const WITH_METALLB = {
  objects: [
    ...bareCluster(),
    ...withMetallb(),
    pool('production', ['192.0.2.200-192.0.2.209']),
    advertisement('all'),
    deployment('web'),
    loadBalancer('web'),
  ],
} as const;

const ALL_UP = {
  pools: 'up',
  advertisements: 'up',
  services: 'up',
  nodes: 'up',
  layer2Statuses: 'up',
  configurationStates: 'up',
  endpointSlices: 'up',
};

describe('a cluster that is followed', () => {
  it('is known whole: pools, who holds which address, who is elected and who says so, nodes', async () => {
    const { watch, states, log, cluster } = await follow(WITH_METALLB);
    await until(() => {
      const { services } = watch.knowledge();
      const [web] = services?.assignments ?? [];
      expect(web).toMatchObject({ service: 'default/web' });
      // The double's own election, and this one.
      expect(web?.reportedNodes).toEqual([web?.node]);
    });
    await until(() => expect(states()).toEqual(ALL_UP));
    expect(watch.status()).toMatchObject({ server: cluster.url, remarks: [] });
    const listed = watch.status().kinds.filter(({ needed }) => needed);
    expect(listed.map(({ server }) => server)).toEqual(listed.map(() => cluster.url));
    expect(watch.knowledge().nodes?.map(({ name, internal }) => `${name} ${internal.map(formatIpv4).join()}`)).toEqual([
      'node-1 192.0.2.11',
      'node-2 192.0.2.12',
      'node-3 192.0.2.13',
    ]);
    expect(warnings(log)).toEqual([]);
  });

  it('only ever reads, and nothing that it needs no right for', async () => {
    const { states, cluster } = await follow(WITH_METALLB);
    await until(() => expect(states()).toEqual(ALL_UP));
    expect(
      cluster.requests.filter(({ user, method, status }) => user === 'daemon' && (method !== 'GET' || status >= 400)),
    ).toEqual([]);
  });

  it('tells of a new pool within a moment', async () => {
    const { pools, watch, cluster } = await follow(WITH_METALLB);
    await until(() => expect(pools()).toEqual(['production']));
    let told = 0;
    watch.onChange(() => void told++);
    cluster.seed(pool('second', ['192.0.2.220/32']), pool('third', ['192.0.2.221/32']));
    const before = performance.now();
    await until(() => expect(pools()).toEqual(['production', 'second', 'third']));
    expect(performance.now() - before).toBeLessThan(4_000);
    expect(told).toBeGreaterThan(0);
  });

  it('does without what it can do without, and says so once', async () => {
    const { watch, states, log, cluster, pools } = await follow({ ...WITH_METALLB, objects: [...WITH_METALLB.objects] }, 'poor');
    const allow = (resource: string, group = 'metallb.io') =>
      cluster.allow('poor', [{ verbs: ['get', 'list', 'watch'], groups: [group], resources: [resource] }]);
    for (const resource of ['nodes', 'services']) allow(resource, '');
    for (const resource of ['ipaddresspools', 'l2advertisements']) allow(resource);
    await until(() => expect(states()).toMatchObject({ pools: 'up', services: 'up', nodes: 'up', endpointSlices: 'failing' }));
    await until(() => expect(pools()).toEqual(['production']));
    await until(() => expect(watch.knowledge().services?.assignments).toHaveLength(1));
    expect(watch.knowledge().services?.assignments[0]).not.toHaveProperty('reportedNodes');
    await until(() => expect(log.some(({ code }) => code === 'cluster-forbidden')).toBe(true));
    // Many tries later.
    await until(() => expect(cluster.requests.filter(({ status }) => status === 403).length).toBeGreaterThan(20));
    expect(log.filter(({ code, level }) => code === 'cluster-forbidden' && level === 'info')).toHaveLength(1);
    allow('servicel2statuses');
    await until(() => expect(states()).toMatchObject({ layer2Statuses: 'up' }));
    await until(() => expect(watch.knowledge().services?.assignments[0]?.reportedNodes).toHaveLength(1));
  });

  it('is waited for while MetalLB is not installed, without a warning, and known soon after', async () => {
    const { watch, states, log, cluster, pools } = await follow();
    await until(() => expect(states()).toMatchObject({ pools: 'absent', advertisements: 'absent', nodes: 'up', services: 'up' }));
    await until(() => expect(watch.knowledge().nodes).toHaveLength(3));
    expect(pools()).toBeNull();
    await until(() => expect(log.filter(({ code }) => code === 'cluster-kind-unknown')).toHaveLength(1));
    cluster.seed(...withMetallb(), pool('production', ['192.0.2.200/32']));
    await until(() => expect(pools()).toEqual(['production']));
    await until(() => expect(states()).toEqual(ALL_UP));
    expect(warnings(log)).toEqual([]);
  });

  it('goes on with what it knew while the server is away, warns once, and tells when it is back', async () => {
    const { watch, states, log, cluster, pools } = await follow(WITH_METALLB);
    await until(() => expect(states()).toEqual(ALL_UP));
    await until(() => expect(watch.knowledge().services?.assignments).toHaveLength(1));
    const before = watch.knowledge();
    await cluster.stop();
    await until(() => expect(new Set(Object.values(states()))).toEqual(new Set(['failing'])));
    await until(() => expect(warnings(log)).toHaveLength(1));
    expect(warnings(log)[0]).toMatchObject({ code: 'cluster-unreachable', kinds: Object.keys(ALL_UP) });
    expect(watch.knowledge()).toEqual(before);
    cluster.remove('IPAddressPool', 'production', 'metallb-system');
    await cluster.restart();
    await until(() => expect(pools()).toEqual([]));
    await until(() => expect(states()).toEqual(ALL_UP));
    await until(() => expect(log.some(({ msg }) => msg.includes('can be read again'))).toBe(true));
    expect(warnings(log)).toHaveLength(1);
  });

  it('reads the kubeconfig once for all that were refused, and goes on with a new token', async () => {
    const { states, log, cluster } = await follow(WITH_METALLB);
    await until(() => expect(states()).toEqual(ALL_UP));
    cluster.setTokenValid('daemon', false);
    cluster.endWatches('close');
    await until(() => expect(states()).toMatchObject({ pools: 'failing', nodes: 'failing', endpointSlices: 'failing' }));
    copyFileSync(cluster.kubeconfig('apply'), cluster.kubeconfig('daemon'));
    await until(() => expect(states()).toEqual(ALL_UP));
    await until(() => expect(log.filter(({ code }) => code === 'cluster-unauthorized').length).toBeLessThanOrEqual(1));
  });

  it('stops at once, with nothing left open', async () => {
    const { watch, states, cluster } = await follow(WITH_METALLB);
    await until(() => expect(states()).toEqual(ALL_UP));
    await watch.stop();
    await until(() => expect(cluster.openWatches).toBe(0));
    await watch.stop();
  });
});
