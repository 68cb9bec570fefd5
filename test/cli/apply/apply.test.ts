import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { freeRanges, verified } from './answers.ts';
import { type Ground, RANGE, startGround } from './ground.ts';

let ground: Ground;
beforeEach(async () => {
  ground = await startGround();
});
afterEach(() => ground.close());

const POOL_PATH = /\/ipaddresspools\/production-pool$/;
const ADVERTISEMENT_PATH = /\/l2advertisements\/production-advertisement$/;
const push = { method: 'PATCH', path: POOL_PATH, dryRun: false };
const stranger = (address: string) => ({
  conflicts: [{ address, mac: '00:80:77:12:34:56', vendor: 'Brother', kind: 'used' as const }],
});

/** Nothing is in the cluster, and nothing was written on the way. */
function expectNothing(): void {
  expect(ground.pools()).toEqual({});
  expect(ground.advertisements()).toEqual({});
}

describe('a claim', () => {
  it('pushes pool and advertisement, records the proof, and reads back what MetalLB made of it', async () => {
    const { exitCode, stdout, stderr } = await ground.apply();
    expect(exitCode, stderr).toBe(0);
    expect(ground.pools()).toEqual({ 'production-pool': [RANGE] });
    expect(ground.advertisements()).toEqual({ 'production-advertisement': { ipAddressPools: ['production-pool'] } });
    expect(ground.writes()).toEqual(['PATCH l2advertisements/production-advertisement', 'PATCH ipaddresspools/production-pool']);
    // The live run, the last look, and one after the push.
    expect(ground.runs).toBe(3);
    expect(ground.claims).toMatchObject([
      {
        state: 'complete',
        pool: 'production-pool',
        ranges: [RANGE],
        overridden: null,
        proof: { looks: 8_000, kept: 0, probesSent: 48 },
      },
    ]);
    expect(stdout).toContain('Complete. Claim 1: 192.0.2.200-192.0.2.215 (16 addresses) is IPAddressPool production-pool');
    expect(stderr).toContain('The pool counts 16 addresses, 0 of them assigned');
    const pool = ground.cluster.object('IPAddressPool', 'production-pool', 'metallb-system');
    expect(pool?.metadata['annotations']).toMatchObject({
      'freehold.dev/proof': expect.stringMatching(/^quiet for 3 d 11 h in 8,000 looks.*unanswered; by /),
    });
    expect(pool?.metadata['managedFields']).toMatchObject([{ manager: 'freehold', operation: 'Apply' }, {}]);
  });

  it('takes the best proven range of a size', async () => {
    expect((await ground.apply({ size: 8 })).exitCode).toBe(0);
    expect(ground.pools()).toEqual({ 'production-pool': ['192.0.2.232-192.0.2.239'] });
  });

  it('asked again, stays where it is and changes nothing but the proof', async () => {
    await ground.apply({ size: 8 });
    ground.history = freeRanges({ '192.0.2.100-192.0.2.199': { quietForSeconds: 900_000 } });
    expect((await ground.apply({ size: 8 })).exitCode).toBe(0);
    expect(ground.pools()).toEqual({ 'production-pool': ['192.0.2.232-192.0.2.239'] });
  });

  it('gives --json one document', async () => {
    const { exitCode, stdout } = await ground.apply({ json: true });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      result: 'complete',
      range: { text: RANGE, size: 16 },
      claim: { id: 1, state: 'complete' },
      readBack: { verdict: 'accepted' },
    });
  });

  it('writes flags, interfaces and node selectors', async () => {
    const nodeSelector = ['kubernetes.io/hostname=worker-1'];
    expect((await ground.apply({ autoAssign: false, avoidBuggyIps: true, interface: ['eth1'], nodeSelector })).exitCode).toBe(0);
    expect(ground.cluster.object('IPAddressPool', 'production-pool', 'metallb-system')?.['spec']).toEqual({
      addresses: [RANGE],
      autoAssign: false,
      avoidBuggyIPs: true,
    });
    expect(ground.advertisements()).toEqual({
      'production-advertisement': {
        ipAddressPools: ['production-pool'],
        interfaces: ['eth1'],
        nodeSelectors: [{ matchLabels: { 'kubernetes.io/hostname': 'worker-1' } }],
      },
    });
  });
});

