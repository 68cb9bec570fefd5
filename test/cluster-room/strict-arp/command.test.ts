import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type StrictArpOptions, type StrictArpParts, strictArpCommand } from '../../../src/cli/strict-arp.ts';
import { EXIT } from '../../../src/core/error.ts';
import { ciliumCluster, daemonSet, k3sCluster, kubeadmCluster, node } from '../../cluster/fixtures.ts';
import { type KubeJson, textAt, textMapAt } from '../../cluster/json.ts';
import { answering, caughtOutput, errorOf, keyboard, QUICK, type Rig, rig } from '../rig.ts';

const OPTIONS: StrictArpOptions = { namespace: 'metallb-system', waitMs: 10_000 };
const ENABLE: StrictArpOptions = { ...OPTIONS, enable: true, yes: true };
const ipvs = (strictArp: boolean | null | 'absent' = false): readonly KubeJson[] => kubeadmCluster({ mode: 'ipvs', strictArp });

async function run(
  { api }: Pick<Rig, 'api'>,
  options: StrictArpOptions,
  parts: Partial<StrictArpParts> & { readonly user?: string } = {},
) {
  const { output, stdout, stderr } = caughtOutput();
  const given = { api: api(parts.user), ask: null, signal: new AbortController().signal, pace: QUICK, ...parts };
  const ran = strictArpCommand(options, output, given);
  return { ran, text: () => stdout.text().replace(/\s+/g, ' '), notes: () => stderr.text(), stdout };
}

const configOf = ({ cluster }: Rig): { readonly ipvs: { readonly strictARP?: unknown } } =>
  parse(textAt(cluster.object('ConfigMap', 'kube-proxy', 'kube-system'), 'data', 'config.conf') ?? '');

const restartOf = ({ cluster }: Rig): unknown =>
  textMapAt(cluster.object('DaemonSet', 'kube-proxy', 'kube-system'), 'spec', 'template', 'metadata', 'annotations')[
    'kubectl.kubernetes.io/restartedAt'
  ];

const k3sNode = (version: string): KubeJson => {
  const plain = node({ name: 'server-1', address: '192.0.2.11' });
  return { ...plain, status: { ...(plain['status'] as object), nodeInfo: { kubeletVersion: version } } };
};

