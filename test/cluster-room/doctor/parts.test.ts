/** What the checks stand on: whom to ask on the wire, a cluster that is asked once, and the dry run. */
import { afterEach, describe, expect, it } from 'vitest';
import { askGate, GATE_POOL } from '../../../src/cluster/doctor/gate.ts';
import { readDetails } from '../../../src/cluster/doctor/read-details.ts';
import { readOnce } from '../../../src/cluster/doctor/read-once.ts';
import { planWire } from '../../../src/cluster/doctor/wire-plan.ts';
import { readClusterFacts } from '../../../src/cluster/facts.ts';
import { RESOURCES } from '../../../src/cluster/kube/resources.ts';
import { intersectSets, setContains, setSize } from '../../../src/core/address/range-set.ts';
import {
  ciliumCluster,
  daemonSet,
  deployment,
  kubeadmCluster,
  loadBalancer,
  pool as poolObject,
  withMetallb,
} from '../../cluster/fixtures.ts';
import type { KubeJson } from '../../cluster/json.ts';
import { ip, set } from '../../ledger/fixtures.ts';
import { type Rig, rig } from '../rig.ts';
import { cidr, facts, node, pool, service } from './scene.ts';

const LAN = cidr('192.0.2.0/24');

describe('whom to ask', () => {
  const plan = planWire(facts(), LAN, [ip('192.0.2.1')]);

  it('nodes, gateway, Services and pools', () => {
    for (const address of ['192.0.2.1', '192.0.2.11', '192.0.2.13', '192.0.2.200', '192.0.2.210']) {
      expect([address, setContains(plan.targets, ip(address))]).toEqual([address, true]);
    }
  });

  it('sixteen where nobody should be, apart from each other, and never the edges', () => {
    expect(setSize(plan.decoys)).toBe(16);
    expect(plan.decoys.length).toBe(16);
    expect(
      intersectSets(
        plan.decoys,
        set('192.0.2.0', '192.0.2.1', '192.0.2.11-192.0.2.13', '192.0.2.200-192.0.2.210', '192.0.2.255'),
      ),
    ).toEqual([]);
    expect(setSize(plan.targets)).toBe(16 + 1 + 3 + 11);
  });

  it('nothing outside of the network', () => {
    const far = {
      nodes: [node('far', '198.51.100.9')],
      services: [service('web', '203.0.113.1')],
      pools: [pool('far', '198.51.100.0/24')],
    };
    const { targets, decoys } = planWire(facts(far), LAN, [ip('203.0.113.254')]);
    expect(targets).toEqual(decoys);
  });

  it('of a huge pool the lowest addresses, which MetalLB gives out first', () => {
    const { targets } = planWire(
      facts({ pools: [pool('huge', '10.0.0.0/16')], nodes: [], services: [] }),
      cidr('10.0.0.0/16'),
      [],
    );
    expect(targets).toEqual(set('10.0.0.0-10.0.15.255'));
  });

  it('no decoys where the pool is all there is', () => {
    expect(planWire(facts({ pools: [pool('all', '192.0.2.0/24')] }), LAN, []).decoys).toEqual([]);
  });
});

let room: Rig | undefined;
afterEach(async () => {
  await room?.[Symbol.asyncDispose]();
  room = undefined;
});

describe('a cluster that is asked once', () => {
  it('remembers lists, what was found, what was not, and what failed', async () => {
    room = await rig({ objects: kubeadmCluster() });
    const { cluster } = room;
    const api = readOnce(room.api());
    await Promise.all([api.list(RESOURCES.nodes), api.list(RESOURCES.nodes)]);
    await api.find(RESOURCES.configMaps, 'kube-proxy', 'kube-system');
    await api.find(RESOURCES.configMaps, 'gone', 'kube-system');
    cluster.deny('admin', { resource: 'secrets' });
    const failures = [api.list(RESOURCES.secrets), api.list(RESOURCES.secrets)].map((list) =>
      list.catch((error: unknown) => error),
    );
    const [first, second] = await Promise.all(failures);
    expect(first).toBe(second);
    const before = cluster.requests.length;
    expect((await api.list(RESOURCES.nodes)).items).toHaveLength(3);
    expect(await api.find(RESOURCES.configMaps, 'kube-proxy', 'kube-system')).not.toBeNull();
    expect(await api.find(RESOURCES.configMaps, 'gone', 'kube-system')).toBeNull();
    expect(cluster.requests.length).toBe(before);
    await api.list(RESOURCES.configMaps, { namespace: 'default' });
    await api.list(RESOURCES.configMaps, { namespace: 'kube-system' });
    expect(cluster.requests.length).toBe(before + 2);
  });
});

