import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WebhookState } from './admission.ts';
import type { ClusterDouble } from './double.ts';
import { kubeadmCluster, pool, withMetallb } from './fixtures.ts';
import { type JsonObject, withMetadata } from './json.ts';
import { metallbManifest } from './metallb-manifest.ts';
import { type Answered, type AnyCluster, anyCluster, apply, ask, configOf, doubleOnly } from './with-cluster.ts';

const API = '/apis/metallb.io/v1beta1/namespaces';
const DENIED = 'admission webhook "ipaddresspoolvalidationwebhook.metallb.io" denied the request: ';

describe('the words of MetalLB', () => {
  let cluster: AnyCluster;
  let name: string;
  beforeAll(async () => {
    cluster = await anyCluster();
    name = cluster.unique('asked');
    const body = { ...pool(cluster.unique('taken'), ['192.0.2.240-192.0.2.250'], { autoAssign: false }) };
    expect(await ask(cluster.config, 'POST', `${API}/metallb-system/ipaddresspools`, { body })).toMatchObject({ status: 201 });
  });
  afterAll(() => cluster.close());

  const create = (plural: string, kind: string, spec: JsonObject, namespace = 'metallb-system'): Promise<Answered> =>
    ask(cluster.config, 'POST', `${API}/${namespace}/${plural}`, {
      body: { apiVersion: 'metallb.io/v1beta1', kind, metadata: { name, namespace }, spec },
      query: { dryRun: 'All' },
    });

  it.each<[readonly string[], string]>([
    [[], 'parsing address pool X: pool has no prefixes defined'],
    [['192.0.2.1'], 'parsing address pool X: invalid CIDR "192.0.2.1" in pool "X": invalid CIDR "192.0.2.1"'],
    [['192.0.2.0/33'], 'parsing address pool X: invalid CIDR "192.0.2.0/33" in pool "X": invalid CIDR "192.0.2.0/33"'],
    [['192.0.2.01/32'], 'parsing address pool X: invalid CIDR "192.0.2.01/32" in pool "X": invalid CIDR "192.0.2.01/32"'],
    [
      ['192.0.2.9-250'],
      'parsing address pool X: invalid CIDR "192.0.2.9-250" in pool "X": invalid IP range "192.0.2.9-250": invalid end IP "250"',
    ],
    [
      ['first-192.0.2.9'],
      'parsing address pool X: invalid CIDR "first-192.0.2.9" in pool "X": invalid IP range "first-192.0.2.9": invalid start IP "first"',
    ],
    [
      ['192.0.2.9 - 192.0.2.1'],
      'parsing address pool X: invalid CIDR "192.0.2.9 - 192.0.2.1" in pool "X": invalid IP range "192.0.2.9 - 192.0.2.1": start IP "192.0.2.9" is after the end IP "192.0.2.1"',
    ],
    // Ranges are summarised into networks first: nobody wrote these.
    [['192.0.2.245-192.0.2.246'], 'CIDR "192.0.2.245/32" in pool "X" overlaps with already defined CIDR "192.0.2.240/29"'],
    [['192.0.2.250-192.0.2.253'], 'CIDR "192.0.2.250/31" in pool "X" overlaps with already defined CIDR "192.0.2.250/32"'],
    // Host bits are lost without a word.
    [['192.0.2.3/24'], 'CIDR "192.0.2.0/24" in pool "X" overlaps with already defined CIDR "192.0.2.240/29"'],
    [
      ['198.51.100.4/30', '198.51.100.7/32'],
      'CIDR "198.51.100.7/32" in pool "X" overlaps with already defined CIDR "198.51.100.4/30"',
    ],
    [
      ['2001:db8::/126', '2001:db8::2/127'],
      'CIDR "2001:db8::2/127" in pool "X" overlaps with already defined CIDR "2001:db8::/126"',
    ],
  ])('refuse a pool of %j', async (addresses, why) => {
    expect(await create('ipaddresspools', 'IPAddressPool', { addresses })).toMatchObject({
      status: 403,
      message: DENIED + why.replaceAll('X', name),
      body: { reason: 'Forbidden' },
    });
  });

  it('refuse a namespace twice, and another namespace', async () => {
    const spec = { addresses: ['198.51.100.1/32'], serviceAllocation: { namespaces: ['a', 'a'] } };
    expect((await create('ipaddresspools', 'IPAddressPool', spec)).message).toBe(
      `${DENIED}parsing address pool ${name}: duplicate definition in namespaces field`,
    );
    const elsewhere = await create('ipaddresspools', 'IPAddressPool', { addresses: ['198.51.100.1/32'] }, cluster.namespace);
    expect(elsewhere).toMatchObject({ status: 403, message: `${DENIED}resource must be created in metallb-system namespace` });
  });

  const byZone = { matchLabels: { zone: 'a' } };
  it.each<[JsonObject, string]>([
    [{ ipAddressPools: ['p', 'q', 'p'] }, 'duplicate definition of ipAddressPools "p"'],
    [{ nodeSelectors: [byZone, byZone] }, 'duplicate definition of nodeSelectors {map["zone":"a"] []}'],
    [{ ipAddressPoolSelectors: [byZone, byZone] }, 'duplicate definition of ipAddressPoolSelectors {map["zone":"a"] []}'],
    [
      { nodeSelectors: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a', 'a'] }] }] },
      'duplicate definition of match expression value in label selector "a"',
    ],
  ])('refuse an advertisement of %j', async (spec, why) => {
    expect(await create('l2advertisements', 'L2Advertisement', spec)).toMatchObject({
      status: 403,
      message: expect.stringContaining(`denied the request: ${why}`),
    });
  });

  it.each<[string, readonly string[]]>([
    ['a large part of the internet', ['248.0.0.0/5']],
    ['network, gateway and broadcast', ['198.51.100.0/24']],
    ['one address, both ways', ['198.51.100.9/32', '198.51.100.10-198.51.100.10']],
    ['blanks in a range', ['198.51.100.20 - 198.51.100.29']],
    ['both families', ['198.51.100.1/32', '2001:db8::1-2001:db8::9']],
  ])('say nothing against %s', async (_what, addresses) => {
    expect((await create('ipaddresspools', 'IPAddressPool', { addresses })).status).toBe(201);
  });

  it('say nothing against an advertisement of pools that are not there', async () => {
    expect(await create('l2advertisements', 'L2Advertisement', { ipAddressPools: ['no-such-pool'] })).toMatchObject({
      status: 201,
    });
  });

  it('compare a pool that is changed with the others, not with itself', async () => {
    const path = `${API}/metallb-system/ipaddresspools/${cluster.unique('taken')}`;
    const patch = (addresses: readonly string[]): Promise<Answered> =>
      ask(cluster.config, 'PATCH', path, {
        body: { spec: { addresses } },
        contentType: 'application/merge-patch+json',
        query: { dryRun: 'All' },
      });
    expect(await patch(['192.0.2.240-192.0.2.249'])).toMatchObject({ status: 200 });
    expect(await patch(['192.0.2.240/28', '192.0.2.255/32'])).toMatchObject({ status: 403 });
  });
});

describe('a webhook that cannot be asked', () => {
  const POST =
    'Post "https://metallb-webhook-service.metallb-system.svc:443/validate-metallb-io-v1beta1-ipaddresspool?timeout=10s": ';
  const FAILED =
    'Internal error occurred: failed calling webhook "ipaddresspoolvalidationwebhook.metallb.io": failed to call webhook: ';
  let double: ClusterDouble;
  beforeAll(async () => {
    double = await doubleOnly('a real webhook would have to be broken for it', {
      objects: [...kubeadmCluster(), ...withMetallb()],
    });
  });
  afterAll(() => double.close());

  const create = (cluster: ClusterDouble, query = {}): Promise<Answered> =>
    ask(configOf(cluster.kubeconfig()), 'POST', `${API}/metallb-system/ipaddresspools`, {
      body: pool('p', ['192.0.2.1/32']),
      query,
    });

  it.each<[WebhookState, RegExp]>([
    ['no-endpoints', /^no endpoints available for service "metallb-webhook-service"$/],
    ['refused', /^dial tcp [\d.]+:443: connect: connection refused$/],
    ['timeout', /^context deadline exceeded$/],
  ])('%s: 500 with these words, on a dry run too', async (state, why) => {
    double.setWebhook(state);
    for (const query of [{}, { dryRun: 'All' }]) {
      const answer = await create(double, query);
      expect(answer).toMatchObject({ status: 500, body: { reason: 'InternalError', code: 500 } });
      expect(answer.message.slice(0, FAILED.length + POST.length)).toBe(FAILED + POST);
      expect(answer.message.slice(FAILED.length + POST.length)).toMatch(why);
    }
    expect(double.object('IPAddressPool', 'p', 'metallb-system')).toBeNull();
    double.setWebhook('ready');
    expect(await create(double, { dryRun: 'All' })).toMatchObject({ status: 201 });
  });

  it('is not asked where there is no configuration of it, and is where it is not there yet', async () => {
    const objects = [...kubeadmCluster(), ...metallbManifest('v0.15.3')];
    const without = await doubleOnly('as above', {
      objects: objects.filter(({ kind }) => kind !== 'ValidatingWebhookConfiguration'),
    });
    const early = await doubleOnly('as above', { objects, unreadyDeployments: ['metallb-system/controller'] });
    expect(await create(without)).toMatchObject({ status: 201 });
    expect(await create(early)).toMatchObject({ status: 500, message: expect.stringContaining('no endpoints available') });
    early.remove('Service', 'metallb-webhook-service', 'metallb-system');
    expect(await create(early)).toMatchObject({
      status: 500,
      message: expect.stringContaining('service "metallb-webhook-service" not found'),
    });
    await Promise.all([without.close(), early.close()]);
  });

  it('stops no object that is not MetalLB’s', async () => {
    double.setWebhook('refused');
    const config = configOf(double.kubeconfig());
    const map = withMetadata({ apiVersion: 'v1', kind: 'ConfigMap', metadata: {} }, { name: 'free' });
    expect(await apply(config, '/api/v1/namespaces/default/configmaps/free', 'freehold', map)).toMatchObject({ status: 201 });
    double.setWebhook('ready');
  });
});
