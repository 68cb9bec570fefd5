/** `freehold doctor` against a whole cluster: what is well, what is broken, and what may not be looked at. */
import { afterEach, describe, expect, it } from 'vitest';
import { CHECKS } from '../../src/cluster/doctor/checks.ts';
import { leader } from '../../src/cluster/election.ts';
import { EXIT } from '../../src/core/error.ts';
import { type ClusterDouble, type ClusterOptions, startCluster } from '../cluster/double.ts';
import {
  advertisement,
  bareCluster,
  daemonSet,
  deployment,
  kubeadmCluster,
  kubeProxyConfig,
  loadBalancer,
  NODES,
  node,
  pool,
  withMetallb,
} from '../cluster/fixtures.ts';
import { answering, daemonThatSays, doctor, machine } from './doctor-scene.ts';

let cluster: ClusterDouble;
afterEach(() => cluster.close());

async function clusterOf(options: ClusterOptions): Promise<void> {
  cluster = await startCluster(options);
  await cluster.settled();
}

const POOL = pool('lan', ['192.0.2.200-192.0.2.210']);
const HEALTHY = [
  ...kubeadmCluster(),
  ...withMetallb('v0.16.1'),
  POOL,
  advertisement('lan', { ipAddressPools: ['lan'] }),
  deployment('web'),
  loadBalancer('web'),
];

const RANGE = { start: '192.0.2.200', end: '192.0.2.210', size: 11 };
const SEGMENT = {
  name: 'lan',
  interface: 'lan0',
  cidr: '192.0.2.0/24',
  method: 'arp',
  state: 'idle',
  waitingFor: null,
  gateway: '192.0.2.1',
  ownAddresses: ['192.0.2.5'],
  lastValidSweepAt: '2026-05-05T09:59:48.000Z',
};
const DAEMON = {
  '/segments': { segments: [SEGMENT] },
  '/dhcp': {
    segments: [
      {
        segment: 'lan',
        state: 'heard',
        servers: [{ server: '192.0.2.1', mac: null, span: { start: '192.0.2.100', end: '192.0.2.150', size: 51 }, overlaps: [] }],
        leases: [{ address: '192.0.2.101', mac: '02:00:00:00:00:77', hostname: 'printer' }],
      },
    ],
  },
  '/pools': {
    source: 'cluster',
    pools: [{ name: 'lan', addresses: [RANGE], size: 11, segments: ['lan'], unwatched: [], openConflicts: 0 }],
    speakers: [{ mac: '02:00:00:00:00:01', node: 'node-1', vendor: null }],
    notices: [],
  },
  '/conflicts': { open: 0, conflicts: [], blind: false, notices: [] },
  '/claims': { claims: [] },
};

const LEADER = leader(['node-1', 'node-2', 'node-3'], '192.0.2.200') ?? '';
const macOf = (name: string): string => `02:00:00:00:00:0${name.at(-1) ?? ''}`;
const ANSWERS = {
  '192.0.2.11': [macOf('node-1')],
  '192.0.2.12': [macOf('node-2')],
  '192.0.2.13': [macOf('node-3')],
  '192.0.2.200': [macOf(LEADER)],
};