describe('a dry run', () => {
  it('does everything but the push', async () => {
    const { exitCode, stdout, stderr } = await ground.apply({ dryRun: true });
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Nothing was pushed');
    expect(stderr).toMatch(/\+ {2}addresses:/);
    expect(ground.runs).toBe(1);
    expect(ground.claims).toEqual([]);
    expect(ground.cluster.requests.filter(({ query }) => query['dryRun'] === 'All')).toHaveLength(2);
    expectNothing();
  });
});

describe('--output', () => {
  it('prints manifests, and asks no cluster', async () => {
    const { exitCode, stdout } = await ground.apply({ output: 'yaml', kubeconfig: '/nowhere' });
    expect(exitCode).toBe(0);
    expect(parseAllDocuments(stdout).map((document) => (document.toJS() as { kind: string }).kind)).toEqual([
      'IPAddressPool',
      'L2Advertisement',
    ]);
    expect(stdout).toContain('not probed live');
    expect(ground.runs).toBe(0);
    expect(ground.cluster.requests).toEqual([]);
  });

  it('prints a list as JSON', async () => {
    expect(JSON.parse((await ground.apply({ output: 'json' })).stdout)).toMatchObject({ kind: 'List', items: [{}, {}] });
  });

  it('prints nothing that is not proven', async () => {
    ground.history = freeRanges({}, { [RANGE]: ['occupied', 'in use'] });
    const { exitCode, stdout } = await ground.apply({ output: 'yaml' });
    expect([exitCode, stdout]).toEqual([3, '']);
  });
});

describe('without a proof', () => {
  it('refuses address by address, and offers the nearest range', async () => {
    ground.history = freeRanges({ '192.0.2.201-192.0.2.239': {} }, { '192.0.2.200': ['recently-used', 'seen 3 h ago'] });
    const { exitCode, error } = await ground.apply();
    expect(exitCode).toBe(3);
    expect(error?.message).toContain('192.0.2.200 is recently-used: seen 3 h ago');
    expect(error?.hint).toContain('--range 192.0.2.201-192.0.2.216');
    expect(ground.runs).toBe(0);
    expectNothing();
  });

  it('says so in JSON, too', async () => {
    ground.history = freeRanges({}, { [RANGE]: ['occupied', 'in use'] });
    const { exitCode, stdout } = await ground.apply({ json: true });
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      result: 'refused',
      code: 'not-proven',
      step: 'history',
      reasons: expect.arrayContaining([expect.objectContaining({ code: 'occupied' })]),
    });
  });

  it('refuses whoever shows himself in the live run, by name', async () => {
    ground.live = (_, range) => verified(range, stranger('192.0.2.215'));
    const { exitCode, error } = await ground.apply();
    expect(exitCode).toBe(3);
    expect(error?.message).toContain('192.0.2.215: 00:80:77:12:34:56 (Brother) uses it');
    expect(ground.writes()).toEqual([]);
  });

  it('refuses whoever shows himself in the last look, after the dry run', async () => {
    ground.live = (run, range) => verified(range, run === 2 ? stranger('192.0.2.215') : {});
    const { exitCode, error } = await ground.apply();
    expect(exitCode).toBe(3);
    expect(error?.message).toContain('192.0.2.215: 00:80:77:12:34:56 (Brother) uses it');
    expect(ground.writes()).toEqual([]);
    expect(ground.claims).toEqual([]);
    expectNothing();
  });

  it('tells of whoever comes after the last look: the claim stands, and the exit code says no', async () => {
    ground.live = (run, range) => verified(range, run === 3 ? stranger('192.0.2.200') : {});
    const { exitCode, stdout, stderr } = await ground.apply();
    expect(exitCode).toBe(3);
    expect(stdout).toContain('somebody came in the last seconds');
    expect(stderr).toContain('192.0.2.200: 00:80:77:12:34:56 (Brother) uses it');
    expect(ground.claims).toMatchObject([{ state: 'complete' }]);
  });

  it('takes a node that answers after the push for what it is', async () => {
    const node = { conflicts: [{ address: '192.0.2.200', mac: '52:54:00:00:00:a1', vendor: null, kind: 'used' as const }] };
    ground.live = (run, range) => verified(range, run === 3 ? node : {});
    expect((await ground.apply()).exitCode).toBe(0);
  });

  it('pushes where the reason is given, and writes the reason down', async () => {
    ground.history = freeRanges({}, { [RANGE]: ['unproven', 'first looked at 1 h ago'] });
    ground.live = (_, range) => verified(range, stranger('192.0.2.215'));
    const { exitCode, stderr } = await ground.apply({ overrideProof: 'the old router must go today' });
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toContain('192.0.2.215: 00:80:77:12:34:56 (Brother) uses it');
    expect(ground.claims).toMatchObject([{ overridden: 'the old router must go today', state: 'complete' }]);
    expect(ground.cluster.object('IPAddressPool', 'production-pool', 'metallb-system')?.metadata['annotations']).toMatchObject({
      'freehold.dev/proof-override': 'the old router must go today',
      'freehold.dev/proof': expect.stringMatching(/^overridden; .*not all unanswered/),
    });
  });

  it('wants a real reason for that', async () => {
    expect((await ground.apply({ overrideProof: ' x ' })).exitCode).toBe(2);
  });

  it('is not overridden for what speaks against it in the cluster', async () => {
    ground.cluster.seed({
      apiVersion: 'metallb.io/v1beta1',
      kind: 'IPAddressPool',
      metadata: { name: 'old', namespace: 'metallb-system' },
      spec: { addresses: ['192.0.2.200/30'] },
    });
    const { error } = await ground.apply({ overrideProof: 'the old router must go today' });
    expect(error).toMatchObject({ code: 'pool-overlap', exitCode: 3 });
  });
});