describe('strict-arp without --enable', () => {
  it.each([
    [
      'IPVS without it',
      ipvs(),
      EXIT.no,
      /IPVS mode, and strictARP is off \(it says false\).*1\.35 deprecates.*Next: freehold strict-arp --enable/,
    ],
    ['IPVS with the value null', ipvs(null), EXIT.no, /it says null/],
    ['IPVS without the value', ipvs('absent'), EXIT.no, /not written at all/],
    ['IPVS with it', ipvs(true), EXIT.ok, /strictARP is on: there is nothing to do/],
    ['iptables', kubeadmCluster({ mode: 'iptables' }), EXIT.ok, /nothing to do: kube-proxy runs in iptables mode/],
    ['nftables', kubeadmCluster({ mode: 'nftables' }), EXIT.ok, /kube-proxy runs in nftables mode/],
    ['no mode', kubeadmCluster({ mode: '' }), EXIT.ok, /its default mode \(iptables\)/],
    [
      'iptables with a value that has no effect',
      kubeadmCluster({ mode: 'iptables', strictArp: true }),
      EXIT.ok,
      /has no effect in it/,
    ],
    [
      'k3s',
      k3sCluster({ nodes: [k3sNode('v1.34.1+k3s1')] }),
      EXIT.ok,
      /no DaemonSet kube-proxy.*k3s.*--kube-proxy-arg=ipvs-strict-arp=true/,
    ],
    ['RKE2', k3sCluster({ nodes: [k3sNode('v1.34.1+rke2r1')] }), EXIT.ok, /RKE2.*config\.yaml/],
    ['Cilium', ciliumCluster(), EXIT.ok, /Cilium takes the place of kube-proxy/],
    ['nobody known', k3sCluster(), EXIT.ok, /Only where it runs in IPVS mode it needs --ipvs-strict-arp/],
    ['a ConfigMap without a DaemonSet', ipvs().filter(({ kind }) => kind !== 'DaemonSet'), EXIT.ok, /probably left over/],
    [
      'a DaemonSet without a ConfigMap',
      ipvs().filter(({ kind }) => kind !== 'ConfigMap'),
      EXIT.no,
      /whether it needs strictARP is not known/,
    ],
  ])('%s', async (_, objects, exit, said) => {
    await using scene = await rig({ objects });
    for (const options of [OPTIONS, { ...OPTIONS, enable: exit === EXIT.ok, yes: true }]) {
      const { ran, text } = await run(scene, options);
      expect(await ran).toBe(exit);
      expect(text()).toMatch(said);
      expect(scene.writes()).toEqual([]);
    }
  });

  it.each([
    [['--proxy-mode=ipvs'], EXIT.no, /configured by the flags.*Add --ipvs-strict-arp=true/],
    [['--proxy-mode', 'ipvs', '--ipvs-strict-arp'], EXIT.ok, /strictARP is on/],
    [['--proxy-mode=iptables'], EXIT.ok, /runs in iptables mode/],
  ])('reads the command line %j', async (command, exit, said) => {
    const plain = daemonSet('kube-proxy', 'kube-system', { 'k8s-app': 'kube-proxy' }, 'registry.k8s.io/kube-proxy:v1.34.1');
    const containers = [{ name: 'kube-proxy', image: 'registry.k8s.io/kube-proxy:v1.34.1', command: ['kube-proxy', ...command] }];
    const spec = plain['spec'] as { template: { spec: object } };
    const template = { ...spec.template, spec: { ...spec.template.spec, containers } };
    await using scene = await rig({ objects: [...k3sCluster(), { ...plain, spec: { ...spec, template } }] });
    const { ran, text } = await run(scene, { ...OPTIONS, enable: true, yes: true });
    expect(await ran).toBe(exit);
    expect(text()).toMatch(said);
    expect(scene.writes()).toEqual([]);
  });

  it('prints one document with --json', async () => {
    await using scene = await rig({ objects: ipvs() });
    const { ran, stdout } = await run(scene, { ...OPTIONS, json: true });
    expect(await ran).toBe(EXIT.no);
    expect(JSON.parse(stdout.text())).toMatchObject({ state: 'needed', mode: 'ipvs', strictArp: false, changed: false });
  });

  it.each([
    ['the ConfigMap', { resource: 'configmaps' }],
    ['the DaemonSet', { resource: 'daemonsets' }],
  ])('exits 4 where %s may not be read', async (_, denial) => {
    await using scene = await rig({ objects: ipvs() });
    scene.cluster.deny('admin', denial);
    const { ran } = await run(scene, OPTIONS);
    expect(await errorOf(ran)).toMatchObject({ code: 'cluster-forbidden', exitCode: EXIT.notPermitted });
  });

  it('refuses a config.conf that is no YAML', async () => {
    await using scene = await rig({ objects: ipvs() });
    scene.cluster.change('ConfigMap', 'kube-proxy', 'kube-system', { data: { 'config.conf': 'ipvs: [' } });
    const { ran } = await run(scene, ENABLE);
    expect(await errorOf(ran)).toMatchObject({ code: 'kube-proxy-config-bad', exitCode: EXIT.no });
  });
});

