/** `freehold apply` on real frames: what is on the wire decides, up to the last moment before the push and from the first after it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ConflictsAnswer, PoolsAnswer } from '../../src/http/guard-service.ts';
import { startDhcpClient, startDhcpServer } from '../lab/dhcp.ts';
import { type Claiming, mac, NODE_A, NODE_B, startClaiming } from './claiming.ts';
import { until } from './running.ts';

const RANGE = '192.0.2.200-192.0.2.207';
const STRANGER = mac('66');
const dryRunOfPool = { method: 'PATCH', path: /\/ipaddresspools\//, dryRun: true };

let ground: Claiming;
beforeAll(async () => {
  ground = await startClaiming();
});
afterAll(() => ground.close());

const pushes = () =>
  ground.cluster.requests
    .filter(({ method, query }) => method !== 'GET' && query['dryRun'] === undefined)
    .map(({ path }) => path);

describe('apply on the wire', () => {
  let before = 0;
  beforeEach(() => {
    before = pushes().length;
  });
  const expectNothingPushed = (): void => {
    expect(pushes().length).toBe(before);
    expect(ground.pools()).toEqual({});
  };

  it('refuses a range in which a host lives, and offers the nearest that is proven', async () => {
    const { exitCode, error } = await ground.apply({ range: '192.0.2.13-192.0.2.20' });
    expect(exitCode).toBe(3);
    expect(error?.message).toMatch(/192\.0\.2\.20 is occupied: in use/);
    expect(error?.hint).toContain('--range 192.0.2.21-192.0.2.28');
    expectNothingPushed();
  });

  it('refuses a device that appears on the last address during the live run', async () => {
    const undo = ground.cluster.before({ method: 'GET', path: /\/version$/ }, async () => {
      undo();
      await ground.hosts.add({ id: 'late', addresses: ['192.0.2.207'], macs: [STRANGER], appearsAfterMs: 1_500 });
    });
    const { exitCode, error } = await ground.apply({ range: RANGE });
    await ground.hosts.remove('late');
    expect(exitCode).toBe(3);
    expect(error?.message).toContain(`192.0.2.207: ${STRANGER}`);
    expectNothingPushed();
  });

  it('refuses a device that appears, without a word, between dry run and push', async () => {
    const undo = ground.cluster.before(dryRunOfPool, async () => {
      undo();
      await ground.hosts.add({ id: 'silent', addresses: ['192.0.2.239'], macs: [STRANGER] });
    });
    const { exitCode, error, stderr } = await ground.apply({ range: '192.0.2.230-192.0.2.239' });
    await ground.hosts.remove('silent');
    expect(stderr).toContain("The server's own dry run accepts this");
    expect(exitCode).toBe(3);
    expect(error?.message).toContain(`192.0.2.239: ${STRANGER}`);
    expectNothingPushed();
  });

  it('refuses an address that a DHCP client asks for meanwhile', async () => {
    const server = await startDhcpServer(ground.lan, {
      address: '192.0.2.2',
      rangeStart: '192.0.2.225',
      rangeEnd: '192.0.2.225',
    });
    let client: Awaited<ReturnType<typeof startDhcpClient>> | null = null;
    const undo = ground.cluster.before(dryRunOfPool, async () => {
      undo();
      client = await startDhcpClient(ground.lan, { hostname: 'printer', mac: mac('77') });
    });
    const { exitCode, error } = await ground.apply({ range: '192.0.2.220-192.0.2.227' });
    await (client as { close(): Promise<void> } | null)?.close();
    await server.close();
    expect(exitCode).toBe(3);
    expect(error?.message).toMatch(new RegExp(`192\\.0\\.2\\.225: ${mac('77')}.*printer`));
    expectNothingPushed();
  });

  it('claims a proven range, and the guard has it within 5 s, with the nodes as speakers', async () => {
    const { exitCode, stdout, stderr } = await ground.apply({ range: RANGE });
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toContain('Complete.');
    expect(stderr).toContain('The guard watches 192.0.2.200-192.0.2.207 from now on');
    expect(ground.pools()).toEqual({ 'production-pool': [RANGE] });
    const { pools, speakers, source } = await ground.daemon.client.get<PoolsAnswer>('/pools');
    expect([source, pools.map(({ name }) => name)]).toEqual(['cluster', ['production-pool']]);
    expect(speakers).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ mac: NODE_A, node: 'worker-1' }),
        expect.objectContaining({ mac: NODE_B, node: 'worker-2' }),
      ]),
    );
    expect(await ground.claims()).toMatchObject([
      { state: 'complete', pool: 'production-pool', proof: { kept: 0, weakerThanConfigured: false } },
    ]);
  });

  it('then a Service gets an address, its node answers, it moves to the other node, and nobody is alarmed', async () => {
    ground.cluster.seed(
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web', namespace: 'default' },
        spec: {
          replicas: 1,
          selector: { matchLabels: { app: 'web' } },
          template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web' }] } },
        },
      },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'web', namespace: 'default' },
        spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80 }] },
      },
    );
    const assigned = async () => (await ground.daemon.client.get<PoolsAnswer>('/pools')).assigned ?? [];
    await until(
      'the Service holds an address',
      async () => (await assigned()).some(({ service }) => service === 'default/web'),
      20_000,
    );
    await ground.daemon.sweep();
    const answering = async () => (await ground.daemon.address('192.0.2.200')).history.map((row) => row.mac);
    await until(
      'a node answers for it',
      async () => {
        await ground.daemon.sweep();
        return (await answering()).length > 0;
      },
      20_000,
    );
    const [first] = await answering();
    const leader = first === NODE_A ? 'worker-1' : 'worker-2';
    ground.cluster.setNodeReady(leader, false);
    await until(
      'the other node answers for it',
      async () => {
        await ground.daemon.sweep();
        return new Set(await answering()).size === 2;
      },
      30_000,
    );
    const { conflicts } = await ground.daemon.client.get<ConflictsAnswer>('/conflicts');
    expect(conflicts.filter(({ kind }) => kind !== 'unannounced')).toEqual([]);
  });

  it('grows the pool although a node answers in it', async () => {
    const { exitCode, stderr } = await ground.apply({ range: '192.0.2.200-192.0.2.211' });
    expect(exitCode, stderr).toBe(0);
    expect(ground.pools()).toEqual({ 'production-pool': ['192.0.2.200-192.0.2.211'] });
  });

  it('and a stranger in the pool is a conflict, and stops the next claim', async () => {
    await ground.hosts.add({ id: 'squatter', addresses: ['192.0.2.210'], macs: [STRANGER] });
    await ground.daemon.sweep();
    await until('the guard has seen it', async () => {
      const { conflicts } = await ground.daemon.client.get<ConflictsAnswer>('/conflicts');
      return conflicts.some(
        ({ kind, address, mac: who }) => kind === 'squatter' && address === '192.0.2.210' && who === STRANGER,
      );
    });
    const { exitCode, error } = await ground.apply({ range: '192.0.2.200-192.0.2.213' });
    expect(exitCode).toBe(3);
    expect(error?.message).toContain(`192.0.2.210: ${STRANGER}`);
    expect(ground.pools()).toEqual({ 'production-pool': ['192.0.2.200-192.0.2.211'] });
  });
});