describe('the question', () => {
  it('is asked with the difference on the screen, and yes pushes', async () => {
    const questions: string[] = [];
    const { exitCode } = await ground.apply(
      {},
      {
        ask: async (question) => {
          questions.push(question);
          return 'y';
        },
      },
    );
    expect(exitCode).toBe(0);
    expect(questions[0]).toContain('Push 192.0.2.200-192.0.2.215 as IPAddressPool production-pool');
  });

  it.each([
    ['n', 3],
    ['', 3],
    [null, 3],
  ])('answered with %j pushes nothing', async (answer, expected) => {
    expect((await ground.apply({}, { ask: async () => answer })).exitCode).toBe(expected);
    expect(ground.writes()).toEqual([]);
  });

  it('stops without a terminal and without --yes', async () => {
    const { exitCode, error } = await ground.apply({ yes: false }, { ask: null });
    expect([exitCode, error?.code]).toEqual([2, 'not-confirmed']);
    expect(ground.writes()).toEqual([]);
  });
});

describe('Ctrl-C', () => {
  const press = (): void => void ground.signals.emit('SIGINT');
  /** Ctrl-C in the middle of the n-th live run. */
  const duringRun = (which: number) => () => {
    ground.live = async (run, range) => {
      if (run === which) press();
      await pause(50);
      return verified(range);
    };
  };

  it.each<[string, () => unknown]>([
    ['while the cluster is read', () => ground.cluster.before({ method: 'GET', path: /\/version$/ }, press)],
    ['during the live run', duringRun(1)],
    ['during the dry run', () => ground.cluster.before({ method: 'PATCH', dryRun: true }, press)],
    ['during the last look', duringRun(2)],
  ])('%s leaves nothing, and says so', async (_, arrange) => {
    arrange();
    const { exitCode, error } = await ground.apply();
    expect([exitCode, error?.code, error?.message]).toEqual([1, 'interrupted', 'Interrupted: nothing was pushed.']);
    expect(ground.writes()).toEqual([]);
    expectNothing();
  });

  it('at the question leaves nothing', async () => {
    const { error } = await ground.apply(
      {},
      {
        ask: () => {
          press();
          return new Promise(() => undefined);
        },
      },
    );
    expect(error?.code).toBe('interrupted');
    expectNothing();
  });

  it.each([
    ['once', 1],
    ['again and again', 3],
  ])('between the two pushes, %s, leaves a complete claim, and says so', async (_, times) => {
    ground.cluster.before(push, () => {
      for (let n = 0; n < times; n++) press();
    });
    const { stdout, stderr } = await ground.apply();
    expect(stderr).toContain('the push has begun; finishing it');
    expect(stdout).toMatch(/^(Complete\.|Interrupted after the push\.) .*Claim 1/);
    expect(ground.pools()).toEqual({ 'production-pool': [RANGE] });
    expect(Object.keys(ground.advertisements())).toEqual(['production-advertisement']);
    expect(ground.claims).toMatchObject([{ state: 'complete' }]);
  });

  it('while MetalLB is read back leaves a complete claim, and says so', async () => {
    ground.cluster.before({ method: 'GET', path: POOL_PATH }, () => {
      if (ground.claims.length > 0) press();
    });
    const { exitCode, stdout } = await ground.apply();
    expect(exitCode).toBe(1);
    expect(stdout).toContain('the claim is complete, but what MetalLB made of it was not read back');
    expect(ground.claims).toMatchObject([{ state: 'complete' }]);
  });
});

