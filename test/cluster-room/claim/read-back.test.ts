/** Reading back from a cluster over real HTTPS; time passes only in pauses, in which the cluster may come to rest. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { beforePush, type ReadBack, type ReadBackOptions, readBack, SETTLE_MS } from '../../../src/cluster/claim/read-back.ts';
import { connectCluster } from '../../../src/cluster/connect.ts';
import type { KubeApi } from '../../../src/cluster/kube/api.ts';
import { RESOURCES } from '../../../src/cluster/kube/resources.ts';
import { type ClusterDouble, type KubeJson, startCluster } from '../../cluster/double.ts';
import { advertisement, kubeadmCluster, pool, withMetallb } from '../../cluster/fixtures.ts';

const SYSTEM = 'metallb-system';
const RANGE = '192.0.2.200-192.0.2.215';
const PATIENCE_MS = 20_000;

let cluster: ClusterDouble;
let api: KubeApi;
const start = async (objects: readonly KubeJson[] = withMetallb()): Promise<void> => {
  await cluster?.close();
  cluster = await startCluster({ objects: [...kubeadmCluster(), ...objects, advertisement('a')] });
  api = connectCluster({ path: cluster.kubeconfig('apply'), context: null });
};
beforeEach(() => start());
afterEach(() => cluster.close());

const push = async (addresses = RANGE): Promise<void> => {
  await api.apply(RESOURCES.pools, { metadata: { name: 'p', namespace: SYSTEM }, spec: { addresses: [addresses] } });
};
/** As if it had been pushed, with no webhook to ask: MetalLB does not run. */
const pushPast = (addresses: string): void => cluster.change('IPAddressPool', 'p', SYSTEM, { spec: { addresses: [addresses] } });

function stopMetallb(): void {
  cluster.remove('Deployment', 'controller', SYSTEM);
  cluster.remove('DaemonSet', 'speaker', SYSTEM);
}

const say = (name: string, result: string, errorSummary = ''): void =>
  cluster.change('ConfigurationState', name, SYSTEM, {
    status: { result, conditions: [{ message: errorSummary, status: result === 'Invalid' ? 'False' : 'True' }], errorSummary },
  });

interface Read extends ReadBack {
  /** Of the made-up clock. */
  readonly tookMs: number;
}

/** @param during called before each pause ends, with the time that has passed */
async function read(
  options: Partial<ReadBackOptions> = {},
  during: (passedMs: number) => Promise<void> | void = () => undefined,
): Promise<Read> {
  let nowMs = 5_000;
  const back = await readBack(api, {
    namespace: SYSTEM,
    pool: 'p',
    advertisement: 'a',
    size: 16,
    untilMs: nowMs + PATIENCE_MS,
    now: () => nowMs,
    signal: new AbortController().signal,
    sleep: async (ms) => {
      nowMs += ms;
      await during(nowMs - 5_000);
      await cluster.settled();
    },
    ...options,
  });
  return { ...back, tookMs: nowMs - 5_000 };
}

const asItIs = () => beforePush(api, { namespace: SYSTEM, pool: 'p' });

