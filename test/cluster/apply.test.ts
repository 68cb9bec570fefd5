import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, type JsonObject, listAt, textAt } from './json.ts';
import { type Answered, type AnyCluster, anyCluster, apply, ask } from './with-cluster.ts';

let cluster: AnyCluster;
beforeAll(async () => {
  cluster = await anyCluster();
});
afterAll(() => cluster.close());

const POOLS = '/apis/metallb.io/v1beta1/namespaces/metallb-system/ipaddresspools';
let last = 16;
/** Each test has a pool, and an address, of its own. */
function aPool(): { path: string; address: string; wanted: (spec: JsonObject, metadata?: JsonObject) => JsonObject } {
  last++;
  const name = cluster.unique(`applied-${last}`);
  const address = `192.0.2.${last}/32`;
  return {
    path: `${POOLS}/${name}`,
    address,
    wanted: (spec, metadata = {}) => ({
      apiVersion: 'metallb.io/v1beta1',
      kind: 'IPAddressPool',
      metadata: { name, namespace: 'metallb-system', ...metadata },
      spec,
    }),
  };
}

const put = (path: string, manager: string, body: JsonObject, query = {}): Promise<Answered> =>
  apply(cluster.config, path, manager, body, query);
const merge = (path: string, manager: string, body: JsonObject): Promise<Answered> =>
  ask(cluster.config, 'PATCH', path, { body, contentType: 'application/merge-patch+json', query: { fieldManager: manager } });

/** Who owns what: `manager operation` to FieldsV1. */
const owners = (body: unknown): JsonObject =>
  Object.fromEntries(
    listAt(body, 'metadata', 'managedFields')
      .filter((one) => textAt(one, 'subresource') === undefined)
      .map((one) => [`${textAt(one, 'manager')} ${textAt(one, 'operation')}`, at(one, 'fieldsV1')]),
  );
const versionOf = ({ body }: Answered): string | undefined => textAt(body, 'metadata', 'resourceVersion');