describe('a pool that is there', () => {
  beforeEach(async () => {
    expect((await ground.apply()).exitCode).toBe(0);
    ground.runs = 0;
  });
  const loadBalancer = (name: string, address: string) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default', annotations: { 'metallb.io/ip-allocated-from-pool': 'production-pool' } },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
    status: { loadBalancer: { ingress: [{ ip: address }] } },
  });

  it('grows: only what is new must be proven, and a node may answer for what it holds', async () => {
    ground.cluster.seed(loadBalancer('web', '192.0.2.200'));
    ground.history = freeRanges({ '192.0.2.216-192.0.2.223': {} }, { [RANGE]: ['recently-used', 'seen 1 h ago'] });
    ground.live = (_, range) =>
      verified(range, { conflicts: [{ address: '192.0.2.200', mac: '52:54:00:00:00:a1', vendor: null, kind: 'used' }] });
    const { exitCode, stderr } = await ground.apply({ range: '192.0.2.200-192.0.2.223' });
    expect(exitCode, stderr).toBe(0);
    expect(ground.pools()).toEqual({ 'production-pool': ['192.0.2.200-192.0.2.223'] });
    expect(ground.claims[1]).toMatchObject({ proof: { kept: 16 } });
  });

  it('does not grow over a stranger in what it has', async () => {
    ground.live = (_, range) => verified(range, stranger('192.0.2.200'));
    expect((await ground.apply({ range: '192.0.2.200-192.0.2.223' })).exitCode).toBe(3);
    expect(ground.pools()).toEqual({ 'production-pool': [RANGE] });
  });

  it('does not shrink from under a live Service, unless that is allowed', async () => {
    ground.cluster.seed(loadBalancer('web', '192.0.2.200'));
    const smaller = '192.0.2.204-192.0.2.215';
    const refused = await ground.apply({ range: smaller });
    expect(refused.error).toMatchObject({
      code: 'would-readdress',
      exitCode: 3,
      message: expect.stringContaining('default/web (192.0.2.200)'),
    });
    expect(ground.pools()).toEqual({ 'production-pool': [RANGE] });
    const allowed = await ground.apply({ range: smaller, allowReaddress: true });
    expect(allowed.exitCode, allowed.stderr).toBe(0);
    expect(ground.pools()).toEqual({ 'production-pool': [smaller] });
  });

  it('of which another manager keeps the addresses is left alone, and the manager is named', async () => {
    ground.cluster.change(
      'IPAddressPool',
      'production-pool',
      'metallb-system',
      { spec: { addresses: ['192.0.2.200-192.0.2.210'] } },
      'argocd-controller',
    );
    const { exitCode, error } = await ground.apply();
    expect(exitCode).toBe(3);
    expect(error).toMatchObject({
      code: 'cluster-field-conflict',
      message: expect.stringContaining('"argocd-controller" owns .spec.addresses'),
    });
    expect(error?.hint).toContain('Argo CD would set it back');
    expect(ground.pools()).toEqual({ 'production-pool': ['192.0.2.200-192.0.2.210'] });
  });

  it('gets a second pool beside it in the advertisement', async () => {
    expect((await ground.apply({ range: '192.0.2.100-192.0.2.107', name: 'second' })).exitCode).toBe(0);
    expect(ground.advertisements()).toEqual({ 'production-advertisement': { ipAddressPools: ['production-pool', 'second'] } });
  });
});