describe('a cluster where all is well', () => {
  it('exits 0: every check is ok, but for the one that cannot be looked at', async () => {
    await clusterOf({ objects: HEALTHY });
    const ran = await doctor(
      { kubeconfig: cluster.kubeconfig(), interface: 'lan0', url: await daemonThatSays(DAEMON) },
      { scan: answering(ANSWERS) },
    );
    const others = ran.document.checks.filter(({ status }) => status !== 'ok');
    expect(others.map(({ name, status, seen }) => ({ name, status, seen }))).toEqual([
      { name: 'memberlist-port', status: 'skipped', seen: expect.any(String) as string },
    ]);
    expect(ran.code).toBe(EXIT.ok);
    expect(ran.document.counts).toEqual({ ok: CHECKS.length - 1, warning: 0, failed: 0, skipped: 1 });
    expect(ran.document.cluster).toMatchObject({ server: cluster.url, version: 'v1.34.1', namespace: 'metallb-system' });
    expect(ran.document.interfaces).toEqual(['lan0']);
  });

  it('changes nothing: it reads, and dry-runs one pool', async () => {
    await clusterOf({ objects: HEALTHY });
    const before = cluster.requests.length;
    await doctor({ kubeconfig: cluster.kubeconfig() });
    const asked = cluster.requests.slice(before);
    const writes = asked.filter(({ method }) => method !== 'GET');
    expect(writes.map(({ method, path, query }) => [method, path, query['dryRun']])).toEqual([
      ['PATCH', '/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools/freehold-doctor', 'All'],
    ]);
    expect(cluster.object('IPAddressPool', 'freehold-doctor', 'metallb-system')).toBeNull();
    // Nothing is listed twice.
    const lists = asked.filter(({ method }) => method === 'GET').map(({ path, query }) => `${path} ${JSON.stringify(query)}`);
    expect(lists.filter((list, index) => lists.indexOf(list) !== index)).toEqual([]);
  });
});

