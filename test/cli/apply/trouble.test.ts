/** `freehold apply` where somebody else is at work at the same moment, where answers are lost, and where time plays tricks. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { connectCluster } from '../../../src/cluster/connect.ts';
import { verified } from './answers.ts';
import { type Ground, RANGE, startGround } from './ground.ts';

let ground: Ground;
beforeEach(async () => {
  ground = await startGround();
});
afterEach(() => ground.close());

const POOL_PATH = /\/ipaddresspools\/production-pool$/;
const ADVERTISEMENT = /\/l2advertisements\/production-advertisement$/;
const push = { method: 'PATCH', path: POOL_PATH, dryRun: false };
const NAMESPACE = 'metallb-system';
const pool = (name: string, ...addresses: string[]) => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'IPAddressPool',
  metadata: { name, namespace: NAMESPACE },
  spec: { addresses },
});
const advertisement = (name: string, ...pools: string[]) => ({
  apiVersion: 'metallb.io/v1beta1',
  kind: 'L2Advertisement',
  metadata: { name, namespace: NAMESPACE },
  spec: { ipAddressPools: pools },
});
/** Something happens while the question stands. */
const whileAsked = (act: () => unknown) => async (): Promise<string> => {
  await act();
  return 'y';
};

describe('somebody else', () => {
  it('makes the advertisement while the question stands: it is neither changed nor deleted', async () => {
    ground.cluster.seed(pool('theirs', '192.0.2.100/32'));
    const act = () => ground.cluster.seed(advertisement('production-advertisement', 'theirs'));
    const { exitCode, error } = await ground.apply({}, { ask: whileAsked(act) });
    expect([exitCode, error?.code]).toEqual([3, 'changed-meanwhile']);
    expect(ground.advertisements()).toEqual({ 'production-advertisement': { ipAddressPools: ['theirs'] } });
    expect(ground.writes()).toEqual([]);
  });

  it('makes the advertisement at the very last moment: it is not deleted, and nothing is pushed', async () => {
    ground.cluster.seed(pool('theirs', '192.0.2.100/32'));
    // After the check, before our PATCH.
    ground.live = (run, range) => {
      if (run === 2) ground.cluster.seed(advertisement('production-advertisement', 'theirs'));
      return verified(range);
    };
    const { exitCode, error } = await ground.apply();
    expect([exitCode, error?.code]).toEqual([3, 'cluster-field-conflict']);
    expect(error?.message).toContain('L2Advertisement production-advertisement is kept by somebody else');
    expect(ground.advertisements()).toEqual({ 'production-advertisement': { ipAddressPools: ['theirs'] } });
    expect(ground.pools()).toEqual({ theirs: ['192.0.2.100/32'] });
  });

  it('changes the pool while the question stands: what was shown is not what would be pushed', async () => {
    await ground.apply({ range: '192.0.2.200-192.0.2.203' });
    const { exitCode, error } = await ground.apply(
      { range: RANGE },
      { ask: whileAsked(() => ground.apply({ range: '192.0.2.200-192.0.2.207' })) },
    );
    expect([exitCode, error?.code]).toEqual([3, 'changed-meanwhile']);
    expect(ground.pools()).toEqual({ 'production-pool': ['192.0.2.200-192.0.2.207'] });
  });

  it('changes the pool at the very last moment: it is not pushed over', async () => {
    await ground.apply({ range: '192.0.2.200-192.0.2.203' });
    ground.runs = 0;
    ground.live = (run, range) => {
      if (run === 2)
        ground.cluster.change(
          'IPAddressPool',
          'production-pool',
          NAMESPACE,
          { spec: { addresses: ['192.0.2.7/32'] } },
          'freehold',
        );
      return verified(range);
    };
    const { exitCode, error } = await ground.apply({ range: RANGE });
    expect([exitCode, error?.code]).toEqual([3, 'claim-changed-meanwhile']);
    expect(ground.pools()).toEqual({ 'production-pool': ['192.0.2.7/32'] });
  });

  it('takes an address that would be taken from him while the question stands: the shrink is refused', async () => {
    await ground.apply();
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'default', annotations: { 'metallb.io/ip-allocated-from-pool': 'production-pool' } },
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.200' }] } },
    };
    const { exitCode, error } = await ground.apply(
      { range: '192.0.2.208-192.0.2.215' },
      { ask: whileAsked(() => ground.cluster.seed(service)) },
    );
    expect([exitCode, error?.code]).toEqual([3, 'would-readdress']);
    expect(ground.pools()).toEqual({ 'production-pool': [RANGE] });
  });

  it('claims another pool at the same time: the advertisement names both', async () => {
    const both = await Promise.all([
      ground.apply({ range: '192.0.2.100-192.0.2.107', name: 'first' }),
      ground.apply({ range: '192.0.2.120-192.0.2.127', name: 'second' }),
    ]);
    expect(
      both.map(({ exitCode }) => exitCode),
      both.map(({ stderr }) => stderr).join(),
    ).toEqual([0, 0]);
    const { ipAddressPools } = ground.advertisements()['production-advertisement'] as { ipAddressPools: string[] };
    expect([...ipAddressPools].sort()).toEqual(['first', 'second']);
  });

  it('deleted a pool that the advertisement names: the name is dropped, and is no hindrance', async () => {
    await ground.apply({ range: '192.0.2.100-192.0.2.107', name: 'first' });
    ground.cluster.remove('IPAddressPool', 'first', NAMESPACE);
    const { exitCode, stderr } = await ground.apply();
    expect(exitCode, stderr).toBe(0);
    expect(ground.advertisements()).toEqual({ 'production-advertisement': { ipAddressPools: ['production-pool'] } });
  });
});