describe('a cluster in trouble', () => {
  it('whose webhook is down for 20 s is waited for, with a fresh look before the push', async () => {
    const undo = ground.cluster.before(push, async () => {
      undo();
      ground.cluster.setWebhook('no-endpoints');
      setTimeout(() => ground.cluster.setWebhook('ready'), 20_000);
    });
    const { exitCode, stderr } = await ground.apply({ waitMs: 60_000 });
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toContain('no endpoints available for service');
    // More than the live run, the last look and the one after.
    expect(ground.runs).toBeGreaterThan(3);
    expect(ground.pools()).toEqual({ 'production-pool': [RANGE] });
  }, 60_000);

  it('whose webhook stays down ends with nothing, explained', async () => {
    ground.cluster.setWebhook('refused');
    const { exitCode, error } = await ground.apply({ waitMs: 1_500 });
    expect(exitCode).toBe(5);
    expect(error?.message).toContain('did not become ready within 2 s');
    expect(error?.hint).toContain('Do not delete the webhook configuration');
    expectNothing();
  });

  it.each<[string, boolean]>([
    ['takes the advertisement back', true],
    ['says what is left where it may not take it back', false],
  ])('whose webhook goes away at the push %s', async (_, mayDelete) => {
    if (!mayDelete) ground.cluster.deny('apply', { verb: 'delete', resource: 'l2advertisements' });
    ground.cluster.before(push, () => ground.cluster.setWebhook('no-endpoints'));
    const { exitCode, error } = await ground.apply({ waitMs: 1_500 });
    expect([exitCode, error?.code]).toEqual([5, 'cluster-webhook-unready']);
    expect(error?.message).toContain(mayDelete ? 'Nothing was pushed' : 'production-advertisement may name the pool');
    expect(ground.pools()).toEqual({});
    expect(Object.keys(ground.advertisements())).toEqual(mayDelete ? [] : ['production-advertisement']);
    expect(ground.claims).toMatchObject([{ state: 'failed' }]);
  });

  it('whose webhook says no shows its words, and ours', async () => {
    // Somebody pushes an overlapping pool after our checks.
    const undo = ground.cluster.before({ method: 'PATCH', path: POOL_PATH, dryRun: true }, () => {
      undo();
      ground.cluster.seed({
        apiVersion: 'metallb.io/v1beta1',
        kind: 'IPAddressPool',
        metadata: { name: 'old', namespace: 'metallb-system' },
        spec: { addresses: ['192.0.2.208-192.0.2.210'] },
      });
    });
    const { exitCode, error } = await ground.apply();
    expect(exitCode).toBe(3);
    expect(error?.message).toContain('overlaps with already defined CIDR');
    expect(error?.hint).toContain('turns ranges into networks first');
    expect(ground.pools()).toEqual({ old: ['192.0.2.208-192.0.2.210'] });
  });

  it('that restarts between the two pushes is waited for, and the claim completed', async () => {
    const undo = ground.cluster.before(push, async () => {
      undo();
      await ground.cluster.stop();
      setTimeout(() => void ground.cluster.restart(), 1_500);
    });
    const { exitCode, stderr } = await ground.apply({ waitMs: 20_000 });
    expect(exitCode, stderr).toBe(0);
    expect(ground.pools()).toEqual({ 'production-pool': [RANGE] });
    expect(ground.claims).toMatchObject([{ state: 'complete' }]);
  });

  it('that goes away for good in the middle leaves a claim of which it is said that it is not known', async () => {
    const undo = ground.cluster.before(push, async () => {
      undo();
      await ground.cluster.stop();
    });
    const { exitCode, error } = await ground.apply({ waitMs: 1_500 });
    expect([exitCode, error?.code]).toEqual([5, 'claim-unknown-outcome']);
    expect(error?.hint).toContain('Run the same command again');
    expect(ground.claims).toMatchObject([{ state: 'unknown' }]);
    await ground.cluster.restart();
    expect((await ground.apply()).exitCode).toBe(0);
    expect(ground.pools()).toEqual({ 'production-pool': [RANGE] });
  });

  it.each([
    ['pool', POOL_PATH],
    ['advertisement', ADVERTISEMENT_PATH],
  ])('that stores the %s and loses the answer ends with a complete claim', async (_, path) => {
    ground.cluster.fault({ method: 'PATCH', path, dryRun: false, times: 1 }, { kind: 'reset-after' });
    const { exitCode, stderr } = await ground.apply();
    expect(exitCode, stderr).toBe(0);
    expect(ground.pools()).toEqual({ 'production-pool': [RANGE] });
    expect(Object.keys(ground.advertisements())).toEqual(['production-advertisement']);
  });

  it('that hangs at the push is waited for no longer than a request may take, and tried again', async () => {
    ground.cluster.fault({ ...push, times: 1 }, { kind: 'status', status: 500, message: 'etcdserver: request timed out' });
    expect((await ground.apply()).exitCode).toBe(0);
  });

  it('with an expired token is told so, and nothing happens', async () => {
    const { exitCode, error } = await ground.apply({}, { user: 'expired' });
    expect([exitCode, error?.code]).toEqual([4, 'cluster-unauthorized']);
    expectNothing();
  });

  it('whose token expires between the two pushes pushes no pool, and says what is left', async () => {
    const undo = ground.cluster.before({ method: 'PATCH', path: ADVERTISEMENT_PATH, dryRun: false }, () => {
      undo();
      ground.cluster.setTokenValid('apply', false);
    });
    const { exitCode, error } = await ground.apply();
    expect([exitCode, error?.code]).toEqual([4, 'cluster-unauthorized']);
    expect(error?.message).toContain('The pool was not pushed');
    expect(error?.message).toContain('production-advertisement may name the pool, which does nothing without it');
    expect(ground.pools()).toEqual({});
    expect(ground.claims).toMatchObject([{ state: 'failed' }]);
    ground.cluster.setTokenValid('apply', true);
    expect((await ground.apply()).exitCode).toBe(0);
  });

  it('in which this user may do nothing says so with exit 4', async () => {
    const { exitCode, error } = await ground.apply({}, { user: 'nobody' });
    expect(exitCode).toBe(4);
    expect(error?.code).toBe('cluster-forbidden');
    expectNothing();
  });
});

describe('wrong usage', () => {
  it.each<[string, object]>([
    ['neither size nor range', { range: undefined }],
    ['a range with host bits', { range: '192.0.2.240/24' }],
    ['a name that Kubernetes refuses', { name: 'Production_Pool' }],
    ['a node selector that is none', { nodeSelector: ['worker-1'] }],
    ['an interface that is none', { interface: ['a/b'] }],
    ['--output with --dry-run', { output: 'yaml', dryRun: true }],
    ['a kubeconfig that is not there', { kubeconfig: '/nowhere/config' }],
    ['a context that is not there', { context: 'nowhere' }],
  ])('%s', async (_, options) => {
    expect((await ground.apply(options)).exitCode).toBe(2);
    expect(ground.runs).toBe(0);
  });
});
