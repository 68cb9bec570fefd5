import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readManifestObjects } from '../../../src/cluster/install/manifest.ts';
import { EXIT } from '../../../src/core/error.ts';
import { type KubeJson, withAt } from '../../cluster/json.ts';
import { metallbManifest, metallbManifestYaml } from '../../cluster/metallb-manifest.ts';

const yaml = (objects: readonly unknown[]): string => objects.map((object) => stringify(object)).join('---\n');
const official = metallbManifest('v0.15.3');
const isNamed = (kind: string, name: string) => (object: KubeJson) => object.kind === kind && object.metadata.name === name;
/** The manifest with one object changed. */
const changed = (kind: string, name: string, path: readonly string[], value: unknown): readonly KubeJson[] => {
  expect(official.some(isNamed(kind, name))).toBe(true);
  return official.map((object) => (isNamed(kind, name)(object) ? (withAt(object, path, value) as KubeJson) : object));
};
const without = (kind: string, name: string): readonly KubeJson[] => official.filter((object) => !isNamed(kind, name)(object));
const plus = (object: object): readonly unknown[] => [...official, object];
const image = (name: string, tag: string) => [{ name, image: tag }];
const POD = ['spec', 'template', 'spec', 'containers'];

describe('readManifestObjects', () => {
  it.each(['v0.15.3', 'v0.16.1'] as const)('reads the manifest of %s, and puts it in order', (version) => {
    const manifest = readManifestObjects(metallbManifestYaml(version), 'file');
    expect(manifest).toMatchObject({ namespace: 'metallb-system', version: version.slice(1), source: 'file' });
    expect(manifest.images).toEqual([`quay.io/metallb/controller:${version}`, `quay.io/metallb/speaker:${version}`]);
    expect(manifest.objects).toHaveLength(metallbManifest(version).length);
    const kinds = manifest.objects.map(({ resource }) => resource.kind);
    expect([kinds[0], kinds[1], kinds.at(-1)]).toEqual([
      'Namespace',
      'CustomResourceDefinition',
      'ValidatingWebhookConfiguration',
    ]);
    expect(kinds.indexOf('DaemonSet')).toBeGreaterThan(kinds.indexOf('Secret'));
  });

  it('takes a mirror of the images, empty documents and comments', () => {
    const text = metallbManifestYaml('v0.15.3').replaceAll('quay.io/metallb', 'registry.example:5000/quay/metallb');
    expect(readManifestObjects(`# from a mirror\n---\n${text}---\n---\n`, 'file').version).toBe('0.15.3');
  });

  it('has no version where the images have none', () => {
    expect(readManifestObjects(metallbManifestYaml('v0.15.3').replaceAll(':v0.15.3', ':main'), 'file').version).toBeNull();
  });

  it('leaves out what belongs to the cluster: certificates of webhooks, status, times', () => {
    const hook = [
      { name: 'a.metallb.io', clientConfig: { caBundle: 'Cg==', service: { name: 's', namespace: 'metallb-system' } } },
    ];
    const conversion = {
      strategy: 'Webhook',
      webhook: { clientConfig: { caBundle: 'Cg==', service: { name: 's' } }, conversionReviewVersions: ['v1'] },
    };
    const objects = changed('ValidatingWebhookConfiguration', 'metallb-webhook-configuration', ['webhooks'], hook).map(
      (object) =>
        isNamed('CustomResourceDefinition', 'bgppeers.metallb.io')(object)
          ? { ...(withAt(object, ['spec', 'conversion'], conversion) as KubeJson), status: { conditions: [] } }
          : { ...object, metadata: { ...object.metadata, creationTimestamp: null } },
    );
    const read = readManifestObjects(yaml(objects), 'file').objects.map(({ object }) => object);
    expect(JSON.stringify(read)).not.toMatch(/caBundle|creationTimestamp|"status":\{"conditions"/);
    const crd = read.find(({ metadata }) => metadata.name === 'bgppeers.metallb.io');
    const { caBundle: _, ...clientConfig } = conversion.webhook.clientConfig;
    expect(crd?.['spec']).toMatchObject({
      group: 'metallb.io',
      conversion: { ...conversion, webhook: { ...conversion.webhook, clientConfig } },
    });
  });

  it('reads numbers as Kubernetes does', () => {
    const text = `${metallbManifestYaml('v0.15.3')}---\napiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: metallb-system, annotations: {at: 2026-01-01, time: 12:30}}\nmode: 0644\n`;
    const secret = readManifestObjects(text, 'file').objects.find(({ object }) => object.metadata.name === 's')?.object;
    expect(secret).toMatchObject({ mode: 420, metadata: { annotations: { at: '2026-01-01', time: '12:30' } } });
  });

  it.each([
    [
      'a kind that MetalLB has not',
      plus({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'miner', namespace: 'metallb-system' } }),
      'Job metallb-system/miner: MetalLB has no such kind',
    ],
    [
      'a pool',
      plus({ apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata: { name: 'p', namespace: 'metallb-system' } }),
      'IPAddressPool metallb-system/p: MetalLB has no such kind',
    ],
    [
      'another version of a kind',
      plus({ apiVersion: 'apps/v1beta1', kind: 'Deployment', metadata: { name: 'controller', namespace: 'metallb-system' } }),
      'MetalLB has no such kind',
    ],
    [
      'a second namespace',
      plus({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other' } }),
      'Namespace other: a second namespace',
    ],
    ['no namespace', without('Namespace', 'metallb-system'), 'it makes no namespace'],
    [
      'something elsewhere',
      plus({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'kube-system' } }),
      'Secret kube-system/s: it is not in the namespace metallb-system',
    ],
    [
      'something without a namespace',
      plus({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } }),
      'it is not in the namespace',
    ],
    [
      'a workload of another name',
      plus({ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'agent', namespace: 'metallb-system' } }),
      'DaemonSet metallb-system/agent: MetalLB has none of that name',
    ],
    [
      'a definition of another group',
      plus({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'a.example.com' } }),
      'MetalLB has none of that name',
    ],
    [
      'a definition that lies about its group',
      changed('CustomResourceDefinition', 'communities.metallb.io', ['spec', 'group'], 'example.com'),
      'its group is not metallb.io',
    ],
    [
      'rights on everything',
      changed('ClusterRole', 'metallb-system:speaker', ['rules'], [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]),
      'it gives every right on everything',
    ],
    [
      'the rights of an administrator',
      changed('ClusterRoleBinding', 'metallb-system:speaker', ['roleRef'], { kind: 'ClusterRole', name: 'cluster-admin' }),
      'it gives the rights of ClusterRole cluster-admin, which is not in the manifest',
    ],
    [
      'rights for somebody else',
      changed('RoleBinding', 'controller', ['subjects'], [{ kind: 'User', name: 'mallory' }]),
      'it gives rights to somebody outside of the namespace',
    ],
    [
      'a webhook that calls elsewhere',
      changed(
        'ValidatingWebhookConfiguration',
        'metallb-webhook-configuration',
        ['webhooks'],
        [{ name: 'a', clientConfig: { url: 'https://example.com' } }],
      ),
      'it calls something outside',
    ],
    [
      'a Service that is open to the world',
      changed('Service', 'metallb-webhook-service', ['spec', 'type'], 'LoadBalancer'),
      'no Service of type LoadBalancer',
    ],
    ['no speaker', without('DaemonSet', 'speaker'), 'it has no DaemonSet speaker'],
    ['no controller', without('Deployment', 'controller'), 'it has no Deployment controller'],
    [
      'no pools',
      without('CustomResourceDefinition', 'ipaddresspools.metallb.io'),
      'it has no CustomResourceDefinition ipaddresspools.metallb.io',
    ],
    [
      'another image',
      changed('DaemonSet', 'speaker', POD, image('speaker', 'example.com/evil/speaker:v0.15.3')),
      'its image is not metallb/speaker',
    ],
    [
      'images of two versions',
      changed('DaemonSet', 'speaker', POD, image('speaker', 'quay.io/metallb/speaker:v0.16.1')),
      'its images are of different versions',
    ],
    ['an object that is there twice', plus(official[1] as object), 'it is there twice'],
  ])('refuses %s', (_, objects, why) => {
    const read = (): unknown => readManifestObjects(yaml(objects), 'file');
    expect(read).toThrow(expect.objectContaining({ code: 'manifest-not-metallb', exitCode: EXIT.no }));
    expect(read).toThrow(why);
  });

  it.each([
    ['no YAML', 'a: [', /no YAML/],
    ['a page', '<!doctype html><html></html>', /document 1 is no Kubernetes object/],
    ['nothing', '---\n', /holds no object/],
    ['an object without a name', 'kind: Namespace\nmetadata: {}\n', /no Kubernetes object/],
    [
      'a bomb of aliases',
      `a: &a [x,x,x,x,x,x,x,x,x,x]\n${'bcdefg'
        .split('')
        .map((key, index) => `${key}: &${key} [${Array.from({ length: 10 }, () => `*${'abcdefg'[index]}`).join(',')}]`)
        .join('\n')}\n`,
      /no YAML/,
    ],
    [
      'too many objects',
      yaml(Array.from({ length: 201 }, (_, index) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: `s${index}` } }))),
      /more than 200/,
    ],
  ])('refuses %s', (_, text, why) => {
    expect(() => readManifestObjects(text, 'file')).toThrow(
      expect.objectContaining({ code: 'manifest-bad', exitCode: EXIT.usage }),
    );
    expect(() => readManifestObjects(text, 'file')).toThrow(why);
  });
});