describe('reading back', () => {
  it('accepts what MetalLB counts', async () => {
    const then = await asItIs();
    await push();
    expect(await read({ before: then })).toMatchObject({
      verdict: 'accepted',
      told: [
        'The pool counts 16 addresses, 0 of them assigned.',
        expect.stringContaining('The controller and 3 speakers say that the configuration is valid'),
      ],
    });
  });

  it('accepts a pool that grew', async () => {
    await push('192.0.2.208-192.0.2.215');
    await cluster.settled();
    const then = await asItIs();
    await push();
    expect(await read({ before: then })).toMatchObject({ verdict: 'accepted' });
  });

  it('does not take the old word of a MetalLB that does nothing for one about a range that moved', async () => {
    await push('192.0.2.160-192.0.2.175');
    await cluster.settled();
    stopMetallb();
    await cluster.settled();
    const then = await asItIs();
    pushPast(RANGE);
    expect(await read({ before: then })).toMatchObject({
      verdict: 'not-told',
      told: expect.arrayContaining([expect.stringContaining('could not be told apart from before the push')]),
      tookMs: SETTLE_MS,
    });
  });

  it('accepts a range that moved where the controller looked again', async () => {
    await push('192.0.2.160-192.0.2.175');
    await cluster.settled();
    stopMetallb();
    await cluster.settled();
    const then = await asItIs();
    pushPast(RANGE);
    const back = await read({ before: then }, (passedMs) => {
      const conditions = [{ message: '', status: 'True', lastTransitionTime: '2026-03-01T12:00:00Z' }];
      if (passedMs === 1_000) cluster.change('ConfigurationState', 'controller', SYSTEM, { status: { conditions } });
    });
    expect(back).toMatchObject({ verdict: 'accepted', tookMs: 1_000 });
  });

  it('waits for a MetalLB that does nothing about a new pool, to the end', async () => {
    await cluster.settled();
    stopMetallb();
    await cluster.settled();
    const then = await asItIs();
    cluster.seed(pool('p', [RANGE]));
    expect(await read({ before: then })).toMatchObject({ verdict: 'waiting', tookMs: PATIENCE_MS });
  });

  it('is not told by an old MetalLB, and does not wait for it to the end', async () => {
    await start(
      withMetallb().filter(({ metadata: { name }, kind }) => name !== 'configurationstates.metallb.io' && kind !== 'Deployment'),
    );
    cluster.seed(pool('p', [RANGE]));
    expect(await read({ before: await asItIs() })).toMatchObject({
      verdict: 'not-told',
      told: [expect.stringContaining('no counters'), expect.stringContaining('is not told (MetalLB before 0.15.3')],
      tookMs: SETTLE_MS,
    });
  });

  it('counts the time of MetalLB from the push on', async () => {
    await start(
      withMetallb().filter(({ metadata: { name }, kind }) => name !== 'configurationstates.metallb.io' && kind !== 'Deployment'),
    );
    cluster.seed(pool('p', [RANGE]));
    expect(await read({ pushedMs: 2_000 })).toMatchObject({ verdict: 'not-told', tookMs: 2_000 });
  });

  it('gives an Invalid time to pass', async () => {
    await cluster.settled();
    stopMetallb();
    say('controller', 'Invalid', 'pools overlap');
    const then = await asItIs();
    cluster.seed(pool('p', [RANGE]));
    const back = await read({ before: then }, (passedMs) => {
      if (passedMs !== 2_000) return;
      say('controller', 'Valid');
      cluster.change('IPAddressPool', 'p', SYSTEM, {
        status: { assignedIPv4: 0, availableIPv4: 16, assignedIPv6: 0, availableIPv6: 0 },
      });
    });
    expect(back).toMatchObject({ verdict: 'accepted', tookMs: 2_000 });
  });

  it.each([
    ['after its time', {}, SETTLE_MS],
    ['at the end of a patience that is shorter', { untilMs: 6_000 }, 1_000],
  ])('is refused by an Invalid that stays, %s', async (_, options, tookMs) => {
    await cluster.settled();
    stopMetallb();
    const then = await asItIs();
    cluster.seed(pool('p', [RANGE]));
    say('speaker-node-2', 'Invalid', 'peer a\npeer b\u0007');
    expect(await read({ before: then, ...options })).toMatchObject({
      verdict: 'refused',
      told: ['speaker-node-2 does not take the configuration: peer a peer b'],
      tookMs,
    });
  });

  it('does not wait for the speaker of a node that is gone', async () => {
    await push();
    cluster.seed({
      apiVersion: 'metallb.io/v1beta1',
      kind: 'ConfigurationState',
      metadata: { name: 'speaker-old', namespace: SYSTEM, labels: { 'metallb.io/node-name': 'old' } },
      status: { result: 'Invalid', errorSummary: 'long ago' },
    });
    await cluster.settled();
    expect(await read()).toMatchObject({ verdict: 'accepted', tookMs: 0 });
    expect(cluster.requests.filter(({ path }) => path === '/api/v1/nodes').length).toBe(1);
  });

  it('waits for it where nodes may not be read', async () => {
    await push();
    cluster.seed({
      apiVersion: 'metallb.io/v1beta1',
      kind: 'ConfigurationState',
      metadata: { name: 'speaker-old', namespace: SYSTEM },
      status: { result: 'Unknown' },
    });
    cluster.deny('apply', { resource: 'nodes' });
    expect(await read()).toMatchObject({ verdict: 'waiting', told: [expect.anything(), expect.stringContaining('speaker-old')] });
    expect(cluster.requests.filter(({ path }) => path === '/api/v1/nodes').length).toBe(1);
  });

  it.each<[string, () => void, RegExp]>([
    [
      'its advertisement names another pool',
      () => cluster.change('L2Advertisement', 'a', SYSTEM, { spec: { ipAddressPools: ['other'] } }),
      /^The L2Advertisement a neither names the IPAddressPool p nor selects it/,
    ],
    [
      'its advertisement is gone',
      () => cluster.remove('L2Advertisement', 'a', SYSTEM),
      /^The L2Advertisement a is not in the cluster/,
    ],
    ['the pool is gone', () => cluster.remove('IPAddressPool', 'p', SYSTEM), /^The IPAddressPool p is not in the cluster/],
    ['somebody changed the pool', () => pushPast('192.0.2.1/32'), /^The IPAddressPool p holds 192\.0\.2\.1\/32 now/],
  ])('is refused at once where %s', async (_, change, told) => {
    await push();
    await cluster.settled();
    change();
    expect(await read()).toMatchObject({ verdict: 'refused', told: [expect.stringMatching(told)], tookMs: 0 });
  });

  it('looks at no advertisement where none is named', async () => {
    await push();
    cluster.remove('L2Advertisement', 'a', SYSTEM);
    await cluster.settled();
    const back = await readBack(api, {
      namespace: SYSTEM,
      pool: 'p',
      size: 16,
      untilMs: PATIENCE_MS,
      now: () => 0,
      signal: new AbortController().signal,
    });
    expect(back.verdict).toBe('accepted');
  });

  it('outlasts a cluster that does not answer', async () => {
    await push();
    await cluster.settled();
    const heal = cluster.fault({}, { kind: 'status', status: 503, message: 'one\ntwo' });
    const back = await read({}, (passedMs) => {
      if (passedMs === 1_500) heal();
    });
    expect(back).toMatchObject({ verdict: 'accepted', tookMs: 1_500 });
  });

  it('says in one line what the cluster had against it, to the end', async () => {
    await push();
    cluster.fault({}, { kind: 'status', status: 503, message: 'one\ntwo' });
    const { verdict, told, tookMs } = await read();
    expect([verdict, tookMs, told.length]).toEqual(['waiting', PATIENCE_MS, 1]);
    expect(told[0]).not.toContain('\n');
  });

  it('throws what does not pass', async () => {
    cluster.setTokenValid('apply', false);
    await expect(read()).rejects.toMatchObject({ code: 'cluster-unauthorized' });
  });

  it('is interrupted before the cluster was asked, and says so', async () => {
    const stop = new AbortController();
    stop.abort();
    expect(await read({ signal: stop.signal })).toMatchObject({
      verdict: 'waiting',
      told: ['MetalLB was not asked yet what it made of the claim.'],
      tookMs: 0,
    });
  });

  it('ends with what it knows where it is interrupted in a pause', async () => {
    await cluster.settled();
    stopMetallb();
    await cluster.settled();
    cluster.seed(pool('p', [RANGE]));
    const stop = new AbortController();
    const back = await read({ signal: stop.signal }, () => stop.abort());
    expect(back).toMatchObject({
      verdict: 'waiting',
      told: [expect.stringContaining('no counters'), expect.anything()],
      tookMs: 500,
    });
  });
});
