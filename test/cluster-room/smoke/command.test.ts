import { describe, expect, it } from 'vitest';
import { removeNamespace } from '../../../src/cluster/smoke/remove.ts';
import { EXIT, FreeholdError } from '../../../src/core/error.ts';
import { bareCluster, withMetallb } from '../../cluster/fixtures.ts';
import { at, type KubeJson, textAt } from '../../cluster/json.ts';
import { answering, keyboard, QUICK } from '../rig.ts';
import { leftIn, macOf, NODE_MACS, POOL, type Stage, smoke, stage, withPool } from './stage.ts';

const STRANGER = '02:00:00:00:00:66';
const STEPS = [
  'pool-exists',
  'created',
  'deployment-ready',
  'address-assigned',
  'address-in-pool',
  'answered-by-node',
  'tcp-connects',
  'removed',
  'silent-again',
];

/** What was made, by its kind, as the requests had it. */
const made = (on: Stage): Readonly<Record<string, unknown>> =>
  Object.fromEntries(on.writes().flatMap(({ method, body }) => (method === 'POST' ? [[textAt(body, 'kind') ?? '', body]] : [])));

describe('smoke-test', () => {
  it('passes, and leaves nothing', async () => {
    await using on = await stage();
    const { code, text } = await smoke(on);
    expect(code).toBe(EXIT.ok);
    expect(text).toMatch(
      /ok The pool is there.*ok Namespace, Deployment and Service made: freehold-smoke-[a-z0-9]{5}.*ok Pods ready: 1 pod.*ok The Service has an address: 192\.0\.2\.200.*ok The address is of a pool: production-pool.*ok A node's MAC answers for it: 02:00:00:00:00:0\d of the node node-\d.*ok TCP connects: 192\.0\.2\.200:80.*ok Everything removed.*ok The address is silent again/,
    );
    expect(text).toMatch(/The smoke test passed with 192\.0\.2\.200\. Nothing of it is left in the cluster\.$/);
    expect(leftIn(on)).toEqual([]);
  });

  it('prints one document with --json', async () => {
    await using on = await stage();
    const { code, document } = await smoke(on, { json: true });
    expect(code).toBe(EXIT.ok);
    expect(document()).toMatchObject({
      passed: true,
      address: '192.0.2.200',
      unseen: [],
      left: null,
      error: null,
      interrupted: false,
    });
    expect(document().steps.map(({ name }) => name)).toEqual(STEPS);
    expect(document().steps.every(({ status }) => status === 'ok')).toBe(true);
  });

  it('makes what Pod Security lets through at its strictest, and bears our label', async () => {
    await using on = await stage();
    await smoke(on, { pool: POOL, replicas: 2, port: 8443, targetPort: 9090 });
    const { Namespace, Deployment, Service } = made(on);
    const pod = at(Deployment, 'spec', 'template', 'spec');
    expect(at(pod, 'securityContext')).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(at(pod, 'containers', 0)).toMatchObject({
      args: ['netexec', '--http-port=9090'],
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    });
    expect(at(Deployment, 'spec', 'replicas')).toBe(2);
    expect(at(Namespace, 'metadata', 'labels')).toMatchObject({
      'app.kubernetes.io/managed-by': 'freehold',
      'pod-security.kubernetes.io/enforce': 'restricted',
    });
    expect(Service).toMatchObject({
      metadata: { annotations: { 'metallb.io/address-pool': POOL } },
      spec: { type: 'LoadBalancer', ports: [{ port: 8443, targetPort: 9090 }] },
    });
  });

  it('gives an image of your own no arguments, and asks for no pool where none is named', async () => {
    await using on = await stage();
    await smoke(on, { image: 'registry.example/web:1' });
    const { Deployment, Service } = made(on);
    expect(at(Deployment, 'spec', 'template', 'spec', 'containers', 0)).toMatchObject({ image: 'registry.example/web:1' });
    expect(at(Deployment, 'spec', 'template', 'spec', 'containers', 0, 'args')).toBeUndefined();
    expect(at(Service, 'metadata', 'annotations')).toBeUndefined();
  });

  it('uses a pool that gives out addresses only when asked', async () => {
    await using on = await stage({ objects: withPool(['reserved', ['192.0.2.220-192.0.2.221'], { autoAssign: false }]) });
    const { code, document } = await smoke(on, { pool: 'reserved', json: true });
    expect(code).toBe(EXIT.ok);
    expect(document().address).toBe('192.0.2.220');
  });

  it('keeps everything with --keep, and says how to remove it', async () => {
    await using on = await stage();
    const { code, text, document } = await smoke(on, { keep: true, json: true });
    expect(code).toBe(EXIT.ok);
    expect(document().left).toBe(`kubectl delete namespace ${document().namespace}`);
    expect(leftIn(on)).toContain(`Service ${document().namespace}/freehold-smoke`);
    expect(text).not.toContain('silent-again');
  });
});