describe('a cluster where much is broken at once', () => {
  const BROKEN = [
    ...bareCluster([
      node({ name: 'node-1', address: '192.0.2.241', controlPlane: true }),
      node({ name: 'node-2', address: '192.0.2.12', labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } }),
    ]),
    kubeProxyConfig('ipvs', null),
    daemonSet('kube-proxy', 'kube-system', { 'k8s-app': 'kube-proxy' }, 'registry.k8s.io/kube-proxy:v1.34.1'),
    daemonSet('svclb-web-1', 'kube-system', { app: 'svclb-web-1' }, 'rancher/klipper-lb:v0.4.13'),
    ...withMetallb('v0.15.3'),
    // As if stored while the webhook was passed over.
    pool('lan', ['192.0.2.240/24']),
    pool('other', ['192.0.2.200-192.0.2.210', '198.51.100.7']),
    advertisement('front', { ipAddressPools: ['lna'] }),
    loadBalancer('web', { loadBalancerIP: '203.0.113.99' }, { 'metallb.universe.tf/address-pool': 'lan' }),
  ];
  const dhcp = {
    segments: [
      {
        segment: 'lan',
        state: 'heard',
        servers: [],
        leases: [{ address: '192.0.2.205', mac: '02:00:00:00:00:99', hostname: 'tv\u001b[2J' }],
      },
    ],
  };
  const conflicts = {
    open: 1,
    conflicts: [{ summary: 'squatter: a tv uses 192.0.2.205 of pool other.' }],
    blind: false,
    notices: [],
  };

  it('finds all of it, and exits 3', async () => {
    await clusterOf({ objects: BROKEN });
    cluster.setWebhook('no-endpoints');
    const ran = await doctor(
      {
        kubeconfig: cluster.kubeconfig(),
        interface: 'lan0',
        url: await daemonThatSays({ ...DAEMON, '/dhcp': dhcp, '/conflicts': conflicts }),
      },
      {
        scan: answering({
          '192.0.2.241': ['02:00:00:00:00:01'],
          '192.0.2.12': ['02:00:00:00:00:02'],
          '192.0.2.205': ['52:54:00:00:00:99'],
          '192.0.2.206': ['52:54:00:00:00:99'],
        }),
      },
    );
    expect(ran.code).toBe(EXIT.no);
    const of = (status: string): string[] =>
      ran.document.checks.filter((check) => check.status === status).map(({ name }) => name);
    expect(of('failed')).toEqual([
      'dhcp-scope-overlap',
      'open-conflicts',
      'webhook-answers',
      'configuration-states',
      'strict-arp',
      'k3s-servicelb',
      'excluded-nodes',
      'pool-host-bits',
      'pools-overlap',
      'node-address-in-pool',
      'infrastructure-in-pool',
      'pool-unmatched',
      'advertisement-unmatched',
      'pending-services',
      'requested-outside-pools',
      'pool-address-in-use',
      'second-cluster',
    ]);
    expect(of('warning')).toEqual(expect.arrayContaining(['metallb-version', 'deprecated-annotation']));
    expect(ran.seen('webhook-answers')).toContain('no endpoints available for service "metallb-webhook-service"');
    expect(ran.seen('dhcp-scope-overlap')).toBe('192.0.2.205 of the pool lan is leased to 02:00:00:00:00:99 tv[2J.');
    expect(ran.seen('node-address-in-pool')).toBe(
      '192.0.2.241 of the node node-1 is in lan; 192.0.2.12 of the node node-2 is in lan.',
    );
    expect(ran.seen('pool-unmatched')).toContain('covers lan, other');
    for (const { seen, why, fix } of ran.document.checks.filter(({ status }) => status === 'failed')) {
      expect([seen, why, fix].filter((text) => text.length < 10)).toEqual([]);
    }
  });

  it('says it in 80 columns, the failures last', async () => {
    await clusterOf({ objects: BROKEN });
    const { stdout } = await doctor({ kubeconfig: cluster.kubeconfig(), json: false });
    const lines = stdout.split('\n');
    expect(lines.filter((line) => line.length > 80 && /\s\S+\s/.test(line.trim()))).toEqual([]);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^42 checks: 1\d FAILED, \d warnings?, \d+ ok, \d+ not looked at\.$/);
    const first = (pattern: RegExp): number => lines.findIndex((line) => pattern.test(line));
    expect(first(/^warning {2}/)).toBeGreaterThan(first(/^Not looked at$/));
    expect(first(/^FAILED {2}/)).toBeGreaterThan(first(/^warning {2}/));
    expect(stdout).toContain('Ping is no evidence');
  });

  it('tells why pods do not run', async () => {
    await clusterOf({ objects: HEALTHY, unreadyDeployments: ['metallb-system/controller'] });
    cluster.seed({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'controller-7f.1', namespace: 'metallb-system', creationTimestamp: '2026-05-05T09:00:00Z' },
      involvedObject: { kind: 'ReplicaSet', name: 'controller-7f', namespace: 'metallb-system' },
      type: 'Warning',
      reason: 'FailedCreate',
      message: 'violates PodSecurity "restricted"',
    });
    const ran = await doctor({ kubeconfig: cluster.kubeconfig(), only: 'controller-ready,speakers-ready,webhook-ready' });
    expect(ran.code).toBe(EXIT.no);
    expect(ran.status('controller-ready')).toBe('failed');
    expect(ran.seen('controller-ready')).toContain('Kubernetes says: FailedCreate: violates PodSecurity "restricted".');
    expect(ran.status('webhook-ready')).toBe('failed');
  });

  it('tells why a Service waits, in the words of the newest event', async () => {
    await clusterOf({ objects: [...HEALTHY, loadBalancer('api', {}, { 'metallb.io/address-pool': 'gone' })] });
    const ran = await doctor({ kubeconfig: cluster.kubeconfig(), only: 'pending-services,requested-outside-pools' });
    expect(ran.seen('pending-services')).toMatch(/^1 Service has none: default\/api \(AllocationFailed: .+\)\.$/);
    expect(ran.seen('requested-outside-pools')).toBe('default/api asks for the pool gone, which is not there.');
  });
});

