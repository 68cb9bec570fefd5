/** A cluster that comes up, and what it is made of. A real one would have to be taken down for it. */
import { afterEach, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { ClusterDouble, ClusterOptions } from './double.ts';
import {
  bareCluster,
  ciliumCluster,
  deployment,
  k3sCluster,
  kubeadmCluster,
  loadBalancer,
  node,
  pool,
  service,
} from './fixtures.ts';
import { at, type KubeJson, listAt, nameOf, numberAt, textAt } from './json.ts';
import { metallbManifest, metallbManifestYaml } from './metallb-manifest.ts';
import { ask, configOf, doubleOnly } from './with-cluster.ts';

let double: ClusterDouble;
afterEach(() => double.close());
const start = async (options: ClusterOptions): Promise<void> => {
  double = await doubleOnly('see above', options);
};

const PATHS: Readonly<Record<string, string>> = {
  Namespace: '/api/v1/namespaces',
  CustomResourceDefinition: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  ClusterRole: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  ClusterRoleBinding: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  ValidatingWebhookConfiguration: '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
};
const pathOf = ({ apiVersion, kind, metadata }: KubeJson): string =>
  PATHS[kind] ??
  `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}/namespaces/${metadata.namespace}/${kind.toLowerCase()}s`;

describe('an empty cluster', () => {
  it('knows nothing of MetalLB until it is installed, and then everything, bit by bit', async () => {
    await start({ objects: kubeadmCluster() });
    const config = configOf(double.kubeconfig());
    const pools = '/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools';
    const create = (object: KubeJson) => ask(config, 'POST', pathOf(object), { body: object });
    const dryRun = () => ask(config, 'POST', pools, { body: pool('p', ['192.0.2.1/32']), query: { dryRun: 'All' } });
    expect(await ask(config, 'GET', pools)).toMatchObject({ status: 404, body: '404 page not found\n' });
    expect(await ask(config, 'GET', '/apis/metallb.io/v1beta1')).toMatchObject({ status: 404 });
    const manifest = parseAllDocuments(metallbManifestYaml('v0.15.3')).map((one) => one.toJS() as KubeJson);
    expect(manifest).toEqual(metallbManifest('v0.15.3'));
    for (const object of manifest) expect(await create(object)).toMatchObject({ status: 201 });
    // First the kinds, a moment after their definitions; then the webhook, once the controller is ready.
    await expect.poll(async () => (await ask(config, 'GET', pools)).status).toBe(200);
    await double.settled();
    expect((await dryRun()).status).toBe(201);
    const [definition] = double.objects('CustomResourceDefinition');
    expect(listAt(definition, 'status', 'conditions').map((one) => textAt(one, 'type'))).toEqual([
      'NamesAccepted',
      'Established',
    ]);
    expect(double.object('Secret', 'memberlist', 'metallb-system')).not.toBeNull();
    const webhooks = listAt(double.object('ValidatingWebhookConfiguration', 'metallb-webhook-configuration'), 'webhooks');
    expect(webhooks).toHaveLength(6);
    for (const one of webhooks) expect(textAt(one, 'clientConfig', 'caBundle')).toMatch(/^LS0tLS1/);
    expect(double.object('Deployment', 'controller', 'metallb-system')?.['status']).toMatchObject({
      readyReplicas: 1,
      observedGeneration: 1,
    });
    expect(double.object('DaemonSet', 'speaker', 'metallb-system')?.['status']).toMatchObject({
      desiredNumberScheduled: 3,
      numberReady: 3,
    });
    expect(double.objects('ConfigurationState').map(nameOf)).toEqual([
      'controller',
      'speaker-node-1',
      'speaker-node-2',
      'speaker-node-3',
    ]);
  });

  it('has a manifest of 26 objects, in both versions', async () => {
    await start({ objects: bareCluster() });
    for (const version of ['v0.15.3', 'v0.16.1'] as const) {
      const manifest = metallbManifest(version);
      expect(manifest).toHaveLength(26);
      expect(manifest.filter(({ kind }) => kind === 'CustomResourceDefinition')).toHaveLength(9);
    }
  });

  it('keeps its speakers waiting for a secret while the controller does not come up', async () => {
    await start({
      objects: [...kubeadmCluster(), ...metallbManifest('v0.15.3')],
      unreadyDeployments: ['metallb-system/controller'],
    });
    expect(double.object('Deployment', 'controller', 'metallb-system')?.['status']).toMatchObject({
      unavailableReplicas: 1,
      conditions: [{ type: 'Available', status: 'False' }, { type: 'Progressing' }],
    });
    const speakers = double.object('DaemonSet', 'speaker', 'metallb-system');
    expect(numberAt(speakers, 'status', 'numberReady')).toBe(0);
    const [pod] = double.objects('Pod').filter(({ metadata }) => metadata.labels?.['component'] === 'speaker');
    expect(at(pod, 'status', 'containerStatuses', 0, 'state')).toEqual({ waiting: { reason: 'ContainerCreating' } });
  });
});

describe('workloads', () => {
  it('get pods on ready nodes, and their Services endpoints, ready after a time', async () => {
    await start({ objects: [...bareCluster(), deployment('web', 4)], podsReadyAfterMs: 150 });
    double.seed(
      loadBalancer('web'),
      deployment('slow', 1),
      service('slow', { selector: { app: 'slow' }, ports: [{ port: 80, targetPort: 8080 }] }),
    );
    const slice = (name: string) =>
      double.objects('EndpointSlice').find(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name);
    await expect.poll(() => slice('slow')).toBeDefined();
    expect(listAt(slice('slow'), 'endpoints')).toEqual([]);
    await double.settled();
    expect(slice('slow')).toMatchObject({ ports: [{ port: 8080 }], endpoints: [{ conditions: { ready: true, serving: true } }] });
    const nodes = listAt(slice('web'), 'endpoints').map((one) => textAt(one, 'nodeName'));
    expect(nodes.sort()).toEqual(['node-1', 'node-1', 'node-2', 'node-3']);
    double.setNodeReady('node-1', false);
    await double.settled();
    const unready = listAt(slice('web'), 'endpoints').filter((one) => at(one, 'conditions', 'ready') === false);
    expect(unready.map((one) => textAt(one, 'nodeName'))).toEqual(['node-1', 'node-1']);
  });

  it('are restarted by a change of their template, one node after the other', async () => {
    await start({ objects: kubeadmCluster() });
    const config = configOf(double.kubeconfig());
    const pods = (): readonly string[] => double.objects('Pod').map(nameOf);
    const before = pods();
    const numbers: unknown[] = [];
    const annotations = { 'kubectl.kubernetes.io/restartedAt': '2026-01-01T00:00:00Z' };
    const answer = await ask(config, 'PATCH', '/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy', {
      body: { spec: { template: { metadata: { annotations } } } },
      contentType: 'application/strategic-merge-patch+json',
    });
    expect(answer.body).toMatchObject({
      metadata: { generation: 2 },
      status: { observedGeneration: 1, updatedNumberScheduled: 3 },
    });
    const status = () => double.object('DaemonSet', 'kube-proxy', 'kube-system')?.['status'];
    await expect
      .poll(
        () => {
          numbers.push(at(status(), 'updatedNumberScheduled'));
          return status();
        },
        { interval: 5 },
      )
      .toMatchObject({ observedGeneration: 2, updatedNumberScheduled: 3, numberReady: 3 });
    expect(numbers).toContain(1);
    expect(pods()).toHaveLength(3);
    expect(pods().filter((name) => before.includes(name))).toEqual([]);
  });

  it('go with their pods and endpoints, and a namespace with all that is in it', async () => {
    await start({ objects: [...bareCluster(), deployment('web'), loadBalancer('web')] });
    const config = configOf(double.kubeconfig());
    const web = '/apis/apps/v1/namespaces/default/deployments/web';
    expect(await ask(config, 'DELETE', web)).toMatchObject({ status: 200, body: { status: 'Success' } });
    await double.settled();
    expect(double.objects('Pod')).toEqual([]);
    double.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'short' } }, deployment('web', 2, 'short'));
    await double.settled();
    expect(double.objects('Pod')).toHaveLength(2);
    expect(await ask(config, 'DELETE', '/api/v1/namespaces/short')).toMatchObject({
      status: 200,
      body: { status: { phase: 'Terminating' } },
    });
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'late' } };
    expect((await ask(config, 'POST', '/api/v1/namespaces/short/configmaps', { body })).status).toBeOneOf([403, 404]);
    await double.settled();
    expect([double.object('Namespace', 'short'), double.object('Deployment', 'web', 'short'), double.objects('Pod')]).toEqual([
      null,
      null,
      [],
    ]);
  });

  it('wait for finalizers', async () => {
    await start({ objects: bareCluster() });
    double.seed({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'held', namespace: 'default', finalizers: ['example.com/hold'] },
    });
    const config = configOf(double.kubeconfig());
    const path = '/api/v1/namespaces/default/configmaps/held';
    expect(await ask(config, 'DELETE', path)).toMatchObject({
      body: { kind: 'ConfigMap', metadata: { deletionTimestamp: expect.any(String) } },
    });
    expect((await ask(config, 'GET', path)).status).toBe(200);
    await ask(config, 'PATCH', path, { body: { metadata: { finalizers: null } }, contentType: 'application/merge-patch+json' });
    expect((await ask(config, 'GET', path)).status).toBe(404);
    const metadata = { name: 'held', namespace: 'short', finalizers: ['example.com/hold'] };
    double.seed(
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'short' } },
      { apiVersion: 'v1', kind: 'ConfigMap', metadata },
    );
    double.remove('Namespace', 'short');
    await double.settled();
    expect(double.object('Namespace', 'short')).toMatchObject({ status: { phase: 'Terminating' } });
    double.change('ConfigMap', 'held', 'short', { metadata: { finalizers: null } });
    await double.settled();
    expect(double.object('Namespace', 'short')).toBeNull();
  });
});