describe('smoke-test fails, and leaves nothing', () => {
  const statusOf = (steps: readonly { name: string; status: string }[], name: string): string | undefined =>
    steps.find((step) => step.name === name)?.status;

  it('without MetalLB', async () => {
    await using on = await stage({ objects: bareCluster() });
    const { code, text } = await smoke(on);
    expect(code).toBe(EXIT.no);
    expect(text).toMatch(
      /failed The pool is there: MetalLB is not installed: freehold metallb install.*skipped Pods ready: not come to/,
    );
    expect(on.writes()).toEqual([]);
  });

  it('without a pool, or the one that is named', async () => {
    await using none = await stage({ objects: [...bareCluster(), ...withMetallb()] });
    expect(await smoke(none)).toMatchObject({
      code: EXIT.no,
      text: expect.stringMatching(/MetalLB has no pool: freehold apply/),
    });
    await using other = await stage();
    expect(await smoke(other, { pool: 'staging' })).toMatchObject({
      code: EXIT.no,
      text: expect.stringMatching(/there is no pool staging in metallb-system; there is production-pool/),
    });
    expect([...none.writes(), ...other.writes()]).toEqual([]);
  });

  it('where pods never get ready, with the reason', async () => {
    await using on = await stage();
    on.cluster.before({ method: 'POST', path: /deployments$/, times: 1 }, ({ path }) => {
      const namespace = path.split('/')[5] ?? '';
      const image = 'Back-off pulling image "registry.example/none:1"';
      on.cluster.before({ method: 'GET', path: /\/pods/ }, () => {
        for (const pod of on.cluster.objects('Pod').filter(({ metadata }) => metadata.namespace === namespace)) {
          on.cluster.change('Pod', pod.metadata.name ?? '', namespace, {
            status: {
              containerStatuses: [{ name: 'server', state: { waiting: { reason: 'ImagePullBackOff', message: image } } }],
            },
          });
        }
      });
      for (const name of ['node-1', 'node-2', 'node-3']) on.cluster.setNodeReady(name, false);
    });
    const { code, text } = await smoke(on, { waitMs: 700 });
    expect(code).toBe(EXIT.no);
    expect(text).toMatch(
      /failed Pods ready: not within 1 s: 0 of 1 pods available.*skipped The Service has an address: not come to.*ok Everything removed/,
    );
    expect(leftIn(on)).toEqual([]);
  });

  it('where no address comes, in the words of MetalLB', async () => {
    await using on = await stage({ objects: withPool(['full', ['192.0.2.230/32'], { autoAssign: false }]) });
    on.cluster.seed({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'taker', namespace: 'default', annotations: { 'metallb.io/address-pool': 'full' } },
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
    } as KubeJson);
    await on.cluster.settled();
    const { code, text } = await smoke(on, { pool: 'full', waitMs: 700 });
    expect(code).toBe(EXIT.no);
    expect(text).toMatch(
      /failed The Service has an address: none within 1 s: the Service has no address; AllocationFailed: Failed to allocate IP/,
    );
    expect(leftIn(on)).toEqual([]);
  });

  it('where no pool gives out addresses unasked', async () => {
    const objects = withPool().map((one) =>
      one.kind === 'IPAddressPool' ? { ...one, spec: { ...(one['spec'] as object), autoAssign: false } } : one,
    );
    await using on = await stage({ objects });
    const { code, text } = await smoke(on, { waitMs: 700 });
    expect(code).toBe(EXIT.no);
    expect(text).toMatch(/autoAssign: false\): name one with --pool/);
  });

  it('where the address is of no pool', async () => {
    await using on = await stage({ metallb: 'off' });
    on.cluster.before({ method: 'GET', path: /services\/freehold-smoke/ }, ({ path }) => {
      const namespace = path.split('/')[4] ?? '';
      on.cluster.change('Service', 'freehold-smoke', namespace, {
        status: { loadBalancer: { ingress: [{ ip: '192.0.2.99' }] } },
      });
      on.wire.holders.set('192.0.2.99', new Set([NODE_MACS['node-1'] ?? '']));
    });
    on.cluster.before({ method: 'DELETE' }, () => void on.wire.holders.delete('192.0.2.99'));
    const { code, document } = await smoke(on, { json: true });
    expect(code).toBe(EXIT.no);
    const { steps } = document();
    expect(steps.find(({ name }) => name === 'address-in-pool')).toMatchObject({
      status: 'failed',
      detail: expect.stringMatching(/192\.0\.2\.99 lies in no pool/),
    });
    expect(statusOf(steps, 'answered-by-node')).toBe('ok');
    expect(statusOf(steps, 'tcp-connects')).toBe('ok');
  });

  it.each([
    ['a stranger', [STRANGER], /02:00:00:00:00:66 answers for 192\.0\.2\.200, and is no node's/],
    ['a stranger beside the node', [STRANGER, 'leader'], /02:00:00:00:00:66 answers/],
    ['all nodes', Object.values(NODE_MACS), /several answer for .*strictARP/],
  ])('where %s answers', async (_, macs, said) => {
    await using on = await stage();
    on.cluster.before({ method: 'GET', path: /\/nodes$/, times: 1 }, () => {
      const leader = [...(on.wire.holders.get('192.0.2.200') ?? [])];
      on.wire.holders.set('192.0.2.200', new Set(macs.flatMap((mac) => (mac === 'leader' ? leader : [mac]))));
    });
    const { code, document } = await smoke(on, { json: true });
    expect(code).toBe(EXIT.no);
    const step = document().steps.find(({ name }) => name === 'answered-by-node');
    expect(step).toMatchObject({ status: 'failed', detail: expect.stringMatching(said) });
    expect(document().steps.map(({ name }) => name)).toEqual(STEPS.filter((name) => name !== 'silent-again'));
    expect(leftIn(on)).toEqual([]);
  });

  it('where a second answerer comes with the second look', async () => {
    await using on = await stage();
    const ask = on.wire.ask.bind(on.wire);
    let looks = 0;
    const wire = {
      ask: async (...given: Parameters<typeof ask>) => {
        if (++looks === 2) on.wire.holders.get('192.0.2.200')?.add(STRANGER);
        return ask(...given);
      },
    };
    const { code, document } = await smoke(on, { json: true }, { wire });
    expect(code).toBe(EXIT.no);
    expect(document().steps.find(({ name }) => name === 'answered-by-node')).toMatchObject({ status: 'failed' });
  });

  it('where nobody answers', async () => {
    await using on = await stage({ onAnnounce: () => undefined });
    const { code, text } = await smoke(on, { waitMs: 600 });
    expect(code).toBe(EXIT.no);
    expect(text).toMatch(/failed A node's MAC answers for it: not within 1 s: nobody answers ARP for 192\.0\.2\.200 on lan0/);
  });

  it('where TCP does not connect', async () => {
    await using on = await stage();
    const connect = async (): Promise<void> => {
      throw new Error('connect ECONNREFUSED 192.0.2.200:80');
    };
    const { code, text } = await smoke(on, { waitMs: 600 }, { connect });
    expect(code).toBe(EXIT.no);
    expect(text).toMatch(
      /failed TCP connects: 192\.0\.2\.200:80 not within 1 s: connect ECONNREFUSED.*The smoke test failed: 1 step of 9/,
    );
    expect(leftIn(on)).toEqual([]);
  });

  it('waits for TCP', async () => {
    await using on = await stage();
    let tries = 0;
    const connect = async (): Promise<void> => {
      if (++tries < 4) throw new Error('connect ECONNREFUSED');
    };
    expect(await smoke(on, {}, { connect })).toMatchObject({ code: EXIT.ok });
    expect(tries).toBe(4);
  });
});

