/** A cluster read once: whatever MetalLB is called in it, and what is said of what could not be read. */
import { describe, expect, it } from 'vitest';
import { readClusterFacts } from '../../src/cluster/facts.ts';
import { bareCluster, daemonSet, deployment, kubeadmCluster, node, withMetallb } from '../cluster/fixtures.ts';
import type { KubeJson } from '../cluster/json.ts';
import { errorOf, rig } from './rig.ts';

const labelled = (object: KubeJson, labels: Readonly<Record<string, string>>): KubeJson => ({
  ...object,
  metadata: { ...object.metadata, labels },
});

const SPEAKER_IMAGE = 'quay.io/metallb/speaker:v0.15.2';

describe("MetalLB's own workloads", () => {
  it.each<readonly [string, readonly KubeJson[], readonly (string | undefined)[]]>([
    [
      'a Helm release of another name, by the labels of the chart',
      [
        labelled(deployment('lb-metallb-controller', 1, 'lan'), {
          'app.kubernetes.io/name': 'metallb',
          'app.kubernetes.io/component': 'controller',
        }),
        labelled(daemonSet('lb-metallb-speaker', 'lan', { app: 'x' }, SPEAKER_IMAGE), {
          'app.kubernetes.io/name': 'metallb',
          'app.kubernetes.io/component': 'speaker',
        }),
        labelled(daemonSet('lb-frr-k8s', 'lan', { app: 'y' }, 'quay.io/metallb/frr-k8s:v0.0.20'), {
          'app.kubernetes.io/name': 'metallb',
          'app.kubernetes.io/component': 'frr-k8s',
        }),
      ],
      ['lb-metallb-controller', 'lb-metallb-speaker'],
    ],
    [
      'labels before names',
      [deployment('controller', 1, 'lan'), labelled(deployment('any', 1, 'lan'), { app: 'metallb', component: 'controller' })],
      ['any', undefined],
    ],
    [
      'without labels, by the end of the name and the image',
      [daemonSet('edge-speaker', 'lan', { app: 'x' }, SPEAKER_IMAGE), deployment('edge-controller', 1, 'lan')],
      [undefined, 'edge-speaker'],
    ],
    [
      'in its namespace only',
      [daemonSet('speaker', 'other', { app: 'metallb', component: 'speaker' }, SPEAKER_IMAGE)],
      [undefined, undefined],
    ],
  ])('%s', async (_, objects, expected) => {
    await using scene = await rig({ objects: [...kubeadmCluster(), ...objects] });
    const { metallb, unread } = await readClusterFacts(scene.api(), 'lan');
    expect([metallb.controller?.name, metallb.speaker?.name]).toEqual(expected);
    expect(unread).toEqual([]);
  });

  it('who may not list still finds them by their usual names, and is told where that does not do', async () => {
    await using scene = await rig({ objects: [...kubeadmCluster(), ...withMetallb()] });
    scene.cluster.deny('admin', { verb: 'list', resource: 'deployments' });
    scene.cluster.deny('admin', { verb: 'list', resource: 'daemonsets' });
    const { metallb, unread } = await readClusterFacts(scene.api(), 'metallb-system');
    expect([metallb.controller?.name, metallb.speaker?.name]).toEqual(['controller', 'speaker']);
    expect(unread).toMatchObject([{ what: 'daemonsets', code: 'cluster-forbidden' }]);
    const elsewhere = await readClusterFacts(scene.api(), 'lan');
    expect(elsewhere.unread.map(({ what }) => what).sort()).toEqual(['daemonset speaker', 'daemonsets', 'deployment controller']);
  });
});