describe('a pool that fails after its advertisement', () => {
  it('leaves an advertisement of other pools as it was', async () => {
    await ground.apply({ range: '192.0.2.100-192.0.2.107', name: 'first' });
    ground.cluster.fault(push, { kind: 'status', status: 403, message: 'ipaddresspools.metallb.io is forbidden' });
    expect((await ground.apply({ waitMs: 1_200 })).exitCode).toBe(4);
    expect(ground.advertisements()).toEqual({ 'production-advertisement': { ipAddressPools: ['first'] } });
  });

  it('that was there before goes on being advertised', async () => {
    await ground.apply();
    ground.cluster.before(push, () => ground.cluster.setWebhook('no-endpoints'));
    expect((await ground.apply({ waitMs: 1_200, range: '192.0.2.200-192.0.2.223' })).exitCode).toBe(5);
    expect(ground.pools()).toEqual({ 'production-pool': [RANGE] });
    expect(ground.advertisements()).toEqual({ 'production-advertisement': { ipAddressPools: ['production-pool'] } });
  });
});

describe('an advertisement', () => {
  it('is brought back to what it was where the pool fails: interfaces, too', async () => {
    await ground.apply({ range: '192.0.2.100-192.0.2.107', name: 'first' });
    ground.cluster.fault(push, { kind: 'status', status: 403, message: 'ipaddresspools.metallb.io is forbidden' });
    expect((await ground.apply({ interface: ['eth1'] })).exitCode).toBe(4);
    expect(ground.advertisements()).toEqual({ 'production-advertisement': { ipAddressPools: ['first'] } });
  });

  it('of which the answer was lost is taken back, whatever came after that', async () => {
    ground.cluster.fault({ method: 'PATCH', path: ADVERTISEMENT, dryRun: false, times: 1 }, { kind: 'reset-after' });
    const undo = ground.cluster.before({ method: 'PATCH', path: ADVERTISEMENT, dryRun: false }, () => {
      undo();
      setTimeout(() => ground.cluster.setWebhook('no-endpoints'), 0);
    });
    const { exitCode } = await ground.apply({ waitMs: 1_500 });
    expect(exitCode).toBe(5);
    expect(ground.advertisements()).toEqual({});
    expect(ground.claims).toMatchObject([{ state: 'failed' }]);
  });
});

describe('a pool that is kept by somebody else', () => {
  it('can be handed over as it is told, and the same command then goes through', async () => {
    await ground.apply();
    ground.cluster.change(
      'IPAddressPool',
      'production-pool',
      NAMESPACE,
      { spec: { addresses: ['192.0.2.200-192.0.2.210'] } },
      'kubectl-edit',
    );
    const { error } = await ground.apply();
    const [, text = ''] = /<<'END'\n([\s\S]*)\nEND$/.exec(error?.hint ?? '') ?? [];
    // What kubectl sends for that command line.
    const api = connectCluster({ path: ground.cluster.kubeconfig('apply'), context: null });
    await api.request('PATCH', `/apis/metallb.io/v1beta1/namespaces/${NAMESPACE}/ipaddresspools/production-pool`, {
      query: { fieldManager: 'freehold', force: true },
      contentType: 'application/apply-patch+yaml',
      body: parse(text),
    });
    expect((await ground.apply()).exitCode).toBe(0);
    expect(ground.pools()).toEqual({ 'production-pool': [RANGE] });
  });
});