describe('what it is not let read', () => {
  const RULES: readonly { readonly resource: string; readonly group: string; readonly costs: readonly string[] }[] = [
    { resource: 'configurationstates', group: 'metallb.io', costs: ['configuration-states'] },
    { resource: 'servicel2statuses', group: 'metallb.io', costs: ['stale-l2-status'] },
    { resource: 'endpointslices', group: 'discovery.k8s.io', costs: ['service-without-endpoints'] },
    {
      resource: 'validatingwebhookconfigurations',
      group: 'admissionregistration.k8s.io',
      costs: ['webhook-ready', 'webhook-failure-policy'],
    },
    { resource: 'configmaps', group: '', costs: ['kube-proxy-mode', 'strict-arp'] },
  ];
  it.each(RULES)('$resource cost $costs', async ({ resource, group, costs }) => {
    await clusterOf({ objects: HEALTHY });
    cluster.deny('admin', { group, resource });
    const ran = await doctor({ kubeconfig: cluster.kubeconfig() });
    const of = (wanted: string): string[] =>
      ran.document.checks
        .filter(
          ({ status, group: where }) => status === wanted && where !== 'On the wire' && where !== 'This machine and the daemon',
        )
        .map(({ name }) => name);
    expect(of('skipped')).toEqual(CHECKS.map(({ name }) => name).filter((name) => [...costs, 'memberlist-port'].includes(name)));
    expect(of('warning')).toEqual(['cluster-reachable']);
    expect(ran.code).toBe(EXIT.ok);
    expect(ran.seen(costs[0] ?? '')).toContain(`cannot`);
  });

  it('the right to write pools costs the dry run', async () => {
    await clusterOf({ objects: HEALTHY });
    cluster.deny('admin', { verb: 'patch', group: 'metallb.io', resource: 'ipaddresspools' });
    const ran = await doctor({ kubeconfig: cluster.kubeconfig(), only: 'webhook-answers' });
    expect(ran.status('webhook-answers')).toBe('skipped');
    expect(ran.document.checks[0]?.fix).toContain('create and patch ipaddresspools');
  });

  it.each([
    ['nobody', EXIT.notPermitted, /lets this user read nothing/],
    ['expired', EXIT.notPermitted, /401 Unauthorized/],
  ])('user %s: exit %i', async (user, code, seen) => {
    await clusterOf({ objects: HEALTHY });
    const ran = await doctor({ kubeconfig: cluster.kubeconfig(user) });
    expect(ran.code).toBe(code);
    expect(ran.status('cluster-reachable')).toBe('failed');
    expect(ran.seen('cluster-reachable')).toMatch(seen);
    expect(ran.document.cluster).toBeNull();
  });

  it('neither cluster nor daemon answers: exit 5; a daemon that does makes it a failed check: exit 3', async () => {
    await clusterOf({ objects: HEALTHY });
    const kubeconfig = cluster.kubeconfig();
    await cluster.stop();
    expect((await doctor({ kubeconfig })).code).toBe(EXIT.unreachable);
    const ran = await doctor({ kubeconfig, url: await daemonThatSays(DAEMON) });
    expect([ran.code, ran.status('cluster-reachable'), ran.status('open-conflicts')]).toEqual([EXIT.no, 'failed', 'ok']);
  });

  it('an older daemon that does not know claims costs one check', async () => {
    await clusterOf({ objects: HEALTHY });
    const { '/claims': _, ...older } = DAEMON;
    const ran = await doctor({ kubeconfig: cluster.kubeconfig(), url: await daemonThatSays(older) });
    expect([ran.status('unfinished-claims'), ran.status('open-conflicts'), ran.code]).toEqual(['skipped', 'ok', EXIT.ok]);
  });

  it('claims that ended badly are told, unless a later one settled them', async () => {
    await clusterOf({ objects: HEALTHY });
    const claim = { server: cluster.url, namespace: 'metallb-system', pool: 'lan', startedAt: '2026-05-05T09:00:00.000Z' };
    const told = async (...states: string[]) => {
      const claims = states.map((state, index) => ({ ...claim, id: states.length - index, state }));
      const ran = await doctor({ only: 'unfinished-claims', url: await daemonThatSays({ ...DAEMON, '/claims': { claims } }) });
      return ran.status('unfinished-claims');
    };
    expect(await told('complete', 'unknown')).toBe('ok');
    expect(await told('unknown', 'complete')).toBe('warning');
    expect(await told('pushing')).toBe('warning');
  });

  it('the wire without an interface, and without the right', async () => {
    await clusterOf({ objects: HEALTHY });
    const { FreeholdError } = await import('../../src/core/error.ts');
    const kubeconfig = cluster.kubeconfig();
    const ran = await doctor({ kubeconfig, only: 'several-answerers' });
    expect([ran.code, ran.seen('several-answerers')]).toEqual([
      EXIT.ok,
      'No interface is named, and Freehold never guesses where to ask.',
    ]);
    const refused = await doctor(
      { kubeconfig, only: 'several-answerers', interface: 'lan0' },
      {
        scan: async () => {
          throw new FreeholdError('not-permitted', 'no', { exitCode: EXIT.notPermitted });
        },
      },
    );
    expect([refused.code, refused.status('several-answerers')]).toEqual([EXIT.notPermitted, 'skipped']);
  });

  it('a sweep that proves nothing is no silence', async () => {
    await clusterOf({ objects: HEALTHY });
    const ran = await doctor(
      { kubeconfig: cluster.kubeconfig(), only: 'announced-not-answered', interface: 'lan0' },
      { scan: answering({}, { valid: false, invalidReason: 'control-silent' }) },
    );
    expect(ran.status('announced-not-answered')).toBe('skipped');
    expect(ran.seen('announced-not-answered')).toContain('lan0: nobody answered');
  });
});