describe('server-side apply', () => {
  it('creates, owns what was said and nothing that was filled in, and changes nothing the second time', async () => {
    const { path, address, wanted } = aPool();
    const made = await put(path, 'freehold', wanted({ addresses: [address], autoAssign: false }));
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ spec: { addresses: [address], autoAssign: false, avoidBuggyIPs: false } });
    expect(owners(made.body)).toEqual({ 'freehold Apply': { 'f:spec': { 'f:addresses': {}, 'f:autoAssign': {} } } });
    // Counters of the controller come meanwhile.
    await expect.poll(async () => at((await ask(cluster.config, 'GET', path)).body, 'status')).toBeDefined();
    const before = await ask(cluster.config, 'GET', path);
    const again = await put(path, 'freehold', wanted({ addresses: [address], autoAssign: false }));
    expect(again.status).toBe(200);
    expect(versionOf(again)).toBe(versionOf(before));
  });

  it('needs a manager, and takes YAML', async () => {
    const { path, address, wanted } = aPool();
    const options = { body: wanted({ addresses: [address] }), contentType: 'application/apply-patch+yaml' };
    expect(await ask(cluster.config, 'PATCH', path, options)).toMatchObject({ status: 400, body: { reason: 'BadRequest' } });
    const name = path.split('/').at(-1);
    const yaml = `apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nmetadata:\n  name: ${name}\nspec:\n  addresses: [${address}]\n  autoAssign: false\n`;
    const answer = await ask(cluster.config, 'PATCH', path, { ...options, body: yaml, query: { fieldManager: 'freehold' } });
    expect(answer).toMatchObject({ status: 201, body: { spec: { addresses: [address] } } });
  });

  it('refuses what another manager owns, in its words, and takes it over by force alone', async () => {
    const { path, address, wanted } = aPool();
    await ask(cluster.config, 'POST', POOLS, {
      body: wanted({ addresses: [address], autoAssign: false }),
      query: { fieldManager: 'kubectl-client-side-apply' },
    });
    const change = wanted({ addresses: [address.replace('192.0.2', '198.51.100')], autoAssign: false });
    const refused = await put(path, 'freehold', change, { force: 'false' });
    expect(refused).toMatchObject({
      status: 409,
      message:
        'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using metallb.io/v1beta1: .spec.addresses',
      body: {
        kind: 'Status',
        reason: 'Conflict',
        details: {
          causes: [
            {
              reason: 'FieldManagerConflict',
              message: 'conflict with "kubectl-client-side-apply" using metallb.io/v1beta1',
              field: '.spec.addresses',
            },
          ],
        },
      },
    });
    expect((await ask(cluster.config, 'GET', path)).body).toMatchObject({ spec: { addresses: [address] } });
    const forced = await put(path, 'freehold', change, { force: 'true' });
    expect(forced).toMatchObject({ status: 200, body: { spec: change['spec'] } });
    expect(owners(forced.body)).toMatchObject({ 'freehold Apply': { 'f:spec': { 'f:addresses': {}, 'f:autoAssign': {} } } });
    expect(at(owners(forced.body)['kubectl-client-side-apply Update'], 'f:spec')).not.toHaveProperty('f:addresses');
  });

  it('names all of several conflicts, of appliers too', async () => {
    const { path, address, wanted } = aPool();
    await put(path, 'argocd', wanted({ addresses: [address], autoAssign: false }));
    await merge(path, 'helm', { spec: { avoidBuggyIPs: true } });
    const refused = await put(
      path,
      'freehold',
      wanted({ addresses: ['203.0.113.7/32'], autoAssign: true, avoidBuggyIPs: false }),
    );
    expect(refused.status).toBe(409);
    expect(refused.message).toBe(
      [
        'Apply failed with 3 conflicts: conflicts with "argocd":',
        '- .spec.addresses',
        '- .spec.autoAssign',
        'conflicts with "helm" using metallb.io/v1beta1:',
        '- .spec.avoidBuggyIPs',
      ].join('\n'),
    );
    expect(listAt(refused.body, 'details', 'causes')).toHaveLength(3);
  });

  it('shares what two want alike, and removes only what nobody else wants', async () => {
    const { path, address, wanted } = aPool();
    await put(path, 'one', wanted({ addresses: [address], autoAssign: false, serviceAllocation: { priority: 1 } }));
    const shared = await put(path, 'two', wanted({ addresses: [address], autoAssign: false }, { labels: { by: 'two' } }));
    expect(owners(shared.body)).toEqual({
      'one Apply': { 'f:spec': { 'f:addresses': {}, 'f:autoAssign': {}, 'f:serviceAllocation': { 'f:priority': {} } } },
      'two Apply': { 'f:metadata': { 'f:labels': { 'f:by': {} } }, 'f:spec': { 'f:addresses': {}, 'f:autoAssign': {} } },
    });
    const less = await put(path, 'one', wanted({ addresses: [address] }));
    expect(less.body).toMatchObject({ spec: { addresses: [address], autoAssign: false }, metadata: { labels: { by: 'two' } } });
    expect(less.body).not.toHaveProperty('spec.serviceAllocation');
    const none = await put(path, 'two', wanted({ addresses: [address] }));
    expect(none.body).not.toHaveProperty('metadata.labels.by');
    expect(none.body).toMatchObject({ spec: { autoAssign: true } });
  });

  it('gives a field to whoever changes it by other means', async () => {
    const { path, address, wanted } = aPool();
    await put(
      path,
      'freehold',
      wanted({ addresses: [address], autoAssign: false }, { annotations: { 'freehold.dev/proof': 'x' } }),
    );
    const { body } = await merge(path, 'kubectl-edit', { spec: { addresses: [address, '203.0.113.8/32'] } });
    expect(owners(body)).toEqual({
      'freehold Apply': { 'f:metadata': { 'f:annotations': { 'f:freehold.dev/proof': {} } }, 'f:spec': { 'f:autoAssign': {} } },
      'kubectl-edit Update': { 'f:spec': { 'f:addresses': {} } },
    });
    // To what it says now, it may be applied again.
    expect(await put(path, 'freehold', wanted({ addresses: [address, '203.0.113.8/32'] }))).toMatchObject({ status: 200 });
  });

  it('stores nothing on a dry run, though all is checked', async () => {
    const { path, address, wanted } = aPool();
    expect(await put(path, 'freehold', wanted({ addresses: [address] }), { dryRun: 'All' })).toMatchObject({
      status: 201,
      body: { spec: { addresses: [address] } },
    });
    expect(await ask(cluster.config, 'GET', path)).toMatchObject({ status: 404 });
    const wrong = await put(path, 'freehold', wanted({ addresses: ['nonsense'] }), { dryRun: 'All' });
    expect(wrong).toMatchObject({ status: 403, body: { reason: 'Forbidden' } });
  });

  it.each([
    [{ addresses: ['192.0.2.200/32'], adresses: [] }, '.spec.adresses: field not declared in schema'],
    [{ addresses: ['192.0.2.200/32'], autoAssign: 'no' }, '.spec.autoAssign: expected boolean, got string'],
  ])('cannot read %j', async (spec, why) => {
    const { path, wanted } = aPool();
    const answer = await put(path, 'freehold', wanted(spec));
    expect(answer.status).toBe(500);
    expect(answer.message).toContain('failed to create typed patch object (metallb-system/');
    expect(answer.message).toContain(`; metallb.io/v1beta1, Kind=IPAddressPool): ${why}`);
  });

  it('tells items of lists apart where the kind does', async () => {
    const path = `/api/v1/namespaces/${cluster.namespace}/services/listed`;
    const service = (ports: readonly JsonObject[]): JsonObject => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'listed' },
      spec: { selector: { app: 'none' }, ports },
    });
    await put(path, 'one', service([{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 }]));
    const both = await put(path, 'two', service([{ name: 'https', port: 443, protocol: 'TCP', targetPort: 8443 }]));
    expect(listAt(both.body, 'spec', 'ports').map((one) => at(one, 'port'))).toEqual([80, 443]);
    const refused = await put(path, 'two', service([{ name: 'http', port: 80, protocol: 'TCP', targetPort: 9090 }]));
    expect(refused).toMatchObject({
      status: 409,
      message: 'Apply failed with 1 conflict: conflict with "one": .spec.ports[port=80,protocol="TCP"].targetPort',
    });
    const left = await put(path, 'one', service([{ name: 'more', port: 81, protocol: 'TCP', targetPort: 8081 }]));
    expect(
      listAt(left.body, 'spec', 'ports')
        .map((one) => at(one, 'port'))
        .sort(),
    ).toEqual([443, 81].sort());
  });
});