describe('who shows himself while an answer is lost', () => {
  it('is told, although the pool was stored', async () => {
    ground.cluster.fault({ ...push, times: 1 }, { kind: 'reset-after' });
    let monotonicMs = performance.now();
    ground.clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() + monotonicMs };
    monotonicMs = 0;
    const undo = ground.cluster.before(push, () => {
      undo();
      // The proof is old by the next try; and at that moment the pool cannot be read.
      monotonicMs = 11_000;
      ground.cluster.fault(
        { method: 'GET', path: POOL_PATH, times: 1 },
        { kind: 'status', status: 404, message: 'ipaddresspools.metallb.io "production-pool" not found' },
      );
    });
    ground.live = (run, range) =>
      verified(
        range,
        run === 3 ? { conflicts: [{ address: '192.0.2.215', mac: '00:80:77:12:34:56', vendor: null, kind: 'used' }] } : {},
      );
    const { exitCode, stdout } = await ground.apply({ waitMs: 30_000 });
    expect([exitCode, ground.claims[0]?.state]).toEqual([3, 'complete']);
    expect(stdout).toContain('somebody came in the last seconds');
    expect(ground.claims[0]?.outcome).toContain('contested');
  });
});

describe('an answer that is lost', () => {
  it.each([
    ['a right that is taken', () => ground.cluster.deny('apply', { verb: 'patch', resource: 'ipaddresspools' })],
    ['a webhook that goes away', () => ground.cluster.setWebhook('no-endpoints')],
  ])('and then %s: the claim is seen to be complete', async (_, act) => {
    ground.cluster.fault({ ...push, times: 1 }, { kind: 'reset-after' });
    const undo = ground.cluster.before(push, () => {
      undo();
      setTimeout(act, 0);
    });
    const { exitCode, stderr } = await ground.apply({ waitMs: 3_000 });
    expect(exitCode, stderr).toBe(0);
    expect(ground.pools()).toEqual({ 'production-pool': [RANGE] });
    expect(Object.keys(ground.advertisements())).toEqual(['production-advertisement']);
    expect(ground.claims).toMatchObject([{ state: 'complete' }]);
  });

  it('and then no credentials any more: it is not said that nothing was pushed', async () => {
    ground.cluster.fault({ ...push, times: 1 }, { kind: 'reset-after' });
    const undo = ground.cluster.before(push, () => {
      undo();
      setTimeout(() => ground.cluster.setTokenValid('apply', false), 0);
    });
    const { exitCode, error } = await ground.apply({ json: false, waitMs: 3_000 });
    expect([exitCode, error?.code]).toEqual([5, 'claim-unknown-outcome']);
    expect(error?.message).not.toContain('othing was pushed');
    expect(ground.claims).toMatchObject([{ state: 'unknown' }]);
    expect(Object.keys(ground.advertisements())).toEqual(['production-advertisement']);
  });

  it('is unknown in JSON, not refused', async () => {
    const undo = ground.cluster.before(push, async () => {
      undo();
      await ground.cluster.stop();
    });
    const { exitCode, stdout } = await ground.apply({ json: true, waitMs: 1_200 });
    expect(exitCode).toBe(5);
    expect(JSON.parse(stdout)).toMatchObject({ result: 'unknown', code: 'claim-unknown-outcome' });
  });

  it('of a pool that is stored late, after the request was given up: it is found', async () => {
    ground.cluster.fault({ ...push, times: 1 }, { kind: 'reset' });
    const undo = ground.cluster.before({ method: 'PATCH', path: POOL_PATH, dryRun: false }, (request) => {
      undo();
      const late = request.body as Parameters<typeof ground.cluster.seed>[0];
      setTimeout(() => ground.cluster.seed(late), 1_200);
      ground.cluster.deny('apply', { verb: 'patch', resource: 'ipaddresspools' });
    });
    const { exitCode, stderr } = await ground.apply({ waitMs: 2_000 });
    expect(exitCode, stderr).toBe(0);
    expect(ground.claims).toMatchObject([{ state: 'complete' }]);
  });
});