describe('strict-arp --enable', () => {
  it.each([[false], [null], ['absent']] as const)('switches it on from %s, and waits until every node has it', async (before) => {
    await using scene = await rig({ objects: ipvs(before) });
    const other = scene.cluster.object('ConfigMap', 'kube-proxy', 'kube-system')?.['data'] as Record<string, string>;
    const { ran, text } = await run(scene, ENABLE);
    expect(await ran).toBe(EXIT.ok);
    expect(configOf(scene).ipvs.strictARP).toBe(true);
    const data = scene.cluster.object('ConfigMap', 'kube-proxy', 'kube-system')?.['data'] as Record<string, string>;
    expect({ ...data, 'config.conf': '' }).toEqual({ ...other, 'config.conf': '' });
    expect(restartOf(scene)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const pods = scene.cluster.objects('Pod').filter(({ metadata }) => metadata.labels?.['k8s-app'] === 'kube-proxy');
    expect(pods.map(({ metadata }) => metadata.annotations?.['kubectl.kubernetes.io/restartedAt'])).toEqual(
      pods.map(() => restartOf(scene)),
    );
    expect(text()).toMatch(
      /\+ *strictARP: true.*ok.*strictARP: true in ConfigMap.*ok.*told to restart.*ok.*every node: 3 nodes.*strictARP is on now/,
    );
  });

  it('writes nothing but the value and the annotation', async () => {
    await using scene = await rig({ objects: ipvs() });
    await (await run(scene, ENABLE)).ran;
    expect(scene.writes().map(({ method, path, body }) => [method, path, Object.keys(body as object)])).toEqual([
      ['PATCH', '/api/v1/namespaces/kube-system/configmaps/kube-proxy', ['metadata', 'data']],
      ['PATCH', '/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy', ['spec']],
    ]);
    expect(Object.keys(textMapAt(scene.writes()[0]?.body, 'data'))).toEqual(['config.conf']);
  });

  it('shows the change, asks, and does nothing where the answer is no', async () => {
    await using scene = await rig({ objects: ipvs() });
    const { ask, asked } = answering('n');
    const { ran, text, notes } = await run(scene, { ...ENABLE, yes: false }, { ask });
    expect(await errorOf(ran)).toMatchObject({ code: 'not-confirmed', exitCode: EXIT.no });
    expect(text()).toMatch(/- *strictARP: false \+ *strictARP: true/);
    expect(asked).toEqual([expect.stringMatching(/restart kube-proxy on every node.*\[y\/N\] $/)]);
    expect(notes()).toContain('Nothing was changed.');
    expect(scene.writes()).toEqual([]);
  });

  it('refuses without a terminal and without --yes: exit 2', async () => {
    await using scene = await rig({ objects: ipvs() });
    const { ran } = await run(scene, { ...ENABLE, yes: false });
    expect(await errorOf(ran)).toMatchObject({ code: 'not-confirmed', exitCode: EXIT.usage });
    expect(scene.writes()).toEqual([]);
  });

  it('lets the API server check it with --dry-run, and changes nothing', async () => {
    await using scene = await rig({ objects: ipvs() });
    const { ran, stdout } = await run(scene, { ...ENABLE, yes: false, dryRun: true, json: true });
    expect(await ran).toBe(EXIT.ok);
    const document: unknown = JSON.parse(stdout.text());
    expect(document).toMatchObject({ state: 'dry-run', changed: false, restarted: false, dryRun: true });
    expect(document).toMatchObject({ diff: expect.arrayContaining([expect.stringMatching(/^\+ +strictARP: true$/)]) });
    expect(scene.cluster.requests.filter(({ query }) => query['dryRun'] === 'All')).toHaveLength(1);
    expect(scene.writes()).toEqual([]);
  });

  it('reads again where something else of the ConfigMap changed meanwhile, without asking twice', async () => {
    await using scene = await rig({ objects: ipvs() });
    scene.cluster.before({ method: 'PATCH', path: /configmaps/, times: 1 }, () => {
      scene.cluster.change('ConfigMap', 'kube-proxy', 'kube-system', { data: { 'kubeconfig.conf': 'kind: Other\n' } });
    });
    const { ask, asked } = answering('y', 'n');
    expect(await (await run(scene, { ...ENABLE, yes: false }, { ask })).ran).toBe(EXIT.ok);
    expect(asked).toHaveLength(1);
    expect(scene.cluster.object('ConfigMap', 'kube-proxy', 'kube-system')?.['data']).toMatchObject({
      'kubeconfig.conf': 'kind: Other\n',
    });
    expect(configOf(scene).ipvs.strictARP).toBe(true);
  });

  it('asks again where config.conf itself is another one, and overwrites nothing of it', async () => {
    await using scene = await rig({ objects: ipvs() });
    scene.cluster.before({ method: 'PATCH', path: /configmaps/, times: 1 }, () => {
      const text = 'kind: KubeProxyConfiguration\nmode: ipvs\nipvs:\n  scheduler: lc\n';
      scene.cluster.change('ConfigMap', 'kube-proxy', 'kube-system', { data: { 'config.conf': text } });
    });
    const { ask, asked } = answering('y', 'y');
    expect(await (await run(scene, { ...ENABLE, yes: false }, { ask })).ran).toBe(EXIT.ok);
    expect(asked).toHaveLength(2);
    expect(configOf(scene)).toEqual({ kind: 'KubeProxyConfiguration', mode: 'ipvs', ipvs: { scheduler: 'lc', strictARP: true } });
  });

  it('stops where kube-proxy left IPVS mode meanwhile', async () => {
    await using scene = await rig({ objects: ipvs() });
    scene.cluster.before({ method: 'PATCH', path: /configmaps/, times: 1 }, () => {
      scene.cluster.change('ConfigMap', 'kube-proxy', 'kube-system', { data: { 'config.conf': 'mode: nftables\n' } });
    });
    expect(await errorOf((await run(scene, ENABLE)).ran)).toMatchObject({ code: 'kube-proxy-changed', exitCode: EXIT.no });
    expect(restartOf(scene)).toBeUndefined();
  });

  it('gives up on a ConfigMap that keeps changing', async () => {
    await using scene = await rig({ objects: ipvs() });
    let count = 0;
    scene.cluster.before({ method: 'PATCH', path: /configmaps/ }, () => {
      scene.cluster.change('ConfigMap', 'kube-proxy', 'kube-system', { metadata: { labels: { turn: String(count++) } } });
    });
    expect(await errorOf((await run(scene, ENABLE)).ran)).toMatchObject({ code: 'cluster-changed' });
    expect(count).toBe(5);
  });

  it.each([['reset'], ['reset-after']] as const)('survives a connection that breaks (%s) at each write', async (kind) => {
    await using scene = await rig({ objects: ipvs() });
    scene.cluster.fault({ method: 'PATCH', path: /configmaps/, times: 1 }, { kind });
    scene.cluster.fault({ method: 'PATCH', path: /daemonsets/, times: 1 }, { kind });
    expect(await (await run(scene, ENABLE)).ran).toBe(EXIT.ok);
    expect(configOf(scene).ipvs.strictARP).toBe(true);
    expect(restartOf(scene)).toBeDefined();
  });

  it('waits for an API server that restarts while kube-proxy does', async () => {
    await using scene = await rig({ objects: ipvs() });
    scene.cluster.before({ method: 'GET', path: /daemonsets\/kube-proxy/ }, () => undefined);
    let seen = 0;
    const stop = scene.cluster.before({ method: 'GET', path: /daemonsets\/kube-proxy/ }, async () => {
      if (++seen !== 2) return;
      stop();
      await scene.cluster.stop();
      setTimeout(() => void scene.cluster.restart(), 200);
    });
    const { ran, notes } = await run(scene, ENABLE);
    expect(await ran).toBe(EXIT.ok);
    expect(notes()).toMatch(/cannot\s+be\s+reached/);
  });

  it('exits 5 where the API server stays away, and says what was done', async () => {
    await using scene = await rig({ objects: ipvs() });
    scene.cluster.fault({ method: 'PATCH', path: /daemonsets/, times: 1 }, { kind: 'reset-after' });
    scene.cluster.before({ method: 'PATCH', path: /daemonsets/ }, () => scene.cluster.stop());
    const pace = { ...QUICK, clock: { nowMs: () => 0, monotonicMs: ticking(2000) } };
    const { ran, notes } = await run(scene, ENABLE, { pace });
    expect(await errorOf(ran)).toMatchObject({ code: 'cluster-unreachable', exitCode: EXIT.unreachable });
    expect(notes()).toMatch(
      /Done so far: strictARP is written\.\n.*only once kube-proxy has restarted.*\n.*rollout restart daemonset kube-proxy/,
    );
  });

  it('is not done where pods do not get ready: exit 3, with the reason', async () => {
    await using scene = await rig({ objects: ipvs() });
    scene.cluster.before({ method: 'PATCH', path: /daemonsets/ }, () => {
      scene.cluster.seed({
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: 'kube-proxy.1', namespace: 'kube-system' },
        involvedObject: { kind: 'DaemonSet', name: 'kube-proxy', namespace: 'kube-system' },
        type: 'Warning',
        reason: 'FailedCreate',
        message: 'Error creating: no such image',
      });
      scene.cluster.setNodeReady('node-2', false);
    });
    const { ran, text } = await run(scene, { ...ENABLE, waitMs: 700 });
    expect(await ran).toBe(EXIT.no);
    expect(text()).toMatch(
      /failed +kube-proxy restarted on every node: not done within 0.7 s: \d of 3 pods are new.*FailedCreate: Error creating: no such image/,
    );
    expect(text()).toMatch(/not in force on every node.*Next: kubectl -n kube-system rollout status/);
  });

  it('does not restart what would not restart by itself', async () => {
    const objects = ipvs().map((one) =>
      one.kind === 'DaemonSet' ? { ...one, spec: { ...(one['spec'] as object), updateStrategy: { type: 'OnDelete' } } } : one,
    );
    await using scene = await rig({ objects });
    const { ran, text } = await run(scene, ENABLE);
    expect(await ran).toBe(EXIT.no);
    expect(text()).toMatch(/skipped.*OnDelete.*Next: kubectl -n kube-system delete pods -l k8s-app=kube-proxy/);
    expect(restartOf(scene)).toBeUndefined();
  });

  it('says so where it may not write the ConfigMap', async () => {
    await using scene = await rig({ objects: ipvs() });
    scene.cluster.deny('admin', { verb: 'patch', resource: 'configmaps' });
    const { ran, notes } = await run(scene, ENABLE);
    expect(await errorOf(ran)).toMatchObject({ code: 'cluster-forbidden', exitCode: EXIT.notPermitted });
    expect(notes()).toContain('Nothing was changed.');
  });

  it('says what is done where it may not restart', async () => {
    await using scene = await rig({ objects: ipvs() });
    scene.cluster.deny('admin', { verb: 'patch', resource: 'daemonsets' });
    const { ran, notes } = await run(scene, ENABLE);
    expect(await errorOf(ran)).toMatchObject({ code: 'cluster-forbidden' });
    expect(notes()).toContain('Done so far: strictARP is written.');
  });

  it.each([
    ['before the write', { method: 'GET', path: /configmaps/ }, false, /Nothing was changed/],
    [
      'after the write',
      { method: 'PATCH', path: /configmaps/ },
      true,
      /strictARP is written.*only once kube-proxy has restarted/s,
    ],
    ['during the restart', { method: 'PATCH', path: /daemonsets/ }, true, /goes on restarting by itself/],
  ])('Ctrl-C %s says what was done', async (_, match, written, said) => {
    await using scene = await rig({ objects: ipvs() });
    const { interrupts, press } = keyboard();
    scene.cluster.before({ ...match, times: 1 }, press);
    const { ran, notes } = await run(scene, ENABLE, { signal: interrupts.first });
    expect(await errorOf(ran)).toMatchObject({ code: 'interrupted', exitCode: EXIT.failure });
    if (written) expect(notes()).toMatch(said);
    expect(configOf(scene).ipvs.strictARP).toBe(written);
  });
});