describe('the command line', () => {
  it('looks only at what was asked for', async () => {
    await clusterOf({ objects: HEALTHY });
    const before = cluster.requests.length;
    const ran = await doctor({ kubeconfig: cluster.kubeconfig(), only: 'right-to-send' });
    expect(ran.document.checks.map(({ name }) => name)).toEqual(['right-to-send']);
    expect(cluster.requests.length).toBe(before);
  });

  it('shows checks in their order, whatever the order asked for', async () => {
    await clusterOf({ objects: HEALTHY });
    const ran = await doctor({ kubeconfig: cluster.kubeconfig(), only: ' strict-arp, pools-defined ,metallb-version' });
    expect(ran.document.checks.map(({ name }) => name)).toEqual(['metallb-version', 'strict-arp', 'pools-defined']);
  });

  it.each([
    ['strict-arb', /Did you mean strict-arp\?/],
    ['nothing-like-it-at-all', /These are there: subnet-and-interface, /],
    [' , ', /These are there/],
  ])('refuses --only %s', async (only, hint) => {
    await clusterOf({ objects: bareCluster() });
    await expect(doctor({ only })).rejects.toMatchObject({ exitCode: EXIT.usage, hint: expect.stringMatching(hint) as string });
  });

  it.each([
    ['a kubeconfig', { kubeconfig: '/nonexistent/kubeconfig' }],
    ['a configuration', { config: '/nonexistent/freehold.yaml' }],
    ['a token file', { tokenFile: '/nonexistent/token' }],
  ])('refuses %s that is named and not there', async (_, options) => {
    await clusterOf({ objects: bareCluster() });
    await expect(doctor(options)).rejects.toMatchObject({ exitCode: EXIT.usage });
  });

  it('takes cluster, namespace and interfaces from the configuration', async () => {
    await clusterOf({ objects: [...bareCluster(NODES), ...withMetallb('v0.16.1')] });
    const { mkdtempSync, writeFileSync, rmSync } = await import('node:fs');
    const { tmpdir } = await import('node:os');
    const folder = mkdtempSync(`${tmpdir()}/freehold-doctor-`);
    const config = `${folder}/freehold.yaml`;
    writeFileSync(
      config,
      `segments: [{ name: lan, interface: lan0, cidr: 192.0.2.0/25, reserved: [192.0.2.100-192.0.2.110] }]
metallb: { kubeconfig: ${cluster.kubeconfig()}, namespace: lb }\n`,
    );
    const asked: unknown[] = [];
    const ran = await doctor(
      { config, only: 'metallb-installed,several-answerers,pools-defined' },
      {
        readMachine: machine,
        scan: async (request, onProgress) => {
          asked.push([request.interfaceName, request.range]);
          return answering(ANSWERS)(request, onProgress);
        },
      },
    );
    rmSync(folder, { recursive: true });
    expect(ran.document.cluster).toMatchObject({ server: cluster.url, namespace: 'lb' });
    expect(asked).toEqual([['lan0', { first: 0xc0000200, last: 0xc000027f }]]);
    expect(ran.seen('pools-defined')).toBe('There is no IPAddressPool in lb.');
  });
});