describe('what could not be read', () => {
  it('is a right only where the API server says so', async () => {
    await using scene = await rig({ objects: [...kubeadmCluster(), ...withMetallb()] });
    scene.cluster.deny('admin', { resource: 'nodes' });
    const { unread } = await readClusterFacts(scene.api(), 'metallb-system');
    expect(unread).toMatchObject([{ what: 'nodes', code: 'cluster-forbidden' }]);
  });

  it.each([
    [410, 'Expired', 'cluster-gone', true],
    [409, 'Conflict', 'cluster-changed', true],
    [400, 'BadRequest', 'cluster-invalid', false],
  ] as const)('is thrown where it is a %i', async (status, reason, code, mayPass) => {
    await using scene = await rig({ objects: [...kubeadmCluster(), ...withMetallb()] });
    scene.cluster.fault({ path: /\/services$/ }, { kind: 'status', status, reason, message: 'not so' });
    expect(await errorOf(readClusterFacts(scene.api(), 'metallb-system'))).toMatchObject({ code, mayPass });
  });
});

describe('kube-proxy that is built in', () => {
  const started = (name: string, key: string, args: unknown): KubeJson => {
    const made = node({ name, address: '192.0.2.11' });
    return {
      ...made,
      metadata: { ...made.metadata, annotations: { [key]: typeof args === 'string' ? args : JSON.stringify(args) } },
    };
  };
  it.each<readonly [string, KubeJson, boolean]>([
    ['says nothing', node({ name: 'n', address: '192.0.2.11' }), false],
    ['k3s in IPVS mode', started('n', 'k3s.io/node-args', ['server', '--kube-proxy-arg', 'proxy-mode=ipvs']), true],
    ['in one word', started('n', 'k3s.io/node-args', ['agent', '--kube-proxy-arg=proxy-mode=ipvs']), true],
    ['RKE2', started('n', 'rke2.io/node-args', ['agent', '--kube-proxy-arg', '--proxy-mode=ipvs']), true],
    [
      'with strict ARP',
      started('n', 'k3s.io/node-args', [
        'server',
        '--kube-proxy-arg',
        'proxy-mode=ipvs',
        '--kube-proxy-arg',
        'ipvs-strict-arp=true',
      ]),
      false,
    ],
    [
      'with both in one list',
      started('n', 'k3s.io/node-args', ['server', '--kube-proxy-arg=proxy-mode=ipvs,ipvs-strict-arp']),
      false,
    ],
    [
      'with strict ARP off',
      started('n', 'k3s.io/node-args', ['--kube-proxy-arg=proxy-mode=ipvs', '--kube-proxy-arg=ipvs-strict-arp=false']),
      true,
    ],
    [
      'switched off',
      started('n', 'k3s.io/node-args', ['server', '--disable-kube-proxy', '--kube-proxy-arg', 'proxy-mode=ipvs']),
      false,
    ],
    ['in iptables mode', started('n', 'k3s.io/node-args', ['server', '--kube-proxy-arg', 'proxy-mode=iptables']), false],
    ['in no list', started('n', 'k3s.io/node-args', '{"a":["proxy-mode=ipvs"'), false],
    ['in a list of something else', started('n', 'k3s.io/node-args', [1, null, { a: 'proxy-mode=ipvs' }]), false],
  ])('%s', async (_, one, isLoose) => {
    await using scene = await rig({ objects: bareCluster([one]) });
    const { kubeProxy } = await readClusterFacts(scene.api(), 'metallb-system');
    expect(kubeProxy).toEqual(isLoose ? { kind: 'none', looseNodes: ['n'] } : { kind: 'none' });
  });
});

it('counts the endpoints of each Service by its own slices', async () => {
  const slice = (name: string, service: string, ...nodes: readonly string[]): KubeJson => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    endpoints: nodes.map((nodeName) => ({ addresses: ['198.51.100.9'], conditions: { ready: true }, nodeName })),
  });
  const service = (name: string): KubeJson => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
  });
  await using scene = await rig({
    objects: [
      ...kubeadmCluster(),
      ...['a', 'b', 'c'].map(service),
      slice('a-1', 'a', 'node-2', 'node-1'),
      slice('a-2', 'a', 'node-1'),
      slice('b-1', 'b', 'node-3'),
    ],
  });
  const { services } = await readClusterFacts(scene.api(), 'metallb-system');
  expect(services.map(({ name, readyEndpoints, readyNodes }) => [name, readyEndpoints, readyNodes])).toEqual([
    ['a', 3, ['node-1', 'node-2']],
    ['b', 1, ['node-3']],
    ['c', 0, []],
  ]);
});
