/** What `apply` asks of a daemon, and what it believes of one that follows another cluster. */
import { describe, expect, it } from 'vitest';
import { daemonSource } from '../../../src/cli/apply/daemon-source.ts';
import type { HttpClient } from '../../../src/http/client.ts';
import type { PoolsAnswer } from '../../../src/http/guard-service.ts';
import { range } from './answers.ts';

const HERE = 'https://192.0.2.9:6443';
const ELSEWHERE = 'https://192.0.2.10:6443';
const NODE = '52:54:00:00:00:a1';

const poolsOf = (cluster: PoolsAnswer['cluster']): PoolsAnswer => ({
  generatedAt: '2026-11-23T12:00:00.000Z',
  source: cluster === null ? 'configuration' : 'cluster',
  asOf: null,
  cluster,
  pools: [
    {
      name: 'production-pool',
      addresses: [{ start: '192.0.2.200', end: '192.0.2.215', size: 16 }],
      size: 16,
      segments: ['lan'],
      unwatched: [],
      openConflicts: 0,
    },
  ],
  speakers: [{ mac: NODE, node: 'worker-1', vendor: null }],
  assigned: null,
  requested: [],
  notices: [],
});

function scene(answer: unknown = {}) {
  const asked: (readonly [string, unknown])[] = [];
  const client: HttpClient = {
    get: async <T>(path: string, query?: unknown) => {
      asked.push([path, query]);
      return answer as T;
    },
    post: async <T>(path: string, body: unknown) => {
      asked.push([path, body]);
      return answer as T;
    },
  };
  return { asked, source: daemonSource(client, 'the daemon', []) };
}

describe('the daemon', () => {
  it('is asked for the pool of this cluster, and for all of the range', async () => {
    const { source, asked } = scene();
    const query = { criteria: { quietFor: '1h' }, pool: 'production-pool', server: HERE, namespace: 'metallb-system' };
    const own = { quietFor: '1h', pool: 'production-pool', poolServer: HERE, poolNamespace: 'metallb-system' };
    await source.freeRanges('lan', 8, query, range('192.0.2.200-192.0.2.215'));
    await source.verify(range('192.0.2.200-192.0.2.215'), '2026-11-23T12:00:00.000Z', query);
    await source.freeRanges('lan', 8, { ...query, server: null, namespace: undefined });
    expect(asked).toEqual([
      ['/free-ranges', { ...own, segment: 'lan', size: 8, limit: 4096, within: '192.0.2.200-192.0.2.215' }],
      ['/verify', { ...own, range: '192.0.2.200-192.0.2.215', heardSince: '2026-11-23T12:00:00.000Z' }],
      ['/free-ranges', { quietFor: '1h', pool: 'production-pool', segment: 'lan', size: 8, limit: 4096 }],
    ]);
  });

  it.each([
    ['no cluster', null, HERE, null],
    ['this one', { server: `${HERE}/`, kinds: [] }, HERE, null],
    ['one that nobody compares', { server: ELSEWHERE, kinds: [] }, null, null],
    ['another', { server: ELSEWHERE, kinds: [] }, HERE, ELSEWHERE],
    ['one that it cannot name', { server: null, kinds: [] }, HERE, 'a cluster that it cannot name now'],
  ])('that follows %s', async (_, cluster, server, otherCluster) => {
    const { source } = scene(poolsOf(cluster));
    const known = otherCluster === null ? 1 : 0;
    expect((await source.nodeMacs([], server)).size).toBe(known);
    expect(await source.guarded('production-pool', range('192.0.2.200-192.0.2.215'), server)).toEqual({
      guarded: true,
      speakers: known,
      otherCluster,
    });
    expect(await source.guarded('production-pool', range('192.0.2.200-192.0.2.216'), server)).toMatchObject({ guarded: false });
  });
});