describe('what only doctor asks', () => {
  async function detailsOf(objects: readonly KubeJson[], user = 'admin') {
    room = await rig({ objects });
    await room.cluster.settled();
    const api = readOnce(room.api(user));
    return readDetails(api, await readClusterFacts(api, 'metallb-system'));
  }

  it('of a cluster without MetalLB: no kinds, no webhooks, no dry run', async () => {
    const details = await detailsOf(kubeadmCluster());
    expect(details).toMatchObject({
      served: new Set(),
      bgpAdvertisements: [],
      webhooks: [],
      unread: [],
      gate: { kind: 'not-tried' },
    });
    expect(room?.writes()).toEqual([]);
  });

  it('of one with it', async () => {
    const bgp = {
      apiVersion: 'metallb.io/v1beta1',
      kind: 'BGPAdvertisement',
      metadata: { name: 'edge', namespace: 'metallb-system' },
      spec: { ipAddressPools: ['far'] },
    };
    const stray = { ...poolObject('stray', ['198.51.100.1/32']), metadata: { name: 'stray', namespace: 'default' } };
    const details = await detailsOf([
      ...kubeadmCluster(),
      ...withMetallb('v0.16.1'),
      bgp,
      stray,
      deployment('web'),
      loadBalancer('web', {}, { 'metallb.universe.tf/address-pool': 'lan', 'example.org/x': 'y' }),
    ]);
    expect(details.served).toEqual(expect.objectContaining({ size: expect.any(Number) as number }));
    expect(details.served?.has('configurationstates')).toBe(true);
    expect(details.bgpAdvertisements).toMatchObject([{ name: 'edge', pools: ['far'] }]);
    expect(details.webhooks?.map(({ failurePolicy }) => failurePolicy)).toEqual(Array.from({ length: 6 }, () => 'Fail'));
    expect(details.elsewhere).toEqual(['IPAddressPool default/stray']);
    expect(details.deprecated).toEqual([{ service: 'default/web', annotation: 'metallb.universe.tf/address-pool' }]);
    expect(details.wantedPools).toEqual([{ service: 'default/web', pool: 'lan' }]);
    expect(details.gate).toEqual({ kind: 'passed' });
  });

  it("of one with Cilium's pools", async () => {
    const details = await detailsOf(ciliumCluster({ l2: true }));
    expect(details.otherPools).toEqual([{ name: 'CiliumLoadBalancerIPPool lan', addresses: set('192.0.2.64-192.0.2.79') }]);
  });

  it('of an API server that breaks in the middle: what is missing is said', async () => {
    room = await rig({ objects: [...kubeadmCluster(), ...withMetallb()] });
    await room.cluster.settled();
    const api = readOnce(room.api());
    const read = await readClusterFacts(api, 'metallb-system');
    room.cluster.fault({ path: /bgpadvertisements/ }, { kind: 'reset' });
    const details = await readDetails(api, read);
    expect(details.bgpAdvertisements).toBeNull();
    expect(details.unread).toMatchObject([{ what: 'bgp advertisements', code: 'cluster-unreachable' }]);
  });

  it("finds MetalLB's workloads by the names of its Helm chart, too", async () => {
    const labels = { 'app.kubernetes.io/component': 'speaker' };
    room = await rig({
      objects: [
        ...kubeadmCluster(),
        daemonSet('metallb-speaker', 'metallb', labels, 'quay.io/metallb/speaker:v0.15.2'),
        deployment('metallb-controller', 1, 'metallb'),
      ],
    });
    await room.cluster.settled();
    const { metallb } = await readClusterFacts(room.api(), 'metallb');
    expect([metallb.controller?.name, metallb.speaker?.name, metallb.speaker?.version]).toEqual([
      'metallb-controller',
      'metallb-speaker',
      '0.15.2',
    ]);
  });
});

describe('the dry run', () => {
  const gateOf = async (more: Partial<ReturnType<typeof facts>> = {}) => {
    if (room === undefined) throw new Error('no cluster');
    return askGate(room.api(), facts({ pools: [], ...more }), true, undefined);
  };
  const installed = async (): Promise<Rig> => {
    room = await rig({ objects: [...kubeadmCluster(), ...withMetallb('v0.16.1')] });
    await room.cluster.settled();
    return room;
  };

  it.each([
    ['no-endpoints', /no endpoints available for service "metallb-webhook-service"/],
    ['refused', /connect: connection refused/],
    ['timeout', /failed calling webhook "ipaddresspoolvalidationwebhook\.metallb\.io"/],
  ] as const)('a webhook that is %s cannot be asked', async (state, words) => {
    const { cluster } = await installed();
    cluster.setWebhook(state);
    expect(await gateOf()).toEqual({ kind: 'unready', words: expect.stringMatching(words) as string });
  });

  it('tries an address that no pool has, and says so where there is none', async () => {
    const { cluster } = await installed();
    const taken = [pool('a', '192.0.2.0/24')];
    await gateOf({ pools: taken });
    const tried = cluster.requests.at(-1)?.body as { readonly spec?: { readonly addresses?: unknown } };
    expect(tried.spec?.addresses).toEqual(['198.51.100.1/32']);
    expect(await gateOf({ pools: [...taken, pool('b', '198.51.100.0/24'), pool('c', '203.0.113.0/24')] })).toMatchObject({
      kind: 'not-tried',
    });
  });

  it('says what the webhook said', async () => {
    const { cluster } = await installed();
    // Stored while nobody looked: it makes the webhook refuse every other pool.
    cluster.seed(poolObject('bad', ['192.0.2.0/30']));
    expect(await gateOf()).toMatchObject({
      kind: 'denied',
      words: expect.stringContaining('overlaps with already defined CIDR') as string,
    });
  });

  it('without the right it is not tried', async () => {
    const { cluster } = await installed();
    cluster.deny('admin', { verb: 'create', resource: 'ipaddresspools' });
    expect(await gateOf()).toMatchObject({ kind: 'not-tried', why: expect.stringContaining('cannot create') as string });
  });

  it('stores nothing', async () => {
    const { cluster } = await installed();
    expect(await gateOf()).toEqual({ kind: 'passed' });
    expect(cluster.object('IPAddressPool', GATE_POOL, 'metallb-system')).toBeNull();
  });
});