describe('strict-arp where it is on, but kube-proxy is older', () => {
  async function stale(): Promise<Rig> {
    const scene = await rig({ objects: ipvs() });
    // Kubernetes keeps whole seconds.
    await pause(1100);
    const text = textAt(scene.cluster.object('ConfigMap', 'kube-proxy', 'kube-system'), 'data', 'config.conf') ?? '';
    const changed = text.replace('strictARP: false', 'strictARP: true');
    scene.cluster.change('ConfigMap', 'kube-proxy', 'kube-system', { data: { 'config.conf': changed } });
    return scene;
  }

  it('says that a restart may be needed: exit 3; and restarts with --enable', async () => {
    await using scene = await stale();
    const before = await run(scene, OPTIONS);
    expect(await before.ran).toBe(EXIT.no);
    expect(before.text()).toMatch(/older than its last change.*kube-proxy-.*Next: kubectl -n kube-system rollout restart/);
    const { ask, asked } = answering('n', 'y');
    const declined = await run(scene, { ...ENABLE, yes: false }, { ask });
    expect(await declined.ran).toBe(EXIT.no);
    expect(asked[0]).toMatch(/3 of the pods of kube-proxy are older/);
    expect(scene.writes()).toEqual([]);
    const agreed = await run(scene, { ...ENABLE, yes: false }, { ask });
    expect(await agreed.ran).toBe(EXIT.ok);
    expect(agreed.text()).toMatch(/strictARP was on already; kube-proxy runs with it on every node now/);
    const after = await run(scene, OPTIONS);
    expect(await after.ran).toBe(EXIT.ok);
  });

  it('says that it cannot tell where pods may not be listed', async () => {
    await using scene = await stale();
    scene.cluster.deny('admin', { resource: 'pods' });
    const { ran, text } = await run(scene, OPTIONS);
    expect(await ran).toBe(EXIT.ok);
    expect(text()).toMatch(/could not be told/);
  });
});

/** A clock that moves by itself whenever it is looked at. */
function ticking(stepMs: number): () => number {
  let now = 0;
  return () => {
    now += stepMs;
    return now;
  };
}