describe('time', () => {
  it('that is set back makes no old proof young', async () => {
    let wallMs = Date.now();
    ground.clock = { nowMs: () => wallMs, monotonicMs: () => performance.now() };
    const undo = ground.cluster.before(push, () => {
      undo();
      ground.cluster.setWebhook('no-endpoints');
      wallMs -= 3_600_000;
      setTimeout(() => ground.cluster.setWebhook('ready'), 11_500);
    });
    const { exitCode, stderr } = await ground.apply({ waitMs: 40_000 });
    expect(exitCode, stderr).toBe(0);
    // The live run, the last look, one more before the push, and the one after it.
    expect(ground.runs).toBeGreaterThanOrEqual(4);
  }, 60_000);
});

describe('an override', () => {
  it('is not washed off by the next claim, as long as its addresses are there', async () => {
    await ground.apply({ overrideProof: 'the old router must go today' });
    expect((await ground.apply()).exitCode).toBe(0);
    const { annotations } = ground.cluster.object('IPAddressPool', 'production-pool', NAMESPACE)?.metadata ?? {};
    expect(annotations).toMatchObject({
      'freehold.dev/proof-override': 'the old router must go today',
      'freehold.dev/proof': expect.stringMatching(/^overridden; .*; looked at again: RFC 5227 run/),
    });
    expect(ground.claims[1]).toMatchObject({ overridden: 'the old router must go today' });
  });

  it('keeps the proof of what was proven where nothing is new', async () => {
    await ground.apply();
    await ground.apply();
    await ground.apply();
    const { annotations } = ground.cluster.object('IPAddressPool', 'production-pool', NAMESPACE)?.metadata ?? {};
    const proof = (annotations as Record<string, string>)['freehold.dev/proof'] ?? '';
    expect(proof).toMatch(/^quiet for 3 d 11 h/);
    expect(proof.split('looked at again').length).toBe(2);
  });

  it.each(['two\nlines', 'x'.repeat(501), '\u001b[2Jabcdef'])('wants one printable line: %j', async (overrideProof) => {
    expect((await ground.apply({ overrideProof })).exitCode).toBe(2);
    expect(ground.runs).toBe(0);
  });
});

describe('a size', () => {
  it('grows the pool around what it has', async () => {
    await ground.apply({ range: '192.0.2.120-192.0.2.127' });
    expect((await ground.apply({ size: 12 })).exitCode).toBe(0);
    expect(ground.pools()).toEqual({ 'production-pool': ['192.0.2.120-192.0.2.131'] });
  });

  it('does not move a pool that cannot grow', async () => {
    await ground.apply({ range: '192.0.2.232-192.0.2.239' });
    const { freeRanges } = await import('./answers.ts');
    ground.history = freeRanges({ '192.0.2.100-192.0.2.199': {} });
    const { exitCode, error } = await ground.apply({ size: 12 });
    expect([exitCode, error?.code]).toEqual([3, 'pool-cannot-grow']);
    expect(ground.pools()).toEqual({ 'production-pool': ['192.0.2.232-192.0.2.239'] });
  });
});

describe('what is said', () => {
  it('is that nothing was pushed, whatever failed before the push', async () => {
    ground.cluster.fault({ method: 'GET', path: /\/version$/ }, { kind: 'reset' });
    const { exitCode, error } = await ground.apply({ waitMs: 700 });
    expect(exitCode).toBe(5);
    expect(error?.message).toMatch(/Nothing was pushed\.$/);
  });

  it('is waited for at the first request, too', async () => {
    ground.cluster.fault({ method: 'GET', path: POOL_PATH, times: 1 }, { kind: 'status', status: 503, message: 'starting' });
    expect((await ground.apply()).exitCode).toBe(0);
  });

  it('a terminal that goes away in the middle leaves a complete claim', async () => {
    ground.cluster.before(push, () => void ground.signals.emit('SIGHUP'));
    await ground.apply();
    expect(ground.claims).toMatchObject([{ state: 'complete' }]);
    expect(Object.keys(ground.advertisements())).toEqual(['production-advertisement']);
  });
});