describe('kinds of clusters', () => {
  it.each([
    ['absent' as const, /^(?![\s\S]*strictARP)/],
    [null, /^ {2}strictARP: null$/m],
    [false, /^ {2}strictARP: false$/m],
    [true, /^ {2}strictARP: true$/m],
  ])('kubeadm, strictARP %s', async (strictArp, text) => {
    await start({ objects: kubeadmCluster({ mode: 'ipvs', strictArp }) });
    expect(textAt(double.object('ConfigMap', 'kube-proxy', 'kube-system'), 'data', 'config.conf')).toMatch(text);
    expect(double.object('DaemonSet', 'kube-proxy', 'kube-system')?.['status']).toMatchObject({ numberReady: 3 });
  });

  it('k3s and Cilium have no kube-proxy', async () => {
    await start({ objects: k3sCluster() });
    expect(double.objects('DaemonSet').map(nameOf)).toEqual(['svclb-traefik-1a2b3c4d']);
    await double.close();
    await start({ objects: ciliumCluster({ l2: true }) });
    expect(double.object('ConfigMap', 'kube-proxy', 'kube-system')).toBeNull();
    expect(double.objects('CiliumL2AnnouncementPolicy').map(nameOf)).toEqual(['all']);
  });

  it('a control plane has its role, its taint and its exclusion', async () => {
    await start({
      objects: bareCluster([
        node({ name: 'cp', address: '192.0.2.10', controlPlane: true }),
        node({ name: 'w', address: '192.0.2.11' }),
      ]),
    });
    double.seed(deployment('web', 2));
    await double.settled();
    expect(new Set(double.objects('Pod').map((pod) => textAt(pod, 'spec', 'nodeName')))).toEqual(new Set(['w']));
  });
});