describe('smoke-test skips what it cannot look at, and says so', () => {
  const rights = new FreeholdError('not-permitted', 'Raw frames take CAP_NET_RAW.', {
    exitCode: EXIT.notPermitted,
    hint: 'Run it as root.',
  });
  const refused = async (): Promise<never> => {
    throw rights;
  };
  it.each([
    ['without the right to send', { ask: refused }, /Raw frames take CAP_NET_RAW\. Run it as root\./],
    ['without an interface', { unavailable: 'no interface is named (--interface IF)' }, /no interface is named/],
  ])('%s', async (_, wire, said) => {
    await using on = await stage();
    const { code, text } = await smoke(on, {}, { wire });
    expect(code).toBe(EXIT.ok);
    expect(text).toMatch(new RegExp(`skipped A node's MAC answers for it: .*${said.source}`));
    expect(text).toMatch(/passed with 192\.0\.2\.200\. Not looked at: A node's MAC answers for it\./);
    expect(text).not.toContain('silent again');
  });

  it('where nodes may not be listed', async () => {
    await using on = await stage();
    on.cluster.deny('admin', { resource: 'nodes' });
    const { code, document } = await smoke(on, { json: true });
    expect(code).toBe(EXIT.ok);
    expect(document().unseen).toEqual(["A node's MAC answers for it"]);
  });

  it('where pools may not be listed', async () => {
    await using on = await stage();
    on.cluster.deny('admin', { resource: 'ipaddresspools' });
    const { code, document } = await smoke(on, { json: true });
    expect(code).toBe(EXIT.ok);
    expect(document().unseen).toEqual(['The pool is there', 'The address is of a pool']);
  });

  it('knows a configured speaker', async () => {
    await using on = await stage({ onAnnounce: ({ address }) => void on.wire.holders.set(address, new Set([STRANGER])) });
    expect(await smoke(on, {}, { speakers: new Set([macOf(STRANGER)]) })).toMatchObject({ code: EXIT.ok });
  });
});

describe('smoke-test and a cluster in trouble', () => {
  it.each([
    ['namespaces', /namespaces/],
    ['deployments', /deployments/],
    ['services', /services/],
  ])('exits 4 where it may not make %s', async (resource, said) => {
    await using on = await stage();
    on.cluster.deny('admin', { verb: 'create', resource });
    const { code, document } = await smoke(on, { json: true });
    expect(code).toBe(EXIT.notPermitted);
    expect(document().error).toMatchObject({ code: 'cluster-forbidden', message: expect.stringMatching(said) });
    expect(document().passed).toBe(false);
    // What was refused was not made, and is not cleared away.
    expect(document().namespace === null).toBe(resource === 'namespaces');
    expect(leftIn(on)).toEqual([]);
  });

  it('exits 4 with a token that has expired', async () => {
    await using on = await stage();
    await expect(smoke(on, {}, { user: 'expired' })).rejects.toMatchObject({ exitCode: EXIT.notPermitted });
  });

  it.each(['reset', 'reset-after'] as const)('survives connections that break (%s), and makes nothing twice', async (kind) => {
    await using on = await stage();
    for (const path of [/\/namespaces$/, /\/deployments$/, /\/services$/])
      on.cluster.fault({ method: 'POST', path, times: 1 }, { kind });
    on.cluster.fault({ method: 'DELETE', times: 1 }, { kind });
    const { code, document } = await smoke(on, { json: true });
    expect(document()).toMatchObject({ passed: true });
    expect(code).toBe(EXIT.ok);
    const named = on.writes().filter(({ method, path }) => method === 'POST' && path.endsWith('/namespaces'));
    expect(new Set(named.map(({ body }) => textAt(body, 'metadata', 'name'))).size).toBe(1);
    expect(leftIn(on)).toEqual([]);
  });

  it.each([
    ['after the namespace is made', { method: 'POST', path: /\/deployments$/ }],
    ['while it waits for the address', { method: 'GET', path: /services\/freehold-smoke/ }],
    ['while it clears away', { method: 'DELETE' }],
  ])('survives an API server that restarts %s', async (_, match) => {
    await using on = await stage();
    on.cluster.before({ ...match, times: 1 }, async () => {
      await on.cluster.stop();
      setTimeout(() => void on.cluster.restart(), 250);
    });
    expect(await smoke(on)).toMatchObject({ code: EXIT.ok });
    expect(leftIn(on)).toEqual([]);
  });

  it('exits 5 where it stays away, and says what is left and how it is removed', async () => {
    await using on = await stage();
    on.cluster.before({ method: 'POST', path: /\/deployments$/, times: 1 }, () => on.cluster.stop());
    const { code, document, text } = await smoke(on, { json: true, waitMs: 400 }, { removeMs: 400 });
    expect(code).toBe(EXIT.unreachable);
    expect(document().left).toBe(`kubectl delete namespace ${document().namespace}`);
    expect(text).toContain('cluster-unreachable');
  });

  it('says what holds a namespace that does not go: exit 3', async () => {
    await using on = await stage();
    // The API server takes the deletion, and something in the namespace does not end.
    on.cluster.fault({ method: 'DELETE' }, { kind: 'status', status: 200 });
    on.cluster.before({ method: 'DELETE' }, ({ path }) => {
      const held = {
        type: 'NamespaceFinalizersRemaining',
        status: 'True',
        message: 'Some content has finalizers remaining: example.com/hold',
      };
      on.cluster.change('Namespace', path.split('/').at(-1) ?? '', undefined, { status: { conditions: [held] } });
    });
    const { code, document } = await smoke(on, { json: true }, { removeMs: 500 });
    expect(code).toBe(EXIT.no);
    expect(document()).toMatchObject({
      passed: false,
      error: { code: 'smoke-test-left', message: expect.stringMatching(/finalizers remaining: example\.com\/hold/) },
      left: expect.stringMatching(/^kubectl delete namespace/),
    });
  });

  it('takes another name where somebody has the first one, and leaves theirs alone', async () => {
    await using on = await stage();
    let theirs = '';
    on.cluster.before({ method: 'POST', path: /\/namespaces$/, times: 1 }, ({ body }) => {
      theirs = textAt(body, 'metadata', 'name') ?? '';
      on.cluster.seed({
        ...(body as KubeJson),
        metadata: { ...(body as KubeJson).metadata, annotations: { 'freehold.dev/smoke-test': 'another' } },
      });
    });
    expect(await smoke(on)).toMatchObject({ code: EXIT.ok });
    expect(leftIn(on)).toEqual([`Namespace /${theirs}`]);
  });
});

describe('Ctrl-C', () => {
  it.each([
    ['before anything', { method: 'GET', path: /ipaddresspools/ }],
    ['while the namespace is made', { method: 'POST', path: /\/namespaces$/ }],
    ['while the Deployment is made', { method: 'POST', path: /\/deployments$/ }],
    ['while the Service is made', { method: 'POST', path: /\/services$/ }],
    ['while pods start', { method: 'GET', path: /deployments\/freehold-smoke/ }],
    ['while the address is waited for', { method: 'GET', path: /services\/freehold-smoke/ }],
    ['while the wire is looked at', { method: 'GET', path: /\/nodes$/ }],
    ['while it clears away', { method: 'DELETE' }],
  ])('%s leaves nothing', async (_, match) => {
    await using on = await stage();
    const { interrupts, press } = keyboard();
    on.cluster.before({ ...match, times: 1 }, press);
    const { code, document } = await smoke(on, { json: true }, { interrupts });
    expect(leftIn(on)).toEqual([]);
    expect(document()).toMatchObject({ left: null, interrupted: true });
    // All was seen by the time that it clears away.
    expect(code).toBe(match.method === 'DELETE' ? EXIT.ok : EXIT.failure);
  });

  it('while TCP is tried leaves nothing', async () => {
    await using on = await stage();
    const { interrupts, press } = keyboard();
    const connect = async (): Promise<void> => {
      press();
      throw new Error('refused');
    };
    const { code, text } = await smoke(on, {}, { interrupts, connect });
    expect(code).toBe(EXIT.failure);
    expect(text).toMatch(/The smoke test was interrupted\. Nothing of it is left in the cluster\.$/);
    expect(leftIn(on)).toEqual([]);
  });

  it('twice leaves it, and says how it is removed', async () => {
    await using on = await stage();
    const { interrupts, press } = keyboard();
    on.cluster.before({ method: 'GET', path: /services\/freehold-smoke/, times: 1 }, press);
    on.cluster.fault({ method: 'DELETE' }, { kind: 'reset' });
    on.cluster.before({ method: 'DELETE', times: 1 }, press);
    const { code, text } = await smoke(on, {}, { interrupts });
    expect(code).toBe(EXIT.failure);
    expect(text).toMatch(
      /Left in the cluster: namespace freehold-smoke-\w{5}\. To remove it: kubectl delete namespace freehold-smoke-\w{5}$/,
    );
    expect(leftIn(on).length).toBeGreaterThan(0);
  });

  it('leaves what is to be kept', async () => {
    await using on = await stage();
    const { interrupts, press } = keyboard();
    on.cluster.before({ method: 'GET', path: /\/nodes$/, times: 1 }, press);
    const { document } = await smoke(on, { json: true, keep: true }, { interrupts });
    expect(document().left).toMatch(/^kubectl delete namespace/);
    expect(leftIn(on).length).toBeGreaterThan(0);
  });
});

describe('what earlier runs left', () => {
  const leftover = (name: string, labels = { 'app.kubernetes.io/managed-by': 'freehold' }): KubeJson => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels, annotations: { 'freehold.dev/smoke-test': 'earlier' } },
  });

  it('is removed with --clean, and nothing else', async () => {
    const others = [leftover('production'), leftover('freehold-smoke-alike', { 'app.kubernetes.io/managed-by': 'somebody' })];
    await using on = await stage({
      objects: [...withPool(), leftover('freehold-smoke-aaaaa'), leftover('freehold-smoke-bbbbb'), ...others],
    });
    const { code, text } = await smoke(on, { clean: true });
    expect(code).toBe(EXIT.ok);
    expect(text).toBe('removed freehold-smoke-aaaaa removed freehold-smoke-bbbbb');
    expect(leftIn(on)).toEqual(['Namespace /freehold-smoke-alike']);
    expect(on.cluster.object('Namespace', 'production')).not.toBeNull();
    expect((await smoke(on, { clean: true })).text).toMatch(/left nothing/);
  });

  it('is never another run than the one that is meant', async () => {
    await using on = await stage({ objects: [...withPool(), leftover('freehold-smoke-aaaaa')] });
    const waiting = { pace: QUICK, waitMs: 2000 };
    await removeNamespace(on.api(), 'freehold-smoke-aaaaa', 'mine', waiting);
    expect(leftIn(on)).toEqual(['Namespace /freehold-smoke-aaaaa']);
    await removeNamespace(on.api(), 'freehold-smoke-aaaaa', 'earlier', waiting);
    expect(leftIn(on)).toEqual([]);
  });

  it('is offered to be removed first, on a terminal', async () => {
    await using on = await stage({ objects: [...withPool(), leftover('freehold-smoke-aaaaa')] });
    const no = answering('n');
    expect(await smoke(on, {}, { ask: no.ask })).toMatchObject({
      code: EXIT.ok,
      notes: expect.stringMatching(/freehold-smoke-aaaaa \([\d.]+ s old\).*--clean/),
    });
    expect(no.asked).toEqual(['Remove it first? [y/N] ']);
    expect(leftIn(on)).toEqual(['Namespace /freehold-smoke-aaaaa']);
    await smoke(on, {}, { ask: answering('y').ask });
    expect(leftIn(on)).toEqual([]);
  });

  it('is only spoken of where nobody can be asked', async () => {
    await using on = await stage({ objects: [...withPool(), leftover('freehold-smoke-aaaaa')] });
    expect((await smoke(on)).notes).toMatch(/To remove them: freehold smoke-test --clean/);
    expect(leftIn(on)).toEqual(['Namespace /freehold-smoke-aaaaa']);
  });
});
